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
_NAME = r"[A-Za-z0-9_.:-]*(?:secret|password|passwd|passphrase|pass|pwd|credential|credentials|token)"
_SECRET_NAME = re.compile(_NAME + r"\Z", re.IGNORECASE)
# user:password@ and password=... inside a value such as a JDBC URL
_URL_USER = re.compile(r"(?<=://)([^\s/@:\"'<>]*):([^\s/@\"'<>]+)(?=@)")
_URL_PARAMETER = re.compile(r"(?i)((?:password|passwd|pwd|secret)=)([^\s&;\"'<>]+)")


def is_secret(name: str, also: t.Iterable[str] = ()) -> bool:
    """Tell whether an attribute of this name holds a secret."""
    return bool(_SECRET_NAME.match(name)) or name.lower() in {other.lower() for other in also}


def mask_value(name: str, value: str, also: t.Iterable[str] = ()) -> str:
    """Return the value as it may be shown."""
    return MASK if is_secret(name, also) else _mask_inside(value)


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


def _patterns(also: t.Iterable[str]) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Return what finds secret attributes, and elements of such a name with the text that they hold."""
    names = "|".join([_NAME, *(re.escape(name) for name in also)])
    attribute = rf"""(?<![\w.:-])(?P<before>(?:{names})\s*=\s*(?P<quote>["']))(?P<value>.*?)(?P<after>(?P=quote))"""
    element = rf"(?P<before><(?P<tag>{names})(?:\s[^<>]*)?(?<!/)>)(?P<value>.*?)(?P<after></(?P=tag)\s*>)"
    return (
        re.compile(attribute, re.IGNORECASE | re.DOTALL),
        re.compile(element, re.IGNORECASE | re.DOTALL),
    )


def _mask_inside(text: str) -> str:
    text = _URL_USER.sub(rf"\1:{MASK}", text)
    return _URL_PARAMETER.sub(rf"\g<1>{MASK}", text)
