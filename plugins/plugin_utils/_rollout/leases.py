# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""For how long a rollout may be silent, at each of its steps: then it counts as dead, and another one takes over."""

# Private to this collection.

from __future__ import annotations

import math
from dataclasses import dataclass

# To copy a release to every machine, or to install another Tomcat there. No member is out of service meanwhile.
STAGE_SECONDS = 3600
# systemd gives a stop and a start no longer than this by the role's default.
RESTART_SECONDS = 300
# To have Tomcat serve what is linked, and let go of what is not any more: tomcat_context gives each so long.
SWAP_SECONDS = 240


@dataclass(frozen=True)
class Times:
    """What a person allows, in seconds. lease is what is added to each of the others."""

    lease: float
    health_timeout: float
    soak: float
    retire_timeout: float


def leases(times: Times, *, largest_batch: int, retiring: int, forks: int, beside: bool) -> dict[str, int]:
    """The lease in seconds by step: stage, out (a member is out of service), serving (it is back) and retire.

    beside: whether a member stays in service while it gets the release and while it gives it back. Nothing is renewed meanwhile.
    Of hosts that work on the same task at once Ansible takes as many as it has forks; the others wait. forks is 0 where it is not known.
    """

    def turns(hosts: int) -> int:
        return math.ceil(hosts / forks) if 0 < forks < hosts else 1

    of_batch = turns(largest_batch)
    both_ways = of_batch * 2 * (SWAP_SECONDS + times.health_timeout) if beside else 0
    return {
        step: math.ceil(times.lease + seconds)
        for step, seconds in (
            ("stage", STAGE_SECONDS + both_ways),
            ("out", of_batch * (RESTART_SECONDS + times.health_timeout)),
            ("serving", of_batch * times.soak + both_ways),
            ("retire", turns(retiring) * times.retire_timeout),
        )
    }
