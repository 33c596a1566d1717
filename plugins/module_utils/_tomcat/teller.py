# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a running Tomcat says of the session manager of a context: its class, and which sessions are in its memory alone."""

# Private to this collection.

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass
from urllib.parse import quote

from .health import Answer, excerpt
from .manager import context_path

# The context that says it of the others; the role tomcat_instance puts it there. What may be asked is in its rewrite.config.
TELLER = "/roundrobin-sessions"
CLASS = "className"
NOT_STORED = "notStored"

_SAID = re.compile(r"OK - Attribute get '.*' - \w+ = (.+)")
# A Tomcat that has not been restarted since an upgrade may have no fourth number.
_NUMBERS = re.compile(r"(\d+) (\d+) (\d+)(?: (\d+))?")


@dataclass(frozen=True)
class NotStored:
    """What is lost when the instance stops, and what was not read."""

    # Sessions of which the store has nothing, and the size of the largest that is too large for it; 0 if none is.
    sessions: int
    largest_bytes: int
    # Those that the store has without some of their attributes.
    incomplete: int
    # How often something was not read since the start, because the filter of serialized objects refuses it.
    refused: int = 0


def ask_manager(
    ask: t.Callable[[str], Answer], base_name: str, context_version: str, attribute: str
) -> tuple[str | None, Answer]:
    """Return what Tomcat says of a context's session manager, or None and why; ask takes a path of the instance."""
    context = context_path(base_name) + (f"##{context_version}" if context_version else "")
    bean = quote(f"Catalina:type=Manager,host=localhost,context={context}", safe="")
    answer = ask(f"{TELLER}/?get={bean}&att={attribute}")
    said = _SAID.match(answer.body)
    return said and said[1].strip(), answer


def read_not_stored(ask: t.Callable[[str], Answer], base_name: str, context_version: str) -> NotStored | None:
    """Return the figures of a context, or None where Tomcat does not say."""
    numbers = _NUMBERS.fullmatch(ask_manager(ask, base_name, context_version, NOT_STORED)[0] or "")
    return numbers and NotStored(*map(int, numbers.groups("0")))


def why_silent(answer: Answer) -> str:
    """Say what was answered in the place of an answer."""
    return answer.error or f"status {answer.status}, {excerpt(answer.body)!r}"
