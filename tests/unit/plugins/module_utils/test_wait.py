# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.roundrobin.tomcat.plugins.module_utils._wait import SystemClock, wait_until


def test_looks_once_when_that_is_enough(new_clock):
    clock = new_clock()
    outcome = wait_until(lambda: 7, lambda seen: seen == 7, timeout=0, interval=1, clock=clock)
    assert (outcome.done, outcome.last, outcome.seconds, outcome.looks, clock.slept) == (True, 7, 0, 1, [])


def test_looks_until_enough(new_clock):
    clock = new_clock()
    outcome = wait_until(lambda: clock.now, lambda seen: seen >= 3, timeout=9, interval=1, clock=clock)
    assert (outcome.done, outcome.last, outcome.looks) == (True, 3, 4)


def test_looks_at_the_deadline_too(new_clock):
    clock = new_clock()
    outcome = wait_until(lambda: clock.now, lambda seen: False, timeout=2.5, interval=1, clock=clock)
    assert (outcome.done, outcome.last, outcome.seconds) == (False, 2.5, 2.5)
    assert clock.slept == [1, 1, 0.5]


def test_the_system_clock_moves():
    clock = SystemClock()
    started = clock.monotonic()
    clock.sleep(0.001)
    assert clock.monotonic() > started


def test_the_interval_may_depend_on_what_was_seen(new_clock):
    clock = new_clock()
    outcome = wait_until(
        lambda: clock.now, lambda seen: seen >= 7, timeout=9, interval=lambda seen: seen + 1, clock=clock
    )
    assert (outcome.done, clock.slept) == (True, [1, 2, 4])


def test_no_interval_is_longer_than_what_is_left(new_clock):
    clock = new_clock()
    wait_until(lambda: clock.now, lambda seen: False, timeout=2, interval=lambda seen: 5, clock=clock)
    assert clock.slept == [2]
