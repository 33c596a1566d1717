# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import copy

import pytest

from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._baseline.stores import MEMCACHED, REDIS

WANTS = {"ports": [11211], "address_variable": "memcached_address", "clients_variable": "memcached_clients"}
NAME = "memcached-node@11211.service"
GOOD = {
    "units": {
        NAME: {"active": True, "user": "memcache", "shell": "/bin/false", "exposure": 1.0, "denies_addresses": True}
    },
    "listening": [{"unit": NAME, "address": "10.0.0.1", "port": 11211}],
    "udp": [68],
}


def told(tag, found):
    (line,) = [line for line in MEMCACHED if tag in line.ids]
    verdict = line.told(found, WANTS)
    return verdict["state"], verdict["evidence"]


def test_as_it_is_set_up_everything_passes():
    assert {line.told(GOOD, WANTS)["state"] for line in (*MEMCACHED, *REDIS)} == {"PASS"}


@pytest.mark.parametrize(
    ("tag", "fault", "evidence"),
    [
        ("CVE-2018-1000115", lambda f: f["udp"].append(11211), "UDP port 11211"),
        ("store-address", lambda f: f["listening"][0].update(address="0.0.0.0"), "set memcached_address"),
        ("store-clients", lambda f: f["units"][NAME].update(denies_addresses=False), "list memcached_clients"),
        ("store-user", lambda f: f["units"][NAME].update(user="root"), "runs as root"),
        ("systemd-exposure", lambda f: f["units"][NAME].update(exposure=9.2), "has 9.2"),
        ("store-address", lambda f: f["units"][NAME].update(active=False), "does not run"),
    ],
)
def test_a_fault_fails_its_line(tag, fault, evidence):
    found = copy.deepcopy(GOOD)
    fault(found)
    state, said = told(tag, found)
    assert state == "FAIL"
    assert evidence in said
