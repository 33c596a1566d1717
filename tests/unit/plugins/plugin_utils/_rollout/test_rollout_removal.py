# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import copy

import pytest

from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._rollout.removal import removal

UNIT = "tomcat@app3.service"
BASE = "/var/opt/tomcat/app3"
THERE = {"problems": [], "unit": UNIT, "base": BASE, "archive": "", "remove": [BASE], "stay": []}
GONE = {**THERE, "unit": "", "remove": []}
ROOT = {"path": "/", "health_path": "/health"}
EXTRA = {"name": "extra", "path": "/extra", "health_path": "/health", "instances": ["app3"]}
LEFT = {"id": "R1", "record": {"kind": "deploy", "members": {"app1": {}}}}
STATES = [{"httpd": httpd, "balancer": "tomcat", "state": "enabled"} for httpd in ("web1", "web2")]
OWN = {"kind": "remove", "members": {"app3": {"version_before": None, "states": STATES}}}


@pytest.fixture
def chain(read_chain):
    return read_chain(instances=3, httpds=2)


def plan(chain, host=None, instance="app3", **given):
    host = THERE if host is None else host
    readings = {**chain.readings, "host": host}
    before = copy.deepcopy((chain.topology, readings))
    made = removal(
        chain.topology,
        readings,
        {"instance": instance, "min_available": 1, "hosts": [*chain.httpds, "app1", "app2", "app3"], **given},
    )
    assert (chain.topology, readings) == before
    assert made["begins"] == (not made["problems"] and not made["nothing_to_do"])
    return made


def problems(chain, *given, **settings):
    return plan(chain, *given, **settings)["problems"]


def without_member(chain, host):
    """The httpds do not have it any more."""
    for result in chain.readings["balancers"]:
        for balancer in result["balancers"]:
            balancer["members"] = [one for one in balancer["members"] if one not in chain.members(host)]
    return chain


def test_one_of_three(chain):
    made = plan(chain)
    assert made["text"] == [
        "Remove app3",
        "Drained at web1:tomcat, web2:tomcat",
        f"Stopped: {UNIT}",
        "httpd without app3: web1, web2",
        f"Removed on app3: {BASE}",
    ]
    assert [
        (machine["host"], one["httpd"], one["state"], one["keep_usable"], one["wait"])
        for machine in made["drain"]
        for one in machine["members"]
    ] == [("web1", "web1", "disabled", 1, "idle"), ("web2", "web2", "disabled", 1, "idle")]
    assert [one["state"] for machine in made["put_back"] for one in machine["members"]] == ["enabled", "enabled"]
    assert made["locks"] == [{"inventory_host": host, "seen": None, "record": OWN} for host in ("web1", "web2")]
    assert (made["unit"], made["base"]) == (UNIT, BASE)
    words, let_in = made["last_words"]
    assert let_in == "memcached lets its machine in until the next site without it in the inventory."
    assert words.startswith("Take app3 out of the inventory: ")
    assert words.endswith(" Until then, site would set it up again.")


@pytest.mark.parametrize(
    "name, said",
    [
        ("", "tomcat_instance_removed is not given; the Tomcat instances of the inventory are app1, app2, app3."),
        ("app9", "tomcat_instance_removed is app9; the Tomcat instances of the inventory are app1, app2, app3."),
        ("web1", "tomcat_instance_removed is web1; the Tomcat instances of the inventory are app1, app2, app3."),
    ],
)
def test_a_name_that_is_none_of_the_inventory(chain, name, said):
    assert problems(chain, {}, name) == [said]


def test_all_that_is_wrong_at_once(chain):
    chain.out("app1").out("app2")
    chain.readings["locks"][0].update(failed=True, msg="rollout R1 of ann@ctl is running")
    assert problems(chain, {**THERE, "problems": ["a reason of the host"]}, min_available="x") == [
        "web1: rollout R1 of ann@ctl is running",
        "app3: a reason of the host",
        "rolling_deploy_min_available is 'x', it must be 0 or more.",
        "web1, web2: balancer tomcat: without app3 it would have nobody in service, rolling_deploy_min_available asks for 1.",
    ]


def test_a_second_run_has_nothing_to_do(chain):
    made = plan(without_member(chain, "app3"), GONE)
    assert (made["problems"], made["nothing_to_do"]) == ([], True)
    assert made["text"] == ["Remove app3: nothing to do", *made["last_words"]]


def test_a_run_that_died_is_finished(chain):
    """Its record knows how the instance was before; what is found now is its own doing."""
    dead = {"id": "R0", "record": OWN}
    for lock in chain.out("app3").readings["locks"]:
        lock["taken_over"] = dead
    made = plan(chain)
    assert made["begins"]
    assert [lock["record"] for lock in made["locks"]] == [OWN, OWN]
    # One that is out already leaves as many as there were.
    assert [one["keep_usable"] for machine in made["drain"] for one in machine["members"]] == [0, 0]
    only_files = plan(without_member(chain, "app3"))
    assert (only_files["begins"], only_files["drain"]) == (True, [])


def test_the_record_of_a_rollout_is_kept(chain):
    chain.readings["locks"][0]["taken_over"] = LEFT
    kept, own = (lock["record"] for lock in plan(chain)["locks"])
    assert kept == {"kind": "deploy", "members": {"app1": {}}, "took_over": "R1"}
    assert own == OWN


def test_the_last_instance_of_an_application(read_chain):
    chain = read_chain(instances=3, applications=[ROOT, EXTRA])
    assert problems(chain) == [
        "app3: is the only instance of extra, which nobody would serve any more. If that is meant: -e tomcat_instance_removed_last=true"
    ]
    made = plan(chain, last="true")
    assert made["begins"]
    assert {one["balancer"]: one["keep_usable"] for machine in made["drain"] for one in machine["members"]} == {
        "tomcat": 1,
        "extra": 0,
    }
    assert "Take extra out of tomcat_applications: no instance has it any more." in made["last_words"]


def test_somebody_is_left(read_chain):
    said = "app1: is the only Tomcat instance of the inventory: set up another one first."
    assert said in problems(read_chain(instances=1), instance="app1", last=True)
    chain = read_chain(instances=3, applications=[EXTRA])
    assert problems(chain, last=True) == [
        "app3: is the only instance that has an application: set up another one for it first."
    ]


def test_a_hot_standby_counts_where_nobody_else_is_left(read_chain):
    chain = read_chain(instances=2, standby=("app2",))
    assert problems(chain, instance="app1") == []
    assert len(problems(chain, instance="app1", min_available=2)) == 1


def test_httpds_have_the_members_of_the_inventory(chain):
    chain.members("app1", "web1")[0]["worker"] = "ajp://198.18.0.99:8009"
    first, second = problems(chain)
    assert first.startswith("web1: balancer tomcat has no member app1")
    assert second == (
        "web1: balancer tomcat has ajp://198.18.0.99:8009, which the inventory has not and which would go too. "
        "Is the inventory whole? If it is: run site.yml first."
    )


def test_a_cluster_of_two_cannot_lose_one(chain):
    chain.topology["session_store"] = "delta"
    app3 = chain.topology["instances"][2]
    members = [{"inventory_host": name} for name in ("app1", "app2", "app3")]
    app3["cluster_members"] = members
    assert plan(chain)["last_words"][-1] == (
        "app1, app2 still look for it in the cluster. The next site without it in the inventory ends that, with a drained restart of each."
    )
    app3["cluster_members"] = members[1:]
    assert problems(chain) == [
        "app3: tomcat_instance_session_store is delta, and app2 would have nobody for its sessions: add an instance first, or use memcached."
    ]


def test_what_is_left_for_a_person(chain):
    chain.topology["memcached_nodes"][0]["machine"] = chain.topology["instances"][2]["machine"]
    node = chain.topology["memcached_nodes"][0]
    made = plan(chain, {**THERE, "stay": ["/srv/uploads"], "archive": "/srv/old/app3.tar.gz"})
    assert made["text"][-3:] == [
        "Archived: the releases, in /srv/old/app3.tar.gz",
        f"Removed on app3: {BASE}",
        "Left on app3: /srv/uploads",
    ]
    assert made["last_words"][:2] == [
        "Its releases are in /srv/old/app3.tar.gz.",
        "These files are not this collection's and stay: /srv/uploads.",
    ]
    assert made["last_words"][-2] == (
        f"memcached {node['host']}:{node['port']} on the same machine stays: it has sessions of all instances."
    )


def test_a_machine_with_another_instance_goes_on_asking_the_store(read_chain):
    chain = read_chain(instances=["vm1", "vm1", "vm2"], httpds=2)
    assert len(plan(chain, instance="app2")["last_words"]) == 1


def test_no_httpd_may_be_left_out(chain):
    """It would go on knowing the instance whose files are gone."""
    assert problems(chain, hosts=["web1", "app3"]) == ["web2: is not part of this run: leave --limit out."]
    assert problems(chain, {}, hosts=["web1"]) == ["web2, app3: is not part of this run: leave --limit out."]


def test_a_repair_puts_back_what_a_run_that_died_has_drained(chain):
    chain.interrupted({"record": OWN}, rollout="R0").out("app3")
    repair = chain.plan("repair")
    assert (repair["problems"], repair["order"]) == ([], ["app3"])
    member = repair["members"]["app3"]
    assert [one["state"] for one in member["states"]] == ["enabled", "enabled"]
    # It has the release that it had.
    assert (member["version_now"], member["version_after"]) == ("1.0", "1.0")
    # Any other rollout waits for it.
    assert any("was left half-done" in problem for problem in chain.plan()["problems"])
    # One that it has not drained yet is as it was.
    chain.out("app3", "enabled")
    assert chain.plan("repair")["order"] == []
