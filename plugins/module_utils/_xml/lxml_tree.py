# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""lxml's view of a document: how it is parsed, paired with the tree of the text, and compared."""

# Private to this collection.

from __future__ import annotations

import re
import typing as t

from .lxml_dep import etree
from .text import WHITE_SPACE
from .tree import Node

_WHITE_SPACE = re.compile(f"[{WHITE_SPACE}]+")


def parser(encoding: str | None = None) -> t.Any:
    return etree.XMLParser(
        encoding=encoding,
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        strip_cdata=False,
        remove_comments=False,
        remove_pis=False,
    )


def pair(nodes: t.Sequence[Node], lx_root: t.Any) -> Node | None:
    """Give each node its counterpart of lxml's tree; return the first that the two disagree about."""
    items = list(lx_root.iter(etree.Element, etree.Comment, etree.PI))
    for node, item in zip(nodes, items):
        if node.kind == "element":
            name = item.tag
            agrees = isinstance(name, str) and node.tag.rpartition(":")[2] == name.rpartition("}")[2]
        else:
            agrees = item.tag is (etree.Comment if node.kind == "comment" else etree.PI)
        if not agrees:
            return node
        node.lx = item
    return None if len(nodes) == len(items) else nodes[0]


def detach(lx: t.Any) -> None:
    """Remove an element from lxml's tree, but not the text behind it."""
    parent, previous = lx.getparent(), lx.getprevious()
    if lx.tail:
        if previous is not None:
            previous.tail = (previous.tail or "") + lx.tail
        else:
            parent.text = (parent.text or "") + lx.tail
        lx.tail = None
    parent.remove(lx)


def same(one: t.Any, other: t.Any) -> bool:
    """Tell whether two elements say the same; how much white space there is says nothing."""
    if one.tag != other.tag or _squeezed(one.tail) != _squeezed(other.tail):
        return False
    # Most are the same to the letter, which lxml tells quickly.
    if etree.tostring(one, with_tail=False) == etree.tostring(other, with_tail=False):
        return True
    return (
        isinstance(one.tag, str)
        and dict(one.attrib) == dict(other.attrib)
        and _squeezed(one.text) == _squeezed(other.text)
        and len(one) == len(other)
        and all(map(same, one, other))
    )


def _squeezed(text: str | None) -> list[str]:
    return [word for word in _WHITE_SPACE.split(text) if word] if text else []
