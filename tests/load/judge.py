# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether what the users of sessions saw can have happened: a counter in each session, judged after the run.

Every operation of a user is in a history: when it was sent, when it was answered, and the number in the answer. A session is right if there is
one order of its operations in which each count is one more than the last, each look sees the last count, and an operation that ended before
another one began comes first (the counter is linearizable). An operation without an answer may have counted or not. Each count gives another
number, so the numbers are the order, and looking at it takes no longer than sorting. Once a session has been ended, nobody may find it again; and
who logs in with the right password is let in.
"""

from __future__ import annotations

import bisect
import typing as t
from dataclasses import dataclass

COUNT, LOOK = "count", "look"
#: The session is ended (1: there was one; 0: there was none). Somebody logs in (1: he is let in; 0: he is not).
END, LOG_IN = "end", "log in"
#: What is wrong with a session, from bad to worse.
REFUSED, REPEATED, FALLEN_BACK, AHEAD, LOST, RISEN = "refused", "repeated", "fallen back", "ahead", "lost", "risen"


@dataclass(frozen=True)
class Operation:
    """One request of a user. Times are seconds of one clock."""

    session: str
    kind: str
    sent: float
    #: when the answer was there, or when it was given up
    ended: float
    #: None without an answer; 0 of a look that found no counter
    number: int | None
    #: which instance answered, for the message
    instance: str = ""


@dataclass(frozen=True)
class Fault:
    """What cannot have happened in a session, and the operation that shows it."""

    session: str
    kind: str
    operation: Operation
    reason: str


def judge(history: t.Iterable[Operation]) -> list[Fault]:
    """The faults of all sessions, those of a session in the order in which they were seen."""
    sessions: dict[str, list[Operation]] = {}
    for operation in history:
        sessions.setdefault(operation.session, []).append(operation)
    return [fault for operations in sessions.values() for fault in judge_session(operations)]


def judge_session(operations: t.Sequence[Operation]) -> list[Fault]:
    """The faults of one session."""
    counter = [one for one in operations if one.kind in (COUNT, LOOK)]
    ends = [one for one in operations if one.kind == END and one.number is not None]
    faults = [
        Fault(one.session, REFUSED, one, "with the right password")
        for one in operations
        if one.kind == LOG_IN and one.number == 0
    ]
    for end in ends:
        known = max((one.number or 0 for one in counter if one.ended < end.sent), default=0)
        if known and not end.number:
            faults.append(Fault(end.session, LOST, end, f"nothing to end, after {known} had been answered"))
    over = min((one.ended for one in ends), default=float("inf"))
    faults += [
        Fault(one.session, RISEN, one, f"{one.number}, after its end")
        for one in counter
        if one.sent > over and one.number
    ]
    return faults + _judge_counter([one for one in counter if one.sent <= over])


def _judge_counter(operations: t.Sequence[Operation]) -> list[Fault]:
    counts = [operation for operation in operations if operation.kind == COUNT]
    answered = sorted((one for one in counts if one.number is not None), key=lambda one: one.ended)
    may_have_counted = sorted(one.sent for one in counts)
    #: at each end of an operation, the highest number that was seen until then
    ends: list[float] = []
    highest: list[int] = []
    for one in sorted((one for one in operations if one.number is not None), key=lambda one: one.ended):
        ends.append(one.ended)
        highest.append(max(one.number or 0, highest[-1] if highest else 0))
    faults = []
    seen: dict[int, Operation] = {}
    answers = sorted((one for one in operations if one.number is not None), key=lambda one: one.ended)
    for one in answers:
        number = one.number or 0
        before = bisect.bisect_left(ends, one.sent)
        known = highest[before - 1] if before else 0
        least = known + 1 if one.kind == COUNT else known
        most = bisect.bisect_left(may_have_counted, one.ended)
        if number < least:
            lost = number == (1 if one.kind == COUNT else 0) and known > 0
            kind = LOST if lost else FALLEN_BACK
            faults.append(Fault(one.session, kind, one, f"{number}, after {known} had been answered"))
        elif number > most:
            faults.append(Fault(one.session, AHEAD, one, f"{number}, and {most} were sent"))
        elif one.kind == COUNT and number in seen:
            other = seen[number]
            where = f"{other.instance} and {one.instance}" if other.instance != one.instance else one.instance
            faults.append(Fault(one.session, REPEATED, one, f"{number} twice, by {where}"))
        if one.kind == COUNT:
            seen.setdefault(number, one)
    if not faults and answered:
        faults += _gaps(counts, seen, answers)
    return faults


def _gaps(
    counts: t.Sequence[Operation], seen: t.Mapping[int, Operation], answers: t.Sequence[Operation]
) -> list[Fault]:
    """A number that nobody was given must be that of a count without an answer, sent before a higher number was answered."""
    top = max(answers, key=lambda one: one.number or 0)
    missing = [number for number in range(1, (top.number or 0) + 1) if number not in seen]
    open_counts = sorted(one.sent for one in counts if one.number is None)
    if not missing:
        return []
    # When each number was passed at the latest: the first answer with a higher one, or a look at this one.
    by_number = sorted(answers, key=lambda one: one.number or 0, reverse=True)
    passed, first_end, position = {}, float("inf"), 0
    for number in reversed(missing):
        while position < len(by_number) and (by_number[position].number or 0) >= number:
            first_end = min(first_end, by_number[position].ended)
            position += 1
        passed[number] = first_end
    for position, number in enumerate(missing):
        if position >= len(open_counts) or open_counts[position] >= passed[number]:
            reason = f"nobody was answered {number}, and no count without an answer can have been it"
            return [Fault(top.session, AHEAD, top, reason)]
    return []
