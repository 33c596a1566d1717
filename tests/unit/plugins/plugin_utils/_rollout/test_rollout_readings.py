# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._rollout.findings import Findings
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._rollout.readings import (
    Interrupted,
    Releases,
    Seat,
    by_kind,
    read,
    read_locks,
    read_redis,
)

FAILED = {"failed": True, "msg": "it is so"}


def facts_of(chain, base_name="ROOT", managers_wanted=True):
    findings = Findings()
    facts = read(chain.readings, chain.topology, base_name, chain.hosts, findings, managers_wanted=managers_wanted)
    return facts, findings


def problems_of(chain):
    return list(facts_of(chain)[1].problems)


def test_what_is_in_order_is_plain_facts(read_chain):
    facts, findings = facts_of(read_chain(2, httpds=2))
    assert (list(findings.problems), list(findings.warnings)) == ([], [])
    seats = [Seat(host, "enabled", True, False, "") for host in ("app1", "app2")]
    assert facts.seats == {("web1", "tomcat"): seats, ("web2", "tomcat"): seats}
    assert facts.releases["app1"] == Releases("1.0", "0.9", {"1.1": None, "1.0": None, "0.9": None})
    assert facts.health == {"app1": "", "app2": ""}


def test_a_host_that_is_out_of_reach_is_named_once(read_chain):
    chain = read_chain(2, httpds=2).unreachable("app2").unreachable("web1")
    timed_out = "unreachable: Failed to connect to the host via ssh: Connection timed out"
    assert problems_of(chain) == [f"web1, app2: {timed_out}"]


@pytest.mark.parametrize("kind", ["releases", "staging", "stores", "sessions"])
def test_what_failed_on_several_hosts_is_one_line(read_chain, kind):
    chain = read_chain(3)
    for host in ("app1", "app3"):
        chain.readings[kind][host] = dict(FAILED)
    assert problems_of(chain) == ["app1, app3: it is so"]


def test_a_manager_that_does_not_answer_is_told_as_what_it_is(read_chain):
    chain = read_chain(2)
    chain.readings["managers"] = {"app1": {"contexts": []}, "app2": dict(FAILED)}
    assert problems_of(chain) == ["app2: Tomcat's own manager does not answer, which this strategy needs: it is so"]


def test_a_manager_that_is_not_needed_may_be_silent_and_is_heard_all_the_same(read_chain):
    chain = read_chain(2)
    chain.readings["managers"] = {"app1": {"problems": ["/ does not run"]}, "app2": dict(FAILED)}
    facts, findings = facts_of(chain, managers_wanted=False)
    assert (list(findings.problems), facts.health) == ([], {"app1": "/ does not run", "app2": ""})


def test_a_task_that_does_not_say_why_is_told_too(read_chain):
    chain = read_chain(1)
    chain.readings["releases"]["app1"] = {"failed": True}
    assert problems_of(chain) == ["app1: the task failed and does not say why"]


def test_a_balancer_that_would_not_follow_a_change_is_told(read_chain):
    """Neither one that cannot be read, nor one that is not the inventory's."""
    chain = read_chain(2, httpds=2)
    chain.readings["balancers"][0] = {"item": chain.topology["balancers"][0], **FAILED}
    chain.readings["balancers"][1]["refusals"] = {"tomcat": "the change was ignored", "somebody-elses": "no nonce"}
    assert problems_of(chain) == [
        "web1: it is so",
        "web2: the manager does not obey for balancer tomcat: the change was ignored",
    ]


def test_a_balancer_that_was_not_asked_is_told(read_chain):
    chain = read_chain(2, httpds=2)
    chain.readings["balancers"].pop()
    assert problems_of(chain) == ["web2: its balancers were not read."]


@pytest.mark.parametrize(
    "change, why",
    [
        ({"state": "draining"}, "draining"),
        ({"state": "enabled", "in_error": True}, "in error"),
        ({"state": "disabled", "health_check_failed": True}, "disabled, failed httpd's health check"),
        ({"state": "enabled", "status": "Init Spar"}, "httpd says Init Spar"),
    ],
)
def test_why_a_member_gets_no_requests(change, why):
    assert Seat.of({"usable": False, "status": "Init Ok", **change}, "app1").why_not == why


def test_a_member_that_the_inventory_does_not_know_has_its_address_for_a_name(read_chain):
    chain = read_chain(2)
    chain.topology["instances"].pop()
    facts, _findings = facts_of(chain)
    assert [seat.host for seat in facts.seats["web1", "tomcat"]] == ["app1", "ajp://198.18.0.11:8009"]


def test_bad_health_is_no_problem_and_says_which_application(read_chain):
    chain = read_chain(2, applications=[{"path": "/"}, {"path": "/shop"}])
    chain.sick("app1", application="shop").sick("app2", "no answer")
    facts, findings = facts_of(chain)
    assert list(findings.problems) == []
    assert facts.health == {"app1": "shop: status 503 instead of 200", "app2": "ROOT: no answer; shop: no answer"}


def test_what_was_not_asked_for_its_health_is_not_known(read_chain):
    chain = read_chain(2).release("app1", None)
    del chain.readings["health"]["app2"]
    assert facts_of(chain)[0].health == {}


def test_releases_that_users_still_have_beside_the_active_one(read_chain):
    chain = read_chain(1)
    entry = chain.readings["releases"]["app1"]["applications"]["ROOT"]
    entry["contexts"].append({"context_version": "2", "version": "1.1"})
    entry.update(active_version="1.1", previous_version="1.0")
    entry["releases"][2]["problem"] = "its WAR is gone"
    expected = Releases("1.1", "1.0", {"1.1": None, "1.0": None, "0.9": "its WAR is gone"}, ("1.0",))
    assert facts_of(chain)[0].releases == {"app1": expected}


def test_an_application_that_is_not_there_has_no_release(read_chain):
    assert facts_of(read_chain(1), "shop")[0].releases == {"app1": Releases(None, None, {})}


def test_stores_are_asked_from_where_they_are_needed(read_chain):
    chain = read_chain(3)
    for host in ("app1", "app3"):
        chain.readings["stores"][host]["nodes"][0].update(up=False, reason="Connection refused")
    for host, count in (("app1", 3), ("app2", 5)):
        chain.readings["stores"][host]["nodes"][1].update(evictions=count)
    _facts, findings = facts_of(chain)
    assert list(findings.problems) == ["app1, app3: memcached 198.18.1.11:11211 does not answer: Connection refused"]
    assert list(findings.warnings) == [
        "memcached 198.18.1.12:11211 threw 5 items away for want of memory, sessions among them."
    ]


def test_a_single_store_is_warned_of(read_chain):
    _facts, findings = facts_of(read_chain(2, stores=1))
    assert list(findings.warnings) == ["198.18.1.11:11211 is the only memcached node: every session is lost with it."]


def test_sessions_that_nothing_keeps_are_warned_of(read_chain):
    chain = read_chain(2)
    chain.topology["session_store"] = "none"
    (warning,) = facts_of(chain)[1].warnings
    assert "whoever has a session on a member loses it" in warning


def test_sessions_that_a_stop_of_their_tomcat_would_lose_are_warned_of(read_chain):
    chain = read_chain(3)
    figures = {"name": "shop", "sessions": 0, "largest_bytes": 0, "incomplete": 0, "refused": 0}
    chain.readings["sessions"] = {
        "app1": {"contexts": [{**figures, "sessions": 2, "largest_bytes": 1536211, "incomplete": 1}]},
        "app2": {"contexts": [figures, {**figures, "name": "ROOT", "incomplete": 12}]},
        "app3": {"contexts": []},
    }
    lost = "What is not stored is lost when this Tomcat stops; its log says which sessions, and why."
    assert list(facts_of(chain)[1].warnings) == [
        f"app1: shop: 2 sessions could not be stored (the largest has 1.5 MB) and 1 session could be stored in part only. {lost}",
        f"app2: ROOT: 12 sessions could be stored in part only. {lost}",
    ]
    # The largest is one of those that could not be stored.
    chain.readings["sessions"] = {"app1": {"contexts": [{**figures, "sessions": 1}]}}
    assert list(facts_of(chain)[1].warnings) == [f"app1: shop: 1 session could not be stored. {lost}"]


# The lock -------------------------------------------------------------------


def test_a_lock_that_another_rollout_holds_is_a_problem(read_chain):
    chain = read_chain(2, httpds=2)
    for lock in chain.readings["locks"]:
        lock.update(failed=True, msg="rollout B by bob@ctl holds the lock")
    findings = Findings()
    assert read_locks(chain.readings["locks"], "", findings) is None
    assert list(findings.problems) == ["web1, web2: rollout B by bob@ctl holds the lock"]


def test_what_ended_on_one_httpd_is_not_undone_for_another_that_kept_its_record(read_chain):
    """web2 could not be reached when rollout A was over."""
    chain = read_chain(2, httpds=2)
    chain.interrupted(chain.plan(), rollout="A", httpds=["web2"])
    chain.readings["locks"][0]["ended"] = ["A"]
    findings = Findings()
    assert read_locks(chain.readings["locks"], "", findings) is None
    assert list(findings.problems) == []
    (warning,) = findings.warnings
    assert warning.startswith("web2: still has the record of rollout A (deploy of ROOT 1.1, ")


def records(read_chain, *, took_over=None):
    """web1 has the record of a rollout A of ROOT, web2 that of a rollout B of shop, which began later by web2's clock."""
    chain = read_chain(2, httpds=2, applications=[{"path": "/"}, {"path": "/shop"}])
    chain.interrupted(chain.plan(application="ROOT"), rollout="A", httpds=["web1"])
    chain.interrupted(chain.plan(application="shop"), rollout="B", httpds=["web2"])
    second = chain.readings["locks"][1]["taken_over"]
    second["started_at"] = "2026-11-24T06:00:00Z"
    second["record"]["took_over"] = took_over
    return chain


def test_the_same_record_everywhere_is_one(read_chain):
    chain = read_chain(2, httpds=2)
    chain.interrupted(chain.plan(), rollout="A")
    findings = Findings()
    assert read_locks(chain.readings["locks"], "", findings).id == "A"
    assert (list(findings.problems), list(findings.warnings)) == ([], [])


def test_records_of_different_rollouts_are_told_and_none_is_guessed(read_chain):
    findings = Findings()
    assert read_locks(records(read_chain).readings["locks"], "", findings) is None
    assert list(findings.problems) == [
        "web1: has the record of rollout A (deploy of ROOT 1.1, begun 2026-11-24T05:15:00Z by ann@ctl).",
        "web2: has the record of rollout B (deploy of shop 1.1, begun 2026-11-24T06:00:00Z by ann@ctl).",
        (
            "The httpd hosts have records of different rollouts, and none of these took over the other. "
            "Say which one is to be finished or repaired: -e rolling_deploy_take_over=A"
        ),
    ]


def test_of_different_records_a_person_may_choose(read_chain):
    findings = Findings()
    assert read_locks(records(read_chain).readings["locks"], "A", findings).id == "A"
    assert list(findings.problems) == []
    (warning,) = findings.warnings
    assert warning.startswith("web2: has the record of rollout B (deploy of shop 1.1, ")


def test_the_record_of_who_took_over_counts_whatever_the_clocks_say(read_chain):
    chain = records(read_chain, took_over="A")
    chain.readings["locks"][1]["taken_over"]["started_at"] = "2026-11-24T01:00:00Z"
    findings = Findings()
    assert read_locks(chain.readings["locks"], "", findings).id == "B"
    assert list(findings.problems) == []
    (warning,) = findings.warnings
    assert warning.startswith("web1: has the record of rollout A ")


def test_a_record_that_has_next_to_nothing_is_read_all_the_same():
    found = Interrupted.of({"id": "x"})
    assert (found.members, found.policy, found.version) == ({}, "", "")
    assert found.called == "rollout x (?, begun ? by ?)"


REDIS_UP = {"server": "redis://a:1", "up": True, "reason": None, "evictions": 0}
REDIS_DOWN = {"server": "redis://b:1", "up": False, "reason": "Connection refused", "evictions": None}


@pytest.mark.parametrize(
    ("servers", "problems", "warnings"),
    [
        ([REDIS_UP], [], []),
        ([REDIS_UP, REDIS_DOWN], [], []),
        ([REDIS_DOWN], ["app1, app2: Redis does not answer: redis://b:1: Connection refused"], []),
        ([{**REDIS_UP, "evictions": 2}], [], ["redis://a:1 threw keys away for want of memory, sessions among them."]),
    ],
)
def test_one_redis_server_that_answers_is_enough(servers, problems, warnings):
    findings = Findings()
    read_redis({host: {"servers": servers} for host in ("app1", "app2")}, findings)
    assert (list(findings.problems), list(findings.warnings)) == (problems, warnings)


def test_who_could_not_ask_redis():
    findings = Findings()
    results = {"app1": {"failed": True, "msg": "no Python"}, "app2": {"skipped": True}}
    read_redis(results, findings)
    assert list(findings.problems) == ["app1: no Python"]


def test_the_answers_by_host_are_sorted_by_kind():
    answers = {"releases": {"applications": {}}, "health": {"results": []}}
    hosts = {"app1": {"answers": answers}, "app2": {"answers": {**answers, "staging": FAILED}}}
    assert by_kind({"hosts": hosts, "locks": []}) == {
        "releases": {"app1": {"applications": {}}, "app2": {"applications": {}}},
        "health": {"app1": {"results": []}, "app2": {"results": []}},
        "staging": {"app2": FAILED},
        "hosts": hosts,
        "locks": [],
    }


@pytest.mark.parametrize("result", [FAILED, {"unreachable": True, "msg": "timed out"}])
def test_of_a_host_that_could_not_be_asked_all_is_missing(read_chain, result):
    chain = read_chain(2)
    kinds = by_kind({"hosts": {"app2": result}})
    assert kinds["releases"] == kinds["managers"] == {"app2": result}
    for kind in ("releases", "staging", "health", "stores"):
        chain.readings[kind]["app2"] = result
    words = "unreachable: timed out" if "unreachable" in result else "it is so"
    assert problems_of(chain) == [f"app2: {words}"]


def test_readings_that_come_by_kind_stay_as_they_are(read_chain):
    readings = read_chain(2).readings
    assert by_kind(readings) == readings
