# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Edit an XML file and keep every byte that need not change.

lxml understands the document and proves the result; the text itself is edited by
splicing. Each edit is made twice: in the text, and in lxml's tree. The edited text
is then parsed again and must give that very tree, else the edit is refused.
"""

from __future__ import annotations

import bisect
import codecs
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ._errors import CollectionError
from ._lxml_dep import etree

MAX_BYTES = 10 * 1024 * 1024
# What the entities of a document may grow to; real files stay far below.
MAX_ENTITY_CHARS = 1024 * 1024
_LONG_LINE = 120

_BOMS = (
    (codecs.BOM_UTF32_LE, None),
    (codecs.BOM_UTF32_BE, None),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_DECLARED = re.compile(rb"""\A<\?xml[^>]*?\sencoding\s*=\s*["']([A-Za-z][A-Za-z0-9._-]*)["']""")
_MARKUP = re.compile(
    r"<!--.*?-->"
    r"|<!\[CDATA\[.*?\]\]>"
    r"|<\?.*?\?>"
    r"|</[^>]*>"
    r"|<[^\s/>!?](?:[^>\"']|\"[^\"]*\"|'[^']*')*>",
    re.DOTALL,
)
_ATTRIBUTE = re.compile(r"\s+([^\s=]+)\s*=\s*(\"[^\"]*\"|'[^']*')")
_TAG_NAME = re.compile(r"[^\s/>]+")
_REFERENCE = re.compile(r"&(#x[0-9A-Fa-f]+|#[0-9]+|[^;#&\s]+);")
_PREDEFINED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"', "apos": "'"}
_ENTITY_DECLARATION = re.compile(r"<!ENTITY\s+(%\s+)?([^\s\"'%]+)\s+(\"[^\"]*\"|'[^']*')")
_ENTITY_USE = re.compile(r"[&%]([^;#&%\s]+);")
_NEWLINE = re.compile(r"\r\n|\n|\r")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*\Z")
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# An element that itself holds "--" cannot stand in a comment as it is. Such a
# comment begins with this word, and a backslash stands between the hyphens.
_ESCAPED = " escaped: "


@dataclass
class Attribute:
    """One attribute of a start tag; the offsets count characters of the text."""

    name: str
    # Where the white space before the name begins.
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
    """An element, a comment or a processing instruction, and where it stands.

    A file can hold many: attributes are looked at only where somebody asks for them.
    """

    __slots__ = (
        "_attributes",
        "_text",
        "children",
        "close_start",
        "end",
        "kind",
        "lx",
        "open_end",
        "parent",
        "start",
        "tag",
    )

    def __init__(self, kind: str, start: int, end: int, parent: Node | None, text: str, tag: str = "") -> None:
        """Start as an element without end tag, which the scanner may find later."""
        self.kind = kind
        self.start = start
        self.end = end
        self.parent = parent
        self.tag = tag
        # Where the start tag ends, and where the end tag begins (equal when self-closing).
        self.open_end = end
        self.close_start = end
        self.children: list[Node] = []
        self.lx: Any = None
        self._text = text
        self._attributes: dict[str, Attribute] | None = None

    @property
    def attributes(self) -> dict[str, Attribute]:
        """Return the attributes in the order of the text."""
        if self._attributes is None:
            self._attributes = _attributes_of(self._text, self.start + 1 + len(self.tag), self.open_end)
            for name, attribute in self._attributes.items():
                # A DTD may say that a value means something else than it seems to.
                if ":" not in name and name != "xmlns" and self.lx.get(name) != attribute.value:
                    attribute.value = None
        return self._attributes

    def elements(self, tag: str) -> list[Node]:
        """Return the child elements of this name."""
        return [child for child in self.children if child.kind == "element" and child.tag == tag]

    def get(self, name: str) -> str | None:
        """Return the value of an attribute as Tomcat sees it, or None."""
        attribute = self.attributes.get(name)
        if attribute is None:
            return None
        value: str | None = self.lx.get(name) if attribute.value is None else attribute.value
        return value

    def values(self) -> dict[str, str]:
        """Return all attributes as Tomcat sees them."""
        return {name: self.get(name) or "" for name in self.attributes}


@dataclass(frozen=True)
class CommentedElement:
    """An element that stands inside a comment."""

    comment: Node
    # Offsets of the element within the comment's decoded inner text.
    start: int
    end: int
    inner: str
    node: Node

    @property
    def alone(self) -> bool:
        """Tell whether the comment holds nothing else."""
        return not self.inner[: self.start].strip() and not self.inner[self.end :].strip()


@dataclass(frozen=True)
class Splice:
    """Put `text` in the place of what stands from start to end."""

    start: int
    end: int
    text: str


class XmlDocument:
    """A parsed XML file that can be edited in place."""

    text: str
    root: Node

    def __init__(self, data: bytes, path: str) -> None:
        """Decode, check and parse the bytes of the file."""
        self.path = path
        self.bom, self.encoding = _sniff(data, path)
        try:
            text = data[len(self.bom) :].decode(self.encoding)
        except UnicodeDecodeError as exc:
            line = data.count(b"\n", 0, exc.start) + 1
            raise CollectionError(
                f"{path}:{line}: byte {data[exc.start + len(self.bom)]:#04x} is not valid {self.encoding};"
                " save the file in the encoding that it declares"
            ) from exc
        if self.bom + text.encode(self.encoding) != data:
            raise CollectionError(f"{path}: its encoding {self.encoding} cannot be written back byte for byte")
        self._load(text)

    # -- reading -----------------------------------------------------------

    def line(self, offset: int) -> int:
        """Return the line number of an offset, counted from 1."""
        return bisect.bisect_right(self._line_starts, offset)

    def to_bytes(self) -> bytes:
        """Return the document as it would be written."""
        return self.bom + self.text.encode(self.encoding)

    def select(self, xpath: str) -> list[Node]:
        """Return the elements that an XPath expression selects."""
        try:
            found = self.root.lx.getroottree().xpath(xpath)
        except etree.XPathError as exc:
            raise CollectionError(f"{self.path}: {xpath!r} is not a valid XPath expression: {exc}") from exc
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

    def node_at(self, start: int) -> Node:
        """Return the element whose start tag begins at this offset."""
        return self._by_start[start]

    def commented(self, parent: Node, tag: str) -> list[CommentedElement]:
        """Return the elements of this name that stand in comments directly under the parent."""
        found: list[CommentedElement] = []
        for comment in parent.children:
            if comment.kind != "comment":
                continue
            inner = self.text[comment.start + 4 : comment.end - 3]
            if f"<{tag}" not in inner:
                continue
            if inner.startswith(_ESCAPED):
                inner = re.sub(r"-\\(?=[-\\])", "-", inner[len(_ESCAPED) :])
            found.extend(
                CommentedElement(comment, start, end, inner, node)
                for start, end, node in self._fragments(parent, inner, tag)
            )
        return found

    # -- editing: each method changes text and tree, and proves that they agree --

    def set_attributes(self, node: Node, wanted: Mapping[str, str], remove: Sequence[str] = ()) -> Node:
        """Set and remove attributes of one element; return the element as it is then."""
        splices = []
        new = []
        for name, value in wanted.items():
            present = node.attributes.get(name)
            if present is None:
                new.append(f'{name}="{self._escape(value, chr(34))}"')
            elif present.value is None:
                raise CollectionError(
                    f"{self.path}:{self.line(present.start)}: attribute {name} of {node.tag} depends on the DTD (it holds an"
                    " entity reference, for example); it is not replaced, edit it by hand"
                )
            else:
                quote = self.text[present.value_end]
                splices.append(Splice(present.value_start, present.value_end, self._escape(value, quote)))
            node.lx.set(name, value)
        for name in remove:
            present = node.attributes[name]
            splices.append(Splice(present.start, present.end, ""))
            del node.lx.attrib[name]
        if new:
            position, separator = self._attribute_place(node)
            splices.append(Splice(position, position, "".join(separator + attribute for attribute in new)))
        start = node.start
        self._commit(splices)
        return self.node_at(start)

    def insert(self, parent: Node, tag: str, attributes: Mapping[str, str], later: Sequence[str] = ()) -> Node:
        """Add an element: behind its last namesake, else before the first of `later`, else at the end."""
        namespace = parent.lx.nsmap.get(None)
        lx = etree.Element(f"{{{namespace}}}{tag}" if namespace else tag, nsmap=parent.lx.nsmap)
        for name, value in attributes.items():
            lx.set(name, value)
        namesakes = parent.elements(tag)
        followers = [child for child in parent.children if child.kind == "element" and child.tag in later]
        closing = " />"
        for node in namesakes or [child for child in parent.children if child.kind == "element"]:
            if self.text.endswith("/>", node.start, node.open_end):
                closing = " />" if self.text[node.open_end - 3].isspace() else "/>"
        if namesakes:
            splice, offset = self._insert_after(namesakes[-1], lx, tag, attributes, closing)
        elif followers:
            splice, offset = self._insert_before(followers[0], lx, tag, attributes, closing)
        elif parent.children:
            splice, offset = self._insert_after(parent.children[-1], lx, tag, attributes, closing)
        else:
            splice, offset = self._insert_first(parent, lx, tag, attributes, closing)
        self._commit([splice])
        return self.node_at(offset)

    def replace(self, node: Node, attributes: Mapping[str, str]) -> Node:
        """Put an element of the same name, with these attributes and no content, into the place of another."""
        lx = etree.Element(node.lx.tag, nsmap=node.lx.nsmap)
        for name, value in attributes.items():
            lx.set(name, value)
        lx.tail, node.lx.tail = node.lx.tail, None
        node.lx.getparent().replace(node.lx, lx)
        _line_start, indent = self._indent(node.start)
        element = self._render(indent or "", node.tag, attributes, " />", self._eol(node.start))
        start = node.start
        self._commit([Splice(start, node.end, element)])
        return self.node_at(start)

    def remove(self, node: Node) -> None:
        """Delete an element, and its lines if it has them to itself."""
        start, end = node.start, node.end
        line_start, indent = self._indent(start)
        rest = re.compile(r"[ \t]*(?:\r\n|\n|\r)").match(self.text, end)
        if indent is not None and rest is not None:
            start, end = line_start, rest.end()
        _detach(node.lx)
        self._commit([Splice(start, end, "")])

    def disable(self, node: Node) -> None:
        """Put an element into a comment, so that enable() gives the same text back."""
        text = self.text[node.start : node.end]
        before, after = " ", " "
        _line_start, indent = self._indent(node.start)
        if indent is not None and _NEWLINE.search(text):
            before = after = self._eol(node.start) + indent
        if "--" in text:
            text = re.sub(r"-(?=[-\\])", r"-\\", text)
            before = _ESCAPED
        inner = before + text + after
        comment = etree.Comment(_normalised(inner))
        comment.tail, node.lx.tail = node.lx.tail, None
        node.lx.getparent().replace(node.lx, comment)
        self._commit([Splice(node.start, node.end, f"<!--{inner}-->")])

    def enable(self, found: CommentedElement) -> Node:
        """Take an element out of its comment; other words in the comment stay comments."""
        comment = found.comment
        element = found.inner[found.start : found.end]
        before = found.inner[: found.start]
        after = found.inner[found.end :]
        _line_start, indent = self._indent(comment.start)
        gap = " " if indent is None else self._eol(comment.start) + indent
        lead = f"<!--{before.rstrip()} -->{gap}" if before.strip() else ""
        trail = f"{gap}<!-- {after.lstrip()}-->" if after.strip() else ""
        lx = found.node.lx
        lx.tail, comment.lx.tail = comment.lx.tail, None
        comment.lx.getparent().replace(comment.lx, lx)
        if lead:
            lx.addprevious(etree.Comment(_normalised(lead[4 : -3 - len(gap)])))
        if trail:
            lx.addnext(etree.Comment(_normalised(trail[len(gap) + 4 : -3])))
        start = comment.start + len(lead)
        self._commit([Splice(comment.start, comment.end, lead + element + trail)])
        return self.node_at(start)

    # -- how the text of an edit looks -------------------------------------

    def _escape(self, value: str, quote: str) -> str:
        out = []
        for char in value:
            if char == "&":
                out.append("&amp;")
            elif char == "<":
                out.append("&lt;")
            elif char == quote:
                out.append("&quot;" if quote == '"' else "&apos;")
            elif char in "\t\n\r":
                out.append(f"&#{ord(char)};")
            elif ord(char) > 126 and not self._encodable(char):
                out.append(f"&#x{ord(char):X};")
            else:
                out.append(char)
        return "".join(out)

    def _encodable(self, char: str) -> bool:
        try:
            char.encode(self.encoding)
        except UnicodeEncodeError:
            return False
        return True

    def _attribute_place(self, node: Node) -> tuple[int, str]:
        """Return where a new attribute goes and the white space before it.

        Where each attribute has its own line, so does the new one, and no line
        that is there already changes.
        """
        present = list(node.attributes.values())
        if not present:
            return node.start + 1 + len(node.tag), " "
        last = present[-1]
        name = re.compile(r"\s+").match(self.text, last.start)
        separator = name.group(0) if name is not None else " "
        if not _NEWLINE.search(separator):
            return last.end, " "
        if _NEWLINE.search(self.text, last.end, node.open_end):
            return last.end, separator
        return last.start, separator

    def _render(self, indent: str, tag: str, attributes: Mapping[str, str], closing: str, eol: str) -> str:
        parts = [f'{name}="{self._escape(value, chr(34))}"' for name, value in attributes.items()]
        line = " ".join([f"<{tag}", *parts]) + closing
        if len(indent) + len(line) <= _LONG_LINE or len(parts) < 2:
            return line
        return f"<{tag} " + (eol + indent + " " * (len(tag) + 2)).join(parts) + closing

    def _insert_after(
        self, ref: Node, lx: Any, tag: str, attributes: Mapping[str, str], closing: str
    ) -> tuple[Splice, int]:
        _line_start, indent = self._indent(ref.start)
        # A comment on the same line belongs to the element before it.
        siblings = ref.parent.children if ref.parent is not None else []
        for node in siblings[siblings.index(ref) + 1 :]:
            if node.kind != "comment" or self.text[ref.end : node.start].strip(" \t"):
                break
            ref = node
        ref.lx.addnext(lx)
        lead = "" if indent is None else self._eol(ref.start) + indent
        element = self._render(indent or "", tag, attributes, closing, self._eol(ref.start))
        return Splice(ref.end, ref.end, lead + element), ref.end + len(lead)

    def _insert_before(
        self, ref: Node, lx: Any, tag: str, attributes: Mapping[str, str], closing: str
    ) -> tuple[Splice, int]:
        # Comments right above an element, without a blank line between, describe it.
        siblings = ref.parent.children if ref.parent is not None else []
        for node in reversed(siblings[: siblings.index(ref)]):
            gap = self.text[node.end : ref.start]
            if node.kind != "comment" or gap.strip() or len(_NEWLINE.findall(gap)) != 1:
                break
            if self._indent(node.start)[1] is None:
                break
            ref = node
        ref.lx.addprevious(lx)
        _line_start, indent = self._indent(ref.start)
        eol = self._eol(ref.start)
        element = self._render(indent or "", tag, attributes, closing, eol)
        return Splice(ref.start, ref.start, element + ("" if indent is None else eol + indent)), ref.start

    def _insert_first(
        self, parent: Node, lx: Any, tag: str, attributes: Mapping[str, str], closing: str
    ) -> tuple[Splice, int]:
        parent.lx.append(lx)
        eol = self._eol(parent.start)
        outer = re.compile(r"[ \t]*").match(self.text, self._line_start(parent.start))
        outer_indent = outer.group(0) if outer is not None else ""
        indent = outer_indent + self._indent_unit(parent, outer_indent)
        element = self._render(indent, tag, attributes, closing, eol)
        lead = eol + indent
        tail = eol + outer_indent
        if parent.close_start == parent.open_end == parent.end:
            slash = parent.open_end - 2
            while self.text[slash - 1].isspace():
                slash -= 1
            return Splice(slash, parent.end, f">{lead}{element}{tail}</{parent.tag}>"), slash + 1 + len(lead)
        if self.text[parent.open_end : parent.close_start].strip():
            return Splice(parent.close_start, parent.close_start, element), parent.close_start
        return Splice(parent.open_end, parent.close_start, lead + element + tail), parent.open_end + len(lead)

    def _indent_unit(self, parent: Node, outer_indent: str) -> str:
        """Return what one level of indentation is in this file."""
        if parent.parent is not None:
            _start, grand = self._indent(parent.parent.start)
            if grand is not None and outer_indent.startswith(grand) and len(outer_indent) > len(grand):
                return outer_indent[len(grand) :]
        for node in self.root.children:
            _start, indent = self._indent(node.start)
            if indent:
                return indent
        return "    "

    def _line_start(self, offset: int) -> int:
        return self._line_starts[self.line(offset) - 1]

    def _indent(self, offset: int) -> tuple[int, str | None]:
        """Return the start of the line, and the white space up to offset if nothing else stands there."""
        start = self._line_start(offset)
        lead = self.text[start:offset]
        return start, None if lead.strip(" \t") else lead

    def _eol(self, offset: int) -> str:
        """Return the line ending in use around the offset."""
        line = self.line(offset)
        # The line before, else this line, if it has an end at all.
        for number in (line - 1, line):
            if 1 <= number < len(self._line_starts):
                end = self._line_starts[number]
                return "\r\n" if self.text[end - 2 : end] == "\r\n" else self.text[end - 1]
        return "\n"

    # -- parsing and proving -----------------------------------------------

    def _load(self, text: str) -> None:
        data = self.bom + text.encode(self.encoding)
        doctype, body = _prolog(text)
        _check_entities(doctype, self.path)
        lx_root = self._parse(data)
        self.text = text
        self._doctype = doctype
        self._line_starts = [0, *(match.end() for match in _NEWLINE.finditer(text))]
        nodes = list(_scan(text, body))
        lx_nodes = [
            item for item in lx_root.iter() if isinstance(item.tag, str) or item.tag in (etree.Comment, etree.PI)
        ]
        if len(nodes) != len(lx_nodes):
            raise CollectionError(f"{self.path}: its structure is not understood; nothing was changed")
        for node, item in zip(nodes, lx_nodes):
            self._agree(node, item)
            node.lx = item
        self.root = nodes[0]
        self._by_lx = {node.lx: node for node in nodes}
        self._by_start = {node.start: node for node in nodes}

    def _parse(self, data: bytes) -> Any:
        try:
            return etree.fromstring(data, _parser())
        except etree.XMLSyntaxError as exc:
            line, column = exc.position
            reason = (exc.msg or "not well-formed").split(", line ")[0]
            raise CollectionError(f"{self.path}:{line}:{column}: is not well-formed XML: {reason}") from exc
        except ValueError as exc:
            raise CollectionError(f"{self.path}: cannot be parsed: {exc}") from exc

    def _agree(self, node: Node, item: Any) -> None:
        """Make sure that the text scanner and lxml see the same thing."""
        if node.kind == "element":
            name = item.tag
            agrees = isinstance(name, str) and node.tag.rpartition(":")[2] == name.rpartition("}")[2]
        else:
            agrees = item.tag is (etree.Comment if node.kind == "comment" else etree.PI)
        if not agrees:
            raise CollectionError(
                f"{self.path}:{self.line(node.start)}: {node.tag or node.kind} is not understood; nothing was changed"
            )

    def _fragments(self, parent: Node, inner: str, tag: str) -> Iterator[tuple[int, int, Node]]:
        """Find the well-formed elements of this name in the text of a comment."""
        position = 0
        start_of = re.compile(rf"<{re.escape(tag)}(?=[\s/>])")
        while True:
            match = start_of.search(inner, position)
            if match is None:
                return
            position = match.end()
            try:
                nodes = list(_scan(inner, match.start()))
            except (ValueError, OverflowError):
                continue
            end = nodes[0].end
            spaces = "".join(
                f' xmlns{":" + prefix if prefix else ""}="{self._escape(uri, chr(34))}"'
                for prefix, uri in parent.lx.nsmap.items()
            )
            wrapped = f"{self._doctype}<w{spaces}>{inner[match.start() : end]}</w>"
            try:
                wrapper = etree.fromstring(wrapped.encode("utf-8"), _parser("utf-8"))
            except etree.XMLSyntaxError:
                continue
            nodes[0].lx = wrapper[0]
            yield match.start(), end, nodes[0]
            position = end

    def _commit(self, splices: Sequence[Splice]) -> None:
        """Apply the edits to the text and prove that it now says what the edited tree says."""
        parts: list[str] = []
        position = 0
        for splice in sorted(splices, key=lambda item: (item.start, item.end)):
            parts.extend((self.text[position : splice.start], splice.text))
            position = splice.end
        parts.append(self.text[position:])
        wanted = self.root.lx
        self._load("".join(parts))
        # Most often the two are the same to the letter, which lxml tells quickly.
        if etree.tostring(self.root.lx) != etree.tostring(wanted) and _signature(self.root.lx) != _signature(wanted):
            raise CollectionError(f"{self.path}: the edit would not have had the wanted effect; nothing was written")


def check_name(name: str, what: str) -> None:
    """Refuse what cannot be the plain name of an element or attribute."""
    if not _NAME.match(name) or name.lower().startswith("xml"):
        raise CollectionError(
            f"{name!r} cannot be {what}; letters, digits, '_', '-' and '.' are accepted, beginning with a letter"
        )


def illegal_character(value: str) -> str | None:
    """Return the first character that no XML document can hold, as U+XXXX, or None."""
    match = _NOT_XML.search(value)
    return None if match is None else f"U+{ord(match.group(0)):04X}"


def _parser(encoding: str | None = None) -> Any:
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


def _sniff(data: bytes, path: str) -> tuple[bytes, str]:
    """Return the byte order mark, if any, and the encoding (what XML 1.0, appendix F says)."""
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            if encoding is None:
                raise CollectionError(f"{path}: is in UTF-32, which is not supported; UTF-8 is expected")
            return bom, encoding
    for start, encoding in ((b"<\0?\0", "utf-16-le"), (b"\0<\0?", "utf-16-be")):
        if data.startswith(start):
            return b"", encoding
    declared = _DECLARED.match(data)
    name = declared.group(1).decode("ascii") if declared is not None else "utf-8"
    try:
        return b"", codecs.lookup(name).name
    except LookupError as exc:
        raise CollectionError(f"{path}:1: encoding {name!r} is unknown; UTF-8 is expected") from exc


def _prolog(text: str) -> tuple[str, int]:
    """Return the DOCTYPE declaration, if any, and where the root element begins (or the text ends)."""
    doctype = ""
    position = 0
    while True:
        position = text.find("<", position)
        if position < 0:
            return doctype, len(text)
        if text.startswith("<!--", position):
            position = _behind(text, "-->", position + 4)
        elif text.startswith("<?", position):
            position = _behind(text, "?>", position + 2)
        elif text.startswith("<!", position):
            end = _doctype_end(text, position)
            doctype = text[position:end]
            position = end
        else:
            return doctype, position


def _behind(text: str, closing: str, position: int) -> int:
    found = text.find(closing, position)
    return len(text) if found < 0 else found + len(closing)


def _doctype_end(text: str, position: int) -> int:
    """Return the offset behind a DOCTYPE declaration with its internal subset."""
    token = re.compile(r"<!--.*?-->|<\?.*?\?>|\"[^\"]*\"|'[^']*'|[\[\]<>]", re.DOTALL)
    depth = 0
    for match in token.finditer(text, position):
        if match.group(0) in ("<", "["):
            depth += 1
        elif match.group(0) in (">", "]"):
            depth -= 1
            if depth == 0:
                return match.end()
    return len(text)


def _check_entities(doctype: str, path: str) -> None:
    """Refuse a DTD whose entities would grow without measure, before any parser sees it."""
    values = {match.group(2): match.group(3)[1:-1] for match in _ENTITY_DECLARATION.finditer(doctype)}
    sizes: dict[str, int] = {}

    def _size(name: str, above: frozenset[str]) -> int:
        if name in above or len(above) > 40:
            return MAX_ENTITY_CHARS + 1
        if name not in sizes:
            value = values.get(name, "")
            sizes[name] = len(value) + sum(
                _size(used, above | {name}) for used in _ENTITY_USE.findall(value) if used in values
            )
        return sizes[name]

    for name in values:
        if _size(name, frozenset()) > MAX_ENTITY_CHARS:
            raise CollectionError(
                f"{path}: entity {name!r} refers to itself or expands to more than {MAX_ENTITY_CHARS} characters;"
                " such a file is not read"
            )


def _scan(text: str, position: int) -> Iterator[Node]:
    """Yield the element at this offset and what is in it, in document order.

    Raises ValueError when the element does not end; lxml has the last word on
    everything else, this only finds out where things stand.
    """
    stack: list[Node] = []
    while True:
        match = _MARKUP.search(text, position)
        if match is None or (not stack and match.start() != position):
            raise ValueError("the element does not end")
        position = match.end()
        token = match.group(0)
        parent = stack[-1] if stack else None
        if token.startswith("<!["):
            continue
        if token.startswith("</"):
            if parent is None or token[2:-1].strip() != parent.tag:
                raise ValueError("end tag without start tag")
            parent.close_start, parent.end = match.span()
            stack.pop()
            if not stack:
                return
            continue
        if token.startswith(("<!--", "<?")):
            node = Node("comment" if token.startswith("<!") else "pi", match.start(), position, parent, text)
        else:
            name = _TAG_NAME.match(token, 1)
            if name is None:
                raise ValueError("no element name")
            node = Node("element", match.start(), position, parent, text, name.group(0))
        if parent is not None:
            parent.children.append(node)
        yield node
        if node.kind == "element":
            if token.endswith("/>"):
                if parent is None:
                    return
            else:
                stack.append(node)


def _attributes_of(text: str, start: int, end: int) -> dict[str, Attribute]:
    attributes = {}
    for match in _ATTRIBUTE.finditer(text, start, end):
        value_start, value_end = match.start(2) + 1, match.end(2) - 1
        attributes[match.group(1)] = Attribute(
            match.group(1), match.start(), value_start, value_end, _decoded(text[value_start:value_end])
        )
    return attributes


def _decoded(raw: str) -> str | None:
    """Return an attribute value as a parser reports it; None if it needs the DTD."""
    raw = raw.replace("\r\n", " ").translate({9: " ", 10: " ", 13: " "})
    if "&" not in raw:
        return raw
    known = True

    def _replace(match: re.Match[str]) -> str:
        nonlocal known
        name = match.group(1)
        if name.startswith("#x"):
            return chr(int(name[2:], 16))
        if name.startswith("#"):
            return chr(int(name[1:]))
        known = known and name in _PREDEFINED
        return _PREDEFINED.get(name, "")

    value = _REFERENCE.sub(_replace, raw)
    return value if known else None


def _detach(lx: Any) -> None:
    """Remove an element from lxml's tree, but not the text behind it."""
    parent, previous = lx.getparent(), lx.getprevious()
    if lx.tail:
        if previous is not None:
            previous.tail = (previous.tail or "") + lx.tail
        else:
            parent.text = (parent.text or "") + lx.tail
        lx.tail = None
    parent.remove(lx)


def _normalised(text: str) -> str:
    """Return text with line endings as a parser reports them."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _signature(root: Any) -> list[tuple[Any, ...]]:
    """Return all that a document says; white space between elements says nothing."""
    number: dict[Any, int] = {}
    out: list[tuple[Any, ...]] = []
    for index, item in enumerate(root.iter()):
        number[item] = index
        above = number.get(item.getparent(), -1)
        tail = _squeezed(item.tail) if index else ""
        if isinstance(item.tag, str):
            out.append((above, item.tag, sorted(item.attrib.items()), _squeezed(item.text), tail))
        elif item.tag is etree.Entity:
            out.append((above, "&", item.name, tail))
        else:
            out.append((above, item.tag.__name__, getattr(item, "target", ""), item.text, tail))
    return out


def _squeezed(text: str | None) -> str:
    return "".join(text.split()) if text else ""
