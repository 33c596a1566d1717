# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Java class files say about supertypes and setters (The Java Virtual Machine Specification, chapter 4)."""

from __future__ import annotations

import dataclasses
import struct
import typing as t

PUBLIC, INTERFACE, ABSTRACT = 0x0001, 0x0200, 0x0400
# Bytes of a constant behind its tag; text (1) has its own length.
_CONSTANT_SIZES = {
    3: 4,
    4: 4,
    5: 8,
    6: 8,
    7: 2,
    8: 2,
    9: 4,
    10: 4,
    11: 4,
    12: 4,
    15: 3,
    16: 2,
    17: 4,
    18: 4,
    19: 2,
    20: 2,
}
# What Tomcat's IntrospectionUtils can make of the text of an attribute.
_FROM_TEXT = {
    *("I", "J", "Z", "Ljava/lang/String;", "Ljava/net/InetAddress;"),
    *("Ljava/lang/Boolean;", "Ljava/lang/Integer;", "Ljava/lang/Long;"),
}


@dataclasses.dataclass(frozen=True)
class JavaClass:
    """One class or interface."""

    name: str
    flags: int
    parents: tuple[str, ...]
    # Flags, name and descriptor of each.
    methods: tuple[tuple[int, str, str], ...]

    @property
    def can_be_created(self) -> bool:
        """Whether it is public, concrete, no inner class, and has a public constructor without arguments."""
        concrete = bool(self.flags & PUBLIC) and not self.flags & (INTERFACE | ABSTRACT) and "$" not in self.name
        return concrete and any(
            flags & PUBLIC and (name, descriptor) == ("<init>", "()V") for flags, name, descriptor in self.methods
        )


def read(data: bytes) -> JavaClass:
    """Read one class file."""
    text, classes, position = _constants(data)
    flags, this, parent, count = struct.unpack_from(">4H", data, position)
    interfaces = struct.unpack_from(f">{count}H", data, position + 8)
    position += 8 + 2 * count
    _fields, position = _members(data, position)
    methods, position = _members(data, position)
    return JavaClass(
        name=text[classes[this]].replace("/", "."),
        flags=flags,
        parents=tuple(text[classes[index]].replace("/", ".") for index in (parent, *interfaces) if index),
        methods=tuple((flags, text[name], text[descriptor]) for flags, name, descriptor in methods),
    )


def _constants(data: bytes) -> tuple[dict[int, str], dict[int, int], int]:
    """The texts, the classes' names (as numbers of texts), and where the constants end."""
    text: dict[int, str] = {}
    classes: dict[int, int] = {}
    (count,) = struct.unpack_from(">H", data, 8)
    position = 10
    number = 1
    while number < count:
        tag = data[position]
        if tag == 1:
            (size,) = struct.unpack_from(">H", data, position + 1)
            text[number] = data[position + 3 : position + 3 + size].decode("utf-8", "replace")
            size += 2
        else:
            size = _CONSTANT_SIZES[tag]
        if tag == 7:
            (classes[number],) = struct.unpack_from(">H", data, position + 1)
        position += 1 + size
        # A long and a double take two numbers.
        number += 2 if tag in (5, 6) else 1
    return text, classes, position


def _members(data: bytes, position: int) -> tuple[list[tuple[int, int, int]], int]:
    """The fields, or the methods, and where they end."""
    members = []
    (count,) = struct.unpack_from(">H", data, position)
    position += 2
    for _member in range(count):
        flags, name, descriptor, attributes = struct.unpack_from(">4H", data, position)
        position += 8
        for _attribute in range(attributes):
            (size,) = struct.unpack_from(">I", data, position + 2)
            position += 6 + size
        members.append((flags, name, descriptor))
    return members, position


def ancestors(classes: t.Mapping[str, JavaClass], name: str) -> set[str]:
    """The class and all that it extends and implements, as far as they are known."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        current = waiting.pop()
        if current in classes and current not in found:
            found.add(current)
            waiting.extend(classes[current].parents)
    return found


def has_method(classes: t.Mapping[str, JavaClass], name: str, method: str) -> bool:
    """Whether the class has or inherits a method of this name."""
    return any(method == found for above in ancestors(classes, name) for _flags, found, _d in classes[above].methods)


def properties(classes: t.Mapping[str, JavaClass], name: str) -> set[str]:
    """The names of what can be set from text."""
    return {
        _property_name(method[3:])
        for above in ancestors(classes, name)
        for flags, method, descriptor in classes[above].methods
        if flags & PUBLIC
        and method.startswith("set")
        and descriptor[1:].split(")")[0] in _FROM_TEXT
        and method != "set"
    }


def _property_name(setter: str) -> str:
    """As a bean's: setPort sets "port", setSSLEnabled sets "SSLEnabled", setX509Name sets "X509Name"."""
    return setter if not setter[1:2].islower() and len(setter) > 1 else setter[:1].lower() + setter[1:]
