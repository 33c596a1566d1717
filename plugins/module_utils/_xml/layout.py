# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the text of an XML file looks around a node, and how new text is made to look alike."""

# Private to this collection.

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass
from itertools import chain

from .text import escaped_value
from .tree import Node

NEWLINE = re.compile(r"\r\n|\n|\r")
_LONG_LINE = 120
_INDENTED = re.compile(r"[\r\n]([ \t]+)\Z")


@dataclass(frozen=True)
class Layout:
    """How one file is written."""

    root: Node
    # What stands before the root element.
    prolog: str
    encoding: str
    # The line ending where none is near.
    newline: str

    def indent(self, node: Node) -> tuple[str | None, str]:
        """Return the indentation of a node if it begins its line, and how the line before ends."""
        line, newline = "", self.newline
        for piece in self._backwards(node):
            end = max(piece.rfind("\n"), piece.rfind("\r"))
            line = piece[end + 1 :] + line
            if end >= 0:
                newline = "\r\n" if piece.endswith("\r\n", 0, end + 1) else piece[end]
                break
        return None if line.strip(" \t") else line, newline

    def _backwards(self, node: Node) -> t.Iterator[str]:
        """Yield the text before a node, the nearest first."""
        current = node
        while current.parent is not None:
            for sibling in current.siblings_before():
                yield sibling.tail
                yield sibling.raw
            current = current.parent
            yield current.head
            yield current.markup
        yield self.prolog

    def indent_unit(self, parent: Node, outer: str) -> str:
        """Return what one level of indentation is in this file."""
        if parent.parent is not None:
            grand, _newline = self.indent(parent.parent)
            if grand is not None and outer.startswith(grand) and len(outer) > len(grand):
                return outer[len(grand) :]
        for raw in (self.root.head, *(child.tail for child in self.root.children)):
            indented = _INDENTED.search(raw)
            if indented is not None:
                return indented.group(1)
        return "    "

    def closing(self, alike: t.Sequence[Node]) -> str:
        """Return how an empty element ends: as those alike do, else as the first in the file does."""
        for node in chain(reversed(alike), self.root.walk()):
            if node.kind == "element" and not node.end_tag:
                return " />" if node.markup[-3].isspace() else "/>"
        return " />"

    def attribute(self, name: str, value: str) -> str:
        """Return an attribute as it stands in a start tag."""
        return f'{name}="{escaped_value(value, chr(34), self.encoding)}"'

    def start_tag(self, tag: str, attributes: t.Mapping[str, str], closing: str, indent: str, newline: str) -> str:
        """Return the tag of a new element; each attribute has a line of its own if one line would be long."""
        parts = [self.attribute(name, value) for name, value in attributes.items()]
        line = " ".join([f"<{tag}", *parts]) + closing
        if len(indent) + len(line) <= _LONG_LINE or len(parts) < 2:
            return line
        return f"<{tag} " + (newline + indent + " " * (len(tag) + 2)).join(parts) + closing


def attribute_place(node: Node) -> tuple[int, str]:
    """Return where a new attribute goes in the start tag and the white space before it.

    Where each attribute has its own line, so does the new one, and no line
    that is there already changes.
    """
    present = list(node.attributes.values())
    if not present:
        return 1 + len(node.tag), " "
    last = present[-1]
    if not NEWLINE.search(last.space):
        return last.end, " "
    if NEWLINE.search(node.markup, last.end):
        return last.end, last.space
    return last.start, last.space
