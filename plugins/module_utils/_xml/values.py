# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what a user writes in an option to what can stand in an XML file, or a reason why it cannot."""

# Private to this collection.

from __future__ import annotations

import difflib
import re
import typing as t

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError

from .mask import MASK, is_secret
from .text import WHITE_SPACE, check_name, illegal_character

_CLASS_NAME = re.compile(r"[A-Za-z_$][\w$]*(\.[A-Za-z_$][\w$]*)*\Z", re.ASCII)
_PLACEHOLDER = re.compile(r"\$\{[^{}]+\}")


def attribute_values(given: t.Mapping[str, t.Any] | None, where: str, also: t.Iterable[str] = ()) -> dict[str, str]:
    """Return attributes as text: true/false for booleans, digits for numbers."""
    out = {}
    for name, value in (given or {}).items():
        check_name(str(name), f"the name of an attribute ({where})")
        out[str(name)] = attribute_value(str(name), value, where, also)
    return out


def attribute_value(name: str, value: t.Any, where: str, also: t.Iterable[str] = ()) -> str:
    """Return one attribute value as text, or say why it cannot be one."""
    if value is None:
        raise CollectionError(
            f"{where}: attribute {name} has no value; give a string, number or boolean,"
            " or list the name in attributes_to_remove"
        )
    return _plain(value, f"{where}: attribute {name}", is_secret(name, also))


def text_value(tag: str, value: t.Any, where: str, also: t.Iterable[str] = ()) -> str | None:
    """Return the text of an element without the white space around it, which Tomcat ignores; None if not given."""
    return None if value is None else _plain(value, f"{where}: text", is_secret(tag, also)).strip(WHITE_SPACE)


def _plain(value: t.Any, what: str, secret: bool) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    if not isinstance(value, str):
        raise CollectionError(f"{what} is a {type(value).__name__}; a string, number or boolean is expected")
    bad = illegal_character(value)
    if bad is not None:
        shown = "" if secret else f" in {value!r}"
        raise CollectionError(f"{what} holds the character {bad}{shown}, which XML does not allow")
    if MASK in value:
        raise CollectionError(
            f"{what} holds {MASK}, which stands for a secret in output; the secret itself is expected"
        )
    return value


def names_to_remove(given: t.Sequence[str] | None, attributes: t.Mapping[str, str], where: str) -> list[str]:
    """Return attributes_to_remove, none of which may also be set."""
    names = list(given or [])
    for name in names:
        check_name(name, f"the name of an attribute ({where})")
        if name in attributes:
            raise CollectionError(f"{where}: attribute {name} is both to be set and to be removed; choose one")
    return names


def class_name(value: str, where: str) -> str:
    """Return the name of a Java class, checked."""
    if not _CLASS_NAME.match(value) and not has_placeholder(value):
        raise CollectionError(
            f"{where}: {value!r} is not a Java class name; something like org.apache.catalina.valves.RemoteIpValve"
            " is expected"
        )
    return value


def context_path(value: str, where: str) -> str:
    """Return the path of a web application, checked."""
    if value and not has_placeholder(value) and (not value.startswith("/") or value.endswith("/")):
        raise CollectionError(
            f"{where}: {value!r} is not the path of a context; /name is expected, or an empty string for the root"
        )
    return value


def has_placeholder(value: str) -> bool:
    """Tell whether Tomcat will replace ${...} in the value."""
    return bool(_PLACEHOLDER.search(value))


def port(value: t.Any, where: str, off: bool = False) -> str:
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


def one_of(value: str, accepted: t.Iterable[str], where: str) -> str:
    """Return a word that is among those accepted; else name them, the nearest first."""
    words = list(accepted)
    if value in words:
        return value
    near = difflib.get_close_matches(value, words, 1)
    meant = f"; did you mean {near[0]!r}?" if near else ";"
    raise CollectionError(f"{where}: {value!r} is not known{meant} accepted are: {', '.join(words)}")
