# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How an application is asked for its health: read from its entry, and completed by what the site is."""

# Private to this collection.

from __future__ import annotations

import re
import typing as t

from .inventory import HOST_NAME, Problems, as_integer

HEALTH_KEYS = ("health_path", "health_status", "health_pattern", "health_host", "health_scheme", "health_headers")
SCHEMES = ("http", "https")
HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
HEADER_VALUE = re.compile(r"[ -~]*")
# What a check has by other means, and by which.
TAKEN_HEADERS = {
    "host": "health_host says it",
    "cookie": "it holds the member's route",
    "x-forwarded-proto": "health_scheme says it",
    "x-forwarded-port": "health_scheme says it",
    "x-forwarded-for": "a check comes from the machine itself",
}


def read_health(entry: t.Mapping[str, t.Any], where: str, problems: Problems) -> dict[str, t.Any] | None:
    """Read the keys of an entry of tomcat_applications that say what a healthy answer is; None where one is wrong."""
    before = len(problems.lines)

    def given(key: str, default: t.Any) -> t.Any:
        return default if entry.get(key) is None else entry[key]

    def wrong(key: str, wanted: str) -> None:
        problems.add(f"{where}: {key} is {entry[key]!r}, it must {wanted}.")

    path = given("health_path", "/")
    if not isinstance(path, str) or not re.fullmatch(r"/[!-~]*", path):
        wrong("health_path", 'begin with "/" and is relative to the context path')
    status = as_integer(given("health_status", 200))
    if status is None or not 100 <= status <= 599:
        wrong("health_status", "be an HTTP status from 100 to 599")
    pattern = given("health_pattern", "")
    problem = _pattern_problem(pattern)
    if problem:
        wrong("health_pattern", f"be a regular expression{problem}")
    host = given("health_host", "")
    if not isinstance(host, str) or (host and not re.fullmatch(rf"{HOST_NAME.pattern}(:[0-9]{{1,5}})?", host)):
        wrong("health_host", "be a host name, with a port if wanted")
    scheme = given("health_scheme", "")
    if scheme not in ("", *SCHEMES):
        wrong("health_scheme", f"be one of {', '.join(SCHEMES)}")
    headers = given("health_headers", {})
    problem = _headers_problem(headers)
    if problem:
        problems.add(f"{where}: health_headers {problem}.")
    if len(problems.lines) > before:
        return None
    return {
        "health_path": path,
        "health_status": status,
        "health_pattern": pattern,
        "health_host": host,
        "health_scheme": scheme,
        "health_headers": {str(name): str(value) for name, value in headers.items()},
    }


def _pattern_problem(pattern: t.Any) -> str:
    if not isinstance(pattern, str):
        return " (a string)"
    try:
        re.compile(pattern.replace("{version}", re.escape("1.0-rc.1")))
    except re.error as error:
        return f" ({error})"
    return ""


def _headers_problem(headers: t.Any) -> str:
    """What is wrong with them. Their values are not shown, one may be a key."""
    if not isinstance(headers, t.Mapping):
        return "must be a dictionary of names and values"
    for name, value in headers.items():
        if not HEADER_NAME.fullmatch(str(name)):
            return f"has the name {name!r}, which no header has"
        if str(name).lower() in TAKEN_HEADERS:
            return f"has {name}, which is not accepted: {TAKEN_HEADERS[str(name).lower()]}"
        if isinstance(value, (t.Mapping, list)) or not HEADER_VALUE.fullmatch(str(value)):
            return f"has a value of {name} that is not accepted: printable ASCII characters are"
    return ""


def ask_as_the_site(
    applications: t.Iterable[dict[str, t.Any]], site_name: str, public_ports: t.Mapping[str, int], by_tls: bool
) -> None:
    """Turn the host and the scheme of each application into the headers that a member is asked with.

    Without them it is asked as a user's browser would through httpd: many an application answers to its own name only, or leads
    everything else to https.

    site_name: what the inventory calls the site, or nothing.
    public_ports: the port of each scheme.
    by_tls: whether the site is served by TLS.
    """
    for application in applications:
        host = application.pop("health_host") or site_name
        scheme = application.pop("health_scheme") or ("https" if by_tls else "http")
        secure = {"X-Forwarded-Proto": "https", "X-Forwarded-Port": str(public_ports["https"])}
        application["health_headers"] = {
            **({"Host": host} if host else {}),
            **(secure if scheme == "https" else {}),
            **application["health_headers"],
        }


def asks_by_https(application: t.Mapping[str, t.Any]) -> bool:
    """Whether a member must believe that its check comes by TLS."""
    return "X-Forwarded-Proto" in application["health_headers"]
