# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the options of tomcat_context_xml to edits of one context.xml."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ._errors import CollectionError
from ._xml_document import XmlDocument
from ._xml_elements import Editor, Wanted, apply_elements, attribute_values, class_name


class ContextXml:
    """One context.xml and the wanted state that is applied to it."""

    def __init__(self, document: XmlDocument, options: Mapping[str, Any]) -> None:
        """Check that the document is a context.xml."""
        if document.root.tag != "Context":
            raise CollectionError(
                f"{document.path}:{document.line(document.root)}: the root element is {document.root.tag};"
                " a Tomcat context.xml begins with Context"
            )
        self.document = document
        self.options = options
        self.also: Iterable[str] = options.get("secret_attributes") or ()
        self.editor = Editor(document, self.also)
        self.warnings: list[str] = []

    def apply(self) -> Editor:
        """Apply all options."""
        self._manager()
        apply_elements(self.editor, self.options.get("elements"), self.also)
        return self.editor

    def _manager(self) -> None:
        given = self.options.get("manager")
        state = self.options.get("manager_state") or "present"
        if given is None:
            if state != "present":
                self.editor.ensure(self.document.root, _manager_of({}, state, lambda values: True))
            return
        name = given.get("class_name")
        attributes = attribute_values(given.get("attributes"), "manager", self.also)
        if "className" in attributes:
            raise CollectionError("manager: attributes cannot hold className; use class_name")
        if name is not None:
            attributes = {"className": class_name(name, "manager: class_name"), **attributes}
        present = self.document.root.elements("Manager")
        wanted = _manager_of(attributes, state, lambda values: True)
        if state == "present" and len(present) == 1 and present[0].get("className") != name:
            self.editor.replace(present[0], attributes)
        elif state == "present" and not present:
            # Only a commented-out Manager of the same class is the wanted one.
            same = _manager_of(attributes, state, lambda values: values.get("className") == name)
            self.editor.ensure(self.document.root, same)
        else:
            self.editor.ensure(self.document.root, wanted)


def _manager_of(attributes: Mapping[str, str], state: str, matches: Any) -> Wanted:
    return Wanted(
        tag="Manager",
        label="Manager",
        matches=matches,
        attributes=attributes,
        state=state,
        exact=True,
        hint="Tomcat uses one session manager; remove the others by hand",
    )
