# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Edit an XML file and keep every byte that need not change.

Each edit is made twice: in a tree of the file's own text, which loses nothing, and
in lxml's tree, which understands the document. Before the result is written,
`prove()` parses it again: it must say what lxml's edited tree says.
"""

# Private to this collection.

from __future__ import annotations

import bisect
import re
import typing as t
from dataclasses import dataclass

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError

from .layout import NEWLINE, Layout, attribute_place
from .lxml_dep import etree
from .lxml_tree import detach, pair, parser, same
from .text import (
    WHITE_SPACE,
    check_entities,
    escaped_text,
    escaped_value,
    find_root,
    normalised,
    read_text,
)
from .tree import Node, scan

MAX_BYTES = 10 * 1024 * 1024
_VISIBLE = re.compile(r"\S")
_REST_OF_LINE = re.compile(r"[ \t]*(?:\r\n|\n|\r)")
# An element that itself holds "--" cannot stand in a comment as it is. Such a
# comment begins with this word, and a backslash stands between the hyphens.
_ESCAPED = " escaped: "


@dataclass(frozen=True)
class CommentedElement:
    """An element that stands inside a comment."""

    comment: Node
    # What the comment holds, and where in it the element stands. A comment can hold
    # many elements: no text is copied for each.
    inner: str
    start: int
    end: int
    node: Node

    @property
    def alone(self) -> bool:
        """Tell whether the comment holds nothing else."""
        return not (_VISIBLE.search(self.inner, 0, self.start) or _VISIBLE.search(self.inner, self.end))


class XmlDocument:
    """A parsed XML file that can be edited in place."""

    def __init__(self, data: bytes, path: str) -> None:
        """Decode, check and parse the bytes of the file."""
        self.path = path
        self._bom, self._encoding, self.original = read_text(data, path)
        self._doctype, start = find_root(self.original)
        check_entities(self._doctype, path)
        lx_root = self._parse(data)
        try:
            nodes, end = scan(self.original, start)
        except ValueError as error:
            raise CollectionError(f"{path}: its structure is not understood ({error}); nothing was changed") from error
        self.root = nodes[0]
        self._prolog, self._epilog = self.original[:start], self.original[end:]
        newline = NEWLINE.search(self.original)
        self._layout = Layout(self.root, self._prolog, self._encoding, newline.group() if newline is not None else "\n")
        self._line_ends: list[int] | None = None
        self._by_lx: dict[t.Any, Node] = {}
        wrong = pair(nodes, lx_root)
        if wrong is not None:
            raise CollectionError(f"{path}:{self.line(wrong)}: {wrong.tag or wrong.kind} is not understood")
        self._know(nodes)

    def _parse(self, data: bytes) -> t.Any:
        try:
            return etree.fromstring(data, parser())
        except etree.XMLSyntaxError as error:
            line, column = error.position
            reason = (error.msg or "not well-formed").split(", line ")[0]
            raise CollectionError(f"{self.path}:{line}:{column}: is not well-formed XML: {reason}") from error
        except ValueError as error:
            raise CollectionError(f"{self.path}: cannot be parsed: {error}") from error

    def _know(self, nodes: t.Sequence[Node]) -> None:
        self._by_lx.update((node.lx, node) for node in nodes)

    # -- reading -----------------------------------------------------------

    @property
    def text(self) -> str:
        """Return the text as it is now."""
        return self._prolog + self.root.raw + self._epilog

    def to_bytes(self) -> bytes:
        """Return the document as it would be written."""
        return self._bom + self.text.encode(self._encoding)

    def prove(self) -> None:
        """Parse the result of all edits, and refuse it unless it says what the edited tree says."""
        try:
            result = etree.fromstring(self.to_bytes(), parser())
        except etree.XMLSyntaxError as error:
            raise CollectionError(
                f"{self.path}: the edited file would not parse ({error}); nothing was written"
            ) from error
        if not same(result, self.root.lx):
            raise CollectionError(f"{self.path}: the edit would not have had the wanted effect; nothing was written")

    def line(self, node: Node) -> int:
        """Return the line, counted from 1, in which a node begins in the file as it was read."""
        if self._line_ends is None:
            self._line_ends = [match.end() for match in NEWLINE.finditer(self.original)]
        return bisect.bisect_right(self._line_ends, node.offset) + 1

    def select(self, xpath: str) -> list[Node]:
        """Return the elements that an XPath expression selects."""
        try:
            found = self.root.lx.getroottree().xpath(xpath)
        except etree.XPathError as error:
            raise CollectionError(f"{self.path}: {xpath!r} is not a valid XPath expression: {error}") from error
        nodes = []
        for item in found if isinstance(found, list) else [found]:
            node = self._by_lx.get(item) if etree.iselement(item) else None
            if node is None or node.kind != "element":
                raise CollectionError(
                    f"{self.path}: {xpath!r} selects something other than elements written in this file;"
                    " an expression that selects one element is expected"
                )
            nodes.append(node)
        return nodes

    def describe(self, node: Node) -> str:
        """Return a path to the element that a person recognises it by."""
        parts = []
        current: Node | None = node
        while current is not None:
            label = current.tag
            for key in ("name", "className", "port", "resourceName", "appBase"):
                value = current.get(key)
                if value and current.parent is not None:
                    label += f'[@{key}="{value}"]'
                    break
            parts.append(label)
            current = current.parent
        return "/".join(reversed(parts))

    def commented(self, parent: Node, tag: str) -> list[CommentedElement]:
        """Return the elements of this name that stand in comments directly under the parent."""
        found: list[CommentedElement] = []
        for comment in parent.children:
            if comment.kind != "comment" or f"<{tag}" not in comment.markup:
                continue
            inner = comment.markup[4:-3]
            if inner.startswith(_ESCAPED):
                inner = re.sub(r"-\\(?=[-\\])", "-", inner[len(_ESCAPED) :])
            found.extend(
                CommentedElement(comment, inner, start, end, node)
                for start, end, node in self._fragments(parent, comment, inner, tag)
            )
        return found

    def _fragments(self, parent: Node, comment: Node, inner: str, tag: str) -> t.Iterator[tuple[int, int, Node]]:
        """Find the well-formed elements of this name in the text of a comment."""
        position = 0
        start_of = re.compile(rf"<{re.escape(tag)}(?=[\s/>])")
        spaces = "".join(
            f' xmlns{":" + prefix if prefix else ""}="{escaped_value(uri, chr(34), "utf-8")}"'
            for prefix, uri in parent.lx.nsmap.items()
        )
        while True:
            match = start_of.search(inner, position)
            if match is None:
                return
            position = match.end()
            try:
                nodes, end = scan(inner, match.start(), comment.offset + 4)
                wrapped = f"{self._doctype}<w{spaces}>{inner[match.start() : end]}</w>"
                wrapper = etree.fromstring(wrapped.encode("utf-8"), parser("utf-8"))
            except (ValueError, etree.XMLSyntaxError):
                continue
            if pair(nodes, wrapper[0]) is None:
                yield match.start(), end, nodes[0]
                position = end

    # -- editing: each method changes the text and lxml's tree ---------------

    def set_attributes(self, node: Node, wanted: t.Mapping[str, str], remove: t.Sequence[str] = ()) -> None:
        """Set and remove attributes of an element, each in its place."""
        changes: list[tuple[int, int, str]] = []
        new = []
        for name, value in wanted.items():
            present = node.attributes.get(name)
            if present is None:
                new.append(self._layout.attribute(name, value))
            elif present.value is None:
                raise CollectionError(
                    f"{self.path}:{self.line(node)}: attribute {name} of {node.tag} depends on the DTD (it holds an"
                    " entity reference, for example); it is not replaced, edit it by hand"
                )
            else:
                written = escaped_value(value, node.markup[present.value_end], self._encoding)
                changes.append((present.value_start, present.value_end, written))
        for name in remove:
            changes.append((node.attributes[name].start, node.attributes[name].end, ""))
        if new:
            position, separator = attribute_place(node)
            changes.append((position, position, "".join(separator + attribute for attribute in new)))
        for name, value in wanted.items():
            node.lx.set(node.lxml_name(name), value)
        for name in remove:
            del node.lx.attrib[node.lxml_name(name)]
        markup = node.markup
        for start, end, written in sorted(changes, reverse=True):
            markup = markup[:start] + written + markup[end:]
        node.markup = markup

    def set_text(self, node: Node, text: str) -> None:
        """Set the text content of an element that has no child elements; comments in it stay."""
        if node.text is None:
            raise CollectionError(
                f"{self.path}:{self.line(node)}: the content of {node.tag} is not only text (it holds elements or"
                " entity references); it is not replaced, edit it by hand"
            )
        text = text.strip(WHITE_SPACE)
        if text and not node.end_tag:
            _open(node)
        _indent, newline = self._layout.indent(node)
        places = [(node, "head", "text"), *((child, "tail", "tail") for child in node.children)]
        filled = [place for place in places if getattr(place[0], place[1]).strip(WHITE_SPACE)]
        # The new text takes the place of the first there is; comments may have split the old one.
        for owner, ours, lxmls in filled or places[:1]:
            raw = getattr(owner, ours)
            old = raw.strip(WHITE_SPACE)
            before, after = raw.split(old, 1) if old else ("", raw)
            setattr(owner, ours, before + escaped_text(text, newline, self._encoding) + after)
            setattr(owner.lx, lxmls, text or None)
            text = ""

    def insert(
        self,
        parent: Node,
        tag: str,
        attributes: t.Mapping[str, str],
        later: t.Sequence[str] = (),
        text: str | None = None,
    ) -> Node:
        """Add an element: behind its last namesake, else before the first of `later`, else at the end."""
        namespace = parent.lx.nsmap.get(None)
        node = Node("element", "", parent.offset, parent, tag)
        lx_tag = f"{{{namespace}}}{tag}" if namespace else tag
        node.lx = etree.Element(lx_tag, dict(attributes), nsmap=parent.lx.nsmap)
        siblings = [child for child in parent.children if child.kind == "element"]
        namesakes = [child for child in siblings if child.tag == tag]
        followers = [child for child in siblings if child.tag in later]
        closing = self._layout.closing(namesakes or siblings)
        if namesakes:
            indent, newline = self._put_after(namesakes[-1], node)
        elif followers:
            indent, newline = self._put_before(followers[0], node)
        elif parent.children:
            indent, newline = self._put_after(parent.children[-1], node)
        else:
            indent, newline = self._put_first(parent, node)
        node.markup = self._layout.start_tag(tag, attributes, closing, indent, newline)
        self._know([node])
        if text is not None:
            self.set_text(node, text)
        return node

    def replace(self, node: Node, attributes: t.Mapping[str, str]) -> Node:
        """Put an element of the same name, with these attributes and no content, into the place of another."""
        new = Node("element", "", node.offset, node.parent, node.tag)
        new.lx = etree.Element(node.lx.tag, dict(attributes), nsmap=node.lx.nsmap)
        indent, newline = self._layout.indent(node)
        closing = self._layout.closing([node])
        new.markup = self._layout.start_tag(node.tag, attributes, closing, indent or "", newline)
        self._swap(node, [new])
        return new

    def remove(self, node: Node) -> None:
        """Delete an element, and its lines if it has them to itself."""
        indent, _newline = self._layout.indent(node)
        rest = _REST_OF_LINE.match(node.tail)
        before, after = _raw_before(node), node.tail
        if indent is not None and rest is not None:
            before, after = before[: len(before) - len(indent)], after[rest.end() :]
        _set_raw_before(node, before + after)
        _parent(node).children.remove(node)
        detach(node.lx)

    def disable(self, node: Node) -> None:
        """Put an element into a comment, so that enable() gives the same text back."""
        text = node.raw
        indent, newline = self._layout.indent(node)
        space = " " if indent is None or not NEWLINE.search(text) else newline + indent
        # What marks an escaped comment stands where the white space would.
        self._swap(node, [_comment(("" if "--" in text else space) + text + space, node.offset)])

    def enable(self, found: CommentedElement) -> Node:
        """Take an element out of its comment; other words in the comment stay comments."""
        offset = found.comment.offset
        indent, newline = self._layout.indent(found.comment)
        gap = " " if indent is None else newline + indent
        before, after = found.inner[: found.start].rstrip(), found.inner[found.end :].lstrip()
        nodes = [found.node]
        if before:
            nodes.insert(0, _comment(f"{before} ", offset))
        if after:
            nodes.append(_comment(f" {after}", offset))
        for node in nodes:
            node.tail = gap
        self._swap(found.comment, nodes)
        return found.node

    # -- placing nodes -----------------------------------------------------

    def _swap(self, old: Node, new: t.Sequence[Node]) -> None:
        """Put nodes, and what is in them, into the place of another."""
        parent = _parent(old)
        place = parent.children.index(old)
        parent.children[place : place + 1] = new
        new[-1].tail = old.tail
        tail, old.lx.tail = old.lx.tail, None
        parent.lx.replace(old.lx, new[0].lx)
        for before, after in zip(new, new[1:]):
            before.lx.addnext(after.lx)
        new[-1].lx.tail = tail
        for node in new:
            node.parent = parent
            self._know(list(node.walk()))

    def _put_after(self, ref: Node, node: Node) -> tuple[str, str]:
        """Place a node behind another; return its indentation and line ending (so do the next two)."""
        indent, newline = self._layout.indent(ref)
        # A comment on the same line belongs to the element before it.
        for sibling in ref.siblings_after():
            if sibling.kind != "comment" or ref.tail.strip(" \t"):
                break
            ref = sibling
        siblings = _parent(ref).children
        siblings.insert(siblings.index(ref) + 1, node)
        node.tail, ref.tail = ref.tail, "" if indent is None else newline + indent
        node.offset = ref.offset
        # lxml would put it behind the text that follows.
        node.lx.tail, ref.lx.tail = ref.lx.tail, None
        ref.lx.addnext(node.lx)
        return indent or "", newline

    def _put_before(self, ref: Node, node: Node) -> tuple[str, str]:
        # Comments right above an element, without a blank line between, describe it,
        # unless one of the new element's own kind stands in it.
        for sibling in ref.siblings_before():
            gap = sibling.tail
            if sibling.kind != "comment" or gap.strip() or len(NEWLINE.findall(gap)) != 1:
                break
            if self._layout.indent(sibling)[0] is None or f"<{node.tag}" in sibling.markup:
                break
            ref = sibling
        indent, newline = self._layout.indent(ref)
        siblings = _parent(ref).children
        siblings.insert(siblings.index(ref), node)
        node.tail = "" if indent is None else newline + indent
        node.offset = ref.offset
        ref.lx.addprevious(node.lx)
        return indent or "", newline

    def _put_first(self, parent: Node, node: Node) -> tuple[str, str]:
        outer, newline = self._layout.indent(parent)
        indent = None if outer is None else outer + self._layout.indent_unit(parent, outer)
        if not parent.end_tag:
            _open(parent)
        # Text that is there is left alone, and a line that holds more than the parent stays one.
        if indent is not None and not parent.head.strip(WHITE_SPACE):
            parent.head = newline + indent
            node.tail = f"{newline}{outer}"
        parent.children.append(node)
        parent.lx.append(node.lx)
        return indent or "", newline


def _parent(node: Node) -> Node:
    """Return the parent of a node that is not the root element."""
    if node.parent is None:
        raise CollectionError(f"{node.tag} is the root element; it can be neither removed nor replaced")
    return node.parent


def _raw_before(node: Node) -> str:
    """Return the character data right before a node."""
    before = node.siblings_before()
    return before[0].tail if before else _parent(node).head


def _set_raw_before(node: Node, raw: str) -> None:
    before = node.siblings_before()
    if before:
        before[0].tail = raw
    else:
        _parent(node).head = raw


def _open(node: Node) -> None:
    """Give a self-closing element an end tag."""
    node.markup = node.markup[:-2].rstrip() + ">"
    node.end_tag = f"</{node.tag}>"


def _comment(inner: str, offset: int) -> Node:
    """Return a comment, escaped where its content needs it."""
    if "--" in inner:
        inner = _ESCAPED + re.sub(r"-(?=[-\\])", r"-\\", inner)
    node = Node("comment", f"<!--{inner}-->", offset)
    node.lx = etree.Comment(normalised(inner))
    return node
