# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read Tomcat's XML on the controller, which need not have lxml: elements, attributes, and the line of each."""

# Private to this collection.

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass, field
from xml.parsers import expat

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError
from ansible_collections.roundrobin.tomcat.plugins.module_utils._xml.mask import mask_value


@dataclass
class Element:
    """An element of a file."""

    file: str
    tag: str
    line: int
    attributes: dict[str, str]
    children: list[Element] = field(default_factory=list)
    text: str = ""

    @property
    def place(self) -> tuple[str, int]:
        """Where it stands."""
        return self.file, self.line

    def get(self, name: str, default: str = "") -> str:
        """Return the value of an attribute."""
        return self.attributes.get(name, default)

    def all(self, *tags: str) -> list[Element]:
        """Return the elements of these names right in it."""
        return [child for child in self.children if child.tag in tags]

    def shown(self, *names: str) -> str:
        """Return the tag with some of its attributes, or all of them, without secrets."""
        values = [
            f'{name}="{mask_value(name, value, (), self.attributes)}"'
            for name, value in self.attributes.items()
            if not names or name in names
        ]
        return f"<{' '.join([self.tag, *values])}>"


_PROPERTY = re.compile(r"\$\{([^}:]+)(?::-([^}]*))?\}")


def read(text: str, file: str, properties: t.Mapping[str, str] | None = None) -> Element:
    """Return the root element. Entities of the file's own are refused, nothing outside of the text is read.

    properties: those of the JVM, which Tomcat puts in the place of ${NAME}.
    """
    known = properties or {}

    def value_of(match: re.Match[str]) -> str:
        return known.get(match[1], match[0] if match[2] is None else match[2])

    open_elements: list[Element] = []
    roots: list[Element] = []
    parser = expat.ParserCreate()

    def begin(tag: str, attributes: dict[str, str]) -> None:
        values = {name: _PROPERTY.sub(value_of, value) for name, value in attributes.items()}
        element = Element(file, tag, parser.CurrentLineNumber, values)
        (open_elements[-1].children if open_elements else roots).append(element)
        open_elements.append(element)

    def end(_tag: str) -> None:
        open_elements.pop()

    def characters(data: str) -> None:
        open_elements[-1].text += data

    def entity(*_declaration: t.Any) -> None:
        raise CollectionError(f"{file}:{parser.CurrentLineNumber}: declares an entity, which is not read")

    parser.StartElementHandler = begin
    parser.EndElementHandler = end
    parser.CharacterDataHandler = characters
    parser.EntityDeclHandler = entity
    try:
        parser.Parse(text, True)
    except expat.ExpatError as error:
        raise CollectionError(
            f"{file}:{error.lineno}: is not well-formed XML: {expat.ErrorString(error.code)}"
        ) from error
    return roots[0]
