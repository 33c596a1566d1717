# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The text of an XML file: its encoding, what stands before the root element, and how characters are written."""

# Private to this collection.

from __future__ import annotations

import codecs
import re

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError

# What the entities of a document may grow to; real files stay far below.
MAX_ENTITY_CHARS = 1024 * 1024
# What XML calls white space; Python's str.strip() would take more.
WHITE_SPACE = " \t\r\n"

_BOMS = (
    (codecs.BOM_UTF32_LE, None),
    (codecs.BOM_UTF32_BE, None),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_DECLARED = re.compile(rb"""\A<\?xml[^>]*?\sencoding\s*=\s*["']([A-Za-z][A-Za-z0-9._-]*)["']""")
_DOCTYPE_TOKEN = re.compile(r"<!--.*?-->|<\?.*?\?>|\"[^\"]*\"|'[^']*'|[\[\]<>]", re.DOTALL)
_ENTITY_DECLARATION = re.compile(r"<!ENTITY\s+(%\s+)?([^\s\"'%]+)\s+(\"[^\"]*\"|'[^']*')")
_ENTITY_USE = re.compile(r"[&%]([^;#&%\s]+);")
_REFERENCE = re.compile(r"&(#x[0-9A-Fa-f]+|#[0-9]+|[^;#&\s]+);")
_PREDEFINED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"', "apos": "'"}
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*\Z")
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def read_text(data: bytes, path: str) -> tuple[bytes, str, str]:
    """Return the byte order mark, if any, the encoding, and the text of a file."""
    bom, encoding = _sniff(data, path)
    body = data[len(bom) :]
    try:
        text = body.decode(encoding)
    except UnicodeDecodeError as error:
        line = normalised(body[: error.start].decode(encoding, "replace")).count("\n") + 1
        raise CollectionError(
            f"{path}:{line}: byte {body[error.start]:#04x} is not valid {encoding};"
            " save the file in the encoding that it declares"
        ) from error
    if bom + text.encode(encoding) != data:
        raise CollectionError(f"{path}: its encoding {encoding} cannot be written back byte for byte")
    return bom, encoding, text


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
        # Python has codecs that are no text encodings, such as hex; these fail here.
        " ".encode(name)
        return b"", codecs.lookup(name).name
    except (LookupError, UnicodeError) as error:
        raise CollectionError(f"{path}:1: encoding {name!r} is unknown; UTF-8 is expected") from error


# -- what stands before the root element -----------------------------------


def find_root(text: str) -> tuple[str, int]:
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
    depth = 0
    for match in _DOCTYPE_TOKEN.finditer(text, position):
        if match.group(0) in ("<", "["):
            depth += 1
        elif match.group(0) in (">", "]"):
            depth -= 1
            if depth == 0:
                return match.end()
    return len(text)


def check_entities(doctype: str, path: str) -> None:
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


# -- how characters are written --------------------------------------------


def normalised(text: str) -> str:
    """Return text with line endings as a parser reports them."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def decoded_value(raw: str) -> str | None:
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


def escaped_value(value: str, quote: str, encoding: str) -> str:
    """Return an attribute value as it stands between these quotes."""
    value = value.replace("&", "&amp;").replace("<", "&lt;")
    value = value.replace(quote, "&quot;" if quote == '"' else "&apos;")
    for char in "\t\n\r":
        value = value.replace(char, f"&#{ord(char)};")
    return _written_in(value, encoding)


def escaped_text(text: str, eol: str, encoding: str) -> str:
    """Return text as it stands between tags, in lines that end as those of the file."""
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace("]]>", "]]&gt;")
    return _written_in(text.replace("\r", "&#13;").replace("\n", eol), encoding)


def _written_in(text: str, encoding: str) -> str:
    """Put a character reference in the place of what the encoding does not have."""
    return text.encode(encoding, "xmlcharrefreplace").decode(encoding)


def check_name(name: str, what: str) -> None:
    """Refuse what cannot be the plain name of an element or attribute."""
    if not _NAME.match(name) or name == "xmlns":
        raise CollectionError(
            f"{name!r} cannot be {what}; letters, digits, '_', '-' and '.' are accepted, beginning with a letter"
        )


def illegal_character(value: str) -> str | None:
    """Return the first character that no XML document can hold, as U+XXXX, or None."""
    match = _NOT_XML.search(value)
    return None if match is None else f"U+{ord(match.group(0)):04X}"
