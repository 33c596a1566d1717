# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._rollout.plan import plan

HOSTS = ["app1", "app2"]


def on_all(value):
    return dict.fromkeys(HOSTS, value)


def chain(store="memcached", manager=True):
    """Two instances of one application behind one httpd."""
    instances = [
        {
            "inventory_host": host,
            "machine": host,
            "route": host,
            "worker": f"ajp://{host}:8009",
            "connect_url_base": f"ajp://{host}:8009",
            "balancers": ["tomcat"],
            "manager_url": f"ajp://{host}:8009/roundrobin-manager" if manager else "",
        }
        for host in HOSTS
    ]
    application = {
        "name": "ROOT",
        "base_name": "ROOT",
        "instances": HOSTS,
        "balancer": "tomcat",
        "context_path": "",
        "health_path": "/",
        "health_status": 200,
        "health_pattern": "",
        "health_headers": {},
    }
    httpd = {
        "inventory_host": "web1",
        "machine": "web1",
        "manager_url": "http://127.0.0.1:9080/balancer-manager",
        "local_url": "http://127.0.0.1:80",
        "headers": {},
        "sticky_cookie": "JSESSIONID",
    }
    return {
        "instances": instances,
        "balancers": [httpd],
        "applications": [application],
        "memcached_nodes": [{"host": "m1", "port": 11211}, {"host": "m2", "port": 11211}],
        "session_store": store,
    }


def releases(*contexts):
    staged = [{"version": version} for version in ("1.0", "2.0")]
    return {
        "applications": {
            "ROOT": {
                "active_version": contexts[-1] if contexts else None,
                "previous_version": "1.0",
                "contexts": [{"context_version": "", "version": version} for version in contexts],
                "releases": staged,
            }
        }
    }


def planned(topology=None, serving=None, managers=None, **settings):
    """The plan of a deploy of 2.0; serving has the contexts of each host."""
    topology = topology or chain()
    serving = serving or on_all(["1.0"])
    members = [
        {"worker": f"ajp://{host}:8009", "state": "enabled", "usable": True, "status": "Init Ok"} for host in HOSTS
    ]
    readings = {
        "locks": [{"item": {"inventory_host": "web1"}, **settings.pop("lock", {})}],
        "balancers": [
            {"item": {"inventory_host": "web1"}, "balancers": [{"name": "tomcat", "members": members}]},
        ],
        "releases": {host: releases(*contexts) for host, contexts in serving.items()},
        "managers": managers or {},
    }
    given = {"kind": "deploy", "version": "2.0", "war": True, "hosts": HOSTS, "strategy": "parallel", **settings}
    return plan(topology, readings, given)


@pytest.mark.parametrize(
    ("topology", "settings", "problem"),
    [
        (chain(), {"memcached_sticky": "false"}, "does not go with tomcat_instance_memcached_sticky false"),
        (chain(), {"memcached_sticky": False}, "every user would get the new release at once"),
        (
            chain(),
            {"storage_key_prefix": "static:x,webappVersion"},
            "does not go with storageKeyPrefix static:x,webappVersion",
        ),
        (chain(), {"storage_key_prefix": "host,context.hash"}, "none would find the sessions of another"),
        (chain("redis"), {}, "tomcat_instance_session_store redis: it was not shown"),
        (chain(), {"policy": "stop"}, "rolling_deploy_on_failure stop: nobody is out of service"),
        (chain(manager=False), {}, "app1, app2: rolling_deploy_strategy parallel needs Tomcat's own manager"),
        (chain(manager=False), {"strategy": "reload"}, "rolling_deploy_strategy reload needs Tomcat's own manager"),
    ],
)
def test_what_cannot_work_is_refused(topology, settings, problem):
    (found,) = planned(topology, **settings)["problems"]
    assert problem in found


@pytest.mark.parametrize(
    ("topology", "settings"),
    [
        (chain(), {}),
        (chain("none"), {"memcached_sticky": False}),
        (chain(), {"storage_key_prefix": "static:x", "policy": "rollback_all"}),
        (chain(), {"strategy": "reload", "policy": "stop", "memcached_sticky": False}),
        (chain(manager=False), {"strategy": "restart", "policy": "stop"}),
        # They restart whatever the strategy is.
        (chain(manager=False), {"kind": "restart", "policy": "stop"}),
        (chain(manager=False), {"kind": "repair", "policy": "stop"}),
    ],
)
def test_what_can_work_is_not(topology, settings):
    assert planned(topology, **settings)["problems"] == []


def test_a_manager_that_does_not_answer_matters_where_it_is_needed():
    silent = on_all({"failed": True, "msg": "cannot be asked"})
    (problem,) = planned(managers=silent)["problems"]
    assert problem.startswith("app1, app2: Tomcat's own manager does not answer, which this strategy needs")
    assert planned(managers=silent, strategy="restart")["problems"] == []


def test_what_tomcat_does_not_serve_is_mended():
    """A rollout died between the link and Tomcat: the release is there by the link alone."""
    everywhere = on_all(["2.0"])
    assert planned(serving=everywhere)["order"] == []
    managers = {"app1": {"problems": ["Tomcat does not serve release 2.0"]}, "app2": {"problems": []}}
    result = planned(serving=everywhere, managers=managers)
    assert result["order"] == ["app1"]
    assert "app1: is in service and does not answer: Tomcat does not serve release 2.0" in result["warnings"]


@pytest.mark.parametrize(
    ("serving", "settings", "expected"),
    [
        # With parallel all that get the release, and those that had it beside an older one.
        ({"app1": ["1.0"], "app2": ["1.0"]}, {}, ["app1", "app2"]),
        ({"app1": ["1.0", "2.0"], "app2": ["1.0"]}, {}, ["app1", "app2"]),
        ({"app1": ["2.0"], "app2": ["1.0"]}, {}, ["app2"]),
        # With others those that are not touched.
        ({"app1": ["1.0", "2.0"], "app2": ["1.0"]}, {"strategy": "restart"}, ["app1"]),
        ({"app1": ["1.0"], "app2": ["1.0"]}, {"strategy": "reload"}, []),
        ({"app1": ["1.0", "2.0"], "app2": ["1.0"]}, {"kind": "restart"}, []),
        # A repair only where all end with the same.
        ({"app1": ["1.0", "2.0"], "app2": ["2.0"]}, {"kind": "repair"}, ["app1"]),
        ({"app1": ["1.0", "2.0"], "app2": ["1.0"]}, {"kind": "repair"}, []),
    ],
)
def test_who_retires_what_was_before(serving, settings, expected):
    members = {host: {"version_before": "1.0", "states": []} for host in HOSTS}
    record = {"kind": "deploy", "application": "ROOT", "version": "2.0", "members": members}
    repair = {"lock": {"taken_over": {"id": "x", "record": record}}} if settings.get("kind") == "repair" else {}
    assert planned(serving=serving, **settings, **repair)["retires"] == expected


def test_a_retirement_that_is_left_is_something_to_do():
    result = planned(serving=on_all(["1.0", "2.0"]))
    assert (result["order"], result["nothing_to_do"], result["retires"]) == ([], False, HOSTS)
    assert "app1, app2: still serves 1.0 to the users who began on it." in result["warnings"]
    without = planned(chain(manager=False), serving=on_all(["1.0", "2.0"]), strategy="restart")
    assert (without["nothing_to_do"], without["retires"]) == (True, [])
