# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a context.xml to the options of tomcat_context_xml that describe it."""

# Private to this collection.

from __future__ import annotations

import typing as t

from .context import ContextXml
from .document import XmlDocument
from .plan import RESOURCE_TAGS
from .reader import Reader, accepted, compact, elements_in, xpath_of
from .tree import Node
from .values import class_name


class ContextInfo:
    """What one context.xml says."""

    def __init__(self, document: XmlDocument, secret_attributes: t.Iterable[str] = ()) -> None:
        """Check that the document is a context.xml."""
        ContextXml(document, {})
        self.reader = Reader(document, secret_attributes)
        self.options: dict[str, t.Any] = {}
        self._root = document.root
        self._managers = len(document.root.elements("Manager"))

    def read(self) -> dict[str, t.Any]:
        """Return the options."""
        attributes = self.reader.attributes(self._root)
        if attributes:
            self.options["context"] = {"attributes": attributes}
        self.reader.note_text(self._root)
        for node in elements_in(self._root):
            if node.tag == "Manager" and self._can_be_the_manager(node):
                self._read_manager(node)
            elif not self._has_option(node):
                entry = self.reader.entry(node)
                if entry is not None:
                    self._add("elements", {"parent": xpath_of(self._root), **entry})
        return self.options

    def _can_be_the_manager(self, node: Node) -> bool:
        """Tell whether the option can hold it: the option removes any attribute that it does not name."""
        name = node.get("className")
        complete = self.reader.usable(node) == node.values()
        return self._managers == 1 and complete and not node.text and (name is None or accepted(class_name, name, ""))

    def _read_manager(self, node: Node) -> None:
        self.options["manager"] = compact(
            class_name=node.get("className"),
            attributes=self.reader.attributes(node, without=("className",)),
            children=self.reader.children(node),
        )

    def _has_option(self, node: Node) -> bool:
        """Add an element that has an option of its own; tell whether it has."""
        if node.tag == "Valve":
            option, entry = "valves", self.reader.named(node, ("class_name", "className"), several=True)
        elif node.tag == "Parameter":
            option, entry = "parameters", self.reader.named(node, ("name", "name"))
        elif node.tag in RESOURCE_TAGS:
            option, entry = "resources", self.reader.named(node, ("name", "name"))
            entry = entry and {"tag": node.tag, **entry}
        else:
            return False
        if entry is not None:
            self._add(option, entry)
        return entry is not None

    def _add(self, option: str, entry: dict[str, t.Any]) -> None:
        self.options.setdefault(option, []).append(entry)
