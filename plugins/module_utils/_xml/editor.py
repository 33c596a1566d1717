# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring elements of an XML document into their wanted states and say what was done."""

# Private to this collection.

from __future__ import annotations

import typing as t

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError

from .document import CommentedElement, XmlDocument
from .hints import unknown_attributes
from .mask import mask_value
from .tree import Node
from .wanted import Wanted

# Before what a new element stands that has no namesake yet. Tomcat wants an Executor
# before the Connector that uses it; the rest is how its own files are laid out.
_LATER: dict[str, tuple[str, ...]] = {
    "Listener": ("GlobalNamingResources", "Service"),
    "GlobalNamingResources": ("Service",),
    "Executor": ("Connector", "Engine"),
    "Connector": ("Engine",),
    "Cluster": ("Realm", "Host"),
    "Realm": ("Host",),
}


class Editor:
    """A document, and the list of what was changed in it."""

    def __init__(self, document: XmlDocument, secret_attributes: t.Iterable[str] = ()) -> None:
        """Start with no changes."""
        self.document = document
        self.secret_attributes = tuple(secret_attributes)
        self.changes: list[dict[str, t.Any]] = []
        self.warnings: list[str] = []
        # Which entry has meant an element, and all entries that were dealt with below a parent.
        self._meant: dict[Node, Wanted] = {}
        self._done: dict[tuple[Node, str], list[Wanted]] = {}

    def ensure(self, parent: Node, wanted: Wanted) -> Node | None:
        """Bring an element below the parent into its state; return it if it is there then."""
        node = self._one(parent, wanted)
        if wanted.state != "present":
            if node is not None:
                self.take_out(node, wanted.state)
            self._done.setdefault((parent, wanted.tag), []).append(wanted)
            return None
        if node is None:
            node = self._enable(parent, wanted)
        if node is None:
            node = self.add(parent, wanted.tag, wanted.attributes, wanted.text)
        else:
            extra = [name for name in node.attributes if name not in wanted.attributes] if wanted.exact else []
            self.set_attributes(node, wanted.attributes, [*wanted.attributes_to_remove, *extra], same=wanted.same)
            self._set_text(node, wanted)
        self._mean(parent, node, wanted)
        self.ensure_children(node, wanted)
        return node

    def ensure_children(self, node: Node, wanted: Wanted) -> None:
        """Bring the elements inside an element into their states."""
        for child in wanted.children:
            self.ensure(node, child)
        if wanted.purge:
            self.purge(node, {child.tag: None for child in node.children if child.kind == "element"})

    def add(self, parent: Node, tag: str, attributes: t.Mapping[str, str], text: str | None = None) -> Node:
        """Add an element where its likes stand."""
        node = self.document.insert(parent, tag, attributes, _LATER.get(tag, ()), text)
        more = {} if text is None else {"text": mask_value(tag, text, self.secret_attributes)}
        self._record("added", node, attributes=self._shown(attributes), **more)
        self._warn_of_unknown(node, attributes)
        return node

    def take_out(self, node: Node, state: str) -> None:
        """Remove an element (absent), or put it into a comment (disabled)."""
        self._record("removed" if state == "absent" else "disabled", node)
        if state == "absent":
            self.document.remove(node)
        else:
            self.document.disable(node)

    def replace(self, node: Node, wanted: Wanted) -> None:
        """Put the wanted element into the place of another one of the same name."""
        self._record("replaced", node, attributes=self._shown(wanted.attributes))
        new = self.document.replace(node, wanted.attributes)
        self._warn_of_unknown(new, wanted.attributes)
        self.ensure_children(new, wanted)

    def purge(self, parent: Node, tags: t.Iterable[str]) -> None:
        """Remove the elements of these names below the parent that no entry has meant."""
        for tag in tags:
            for node in parent.elements(tag):
                if node not in self._meant:
                    self.take_out(node, "absent")

    def set_attributes(
        self,
        node: Node,
        wanted: t.Mapping[str, str],
        remove: t.Iterable[str] = (),
        same: t.Callable[[str, str | None, str], bool] = lambda name, old, new: old == new,
    ) -> None:
        """Set and remove attributes of an element where they differ."""
        setting = {}
        for name, value in wanted.items():
            if not same(name, node.get(name), value):
                setting[name] = value
        removing = [name for name in dict.fromkeys(remove) if name in node.attributes]
        before = {name: node.get(name) for name in [*setting, *removing]}
        beside = {**node.values(), **wanted}
        path = self.document.describe(node)
        if before:
            self.document.set_attributes(node, setting, removing)
        self._warn_of_unknown(node, wanted)
        for name, old in before.items():
            change: dict[str, t.Any] = {"action": "set" if name in setting else "unset", "element": path}
            change["attribute"] = name
            change["before"] = None if old is None else mask_value(name, old, self.secret_attributes, beside)
            change["after"] = (
                mask_value(name, setting[name], self.secret_attributes, beside) if name in setting else None
            )
            self.changes.append(change)

    def _set_text(self, node: Node, wanted: Wanted) -> None:
        old = node.text
        if wanted.text is None or old == wanted.text:
            return
        if old is None:
            raise CollectionError(
                f"{self.document.path}:{self.document.line(node)}: {wanted.label} gives text to an element that holds other"
                " elements, or text that depends on the DTD; edit it by hand"
            )
        self._record(
            "set_text",
            node,
            before=mask_value(node.tag, old, self.secret_attributes),
            after=mask_value(node.tag, wanted.text, self.secret_attributes),
        )
        self.document.set_text(node, wanted.text)

    def _one(self, parent: Node, wanted: Wanted) -> Node | None:
        """Return the element that is meant, if it is there; no other entry may mean it, too."""
        found = [node for node in parent.elements(wanted.tag) if wanted.matches(node)]
        if len(found) > 1 and wanted.prefer is not None:
            found = [node for node in found if wanted.prefer(node)] or found
        if len(found) > 1:
            lines = ", ".join(str(self.document.line(node)) for node in found)
            raise CollectionError(
                f"{self.document.path}: {wanted.label} matches {len(found)} elements (lines {lines});"
                f" exactly one is expected: {wanted.hint}"
            )
        if found and found[0] in self._meant:
            self._refuse_both(self._meant[found[0]], wanted)
        return found[0] if found else None

    def _mean(self, parent: Node, node: Node, wanted: Wanted) -> None:
        """Note that an entry has meant an element; none before it may mean it now, or the next run would differ."""
        done = self._done.setdefault((parent, wanted.tag), [])
        for other in done:
            if other.matches(node) and (other.prefer is None or other.prefer(node)):
                self._refuse_both(other, wanted)
        done.append(wanted)
        self._meant[node] = wanted

    def _refuse_both(self, one: Wanted, other: Wanted) -> None:
        raise CollectionError(
            f"{self.document.path}: {one.label} and {other.label} mean the same element;"
            f" each needs one of its own: {other.hint}"
        )

    def _enable(self, parent: Node, wanted: Wanted) -> Node | None:
        """Take the element out of a comment, if it stands in one; the most similar one of several."""
        found = [item for item in self.document.commented(parent, wanted.tag) if wanted.matches(item.node)]
        if not found:
            return None

        def _distance(item: CommentedElement) -> tuple[bool, int, int]:
            values = item.node.values()
            differing = sum(values.get(name) != value for name, value in wanted.attributes.items())
            return not item.alone, differing, len(set(values) - set(wanted.attributes))

        node = self.document.enable(min(found, key=_distance))
        self._record("enabled", node)
        return node

    def _warn_of_unknown(self, node: Node, names: t.Iterable[str]) -> None:
        for warning in unknown_attributes(node.tag, node.values(), names):
            self.warnings.append(f"{self.document.path}: {self.document.describe(node)}: {warning}")

    def _record(self, action: str, node: Node, **more: t.Any) -> None:
        self.changes.append({"action": action, "element": self.document.describe(node), **more})

    def _shown(self, attributes: t.Mapping[str, str]) -> dict[str, str]:
        return {name: mask_value(name, value, self.secret_attributes, attributes) for name, value in attributes.items()}
