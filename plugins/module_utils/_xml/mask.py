# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hide secrets in what a person or a log gets to see of an XML file."""

# Private to this collection.

from __future__ import annotations

import re
import typing as t

MASK = "********"
NEW_MASK = "******** (new)"

# "secretRequired" or "passwordFile" hold no secret: the telling word must come last.
_NAME = (
    r"[A-Za-z0-9_.:-]*(?:secret|password|passwd|passphrase|pass|pwd|credential|credentials|token"
    r"|(?:api|access|auth|encryption|private|secret)[_.-]?key)"
)
_SECRET_NAME = re.compile(_NAME + r"\Z", re.IGNORECASE)
# user:password@ and password=... inside a value such as a JDBC URL
_URL_USER = re.compile(r"(?<=://)([^\s/@:\"'<>]*):([^\s/@\"'<>]+)(?=@)")
# jdbc:oracle:thin:user/password@
_ORACLE_USER = re.compile(r"(?i)(jdbc:oracle:[a-z0-9]+:[^\s/@:\"'<>]*)/([^\s@\"'<>]+)(?=@)")
_URL_PARAMETER = re.compile(r"(?i)((?:password|passwd|pwd|secret)=)([^\s&;\"'<>]+)")


def is_secret(name: str, also: t.Iterable[str] = ()) -> bool:
    """Tell whether an attribute of this name holds a secret."""
    return bool(_SECRET_NAME.match(name)) or name.lower() in {other.lower() for other in also}


def names_secret(attributes: t.Mapping[str, t.Any], also: t.Iterable[str] = ()) -> bool:
    """Tell whether the attribute `value` holds a secret, as in <Environment name="db.password" value="...">."""
    return is_secret(str(attributes.get("name", "")), also)


def mask_value(name: str, value: str, also: t.Iterable[str] = (), beside: t.Mapping[str, t.Any] | None = None) -> str:
    """Return the value as it may be shown; beside: all attributes of the element."""
    secret = is_secret(name, also) or (name == "value" and names_secret(beside or {}, also))
    return MASK if secret else _mask_inside(value)


def mask_text(text: str, also: t.Iterable[str] = (), known: t.Iterable[str] | None = None) -> str:
    """Return XML text, comments included, with the values of secret attributes and the texts of secret elements replaced.

    With `known`, the secrets of the text before the edit, a secret that is not
    among them shows as new: a diff then shows that it changed, not what it is.
    """
    old = None if known is None else set(known)

    def _hide(match: re.Match[str]) -> str:
        mask = NEW_MASK if old is not None and match["value"] not in old else MASK
        return f"{match['before']}{mask if match['value'].strip() else match['value']}{match['after']}"

    for pattern in _patterns(also):
        text = pattern.sub(_hide, text)
    return _mask_inside(text)


def secrets_in(text: str, also: t.Iterable[str] = ()) -> set[str]:
    """Return the secrets, as written, in XML text, comments included."""
    return {match["value"] for pattern in _patterns(also) for match in pattern.finditer(text)}


def _patterns(also: t.Iterable[str]) -> list[re.Pattern[str]]:
    """Return what finds secret attributes, the values of elements whose attribute `name` says so, and the texts of elements of such a name."""
    names = "|".join([_NAME, *(re.escape(name) for name in also)])
    attribute = rf"""(?<![\w.:-])(?P<before>(?:{names})\s*=\s*(?P<quote>["']))(?P<value>.*?)(?P<after>(?P=quote))"""
    element = rf"(?P<before><(?P<tag>{names})(?:\s[^<>]*)?(?<!/)>)(?P<value>.*?)(?P<after></(?P=tag)\s*>)"
    others = r"""(?:\s+[\w.:-]+\s*=\s*(?:"[^"]*"|'[^']*'))*?\s+"""
    named = rf"""name\s*=\s*(?:"(?:{names})"|'(?:{names})')"""
    value = r"""value\s*=\s*(?P<quote>["'])"""
    valued = rf"""(?<!\S)(?P<before>{named}{others}{value})(?P<value>.*?)(?P<after>(?P=quote))"""
    value_first = rf"""(?<!\S)(?P<before>{value})(?P<value>(?:(?!(?P=quote)).)*)(?P<after>(?P=quote){others}{named})"""
    return [re.compile(each, re.IGNORECASE | re.DOTALL) for each in (attribute, valued, value_first, element)]


def secrets_inside(value: str) -> t.Iterator[str]:
    """Yield the passwords in a value such as a JDBC URL."""
    for pattern in (_URL_USER, _ORACLE_USER, _URL_PARAMETER):
        yield from (match[2] for match in pattern.finditer(value))


def _mask_inside(text: str) -> str:
    text = _URL_USER.sub(rf"\1:{MASK}", text)
    text = _ORACLE_USER.sub(rf"\1/{MASK}", text)
    return _URL_PARAMETER.sub(rf"\g<1>{MASK}", text)
