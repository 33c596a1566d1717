# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring one element of an XML document into its wanted state and say what was done."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Callable

from ._errors import CollectionError
from ._mask import is_secret, mask_value
from ._xml_document import CommentedElement, XmlDocument
from ._xml_text import check_name, illegal_character
from ._xml_tree import Node

STATES = ("present", "absent", "disabled")
_CLASS_NAME = re.compile(r"[A-Za-z_$][\w$]*(\.[A-Za-z_$][\w$]*)*\Z", re.ASCII)
_PLACEHOLDER = re.compile(r"\$\{[^{}]+\}")
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


@dataclass(frozen=True)
class Wanted:
    """The wanted state of one element."""

    tag: str
    # What a person calls it in a message, such as "Connector AJP/1.3 on port 8009".
    label: str
    matches: Callable[[Mapping[str, str]], bool]
    attributes: Mapping[str, str] = field(default_factory=dict)
    attributes_to_remove: Sequence[str] = ()
    state: str = "present"
    # The attributes are all that the element may have.
    exact: bool = False
    # Whether a value in the file is as good as the wanted one.
    same: Callable[[str, str | None, str], bool] = lambda name, old, new: old == new
    # How to tell one of several matching elements apart; None means not at all.
    prefer: Callable[[Mapping[str, str]], bool] | None = None
    hint: str = "name more attributes in identify_by"


class Editor:
    """A document, and the list of what was changed in it."""

    def __init__(self, document: XmlDocument, secret_attributes: Iterable[str] = ()) -> None:
        """Start with no changes."""
        self.document = document
        self.secret_attributes = tuple(secret_attributes)
        self.changes: list[dict[str, Any]] = []

    def ensure(self, parent: Node, wanted: Wanted) -> None:
        """Bring an element below the parent into its state."""
        node = self._one(parent, wanted)
        if wanted.state == "absent":
            if node is not None:
                self._record("removed", node)
                self.document.remove(node)
            return
        if wanted.state == "disabled":
            if node is not None:
                self._record("disabled", node)
                self.document.disable(node)
            return
        if node is None:
            node = self._enable(parent, wanted)
        if node is None:
            node = self.document.insert(parent, wanted.tag, wanted.attributes, _LATER.get(wanted.tag, ()))
            self._record("added", node, attributes=self._shown(wanted.attributes))
            return
        extra = [name for name in node.attributes if name not in wanted.attributes] if wanted.exact else []
        self.set_attributes(node, wanted.attributes, [*wanted.attributes_to_remove, *extra], same=wanted.same)

    def set_attributes(
        self,
        node: Node,
        wanted: Mapping[str, str],
        remove: Iterable[str] = (),
        same: Callable[[str, str | None, str], bool] = lambda name, old, new: old == new,
    ) -> None:
        """Set and remove attributes of an element where they differ."""
        setting = {}
        for name, value in wanted.items():
            if not same(name, node.get(name), value):
                setting[name] = value
        removing = [name for name in dict.fromkeys(remove) if name in node.attributes]
        if not setting and not removing:
            return
        before = {name: node.get(name) for name in [*setting, *removing]}
        path = self.document.describe(node)
        self.document.set_attributes(node, setting, removing)
        for name, old in before.items():
            change: dict[str, Any] = {"action": "set" if name in setting else "unset", "element": path}
            change["attribute"] = name
            change["before"] = None if old is None else mask_value(name, old, self.secret_attributes)
            change["after"] = mask_value(name, setting[name], self.secret_attributes) if name in setting else None
            self.changes.append(change)

    def replace(self, node: Node, attributes: Mapping[str, str]) -> None:
        """Put a new element into the place of another one of the same name."""
        self._record("replaced", node, attributes=self._shown(attributes))
        self.document.replace(node, attributes)

    def _one(self, parent: Node, wanted: Wanted) -> Node | None:
        found = [node for node in parent.elements(wanted.tag) if wanted.matches(node.values())]
        if len(found) > 1 and wanted.prefer is not None:
            found = [node for node in found if wanted.prefer(node.values())] or found
        if len(found) > 1:
            lines = ", ".join(str(self.document.line(node)) for node in found)
            raise CollectionError(
                f"{self.document.path}: {wanted.label} matches {len(found)} elements (lines {lines});"
                f" exactly one is expected: {wanted.hint}"
            )
        return found[0] if found else None

    def _enable(self, parent: Node, wanted: Wanted) -> Node | None:
        """Take the element out of a comment, if it stands in one; the most similar one of several."""
        found = [item for item in self.document.commented(parent, wanted.tag) if wanted.matches(item.node.values())]
        if not found:
            return None

        def _distance(item: CommentedElement) -> tuple[bool, int, int]:
            values = item.node.values()
            differing = sum(values.get(name) != value for name, value in wanted.attributes.items())
            return not item.alone, differing, len(set(values) - set(wanted.attributes))

        node = self.document.enable(min(found, key=_distance))
        self._record("enabled", node)
        return node

    def _record(self, action: str, node: Node, **more: Any) -> None:
        self.changes.append({"action": action, "element": self.document.describe(node), **more})

    def _shown(self, attributes: Mapping[str, str]) -> dict[str, str]:
        return {name: mask_value(name, value, self.secret_attributes) for name, value in attributes.items()}


def attribute_values(given: Mapping[str, Any] | None, where: str, also: Iterable[str] = ()) -> dict[str, str]:
    """Return attributes as text: true/false for booleans, digits for numbers."""
    out = {}
    for name, value in (given or {}).items():
        check_name(str(name), f"the name of an attribute ({where})")
        out[str(name)] = attribute_value(str(name), value, where, also)
    return out


def attribute_value(name: str, value: Any, where: str, also: Iterable[str] = ()) -> str:
    """Return one attribute value as text, or say why it cannot be one."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    if value is None:
        raise CollectionError(
            f"{where}: attribute {name} has no value; give a string, number or boolean,"
            " or list the name in attributes_to_remove"
        )
    if not isinstance(value, str):
        raise CollectionError(
            f"{where}: attribute {name} is a {type(value).__name__}; a string, number or boolean is expected"
        )
    bad = illegal_character(value)
    if bad is not None:
        shown = "" if is_secret(name, also) else f" in {value!r}"
        raise CollectionError(f"{where}: attribute {name} holds the character {bad}{shown}, which XML does not allow")
    return value


def names_to_remove(given: Sequence[str] | None, attributes: Mapping[str, str], where: str) -> list[str]:
    """Return attributes_to_remove, none of which may also be set."""
    names = list(given or [])
    for name in names:
        check_name(name, f"the name of an attribute ({where})")
        if name in attributes:
            raise CollectionError(f"{where}: attribute {name} is both to be set and to be removed; choose one")
    return names


def class_name(value: str, where: str) -> str:
    """Return the name of a Java class, checked."""
    if not _CLASS_NAME.match(value) and not _PLACEHOLDER.search(value):
        raise CollectionError(
            f"{where}: {value!r} is not a Java class name; something like org.apache.catalina.valves.RemoteIpValve"
            " is expected"
        )
    return value


def has_placeholder(value: str) -> bool:
    """Tell whether Tomcat will replace ${...} in the value."""
    return bool(_PLACEHOLDER.search(value))


def port(value: Any, where: str, off: bool = False) -> str:
    """Return a port number as text; `off` allows -1. A ${placeholder} is passed through."""
    text = str(value)
    if _PLACEHOLDER.fullmatch(text):
        return text
    accepted = "a number from 1 to 65535" + (", or -1 for none," if off else "") + " is expected"
    if isinstance(value, bool) or not re.fullmatch(r"-?[0-9]{1,6}", text, re.ASCII):
        raise CollectionError(f"{where}: {text!r} is not a port; {accepted}")
    number = int(text)
    if not (1 <= number <= 65535 or (off and number == -1)):
        raise CollectionError(f"{where}: {number} is not a port; {accepted}")
    return str(number)


def wanted_element(item: Mapping[str, Any], where: str, also: Iterable[str] = ()) -> tuple[str, Wanted]:
    """Return the XPath of the parent and the wanted state for one entry of `elements`."""
    tag = item["tag"]
    check_name(tag, f"the name of an element ({where})")
    attributes = attribute_values(item.get("attributes"), where, also)
    identity = attribute_values(item.get("identify_by"), where, also)
    for name, value in identity.items():
        if attributes.get(name, value) != value:
            raise CollectionError(
                f"{where}: identify_by and attributes give {name} two values; the second run would not find the element"
            )
    shown = ", ".join(f"{name}={mask_value(name, value, also)!r}" for name, value in identity.items())
    return item["parent"], Wanted(
        tag=tag,
        label=f"{where} ({tag}{' with ' + shown if shown else ''})",
        matches=lambda values: all(values.get(name) == value for name, value in identity.items()),
        attributes={**identity, **attributes},
        attributes_to_remove=names_to_remove(item.get("attributes_to_remove"), {**identity, **attributes}, where),
        state=item.get("state") or "present",
    )


def apply_elements(editor: Editor, items: Sequence[Mapping[str, Any]] | None, also: Iterable[str] = ()) -> None:
    """Bring the entries of the option `elements` into their states, in the order given."""
    for number, item in enumerate(items or []):
        where = f"elements[{number}]"
        xpath, wanted = wanted_element(item, where, also)

        found = editor.document.select(xpath)
        if not found and wanted.state != "present":
            continue
        if len(found) != 1:
            lines = ", ".join(str(editor.document.line(node)) for node in found)
            raise CollectionError(
                f"{editor.document.path}: parent {xpath!r} of {where} selects {len(found)} elements"
                f"{' (lines ' + lines + ')' if lines else ''}; an XPath that selects exactly one is expected"
            )
        editor.ensure(found[0], wanted)
