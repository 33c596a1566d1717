# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What forbids a rollout, who goes when, and that nobody is missed meanwhile.

What becomes of a single instance is in test_rollout_members.py.
"""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

SHOP = {"path": "/shop", "instances": ["app2", "app3"]}


def without(check, key):
    return {name: value for name, value in check.items() if name != key}


def refusal(plan):
    (problem,) = plan["problems"]
    return problem


# Who goes when ----------------------------------------------------------------


@pytest.mark.parametrize(
    "serial, batches",
    [
        (1, [["app1"], ["app2"], ["app3"], ["app4"]]),
        ("25%", [["app1"], ["app2"], ["app3"], ["app4"]]),
        ("50%", [["app1", "app2"], ["app3", "app4"]]),
        ([1, "50%"], [["app1"], ["app2", "app3"], ["app4"]]),
        ([1, "100%"], [["app1"], ["app2", "app3", "app4"]]),
        (["3"], [["app1", "app2", "app3"], ["app4"]]),
    ],
)
def test_batches_are_those_of_serial(read_chain, serial, batches):
    plan = read_chain(4).plan(serial=serial)
    assert plan["problems"] == []
    assert plan["batches"] == batches
    assert plan["sizes"] == [len(batch) for batch in batches]
    assert plan["order"] == [host for batch in batches for host in batch]


def test_who_serves_least_goes_first(read_chain):
    chain = read_chain(5, httpds=2).out("app4").sick("app3").out("app5", httpd="web2")
    plan = chain.plan()
    assert plan["order"] == ["app3", "app4", "app5", "app1", "app2"]


def test_a_canary_that_no_user_meets_is_warned_of(read_chain):
    plan = read_chain(3).out("app2").plan()
    assert "The first batch (app2) stays out of service: it meets no user's request." in plan["warnings"]
    # Put back afterwards, it does meet them.
    chain = read_chain(3)
    assert not any("first batch" in line for line in chain.interrupted(chain.plan()).out("app1").plan()["warnings"])


def test_instances_of_one_machine_never_go_together(read_chain):
    plan = read_chain(["vm1", "vm1", "vm2", "vm2"]).plan(serial="50%")
    assert (plan["problems"], plan["batches"]) == ([], [["app1", "app3"], ["app2", "app4"]])
    plan = read_chain(["vm1", "vm1", "vm2", "vm2"]).plan(serial="50%", allow_same_machine=True)
    assert (plan["problems"], plan["batches"]) == ([], [["app1", "app2"], ["app3", "app4"]])


def test_an_application_goes_to_its_instances_only(read_chain):
    chain = read_chain(4, applications=[{"path": "/"}, SHOP])
    plan = chain.plan(application="shop")
    assert (plan["problems"], plan["base_name"], plan["order"]) == ([], "shop", ["app2", "app3"])
    assert plan["skipped"] == dict.fromkeys(("app1", "app4"), "not an instance of shop")
    # What is restarted for one application is out for all of them.
    assert plan["stays_up"][0] == [
        {"httpd": "web1", "balancer": "tomcat", "usable": ["app1", "app3", "app4"], "more": 0},
        {"httpd": "web1", "balancer": "shop", "usable": ["app3"], "more": 0},
    ]


def test_a_restart_is_about_all_instances_whatever_they_run(read_chain):
    chain = read_chain(4, applications=[{"path": "/"}, SHOP])
    plan = chain.plan("restart")
    assert (plan["problems"], plan["order"]) == ([], chain.hosts)
    assert (plan["application"], plan["version"], plan["base_name"]) == ("", "", "")


# What forbids it --------------------------------------------------------------


def test_all_that_is_wrong_is_told_at_once(read_chain):
    chain = read_chain(4, httpds=2)
    chain.unreachable("app4").unreachable("web2")
    chain.readings["staging"]["app1"] = {"failed": True, "msg": "shop.war has no WEB-INF"}
    chain.readings["stores"]["app1"]["nodes"][0].update(up=False, reason="Connection refused")
    chain.readings["balancers"][0]["refusals"]["tomcat"] = "httpd did not obey"
    chain.out("app1").out("app2")
    plan = chain.plan(strategy="hope", hooks={"before_lunch": "x"}, serial="two", min_available=2)
    said = [line.split(" ")[0] for line in plan["problems"]]
    assert len(plan["problems"]) == len(set(plan["problems"])) == 8
    assert said[:3] == ["rolling_deploy_hooks", "rolling_deploy_serial", "rolling_deploy_strategy"]
    for words in ("web2, app4: unreachable", "no WEB-INF", "did not obey", "Connection refused", "would leave"):
        assert [words in line for line in plan["problems"]].count(True) == 1, words
    assert not plan["nothing_to_do"]
    assert plan["text"][0] == "Deploy ROOT 1.1: cannot begin"


def test_another_rollout_that_is_under_way_forbids_it(read_chain):
    chain = read_chain(2)
    chain.readings["locks"][0].update(failed=True, msg="rollout B by bob@ctl holds the lock")
    assert refusal(chain.plan()) == "web1: rollout B by bob@ctl holds the lock"


def test_the_plan_keeps_what_it_was_made_by(read_chain):
    chain = read_chain(2, httpds=2)
    chain.readings["locks"][0]["seen"] = "- A"
    assert chain.plan()["locks"] == [
        {"inventory_host": "web1", "seen": "- A"},
        {"inventory_host": "web2", "seen": None},
    ]


@pytest.mark.parametrize("application", ["", "shop"])
def test_an_application_has_to_be_known(read_chain, application):
    chain = read_chain(2, applications=[{"path": "/"}, {"path": "/other"}])
    said = f"release_app is {application or 'not given'}; tomcat_applications has ROOT, other."
    assert said in chain.plan(application=application)["problems"]


def test_a_host_that_is_no_instance_is_named(read_chain):
    plan = read_chain(2).plan(hosts=["app1", "app2", "web1"])
    assert refusal(plan) == "web1: is no Tomcat instance of the inventory, which has app1, app2."


def test_a_limit_that_leaves_nobody_is_told(read_chain):
    chain = read_chain(4, applications=[{"path": "/"}, SHOP])
    plan = chain.plan(application="shop", hosts=["app1", "app4"])
    assert refusal(plan) == "None of the play's hosts (app1, app4) runs shop: see --limit."


def test_a_balancer_that_lacks_a_member_is_told(read_chain):
    chain = read_chain(3, httpds=2)
    del chain.readings["balancers"][1]["balancers"][0]["members"][2]
    assert refusal(chain.plan()) == (
        "web2: balancer tomcat has no member app3 (ajp://198.18.0.12:8009); it has app1, app2. Run site.yml first."
    )


def test_releases_that_were_not_read_are_told(read_chain):
    chain = read_chain(2)
    del chain.readings["releases"]["app2"]
    assert refusal(chain.plan()) == "app2: its releases were not read."
    assert chain.plan("restart")["problems"] == []


def test_a_release_must_be_there_unless_it_comes_as_a_war(read_chain):
    chain = read_chain(3).release("app2", "1.0", "0.9", staged=["1.0", "0.9"])
    assert chain.plan()["problems"] == []
    assert refusal(chain.plan(war=False)) == "release_war is not given: -e release_war=shop-1.4.2.war"
    assert chain.plan("rollback", "0.8")["problems"] == [
        "app1, app3: has no release 0.8; it has 1.1, 1.0, 0.9.",
        "app2: has no release 0.8; it has 1.0, 0.9.",
    ]


def test_a_staged_release_that_was_damaged_is_refused(read_chain):
    chain = read_chain(2)
    chain.readings["releases"]["app2"]["applications"]["ROOT"]["releases"][2]["problem"] = "3 files are missing"
    assert refusal(chain.plan("rollback")) == "app2: release 0.9 cannot be used: 3 files are missing"


@pytest.mark.parametrize("kind", ["deploy", "rollback", "restart", "repair"])
@pytest.mark.parametrize("policy", ["rollback_member", "rollback_all", "stop"])
@pytest.mark.parametrize("strategy", ["restart", "reload", "parallel"])
def test_every_kind_goes_with_every_strategy_and_policy_but_one(read_chain, kind, policy, strategy):
    plan = read_chain(3).plan(kind, strategy=strategy, policy=policy)
    if strategy == "parallel" and policy == "stop" and kind in ("deploy", "rollback"):
        assert refusal(plan).startswith(
            "rolling_deploy_strategy parallel does not go with rolling_deploy_on_failure stop"
        )
    else:
        assert plan["problems"] == []
    assert len(plan["order"]) == (0 if kind == "repair" else 3)


# Interrupted, and --limit -----------------------------------------------------


def test_limit_may_not_leave_behind_who_was_left_out(read_chain):
    chain = read_chain(3)
    chain.interrupted(chain.plan()).out("app1")
    for kind in ("deploy", "repair", "restart"):
        plan = chain.plan(kind, hosts=["app2", "app3"])
        assert any(
            line.startswith("app1: was left out by rollout ")
            and line.endswith("leave --limit out, or run repair.yml first.")
            for line in plan["problems"]
        )
    assert chain.plan(hosts=["app1"])["problems"] == []


def test_limit_may_leave_behind_whom_a_person_took_out(read_chain):
    chain = read_chain(3).out("app1")
    chain.interrupted(chain.plan())
    assert chain.plan(hosts=["app2", "app3"])["problems"] == []


def test_half_an_application_is_not_the_business_of_another(read_chain):
    chain = read_chain(3, applications=[{"path": "/"}, {"path": "/other"}])
    chain.interrupted(chain.plan(application="ROOT")).out("app1")
    assert refusal(chain.plan(application="other")).startswith("app1: was left half-done by rollout ")
    assert chain.plan(application="ROOT")["problems"] == []
    assert chain.plan("repair")["problems"] == []
    # Nobody is in the middle of anything: the record is only taken over.
    assert chain.out("app1", "enabled").plan(application="other")["problems"] == []


def test_what_was_interrupted_is_said(read_chain):
    chain = read_chain(3)
    plan = chain.interrupted(chain.plan()).out("app1").plan()
    assert plan["text"][1] == (
        "Interrupted: rollout 20261124T051500Z-ROOT-1.1 (deploy of ROOT 1.1, begun 2026-11-24T05:15:00Z by ann@ctl); "
        "it left app1 out"
    )


# Who stays up -----------------------------------------------------------------


def test_a_batch_that_takes_too_many_is_refused_with_what_helps(read_chain):
    plan = read_chain(3, httpds=2).plan(serial="100%")
    assert refusal(plan) == (
        "web1, web2: balancer tomcat: batch 1 (app1, app2, app3) would leave nobody up, "
        "rolling_deploy_min_available asks for 1. What helps: lower rolling_deploy_serial, "
        "or accept fewer with rolling_deploy_min_available=0."
    )
    assert read_chain(3).plan(serial="100%", min_available=0)["problems"] == []


def test_who_is_not_in_service_is_named_where_the_budget_breaks(read_chain):
    chain = read_chain(4).out("app2").in_error("app3").sick("app4")
    said = refusal(chain.plan(min_available=2, hosts=["app1"]))
    # Members outside of the play count by httpd's word.
    assert said.startswith(
        "web1: balancer tomcat: batch 1 (app1) would leave app4 up, rolling_deploy_min_available asks for 2. "
        "Not in service: app2 (disabled), app3 (in error). What helps: put those back or mend them, "
    )


@pytest.mark.parametrize("strategy, refused", [("restart", True), ("reload", True), ("parallel", False)])
def test_a_single_instance_is_not_taken_out(read_chain, strategy, refused):
    chain = read_chain(1)
    assert bool(chain.plan(strategy=strategy)["problems"]) is refused
    # What restarts takes the instance out, whatever the strategy of releases is.
    assert chain.plan("restart", strategy=strategy)["problems"]


def test_mended_members_count_from_the_next_batch_on(read_chain):
    chain = read_chain(2)
    chain.interrupted(chain.plan()).out("app1")
    plan = chain.plan()
    assert (plan["problems"], plan["batches"]) == ([], [["app1"], ["app2"]])
    assert [during[0]["usable"] for during in plan["stays_up"]] == [["app2"], ["app1"]]


def test_a_sick_member_does_not_count_and_may_be_replaced(read_chain):
    plan = read_chain(2).sick("app2").plan()
    assert (plan["problems"], plan["batches"]) == ([], [["app2"], ["app1"]])
    assert refusal(read_chain(2).sick("app2").plan(hosts=["app1", "app2"], serial="100%"))


def test_one_without_a_release_beside_others_does_not_count(read_chain):
    chain = read_chain(2).release("app2", None, staged=["1.1"])
    plan = chain.plan()
    assert (plan["problems"], plan["batches"]) == ([], [["app2"], ["app1"]])
    # In a rollback it stays without one.
    assert "would leave nobody up" in refusal(chain.plan("rollback"))


def test_each_balancer_has_its_budget(read_chain):
    chain = read_chain(4, applications=[{"path": "/"}, SHOP])
    plan = chain.plan(application="shop", serial=2)
    assert refusal(plan).startswith("web1: balancer shop: batch 1 (app2, app3) would leave nobody up")
    assert "web1: balancer shop: batch 2" in refusal(chain.plan("restart", serial=[1, 2]))


def test_each_httpd_has_its_budget(read_chain):
    chain = read_chain(3, httpds=2).out("app2", httpd="web2").out("app3", httpd="web2")
    said = refusal(chain.plan())
    assert said.startswith("web2: balancer tomcat: batch 3 (app1) would leave nobody up")


@pytest.mark.parametrize("min_available, refused", [(1, False), (2, True)])
def test_a_standby_stands_in_for_the_last_member_only(read_chain, min_available, refused):
    chain = read_chain(3, standby=["app3"])
    assert bool(chain.plan(serial=[2, 1], min_available=min_available)["problems"]) is refused


def kept_by(plan, way):
    """How many must stay usable at each place of each host."""
    return {
        host: [taken["keep_usable"] for machine in member["drain"][way] for taken in machine["members"]]
        for host, member in plan["members"].items()
    }


def test_how_many_must_stay_is_told_to_the_one_who_drains(read_chain):
    chain = read_chain(4).out("app2").sick("app3")
    plan = chain.plan(min_available=2, hosts=chain.hosts)
    assert kept_by(plan, "forward") == {"app1": [2], "app2": [0], "app3": [0], "app4": [2]}
    assert kept_by(plan, "back") == {"app1": [0], "app2": [0], "app3": [0], "app4": [0]}
    # A member that is done is well, also one that was sick before. What a person took out is not missed.
    assert kept_by(plan, "in_service") == {"app1": [2], "app2": [0], "app3": [2], "app4": [2]}


def test_who_serves_goes_on_where_it_cannot_be_taken_out(read_chain):
    chain = read_chain(5, httpds=2)
    chain.interrupted(chain.plan()).out("app1", httpd="web1").out("app2").sick("app3").in_error("app4", httpd="web1")
    members = chain.plan()["members"]
    # What a rollout left out somewhere is not known to be well, though it still serves at the other httpd.
    assert {host: member["serves"] for host, member in members.items()} == {
        "app1": False,
        "app2": False,
        "app3": False,
        "app4": True,
        "app5": True,
    }
    assert read_chain(2).out("app1", httpd="web1").plan()["members"]["app1"]["serves"] is False
    # It is put back as it is: with the releases that it has now.
    (machine,) = read_chain(2).plan()["members"]["app1"]["enable"]["now"]
    assert [member["state"] for member in machine["members"]] == ["enabled"]


def test_a_repair_without_a_record_retires_what_the_only_application_left(read_chain):
    chain = read_chain(2)
    for host in chain.hosts:
        entry = chain.readings["releases"][host]["applications"]["ROOT"]
        entry["contexts"] = [{"context_version": "", "version": "0.9"}, *entry["contexts"]]
    plan = chain.plan("repair")
    assert (plan["application"], plan["base_name"], plan["retires"]) == ("", "ROOT", chain.hosts)


@pytest.mark.parametrize("kind", ["deploy", "restart"])
def test_where_nobody_is_served_nothing_is_protected(read_chain, kind):
    """All Tomcats are down: httpd may not have noticed yet, the instances themselves do not answer."""
    chain = read_chain(3, httpds=2)
    for host in chain.hosts:
        chain.sick(host, "Connection refused")
    chain.in_error("app1")
    plan = chain.plan(kind)
    assert (plan["problems"], sorted(plan["order"])) == ([], chain.hosts)
    assert kept_by(plan, "forward") == {host: [0, 0] for host in chain.hosts}


def test_what_a_member_proves_before_and_after_it_is_put_back(read_chain):
    applications = [{"path": "/", "health_path": "/health", "health_pattern": "v{version} ok"}, SHOP]
    chain = read_chain(3, httpds=2, applications=applications).out("app2", httpd="web2", balancer="tomcat")
    chain.release("app2", "3.0", base="shop")
    member = chain.plan(application="ROOT")["members"]["app2"]
    root = {"application": "ROOT", "status": 200, "pattern": "v{version} ok", "version": "1.1"}
    shop = {"application": "shop", "status": 200, "pattern": "", "version": ""}
    itself = "ajp://198.18.0.11:8009"
    roots = {**root, "url": f"{itself}/health"}
    shops = {**shop, "url": f"{itself}/shop/"}
    asked = {way: [without(check, "remember") for check in found] for way, found in member["health"].items()}
    here = [{**roots, "headers": {}}, {**shops, "headers": {}}]
    assert asked == {"forward": here, "back": [{**here[0], "version": "1.0"}, here[1]]}
    # What is kept beside each release once it is healthy.
    kept = [(one["remember"]["base_name"], one["remember"]["version"]) for one in member["health"]["forward"]]
    assert kept == [("ROOT", "1.1"), ("shop", "3.0")]

    def through(httpd, *checks):
        headers = {"Host": httpd, "Cookie": "JSESSIONID=health.app2"}
        return [
            {**check, "url": check["url"].replace(itself, "http://127.0.0.1:80"), "headers": headers}
            for check in checks
        ]

    # By its route nobody reaches it where a person took it out.
    asked = {machine["host"]: machine["checks"] for machine in member["enable"]["forward"]}
    assert asked == {"web1": through("web1", roots, shops), "web2": through("web2", shops)}
    asked = {machine["host"]: machine["checks"] for machine in member["enable"]["back"]}
    assert asked == {"web1": through("web1", {**roots, "version": "1.0"}, shops), "web2": through("web2", shops)}
    # It is idle before anybody is asked for anything.
    assert [machine["checks"] for machine in member["drain"]["forward"]] == [[], []]


def test_the_way_back_is_asked_as_the_release_was_when_it_was_healthy_too(read_chain):
    """The sick release came with another health page: the one before does not have it."""
    applications = [{"path": "/", "health_path": "/health2", "health_pattern": "two {version}"}]
    chain = read_chain(2, applications=applications)
    of_1_0 = {"health_path": "/health", "health_status": 200, "health_pattern": "v{version}", "health_headers": {}}
    for host in chain.hosts:
        chain.remember(host, "1.0", of_1_0)
    member = chain.plan()["members"]["app1"]
    (forward,), (back,) = member["health"]["forward"], member["health"]["back"]
    assert "or_else" not in forward
    assert (back["url"].endswith("/health2"), back["or_else"]["url"].endswith("/health")) == (True, True)
    assert (back["or_else"]["pattern"], back["or_else"]["version"]) == ("v{version}", "1.0")
    (through,) = (machine["checks"] for machine in member["enable"]["back"])
    assert [check["or_else"]["url"] for check in through] == ["http://127.0.0.1:80/health"]
    # A rollback and a repair go forward to it.
    for host in chain.hosts:
        chain.release(host, "1.1").remember(host, "1.0", of_1_0)
    member = chain.plan("rollback", version="1.0")["members"]["app1"]
    assert member["health"]["forward"][0]["or_else"]["pattern"] == "v{version}"


def test_a_first_release_that_goes_back_leaves_nothing_there(read_chain):
    chain = read_chain(2).release("app1", None, staged=[]).release("app2", None, staged=[])
    member = chain.plan()["members"]["app1"]
    assert [check["status"] for check in member["health"]["back"]] == [[404]]
    assert [machine["checks"] for machine in member["enable"]["back"]] == [[]]
    assert member["webapps"] == {
        "forward": [{"name": "ROOT", "state": "active", "version": "1.1", "keep": 3}],
        "back": [{"name": "ROOT", "state": "inactive"}],
    }
    assert member["shown"] == {"forward": "1.1", "back": "no release"}


def test_a_release_that_goes_back_removes_none(read_chain):
    member = read_chain(2, applications=[{"path": "/shop"}]).plan(keep_releases="5")["members"]["app1"]
    assert member["webapps"] == {
        "forward": [{"name": "shop", "state": "active", "version": "1.1", "keep": 5}],
        "back": [{"name": "shop", "state": "active", "version": "1.0"}],
    }


def test_a_restart_is_about_no_release_and_leaves_one_of_each_application(read_chain):
    chain = read_chain(2, applications=[{"path": "/"}, {"path": "/shop"}]).release("app1", None, staged=[], base="shop")
    member = chain.plan("restart")["members"]
    assert member["app1"]["shown"] == {"forward": "", "back": ""}
    root, shop = {"name": "ROOT", "state": "retired"}, {"name": "shop", "state": "retired"}
    assert member["app1"]["webapps"] == {"forward": [root], "back": [root]}
    assert member["app2"]["webapps"] == {"forward": [root, shop], "back": [root, shop]}


def test_a_member_is_warmed_up_for_the_applications_that_it_serves(read_chain):
    chain = read_chain(4, applications=[{"path": "/"}, SHOP])
    # Without a release of the shop, and with one.
    chain.release("app3", None, base="shop")
    members = chain.plan("restart", warm_up=["/", "/shop/cart.jsp"])["members"]
    asked = {host: [url.split(":8009")[1] for url in one["warm_up"]["forward"]] for host, one in members.items()}
    assert asked == {"app1": ["/"], "app2": ["/", "/shop/cart.jsp"], "app3": ["/"], "app4": ["/"]}


def test_a_first_release_that_goes_back_is_not_warmed_up(read_chain):
    chain = read_chain(2).release("app1", None, staged=[]).release("app2", None, staged=[])
    member = chain.plan(warm_up=["/"])["members"]["app1"]
    assert (len(member["warm_up"]["forward"]), member["warm_up"]["back"]) == (1, [])


def test_a_path_to_warm_up_that_no_application_has_is_told(read_chain):
    plan = read_chain(4, applications=[SHOP]).plan("restart", warm_up=["/shop/", "/shp/"])
    assert plan["problems"] == ["rolling_deploy_warm_up has /shp/: no application of tomcat_applications is there."]


def test_a_repair_of_different_records_is_refused_and_switches_nothing(read_chain):
    """web1 has the record of a rollout of ROOT, web2 that of one of shop: each knows the versions of its own application."""
    chain = read_chain(2, httpds=2, applications=[{"path": "/"}, {"path": "/shop"}])
    chain.release("app1", "1.1", "1.0", base="shop")
    plans = {name: chain.plan(application=name) for name in ("ROOT", "shop")}
    chain.interrupted(plans["ROOT"], rollout="A", httpds=["web1"]).interrupted(plans["shop"], "B", httpds=["web2"])
    plan = chain.plan("repair")
    assert len(plan["problems"]) == 3
    assert not plan["begins"]
    for rollout, application in (("A", "ROOT"), ("B", "shop")):
        chosen = chain.plan("repair", take_over=rollout)
        assert (chosen["problems"], chosen["application"]) == ([], application)
        assert chosen["record"]["took_over"] == rollout


def test_whom_any_record_knows_to_be_out_is_put_back(read_chain):
    """Also whom only the record knows that was not chosen; what is released there is not touched."""
    chain = read_chain(3, httpds=2, applications=[{"path": "/"}, {"path": "/shop"}])
    plans = {name: chain.plan(application=name, hosts=[host]) for name, host in (("ROOT", "app1"), ("shop", "app2"))}
    chain.interrupted(plans["ROOT"], rollout="A", httpds=["web1"]).interrupted(plans["shop"], "B", httpds=["web2"])
    chain.out("app1", httpd="web1").out("app2", httpd="web2")
    plan = chain.plan("repair", take_over="A")
    assert (plan["problems"], plan["order"]) == ([], ["app1", "app2"])
    assert plan["skipped"] == {"app3": "not part of the interrupted rollout"}
    for host in ("app1", "app2"):
        member = plan["members"][host]
        assert {state["state"] for state in member["states"]} == {"enabled"}
        assert (member["version_after"], member["out_by"]) == ("1.0", "A")
    assert any(
        line.startswith("app2: was left out by ")
        for line in chain.plan("repair", take_over="A", hosts=["app1"])["problems"]
    )


# Whatever is found ------------------------------------------------------------

LOOKS = ("in order", "disabled", "draining", "in error", "sick", "empty", "done", "out and done")


@st.composite
def chains(draw):
    """Instances in some state on some machines, at each httpd in its own way, and what is asked for."""
    number = draw(st.integers(1, 6))
    machines = [draw(st.sampled_from(["vm1", "vm2", "vm3", "vm4", "vm5", "vm6"])) for _each in range(number)]
    return {
        "machines": machines,
        "httpds": draw(st.integers(1, 2)),
        "looks": draw(st.lists(st.sampled_from(LOOKS), min_size=number, max_size=number)),
        "second": draw(st.lists(st.booleans(), min_size=number, max_size=number)),
        "shop": draw(st.sets(st.integers(1, number), min_size=0, max_size=number)),
        "standby": draw(st.sets(st.integers(1, number), max_size=1)),
        "interrupted": draw(st.booleans()),
        "kind": draw(st.sampled_from(["deploy", "rollback", "restart", "repair"])),
        "serial": draw(st.sampled_from([1, 2, "50%", "100%", [1, "100%"], [2, 1]])),
        "min_available": draw(st.integers(0, 3)),
        "allow_same_machine": draw(st.booleans()),
    }


def build(read_chain, case):
    """The chain of a case, and the plan."""
    applications = [{"path": "/"}]
    if case["shop"]:
        applications.append({"path": "/shop", "instances": [f"app{number}" for number in sorted(case["shop"])]})
    standby = [f"app{number}" for number in case["standby"]]
    chain = read_chain(case["machines"], httpds=case["httpds"], applications=applications, standby=standby)
    if case["interrupted"]:
        chain.interrupted(chain.plan(application="ROOT"))
    for host, looks, everywhere in zip(chain.hosts, case["looks"], case["second"]):
        httpd = None if everywhere else "web1"
        if looks in ("disabled", "draining", "out and done"):
            chain.out(host, "draining" if looks == "draining" else "disabled", httpd=httpd)
        if looks == "in error":
            chain.in_error(host, httpd)
        if looks == "sick":
            chain.sick(host)
        if looks == "empty":
            chain.release(host, None)
        if looks in ("done", "out and done"):
            chain.release(host, "1.1", "1.0")
    asked = {key: case[key] for key in ("serial", "min_available", "allow_same_machine")}
    application = "" if case["kind"] in ("restart", "repair") else "ROOT"
    return chain, chain.plan(
        case["kind"], "0.9" if case["kind"] == "rollback" else None, application=application, **asked
    )


def played(chain, plan):
    """Play the plan batch by batch: who would answer at each place, before and during each batch.

    Told from the chain's own readings and not by the plan's means, for releases of ROOT; a member answers where it is
    enabled, httpd uses it, and Tomcat has something and is well.
    """
    active = {host: one["applications"]["ROOT"]["active_version"] for host, one in chain.readings["releases"].items()}
    about_one = plan["application"] or len(chain.topology["applications"]) == 1
    some = about_one and any(version is not None for version in active.values())
    healthy = {
        host: not any(one.get("failed") for one in result["results"])
        for host, result in chain.readings["health"].items()
    }
    hosts = {one["worker"]: one["inventory_host"] for one in chain.topology["instances"]}
    places = {
        (result["item"]["inventory_host"], found["name"]): {
            hosts[member["worker"]]: dict(member) for member in found["members"]
        }
        for result in chain.readings["balancers"]
        for found in result["balancers"]
    }

    def answer(place, out=()):
        all_of_them = [
            host
            for host, member in places[place].items()
            if host not in out
            and member["state"] == "enabled"
            and not member["in_error"]
            and healthy[host]
            and not (some and active[host] is None)
        ]
        first = [host for host in all_of_them if not places[place][host]["standby"]]
        return first or all_of_them

    for batch in plan["batches"]:
        yield [(place, set(answer(place)) & set(batch), answer(place, batch)) for place in places]
        for host in batch:
            member = plan["members"][host]
            active[host], healthy[host] = member["version_after"] if plan["application"] else active[host], True
            for state in member["states"]:
                places[state["httpd"], state["balancer"]][host].update(state=state["state"], in_error=False)


@settings(max_examples=150, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(case=chains())
def test_no_plan_that_may_begin_breaks_the_budget(read_chain, case):
    chain, plan = build(read_chain, case)
    if plan["problems"]:
        return
    for during in played(chain, plan):
        for place, taken, up in during:
            assert not taken or len(up) >= case["min_available"], (place, taken, up)


@settings(max_examples=150, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(case=chains())
def test_every_plan_is_sound(read_chain, case):
    chain, plan = build(read_chain, case)
    machines = {one["inventory_host"]: one["machine"] for one in chain.topology["instances"]}
    # Each instance has one place: in one batch, or among those that are left as they are.
    assert sorted([*plan["order"], *plan["skipped"]]) == sorted(chain.hosts)
    assert len(plan["stays_up"]) == len(plan["batches"])
    for batch in plan["batches"]:
        assert case["allow_same_machine"] or len({machines[host] for host in batch}) == len(batch)
    # A rollout puts nobody back but whom one before it has left out, and takes nobody out for good.
    for host, member in plan["members"].items():
        for state in member["states"]:
            (found,) = chain.members(host, state["httpd"], state["balancer"])
            assert state["state"] == found["state"] or (
                case["interrupted"] and state["state"] == "enabled" and member["out_by"] is not None
            ), host
    assert plan["nothing_to_do"] is not bool(plan["problems"] or plan["order"])


@settings(max_examples=150, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(case=chains())
def test_one_at_a_time_is_refused_for_a_reason_only(read_chain, case):
    """Where each place has a member more than it must keep and nothing is wrong, the careful way is open."""
    case = {**case, "serial": 1, "min_available": 1, "looks": ["in order"] * len(case["looks"]), "interrupted": False}
    _chain, plan = build(read_chain, case)
    spare = len(case["machines"]) - len(case["standby"]) > 1 and len(case["shop"]) != 1
    if spare:
        assert plan["problems"] == []


# More than a person reads, and more than Ansible works on ----------------------


@pytest.mark.parametrize("forks, warned", [(1, True), (2, True), (3, False), (5, False), (None, False)])
def test_a_batch_larger_than_forks_is_warned_of(read_chain, forks, warned):
    plan = read_chain(6).plan(serial=[1, 3], forks=forks)
    warning = (
        f"A batch has up to 3 instances and Ansible works on {forks} at a time: the others are out of service and "
        "wait for their turn. Give --forks 3, or lower rolling_deploy_serial."
    )
    assert (warning in plan["warnings"]) is warned
    assert any("forks" in line for line in plan["warnings"]) is warned
    assert plan["problems"] == []


def test_of_many_who_stay_up_the_plan_has_the_first_and_the_number(read_chain):
    plan = read_chain(20, httpds=2).plan()
    place = plan["stays_up"][0][0]
    assert place == {
        "httpd": "web1",
        "balancer": "tomcat",
        "usable": [f"app{number}" for number in range(2, 9)],
        "more": 12,
    }
    assert "tomcat: app2, app3, app4, app5, app6, app7, app8 and 12 more" in "\n".join(plan["text"])


@pytest.mark.parametrize("kind", ["deploy", "restart"])
def test_a_balancer_that_only_httpd_has_is_refused(read_chain, kind):
    """An application was taken out of the inventory, and site has not run since."""
    chain = read_chain(3, httpds=2)
    for result in chain.readings["balancers"]:
        result["balancers"].append({**chain._balancer("tomcat"), "name": "shop"})
    (problem,) = chain.plan(kind)["problems"]
    assert problem == (
        "web1, web2: balancer shop is not in the inventory, and sends users to app1, app2, app3. If the inventory had it before: run site.yml, "
        "which removes it. If it is somebody else's: take the members out of it first."
    )


def test_a_balancer_that_only_httpd_has_and_that_sends_nobody_is_none_of_its_business(read_chain):
    chain = read_chain(3)
    balancer = {**chain._balancer("tomcat"), "name": "shop"}
    for member in balancer["members"]:
        member["state"] = "disabled"
    chain.readings["balancers"][0]["balancers"].append(balancer)
    assert chain.plan()["problems"] == []
