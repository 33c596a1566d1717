# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._rollout.leases import Times, leases

TIMES = Times(lease=300, health_timeout=120.5, soak=30, retire_timeout=1800)


def test_each_step_has_what_it_may_take():
    found = leases(TIMES, largest_batch=1, retiring=3, forks=5, beside=False)
    assert found == {"stage": 3900, "out": 721, "serving": 330, "retire": 2100}


def test_a_member_that_stays_in_service_may_take_as_long_there_and_back():
    found = leases(TIMES, largest_batch=1, retiring=3, forks=5, beside=True)
    assert found == {"stage": 3900 + 721, "out": 721, "serving": 330 + 721, "retire": 2100}


@pytest.mark.parametrize(("hosts", "forks", "turns"), [(5, 5, 1), (6, 5, 2), (11, 5, 3), (100, 0, 1), (0, 5, 1)])
def test_hosts_that_wait_for_their_turn_count(hosts, forks, turns):
    found = leases(TIMES, largest_batch=hosts, retiring=hosts, forks=forks, beside=False)
    assert found["retire"] == 300 + turns * 1800
    assert found["serving"] == 300 + turns * 30
