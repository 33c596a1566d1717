# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the wanted states of server.xml and context.xml have in common."""

# Private to this collection.

from __future__ import annotations

import typing as t

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError

from .document import XmlDocument
from .editor import Editor
from .wanted import wanted_child

# Elements that give a name to something that applications look up.
RESOURCE_TAGS = ("Resource", "Environment", "ResourceLink", "ResourceEnvRef", "ServiceRef", "Ejb", "LocalEjb")


class XmlPlan:
    """One XML file and the wanted state that is applied to it."""

    root_tag: str
    file_name: str

    def __init__(self, document: XmlDocument, options: t.Mapping[str, t.Any]) -> None:
        """Check that the document is one of this kind."""
        if document.root.tag != self.root_tag:
            raise CollectionError(
                f"{document.path}:{document.line(document.root)}: the root element is {document.root.tag};"
                f" a Tomcat {self.file_name} begins with {self.root_tag}"
            )
        self.document = document
        self.options = options
        self.also: t.Iterable[str] = options.get("secret_attributes") or ()
        self.editor = Editor(document, self.also)

    def apply(self) -> Editor:
        """Apply all options, and make sure that to apply them again would change nothing."""
        self._edit()
        done, self.editor = self.editor, Editor(self.document, self.also)
        self._edit()
        for change in self.editor.changes:
            what = " ".join(str(change[key]) for key in ("action", "attribute") if key in change)
            raise CollectionError(
                f"{self.document.path}: the options contradict each other, each run would change the file again"
                f" ({what}: {change['element']}); let only one of them say what that element is like"
            )
        return done

    def _edit(self) -> None:
        raise NotImplementedError

    def _elements(self) -> None:
        """Bring the entries of the option `elements` into their states, in the order given."""
        document = self.document
        for number, item in enumerate(self.options.get("elements") or []):
            where, xpath = f"elements[{number}]", item["parent"]
            wanted = wanted_child(item, where, self.also)
            found = document.select(xpath)
            if not found and wanted.state != "present":
                continue
            if len(found) != 1:
                lines = ", ".join(str(document.line(node)) for node in found)
                raise CollectionError(
                    f"{document.path}: parent {xpath!r} of {where} selects {len(found)} elements"
                    f"{' (lines ' + lines + ')' if lines else ''}; an XPath that selects exactly one is expected"
                )
            self.editor.ensure(found[0], wanted)

    def _to_purge(self) -> list[str]:
        """Return the option `purge`; a kind whose own option is not given was hardly meant."""
        kinds: list[str] = self.options.get("purge") or []
        for kind in kinds:
            if self.options.get(kind) is None:
                raise CollectionError(
                    f"purge: {kind} is named but the option {kind} is not given; give the ones to keep, or [] to keep none"
                )
        return kinds
