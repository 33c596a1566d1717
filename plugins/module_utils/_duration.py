# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A time span as a person says it."""

# Private to this collection.

from __future__ import annotations

UNITS = (("d", 86400), ("h", 3600), ("min", 60), ("s", 1))


def duration(seconds: float) -> str:
    """Return seconds in the two largest units: 4.25 is "4.2 s", 150 is "2 min 30 s", 7200 is "2 h"."""
    whole = round(seconds)
    for (unit, size), (smaller, part) in zip(UNITS, UNITS[1:]):
        if whole >= size:
            count, left = divmod(whole, size)
            return f"{count} {unit}" + (f" {left // part} {smaller}" if left >= part else "")
    return f"{round(seconds, 1):g} s"
