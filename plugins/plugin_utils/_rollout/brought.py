# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an application, and an administrator for it, bring along that takes its sessions out of the store or its users to another member.

docs/rollouts.md lists it. Where an application that is to be released would do so in silence, the rollout does not begin.
"""

# Private to this collection.

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.roundrobin.tomcat.plugins.module_utils._releases.descriptors import (
    CONTEXT,
    OF_ALL,
    WEB,
    Says,
    of_one,
)
from ansible_collections.roundrobin.tomcat.plugins.module_utils._tomcat.session_proof import reaches

from .findings import Findings
from .settings import Settings
from .words import Result, listed

Add = t.Callable[..., None]
DEFAULT_COOKIE = "JSESSIONID"


@dataclass(frozen=True)
class Setting:
    """A value, and the file and the place in it that it is from."""

    value: str
    at: str


@dataclass(frozen=True)
class Files:
    """What Tomcat reads of one application on one instance: each context.xml by its name, in Tomcat's order, and its web.xml."""

    contexts: t.Mapping[str, Says]
    web: Says

    @classmethod
    def of(cls, base_name: str, instance: t.Mapping[str, Says], release: t.Mapping[str, Says], beside: bool) -> Files:
        """Choose among the files of an instance and those of a release.

        beside: whether Tomcat gets it beside the release before, so that an administrator's file is not for it.
        """
        name = of_one(base_name)
        own = {} if beside else instance.get(name, {})
        last = {name: own} if own else {CONTEXT: release.get(CONTEXT, {})}
        overrides = any(says.get("override") for says in last.values())
        before = {} if overrides else {path: instance.get(path, {}) for path in OF_ALL}
        return cls({**before, **last}, release.get(WEB, {}))

    @property
    def manager(self) -> Setting | None:
        """The Manager that takes the place of the store's, which is in conf/context.xml."""
        found = [
            Setting(says["manager"], f"{path} has a <Manager>")
            for path, says in self.contexts.items()
            if path != OF_ALL[0] and says.get("manager")
        ]
        return found[-1] if found else None

    @property
    def override(self) -> str | None:
        """The file with which Tomcat does not read conf/context.xml."""
        return next((path for path, says in self.contexts.items() if says.get("override") and path not in OF_ALL), None)

    def cookie(self, what: str) -> Setting | None:
        """The name or the path of the session cookie; a context.xml has more to say than the web.xml."""
        attribute = f"sessionCookie{what.capitalize()}"
        value = self.web.get(f"cookie_{what}")
        found = [Setting(value, f"{WEB} has <cookie-config><{what}>")] if value else []
        found += [
            Setting(says[f"cookie_{what}"], f"{path} has {attribute}")
            for path, says in self.contexts.items()
            if says.get(f"cookie_{what}")
        ]
        return found[-1] if found else None

    @property
    def without_cookies(self) -> str | None:
        """Where it is said that sessions have no cookie."""
        # Each of these files sets what the one before has set.
        last = [path for path, says in self.contexts.items() if says.get("cookies") is False]
        if last:
            return f'{last[-1]} has cookies="false"'
        modes = self.web.get("tracking_modes") or []
        return f"{WEB} has <tracking-mode> {listed(modes)}" if modes and "COOKIE" not in modes else None


def check(
    topology: Result, settings: Settings, application: Result, readings: t.Mapping[str, t.Any], findings: Findings
) -> None:
    """Look at what is to be released, or at what a restart finds in place: there all of it is only worth knowing."""
    if settings.kind not in ("deploy", "restart"):
        return
    applications = [application] if settings.kind == "deploy" else topology["applications"]
    for host in settings.hosts:
        found = (readings.get("releases") or {}).get(host) or {}
        staging = (readings.get("staging") or {}).get(host) or {}
        for one in applications:
            if host not in one["instances"]:
                continue
            entry = (found.get("applications") or {}).get(one["base_name"]) or {}
            release = (staging if settings.kind == "deploy" else entry).get("descriptors") or {}
            files = Files.of(one["base_name"], found.get("descriptors") or {}, release, settings.beside)
            _look(topology, settings, one, files, host, findings)


def _look(
    topology: Result, settings: Settings, application: Result, files: Files, host: str, findings: Findings
) -> None:
    def refuse(kind: str, message: str, what_helps: str) -> None:
        if kind in settings.accept:
            return
        if settings.kind == "deploy":
            helps = f"{what_helps}, or accept it with rolling_deploy_accept=[{kind}]."
            findings.problems.add(f"{message} {helps}", host)
        else:
            findings.warnings.add(f"{message} {what_helps}.", host)

    for path, says in {**files.contexts, WEB: files.web}.items():
        if says.get("unread"):
            findings.warnings.add(
                f"{path} was not read, so what it says of sessions is not known: {says['unread']}.", host
            )
    if topology["session_store"] != "none":
        _look_at_manager(topology["session_store"], application["name"], files, refuse)
    _look_at_cookie(topology, application, files, refuse, lambda message: findings.warnings.add(message, host))
    timeout = str(files.web.get("timeout") or "")
    if timeout.lstrip("-").isdigit() and int(timeout) <= 0:
        findings.warnings.add(
            f"{WEB} of {application['name']} has <session-timeout> {timeout}: its sessions never end, in memory and in their store.",
            host,
        )


def _look_at_manager(store: str, name: str, files: Files, refuse: Add) -> None:
    lost = f"the sessions of {name} would be in no store (tomcat_instance_session_store is {store})."
    if files.manager:
        refuse("store", f"{files.manager.at} ({files.manager.value}): {lost}", "Remove the element")
    elif files.override:
        refuse(
            "store",
            f'{files.override} has override="true", so Tomcat does not read conf/context.xml: {lost}',
            "Remove the attribute",
        )


def _look_at_cookie(topology: Result, application: Result, files: Files, refuse: Add, warn: Add) -> None:
    name, context = application["name"], application["context_path"]
    wanted = list(dict.fromkeys(httpd["sticky_cookie"] for httpd in topology["balancers"]))
    called, path = files.cookie("name"), files.cookie("path")
    elsewhere = f"the users of {name} would not stay with their member."
    if called and [called.value] != wanted:
        refuse(
            "cookie",
            f"{called.at} {called.value}, and httpd looks for the session cookie {listed(wanted)}: {elsewhere}",
            f"Remove it, or set apache_balancer_sticky_cookie to {called.value} and run site.yml",
        )
    elif not called and wanted != [DEFAULT_COOKIE]:
        warn(
            f"apache_balancer_sticky_cookie is {listed(wanted)}, and no file of {name} names its session cookie so; Tomcat's own name is "
            f"{DEFAULT_COOKIE}."
        )
    if path and not reaches(path.value, context):
        refuse(
            "cookie",
            f"{path.at} {path.value}, so no browser sends the session cookie to {context or '/'}: {elsewhere}",
            "Remove it",
        )
    elif path and path.value.rstrip("/") != context and len(topology["applications"]) > 1:
        refuse(
            "cookie",
            f"{path.at} {path.value}, where another application's session cookie takes the place of that of {name}: users would lose their "
            "sessions.",
            "Remove it",
        )
    without = files.without_cookies
    if without and "SSL" in without:
        refuse("cookie", f"{without}, and the id of a TLS session names no member: {elsewhere}", "Use COOKIE")
    elif without:
        warn(f"{without}: sessions of {name} are in its links alone, and a link from before a move leads to none.")
