# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read elements of an XML document into what the options of the XML modules say."""

# Private to this collection.

from __future__ import annotations

import functools
import re
import typing as t
from collections import Counter

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError

from .document import CommentedElement, XmlDocument
from .mask import MASK, mask_value
from .text import WHITE_SPACE, check_name
from .tree import Node
from .values import class_name, context_path

# What tells an element from its siblings best, if only it has this value.
_KEYS = ("name", "className", "path", "port", "hostName", "type")
_TAG_IN_COMMENT = re.compile(r"<([A-Za-z_][\w.-]*)(?=[\s/>])")


class _Alike:
    """The attributes of each of some elements that are alike in what is known of them already."""

    def __init__(self) -> None:
        self.values: list[dict[str, str]] = []

    @functools.cached_property
    def counts(self) -> Counter[tuple[str, str]]:
        """Tell how many have a value for an attribute."""
        return Counter(item for values in self.values for item in values.items())


class Reader:
    """Makes entries of elements, and remembers what no entry can say.

    An entry finds its own element again and no other, so that applying it to the same file changes nothing.
    """

    def __init__(self, document: XmlDocument, secret_attributes: t.Iterable[str] = ()) -> None:
        """Start with nothing left out."""
        self.document = document
        self.also = tuple(secret_attributes)
        self.secrets: list[dict[str, str]] = []
        self.left_out: list[dict[str, t.Any]] = []
        # By parent, name and known attributes, then by the values of these.
        self._groups: dict[tuple[t.Any, ...], dict[tuple[str | None, ...], _Alike]] = {}
        self._texts: dict[tuple[t.Any, ...], Counter[str]] = {}

    # -- entries -----------------------------------------------------------

    def named(
        self, node: Node, key: tuple[str, str], several: bool = False, nested: bool = False
    ) -> dict[str, t.Any] | None:
        """Return an element as an entry with an option for the attribute it is known by, or None where that does not do.

        `several`: the option has identify_by, for those that are alike in this attribute. `nested`: it has children.
        """
        option, attribute = key
        value = self.usable(node).get(attribute)
        if value is None or not accepted(_CHECKS[option], value, option):
            return None
        identity = self.identity(node, (attribute,))
        if identity is None or (identity and not several) or node.text or not (nested or self.is_plain(node)):
            return None
        return {
            option: value,
            **compact(
                identify_by=identity,
                attributes=self.attributes(node, without=(attribute, *identity)),
                children=self.children(node) if nested else [],
            ),
        }

    def entry(self, node: Node) -> dict[str, t.Any] | None:
        """Return an element as an entry of `children`, or None where no entry can mean this element alone."""
        if not _is_name(node.tag):
            self.leave_out(node, f"{node.tag!r} is not a plain name")
            return None
        identity = self.identity(node)
        text = self._shown_text(node)
        if not identity and text:
            # Then the text is what identifies the element.
            identity = {} if self._text_counts(node)[text] == 1 else None
        if identity is None:
            self.leave_out(node, f"nothing that may be shown tells it from another {node.tag} beside it")
            return None
        self.note_secret_text(node)
        return compact(
            tag=node.tag,
            identify_by=identity,
            attributes=self.attributes(node, without=identity),
            text=text,
            children=self.children(node),
        )

    def children(self, node: Node) -> list[dict[str, t.Any]]:
        """Return all elements in an element as entries of `children`."""
        if node.text is None:
            self.note_text(node)
        entries = map(self.entry, elements_in(node))
        return [entry for entry in entries if entry is not None]

    def attributes(self, node: Node, without: t.Iterable[str] = ()) -> dict[str, str]:
        """Return the attributes that an entry can hold; the others are noted."""
        usable = self.usable(node)
        for name, value in node.values().items():
            if name in usable or name in without:
                continue
            if mask_value(name, value, self.also, node.values()) != value:
                self.secrets.append({"element": self.document.describe(node), "attribute": name})
            elif MASK in value:
                self.leave_out(node, f"attribute {name} holds {MASK}, which stands for a secret")
            else:
                self.leave_out(node, f"attribute {name!r} has no plain name")
        return {name: value for name, value in usable.items() if name not in without}

    def identity(self, node: Node, known: t.Sequence[str] = ()) -> dict[str, str] | None:
        """Return the attributes that, beside the known ones, only this element of its kind has; None if there are none."""
        alike = self._alike(node, tuple(known))
        if known and len(alike.values) == 1:
            return {}
        usable = {name: value for name, value in self.usable(node).items() if name not in known}
        for name in _KEYS:
            if name in usable and alike.counts[name, usable[name]] == 1:
                return {name: usable[name]}
        if len(alike.values) == 1:
            return {}
        rarest = min((alike.counts[item] for item in usable.items()), default=len(alike.values))
        # What all have tells none of them apart; most often there is no need to compare each with each.
        if rarest == len(alike.values):
            return None
        return usable if sum(usable.items() <= values.items() for values in alike.values) == 1 else None

    def _alike(self, node: Node, known: tuple[str, ...]) -> _Alike:
        key = (node.parent, node.tag, known)
        if key not in self._groups:
            groups = self._groups[key] = {}
            for other in _siblings(node):
                values = other.values()
                groups.setdefault(tuple(map(values.get, known)), _Alike()).values.append(values)
        return self._groups[key][tuple(map(node.get, known))]

    def _text_counts(self, node: Node) -> Counter[str]:
        """Return how many of the elements of this name beside the node, and itself, have which text."""
        key = (node.parent, node.tag)
        if key not in self._texts:
            self._texts[key] = Counter(other.text or "" for other in _siblings(node))
        return self._texts[key]

    def usable(self, node: Node) -> dict[str, str]:
        """Return the attributes that can be shown and set."""
        return {
            name: value
            for name, value in node.values().items()
            if _is_name(name) and MASK not in value and mask_value(name, value, self.also, node.values()) == value
        }

    def is_plain(self, node: Node) -> bool:
        """Tell whether there is nothing in the element but its attributes."""
        return node.text == "" and not elements_in(node)

    def _shown_text(self, node: Node) -> str:
        text = node.text or ""
        return text if MASK not in text and mask_value(node.tag, text, self.also) == text else ""

    def findings(self) -> dict[str, t.Any]:
        """Return what the modules return beside the options."""
        return {"secrets": self.secrets, "disabled": self.disabled(), "left_out": self.left_out}

    # -- what no entry can say ---------------------------------------------

    def leave_out(self, node: Node, reason: str) -> None:
        """Remember what is not among the entries, and why."""
        self.left_out.append(
            {"element": self.document.describe(node), "line": self.document.line(node), "reason": reason}
        )

    def note_secret_text(self, node: Node) -> None:
        """Remember an element whose text is not shown."""
        if node.text and not self._shown_text(node):
            self.leave_out(node, "its text holds a secret")

    def note_text(self, node: Node) -> None:
        """Remember text and entity references where only elements are expected."""
        pieces = [node.lx.text, *(child.tail for child in node.lx)]
        if any(piece and piece.strip(WHITE_SPACE) for piece in pieces):
            self.leave_out(node, "it has text, which no option holds")
        if len(node.lx) > len(node.children):
            self.leave_out(node, "it holds an entity reference")

    def disabled(self) -> list[dict[str, t.Any]]:
        """Return the elements that stand in comments, secrets masked; not those inside of them."""
        found = []
        for parent in self.document.root.walk():
            comments = [child for child in parent.children if child.kind == "comment"]
            tags = dict.fromkeys(tag for comment in comments for tag in _TAG_IN_COMMENT.findall(comment.markup))
            of_comment: dict[Node, list[CommentedElement]] = {comment: [] for comment in comments}
            for tag in tags:
                for item in self.document.commented(parent, tag):
                    of_comment[item.comment].append(item)
            for items in of_comment.values():
                found += [(parent, item.node) for item in _outermost(items)]
        return [
            {
                "element": self.document.describe(parent),
                "tag": node.tag,
                "attributes": {
                    name: mask_value(name, value, self.also, node.values()) for name, value in node.values().items()
                },
            }
            for parent, node in found
        ]


def _outermost(items: t.Iterable[CommentedElement]) -> list[CommentedElement]:
    """Return the elements of one comment that are not inside another of them, in the order of the text."""
    out: list[CommentedElement] = []
    for item in sorted(items, key=lambda item: item.start):
        if not out or item.start >= out[-1].end:
            out.append(item)
    return out


def _siblings(node: Node) -> list[Node]:
    """Return the elements of the same name below the same parent, the node among them."""
    return node.parent.elements(node.tag) if node.parent is not None else [node]


def elements_in(node: Node) -> list[Node]:
    """Return all child elements."""
    return [child for child in node.children if child.kind == "element"]


def compact(**entry: t.Any) -> dict[str, t.Any]:
    """Return an entry without what is empty."""
    return {name: value for name, value in entry.items() if value not in ({}, [], "", None)}


def xpath_of(node: Node) -> str:
    """Return an XPath expression of an element that its name, if anything, tells from its like."""
    if node.parent is None:
        return "/" + _step(node)
    step = _step(node)
    if len(node.parent.elements(node.tag)) > 1:
        step += f"[@name={_literal(node.get('name') or '')}]"
    return f"{xpath_of(node.parent)}/{step}"


def _step(node: Node) -> str:
    return f"*[local-name()='{node.tag}']" if node.lx.tag.startswith("{") else node.tag


def _literal(value: str) -> str:
    if "'" not in value:
        return f"'{value}'"
    if '"' not in value:
        return f'"{value}"'
    return "concat(" + ', "\'", '.join(f"'{part}'" for part in value.split("'")) + ")"


def accepted(check: t.Any, *arguments: t.Any) -> bool:
    """Tell whether a check of an option lets a value pass."""
    try:
        check(*arguments)
    except CollectionError:
        return False
    return True


def _not_empty(value: str, where: str) -> None:
    if not value:
        raise CollectionError(f"{where} is empty")


# What an option takes that says which element is meant.
_CHECKS = {"class_name": class_name, "name": _not_empty, "path": context_path}


def _is_name(name: str) -> bool:
    return accepted(check_name, name, "")
