# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tell which attributes of an element Tomcat does not know, and what may have been meant."""

# Private to this collection.

from __future__ import annotations

import difflib
import functools
import typing as t

from .tomcat_attributes import KNOWN_ATTRIBUTES

# What Tomcat makes of an element that names no class. An element that is not here says nothing without one.
_DEFAULT_CLASSES = {
    "Certificate": "org.apache.tomcat.util.net.SSLHostConfigCertificate",
    "Channel": "org.apache.catalina.tribes.group.GroupChannel",
    "Cluster": "org.apache.catalina.ha.tcp.SimpleTcpCluster",
    "Context": "org.apache.catalina.core.StandardContext",
    "CookieProcessor": "org.apache.tomcat.util.http.Rfc6265CookieProcessor",
    "CredentialHandler": "org.apache.catalina.realm.MessageDigestCredentialHandler",
    "Engine": "org.apache.catalina.core.StandardEngine",
    "Executor": "org.apache.catalina.core.StandardThreadExecutor",
    "Host": "org.apache.catalina.core.StandardHost",
    "JarScanFilter": "org.apache.tomcat.util.scan.StandardJarScanFilter",
    "JarScanner": "org.apache.tomcat.util.scan.StandardJarScanner",
    "Loader": "org.apache.catalina.loader.WebappLoader",
    "Manager": "org.apache.catalina.session.StandardManager",
    "Parameter": "org.apache.tomcat.util.descriptor.web.ApplicationParameter",
    "Resources": "org.apache.catalina.webresources.StandardRoot",
    "SSLHostConfig": "org.apache.tomcat.util.net.SSLHostConfig",
    "Server": "org.apache.catalina.core.StandardServer",
    "Service": "org.apache.catalina.core.StandardService",
    "SessionIdGenerator": "org.apache.catalina.util.StandardSessionIdGenerator",
}
_PROTOCOLS = {"http": "HTTP/1.1", "ajp": "AJP/1.3"}
_PROTOCOL_PACKAGES = {"org.apache.coyote.http11": "HTTP/1.1", "org.apache.coyote.ajp": "AJP/1.3"}
# Tomcat's own, wherever a class can be named, and for a listener whose class may be missing.
_EVERYWHERE = {"className", "optional"}


def unknown_attributes(tag: str, values: t.Mapping[str, str], names: t.Iterable[str]) -> list[str]:
    """Return a warning for each of these names that is no attribute of such an element.

    `values` are all attributes of the element, which say what it is. Nothing is said of classes that are not Tomcat's.
    """
    known = _known().get(_kind(tag, values))
    if known is None:
        return []
    warnings = []
    for name in names:
        # errorCode.404 and xsi:schemaLocation are not the class's; a Connector knows all of its socket's.
        if name in _EVERYWHERE or ":" in name or ("." in name and not name.startswith("socket.")):
            continue
        if _as_setter(name) not in known:
            meant = _nearest(name, known.values())
            hint = f"; did you mean {meant!r}?" if meant else ""
            warnings.append(f"{tag}: attribute {name!r} is not known to Tomcat 9, 10.1 or 11{hint}")
    return warnings


def _kind(tag: str, values: t.Mapping[str, str]) -> str:
    """Return the class that Tomcat makes of the element, or the protocol of a Connector."""
    if tag == "Connector":
        protocol = values.get("protocol", "HTTP/1.1").strip()
        package = protocol.rpartition(".")[0]
        return _PROTOCOL_PACKAGES.get(package) or _PROTOCOLS.get(protocol.lower().partition("/")[0], protocol)
    return values.get("className") or _DEFAULT_CLASSES.get(tag, "")


@functools.cache
def _known() -> dict[str, dict[str, str]]:
    """Return for each kind its attributes, by the name that Tomcat looks for."""
    known: dict[str, dict[str, str]] = {}
    attributes: dict[str, str] = {}
    for line in KNOWN_ATTRIBUTES.splitlines():
        if line.startswith(" "):
            attributes.update((_as_setter(name), name) for name in line.split())
        else:
            attributes = known[line] = {}
    return known


def _as_setter(name: str) -> str:
    """Tomcat calls setPort for port, and for Port as well."""
    return name[:1].upper() + name[1:]


def _nearest(name: str, known: t.Iterable[str]) -> str | None:
    by_lower = {other.lower(): other for other in known}
    close = difflib.get_close_matches(name.lower(), by_lower, n=1, cutoff=0.75)
    return by_lower[close[0]] if close else None
