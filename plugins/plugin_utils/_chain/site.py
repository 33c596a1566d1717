# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an application needs of httpd beside a path to its members, and the lines of httpd's configuration that give it that."""

# Private to this collection.

from __future__ import annotations

import ipaddress
import re
import typing as t

from .inventory import HOST_NAME, Problems, as_integer

NEEDS = ("httpd_directives", "httpd_site_directives", "excluded_paths", "encoded_slashes", "websocket")
EXCLUDED_KEYS = ("path", "directory")
# What httpd and Tomcat take by default.
HEADER_BYTES = 8192
MAX_HEADER_BYTES = 65536

URL_PATH = re.compile(r"(/[A-Za-z0-9_.~-]+)+")
_DIRECTORY = re.compile(r"""(/[^/"\\$%\x00-\x1f]+)+""")
_SECTION = re.compile(r"<\s*(/?)\s*([A-Za-z]+)\b")

Application = t.Mapping[str, t.Any]


def read_needs(entry: t.Mapping[str, t.Any], where: str, problems: Problems) -> dict[str, t.Any] | None:
    """Read the keys of an entry of tomcat_applications that are about httpd; None where one is wrong."""
    before = len(problems.lines)
    needs = {
        "httpd_directives": _directives(entry, "httpd_directives", where, problems),
        "httpd_site_directives": _directives(entry, "httpd_site_directives", where, problems),
        "excluded_paths": _excluded(entry, where, problems),
        "encoded_slashes": _boolean(entry, "encoded_slashes", where, problems),
        "websocket": _boolean(entry, "websocket", where, problems),
    }
    return needs if len(problems.lines) == before else None


def _directives(entry: t.Mapping[str, t.Any], key: str, where: str, problems: Problems) -> list[str]:
    """Lines of httpd's configuration, given as a list or as one text. That they are right is httpd's to say."""
    given = entry.get(key)
    lines = given.splitlines() if isinstance(given, str) else [] if given is None else given
    if not isinstance(lines, (list, tuple)) or not all(isinstance(line, str) for line in lines):
        problems.add(
            f"{where}: {key} is {given!r}, it must be lines of httpd's configuration: a text, or a list of them."
        )
        return []
    if any(re.search(r"[\x00-\x08\x0a-\x1f]", line) for line in lines):
        problems.add(f"{where}: {key} has a control character in a line.")
    problem = _unbalanced(lines)
    if problem:
        problems.add(f"{where}: {key} has {problem}: a section must begin and end in it.")
    return [line.rstrip() for line in lines if line.strip()]


def _unbalanced(lines: t.Iterable[str]) -> str:
    """A section that does not end here would swallow what the role writes after it, and one that does not begin here would end the role's own."""
    open_sections: list[str] = []
    for line in lines:
        found = _SECTION.match(line.strip())
        if not found:
            continue
        name = found[2].lower()
        if not found[1]:
            open_sections.append(name)
        elif not open_sections or open_sections.pop() != name:
            return line.strip()
    return f"<{open_sections[-1]}> without its end" if open_sections else ""


def _excluded(entry: t.Mapping[str, t.Any], where: str, problems: Problems) -> list[dict[str, str]]:
    given = entry.get("excluded_paths")
    if given is None:
        return []
    wanted = (
        "a list of paths as a user asks for them, /shop/static or {path: /.well-known/acme-challenge, directory: /var/www/acme}, "
        "where the directory is one of httpd's machine that serves them"
    )
    if not isinstance(given, (list, tuple)):
        problems.add(f"{where}: excluded_paths is {given!r}, it must be {wanted}.")
        return []
    found = []
    for item in given:
        one = {"path": item} if isinstance(item, str) else item
        right = (
            isinstance(one, t.Mapping)
            and set(one) <= set(EXCLUDED_KEYS)
            and isinstance(one.get("path"), str)
            and URL_PATH.fullmatch(one["path"])
            and not {".", ".."} & set(one["path"].split("/"))
            and bool(not one.get("directory") or _DIRECTORY.fullmatch(str(one["directory"])))
        )
        if not right:
            problems.add(f"{where}: excluded_paths has {item!r}, it must be {wanted}.")
            continue
        found.append({"path": str(one["path"]), "directory": str(one.get("directory") or "")})
    return found


def _boolean(entry: t.Mapping[str, t.Any], key: str, where: str, problems: Problems) -> bool:
    given = entry.get(key)
    if given not in (None, True, False):
        problems.add(f"{where}: {key} is {given!r}, it must be true or false.")
    return given is True


def check_protocols(
    applications: t.Iterable[Application], instances: t.Iterable[t.Mapping[str, t.Any]], problems: Problems
) -> None:
    """AJP has no way to make a WebSocket of a request."""
    by_host = {instance["inventory_host"]: instance for instance in instances}
    for application in applications:
        if not application["websocket"]:
            continue
        ajp = [host for host in application["instances"] if by_host[host]["protocol"] == "ajp"]
        if ajp:
            problems.add(
                f"application {application['name']!r}: websocket is true, and AJP, which {', '.join(ajp)} "
                f"{'speak' if len(ajp) > 1 else 'speaks'}, cannot carry WebSockets: set tomcat_instance_protocol to http there."
            )


def networks(given: t.Any, variable: str, problems: Problems) -> list[str]:
    """Read addresses and networks."""
    if not isinstance(given, (list, tuple)):
        problems.add(
            f"{variable} is {given!r}, it must be a list of addresses and networks, as 198.18.0.7 or 198.18.0.0/24."
        )
        return []
    found = []
    for one in given:
        try:
            network = ipaddress.ip_network(str(one))
        except ValueError as error:
            problems.add(f"{variable} has {one!r}, it must be an address or a network as 198.18.0.0/24 ({error}).")
            continue
        if network.prefixlen == 0:
            problems.add(f"{variable} has {one!r}: whoever asks could then say that he is somebody else.")
        found.append(str(network.network_address) if network.num_addresses == 1 else str(network))
    return found


def host_names(given: t.Any, variable: str, problems: Problems) -> list[str]:
    """Read names of a site; the first part of one may be a *."""
    names = given if isinstance(given, (list, tuple)) else [given]
    for name in names:
        if not isinstance(name, str) or not re.fullmatch(rf"(\*\.)?{HOST_NAME.pattern}", name):
            problems.add(
                f"{variable} has {name!r}, it must be a list of host names, as www.example.com or *.example.com."
            )
    return [name for name in names if isinstance(name, str)]


# What httpd's configuration says --------------------------------------------


def httpd_site(
    applications: t.Sequence[Application],
    *,
    aliases: t.Any = (),
    trusted_proxies: t.Any = (),
    header_bytes: t.Any = HEADER_BYTES,
    scheme: str = "http",
    port: int = 80,
    forwarded: bool = False,
) -> dict[str, t.Any]:
    """The parts of httpd's configuration that follow from what applications need.

    applications: each with a path, and any of NEEDS.
    forwarded: whether AJP members are told the scheme and the port in headers whose name httpd knows as ${RoundrobinForwarded}.
    Returned are lines: server (outside of any virtual host), headers and site (inside of the site's), last (the same, after all else),
    plain (inside of the host that only redirects); the paths that are not redirected; the modules; and the problems.
    """
    problems = Problems()
    read = []
    for position, entry in enumerate(applications):
        needs = read_needs(entry, f"apache_balancer_applications[{position}]", problems)
        read.append({"path": re.sub(r"(?<=.)/$", "", str(entry.get("path"))), **(needs or {})})
    proxies = networks(trusted_proxies, "apache_balancer_trusted_proxies", problems)
    names = host_names(aliases, "apache_balancer_server_aliases", problems)
    size = as_integer(header_bytes)
    if size is None or not HEADER_BYTES <= size <= MAX_HEADER_BYTES:
        problems.add(
            f"apache_balancer_max_header_bytes is {header_bytes!r}, it must be from {HEADER_BYTES} to {MAX_HEADER_BYTES}."
        )
    if problems.lines:
        return {"problems": problems.lines}
    excluded = {one["path"]: one["directory"] for application in read for one in application["excluded_paths"]}
    served = {path: directory for path, directory in excluded.items() if directory}
    return {
        "problems": [],
        "modules": ["remoteip"] if proxies else [],
        "server": _server_lines(size or HEADER_BYTES),
        "aliases": [f"ServerAlias {name}" for name in names],
        "headers": [*_proxy_lines(proxies), *_forwarded_lines(proxies, scheme, port, forwarded)],
        "site": _site_lines(read, excluded, size or HEADER_BYTES),
        "last": _served_lines(served),
        "plain": _plain_lines(served, names),
        "not_redirected": "|".join(re.escape(path) for path in sorted(served)),
    }


def _server_lines(header_bytes: int) -> list[str]:
    """httpd reads the headers before it knows the host: the limits are those of the server."""
    if header_bytes == HEADER_BYTES:
        return []
    return [f"LimitRequestFieldSize {header_bytes}", f"LimitRequestLine {header_bytes}"]


def _proxy_lines(proxies: t.Sequence[str]) -> list[str]:
    if not proxies:
        return []
    return [
        "# The client is the one that these proxies name, in the log, for Require and for the members.",
        "RemoteIPHeader X-Forwarded-For",
        f"RemoteIPInternalProxy {' '.join(proxies)}",
    ]


def _forwarded_lines(proxies: t.Sequence[str], scheme: str, port: int, forwarded: bool) -> list[str]:
    lines = [
        "# Named here and not asked of the connection: a look through the manager's port is to see the site as users do.",
    ]
    if proxies:
        # The address of the connection, whoever the client is said to be.
        trusted = "(" + " || ".join(f"%{{CONN_REMOTE_ADDR}} -ipmatch '{proxy}'" for proxy in proxies) + ")"
        lines += [
            f'SetEnvIfExpr "{trusted} && %{{req:X-Forwarded-Proto}} =~ m#^\\s*https\\b#i" RoundrobinHttps',
            f'SetEnvIfExpr "{trusted} && %{{req:X-Forwarded-Proto}} =~ m#^\\s*http\\b#i" RoundrobinHttp',
            f'SetEnvIfExpr "{trusted} && %{{req:X-Forwarded-Port}} =~ m#^\\s*([0-9]{{1,5}})\\b#" RoundrobinPort=$1',
        ]
    lines += [
        f'RequestHeader set X-Forwarded-Proto "{scheme}"',
        f'RequestHeader set X-Forwarded-Port "{port}"',
    ]
    if proxies:
        lines += [
            'RequestHeader set X-Forwarded-Proto "http" env=RoundrobinHttp',
            'RequestHeader set X-Forwarded-Port "80" env=RoundrobinHttp',
            'RequestHeader set X-Forwarded-Proto "https" env=RoundrobinHttps',
            'RequestHeader set X-Forwarded-Port "443" env=RoundrobinHttps',
            'RequestHeader set X-Forwarded-Port "%{RoundrobinPort}e" env=RoundrobinPort',
        ]
    if forwarded:
        lines += [
            "# The same for AJP members, by a name that nobody else knows.",
            'RequestHeader set ${RoundrobinForwarded}-Proto "expr=%{req:X-Forwarded-Proto}"',
            'RequestHeader set ${RoundrobinForwarded}-Port "expr=%{req:X-Forwarded-Port}"',
        ]
    return lines


def _site_lines(applications: t.Sequence[Application], excluded: t.Mapping[str, str], header_bytes: int) -> list[str]:
    lines = []
    if header_bytes != HEADER_BYTES:
        # The packets of AJP, and what is read of an answer's headers.
        lines.append(f"ProxyIOBufferSize {header_bytes}")
    if any(application["encoded_slashes"] for application in applications):
        lines.append("AllowEncodedSlashes NoDecode")
    for application in applications:
        lines += application["httpd_site_directives"]
    lines += [f'ProxyPass "{path}" "!"' for path in sorted(excluded, reverse=True)]
    # What is said of a longer path holds there: it comes last.
    for application in sorted(applications, key=lambda one: str(one["path"])):
        inside = application["httpd_directives"]
        if inside:
            lines += [f'<Location "{application["path"]}">', *(f"  {line}" for line in inside), "</Location>"]
    return lines


def _served_lines(served: t.Mapping[str, str]) -> list[str]:
    lines = []
    for path, directory in sorted(served.items()):
        lines += [
            f'Alias "{path}" "{directory}"',
            f'<Directory "{directory}">',
            "  AllowOverride None",
            "  Options None",
            "</Directory>",
            f'<Location "{path}">',
            "  Require all granted",
            "</Location>",
        ]
    return lines


def _plain_lines(served: t.Mapping[str, str], names: t.Sequence[str]) -> list[str]:
    """A certificate is asked for by way of the plain port."""
    return [*(f"ServerAlias {name}" for name in names), *_served_lines(served)]
