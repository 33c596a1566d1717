# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What becomes of each instance, after a person has been there and after a rollout that died."""

from __future__ import annotations

import pytest


def wanted(plan, host):
    """Its state at each httpd at the end."""
    return {state["httpd"]: state["state"] for state in plan["members"][host]["states"]}


def versions(plan, host):
    """The release that it has, goes back to on failure, and is to have."""
    member = plan["members"][host]
    return member["version_now"], member["version_before"], member["version_after"]


# Without an interrupted rollout ----------------------------------------------


@pytest.mark.parametrize("kind", ["deploy", "rollback", "restart"])
@pytest.mark.parametrize("state", ["draining", "disabled", "stopped"])
def test_what_a_person_took_out_gets_the_release_and_stays_out(read_chain, kind, state):
    chain = read_chain(3, httpds=2).out("app2", state, httpd="web2")
    plan = chain.plan(kind)
    assert plan["problems"] == []
    assert "app2" in plan["order"]
    assert wanted(plan, "app2") == {"web1": "enabled", "web2": state}
    assert plan["members"]["app2"]["left_by_person"]
    assert plan["members"]["app2"]["out_by"] is None
    assert f"app2: was taken out by a person and stays out ({state} at web2:tomcat)." in plan["warnings"]


def test_who_is_on_the_release_is_skipped(read_chain):
    chain = read_chain(4).release("app1", "1.1", "1.0").release("app2", "1.1", "1.0").out("app2")
    plan = chain.plan()
    assert plan["order"] == ["app3", "app4"]
    assert plan["skipped"] == {"app1": "on 1.1 already", "app2": "on 1.1 already, stays out of service"}


def test_who_is_on_the_release_and_sick_gets_it_again(read_chain):
    plan = read_chain(3).release("app3", "1.1", "1.0").sick("app3").plan()
    assert plan["order"][0] == "app3"
    assert versions(plan, "app3") == ("1.1", "1.1", "1.1")
    assert "app3: is in service and does not answer: status 503 instead of 200" in plan["warnings"]


def test_where_all_is_done_there_is_nothing_to_do(read_chain):
    chain = read_chain(2)
    for host in chain.hosts:
        chain.release(host, "1.1", "1.0")
    plan = chain.plan()
    assert (plan["problems"], plan["nothing_to_do"], plan["order"]) == ([], True, [])
    assert plan["text"][0] == "Deploy ROOT 1.1: nothing to do"


def test_a_first_release_has_none_to_go_back_to(read_chain):
    chain = read_chain(2).release("app1", None, staged=[]).release("app2", None, staged=[])
    plan = chain.plan()
    assert (plan["problems"], plan["batches"]) == ([], [["app1"], ["app2"]])
    assert versions(plan, "app1") == (None, None, "1.1")


@pytest.mark.parametrize("kind, after", [("deploy", "1.1"), ("rollback", "0.9"), ("restart", "1.0")])
def test_each_kind_has_its_release_at_the_end(read_chain, kind, after):
    assert versions(read_chain(2).plan(kind), "app2") == ("1.0", "1.0", after)


def test_a_rollback_goes_where_it_is_told(read_chain):
    plan = read_chain(2).release("app2", "0.9", "1.0").plan("rollback", "0.9")
    assert (plan["order"], plan["skipped"]) == (["app1"], {"app2": "on 0.9 already"})


def test_a_rollback_skips_who_never_had_a_release(read_chain):
    plan = read_chain(3).release("app3", None).plan("rollback")
    assert (plan["version"], plan["order"]) == ("0.9", ["app1", "app2"])
    assert plan["skipped"] == {"app3": "no release of ROOT"}


def test_a_rollback_without_one_release_before_names_what_there_is(read_chain):
    (problem,) = read_chain(3).release("app2", "1.0", "0.8").plan("rollback")["problems"]
    assert problem == (
        "release_version is not given and the release before is not one and the same: "
        "0.9 on app1, app3; 0.8 on app2. Name one: -e release_version=1.4.1"
    )


def test_an_enabled_member_that_gets_nothing_is_warned_of(read_chain):
    plan = read_chain(3, httpds=2).in_error("app2", "web1").plan()
    assert plan["warnings"] == ["app2: gets no requests although it is enabled: in error at web1:tomcat"]


def test_httpds_word_counts_where_nobody_was_asked(read_chain):
    chain = read_chain(3).release("app2", "1.1", "1.0").in_error("app2")
    del chain.readings["health"]["app2"]
    plan = chain.plan()
    assert plan["order"][0] == "app2"
    assert "app2: is in service and does not answer: in error at web1:tomcat" in plan["warnings"]


# An instance that came later ---------------------------------------------------

TWO_APPLICATIONS = ({"path": "/"}, {"path": "/shop"})


def came_later(chain, host="app3", bases=("ROOT",)):
    """site has made it a member, and nothing was released on it."""
    for base in bases:
        chain.release(host, None, staged=[], base=base)
    return chain.out(host)


def ways(plan, host):
    """Its states at the end of each way, as httpd is given them."""
    enable = plan["members"][host]["enable"]
    return {way: {one["state"] for machine in enable[way] for one in machine["members"]} for way in ("forward", "back")}


def test_the_first_release_puts_an_instance_in_service(read_chain):
    plan = came_later(read_chain(3, httpds=2)).plan("deploy", "1.0")
    assert (plan["problems"], plan["warnings"]) == ([], [])
    assert plan["order"] == ["app3"]
    assert plan["skipped"] == {"app1": "on 1.0 already", "app2": "on 1.0 already"}
    assert versions(plan, "app3") == (None, None, "1.0")
    assert ways(plan, "app3") == {"forward": {"enabled"}, "back": {"disabled"}}
    assert not plan["members"]["app3"]["left_by_person"]


def test_no_other_rollout_puts_it_in_service(read_chain):
    for kind in ("restart", "rollback"):
        plan = came_later(read_chain(3)).plan(kind)
        assert set(wanted(plan, "app3").values()) == {"disabled"}
    restart = came_later(read_chain(3)).plan("restart")
    assert "app3: stays out of service (disabled at web1:tomcat) until it has a release of ROOT." in restart["warnings"]


def test_it_waits_for_all_applications_of_its_balancer(read_chain):
    chain = came_later(read_chain(3, applications=TWO_APPLICATIONS), bases=("ROOT", "shop"))
    first = chain.plan("deploy", "1.1", application="ROOT")
    assert set(wanted(first, "app3").values()) == {"disabled"}
    assert "app3: stays out of service (disabled at web1:tomcat) until it has a release of shop." in first["warnings"]
    chain.release("app3", "1.1")
    second = chain.plan("deploy", "1.0", application="shop")
    assert (second["order"], set(wanted(second, "app3").values())) == (["app3"], {"enabled"})


def test_an_application_that_is_new_everywhere_puts_nobody_in_service(read_chain):
    chain = read_chain(3, applications=TWO_APPLICATIONS).out("app2")
    for host in chain.hosts:
        chain.release(host, None, staged=[], base="shop")
    plan = chain.plan("deploy", "1.0", application="shop")
    assert set(wanted(plan, "app2").values()) == {"disabled"}
    # Nor where that rollout died after the first one.
    chain.interrupted(plan).release("app1", "1.0", base="shop")
    assert set(wanted(chain.plan("deploy", "1.0", application="shop"), "app2").values()) == {"disabled"}


@pytest.mark.parametrize("switched", [False, True])
def test_a_first_release_that_died_is_finished_or_taken_back(read_chain, switched):
    chain = came_later(read_chain(3, httpds=2))
    chain.interrupted(chain.plan("deploy", "1.0"))
    if switched:
        chain.release("app3", "1.0")
    again = chain.plan("deploy", "1.0")
    assert (again["order"], set(wanted(again, "app3").values())) == (["app3"], {"enabled"})
    repair = chain.plan("repair")
    assert repair["order"] == (["app3"] if switched else [])
    assert set(wanted(repair, "app3").values()) == {"disabled"}
    assert repair["members"]["app3"]["webapps"]["forward"] == [{"name": "ROOT", "state": "inactive"}]


# After a rollout that died ---------------------------------------------------


def killed_while_drained(chain):
    return chain.interrupted(chain.plan()).out("app1")


def killed_half_activated(chain):
    """The links lead to the new release; the instance is stopped."""
    chain.interrupted(chain.plan()).out("app1").release("app1", "1.1", "1.0")
    return chain.sick("app1", "Connection refused").in_error("app1")


def killed_between_two(chain):
    return chain.interrupted(chain.plan()).release("app1", "1.1", "1.0")


KILLED = [killed_while_drained, killed_half_activated, killed_between_two]


@pytest.mark.parametrize("killed", KILLED)
def test_the_same_command_finishes_the_job(read_chain, killed):
    plan = killed(read_chain(3, httpds=2)).plan()
    assert plan["problems"] == []
    done = {"app1"} if killed is killed_between_two else set()
    assert set(plan["order"]) == {"app1", "app2", "app3"} - done
    assert all(set(wanted(plan, host).values()) == {"enabled"} for host in plan["members"])
    # What is known to be good is what was there before the rollout that died.
    assert {host: versions(plan, host)[1:] for host in plan["order"]} == dict.fromkeys(plan["order"], ("1.0", "1.1"))
    assert plan["interrupted"]["id"] == "20261124T051500Z-ROOT-1.1"


@pytest.mark.parametrize("killed", KILLED)
def test_a_repair_puts_back_what_was_left_out(read_chain, killed):
    plan = killed(read_chain(3, httpds=2)).plan("repair")
    assert plan["problems"] == []
    if killed is killed_between_two:
        assert (plan["order"], plan["skipped"]["app1"]) == ([], "in order, on 1.1")
        return
    assert plan["order"] == ["app1"]
    assert versions(plan, "app1")[1:] == ("1.0", "1.0")
    assert wanted(plan, "app1") == {"web1": "enabled", "web2": "enabled"}
    assert plan["members"]["app1"]["out_by"] == "20261124T051500Z-ROOT-1.1"
    assert plan["skipped"] == {"app2": "in order, on 1.0", "app3": "in order, on 1.0"}


@pytest.mark.parametrize("killed", KILLED)
def test_another_release_goes_back_to_what_was_good(read_chain, killed):
    chain = read_chain(3)
    for host in chain.hosts:
        chain.release(host, "1.0", "0.9", staged=["1.2", "1.1", "1.0", "0.9"])
    plan = killed(chain).plan("deploy", "1.2")
    assert plan["problems"] == []
    assert set(plan["order"]) == set(chain.hosts)
    # app1 runs 1.1 and is in service: that much of it went well.
    before = "1.1" if killed is killed_between_two else "1.0"
    assert versions(plan, "app1")[1:] == (before, "1.2")
    assert versions(plan, "app2") == ("1.0", "1.0", "1.2")


def test_a_rollback_means_what_was_before_the_rollout_that_died(read_chain):
    """Not 0.9, which those would go to that it did not reach."""
    chain = killed_half_activated(read_chain(3)).release("app2", "1.1", "1.0")
    plan = chain.plan("rollback")
    assert (plan["problems"], plan["version"]) == ([], "1.0")
    assert set(plan["order"]) == {"app1", "app2"}
    assert plan["skipped"] == {"app3": "on 1.0 already"}


def test_what_a_person_took_out_before_the_rollout_that_died_stays_out(read_chain):
    chain = read_chain(3, httpds=2).out("app2", "disabled", httpd="web1").out("app3", "stopped")
    chain.interrupted(chain.plan()).out("app2").release("app2", "1.1", "1.0")
    for kind in ("deploy", "repair"):
        plan = chain.plan(kind)
        assert wanted(plan, "app2") == {"web1": "disabled", "web2": "enabled"}
        assert wanted(plan, "app3") == {"web1": "stopped", "web2": "stopped"}
        assert [plan["members"][host]["out_by"] is None for host in ("app2", "app3")] == [False, True]


def test_who_was_put_back_by_a_person_meanwhile_stays_in(read_chain):
    chain = read_chain(2).out("app2")
    chain.interrupted(chain.plan()).out("app2", "enabled")
    assert wanted(chain.plan(), "app2") == {"web1": "enabled"}


def test_a_restart_that_died_leaves_the_release_alone(read_chain):
    chain = read_chain(3)
    chain.interrupted(chain.plan("restart"), rollout="R").out("app1").sick("app1", "Connection refused")
    repair = chain.plan("repair")
    assert (repair["problems"], repair["order"]) == ([], ["app1"])
    assert versions(repair, "app1") == ("1.0", "1.0", "1.0")
    for kind, after in (("restart", "1.0"), ("deploy", "1.1")):
        plan = chain.plan(kind)
        assert plan["problems"] == []
        assert plan["order"][0] == "app1"
        assert versions(plan, "app1") == ("1.0", "1.0", after)
        assert wanted(plan, "app1") == {"web1": "enabled"}


def test_rollback_all_that_died_is_finished_by_a_repair(read_chain):
    """Two were done, one failed; killed on the way back: all members go back."""
    chain = read_chain(4)
    chain.interrupted(chain.plan(policy="rollback_all"))
    chain.release("app1", "1.1", "1.0").release("app2", "1.1", "1.0").release("app3", "1.1", "1.0").out("app3")
    plan = chain.plan("repair")
    assert plan["problems"] == []
    assert plan["order"] == ["app3", "app1", "app2"]
    assert {versions(plan, host)[2] for host in plan["order"]} == {"1.0"}
    assert plan["skipped"] == {"app4": "in order, on 1.0"}
    # Also where the repair dies, after it has put app3 back.
    chain.interrupted(plan, rollout="repair").out("app3", "enabled").release("app3", "1.0", "1.1")
    assert chain.plan("repair")["order"] == ["app1", "app2"]


def test_a_first_release_that_died_is_taken_back(read_chain):
    chain = read_chain(2).release("app1", None, staged=["1.1"]).release("app2", None, staged=["1.1"])
    chain.interrupted(chain.plan()).out("app1").release("app1", "1.1", staged=["1.1"])
    plan = chain.plan("repair")
    assert (plan["problems"], plan["order"]) == ([], ["app1"])
    assert versions(plan, "app1") == ("1.1", None, None)
    assert plan["skipped"] == {"app2": "in order"}
    assert "1      app1      1.1 -> none  tomcat: none" in plan["text"]


def test_a_repair_that_died_is_repaired(read_chain):
    chain = killed_half_activated(read_chain(3))
    repair = chain.plan("repair")
    chain.interrupted(repair, rollout="repair")
    for done in (False, True):
        if done:
            chain.release("app1", "1.0", "1.1")
        again = chain.plan("repair")
        assert (again["problems"], again["order"]) == ([], ["app1"])
        assert versions(again, "app1")[1:] == ("1.0", "1.0")
        assert wanted(again, "app1") == {"web1": "enabled"}
        assert again["version"] == "1.1"


def test_a_repair_without_anything_to_repair_says_what_looks_wrong(read_chain):
    plan = read_chain(3).out("app1").sick("app2").plan("repair")
    assert (plan["problems"], plan["nothing_to_do"], plan["interrupted"]) == ([], True, None)
    assert plan["warnings"] == [
        "app1: is out of service (disabled at web1:tomcat), and no record says that a rollout did it.",
        "app2: is in service and does not answer: status 503 instead of 200",
    ]


def test_a_repair_leaves_those_alone_that_were_not_in_it(read_chain):
    chain = read_chain(3)
    chain.interrupted(chain.plan(hosts=["app1", "app2"])).out("app1").out("app3")
    plan = chain.plan("repair")
    assert (plan["problems"], plan["order"]) == ([], ["app1"])
    assert plan["skipped"]["app3"] == "not part of the interrupted rollout"


def test_a_member_that_left_the_inventory_is_told_of(read_chain):
    chain = read_chain(3)
    begun = chain.plan()
    begun["record"]["members"]["gone"] = begun["record"]["members"]["app3"]
    plan = chain.interrupted(begun).plan()
    assert plan["problems"] == []
    (warning,) = plan["warnings"]
    assert warning.startswith("gone: was part of rollout 20261124T051500Z-ROOT-1.1 (deploy of ROOT 1.1, begun ")
