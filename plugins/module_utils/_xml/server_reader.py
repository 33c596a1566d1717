# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a server.xml to the options of tomcat_server_xml that describe it."""

# Private to this collection.

from __future__ import annotations

import re
import typing as t
from collections import Counter

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError

from .connectors import protocol_kind
from .document import XmlDocument
from .reader import Reader, accepted, compact, elements_in, xpath_of
from .server import KINDS, ROUTE, ServerXml
from .tree import Node
from .values import class_name, port

_KINDS = {(parent, tag): kind for kind in KINDS for parent in kind.parents for tag in kind.tags}
# The options whose entries have children.
_NESTED = ("clusters", "contexts", "hosts", "realms")
# The options for attributes of the Server.
_SERVER = {"shutdown_port": "port", "shutdown_command": "shutdown", "port_offset": "portOffset"}


class ServerInfo:
    """What one server.xml says of one Service, and of all that belongs to no Service."""

    def __init__(self, document: XmlDocument, service: str | None, secret_attributes: t.Iterable[str] = ()) -> None:
        """Check that the document is a server.xml, and that it has the Service."""
        ServerXml(document, {})
        self.reader = Reader(document, secret_attributes)
        self.options: dict[str, t.Any] = {}
        self._root = document.root
        self._services = self._root.elements("Service")
        self._service = self._find_service(service)
        connectors = [node for each in self._services for node in each.elements("Connector")]
        self._ports = Counter(node.get("port") for node in [self._root, *connectors])

    def read(self) -> dict[str, t.Any]:
        """Return the options."""
        self._read_server()
        self._read_inside(self._root)
        return self.options

    def _find_service(self, name: str | None) -> Node | None:
        found = [node for node in self._services if name is None or node.get("name") == name]
        if len(found) == 1 or (name is None and not found):
            return found[0] if found else None
        document = self.reader.document
        known = ", ".join(f"{node.get('name')!r} (line {document.line(node)})" for node in self._services) or "none"
        wanted = "one Service" if name is None else f"one Service named {name!r}"
        raise CollectionError(f"{document.path}: {wanted} is expected, known are: {known}; service says which is meant")

    # -- the parts that are there once -------------------------------------

    def _read_server(self) -> None:
        values = self.reader.usable(self._root)
        if _is_port(values.get("port"), off=True):
            self.options["shutdown_port"] = values["port"]
        if values.get("shutdown"):
            self.options["shutdown_command"] = values["shutdown"]
        offset = values.get("portOffset", "")
        if re.fullmatch(r"0|[1-9][0-9]{0,4}", offset, re.ASCII) and int(offset) <= 65534:
            self.options["port_offset"] = int(offset)
        said = [attribute for option, attribute in _SERVER.items() if option in self.options]
        for name in self.reader.attributes(self._root, without=said):
            self.reader.leave_out(self._root, f"no option sets attribute {name} of Server to this value")

    def _read_service(self, node: Node) -> None:
        name = node.get("name") if len(self._services) > 1 else None
        service = compact(name=name, attributes=self.reader.attributes(node, without=("name",)))
        if service:
            self.options["service"] = service
        self._read_inside(node)

    def _read_engine(self, node: Node) -> None:
        attributes = self.reader.attributes(node)
        if ROUTE.match(attributes.get("jvmRoute", "")):
            self.options["jvm_route"] = attributes.pop("jvmRoute")
        if attributes:
            self.options["engine"] = {"attributes": attributes}
        self._read_inside(node)

    def _read_global_resources(self, node: Node) -> None:
        attributes = self.reader.attributes(node)
        # Entries of global_resources create it where it is missing, but without attributes.
        if attributes or not elements_in(node):
            self._add("elements", compact(parent=xpath_of(self._root), tag=node.tag, attributes=attributes))
        self._read_inside(node)

    # -- what is inside of them --------------------------------------------

    def _read_inside(self, parent: Node) -> None:
        self.reader.note_text(parent)
        for node in elements_in(parent):
            if not self._has_option(node, parent):
                entry = self.reader.entry(node)
                if entry is not None:
                    self._add("elements", {"parent": xpath_of(parent), **entry})

    def _has_option(self, node: Node, parent: Node) -> bool:
        """Read an element that has an option of its own; tell whether it has."""
        if node is self._service:
            self._read_service(node)
        elif node.tag == "GlobalNamingResources" and len(self._root.elements(node.tag)) == 1:
            self._read_global_resources(node)
        elif node.tag == "Engine" and parent is self._service and len(parent.elements("Engine")) == 1:
            self._read_engine(node)
        elif node.tag == "Connector" and parent is self._service:
            return self._add_connector(node)
        else:
            return self._add_of_kind(node, parent)
        return True

    def _add_of_kind(self, node: Node, parent: Node, place: t.Mapping[str, str] | None = None) -> bool:
        kind = _KINDS.get((parent.tag, node.tag))
        if kind is None or (kind.single and len(parent.elements(node.tag)) > 1):
            return False
        if kind.option == "hosts":
            return self._add_host(node)
        if place is None and len(kind.parents) > 1:
            place = {"parent": parent.tag.lower()}
        several = kind.key[0] == "class_name" and not kind.single
        entry = self.reader.named(node, kind.key, several, nested=kind.option in _NESTED)
        if entry is not None:
            tag = {"tag": node.tag} if len(kind.tags) > 1 else {}
            self._add(kind.option, {**tag, **(place or {}), **entry})
        return entry is not None

    def _add_host(self, node: Node) -> bool:
        """Read a Host: what is inside has options of its own, or is among its children."""
        name = self.reader.usable(node).get("name")
        if not name or self.reader.identity(node, ("name",)) != {}:
            return False
        self.reader.note_text(node)
        entry: dict[str, t.Any] = {"name": name, **compact(attributes=self.reader.attributes(node, without=("name",)))}
        self._add("hosts", entry)
        children = []
        for child in elements_in(node):
            place = {"host": name} if child.tag == "Context" else {"parent": "host", "host": name}
            if not self._add_of_kind(child, node, place):
                children.append(self.reader.entry(child))
        entry.update(compact(children=[child for child in children if child is not None]))
        return True

    def _add_connector(self, node: Node) -> bool:
        values = self.reader.usable(node)
        number = values.get("port", "")
        protocol = values.get("protocol") or "HTTP/1.1"
        # The option refuses a port that is used twice, and one that Tomcat chooses.
        if self._ports[number] > 1 or not _is_port(number) or node.text:
            return False
        of_tomcat = protocol_kind(protocol) in ("ajp", "http")
        if protocol != protocol.strip() or not (of_tomcat or accepted(class_name, protocol, "")):
            return False
        attributes = self.reader.attributes(node, without=("port", "protocol"))
        children = self.reader.children(node)
        self._add(
            "connectors", {"protocol": protocol, "port": number, **compact(attributes=attributes, children=children)}
        )
        return True

    def _add(self, option: str, entry: dict[str, t.Any]) -> None:
        self.options.setdefault(option, []).append(entry)


def _is_port(value: str | None, off: bool = False) -> bool:
    """Tell whether an option for a port takes the value and leaves it as it is."""
    return accepted(port, value, "", off) and port(value, "", off) == value
