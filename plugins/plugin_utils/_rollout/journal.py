# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The journal of a rollout: one JSON line per event, only ever appended to.

What a person reads afterwards (report, page, summary) is made from it, see report.py.
"""

# Private to this collection.

from __future__ import annotations

import json
import os
import typing as t
from datetime import datetime, timezone

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError

from .words import one_line

# Each lasts from its event to the host's next one ...
LASTING = ("drain", "stop", "activate", "start", "health", "enable", "verify", "soak", "retire")
# ... and these say where a host has got to.
POINTS = ("done", "failed", "skipped", "left_out")
PHASES = (*LASTING, *POINTS)
TYPES = ("rollout", "batch", "phase", "note")

_HOST_COLUMN = 8
_MAX_HOST_COLUMN = 24
_PHASE_COLUMN = 8


def event(
    now: datetime,
    *,
    type: str,
    host: str,
    phase: str | None,
    direction: str,
    text: str,
    data: t.Mapping[str, t.Any],
) -> dict[str, t.Any]:
    """Return one event as it stands in the journal."""
    if (type == "phase") != (phase is not None):
        raise CollectionError(f"phase is given with type=phase and only then; type is {type}, phase is {phase}")
    return {
        "at": now.astimezone(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "type": type,
        "host": host if type in ("phase", "note") else None,
        "phase": phase,
        "direction": direction,
        "text": text,
        "data": dict(data),
    }


def append(journal: str, entry: t.Mapping[str, t.Any]) -> None:
    """Add one line, on the disk when this returns. Several processes may append at once."""
    line = json.dumps(entry, ensure_ascii=False, default=str).encode("utf-8", "replace") + b"\n"
    try:
        # Reports hold log lines and names. A directory that is there already stays as somebody made it.
        os.makedirs(os.path.dirname(journal), mode=0o700, exist_ok=True)
        descriptor = os.open(journal, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            if os.write(descriptor, line) != len(line):
                raise OSError("the line was cut, is the disk full?")
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise CollectionError(f"{journal}: an event cannot be written: {error.strerror or error}") from error


def progress_line(entry: t.Mapping[str, t.Any], host_column: int = _HOST_COLUMN) -> str:
    """Return the event as one line for the terminal, its time in UTC as everywhere in a rollout."""
    text = one_line(entry["text"])
    if entry["direction"] == "back":
        text = f"way back: {text}" if text else "way back"
    return progress(entry["at"][11:19], entry["host"] or entry["type"], entry["phase"] or "", text, host_column)


def progress(time: str, who: str, phase: str, text: str, host_column: int = _HOST_COLUMN) -> str:
    """Return a line of progress in columns."""
    return f"{time}  {who:<{host_column}}  {phase:<{_PHASE_COLUMN}}  {text}".rstrip()


def host_column(variables: t.Mapping[str, t.Any]) -> int:
    """Return the width that keeps the lines of all hosts of a play in columns."""
    names = variables.get("ansible_play_hosts_all") or ()
    return min(_MAX_HOST_COLUMN, max([_HOST_COLUMN, *(len(str(name)) for name in names)]))


def parse(text: str) -> list[dict[str, t.Any]]:
    """Read a journal back; a last line that was cut when the controller died is left out."""
    lines = text.split("\n")
    cut = lines.pop()
    events = []
    for number, line in enumerate(lines, 1):
        if line.strip():
            events.append(_checked(line, number))
    if cut.strip():
        try:
            events.append(_checked(cut, len(lines) + 1))
        except CollectionError:
            return events
    return events


def _checked(line: str, number: int) -> dict[str, t.Any]:
    try:
        entry = json.loads(line)
    except ValueError as error:
        raise CollectionError(f"line {number} of the journal is not JSON: {error}") from error
    if not isinstance(entry, dict) or not {"at", "type", "host", "phase", "direction", "text", "data"} <= set(entry):
        raise CollectionError(f"line {number} of the journal is not an event: {line[:80]}")
    return entry
