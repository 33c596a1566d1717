# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tomcat's own manager application, by its text interface: which contexts are there, and look at webapps again.

How it is used here was measured on 9.0, 10.1 and 11.0, see docs/strategies.md. The facts
that matter, as webapps/NAME is a link to a release:

- `undeploy` deletes what the link leads to. It is never sent.
- `reload`, `stop` and `start` go on with the directory that the link led to when the
  context was deployed. They never show another release.
- `deploy` with an empty `war` copies nothing. It has Tomcat look at webapps/NAME: what is
  new there is deployed, with its META-INF/context.xml, and what is gone is undeployed
  (`update=true`). Nothing that a removed link led to is touched.
- `list` names the directory that each context really serves, not the version of a context.
"""

# Private to this collection.

from __future__ import annotations

import functools
import re
import typing as t
from dataclasses import dataclass
from urllib.parse import urlencode

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError
from ansible_collections.roundrobin.tomcat.plugins.module_utils._http import basic_auth, tls_context

from .ask import ask_ajp, ask_http
from .health import Answer, Target, excerpt, parse_url

# What the modules take to reach a manager, and the instance that it belongs to.
MANAGER_ARGUMENTS: dict[str, t.Any] = {
    "base": {"type": "path", "required": True},
    "manager_url": {"type": "str", "required": True},
    "url_username": {"type": "str", "default": "roundrobin"},
    "url_password": {"type": "str", "required": True, "no_log": True},
    "ajp_secret": {"type": "str", "no_log": True},
}

_SESSIONS = re.compile(r"\[(\d+)\] sessions")
_LISTED = re.compile(r"(?P<path>/.*?):(?P<state>\w+):(?P<sessions>\d+):(?P<served>.*)")


@dataclass(frozen=True)
class Listed:
    """One context as the manager lists it: served is the directory that it serves."""

    path: str
    running: bool
    served: str


def context_path(name: str) -> str:
    """Return the path of the context with this base name, as the manager wants it."""
    return "/" if name == "ROOT" else "/" + name.replace("#", "/")


class TomcatManager:
    """One manager, asked by a function that takes the path and the query and returns an Answer."""

    def __init__(self, url: str, ask: t.Callable[[str, str], Answer]) -> None:
        """Take the manager's address, for messages, and what asks it."""
        self.url = url
        self._ask = ask

    def listed(self) -> list[Listed]:
        """Return all contexts of the manager's host."""
        contexts = []
        for line in self._expect_ok("list", {})[1:]:
            match = _LISTED.fullmatch(line)
            if not match:
                raise CollectionError(f"{self.url} lists {line!r}, where PATH:STATE:SESSIONS:DIRECTORY was expected")
            contexts.append(Listed(match["path"], match["state"] == "running", match["served"]))
        return contexts

    def sessions(self, path: str, context_version: str) -> int:
        """Return how many sessions a running context has in memory."""
        lines = self._expect_ok("sessions", {"path": path, "version": context_version})
        return sum(int(match[1]) for match in map(_SESSIONS.search, lines) if match)

    def has(self, path: str, context_version: str) -> bool:
        """Return whether there is such a context."""
        return self._command("sessions", {"path": path, "version": context_version})[0].startswith("OK")

    def look_again(self, path: str, context_version: str) -> str:
        """Have Tomcat deploy what is new in webapps under this name, and undeploy what is gone.

        The answer is no proof: of what was undeployed the manager says that it failed to deploy.
        """
        query = {"path": path, "version": context_version, "war": "", "update": "true"}
        return " ".join(self._command("deploy", query))

    def _expect_ok(self, command: str, query: t.Mapping[str, str]) -> list[str]:
        lines = self._command(command, query)
        if not lines[0].startswith("OK"):
            raise CollectionError(f"{self.url} answers {command} with {lines[0]!r}")
        return lines

    def _command(self, command: str, query: t.Mapping[str, str]) -> list[str]:
        # An empty version is none, but an empty war is what keeps deploy from copying.
        given = {name: value for name, value in query.items() if value or name == "war"}
        answer = self._ask(f"/text/{command}", urlencode(given))
        if answer.error is not None:
            raise CollectionError(f"{self.url} cannot be asked: {answer.error}")
        hints = {
            401: "user name or password is not accepted",
            403: "this address, the AJP secret or the user's role (manager-script is wanted) is not accepted",
            404: "there is no manager: set tomcat_instance_manager_enabled and run site.yml",
        }
        if answer.status != 200:
            hint = hints.get(answer.status or 0, excerpt(answer.body))
            raise CollectionError(f"{self.url} answers {command} with status {answer.status}: {hint}")
        lines = answer.body.strip().splitlines()
        if not lines or not lines[0].startswith(("OK", "FAIL")):
            raise CollectionError(f"{self.url} is no manager of Tomcat's: it answers {excerpt(answer.body)!r}")
        return lines


def connect(options: t.Mapping[str, t.Any]) -> TomcatManager:
    """Return the manager that the options of a module name, reached over HTTP or AJP."""
    url, ajp_secret, timeout = options["manager_url"], options["ajp_secret"], options["request_timeout"]
    target = parse_url(url)
    if target.scheme != "ajp" and ajp_secret is not None:
        raise CollectionError(f"ajp_secret is given, but manager_url {url!r} is not ajp://")
    if target.scheme == "ajp":
        over: t.Callable[..., Answer] = functools.partial(ask_ajp, secret=ajp_secret)
    else:
        over = functools.partial(ask_http, context=tls_context(True) if target.scheme == "https" else None)
    login = basic_auth(options["url_username"], options["url_password"])
    # In English, whatever the JVM's locale is.
    headers = {"Authorization": login, "Accept-Language": "en"}

    def ask(path: str, query: str) -> Answer:
        place = Target(
            url=f"{url.rstrip('/')}{path}?{query}",
            scheme=target.scheme,
            host=target.host,
            port=target.port,
            path=target.path.rstrip("/") + path,
            query=query,
        )
        return over(place, method="GET", headers=headers, timeout=timeout)

    return TomcatManager(url, ask)
