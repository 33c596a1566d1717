# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._rollout.site_lock import given_back, left_out, records

LEFT = {"id": "R1", "status": "left", "record": {"kind": "deploy", "took_over": "R0", "members": {"app1": {}}}}
DEAD_SITE = {"id": "S1", "status": "running", "record": {"kind": "site"}}


def answers(**locks):
    return [{"item": {"inventory_host": host}, "lock": lock} for host, lock in locks.items()]


def test_what_is_held():
    read = [*answers(web1=None, web2=LEFT, web3=DEAD_SITE), {"item": {"inventory_host": "web4"}, "failed": True}]
    kept = {"kind": "deploy", "took_over": "R1", "members": {"app1": {}}}
    assert records(read) == [
        {"inventory_host": "web1", "record": {"kind": "site"}},
        {"inventory_host": "web2", "record": kept},
        {"inventory_host": "web3", "record": {"kind": "site"}},
    ]


def test_how_it_ends():
    removal = {"id": "S2", "record": {"kind": "remove", "members": {"app3": {}}}}
    held = answers(web1=DEAD_SITE, web2={**LEFT, "id": "S1"}, web3=removal)
    assert given_back(held) == [
        {"inventory_host": "web1", "state": "released"},
        {"inventory_host": "web2", "state": "left"},
        {"inventory_host": "web3", "state": "released"},
    ]


def test_whom_a_rolling_restart_left_out():
    lock = {"record": {"kind": "restart"}, "outcome": {"left_out": ["app2"]}}
    held = [
        {"taken_over": lock},
        {"taken_over": lock},
        {"taken_over": None},
        {"taken_over": {"record": {"kind": "deploy"}, "outcome": {"left_out": ["app1"]}}},
        {"taken_over": {"record": {"kind": "restart"}, "outcome": None}},
    ]
    assert left_out(held) == ["app2"]
