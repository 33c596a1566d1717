# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the options of tomcat_context_xml to edits of one context.xml."""

# Private to this collection.

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError

from .plan import RESOURCE_TAGS, XmlPlan
from .values import attribute_values, class_name, names_to_remove
from .wanted import Wanted, wanted_element

_TAGS = {"resources": RESOURCE_TAGS, "parameters": ("Parameter",), "valves": ("Valve",)}


class ContextXml(XmlPlan):
    """One context.xml and the wanted state that is applied to it."""

    root_tag = "Context"
    file_name = "context.xml"

    def _edit(self) -> None:
        self._context()
        self._manager()
        for option in _TAGS:
            for number, item in enumerate(self.options.get(option) or []):
                self.editor.ensure(self.document.root, self._wanted(option, item, f"{option}[{number}]"))
        self._elements()
        for option in self._to_purge():
            self.editor.purge(self.document.root, _TAGS[option])

    def _context(self) -> None:
        given = self.options.get("context") or {}
        wanted = attribute_values(given.get("attributes"), "context", self.also)
        remove = names_to_remove(given.get("attributes_to_remove"), wanted, "context")
        self.editor.set_attributes(self.document.root, wanted, remove)

    def _wanted(self, option: str, item: t.Mapping[str, t.Any], where: str) -> Wanted:
        if option == "valves":
            identity = {
                "className": class_name(item["class_name"], where),
                **attribute_values(item.get("identify_by"), where, self.also),
            }
        else:
            identity = attribute_values({"name": item["name"]}, where)
        return wanted_element(item.get("tag") or _TAGS[option][0], identity, item, where, self.also)

    def _manager(self) -> None:
        given = self.options.get("manager")
        state = self.options.get("manager_state") or "present"
        if given is None and state == "present":
            return
        given = given or {}
        if "className" in (given.get("attributes") or {}):
            raise CollectionError("manager: attributes cannot hold className; use class_name")
        name = given.get("class_name")
        identity = {} if name is None else {"className": class_name(name, "manager: class_name")}
        wanted = dataclasses.replace(
            wanted_element("Manager", identity, {**given, "state": state}, "manager", self.also),
            matches=lambda node: True,
            exact=True,
            hint="Tomcat uses one session manager; remove the others by hand",
        )
        root = self.document.root
        present = root.elements("Manager")
        if state == "present" and len(present) == 1 and present[0].get("className") != name:
            self.editor.replace(present[0], wanted)
        elif state == "present" and not present:
            # Only a commented-out Manager of the same class is the wanted one.
            self.editor.ensure(root, dataclasses.replace(wanted, matches=lambda node: node.get("className") == name))
        else:
            self.editor.ensure(root, wanted)
