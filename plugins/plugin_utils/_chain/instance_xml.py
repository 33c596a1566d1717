# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the inventory says of server.xml and context.xml for the sake of applications, and what of it goes away again.

Both files are an administrator's as well. What the role has put there stands in a list beside them; only what is in that list, and
in the inventory no more, is taken out.
"""

# Private to this collection.

from __future__ import annotations

import re
import typing as t

from .inventory import Problems
from .site import HEADER_BYTES

# Tomcat's own.
FORM_BYTES = 2 * 2**20
SAME_SITE = ("unset", "none", "lax", "strict")
COOKIE_PROCESSOR = "org.apache.tomcat.util.http.Rfc6265CookieProcessor"
COOKIE_NAME = re.compile(r"[A-Za-z0-9_-]+")
_COOKIE_PATH = re.compile(r"/[!-~]*")
_JNDI_NAME = re.compile(r"[A-Za-z0-9_.:/-]+")
_SCOPES = ("context", "server")
# The kinds of what the list names.
KINDS = ("ajp", "http", "context", "resources", "global", "parameters", "cookies", "proxies")

Variables = t.Mapping[str, t.Any]
Applied = t.Mapping[str, t.Sequence[str]]


def problems_of_xml(host: str, variables: Variables) -> list[str]:
    """Everything that is wrong with these variables of one instance. Values that may be secret are not shown."""
    problems = Problems()

    def wrong(variable: str, what: str) -> None:
        problems.add(f"{host}: tomcat_instance_{variable} {what}.")

    for variable, needed, may in (
        ("resources", ("name", "attributes"), ("scope",)),
        ("environment_entries", ("name", "value"), ("type", "scope")),
        ("parameters", ("name", "value"), ()),
    ):
        entries = variables.get(f"tomcat_instance_{variable}") or []
        wanted = f"a list of dictionaries with {' and '.join(needed)}" + (
            f", and if wanted {', '.join(may)}" if may else ""
        )
        if not isinstance(entries, (list, tuple)):
            wrong(variable, f"must be {wanted}")
            continue
        names = []
        for entry in entries:
            if not isinstance(entry, t.Mapping) or not set(needed) <= set(entry) <= {*needed, *may}:
                wrong(variable, f"must be {wanted}")
                continue
            names.append(entry["name"])
            if not isinstance(entry["name"], str) or not _JNDI_NAME.fullmatch(entry["name"]):
                wrong(variable, f"has the name {entry['name']!r}, it must be a name such as jdbc/shop")
            if entry.get("scope", "context") not in _SCOPES:
                wrong(
                    variable,
                    f"has the scope {entry['scope']!r} for {entry['name']}, it must be one of {', '.join(_SCOPES)}",
                )
            if "attributes" in entry and (
                not isinstance(entry["attributes"], t.Mapping) or "type" not in entry["attributes"]
            ):
                wrong(
                    variable,
                    f"has no attributes with a type for {entry['name']}, such as {{type: javax.sql.DataSource}}",
                )
        for name in {name for name in names if names.count(name) > 1}:
            wrong(variable, f"has {name} twice")
    name = variables.get("tomcat_instance_session_cookie_name") or ""
    if name and not COOKIE_NAME.fullmatch(str(name)):
        wrong("session_cookie_name", f"is {name!r}, it must be of letters, digits, '_' and '-'")
    path = variables.get("tomcat_instance_session_cookie_path") or ""
    if path and not _COOKIE_PATH.fullmatch(str(path)):
        wrong("session_cookie_path", f"is {path!r}, it must be a path such as / or /shop")
    same_site = variables.get("tomcat_instance_session_cookie_same_site") or ""
    if same_site and same_site not in SAME_SITE:
        wrong("session_cookie_same_site", f"is {same_site!r}, it must be one of {', '.join(SAME_SITE)}")
    return problems.lines


def settings(variables: Variables, applied: Applied) -> dict[str, t.Any]:
    """The parts of both files, as the modules take them, and the list of what is the inventory's in them.

    applied: that list, as the last run left it.
    """

    def of(variable: str, default: t.Any = "") -> t.Any:
        value = variables.get(f"tomcat_instance_{variable}")
        return default if value is None else value

    attributes = _connector_attributes(of)
    context = {
        name: value
        for name, value in (
            ("sessionCookieName", of("session_cookie_name")),
            ("sessionCookiePath", of("session_cookie_path")),
        )
        if value
    }
    resources, linked = _resources(of("resources", []), of("environment_entries", []))
    parameters = {entry["name"]: {"value": _text(entry["value"])} for entry in of("parameters", [])}
    same_site = of("session_cookie_same_site")
    proxies = _proxy_valve(of("internal_proxies", []), of("forwarded_header"))
    now = {
        "ajp": sorted(attributes["ajp"]),
        "http": sorted(attributes["http"]),
        "context": sorted(context),
        "resources": sorted(_key(entry) for entry in resources),
        "global": sorted(_key(entry) for entry in linked),
        "parameters": sorted(parameters),
        "cookies": ["sameSiteCookies"] if same_site else [],
        "proxies": ["RemoteIpValve"] if proxies else [],
    }

    def gone(kind: str) -> list[str]:
        return [name for name in applied.get(kind) or () if name not in now[kind]]

    return {
        "connectors": {
            protocol: {"attributes": attributes[protocol], "attributes_to_remove": gone(protocol)}
            for protocol in ("ajp", "http")
        },
        "valves": [
            *([proxies] if proxies else []),
            *([{"class_name": _REMOTE_IP, "parent": "engine", "state": "absent"}] if gone("proxies") else []),
            _access_log(of("access_log", True), of("access_log_days", 90), bool(proxies), bool(gone("proxies"))),
        ],
        "global_resources": [*linked, *_absent(gone("global"))],
        "context": {"attributes": context, "attributes_to_remove": gone("context")},
        "resources": [*resources, *_absent(gone("resources"))],
        "parameters": [
            *({"name": name, "attributes": value} for name, value in sorted(parameters.items())),
            *({"name": name, "state": "absent"} for name in gone("parameters")),
        ],
        "elements": [
            {
                "parent": "/Context",
                "tag": "CookieProcessor",
                "identify_by": {"className": COOKIE_PROCESSOR},
                **({"attributes": {"sameSiteCookies": same_site}} if same_site else {"state": "absent"}),
            }
        ]
        if same_site or gone("cookies")
        else [],
        "applied": {kind: names for kind, names in now.items() if names},
        # What must stand in the list before the files are edited: should the run die in between, nothing is forgotten.
        "at_work": {
            kind: sorted({*now[kind], *(applied.get(kind) or ())}) for kind in KINDS if now[kind] or applied.get(kind)
        },
    }


_REMOTE_IP = "org.apache.catalina.valves.RemoteIpValve"
_ACCESS_LOG = "org.apache.catalina.valves.AccessLogValve"


def _connector_attributes(of: t.Callable[..., t.Any]) -> dict[str, dict[str, t.Any]]:
    """Only what differs from Tomcat's own, so that an administrator's own value of the rest stays."""
    both: dict[str, t.Any] = {}
    form_bytes, header_bytes = int(of("max_form_bytes", FORM_BYTES)), int(of("max_header_bytes", HEADER_BYTES))
    if form_bytes != FORM_BYTES:
        both["maxPostSize"] = form_bytes
    if str(of("encoded_slashes", False)).lower() == "true":
        both["encodedSolidusHandling"] = "passthrough"
    ajp, http = dict(both), dict(both)
    if header_bytes != HEADER_BYTES:
        ajp["packetSize"] = header_bytes
        http["maxHttpHeaderSize"] = header_bytes
    return {"ajp": ajp, "http": http}


def _resources(
    resources: t.Iterable[t.Mapping[str, t.Any]], entries: t.Iterable[t.Mapping[str, t.Any]]
) -> tuple[list[dict[str, t.Any]], list[dict[str, t.Any]]]:
    """What stands in context.xml, and what in server.xml for all contexts, with a link to it in context.xml."""
    here: list[dict[str, t.Any]] = []
    there: list[dict[str, t.Any]] = []
    found = [
        *(("Resource", one, {name: _text(value) for name, value in one["attributes"].items()}) for one in resources),
        *(
            ("Environment", one, {"type": one.get("type") or "java.lang.String", "value": _text(one["value"])})
            for one in entries
        ),
    ]
    for tag, one, attributes in found:
        element = {"tag": tag, "name": one["name"], "attributes": attributes}
        if one.get("scope") == "server":
            there.append(element)
            link = {"global": one["name"], "type": attributes["type"]}
            here.append({"tag": "ResourceLink", "name": one["name"], "attributes": link})
        else:
            here.append(element)
    return here, there


def _key(entry: t.Mapping[str, t.Any]) -> str:
    return f"{entry['tag']} {entry['name']}"


def _absent(keys: t.Iterable[str]) -> list[dict[str, t.Any]]:
    return [{"tag": tag, "name": name, "state": "absent"} for tag, name in (key.split(" ", 1) for key in keys)]


def _text(value: t.Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _proxy_valve(internal_proxies: t.Sequence[str], forwarded_header: str) -> dict[str, t.Any]:
    """Who the client is: by HTTP believed from httpd's addresses alone, Tomcat's own value is every private network.

    By AJP it is httpd that knows the client, and Tomcat takes its word. What the packet has of the scheme is that of the connection to
    httpd; what came to that by a proxy stands in headers whose name only the holders of the AJP secret know.
    """
    if forwarded_header:
        attributes = {
            "internalProxies": ".*",
            "remoteIpHeader": f"{forwarded_header}-For",
            "protocolHeader": f"{forwarded_header}-Proto",
            "portHeader": f"{forwarded_header}-Port",
        }
    elif internal_proxies:
        attributes = {
            "internalProxies": "|".join(re.escape(address) for address in internal_proxies),
            "remoteIpHeader": "X-Forwarded-For",
            "protocolHeader": "X-Forwarded-Proto",
            "portHeader": "X-Forwarded-Port",
        }
    else:
        return {}
    return {"class_name": _REMOTE_IP, "parent": "engine", "attributes": attributes}


def _access_log(wanted: t.Any, days: t.Any, by_proxy: bool, no_more_by_proxy: bool) -> dict[str, t.Any]:
    valve: dict[str, t.Any] = {"class_name": _ACCESS_LOG}
    if str(wanted).lower() != "true":
        return {**valve, "state": "disabled"}
    attributes: dict[str, t.Any] = {"maxDays": int(days)}
    if by_proxy:
        # The client's address too, not httpd's.
        attributes["requestAttributesEnabled"] = True
    return {
        **valve,
        "attributes": attributes,
        "attributes_to_remove": ["requestAttributesEnabled"] if no_more_by_proxy else [],
    }
