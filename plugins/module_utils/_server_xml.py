# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the options of tomcat_server_xml to edits of one server.xml."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ._errors import CollectionError
from ._xml_document import XmlDocument
from ._xml_elements import (
    Editor,
    Wanted,
    apply_elements,
    attribute_value,
    attribute_values,
    class_name,
    has_placeholder,
    names_to_remove,
    port,
)
from ._xml_tree import Node

# httpd takes what follows the first dot as the route, and its buffer has 64 bytes.
_ROUTE = re.compile(r"[A-Za-z0-9_-]{1,63}\Z")
_GENERIC_PROTOCOLS = {"http": "HTTP/1.1", "ajp": "AJP/1.3"}
_ANY_ADDRESS = ("", "0.0.0.0", "::", "[::]", "*")


class ServerXml:
    """One server.xml and the wanted state that is applied to it."""

    def __init__(self, document: XmlDocument, options: Mapping[str, Any]) -> None:
        """Check that the document is a server.xml."""
        if document.root.tag != "Server":
            raise CollectionError(
                f"{document.path}:{document.line(document.root)}: the root element is {document.root.tag};"
                " a Tomcat server.xml begins with Server"
            )
        self.document = document
        self.options = options
        self.also: Iterable[str] = options.get("secret_attributes") or ()
        self.editor = Editor(document, self.also)
        self.service_name = (options.get("service") or {}).get("name")
        self.warnings: list[str] = []

    def apply(self) -> Editor:
        """Apply all options, in an order that does not depend on the file."""
        clashes = _port_clashes(self.document)
        self._server()
        self._service()
        self._engine()
        self._hosts()
        self._listeners()
        self._valves()
        wanted_ports = self._connectors()
        apply_elements(self.editor, self.options.get("elements"), self.also)
        self._check_ports(clashes, wanted_ports)
        return self.editor

    # -- where things are --------------------------------------------------

    def _find_service(self) -> Node:
        return _named(self.document, self.document.root, "Service", self.service_name, "service.name")

    def _find_engine(self) -> Node:
        service = self._find_service()
        engines = service.elements("Engine")
        if len(engines) != 1:
            raise CollectionError(
                f"{self.document.path}:{self.document.line(service)}: Service {service.get('name')!r} has"
                f" {len(engines)} Engine elements; exactly one is expected"
            )
        return engines[0]

    def _default_host(self) -> str:
        """Return the name of the Host that is meant where none is named."""
        engine = self._find_engine()
        names = [host.get("name") or "" for host in engine.elements("Host")]
        default = engine.get("defaultHost")
        if default in names:
            return str(default)
        if len(names) == 1:
            return names[0]
        known = ", ".join(repr(name) for name in names) or "none"
        raise CollectionError(
            f"{self.document.path}:{self.document.line(engine)}: no Host has the name that the Engine's defaultHost"
            f" gives ({default!r}); name the Host that is meant, known are: {known}"
        )

    # -- the parts ---------------------------------------------------------

    def _server(self) -> None:
        options = self.options
        wanted = {}
        if options.get("shutdown_port") is not None:
            wanted["port"] = port(options["shutdown_port"], "shutdown_port", off=True)
        if options.get("shutdown_command") is not None:
            wanted["shutdown"] = attribute_value("shutdown", options["shutdown_command"], "shutdown_command")
            if not wanted["shutdown"]:
                raise CollectionError("shutdown_command is empty; a word such as SHUTDOWN is expected")
        if options.get("port_offset") is not None:
            if not 0 <= int(options["port_offset"]) <= 65534:
                raise CollectionError(f"port_offset: {options['port_offset']} is not a number from 0 to 65534")
            wanted["portOffset"] = str(options["port_offset"])
        self.editor.set_attributes(self.document.root, wanted)

    def _service(self) -> None:
        given = self.options.get("service")
        if given is None:
            return
        wanted = attribute_values(given.get("attributes"), "service", self.also)
        if "name" in wanted:
            raise CollectionError("service: attributes cannot set name; service.name says which Service is meant")
        remove = names_to_remove(given.get("attributes_to_remove"), {"name": "", **wanted}, "service")
        self.editor.set_attributes(self._find_service(), wanted, remove)

    def _engine(self) -> None:
        given = self.options.get("engine") or {}
        wanted = attribute_values(given.get("attributes"), "engine", self.also)
        route = self.options.get("jvm_route")
        if route is not None:
            if not _ROUTE.match(route) and not has_placeholder(route):
                raise CollectionError(
                    f"jvm_route: {route!r} is not a route; 1 to 63 letters, digits, '_' or '-' are accepted"
                    " (httpd takes what follows a dot as the route)"
                )
            if wanted.get("jvmRoute", route) != route:
                raise CollectionError("jvm_route and engine.attributes.jvmRoute differ; give one of them")
            wanted["jvmRoute"] = attribute_value("jvmRoute", route, "jvm_route")
        remove = names_to_remove(given.get("attributes_to_remove"), wanted, "engine")
        if wanted or remove:
            self.editor.set_attributes(self._find_engine(), wanted, remove)

    def _hosts(self) -> None:
        hosts = self.options.get("hosts") or []
        names = [item.get("name") or self._default_host() for item in hosts]
        _no_duplicates(names, "hosts", "name")
        for name, item in zip(names, hosts):
            where = f"hosts ({name})"
            self.editor.ensure(self._find_engine(), _wanted_named("Host", "name", name, item, where, self.also))

    def _listeners(self) -> None:
        items = self.options.get("listeners") or []
        _no_duplicates([item["class_name"] for item in items], "listeners", "class_name")
        for item in items:
            name = class_name(item["class_name"], "listeners")
            wanted = _wanted_named("Listener", "className", name, item, f"listeners ({name})", self.also)
            self.editor.ensure(self.document.root, wanted)

    def _valves(self) -> None:
        items = self.options.get("valves") or []
        places = [self._valve_place(item) for item in items]
        _no_duplicates(
            [f"{item['class_name']} in {place}" for item, place in zip(items, places)], "valves", "class_name"
        )
        for item, place in zip(items, places):
            name = class_name(item["class_name"], "valves")
            engine = self._find_engine()
            parent = engine if place == "Engine" else _named(self.document, engine, "Host", place[5:], "valves.host")
            wanted = _wanted_named("Valve", "className", name, item, f"valves ({name} in {place})", self.also)
            self.editor.ensure(parent, wanted)

    def _valve_place(self, item: Mapping[str, Any]) -> str:
        if item.get("parent") == "engine":
            if item.get("host"):
                raise CollectionError("valves: host is given although parent is engine; choose one")
            return "Engine"
        return f"Host {item.get('host') or self._default_host()}"

    def _connectors(self) -> set[str]:
        """Apply the connectors; return the ports that shall be open because of them."""
        items = self.options.get("connectors") or []
        wanted = [_wanted_connector(item, number, self.also) for number, item in enumerate(items)]
        _no_common_connector(items)
        # Who gives up a port comes before who takes it.
        for item in sorted(wanted, key=lambda item: item.state == "present"):
            self.editor.ensure(self._find_service(), item)
        return {item.attributes["port"] for item in wanted if item.state == "present"}

    def _check_ports(self, before: Mapping[str, str], wanted: Iterable[str]) -> None:
        for key, message in _port_clashes(self.document).items():
            if key not in before or key.split()[0] in wanted:
                raise CollectionError(f"{self.document.path}: {message}")
            self.warnings.append(f"{self.document.path}: {message}")


def _wanted_named(tag: str, key: str, name: str, item: Mapping[str, Any], where: str, also: Iterable[str]) -> Wanted:
    attributes = attribute_values(item.get("attributes"), where, also)
    if attributes.get(key, name) != name:
        raise CollectionError(f"{where}: attributes gives {key} another value; it says which {tag} is meant")
    attributes = {key: attribute_value(key, name, where), **attributes}
    return Wanted(
        tag=tag,
        label=where,
        matches=lambda values: values.get(key) == name,
        attributes=attributes,
        attributes_to_remove=names_to_remove(item.get("attributes_to_remove"), attributes, where),
        state=item.get("state") or "present",
        hint="use elements with identify_by",
    )


def protocol_kind(protocol: str | None) -> str:
    """Return ajp, http, or the name itself of a protocol that is neither."""
    value = (protocol or "HTTP/1.1").strip()
    lower = value.lower()
    if lower in ("http", "http/1.1") or lower.startswith("org.apache.coyote.http11."):
        return "http"
    if lower in ("ajp", "ajp/1.3") or lower.startswith("org.apache.coyote.ajp."):
        return "ajp"
    return value


def _is_tls(values: Mapping[str, str]) -> bool:
    return values.get("SSLEnabled", "").lower() == "true"


def _wanted_connector(item: Mapping[str, Any], number: int, also: Iterable[str]) -> Wanted:
    where = f"connectors[{number}]"
    state = item.get("state") or "present"
    match = item.get("match") or "protocol_and_port"
    kind = protocol_kind(item["protocol"])
    protocol = _GENERIC_PROTOCOLS.get(kind, kind) if "." not in item["protocol"] else item["protocol"].strip()
    if kind not in _GENERIC_PROTOCOLS:
        class_name(protocol, f"{where}: protocol (AJP/1.3 and HTTP/1.1 are accepted too)")
    attributes = attribute_values(item.get("attributes"), where, also)
    for name in ("port", "protocol"):
        if name in attributes:
            raise CollectionError(f"{where}: attributes cannot hold {name}; use the option {name} beside it")
    given = item.get("port")
    if given is None and (state == "present" or match != "protocol"):
        raise CollectionError(f"{where}: port is missing; only match=protocol with state absent or disabled needs none")
    number_text = None if given is None else port(given, f"{where}: port")
    tls = _is_tls(attributes)

    def _matches(values: Mapping[str, str]) -> bool:
        if match != "port" and protocol_kind(values.get("protocol")) != kind:
            return False
        if match == "protocol":
            return _is_tls(values) == tls
        return values.get("port") == number_text

    def _same(name: str, old: str | None, new: str) -> bool:
        return old == new or (name == "protocol" and new in _GENERIC_PROTOCOLS.values() and protocol_kind(old) == kind)

    place = f" on port {number_text}" if match != "protocol" else ""
    head = {"protocol": protocol} if number_text is None else {"port": number_text, "protocol": protocol}
    wanted = {**head, **attributes}
    return Wanted(
        tag="Connector",
        label=f"Connector {protocol + (' with SSLEnabled' if tls else '') if match != 'port' else ''}{place}",
        matches=_matches,
        attributes=wanted,
        attributes_to_remove=names_to_remove(item.get("attributes_to_remove"), wanted, where),
        state=state,
        same=_same,
        # Not to take one away: the next run would find the other.
        prefer=(lambda values: values.get("port") == number_text) if state == "present" else None,
        hint="give the port of the one that is meant, or match=protocol_and_port",
    )


def _no_common_connector(items: Sequence[Mapping[str, Any]]) -> None:
    """Refuse two entries that can mean the same connector: each would undo what the other does."""
    keys = []
    for item in items:
        tls = _is_tls(attribute_values(item.get("attributes"), "connectors"))
        port_text = None if item.get("port") is None else str(item["port"])
        keys.append((protocol_kind(item["protocol"]), tls, port_text, item.get("match") or "protocol_and_port"))
    for number, (kind, tls, port_text, match) in enumerate(keys):
        for other, (other_kind, other_tls, other_port, other_match) in enumerate(keys[:number]):
            same_port = port_text == other_port and (kind == other_kind or "port" in (match, other_match))
            same_kind = (kind, tls) == (other_kind, other_tls) and "protocol" in (match, other_match)
            if same_port or same_kind:
                raise CollectionError(
                    f"connectors[{other}] and connectors[{number}] can mean the same connector;"
                    " each needs a protocol and port of its own"
                    + (" (match=protocol means the only one of its protocol)" if same_kind else "")
                )


def _named(document: XmlDocument, parent: Node, tag: str, name: str | None, option: str) -> Node:
    """Return the only child of this tag, or the one of this name; else say which there are."""
    children = parent.elements(tag)
    found = children if name is None else [child for child in children if child.get("name") == name]
    if len(found) == 1:
        return found[0]
    where = f"{document.path}:{document.line(parent)}"
    if not children:
        raise CollectionError(f"{where}: {parent.tag} has no {tag}; one is expected")
    known = ", ".join(f"{child.get('name')!r} (line {document.line(child)})" for child in children)
    wanted = f"one {tag}" if name is None else f"one {tag} named {name!r}"
    raise CollectionError(f"{where}: {wanted} is expected, known are: {known}; {option} says which is meant")


def _no_duplicates(keys: Sequence[str], option: str, key: str) -> None:
    for name in keys:
        if keys.count(name) > 1:
            raise CollectionError(f"{option}: {name!r} is given twice; each {key} may stand once")


def _port_clashes(document: XmlDocument) -> dict[str, str]:
    """Return the ports that two listeners of this file would both open, and what to say about it."""
    seen: list[tuple[str, str, str]] = []
    shutdown = document.root.get("port")
    if shutdown not in (None, "-1", "0"):
        address = document.root.get("address") or "localhost"
        seen.append((str(shutdown), address, f"the shutdown port (line {document.line(document.root)})"))
    for service in document.root.elements("Service"):
        for node in service.elements("Connector"):
            number = node.get("port")
            if number and number != "0":
                label = f"the {node.get('protocol') or 'HTTP/1.1'} connector in line {document.line(node)}"
                seen.append((number, node.get("address") or "", label))
    clashes = {}
    for index, (number, address, label) in enumerate(seen):
        for other_number, other_address, other_label in seen[:index]:
            same_address = address == other_address or address in _ANY_ADDRESS or other_address in _ANY_ADDRESS
            if number == other_number and same_address:
                clashes[f"{number} {address} {other_address}"] = (
                    f"port {number} is used twice on the same address, by {other_label} and {label};"
                    " each needs a port of its own"
                )
    return clashes
