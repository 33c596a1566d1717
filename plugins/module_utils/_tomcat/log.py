# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lines of Tomcat's logs that a person wants to see when an application does not start."""

# Private to this collection.

from __future__ import annotations

import glob
import os
import re
import typing as t
from datetime import datetime

# Enough for a start that fails: Tomcat writes some 10 KiB before it gets to an application.
TAIL_BYTES = 256 * 1024
MAX_LINES = 40
MAX_LINE = 300
FRAMES = 2

# java.util.logging's OneLineFormatter: 23-Nov-2026 21:45:24.876 SEVERE [main] org.apache...
_STAMPED = re.compile(r"(\d{2}-[A-Z][a-z]{2}-\d{4} \d{2}:\d{2}:\d{2})\.\d+ (\w+)")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def parse_stamp(text: str) -> datetime | None:
    """Return the local time of a stamp; month names are English whatever this process speaks."""
    try:
        day, month, rest = text[:2], text[3:6], text[7:]
        return datetime.strptime(f"{day} {_MONTHS.index(month) + 1} {rest}", "%d %m %Y %H:%M:%S")
    except ValueError:
        return None


def telling_lines(text: str, since: datetime) -> list[str]:
    """Return what was logged as SEVERE since then, each with the heads of its stack trace.

    Of a trace the exceptions are kept (with their first frames), the other frames are not.
    """
    kept: list[str] = []
    inside = False
    frames = 0
    for line in text.splitlines():
        stamped = _STAMPED.match(line)
        if stamped:
            when = parse_stamp(stamped[1])
            inside = stamped[2] == "SEVERE" and when is not None and when >= since
            frames = 0
            if inside:
                kept.append(line[:MAX_LINE])
        elif inside and line.strip():
            if line.lstrip().startswith(("at ", "... ")):
                frames += 1
            else:
                frames = 0
            if frames <= FRAMES:
                kept.append(line[:MAX_LINE])
    return kept[:MAX_LINES]


def newest_file(pattern: str) -> str | None:
    """Return the file that a shell pattern names, the newest of several."""
    files = [path for path in glob.glob(pattern) if os.path.isfile(path)]
    return max(files, key=os.path.getmtime) if files else None


def read_log(pattern: str, since: datetime) -> tuple[str | None, list[str]]:
    """Return the newest file that a shell pattern names, and its telling lines, or why it cannot be read."""
    path = newest_file(pattern)
    if path is None:
        return None, []
    try:
        return path, telling_lines(read_tail(path), since)
    except OSError as error:
        return path, [f"{path} cannot be read: {error.strerror}"]


def read_tail(path: str) -> str:
    """Return the end of a log."""
    with open(path, "rb") as source:
        source.seek(0, os.SEEK_END)
        source.seek(max(0, source.tell() - TAIL_BYTES))
        return source.read().decode("utf-8", "replace")


def read_logs(patterns: t.Sequence[str], since: datetime) -> list[str]:
    """Return the telling lines of the logs, each file's under its name."""
    lines = []
    for pattern in patterns:
        path, telling = read_log(pattern, since)
        if path is None:
            lines.append(f"{pattern}: no such file")
        elif telling:
            lines += [f"{path}:", *telling]
    return lines
