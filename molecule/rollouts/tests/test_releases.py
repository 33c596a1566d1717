# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Releases that go well and releases that do not, under load."""

from __future__ import annotations

from datetime import datetime

import pytest
from lengths import at_length
from site_of_rollouts import BALANCER, HOSTS, everywhere, never_out_together, results


def test_canary_while_requests_take_20_seconds_and_a_second_rollout_is_refused(site):
    before, version = site.version, site.new_version()
    waiting, sending = (site.chain.browser(BALANCER, "app1") for _ in range(2))
    canary = ["-e", '{"rolling_deploy_serial": [1, "100%"], "rolling_deploy_soak": 10}']
    with site.load("a release, first to one member which is watched for 10 s, then to the others") as users:
        answer = site.in_flight(waiting.count, 20)
        uploaded = site.in_flight(sending.upload, 2_000_000, 20)
        play = site.chain.start("rolling_deploy", *site.chain.release(version), *canary)
        play.follow("soak", "app1")
        second = site.chain.deploy(site.new_version())
        assert play.wait().returncode == 0, play.stdout
    assert users.noticed == {}

    # Both were on their way when app1 was drained, and both came to their end on what it had.
    for request in (answer.result(), uploaded.result()):
        assert (request["instance"], request["version"]) == ("app1", before)
    assert waiting.count()["counter"] == 2

    assert second.returncode != 0
    assert play.report["id"] in second.stdout and "holds the lock" in second.stdout
    assert list(second.events) == []

    assert results(play) == dict.fromkeys(HOSTS, "done")
    assert never_out_together(play)
    canary_done, next_drain = (
        datetime.fromisoformat(play.follow(phase, host)["at"]) for phase, host in (("soak", "app1"), ("drain", "app3"))
    )
    assert (next_drain - canary_done).total_seconds() >= 10
    site.must_be_whole(**everywhere(version))


@pytest.mark.parametrize(
    ("policy", "versions", "told"),
    [
        pytest.param("rollback_member", "new new old old", "done done rolled_back untouched", marks=at_length),
        ("rollback_all", "old old old old", "rolled_back rolled_back rolled_back untouched"),
    ],
)
def test_sick_on_the_third_member(site, policy, versions, told):
    before, version = site.version, site.new_version()
    with site.load(f"a release that is sick on the third member, `{policy}`") as users:
        play = site.chain.deploy(
            version,
            *("-e", f"rolling_deploy_on_failure={policy}", "-e", "rolling_deploy_health_timeout=8"),
            sick="unhealthy",
            sick_on=["app3"],
        )
        assert play.returncode == 2, play.stdout
        site.must_be_whole(**dict(zip(HOSTS, ({"new": version, "old": before}[word] for word in versions.split()))))
        assert results(play) == dict(zip(HOSTS, told.split()))
        assert "app3 did not take" in play.stdout
        back = site.chain.play("rollback", "-e", f"release_version={before}")
        assert back.returncode == 0, back.stdout
    assert users.noticed == {}
    site.must_be_whole(**everywhere(before))


@at_length
def test_sick_on_the_third_member_and_stop(site):
    before, version = site.version, site.new_version()
    with site.load("a release that is sick on the third member, `stop`, then `repair.yml`") as users:
        play = site.chain.deploy(
            version,
            *("-e", "rolling_deploy_on_failure=stop", "-e", "rolling_deploy_health_timeout=8"),
            sick="unhealthy",
            sick_on=["app3"],
        )
        assert play.returncode == 2, play.stdout
        assert site.states == {"app1": "enabled", "app2": "enabled", "app3": "disabled", "app4": "enabled"}
        assert results(play) == {"app1": "done", "app2": "done", "app3": "left_out", "app4": "untouched"}
        assert site.lock["status"] == "left"
        repair = site.chain.play("repair")
        assert repair.returncode == 0, repair.stdout
        site.must_be_whole(app1=version, app2=version, app3=before, app4=before)
        back = site.chain.play("rollback", "-e", f"release_version={before}")
        assert back.returncode == 0, back.stdout
    assert users.noticed == {}


@at_length
def test_sick_while_it_is_watched(site):
    before, version = site.version, site.new_version()
    with site.load("a release that gets sick while its first member is watched") as users:
        play = site.chain.deploy(
            version,
            *("-e", "rolling_deploy_soak=20"),
            sick="unhealthy",
            sick_after_seconds=8,
        )
        assert play.returncode == 2, play.stdout
    assert users.noticed == {}
    assert results(play) == {"app1": "rolled_back", **dict.fromkeys(HOSTS[1:], "untouched")}
    site.must_be_whole(**everywhere(before))


@at_length
def test_slow_start(site):
    version = site.new_version()
    with site.load("a release that takes 20 s to start on one member") as users:
        play = site.chain.deploy(version, sick="slow-start", sick_on=["app2"], slow_start_seconds=20)
        assert play.returncode == 0, play.stdout
    assert users.noticed == {}
    site.must_be_whole(**everywhere(version))


@at_length
def test_rollback_to_the_release_before(site):
    before, version = site.version, site.new_version()
    with site.load("a release, and `rollback.yml` without a word") as users:
        assert site.chain.deploy(version).returncode == 0
        play = site.chain.play("rollback")
        assert play.returncode == 0, play.stdout
    assert users.noticed == {}
    assert [entry["kind"] for entry in site.history[:2]] == ["rollback", "deploy"]
    site.must_be_whole(**everywhere(before))


@at_length
def test_two_rollouts_at_the_same_moment(site):
    versions = [site.new_version(), site.new_version()]
    with site.load("two rollouts started at the same moment") as users:
        plays = {version: site.chain.start("rolling_deploy", *site.chain.release(version)) for version in versions}
        (winner,) = [version for version, play in plays.items() if play.wait().returncode == 0]
    assert users.noticed == {}
    (loser,) = set(versions) - {winner}
    assert "Nothing was touched" in plays[loser].stdout
    assert plays[loser].events == []
    site.must_be_whole(**everywhere(winner))


@at_length
def test_a_member_that_a_person_took_out_stays_out(site):
    version = site.new_version()
    options = {"manager_url": "http://127.0.0.1:9080/balancer-manager", "route": "app4"}
    site.chain.module(BALANCER, "httpd_balancer_member", state="disabled", **options)
    with site.load("a release while a person has taken one member out") as users:
        play = site.chain.deploy(version)
        assert play.returncode == 0, play.stdout
    assert users.noticed == {}
    assert site.states == {"app1": "enabled", "app2": "enabled", "app3": "enabled", "app4": "disabled"}
    site.chain.module(BALANCER, "httpd_balancer_member", state="enabled", **options)
    site.must_be_whole(**everywhere(version))
