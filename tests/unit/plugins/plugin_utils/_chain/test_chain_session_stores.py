# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the inventory keeps sessions: on servers of its own or of somebody else."""

from __future__ import annotations

import pytest

from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._chain.inventory import TopologyError
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._chain.topology import derive

OWN_NODES = "a:cache.example:11211,b:198.18.0.9:11212"


@pytest.fixture
def with_nodes(with_changes):
    """The cluster, whose instances name these nodes."""

    def change(text, **changes):
        named = {"tomcat_instance_memcached_nodes": text}
        return with_changes(**{name: {**named, **changes.get(name, {})} for name in ("tc_1", "tc_2", "tc_3")})

    return change


def test_without_a_store_no_memcached_is_needed(with_changes, groups):
    none = {"tomcat_instance_session_store": "none"}
    result = derive(with_changes(tc_1=none, tc_2=none, tc_3=none), {**groups, "memcached": []})
    assert result["memcached_nodes"] == []
    assert result["msm_memcached_nodes"] == ""


def test_memcached_nodes_of_ones_own(with_nodes, groups):
    result = derive(
        with_nodes(OWN_NODES, tc_1={"tomcat_instance_memcached_failover_nodes": "b"}), {**groups, "memcached": []}
    )
    assert result["msm_memcached_nodes"] == OWN_NODES
    assert [(node["id"], node["host"], node["port"], node["inventory_host"]) for node in result["memcached_nodes"]] == [
        ("a", "cache.example", 11211, None),
        ("b", "198.18.0.9", 11212, None),
    ]
    assert [instance["failover_nodes"] for instance in result["instances"]] == ["b", "", ""]


def test_memcached_nodes_of_ones_own_stand_before_those_of_the_group(with_nodes, groups):
    assert derive(with_nodes(OWN_NODES), groups)["msm_memcached_nodes"] == OWN_NODES


@pytest.mark.parametrize(
    ("nodes", "changes", "expected"),
    [
        ("cache.example:11211", {}, "it must be n1:HOST:PORT,n2:HOST:PORT"),
        ("n1:cache.example:0", {}, "tc-1: tomcat_instance_memcached_nodes is 'n1:cache.example:0', it must be"),
        ("n1:a:1,n1:b:1", {}, "each node with an id of its own"),
        (
            OWN_NODES,
            {"tc_2": {"tomcat_instance_memcached_nodes": "n1:a:1"}},
            "tomcat_instance_memcached_nodes must be the same on all instances: tc-2 has n1:a:1",
        ),
        (
            None,
            {"tc_1": {"tomcat_instance_memcached_failover_nodes": "n4"}},
            "tc-1: tomcat_instance_memcached_failover_nodes is 'n4', it must be some of n1,n2,n3, but not all",
        ),
        (None, {"tc_1": {"tomcat_instance_memcached_failover_nodes": "n1,n2,n3"}}, "but not all"),
    ],
)
def test_bad_memcached_nodes(with_changes, with_nodes, groups, nodes, changes, expected):
    hosts = with_changes(**changes) if nodes is None else with_nodes(nodes, **changes)
    with pytest.raises(TopologyError) as error:
        derive(hosts, groups)
    assert expected in str(error.value)


@pytest.mark.parametrize(
    ("redis", "address"),
    [
        ({}, "redis://198.18.0.6:6379"),
        ({"redis_port": "6380", "redis_address": "fd00::6"}, "redis://[fd00::6]:6380"),
    ],
)
def test_the_server_of_the_group(with_redis, redis, address):
    result = derive(*with_redis(redis))
    assert result["redis_addresses"] == [address]
    assert [server["inventory_host"] for server in result["redis_servers"]] == ["r"]
    assert result["session_store"] == "redis"


def test_servers_of_ones_own(cluster, with_redis, groups):
    own = {"tomcat_instance_redis_addresses": ["rediss://a:6379", "rediss://b:6379"]}
    hosts, with_a_group = with_redis(tc_1=own, tc_2=own, tc_3=own)
    assert derive(hosts, {**with_a_group, "redis": []})["redis_addresses"] == own["tomcat_instance_redis_addresses"]
    # With another store nobody asks for them.
    assert derive(cluster(), groups)["redis_addresses"] == []


@pytest.mark.parametrize(
    ("redis", "changes", "group", "expected"),
    [
        ({}, {}, [], "group 'redis' must hold the one host of the Redis server, it has 0"),
        ({}, {}, ["r", "mc2"], "it has 2"),
        (
            {},
            {"tc_2": {"tomcat_instance_redis_addresses": ["redis://a:1"]}},
            ["r"],
            "tc-2 has ['redis://a:1'], others []",
        ),
        ({"redis_port": 0}, {}, ["r"], "r: redis_port is 0, it must be a port"),
        ({"redis_address": "127.0.0.1"}, {}, ["r"], "listens on 127.0.0.1, which tc-1, tc-2, tc.3"),
        (
            {"ansible_host": "198.18.0.4", "redis_port": 8009},
            {},
            ["r"],
            "port 8009 is used by tc.3 (ajp) and r (Redis)",
        ),
    ],
)
def test_bad_redis(with_redis, groups, redis, changes, group, expected):
    hosts, _groups = with_redis(redis, **changes)
    with pytest.raises(TopologyError) as error:
        derive(hosts, {**groups, "redis": group})
    assert expected in str(error.value)


@pytest.mark.parametrize(
    "changes, expected",
    [
        ({"mc2": {"memcached_address": "127.0.0.1"}}, "set memcached_address"),
        ({"mc2": {"memcached_address": "::"}}, "not all of them"),
        ({"mc2": {"memcached_address": "fd00::1"}}, "takes no IPv6 address"),
        ({"mc2": {"memcached_ports": 11211}}, "memcached_ports is 11211, it must be a list"),
        ({"mc2": {"memcached_ports": []}}, "memcached_ports is []"),
        ({"mc2": {"memcached_ports": ["a"]}}, "memcached_ports is ['a']"),
        ({"tc_1": {"tomcat_instance_session_store": "disk"}}, "one of memcached, redis, backup, delta, none"),
        ({"tc_1": {"tomcat_instance_session_store": "none"}}, "must be the same on all instances"),
    ],
)
def test_bad_stores(with_changes, groups, changes, expected):
    with pytest.raises(TopologyError) as caught:
        derive(with_changes(**changes), groups)
    assert expected in caught.value.message


# Who may connect ------------------------------------------------------------


def test_the_stores_let_in_the_addresses_of_the_tomcats(with_changes, groups):
    own = {"tomcat_instance_address": "198.18.1.3"}
    clients = derive(with_changes(tc_1=own, tc_3={"tomcat_instance_address": "app3"}), groups)["clients"]
    assert clients == {kind: ["198.18.1.3", "198.18.0.3", "198.18.0.4"] for kind in ("memcached", "redis")}


@pytest.mark.parametrize("named", [None, [], ["198.18.0.9"], ["any"]])
def test_a_tomcat_without_an_address(with_changes, groups, named):
    """A unit takes no names: whoever writes the inventory says the address, or lets everybody in."""
    stores = {host: {"memcached_clients": named} for host in ("mc1", "mc2")}
    hosts = with_changes(tc_3={"ansible_host": "app3"}, **stores)
    if named:
        assert derive(hosts, groups)["clients"]["memcached"] == ["198.18.0.3"]
        return
    with pytest.raises(TopologyError) as error:
        derive(hosts, groups)
    for host in ("mc1", "mc2"):
        assert f"{host}: lets the Tomcats connect and nobody else, and tc.3 has no IP address" in error.value.message


def test_a_password_in_an_address_is_refused_and_not_shown(with_redis):
    hosts, groups = with_redis()
    for number, host in enumerate(("tc-1", "tc-2", "tc.3")):
        hosts[host]["tomcat_instance_redis_addresses"] = [f"redis://me:hush@198.18.0.{number}:6379"]
    with pytest.raises(TopologyError) as error:
        derive(hosts, groups)
    assert "tomcat_instance_redis_addresses holds a user or a password" in error.value.message
    assert "tomcat_instance_redis_addresses must be the same on all instances" in error.value.message
    assert "hush" not in error.value.message
