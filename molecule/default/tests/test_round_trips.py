# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`site` with nothing to change asks each host a few times only: over a network, these are its time."""

from __future__ import annotations

from chain import recap
from trips import counted, counting

testinfra_hosts = ["web"]
# Of each inventory host. docs/performance.md has the figures.
AT_MOST = 15


def test_a_second_set_up_needs_few_round_trips(chain, tmp_path, monkeypatch):
    log = tmp_path / "round_trips.jsonl"
    for name, value in counting(log).items():
        monkeypatch.setenv(name, value)
    play = chain.play("site")
    assert play.returncode == 0, play.stdout
    assert {host: counts["changed"] for host, counts in recap(play).items()} == dict.fromkeys(recap(play), 0)
    assert "[WARNING]" not in play.stdout
    found = counted(log)
    # Each of them is asked at least once, or nothing was counted.
    assert set(found) == set(recap(play))
    assert max(found.values()) <= AT_MOST, found
