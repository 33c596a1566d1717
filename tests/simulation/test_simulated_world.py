# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nothing that must never be is found in the simulated world; and what once was wrong is found when it is put back.

A search that finds nothing proves little as long as it is not known what it would find. So each rule that was mended, and each that keeps users
from harm, is taken away here once.
"""

from __future__ import annotations

import os
import time

import pytest
from controllers import BrokenError, Driver, Fault, Order, Playbook
from search import AT_LENGTH, IN_CI, Case, Search, cases, report
from world import NEW, SLOW, Shape, World, in_place

from ansible_collections.roundrobin.tomcat.plugins.action import rollout_lock
from ansible_collections.roundrobin.tomcat.plugins.modules import rollout_httpd
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._rollout import checks, machines, plan
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._rollout.readings import read_locks

FULL = os.environ.get("RUN_FULL")


@pytest.fixture(autouse=True)
def in_the_world():
    with in_place():
        yield


def found(*beginning, states=4000):
    """What a search from these cases finds."""
    search = Search(limit=states)
    search.explore(beginning)
    assert search.runs
    return " / ".join(finding.what for finding in search.findings.values())


def test_nothing_that_must_never_be_is_found():
    began = time.monotonic()
    search = Search(limit=AT_LENGTH if FULL else IN_CI)
    search.explore(cases())
    print(report(search, time.monotonic() - began))
    assert len(search.states) >= search.limit
    assert {finding.what: finding for finding in search.findings.values()} == {}
    kinds = {
        "killed",
        "unreachable",
        "down",
        "lost",
        "person",
        "restarted",
        "new httpd",
        "other",
        "expired",
        "overtaken",
    }
    assert {kind for kind, count in search.faults.items() if count >= 5} == kinds


# What is found when a rule is taken away ---------------------------------------------

TWO_HTTPDS = Case(Shape(3, 2, 1), Order("deploy", NEW, policy="rollback_all"))
NARROW = Case(Shape(3, 2, 1), Order("deploy", NEW, min_available=2))
BAD = Case(Shape(3, 1, 1), Order("deploy", NEW), ((NEW, "app1"),))


def test_a_repair_that_undoes_what_another_httpd_knows_as_done_is_found(monkeypatch):
    """As it was: a record that one httpd has was believed, whatever the history of another said."""

    def believing(results, chosen, findings):
        return read_locks([{**one, "ended": ()} for one in results], chosen, findings)

    assert "undone" not in found(TWO_HTTPDS)
    monkeypatch.setattr(plan, "read_locks", believing)
    assert "what a rollout has done everywhere is undone" in found(TWO_HTTPDS)


SLOW_TIMES = {"drain_timeout": 1200, "health_timeout": 900, "soak": 700, "retire_timeout": 1800, "lease": 300}


def slow_run(order, bad=()):
    """A run in which everything takes as long as it may."""
    SLOW.update(drain=1150.0, health=850.0)
    world = World.new(Shape(4, 2, 1), bad)
    return Playbook(world, order, Driver(), slow=True).go()


@pytest.mark.parametrize("bad", [(), ((NEW, "app3"),)])
@pytest.mark.parametrize("serial", [1, 2])
@pytest.mark.parametrize(
    ("kind", "strategy"), [("deploy", "restart"), ("deploy", "reload"), ("deploy", "parallel"), ("restart", "restart")]
)
def test_no_lease_runs_out_while_a_run_lives(kind, strategy, serial, bad):
    version = NEW if kind == "deploy" else ""
    order = Order(kind, version, strategy, "rollback_all", serial, times=tuple(SLOW_TIMES.items()))
    done = slow_run(order, bad)
    assert (done.problems, done.green) == ([], not bad or kind == "restart")
    assert done.world.now > 4 * 900


@pytest.mark.parametrize("strategy", ["restart", "parallel"])
def test_a_lease_that_runs_out_in_a_live_run_is_found(monkeypatch, strategy):
    """As it was: one lease for all steps, whatever these may take."""

    def one_for_all(times, **_counts):
        return {**dict.fromkeys(("stage", "out", "serving"), 300), "retire": 300 + int(times.retire_timeout)}

    monkeypatch.setattr(plan, "leases", one_for_all)
    with pytest.raises(BrokenError, match="the lease ran out"):
        slow_run(Order("deploy", NEW, strategy, times=tuple(SLOW_TIMES.items())))


def test_a_member_too_many_that_is_taken_out_is_found(monkeypatch):
    def greedy(topology, instance, keep_usable):
        return drain(topology, instance, dict.fromkeys(keep_usable, 0))

    drain = machines.drain
    monkeypatch.setattr(machines, "drain", greedy)
    assert "would be left" in found(NARROW)


def test_a_member_that_is_taken_out_without_the_lock_is_found(monkeypatch):
    monkeypatch.setattr(rollout_httpd, "renew", lambda lock: {})
    assert "does not have the lock of this run" in found(Case(Shape(3, 1, 1), Order("deploy", NEW)), states=8000)


def test_a_sick_member_that_is_put_in_service_is_found(monkeypatch):
    monkeypatch.setattr(checks, "on_the_member", lambda *given: [])
    assert "is put in service and is not well" in found(BAD)


def test_a_lock_that_is_taken_from_a_run_that_lives_is_found(monkeypatch):
    monkeypatch.setattr(rollout_lock, "is_gone", lambda holder: True)
    assert "the lock is taken from a run that lives" in found(Case(Shape(3, 1, 1), Order("deploy", NEW)), states=8000)


def test_an_instance_that_is_stopped_while_it_has_users_is_found(monkeypatch):
    """As if httpd said that it obeyed, and did not."""
    monkeypatch.setattr(machines, "drain", lambda *given: [])
    assert "gives it users" in found(Case(Shape(3, 1, 1), Order("deploy", NEW)))


# What the search found -------------------------------------------------------------


def test_a_member_that_cannot_be_taken_out_everywhere_goes_on_serving():
    """A person takes app2 out at one httpd; app1 would leave one there, and two are asked for."""
    world = World.new(Shape(3, 2, 1))

    def by_hand(playbook, what):
        if what[0] == "member" and what[1] == "app1" and not world.taken_out:
            world.by_person("web2", "app2", "disabled")

    run = Playbook(world, NARROW.order, Driver(seen=by_hand)).go()
    assert [state for place, state in world.states.items() if place[2] == "app1"] == ["enabled", "enabled"]
    assert (run.outcome["by_host"]["app1"], run.outcome["left_out"]) == ("untouched", [])
    assert "app1 did not take 1.1 (it was not touched)" in run.outcome["last_words"][0]
    assert not any(map(world.lock, world.shape.names))


def test_rollback_all_leaves_as_many_as_were_asked_for():
    """app1 is done and app2 fails; meanwhile a person takes app3 out, so that app1 has to stay."""
    world = World.new(Shape(3, 1, 1), ((NEW, "app2"),))
    order = Order("deploy", NEW, policy="rollback_all", min_available=2)

    def by_hand(playbook, what):
        if what[0] == "stop" and what[1] == "app2":
            world.by_person("web1", "app3", "disabled")

    run = Playbook(world, order, Driver(seen=by_hand)).go()
    assert {host: world.serves(host, "ROOT") for host in world.shape.hosts} == {
        "app1": "1.1",
        "app2": "1.0",
        "app3": "1.0",
    }
    assert run.outcome["by_host"] == {"app1": "done", "app2": "rolled_back", "app3": "untouched"}
    assert any(words.startswith("app1 has 1.1 (it is in service)") for words in run.outcome["last_words"])


def test_a_rollout_without_a_report_gives_the_lock_back_and_says_so():
    world = World.new(Shape(3, 1, 1))

    class FullDisk(Playbook):
        def act(self, name, arguments, host, scope, task):
            if task.get("name") == "Finish | End the journal":
                return {"failed": True, "msg": "No space left on device"}
            return super().act(name, arguments, host, scope, task)

    run = FullDisk(world, Order("deploy", NEW), Driver()).go()
    assert run.outcome["last_words"] == ["There is no whole report: No space left on device"]
    assert (run.outcome["result"], world.lock("web1"), run.run.given_up != set()) == ("done", None, True)


def test_a_plan_that_another_rollout_has_overtaken_is_not_carried_out():
    """The lock was free when it was looked at; then another run takes app1 out and dies, and only then the members are read."""
    world = World.new(Shape(3, 1, 1))
    run = Playbook(world, Order("deploy", NEW), Driver({1: Fault("overtaken")})).go()
    assert (run.plan["problems"], run.plan["members"]["app1"]["left_by_person"]) == ([], True)
    assert (run.green, run.run.given_up) == (False, set(world.shape.hosts))
    # What the other one left is known, and put back.
    assert Playbook(world, Order("repair"), Driver()).go().green
    assert set(world.states.values()) == {"enabled"}
