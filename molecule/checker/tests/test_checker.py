# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No schedule of the nemesis costs a session, or an update of one. The short form is a few schedules, the longer one a hundred.

build/checker_measured.md has every schedule with its seed and what users saw.
"""

from __future__ import annotations

import os
import time

import pytest
from chain import ROOT
from conftest import FIRST
from crowds import USERS, around, see
from lengths import FULL
from nemesis import STORES, Kept, Schedule

ACTS = 4
TOMCATS = (FIRST.tomcat, "9.0.117", "11.0.24")
#: 17 schedules of each, a million operations in all.
KEPT = [Kept(store, tomcat) for store in STORES for tomcat in TOMCATS]
OF_EACH, OPERATIONS = 17, 9_900
#: A seed also says where sessions are kept: 0 to 99 in the first one, and so on.
SEEDS_OF_EACH = 100
OURS = [SEEDS_OF_EACH * number + seed for number in range(len(KEPT)) for seed in range(OF_EACH)] if FULL else range(4)
# A seed of one's own repeats one schedule: SEEDS=7 ./run test checker
SEEDS = [int(seed) for seed in os.environ.get("SEEDS", "").split()] or OURS
MEASURED = ROOT / "build/checker_measured.md"
HEAD = """\
| store | Tomcat | seed: acts | operations | without an answer | users of 20 with a fault | seconds |
| --- | --- | --- | --: | --: | --- | --: |
"""


@pytest.fixture(scope="module")
def measured():
    """Write a row, and the sum of all rows when they are done."""
    MEASURED.parent.mkdir(exist_ok=True)
    MEASURED.write_text(HEAD)
    sums = []

    def note(site, schedule, seen, seconds):
        cells = [site.kept.store, site.kept.tomcat, schedule.name, len(seen.history), len(seen.failures), seen]
        with MEASURED.open("a") as table:
            table.write(f"| {' | '.join(map(str, cells))} | {seconds:.0f} |\n")
        sums.append((len(seen.history), sum(seen.users.values())))

    yield note
    operations, users = (sum(numbers) for numbers in zip(*sums, strict=True))
    with MEASURED.open("a") as table:
        table.write(f"\n{len(sums)} schedules, {operations:,} operations, {users} users with a fault\n")


@pytest.mark.parametrize("seed", SEEDS)
def test_nobody_notices(site, measured, seed):
    site.keep(KEPT[seed // SEEDS_OF_EACH])
    schedule = Schedule.of(seed, ACTS)
    began = time.monotonic()
    seen = see(site, schedule, operations=OPERATIONS if FULL else 0)
    measured(site, schedule, seen, time.monotonic() - began)
    assert len(seen.history) > USERS * 20
    assert not seen.faults, "\n".join(
        [f"{site.kept} {schedule.name}: {seen} of {USERS} users; {len(seen.failures)} without an answer"]
        + [
            f"{fault.session} {fault.kind}: {fault.reason} (by {fault.operation.instance})"
            for fault in seen.faults[:20]
        ]
        + list(seen.told)
        + around(seen)
    )
