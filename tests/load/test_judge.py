# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The judge against a slow one that tries every order, and what it says of each kind of fault."""

from __future__ import annotations

import random

import pytest
from judge import (
    AHEAD,
    COUNT,
    END,
    FALLEN_BACK,
    LOG_IN,
    LOOK,
    LOST,
    REFUSED,
    REPEATED,
    RISEN,
    Operation,
    judge,
    judge_session,
)


def op(kind, sent, ended, number, instance="a", session="s"):
    return Operation(session, kind, sent, ended, number, instance)


def count(sent, ended, number, **more):
    return op(COUNT, sent, ended, number, **more)


def look(sent, ended, number, **more):
    return op(LOOK, sent, ended, number, **more)


def can_have_happened(operations, counter=0):
    """Try every order: an operation may be next if none of the others ended before it was sent."""
    left = [one for one in operations if one.number is not None or one.kind == COUNT]
    if all(one.number is None for one in left):
        return True
    for one in left:
        # What has no answer may count at any time after it was sent, or never.
        if any(other.ended < one.sent and other.number is not None for other in left if other is not one):
            continue
        after = counter + 1 if one.kind == COUNT else counter
        rest = [other for other in operations if other is not one]
        if one.number in (None, after) and can_have_happened(rest, after):
            return True
    return False


def history(seed):
    """A few operations as a right store would answer them, and sometimes one of them spoilt."""
    chance = random.Random(seed)
    counter, now, operations = 0, 0.0, []
    for _number in range(chance.randint(1, 6)):
        kind = chance.choice([COUNT, COUNT, LOOK])
        now += chance.random()
        did = kind == COUNT and chance.random() < 0.9
        answered = chance.random() < 0.8 if kind == COUNT else True
        counter += did or (answered and kind == COUNT)
        number = counter if answered else None
        operations.append(op(kind, now - 1.5 * chance.random(), now + 1.5 * chance.random(), number))
    if chance.random() < 0.5:
        index = chance.randrange(len(operations))
        spoilt = operations[index]
        if spoilt.number is not None:
            operations[index] = op(
                spoilt.kind, spoilt.sent, spoilt.ended, max(0, spoilt.number + chance.choice([-2, -1, 1]))
            )
    chance.shuffle(operations)
    return operations


def test_it_agrees_with_the_one_that_tries_every_order():
    verdicts = []
    for seed in range(4000):
        operations = history(seed)
        right = can_have_happened(operations)
        assert (not judge_session(operations)) == right, (seed, operations, judge_session(operations))
        verdicts.append(right)
    # Both happen often enough to mean something.
    assert 500 < sum(verdicts) < 3500


@pytest.mark.parametrize(
    "operations, kind, reason",
    [
        ([count(0, 1, 1), count(2, 3, 2), count(4, 5, 1)], LOST, "1, after 2 had been answered"),
        ([count(0, 1, 1), look(2, 3, 0)], LOST, "0, after 1 had been answered"),
        ([count(0, 1, 1), count(2, 3, 2), count(4, 5, 2)], FALLEN_BACK, "2, after 2 had been answered"),
        ([count(0, 1, 1), count(2, 3, 2), look(4, 5, 1)], FALLEN_BACK, "1, after 2 had been answered"),
        ([count(0, 1, 1), count(2, 4, 2), count(3, 5, 2, instance="b")], REPEATED, "2 twice, by a and b"),
        ([count(0, 1, 2)], AHEAD, "2, and 1 were sent"),
        ([count(0, 3, 1), count(2, 3, None), count(2, 4, 3), count(3.5, 5, None)], None, ""),
        ([count(0, 3, 1), count(2, 4, 3), count(2.2, 9, 4), count(4.2, 5, None)], AHEAD, "nobody was answered 2"),
        ([op(LOG_IN, 0, 1, 1), count(2, 3, 1), op(END, 4, 5, 1), look(6, 7, 0)], None, ""),
        ([op(LOG_IN, 0, 1, 0), count(2, 3, 1)], REFUSED, "with the right password"),
        ([count(0, 1, 1), op(END, 2, 3, 1), look(4, 5, 1)], RISEN, "1, after its end"),
        ([count(0, 1, 1), op(END, 2, 3, 0), look(4, 5, 0)], LOST, "nothing to end, after 1 had been answered"),
        ([count(0, 1, 1), op(END, 2, 3, None), look(4, 5, 1)], None, ""),
        ([count(0, 1, None), op(END, 2, 3, 0), look(4, 5, 0)], None, ""),
    ],
)
def test_each_kind_of_fault(operations, kind, reason):
    faults = judge(operations)
    assert [fault.kind for fault in faults] == ([kind] if kind else [])
    assert all(fault.reason.startswith(reason) for fault in faults)


def test_sessions_are_judged_each_on_its_own():
    faults = judge([count(0, 1, 1, session="s"), count(0, 1, 1, session="t"), count(2, 3, 1, session="t")])
    assert [(fault.session, fault.kind) for fault in faults] == [("t", LOST)]


def test_a_long_history_takes_no_time():
    operations = [count(float(number), number + 0.5, number + 1) for number in range(200_000)]
    assert judge(operations) == []
