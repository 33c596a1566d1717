# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One call for each machine; the plan's own tests have whole members."""

from __future__ import annotations

from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._rollout.machines import drain, enable

INSTANCE = {"worker": "ajp://198.18.0.3:8009", "route": "app1"}
# web1 and web2 are two httpds of one machine.
TOPOLOGY = {
    "balancers": [
        {
            "inventory_host": f"web{number}",
            "machine": machine,
            "manager_url": f"http://127.0.0.1:908{number}/m",
            "local_url": f"http://127.0.0.1:808{number}",
            "headers": {},
            "sticky_cookie": "SID",
        }
        for number, machine in ((1, "vm1"), (2, "vm1"), (3, "vm3"))
    ]
}
SHOP = {
    "name": "shop",
    "balancer": "tomcat",
    "context_path": "/shop",
    "health_path": "/health",
    "health_status": 200,
    "health_pattern": "",
    "health_headers": {},
}


def member(number, balancer="tomcat", **more):
    return {
        "httpd": f"web{number}",
        "manager_url": f"http://127.0.0.1:908{number}/m",
        "balancer": balancer,
        "worker": "ajp://198.18.0.3:8009",
        **more,
    }


def state(number, state="enabled", balancer="tomcat"):
    return {"httpd": f"web{number}", "balancer": balancer, "state": state}


def test_it_is_taken_out_of_all_httpds_of_a_machine_in_one_call():
    keep_usable = {("web1", "tomcat"): 2, ("web2", "tomcat"): 0, ("web3", "tomcat"): 1, ("web3", "intern"): 1}
    out = {"state": "disabled", "wait": "idle"}
    assert drain(TOPOLOGY, INSTANCE, keep_usable) == [
        {"host": "web1", "members": [member(1, **out, keep_usable=2), member(2, **out, keep_usable=0)], "checks": []},
        {
            "host": "web3",
            "members": [member(3, **out, keep_usable=1), member(3, "intern", **out, keep_usable=1)],
            "checks": [],
        },
    ]


def test_a_machine_where_it_has_no_place_is_not_called():
    assert [machine["host"] for machine in drain(TOPOLOGY, INSTANCE, {("web3", "tomcat"): 1})] == ["web3"]
    assert drain(TOPOLOGY, INSTANCE, {}) == []


def test_a_machine_is_called_by_its_first_httpd_also_where_the_member_is_in_the_second_only():
    (machine,) = drain(TOPOLOGY, INSTANCE, {("web2", "tomcat"): 1})
    assert (machine["host"], [one["httpd"] for one in machine["members"]]) == ("web1", ["web2"])


def test_it_gets_back_what_it_had_and_what_serves_it_is_asked():
    """As it was found, not enabled: a member that a person took out stays out, and is neither waited for nor asked."""
    machines = enable(TOPOLOGY, INSTANCE, [state(1), state(2, "disabled"), state(3)], [SHOP], {"shop": "1.1"}, {})
    back = {"state": "enabled", "wait": "ok"}
    assert [(machine["host"], machine["members"]) for machine in machines] == [
        ("web1", [member(1, **back), member(2, state="disabled")]),
        ("web3", [member(3, **back)]),
    ]
    assert [[check["url"] for check in machine["checks"]] for machine in machines] == [
        ["http://127.0.0.1:8081/shop/health"],
        ["http://127.0.0.1:8083/shop/health"],
    ]
    assert machines[0]["checks"][0]["headers"] == {"Cookie": "SID=health.app1"}


def test_where_nothing_is_served_nothing_is_asked():
    (machine,) = enable(TOPOLOGY, INSTANCE, [state(3)], [SHOP], {"shop": None}, {})
    assert machine["checks"] == []
