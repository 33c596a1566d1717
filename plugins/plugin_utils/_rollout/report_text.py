# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report of a rollout as lines for a terminal: a table of the members, what failed, and the result last."""

# Private to this collection.

from __future__ import annotations

import typing as t

from ansible_collections.roundrobin.tomcat.plugins.module_utils._duration import duration

from .words import aligned, one_line

SHOWN_LOG_LINES = 12
_TIMED = ("drain", "stop", "activate", "start", "health")

Json = t.Mapping[str, t.Any]


def summary(report: Json) -> list[str]:
    """Return the lines."""
    lines = _table(report["members"])
    for member in report["members"]:
        for failure in member["failures"]:
            lines += ["", *_failure(member, failure)]
    alike: dict[str, list[str]] = {}
    for member in report["members"]:
        if member["reason"] and not member["failures"]:
            alike.setdefault(f"{_words(member['result'])}: {one_line(member['reason'])}", []).append(member["host"])
    reasons = [f"{', '.join(hosts)} {reason}" for reason, hosts in alike.items()]
    return [*lines, *([""] if reasons else []), *reasons, *([""] if lines else []), _result(report)]


def _table(members: t.Sequence[Json]) -> list[str]:
    if not members:
        return []
    timed = [phase for phase in _TIMED if any(phase in member["durations"] for member in members)]
    rows = [["member", "from", "to", "result", "out", *timed]]
    for member in members:
        versions = [str(member[key] or "-") for key in ("from", "to")]
        seconds = [_seconds(member["durations"].get(phase)) for phase in timed]
        rows.append([member["host"], *versions, _words(member["result"]), _out(member), *seconds])
    return aligned(rows, numbers_from=4)


def _out(member: Json) -> str:
    if not member["out"]:
        return "-"
    still_out = member["out"][-1]["to"] is None
    return (">" if still_out else "") + _seconds(member["out_seconds"])


def _seconds(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds:.1f} s"


def _failure(member: Json, failure: Json) -> list[str]:
    way = " on the way back" if failure["direction"] == "back" else ""
    phase = f" in phase {failure['phase']}" if failure["phase"] else ""
    lines = [f"{member['host']} failed{phase}{way}: {one_line(failure['reason'])}"]
    logged = failure["log_lines"]
    lines += [f"    {one_line(line)}" for line in logged[:SHOWN_LOG_LINES]]
    if len(logged) > SHOWN_LOG_LINES:
        lines.append(f"    and {len(logged) - SHOWN_LOG_LINES} more lines in the report")
    return lines


def _result(report: Json) -> str:
    what = " ".join(
        str(word) for word in (report["kind"] or "rollout", report["application"], report["version"]) if word
    )
    members = report["members"]
    counts = [
        f"{count} {_words(result)}"
        for result in ("done", "rolled_back", "left_out", "failed", "interrupted", "untouched", "skipped")
        if (count := sum(member["result"] == result for member in members))
    ]
    parts = [f"{what}: {report['result']} after {duration(report['seconds'])}", ", ".join(counts)]
    if report["most_out_at_once"]:
        parts.append(f"at most {report['most_out_at_once']} out at once")
    line = "; ".join(part for part in parts if part)
    return f"{line}. {one_line(report['reason'])}" if report["reason"] else line


def _words(result: str) -> str:
    return result.replace("_", " ")
