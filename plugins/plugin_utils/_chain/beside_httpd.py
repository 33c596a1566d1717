# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The site of a balancer beside what an httpd serves already: what it listens on, which sites it has, and what is in the way.

Pure: what was found is the answer of host_info, what is wanted comes from the role.
"""

# Private to this collection.

from __future__ import annotations

import fnmatch
import os
import typing as t

from .beside import ALL_ADDRESSES, in_the_way, taken_by

Found = t.Mapping[str, t.Any]
Wanted = t.Mapping[str, t.Any]

# What stands in the site that the distribution brings.
OF_THE_DISTRIBUTION = frozenset(("serveradmin", "documentroot", "errorlog", "customlog", "loglevel"))
# What makes httpd serve something that is no file.
SENDS_ON = ("jkmount", "proxypass", "proxypassmatch", "rewriterule")
PLAIN_PORT = 80
TLS_PORT = 443


def beside_httpd(host: str, found: Found, wanted: Wanted) -> dict[str, t.Any]:
    """Decide how the balancer's site comes beside what httpd has, and list what is in the way.

    Returns problems; listens, the ports that nobody of httpd's configuration opens;
    addresses, by port the addresses on which another site would win over one for all
    addresses; last, whether the site is to come after those of others; default_site and
    port_80, whether the distribution's own site and its port are of use to nobody.
    """
    httpd = found["httpd"] or {
        "listens": [],
        "virtual_hosts": [],
        "document_root": "",
        "documents": [],
        "server_name": "",
        "directives": [],
        "forwards": [],
    }
    ports = {"apache_balancer_listen_port": wanted["listen_port"]}
    if wanted["tls"]:
        ports["apache_balancer_tls_port"] = wanted["tls_port"]
    distributions = [site for site in httpd["virtual_hosts"] if _is_distributions(site, wanted["default_site"])]
    others = [site for site in httpd["virtual_hosts"] if site not in distributions]
    beside = {port: _on(others, port) for port in ports.values()}
    # Where others have sites, the distribution's answers for all other names, and goes on to do so.
    alone = not any(beside.values()) and not _on(others, PLAIN_PORT)
    # A balancer made by hand often stands outside of virtual hosts.
    forwards = any(name in SENDS_ON for name in httpd["directives"])
    unused = alone and not httpd["documents"] and not forwards
    if not alone:
        beside = {port: _on(httpd["virtual_hosts"], port) for port in ports.values()}
    problems = [
        *_ports(found, httpd, ports, wanted),
        *_manager(found, httpd, wanted),
        *_sites(found, httpd, beside, wanted),
        *_inherited(httpd, wanted),
    ]
    return {
        "problems": [f"{host}: {problem}" for problem in problems],
        "listens": [port for port in ports.values() if not _listens(httpd, port)],
        "addresses": {str(port): _addresses(sites, port) for port, sites in beside.items()},
        "last": not alone,
        "default_site": wanted["disable_default_site"] and alone,
        "port_80": wanted["disable_default_site"] and unused and wanted["listen_port"] != PLAIN_PORT,
    }


def _on(sites: t.Iterable[Found], port: int) -> list[Found]:
    return [site for site in sites if any(place["port"] in (port, 0) for place in site["addresses"])]


def _listens(httpd: Found, port: int) -> list[Found]:
    return [listen for listen in httpd["listens"] if listen["port"] == port]


def _is_distributions(site: Found, default_site: str) -> bool:
    """Whether a site is as the distribution brought it, and shows nothing but the distribution's page."""
    if site["names"] or site["documents"]:
        return False
    # Of Red Hat's mod_ssl: no DocumentRoot, a certificate for localhost.
    if os.path.basename(site["file"]) == "ssl.conf":
        return not site["document_root"] and not any(
            "proxy" in name or "rewrite" in name for name in site["directives"]
        )
    return site["file"] == default_site and OF_THE_DISTRIBUTION.issuperset(site["directives"])


def _addresses(sites: t.Iterable[Found], port: int) -> list[str]:
    """The addresses of a port that other sites have for themselves, as a VirtualHost writes them."""
    found = []
    for site in sites:
        for place in site["addresses"]:
            if place["address"] not in ALL_ADDRESSES and place["port"] in (port, 0):
                address = f"[{place['address']}]" if ":" in place["address"] else place["address"]
                found.append(f"{address}:{place['port'] or '*'}")
    return list(dict.fromkeys(found))


def _ports(found: Found, httpd: Found, ports: t.Mapping[str, int], wanted: Wanted) -> t.Iterator[str]:
    for variable, port in ports.items():
        listens = _listens(httpd, port)
        if not listens:
            socket = in_the_way(found["listening"], ["*"], port, [wanted["unit"]])
            if socket:
                yield f"port {port} of {socket['address']} is taken by {taken_by(socket)}. Stop that, or set {variable}."
        for listen in listens:
            protocol = listen["protocol"].lower() or ("https" if port == TLS_PORT else "http")
            if variable == "apache_balancer_listen_port" and protocol == "https":
                yield f"{_where(listen)}: httpd listens on port {port} for TLS, and the plain site cannot use that. Set {variable}."


def _manager(found: Found, httpd: Found, wanted: Wanted) -> t.Iterator[str]:
    port = wanted["manager_port"]
    for listen in _listens(httpd, port)[:1]:
        yield (
            f"{_where(listen)}: httpd listens on port {port} for something else, and balancer-manager wants one of its own. "
            "Set apache_balancer_manager_port."
        )
    socket = in_the_way(found["listening"], [wanted["manager_address"]], port, [wanted["unit"]])
    if socket:
        yield (
            f"port {port} of {socket['address']} is taken by {taken_by(socket)}. Stop that, or set apache_balancer_manager_port "
            "(balancer-manager)."
        )


def _sites(found: Found, httpd: Found, beside: t.Mapping[int, t.Sequence[Found]], wanted: Wanted) -> t.Iterator[str]:
    sites = list({(site["file"], site["line"]): site for of_port in beside.values() for site in of_port}.values())
    name = wanted["server_name"].lower()
    if sites and not wanted["vhost"]:
        yield (
            f"httpd has sites of others ({_where(sites[0])}), which would get what is written for all of httpd. "
            "Set apache_balancer_vhost to true."
        )
    if sites and "." not in name:
        yield (
            f"httpd has sites of others ({', '.join(map(_where, sites))}), and {wanted['server_name']!r} is no name that users ask for, "
            "so that none would reach this one. Set apache_balancer_server_name to its host name."
        )
    machine = httpd["server_name"] or found["fqdn"]
    for site in sites:
        if any(fnmatch.fnmatchcase(name, pattern) for pattern in site["names"]):
            yield f"{_where(site)}: a site for {name} is there already. Set apache_balancer_server_name, or take that one away."
        elif not site["names"] and name == machine.lower():
            yield (
                f"{_where(site)}: the site has no ServerName, so it answers for {name}, the machine's own name. "
                "Set apache_balancer_server_name, or give that site its ServerName."
            )
    yield from _without_a_virtual_host(httpd, bool(sites), wanted)


def _inherited(httpd: Found, wanted: Wanted) -> t.Iterator[str]:
    """What stands outside of virtual hosts comes first in each of them, whatever ProxyPassInherit says (measured with httpd 2.4.68 and 2.4.71)."""
    for forward in httpd["forwards"] if wanted["vhost"] else []:
        yield (
            f"{_where(forward)}: {forward['text']} stands outside of virtual hosts, and httpd would take it before what the site says. "
            "Put it into a virtual host of its own."
        )


def _without_a_virtual_host(httpd: Found, has_sites: bool, wanted: Wanted) -> t.Iterator[str]:
    """What httpd serves by itself is nobody's any more once there is a virtual host."""
    port = wanted["listen_port"]
    if has_sites or wanted["is_there"] or not wanted["vhost"] or not httpd["documents"]:
        return
    if _listens(httpd, port) and not _on(httpd["virtual_hosts"], port):
        yield (
            f"httpd serves {httpd['document_root']} ({', '.join(httpd['documents'][:3])}) on port {port} without a virtual host, and a "
            "site of its own would take all requests from it. Put that into a virtual host, or set apache_balancer_listen_port."
        )


def _where(place: Found) -> str:
    return f"{place['file']}:{place['line']}"
