# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the options of tomcat_server_xml to edits of one server.xml."""

# Private to this collection.

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError

from .connectors import port_clashes, wanted_connector
from .editor import Editor
from .plan import RESOURCE_TAGS, XmlPlan
from .tree import Node
from .values import (
    attribute_value,
    attribute_values,
    class_name,
    context_path,
    has_placeholder,
    names_to_remove,
    port,
)
from .wanted import Wanted, wanted_element

# httpd takes what follows the first dot as the route, and its buffer has 64 bytes. What the playbooks set up has no hyphen either: see
# plugin_utils/_chain/instance.py.
ROUTE = re.compile(r"[A-Za-z0-9_-]{1,63}\Z")


@dataclass(frozen=True)
class Kind:
    """A kind of element that has an option of its own."""

    option: str
    tags: tuple[str, ...]
    # Where it can stand. The entry says where if there are several, the first is meant if it does not.
    parents: tuple[str, ...]
    # The option, and its attribute, that tells one from others below the same parent.
    key: tuple[str, str]
    # There can be only one, whatever its key is now.
    single: bool = False


_NAME = ("name", "name")
_CLASS = ("class_name", "className")
# In the order in which they are dealt with: what has others inside comes before these.
KINDS = (
    Kind("executors", ("Executor",), ("Service",), _NAME),
    Kind("hosts", ("Host",), ("Engine",), _NAME),
    Kind("contexts", ("Context",), ("Host",), ("path", "path")),
    Kind("listeners", ("Listener",), ("Server",), _CLASS),
    Kind("valves", ("Valve",), ("Host", "Engine"), _CLASS),
    Kind("realms", ("Realm",), ("Engine", "Host"), _CLASS),
    Kind("clusters", ("Cluster",), ("Engine", "Host"), _CLASS, single=True),
    Kind("global_resources", RESOURCE_TAGS, ("GlobalNamingResources",), _NAME),
)


class ServerXml(XmlPlan):
    """One server.xml and the wanted state that is applied to it."""

    root_tag = "Server"
    file_name = "server.xml"

    def apply(self) -> Editor:
        """Apply all options; no two connectors may want the same port then."""
        before = port_clashes(self.document)
        done = super().apply()
        wanted = {port(item["port"], "port") for item in self._connectors() if _is_present(item)}
        for key, message in port_clashes(self.document).items():
            if key not in before or key.split()[0] in wanted:
                raise CollectionError(f"{self.document.path}: {message}")
            done.warnings.append(f"{self.document.path}: {message}")
        return done

    def _edit(self) -> None:
        self._server()
        self._service()
        self._engine()
        for kind in KINDS:
            for number, item in enumerate(self.options.get(kind.option) or []):
                self._entry(kind, item, f"{kind.option}[{number}]")
        wanted = [
            wanted_connector(item, f"connectors[{number}]", self.also) for number, item in enumerate(self._connectors())
        ]
        # Who gives up a port comes before who takes it.
        for connector in sorted(wanted, key=lambda connector: connector.state == "present"):
            self.editor.ensure(self._find_service(), connector)
        self._elements()
        self._purge()

    def _connectors(self) -> list[t.Mapping[str, t.Any]]:
        return self.options.get("connectors") or []

    # -- where things are --------------------------------------------------

    def _find_service(self) -> Node:
        name = (self.options.get("service") or {}).get("name")
        return self._named(self.document.root, "Service", name, "service.name")

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

    def _named(self, parent: Node, tag: str, name: str | None, option: str) -> Node:
        """Return the only child of this tag, or the one of this name; else say which there are."""
        document = self.document
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

    def _parent(self, kind: Kind, item: t.Mapping[str, t.Any], where: str) -> Node | None:
        """Return the element below which an entry has its place."""
        tag = str(item.get("parent") or kind.parents[0]).capitalize() if len(kind.parents) > 1 else kind.parents[0]
        if tag == "Host":
            name = item.get("host") or self._default_host()
            return self._named(self._find_engine(), "Host", name, f"{where}: host")
        if item.get("host"):
            raise CollectionError(f"{where}: host is given although parent is engine; choose one")
        root = self.document.root
        if tag == "GlobalNamingResources" and not root.elements(tag):
            return self.editor.add(root, tag, {}) if _is_present(item) else None
        (place,) = self._places(tag)
        return place

    def _places(self, tag: str) -> list[Node]:
        """Return the elements of this name that the options are about."""
        root = self.document.root
        if tag == "Server":
            return [root]
        if tag == "GlobalNamingResources":
            return [self._named(root, tag, None, "Tomcat, which reads one,")] if root.elements(tag) else []
        if tag == "Service":
            return [self._find_service()]
        engine = self._find_engine()
        return [engine] if tag == "Engine" else engine.elements("Host")

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
            if not ROUTE.match(route) and not has_placeholder(route):
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

    def _entry(self, kind: Kind, item: t.Mapping[str, t.Any], where: str) -> None:
        """Bring the element that an entry of an option means into its state."""
        wanted = self._wanted(kind, item, where)
        parent = self._parent(kind, item, where)
        if parent is not None:
            self.editor.ensure(parent, wanted)

    def _wanted(self, kind: Kind, item: t.Mapping[str, t.Any], where: str) -> Wanted:
        option, attribute = kind.key
        value = self._default_host() if kind.option == "hosts" and not item.get("name") else item[option]
        if option == "class_name":
            class_name(value, where)
        elif option == "path":
            context_path(value, where)
        key = attribute_values({attribute: value}, where)
        identity = {} if kind.single else {**key, **attribute_values(item.get("identify_by"), where, self.also)}
        return wanted_element(
            item.get("tag") or kind.tags[0], identity, item, where, self.also, key, item.get("purge") or False
        )

    def _purge(self) -> None:
        asked = self._to_purge()
        places = {kind.option: (kind.parents, kind.tags) for kind in KINDS}
        places["connectors"] = (("Service",), ("Connector",))
        for option, (parents, tags) in places.items():
            if option in asked:
                for parent in parents:
                    for place in self._places(parent):
                        self.editor.purge(place, tags)


def _is_present(item: t.Mapping[str, t.Any]) -> bool:
    return (item.get("state") or "present") == "present"
