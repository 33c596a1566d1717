# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The text of an XML element as a tree that loses nothing.

Joined again, the pieces give the text to the letter. Each node holds its own
markup and the character data around it, so that an edit touches strings of one
node and its neighbours, and no offset has to be kept right.
"""

# Private to this collection.

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass

from .lxml_dep import etree
from .text import WHITE_SPACE, decoded_value

MAX_DEPTH = 256
# The name of the group that matched says what it is; CDATA is character data.
_MARKUP = re.compile(
    r"<(?:"
    r"(?P<comment>!--.*?--)"
    r"|!\[CDATA\[.*?\]\]"
    r"|(?P<pi>\?.*?\?)"
    r"|/(?P<end>[^\s>]+)\s*"
    r"|(?P<element>[^\s/<>!?]+)(?=[\s/>])[^<>\"']*(?:(?:\"[^<\"]*\"|'[^<']*')[^<>\"']*)*"
    r")>",
    re.DOTALL,
)
_ATTRIBUTE = re.compile(r"(\s+)([^\s=]+)\s*=\s*(\"[^\"]*\"|'[^']*')")


@dataclass(frozen=True)
class Attribute:
    """One attribute of a start tag; the offsets count characters of the tag."""

    # The white space before the name, and where it begins.
    space: str
    start: int
    value_start: int
    value_end: int
    # None: only the DTD explains the value, which holds an entity reference for example.
    value: str | None

    @property
    def end(self) -> int:
        """Return the offset behind the closing quote."""
        return self.value_end + 1


class Node:
    """An element, a comment or a processing instruction, with the text that it is made of."""

    __slots__ = (
        "_attributes",
        "_markup",
        "children",
        "end_tag",
        "head",
        "kind",
        "lx",
        "offset",
        "parent",
        "tag",
        "tail",
    )

    def __init__(self, kind: str, markup: str, offset: int, parent: Node | None = None, tag: str = "") -> None:
        """Start without content, which is what a self-closing element has."""
        self.kind = kind
        self.tag = tag
        self.parent = parent
        # Where it stood in the file as it was read; for one added since, where it was put.
        self.offset = offset
        # Raw character data: behind the start tag, and behind the whole node.
        self.head = ""
        self.tail = ""
        self.children: list[Node] = []
        # Empty when self-closing.
        self.end_tag = ""
        # The same node in lxml's tree.
        self.lx: t.Any = None
        self._markup = markup
        self._attributes: dict[str, Attribute] | None = None

    @property
    def markup(self) -> str:
        """Return the start tag, or the whole comment or processing instruction."""
        return self._markup

    @markup.setter
    def markup(self, text: str) -> None:
        self._markup = text
        self._attributes = None

    # -- what it says ------------------------------------------------------

    @property
    def attributes(self) -> dict[str, Attribute]:
        """Return the attributes in the order of the text; namespace declarations are none."""
        # A file can hold many elements: attributes are looked at only where somebody asks for them.
        if self._attributes is None:
            self._attributes = dict(self._read_attributes())
        return self._attributes

    def _read_attributes(self) -> t.Iterator[tuple[str, Attribute]]:
        for match in _ATTRIBUTE.finditer(self._markup, 1 + len(self.tag)):
            name = match.group(2)
            if name == "xmlns" or name.startswith("xmlns:"):
                continue
            value = decoded_value(match.group(3)[1:-1])
            # A DTD may say that a value means something else than it seems to.
            if self.lx.get(self.lxml_name(name)) != value:
                value = None
            yield name, Attribute(match.group(1), match.start(), match.start(3) + 1, match.end(3) - 1, value)

    def lxml_name(self, name: str) -> str:
        """Return the name of an attribute as lxml wants it, with the namespace for a prefix."""
        prefix, _colon, local = name.rpartition(":")
        if not prefix:
            return name
        uri = "http://www.w3.org/XML/1998/namespace" if prefix == "xml" else self.lx.nsmap.get(prefix)
        return f"{{{uri}}}{local}"

    def elements(self, tag: str) -> list[Node]:
        """Return the child elements of this name."""
        return [child for child in self.children if child.kind == "element" and child.tag == tag]

    def get(self, name: str) -> str | None:
        """Return the value of an attribute as Tomcat sees it, or None."""
        value: str | None = self.lx.get(self.lxml_name(name))
        return value

    def values(self) -> dict[str, str]:
        """Return all attributes as Tomcat sees them."""
        return {name: self.get(name) or "" for name in self.attributes}

    @property
    def text(self) -> str | None:
        """Return the text content as Tomcat sees it; None if it has child elements or holds entity references."""
        parts = [self.lx.text or ""]
        for child in self.lx:
            if child.tag not in (etree.Comment, etree.PI):
                return None
            parts.append(child.tail or "")
        return "".join(parts).strip(WHITE_SPACE)

    # -- the text of it ----------------------------------------------------

    @property
    def raw(self) -> str:
        """Return the text of the whole node, without what follows it."""
        pieces: list[str] = []
        self._write(pieces)
        return "".join(pieces)

    def _write(self, pieces: list[str]) -> None:
        pieces.append(self._markup)
        if self.kind == "element":
            pieces.append(self.head)
            for child in self.children:
                child._write(pieces)
                pieces.append(child.tail)
            pieces.append(self.end_tag)

    def walk(self) -> t.Iterator[Node]:
        """Yield the node and all below it, in document order."""
        yield self
        for child in self.children:
            yield from child.walk()

    def siblings_before(self) -> list[Node]:
        """Return the nodes before this one in its parent, the nearest first."""
        if self.parent is None:
            return []
        siblings = self.parent.children
        return siblings[: siblings.index(self)][::-1]

    def siblings_after(self) -> list[Node]:
        """Return the nodes behind this one in its parent."""
        if self.parent is None:
            return []
        siblings = self.parent.children
        return siblings[siblings.index(self) + 1 :]


def scan(text: str, start: int, shift: int = 0) -> tuple[list[Node], int]:
    """Return the element at this offset and all below it in document order, and where the element ends.

    Raises ValueError when the element does not end; lxml has the last word on
    everything else, this only finds out where things stand. `shift` is added to the
    offsets that the nodes remember.
    """
    nodes: list[Node] = []
    # The element that is open, its depth, and the last node that ended in it.
    current: Node | None = None
    depth = 0
    last: Node | None = None
    position = start
    first = _MARKUP.match(text, start)
    if first is None or first.lastgroup != "element":
        raise ValueError("no element begins here")
    for match in _MARKUP.finditer(text, start):
        kind = match.lastgroup
        if kind is None:
            continue
        if current is not None:
            data = text[position : match.start()]
            if last is None:
                current.head = data
            else:
                last.tail = data
        position = match.end()
        if kind == "end":
            if current is None or match["end"] != current.tag:
                raise ValueError("end tag without start tag")
            current.end_tag = match.group()
            last, current = current, current.parent
            depth -= 1
        else:
            node = Node(kind, match.group(), match.start() + shift, current, match["element"] or "")
            nodes.append(node)
            if current is not None:
                current.children.append(node)
            if kind == "element" and text[position - 2] != "/":
                current, last = node, None
                depth += 1
                if depth > MAX_DEPTH:
                    raise ValueError(f"elements are nested more than {MAX_DEPTH} deep")
            else:
                last = node
        if current is None:
            return nodes, position
    raise ValueError("the element does not end")
