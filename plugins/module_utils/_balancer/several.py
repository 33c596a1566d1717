# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tasks on several members, which belong together: all are changed before the first is waited for.

A member that is out of one balancer only still gets users from the others.
"""

# Private to this collection.

from __future__ import annotations

import typing as t
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError
from ansible_collections.roundrobin.tomcat.plugins.module_utils._wait import Clock

from .change import Change, WantedMember, apply
from .manager import BalancerManager


@dataclass(frozen=True)
class Task:
    """What is wanted of the member in one httpd's balancer."""

    httpd: str
    manager: BalancerManager
    wanted: WantedMember


def apply_all(tasks: t.Sequence[Task], *, check_mode: bool, clock: Clock) -> list[Change]:
    """Bring all members to their settings, then wait for all of them; the time-out counts from the beginning.

    All httpds are asked at the same time. Where several fail, the first one in order is named.
    """
    if len(tasks) == 1:
        return [_apply(task, task.wanted, check_mode, clock) for task in tasks]
    began = clock.monotonic()
    with ThreadPoolExecutor(max(1, len(tasks))) as pool:
        changes = list(pool.map(lambda task: _apply(task, replace(task.wanted, wait=None), check_mode, clock), tasks))
        if check_mode:
            return changes
        seconds = clock.monotonic() - began
        return list(
            pool.map(
                lambda task, change: _wait(task, change, seconds, clock) if task.wanted.wait else change, tasks, changes
            )
        )


def _wait(task: Task, change: Change, seconds: float, clock: Clock) -> Change:
    """Wait for a member that was changed ``seconds`` ago."""
    wanted = task.wanted
    every = None if wanted.every is None else max(0.0, wanted.every - seconds)
    wanted = replace(wanted, waited=(wanted.waited or 0.0) + seconds, every=every)
    try:
        waited = _apply(task, wanted, False, clock)
    except CollectionError as error:
        if "state_before" in error.details:
            error.details["state_before"] = change.before.state
        raise
    return replace(waited, before=change.before, changed_from={**waited.changed_from, **change.changed_from})


def _apply(task: Task, wanted: WantedMember, check_mode: bool, clock: Clock) -> Change:
    """One task; where it fails the error has the httpd, which its message need not name."""
    try:
        return apply(task.manager, wanted, check_mode=check_mode, clock=clock)
    except CollectionError as error:
        error.details["httpd"] = task.httpd
        raise
