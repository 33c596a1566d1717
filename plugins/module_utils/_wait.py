# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting, apart from what is waited for.

A caller says how to look and when it has seen enough; the clock is passed in, so
tests need no real seconds.
"""

# Private to this collection.

from __future__ import annotations

import time
import typing as t
from dataclasses import dataclass

Seen = t.TypeVar("Seen")


class Clock(t.Protocol):
    """The two calls of the time module that waiting needs."""

    def monotonic(self) -> float:
        """Seconds on a clock that never jumps."""

    def sleep(self, seconds: float) -> None:
        """Let that many seconds pass."""


class SystemClock:
    """The machine's own clock."""

    monotonic = staticmethod(time.monotonic)
    sleep = staticmethod(time.sleep)


@dataclass(frozen=True)
class Outcome(t.Generic[Seen]):
    """How a wait ended: with what was seen last, after how long, and whether that was enough."""

    done: bool
    last: Seen
    seconds: float
    looks: int


def wait_until(
    look: t.Callable[[], Seen],
    enough: t.Callable[[Seen], bool],
    *,
    timeout: float,
    interval: float | t.Callable[[Seen], float],
    clock: Clock,
) -> Outcome[Seen]:
    """Look every interval seconds until enough() says so or timeout seconds are over.

    interval: seconds between two looks, or what makes them of what was seen.

    There is always a first look, and the last one is made at the deadline, so that
    a short timeout still gives an honest answer.
    """
    started = clock.monotonic()
    looks = 0
    while True:
        seen = look()
        looks += 1
        elapsed = clock.monotonic() - started
        if enough(seen):
            return Outcome(True, seen, elapsed, looks)
        remaining = timeout - elapsed
        if remaining <= 0:
            return Outcome(False, seen, elapsed, looks)
        clock.sleep(min(interval(seen) if callable(interval) else interval, remaining))
