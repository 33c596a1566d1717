# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the files about rollouts share to speak of what they found: its types, lists, tables, single lines."""

# Private to this collection.

from __future__ import annotations

import re
import typing as t

Result = t.Mapping[str, t.Any]  # what a task returned, or an entry of the topology
Place = tuple[str, str]  # an httpd and the name of a balancer on it

GAP = "  "
LONGEST_LIST = 8
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\s]+")


def why_failed(result: Result) -> str:
    """Why a task failed, or its host was out of reach, in its own words."""
    return str(result.get("msg") or "the task failed and does not say why").strip()


def beginning(names: t.Sequence[str]) -> tuple[list[str], int]:
    """As many names as a person reads, and how many more there are."""
    shown = len(names) if len(names) <= LONGEST_LIST else LONGEST_LIST - 1
    return list(names[:shown]), len(names) - shown


def listed(names: t.Sequence[str], more: int = 0) -> str:
    """Names in a sentence; of a long list the beginning and the number.

    more: how many were left out before.
    """
    shown, left = beginning(names)
    text = ", ".join(shown) or "none"
    return f"{text} and {left + more} more" if left + more else text


def aligned(rows: t.Sequence[t.Sequence[str]], longest: int = 0, numbers_from: int | None = None) -> list[str]:
    """A table in lines.

    longest: how many characters a line may have; the widest columns are cut. 0 for any number.
    numbers_from: the first of the columns that hold numbers, which end at the right.
    """
    widths = [max(map(len, column)) for column in zip(*rows)]
    while longest and sum(widths) + len(GAP) * (len(widths) - 1) > longest:
        widths[widths.index(max(widths))] -= 1
    sides = ["<" if numbers_from is None or column < numbers_from else ">" for column in range(len(widths))]
    return [
        GAP.join(f"{_cut(cell, width):{side}{width}}" for cell, width, side in zip(row, widths, sides)).rstrip()
        for row in rows
    ]


def _cut(cell: str, width: int) -> str:
    return cell if len(cell) <= width else f"{cell[: width - 3]}..."


def one_line(text: str) -> str:
    """Return a text without what would move a terminal's cursor."""
    return _UNPRINTABLE.sub(" ", text).strip()
