# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a member is asked, and by what answer it proves that it serves the releases that it is to have."""

# Private to this collection.

from __future__ import annotations

import re
import typing as t

from .words import Result

Check = dict[str, t.Any]
Health = t.Mapping[str, t.Any]
# The releases that an instance is to have, by application; none where it has none.
Versions = t.Mapping[str, t.Optional[str]]

# How each release of an application was asked when it proved healthy, on one instance: by the application's name and the version.
Remembered = t.Mapping[str, t.Mapping[str, Health]]

# What Tomcat answers for itself where no application is.
NOTHING_THERE = [404]
# What of an application is its health.
HEALTH_KEYS = ("health_path", "health_status", "health_pattern", "health_headers")


def health_of(application: Result) -> Health:
    """How an application is asked, as it is remembered with a release."""
    return {key: application[key] for key in HEALTH_KEYS}


def asked(application: Result, version: str | None, base_url: str, headers: t.Mapping[str, str] | None = None) -> Check:
    """The answer that proves a release of an application."""
    pattern = application["health_pattern"]
    return {
        "url": base_url + application["context_path"] + application["health_path"],
        # The name that the application is asked by comes before that of the httpd.
        "headers": {**(headers or {}), **application["health_headers"]},
        "status": application["health_status"],
        "pattern": pattern,
        "version": (version or "") if "{version}" in pattern else "",
    }


def expected(
    application: Result,
    version: str | None,
    base_url: str,
    remembered: Remembered,
    headers: t.Mapping[str, str] | None = None,
) -> Check:
    """The same as rollout_instance and rollout_httpd take it, by the inventory's health.

    A release that was healthy before need not know the inventory's health, which may be that of another release:
    that by which it was healthy then is as good.
    """
    before = remembered.get(application["name"], {}).get(version or "")
    check = {"application": application["name"], **asked(application, version, base_url, headers)}
    if before and before != health_of(application):
        check["or_else"] = asked({**application, **before}, version, base_url, headers)
    return check


def on_the_member(
    applications: t.Iterable[Result], versions: Versions, rolled: str, base_url: str, remembered: Remembered
) -> list[Check]:
    """Every application of an instance, asked on the instance itself before a user meets it.

    rolled: the application that the rollout is about. Where it has no release, Tomcat must say that nothing is there.
    base_url: of the connector that httpd uses.
    """
    checks = []
    for application in applications:
        version = versions.get(application["name"])
        if version:
            of_release = {"base_name": application["base_name"], "version": version, "health": health_of(application)}
            checks.append({**expected(application, version, base_url, remembered), "remember": of_release})
        elif application["name"] == rolled:
            checks.append({**expected(application, None, base_url, {}), "status": NOTHING_THERE, "pattern": ""})
    return checks


def served_by(path: str, applications: t.Iterable[Result]) -> Result | None:
    """The application that a path belongs to, as Tomcat decides it: that of the longest context path."""
    found = [one for one in applications if re.match(re.escape(one["context_path"]) + "(?:[/?;]|$)", path)]
    return max(found, key=lambda one: len(one["context_path"]), default=None)


def to_warm_up(
    paths: t.Iterable[str], applications: t.Sequence[Result], versions: Versions, base_url: str
) -> list[str]:
    """What an instance is asked once before its users ask it: of these paths those of the applications that it serves.

    applications: all of them, so that a path of another instance's application is not taken for one of ROOT.
    """
    owners = ((path, served_by(path, applications)) for path in paths)
    return [base_url + path for path, owner in owners if owner and versions.get(owner["name"])]


def through_httpd(
    applications: t.Iterable[Result],
    versions: Versions,
    httpd: Result,
    states: t.Iterable[Result],
    route: str,
    remembered: Remembered,
) -> list[Check]:
    """Every application that has a release, asked through one httpd by the member's own route.

    states: the member's state at each place at the end. By its route nobody reaches a member that stays out.
    """
    enabled = {
        state["balancer"]
        for state in states
        if state["httpd"] == httpd["inventory_host"] and state["state"] == "enabled"
    }
    headers = {**httpd["headers"], "Cookie": f"{httpd['sticky_cookie']}=health.{route}"}
    return [
        expected(application, versions[application["name"]], httpd["local_url"], remembered, headers)
        for application in applications
        if versions.get(application["name"]) and application["balancer"] in enabled
    ]
