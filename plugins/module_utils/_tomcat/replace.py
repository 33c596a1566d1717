# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a rollout does on the host of an instance: stop it, switch its releases, start it, prove it healthy.

All of it is one call, since each call costs a quarter of a second while the member is out of service.
"""

# Private to this collection.

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field, replace

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError
from ansible_collections.roundrobin.tomcat.plugins.module_utils._wait import Clock

from .health import Health
from .proof import Check, Terms, complaints, prove
from .session_proof import Told
from .warm_up import Page, Seen, warm_up

# What a failure is called in the report.
STEPS = {
    "stop": "Stop the instance",
    "activate": "Switch to the release",
    "start": "Start the instance",
    "health": "Prove every application healthy on the member itself",
}


class Unit(t.Protocol):
    """The service of the instance."""

    @property
    def runs(self) -> bool:
        """Whether it runs or is being started."""

    def stop(self) -> None:
        """Stop it."""

    def start(self, patience: float | None) -> bool:
        """Start it; False where that takes longer than ``patience`` seconds."""


@dataclass(frozen=True)
class Work:
    """What is to be done. Each of ``switches`` returns whether it changed something."""

    unit: Unit
    stop: bool
    switches: t.Sequence[t.Callable[[], bool]]
    start: bool
    checks: t.Sequence[Check]
    terms: Terms
    # Proves the sessions, when all are healthy; it is given how they proved to be.
    prove_sessions: t.Callable[[t.Sequence[Health]], list[Told]] | None = None
    # Asked for once after that.
    pages: t.Sequence[Page] = ()
    # Seconds after which the call ends with what it has, for the controller to show that; None for no end.
    patience: float | None = None


@dataclass
class Progress:
    """How far it came."""

    # Each phase that was begun, and how many seconds after the beginning that was.
    phases: list[tuple[str, float]] = field(default_factory=list)
    changed: bool = False
    # Whether there is nothing left to do; else the call is made again, without what is done.
    done: bool = False
    healths: list[Health] = field(default_factory=list)
    sessions: list[Told] = field(default_factory=list)
    warmed: list[Seen] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def step(self) -> str:
        """What was being done last."""
        return STEPS[self.phases[-1][0]] if self.phases else ""


def carry_out(work: Work, progress: Progress, clock: Clock) -> None:
    """Do the work in its order. Progress has what was done, also where a CollectionError ends it."""
    began = clock.monotonic()

    def left() -> float | None:
        return None if work.patience is None else max(0.0, work.patience - (clock.monotonic() - began))

    def begin(phase: str) -> None:
        progress.phases.append((phase, clock.monotonic() - began))

    try:
        if work.stop:
            begin("stop")
            progress.changed = work.unit.runs
            work.unit.stop()
        if work.switches:
            begin("activate")
            for switch in work.switches:
                progress.changed = switch() or progress.changed
        if work.start:
            begin("start")
            progress.changed = not work.unit.runs or progress.changed
            if not work.unit.start(left()):
                return
        progress.done = not work.checks or _healthy(work, left(), progress, begin, clock)
        if progress.done:
            if work.prove_sessions is not None:
                progress.sessions = work.prove_sessions(progress.healths)
            progress.warmed = warm_up(work.pages)
    finally:
        progress.seconds = clock.monotonic() - began


def _healthy(work: Work, left: float | None, progress: Progress, begin: t.Callable[[str], None], clock: Clock) -> bool:
    begin("health")
    terms = work.terms if left is None else replace(work.terms, timeout=min(work.terms.timeout, left))
    progress.healths = prove(work.checks, terms, clock)
    message = complaints(work.checks, progress.healths, terms)
    # Healthy at first and not any more: that does not get better by waiting.
    fell_ill = any(not health.healthy and health.held is not None for health in progress.healths)
    if message and (fell_ill or left is None or left >= work.terms.timeout):
        raise CollectionError(message)
    return not message
