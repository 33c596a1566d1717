# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""After test_cluster.py: releases under load, one after another; each test starts where the one before ended."""

from __future__ import annotations

import time

import pytest
from chain import recap
from lengths import FULL, at_length

BALANCER = "web1"
ROUTES = ["app1", "app2"]
ALL_IN = {"app1": "enabled", "app2": "enabled"}
USERS = 30


def load(chain, min_requests=1000):
    return chain.load(BALANCER, users=USERS, min_requests=min_requests)


def started(chain, host):
    """When the instance was started last: the same again means it was never touched."""
    return chain.command(host, f"systemctl show --property=ActiveEnterTimestamp,MainPID tomcat@{host}")


def test_check_mode_goes_through_and_touches_nothing(chain):
    def releases():
        return chain.command("app1", "ls /var/opt/tomcat/app1/releases/ROOT").split()

    before, kept = [started(chain, host) for host in ROUTES], releases()
    play = chain.deploy("1.1", "--check")
    assert play.returncode == 0, play.stdout
    assert [started(chain, host) for host in ROUTES] == before
    assert chain.versions(BALANCER, ROUTES) == {"app1": "1.0", "app2": "1.0"}
    assert chain.member_states(BALANCER) == ALL_IN
    assert "1.0" in kept and "1.1" not in kept
    assert releases() == kept


def test_releases_that_nobody_notices(chain):
    """Two in a row; one in the short form, where the scenario rollouts has some more."""
    with load(chain) as users:
        for version in ("1.1", "1.2") if FULL else ("1.2",):
            play = chain.deploy(version)
            assert play.returncode == 0, play.stdout
            assert chain.versions(BALANCER, ROUTES) == {"app1": version, "app2": version}
    assert users.noticed == {}
    assert users.report["totals"]["sessions"] == USERS
    assert chain.member_states(BALANCER) == ALL_IN


def test_the_same_release_again_changes_nothing(chain):
    before = [started(chain, host) for host in ROUTES]
    play = chain.deploy("1.2")
    assert play.returncode == 0, play.stdout
    assert {counts["changed"] for counts in recap(play).values()} == {0}
    assert [started(chain, host) for host in ROUTES] == before


@pytest.mark.parametrize("sick", [pytest.param("unhealthy", marks=at_length), "broken"])
def test_a_sick_release_goes_back(chain, sick):
    """Unhealthy: in the short form, test_sick_on_the_third_member in the scenario rollouts."""
    untouched = started(chain, "app2")
    with load(chain) as users:
        play = chain.deploy(f"2.0-{sick}", "-e", "rolling_deploy_health_timeout=10", sick=sick)
    assert play.returncode == 2
    assert f"app1 did not take 2.0-{sick}" in play.stdout and "is back on 1.2" in play.stdout
    assert recap(play)["app2"]["failed"] == 0
    assert started(chain, "app2") == untouched
    assert chain.versions(BALANCER, ROUTES) == {"app1": "1.2", "app2": "1.2"}
    assert chain.member_states(BALANCER) == ALL_IN
    assert users.noticed == {}


def test_a_war_that_is_none_is_refused_before_anything_is_touched(chain, tmp_path):
    war = tmp_path / "broken.war"
    war.write_bytes(b"no zip at all")
    before = [started(chain, host) for host in ROUTES]
    for argument, said in (
        (war, "broken.war"),
        (tmp_path / "missing.war", "missing.war"),
    ):
        play = chain.play("rolling_deploy", "-e", f"release_war={argument}", "-e", "release_version=3.0")
        assert play.returncode == 2
        assert said in play.stdout
    wrong = chain.deploy("3.0", "-e", f"release_sha256={'0' * 64}")
    assert wrong.returncode == 2
    assert "0" * 64 in " ".join(wrong.stdout.split())
    assert [started(chain, host) for host in ROUTES] == before
    assert chain.member_states(BALANCER) == ALL_IN


def test_kill_9_under_load_loses_no_session(chain):
    with load(chain) as users:
        chain.command("app1", "systemctl kill --signal=SIGKILL tomcat@app1; sleep 5; systemctl start tomcat@app1")
        time.sleep(10)
    totals = users.report["totals"]
    assert totals["lost"] == 0
    # At most what was in flight on that instance: each user has one request at a time.
    assert totals["failed"] <= USERS
    print(f"\nkill -9: {totals}")


def test_a_chain_that_is_down_is_restarted_and_gets_the_release_that_mends_it(chain):
    """Nobody is served, so nothing is protected: no member has to stay in service for the others."""
    for what in ("restart", "1.3"):
        for host in ROUTES:
            chain.command(host, f"systemctl stop tomcat@{host}")
        play = chain.play("rolling_restart") if what == "restart" else chain.deploy(what)
        assert play.returncode == 0, play.stdout
        assert [member["result"] for member in play.report["members"]] == ["done", "done"]
        version = "1.2" if what == "restart" else what
        assert chain.versions(BALANCER, ROUTES) == {"app1": version, "app2": version}
        assert chain.member_states(BALANCER) == ALL_IN
