# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Releases that go well and releases that do not, under load."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import pytest
from lengths import at_length
from site_of_rollouts import BALANCER, HOSTS, everywhere, never_out_together, results


@pytest.fixture
def without_a_store(site):
    site.chain.command("cache1", "systemctl stop memcached-node@11211")
    yield site
    site.chain.command("cache1", "systemctl start memcached-node@11211")


def test_preflight_lists_all_that_is_wrong_and_touches_nothing(without_a_store):
    site = without_a_store
    started = site.started()
    wrong = {
        "release_sha256": "0" * 64,
        "rolling_deploy_min_available": 4,
        "rolling_deploy_hooks": {"before_batch": "/nowhere/hook.yml", "before_lunch": "/nowhere/lunch.yml"},
    }
    play = site.chain.deploy(site.new_version(), "-e", json.dumps(wrong))
    assert play.returncode == 2
    told = play.stdout.rpartition("Nothing was touched")[2]
    for problem in ("0" * 64, "min_available", "/nowhere/hook.yml", "before_lunch", "11211"):
        assert problem in told
    assert site.started() == started
    assert play.events == []


def test_what_leaves_the_session_store_is_refused_and_if_accepted_goes_back(site):
    """A WAR with a Manager of its own is healthy on every member: nothing else than this finds it."""
    before, version, started = site.version, site.new_version(), site.started()
    own = '<Context><Manager pathname=""/></Context>'
    play = site.chain.deploy(version, context_xml=own)
    assert play.returncode == 2
    told = play.stdout.rpartition("Nothing was touched")[2]
    assert "META-INF/context.xml has a <Manager> (org.apache.catalina.session.StandardManager)" in told
    assert "rolling_deploy_accept=[store]" in told
    assert (site.started(), play.events) == (started, [])

    with site.load(
        "a release with a session manager of its own, which is accepted and fails on the first member"
    ) as users:
        play = site.chain.deploy(version, "-e", "rolling_deploy_accept=store", context_xml=own)
        assert play.returncode == 2, play.stdout
    assert users.noticed == {}
    assert "The Manager of ROOT is org.apache.catalina.session.StandardManager" in play.stdout
    assert results(play) == {"app1": "rolled_back", **dict.fromkeys(HOSTS[1:], "untouched")}
    enabled = [(event["host"], event["direction"]) for event in play.events if event["phase"] == "enable"]
    assert enabled == [("app1", "back")]
    site.must_be_whole(**everywhere(before))


def test_canary_while_requests_take_20_seconds_and_a_second_rollout_is_refused(site):
    before, version = site.version, site.new_version()
    waiting, sending = (site.chain.browser(BALANCER, "app1") for _user in range(2))
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
    (proved,) = (event["text"] for event in play.events if event["type"] == "note" and "sessions of" in event["text"])
    assert "its Manager is MemcachedSessionManager" in proved
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
    """The short form has rollback_all, which begins as rollback_member does."""
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
        if policy == "rollback_member":
            back = site.chain.play("rollback", "-e", f"release_version={before}")
            assert back.returncode == 0, back.stdout
    assert users.noticed == {}
    site.must_be_whole(**everywhere(before))


@at_length
def test_sick_on_the_third_member_and_stop(site):
    """The failure is that of test_sick_on_the_third_member, the repair that of test_killed_and_repaired."""
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
    """The canary in the short form is watched too, and test_sick_on_the_third_member fails in the same way."""
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
    """The unit tests of http_health wait for an answer that comes late; each start in the short form is waited for."""
    version = site.new_version()
    with site.load("a release that takes 20 s to start on one member") as users:
        play = site.chain.deploy(version, sick="slow-start", sick_on=["app2"], slow_start_seconds=20)
        assert play.returncode == 0, play.stdout
    assert users.noticed == {}
    site.must_be_whole(**everywhere(version))


@at_length
def test_rollback_to_the_release_before(site):
    """The same path with another release; rollback_all in the short form goes it backwards."""
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
    """The canary test has a second one refused; the unit tests of the record let many race for it."""
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
    """Who stays out is decided by the plan, in whose unit tests it is."""
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


@at_length
def test_hooks_run_at_their_moment(site, tmp_path):
    """The preflight test has hooks that are refused."""
    log = tmp_path / "log"
    once = ["before_rollout", "after_rollout"]
    of_a_batch = ["before_batch", "after_batch"]
    of_a_member = ["after_drain", "before_activate", "after_healthy"]
    hooks = {}
    for name in [*once, *of_a_batch, *of_a_member, "notify"]:
        which = " {{ rolling_deploy_notification.event }}" if name == "notify" else ""
        task = {
            "name": f"Note {name}",
            "ansible.builtin.shell": f"echo {name}{which} {{{{ inventory_hostname }}}} >> {log}",
            "delegate_to": "localhost",
            "become": False,
        }
        hooks[name] = str(tmp_path / f"{name}.yml")
        (tmp_path / f"{name}.yml").write_text(json.dumps([task]))
    version = site.new_version()
    serial = {"rolling_deploy_serial": 2, "rolling_deploy_hooks": hooks}
    with site.load("a release with hooks, two members at a time") as users:
        play = site.chain.deploy(version, "-e", json.dumps(serial))
        assert play.returncode == 0, play.stdout
    assert users.noticed == {}
    assert never_out_together(play)
    noted = [line.split() for line in log.read_text().splitlines()]
    names = [line[0] for line in noted]
    assert {name: names.count(name) for name in hooks} == {
        **dict.fromkeys(once, 1),
        **dict.fromkeys(of_a_batch, 2),
        **dict.fromkeys(of_a_member, 4),
        "notify": 6,
    }
    assert [names[0], names[-1]] == ["notify", "notify"]
    assert [line[1] for line in noted if line[0] == "notify"] == ["started", *["member_done"] * 4, "finished"]
    for host in HOSTS:
        assert [name for name, *_event, of in noted if of == host and name in of_a_member] == of_a_member
    site.must_be_whole(**everywhere(version))


def test_a_hook_that_cannot_reach_its_host(site, tmp_path):
    """A migration of a database whose host is away: the release must not be activated as if it had run."""
    before = site.version
    hook = tmp_path / "migrate.yml"
    away = {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 1}
    task = {
        "ansible.builtin.command": "true",
        "delegate_to": "away",
        "vars": away,
        "when": "inventory_hostname == 'app3'",
    }
    hook.write_text(json.dumps([task]))
    version = site.new_version()
    options = {"rolling_deploy_serial": 2, "rolling_deploy_hooks": {"before_activate": str(hook)}}
    with site.load("a hook that cannot reach its host, two members at a time") as users:
        play = site.chain.deploy(version, "-e", json.dumps(options))
        assert play.returncode != 0, play.stdout
        assert results(play) == {"app1": "done", "app2": "untouched", "app3": "left_out", "app4": "untouched"}
        assert "app3 did not take" in play.stdout.rpartition("End red")[2]
        assert site.states == {"app1": "enabled", "app2": "enabled", "app3": "disabled", "app4": "enabled"}
        repair = site.chain.play("repair")
        assert repair.returncode == 0, repair.stdout
        site.must_be_whole(app1=version, app2=before, app3=before, app4=before)
        back = site.chain.play("rollback", "-e", f"release_version={before}")
        assert back.returncode == 0, back.stdout
    assert users.noticed == {}


@at_length
@pytest.mark.parametrize(
    ("hook", "host", "told"),
    [
        ("before_rollout", "app1", "untouched untouched untouched untouched"),
        ("before_batch", "app1", "failed untouched untouched untouched"),
        # In one batch with app1, which is done by then.
        ("before_activate", "app3", "rolled_back untouched rolled_back untouched"),
        ("after_batch", "app1", "rolled_back untouched rolled_back untouched"),
    ],
)
def test_a_hook_that_fails(site, tmp_path, hook, host, told):
    """The hook on_failure fails too, which keeps nobody from the way back. Shorter: test_sick_on_the_third_member."""
    before = site.version
    hooks = {name: str(tmp_path / f"{name}.yml") for name in (hook, "on_failure")}
    for name, path in hooks.items():
        task = {"ansible.builtin.fail": {"msg": f"{name} went wrong"}, "when": f"inventory_hostname == '{host}'"}
        Path(path).write_text(json.dumps([task]))
    options = {"rolling_deploy_serial": 2, "rolling_deploy_on_failure": "rollback_all", "rolling_deploy_hooks": hooks}
    with site.load(f"a hook that fails (`{hook}`), two members at a time, `rollback_all`") as users:
        play = site.chain.deploy(site.new_version(), "-e", json.dumps(options))
        assert play.returncode == 2, play.stdout
    assert users.noticed == {}
    assert results(play) == dict(zip(HOSTS, told.split()))
    assert f"{hook} went wrong" in play.stdout.rpartition("End red")[2]
    # It is run for members that failed.
    assert ("on_failure went wrong" in play.stdout) == (hook != "before_rollout")
    site.must_be_whole(**everywhere(before))
