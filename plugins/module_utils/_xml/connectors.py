# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connectors of a server.xml: which one an entry means, and whose ports meet."""

# Private to this collection.

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError

from .document import XmlDocument
from .tree import Node
from .values import attribute_values, class_name, port
from .wanted import Wanted, wanted_element

_GENERIC_PROTOCOLS = {"http": "HTTP/1.1", "ajp": "AJP/1.3"}
_ANY_ADDRESS = ("", "0.0.0.0", "::", "[::]", "*")


def protocol_kind(protocol: str | None) -> str:
    """Return ajp, http, or the name itself of a protocol that is neither."""
    value = (protocol or "HTTP/1.1").strip()
    lower = value.lower()
    if lower in ("http", "http/1.1") or lower.startswith("org.apache.coyote.http11."):
        return "http"
    if lower in ("ajp", "ajp/1.3") or lower.startswith("org.apache.coyote.ajp."):
        return "ajp"
    return value


def wanted_connector(item: t.Mapping[str, t.Any], where: str, also: t.Iterable[str]) -> Wanted:
    """Return the wanted state for an entry of the option `connectors`."""
    identify_by = attribute_values(item.get("identify_by"), where, also)
    if identify_by and item.get("match"):
        raise CollectionError(
            f"{where}: match and identify_by are given; each says which connector is meant, choose one"
        )
    match = "identify_by" if identify_by else item.get("match") or "protocol_and_port"
    state = item.get("state") or "present"
    kind = protocol_kind(item["protocol"])
    protocol = _GENERIC_PROTOCOLS.get(kind, kind) if "." not in item["protocol"] else item["protocol"].strip()
    if kind not in _GENERIC_PROTOCOLS:
        class_name(protocol, f"{where}: protocol (AJP/1.3 and HTTP/1.1 are accepted too)")
    for name in ("port", "protocol"):
        if name in (item.get("attributes") or {}):
            raise CollectionError(f"{where}: attributes cannot hold {name}; use the option {name} beside it")
    given = item.get("port")
    if given is None and (state == "present" or match not in ("protocol", "identify_by")):
        raise CollectionError(
            f"{where}: port is missing; only match=protocol or identify_by with state absent or disabled needs none"
        )
    number = None if given is None else port(given, f"{where}: port")
    # Port and protocol come first in a new connector, as they do in Tomcat's own.
    head = {"protocol": protocol} if number is None else {"port": number, "protocol": protocol}
    wanted = dataclasses.replace(
        wanted_element("Connector", identify_by, item, where, also, also_set=head),
        same=lambda name, old, new: (
            old == new or (name == "protocol" and new in _GENERIC_PROTOCOLS.values() and protocol_kind(old) == kind)
        ),
    )
    if identify_by:
        return wanted
    tls = _is_tls(wanted.attributes.get("SSLEnabled"))

    def _matches(node: Node) -> bool:
        if match != "port" and protocol_kind(node.get("protocol")) != kind:
            return False
        if match == "protocol":
            return _is_tls(node.get("SSLEnabled")) == tls
        return node.get("port") == number

    what = "Connector" if match == "port" else f"Connector {protocol}{' with SSLEnabled' if tls else ''}"
    return dataclasses.replace(
        wanted,
        label=f"{where} ({what}{'' if match == 'protocol' else f' on port {number}'})",
        matches=_matches,
        # Not to take one away: the next run would find the other.
        prefer=(lambda node: node.get("port") == number) if state == "present" else None,
        hint="give the port of the one that is meant with match=protocol_and_port, or identify_by",
    )


def _is_tls(enabled: str | None) -> bool:
    return (enabled or "").lower() == "true"


def port_clashes(document: XmlDocument) -> dict[str, str]:
    """Return the ports that two listeners of this file would both open, and what to say about it.

    The keys begin with the port, and are the same before and after an edit that does not touch the two.
    """
    root = document.root
    nodes = [root, *(node for service in root.elements("Service") for node in service.elements("Connector"))]
    by_port: dict[str, list[Node]] = {}
    for node in nodes:
        by_port.setdefault(node.get("port") or "", []).append(node)
    clashes: dict[str, str] = {}
    for number, those in by_port.items():
        if number in ("", "0", "-1"):
            continue
        # The first on each address stands for all on it, however many there are.
        first: dict[str, Node] = {}
        for node in those:
            address = _address(node)
            for other_address, other in first.items():
                same = address == other_address or address in _ANY_ADDRESS or other_address in _ANY_ADDRESS
                key = f"{number} {other_address} {address}"
                if same and key not in clashes:
                    clashes[key] = (
                        f"port {number} is used twice on the same address, by {_listener(document, other)} and"
                        f" {_listener(document, node)}; each needs a port of its own"
                    )
            first.setdefault(address, node)
    return clashes


def _address(node: Node) -> str:
    return node.get("address") or ("localhost" if node.tag == "Server" else "")


def _listener(document: XmlDocument, node: Node) -> str:
    line = document.line(node)
    if node.tag == "Server":
        return f"the shutdown port (line {line})"
    return f"the {node.get('protocol') or 'HTTP/1.1'} connector in line {line}"
