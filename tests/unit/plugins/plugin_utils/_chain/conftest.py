# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An inventory that derive() takes, for the tests of what it is made of."""

from __future__ import annotations

import pytest

SECRET = "s3cr3t-value"

# Two instances on one machine, a third on its own; memcached on a Tomcat machine and apart.
GROUPS = {"tomcat": ["tc-1", "tc-2", "tc.3"], "memcached": ["mc1", "mc2"], "balancer": ["lb"]}
TOMCATS = {"tc_1": "tc-1", "tc_2": "tc-2", "tc_3": "tc.3"}


def _cluster():
    return {
        "tc-1": {"ansible_host": "198.18.0.3", "tomcat_instance_ajp_secret": SECRET},
        "tc-2": {
            "ansible_host": "198.18.0.3",
            "tomcat_instance_ajp_secret": SECRET,
            "tomcat_instance_port_offset": 100,
        },
        "tc.3": {"ansible_host": "198.18.0.4", "tomcat_instance_ajp_secret": SECRET},
        "mc1": {"ansible_host": "198.18.0.3", "memcached_ports": [11211, 11212]},
        "mc2": {"ansible_host": "198.18.0.5"},
        "lb": {"ansible_host": "198.18.0.2"},
    }


def _with_changes(**changes):
    hosts = _cluster()
    for host, variables in changes.items():
        hosts[TOMCATS.get(host, host)].update(variables)
    return hosts


def _with_redis(redis=None, **changes):
    hosts = _with_changes(**{name: {"tomcat_instance_session_store": "redis"} for name in TOMCATS})
    for host, variables in changes.items():
        hosts[TOMCATS[host]].update(variables)
    hosts["r"] = {"ansible_host": "198.18.0.6", **(redis or {})}
    return hosts, {**GROUPS, "memcached": [], "redis": ["r"]}


@pytest.fixture
def groups():
    """The hosts of each group."""
    return dict(GROUPS)


@pytest.fixture
def cluster():
    """Return the variables of each host."""
    return _cluster


@pytest.fixture
def with_changes():
    """Return the cluster with variables added: tc_1={...} is for host tc-1, lb={...} for lb."""
    return _with_changes


@pytest.fixture
def with_redis():
    """Return the cluster with its sessions in Redis, on a host of its own, and the groups."""
    return _with_redis
