# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Users at work while the nemesis acts, and what the judge says of it."""

from __future__ import annotations

import collections
import http.client
import time
import typing as t
from dataclasses import dataclass

from browsers import Browser, Crowd
from judge import Fault, Operation, judge
from nemesis import Schedule, Site

USERS = 20
#: httpd elects by counts of requests. While they differ much, all of them meet one member, and nothing can go wrong.
LOOK_BACK = 30
EVEN_OUT_SECONDS = 180
#: A schedule that brings fewer operations than were asked for goes on without acts, for so long at most.
GO_ON_SECONDS = 120
SECONDS_BEFORE, SECONDS_AFTER = 2, 1


@dataclass(frozen=True)
class Seen:
    """What came of a schedule."""

    history: t.Sequence[Operation]
    failures: t.Sequence[str]
    faults: t.Sequence[Fault]
    #: when each act began and ended
    told: t.Sequence[str]

    @property
    def users(self) -> collections.Counter[str]:
        """How many users saw each kind of fault, each user counted for the first that he saw."""
        first = {user_of(fault.session): fault.kind for fault in reversed(self.faults)}
        return collections.Counter(first.values())

    def __str__(self) -> str:
        return ", ".join(f"{number} {kind}" for kind, number in sorted(self.users.items())) or "0"


def user_of(session: str) -> str:
    return session.partition("-")[0]


def even_out(site: Site) -> None:
    """Ask without a session until the members take turns."""
    deadline = time.monotonic() + EVEN_OUT_SECONDS
    for httpd in site.httpds:
        connection = http.client.HTTPConnection(site.chain.addresses[httpd], timeout=60)
        last: collections.deque[bytes] = collections.deque(maxlen=LOOK_BACK)
        each = LOOK_BACK // len(site.members) - 1
        while len(set(last)) < len(site.members) or min(collections.Counter(last).values()) < each:
            assert time.monotonic() < deadline, collections.Counter(last)
            connection.request("GET", "/version")
            last.append(connection.getresponse().read())
        connection.close()


def addresses(site: Site) -> list[tuple[str, int]]:
    return [(site.chain.addresses[httpd], 80) for httpd in site.httpds]


def see(site: Site, schedule: Schedule, kind: type[Browser] = Browser, operations: int = 0) -> Seen:
    """Run a schedule; the users go on until there are so many operations."""
    even_out(site)
    with Crowd(addresses(site), USERS, schedule.seed, kind) as crowd:
        time.sleep(SECONDS_BEFORE)
        told = schedule.run(site)
        time.sleep(SECONDS_AFTER)
        deadline = time.monotonic() + GO_ON_SECONDS
        while crowd.operations < operations and time.monotonic() < deadline:
            time.sleep(SECONDS_AFTER)
    faults = sorted(judge(crowd.history), key=lambda fault: fault.operation.ended)
    return Seen(crowd.history, crowd.failures, faults, told)


def around(seen: Seen) -> list[str]:
    """What the first user who saw a fault did shortly before and after it."""
    fault = seen.faults[0]
    own = sorted((one for one in seen.history if one.session == fault.session), key=lambda one: one.ended)
    place = own.index(fault.operation)
    return [
        f"{one.sent:.3f} to {one.ended:.3f} {one.kind} {one.number} {one.instance}"
        for one in own[max(0, place - 25) : place + 5]
    ]
