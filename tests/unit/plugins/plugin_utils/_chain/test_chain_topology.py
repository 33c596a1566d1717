# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import copy

import pytest

from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._chain.topology import (
    HOST_VARIABLES,
    Problems,
    TopologyError,
    derive,
    is_alone,
)

SECRET = "s3cr3t-value"

# An instance that is nothing special to httpd, and has no application.
PLAIN_MEMBER = {
    "manager_url": "",
    "internal_proxies": [],
    "load_factor": 1.0,
    "lbset": 0,
    "standby": False,
    "spare": False,
    "balancers": [],
    "cluster_members": [],
    "max_header_bytes": 8192,
    "alone": False,
    "encoded_slashes": False,
}


def test_balancer_settings_are_followed(with_changes, groups):
    settings = {
        "apache_balancer_listen_port": 8000,
        "apache_balancer_manager_address": "127.0.0.2",
        "apache_balancer_manager_path": "/bm",
        "apache_balancer_manager_port": 9081,
        "apache_balancer_server_name": "shop.example",
        "apache_balancer_sticky_cookie": "SID",
    }
    balancer = derive(with_changes(lb=settings), groups)["balancers"][0]
    assert balancer["manager_url"] == "http://127.0.0.2:9081/bm"
    assert balancer["local_url"] == "http://127.0.0.1:8000"
    assert balancer["headers"] == {"Host": "shop.example"}
    assert balancer["sticky_cookie"] == "SID"


def test_whole_cluster(with_changes, groups):
    result = derive(with_changes(tc_1={"tomcat_instance_shutdown_port": 8005}), groups)
    assert result["instances"] == [
        {
            "inventory_host": "tc-1",
            "name": "tc-1",
            "base": "/var/opt/tomcat/tc-1",
            "route": "tc_1",
            "machine": "198.18.0.3",
            "address": "198.18.0.3",
            "ports": {"ajp": 8009, "http": 8080, "shutdown": 8005, "cluster": 4000},
            "protocol": "ajp",
            "ajp_enabled": True,
            "http_enabled": False,
            "worker": "ajp://198.18.0.3:8009",
            "connect_url_base": "ajp://198.18.0.3:8009",
            "failover_nodes": "n1,n2",
            **PLAIN_MEMBER,
        },
        {
            "inventory_host": "tc-2",
            "name": "tc-2",
            "base": "/var/opt/tomcat/tc-2",
            "route": "tc_2",
            "machine": "198.18.0.3",
            "address": "198.18.0.3",
            "ports": {"ajp": 8109, "http": 8180, "shutdown": -1, "cluster": 4100},
            "protocol": "ajp",
            "ajp_enabled": True,
            "http_enabled": False,
            "worker": "ajp://198.18.0.3:8109",
            "connect_url_base": "ajp://198.18.0.3:8109",
            "failover_nodes": "n1,n2",
            **PLAIN_MEMBER,
        },
        {
            "inventory_host": "tc.3",
            "name": "tc.3",
            "base": "/var/opt/tomcat/tc.3",
            "route": "tc_3",
            "machine": "198.18.0.4",
            "address": "198.18.0.4",
            "ports": {"ajp": 8009, "http": 8080, "shutdown": -1, "cluster": 4000},
            "protocol": "ajp",
            "ajp_enabled": True,
            "http_enabled": False,
            "worker": "ajp://198.18.0.4:8009",
            "connect_url_base": "ajp://198.18.0.4:8009",
            "failover_nodes": "",
            **PLAIN_MEMBER,
        },
    ]
    assert [node["id"] for node in result["memcached_nodes"]] == ["n1", "n2", "n3"]
    assert result["msm_memcached_nodes"] == "n1:198.18.0.3:11211,n2:198.18.0.3:11212,n3:198.18.0.5:11211"
    assert result["balancers"] == [
        {
            "inventory_host": "lb",
            "machine": "198.18.0.2",
            "address": "198.18.0.2",
            "manager_url": "http://127.0.0.1:9080/balancer-manager",
            "local_url": "http://127.0.0.1:80",
            "headers": {"Host": "lb"},
            "sticky_cookie": "JSESSIONID",
            "sticky_path_parameter": "jsessionid",
        }
    ]
    assert result["applications"] == []
    assert result["session_store"] == "memcached"


def test_the_articles_single_machine():
    local = {"ansible_connection": "local"}
    hosts = {
        "jvm1": {**local, "tomcat_instance_ajp_secret": SECRET},
        "jvm2": {**local, "tomcat_instance_ajp_secret": SECRET, "tomcat_instance_port_offset": 100},
        "cache": local,
        "web": local,
    }
    result = derive(hosts, {"tomcat": ["jvm1", "jvm2"], "memcached": ["cache"], "balancer": ["web"]})
    assert [item["worker"] for item in result["instances"]] == ["ajp://127.0.0.1:8009", "ajp://127.0.0.1:8109"]
    assert result["msm_memcached_nodes"] == "n1:127.0.0.1:11211"
    # There is no other node to prefer.
    assert [item["failover_nodes"] for item in result["instances"]] == ["", ""]


def test_group_names_are_parameters(cluster, groups):
    groups = {"app": groups["tomcat"], "cache": groups["memcached"], "web": groups["balancer"]}
    result = derive(cluster(), groups, tomcat_group="app", memcached_group="cache", balancer_group="web")
    assert len(result["instances"]) == 3


def test_nothing_of_the_secret_is_returned(cluster, groups):
    assert SECRET not in repr(derive(cluster(), groups))


def test_values_as_the_command_line_gives_them(with_changes, groups):
    words = {
        "tomcat_instance_port_offset": "200",
        "tomcat_instance_http_enabled": "yes",
        "tomcat_instance_shutdown_port": "-1",
    }
    instance = derive(with_changes(tc_1=words), groups)["instances"][0]
    assert instance["ports"] == {"ajp": 8209, "http": 8280, "shutdown": -1, "cluster": 4200}
    assert instance["http_enabled"] is True
    assert instance["connect_url_base"] == "http://198.18.0.3:8280"


def test_http_protocol_needs_no_secret():
    hosts = {
        "t": {"tomcat_instance_protocol": "http", "tomcat_instance_session_store": "none"},
        "lb": {"ansible_host": "198.18.0.2"},
    }
    result = derive(hosts, {"tomcat": ["t"], "balancer": ["lb"]})
    assert result["instances"][0]["worker"] == "http://t:8080"
    assert result["instances"][0]["ajp_enabled"] is False
    assert result["session_store"] == "none"


@pytest.mark.parametrize(
    "balancer, expected",
    [
        ({}, ["198.18.0.2"]),
        ({"ansible_host": "web.example", "apache_balancer_address": "198.18.1.2"}, ["198.18.1.2"]),
        ({"ansible_host": "198.18.0.4"}, ["198.18.0.4"]),
        ({"apache_balancer_address": "fd00::2"}, ["fd00:0:0:0:0:0:0:2"]),
        ({"apache_balancer_address": "localhost"}, ["127.0.0.1"]),
    ],
)
def test_tomcat_believes_httpd_by_its_address(with_changes, groups, balancer, expected):
    result = derive(with_changes(lb=balancer, tc_3={"tomcat_instance_protocol": "http"}), groups)
    assert [item["internal_proxies"] for item in result["instances"]] == [[], [], expected]


def test_a_neighbour_connects_from_the_address_it_connects_to(with_changes, groups):
    changes = {"tomcat_instance_protocol": "http", "tomcat_instance_address": "127.0.0.1"}
    result = derive(with_changes(lb={"ansible_host": "198.18.0.4"}, tc_3=changes), groups)
    assert result["instances"][2]["internal_proxies"] == ["127.0.0.1"]


def test_two_balancers_are_believed(with_changes, groups):
    hosts = {**with_changes(tc_3={"tomcat_instance_protocol": "http"}), "lb2": {"ansible_host": "198.18.0.9"}}
    result = derive(hosts, {**groups, "balancer": ["lb", "lb2"]})
    assert result["instances"][2]["internal_proxies"] == ["198.18.0.2", "198.18.0.9"]


def test_with_tls_the_site_is_asked_through_the_managers_port(with_changes, groups):
    tls = {"apache_balancer_tls_certificate": "/etc/ssl/site.pem", "apache_balancer_manager_port": 9081}
    assert derive(with_changes(lb=tls), groups)["balancers"][0]["local_url"] == "http://127.0.0.1:9081"


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, ""),
        ({"tomcat_instance_manager_enabled": "false"}, ""),
        ({"tomcat_instance_manager_enabled": True}, "ajp://198.18.0.3:8009/roundrobin-manager"),
        (
            {"tomcat_instance_manager_enabled": "yes", "tomcat_instance_http_enabled": True},
            "http://198.18.0.3:8080/roundrobin-manager",
        ),
    ],
)
def test_tomcats_manager(with_changes, groups, variables, expected):
    assert derive(with_changes(tc_1=variables), groups)["instances"][0]["manager_url"] == expected


def test_ipv6_address_is_bracketed(with_changes, groups):
    instance = derive(with_changes(tc_3={"tomcat_instance_address": "fd00::3"}), groups)["instances"][2]
    assert instance["address"] == "fd00::3"
    assert instance["worker"] == "ajp://[fd00::3]:8009"


def test_the_default_balancer_has_one_name(cluster, groups):
    hosts = {**cluster(), "lb2": {"apache_balancer_name": "other"}}
    with pytest.raises(TopologyError, match="must be the same on all balancers: lb has tomcat, lb2 has other"):
        derive(hosts, {**groups, "balancer": ["lb", "lb2"]})


@pytest.mark.parametrize(
    "changes, expected",
    [
        ({"lb": {"apache_balancer_name": "Shop"}}, "apache_balancer_name is 'Shop', it must be 1 to 40 lower case"),
        (
            {"lb": {"ansible_host": "web.example"}, "tc_3": {"tomcat_instance_protocol": "http"}},
            "lb: apache_balancer_address is not set and 'web.example' is no IP address.",
        ),
        ({"lb": {"apache_balancer_tls_certificate": "site.pem"}}, "must be an absolute path"),
        (
            {"lb": {"apache_balancer_tls_certificate": "/site.pem", "apache_balancer_tls_port": 80}},
            "machine 198.18.0.2: port 80 is used by lb (httpd) and lb (httpd with TLS)",
        ),
        ({"tc_1": {"apache_balancer_member_load_factor": 101}}, "is 101, it must be a number from 1 to 100"),
        ({"tc_1": {"apache_balancer_member_load_factor": "1.234"}}, "load_factor is '1.234'"),
        ({"tc_1": {"apache_balancer_member_load_factor": True}}, "load_factor is True"),
        ({"tc_1": {"apache_balancer_member_lbset": 100}}, "lbset is 100, it must be an integer from 0 to 99"),
        (
            {"tc_1": {"apache_balancer_member_standby": True, "apache_balancer_member_spare": "yes"}},
            "apache_balancer_member_spare is 'yes', it must be false, the instance is a standby already",
        ),
        ({"tc_1": {"tomcat_instance_jvm_route": "a.b"}}, "tc-1: tomcat_instance_jvm_route is 'a.b'"),
        ({"tc_1": {"tomcat_instance_jvm_route": "a-b"}}, "tc-1: tomcat_instance_jvm_route is 'a-b'"),
        ({"tc_1": {"tomcat_instance_jvm_route": "x" * 64}}, "1 to 63 letters"),
        ({"tc_1": {"tomcat_instance_jvm_route": "tc_3"}}, "tc-1, tc.3: the jvmRoute 'tc_3' is used more than once"),
        (
            {"tc_2": {"tomcat_instance_name": "tc-1"}},
            "machine 198.18.0.3: tomcat_instance_name 'tc-1' is used more than once",
        ),
        ({"tc_2": {"tomcat_instance_name": "a/b"}}, "tomcat_instance_name is 'a/b'"),
        (
            {"tc_2": {"tomcat_instance_port_offset": 0}},
            "machine 198.18.0.3: port 8009 is used by tc-1 (ajp) and tc-2 (ajp), set tomcat_instance_port_offset or the port itself",
        ),
        ({"tc_2": {"tomcat_instance_shutdown_port": 8009}}, "port 8009 is used by tc-1 (ajp) and tc-2 (shutdown)"),
        ({"tc_1": {"tomcat_instance_ajp_port": 11212}}, "port 11212 is used by tc-1 (ajp) and mc1 (memcached)"),
        (
            {"lb": {"ansible_host": "198.18.0.4", "apache_balancer_listen_port": 8009}},
            "port 8009 is used by tc.3 (ajp) and lb (httpd)",
        ),
        ({"tc_1": {"tomcat_instance_port_offset": "many"}}, "tomcat_instance_port_offset is 'many'"),
        ({"tc_1": {"tomcat_instance_port_offset": True}}, "tomcat_instance_port_offset is True"),
        ({"tc_1": {"tomcat_instance_port_offset": -1}}, "tomcat_instance_port_offset is -1"),
        ({"tc_1": {"tomcat_instance_ajp_port": 70000}}, "tomcat_instance_ajp_port is 70000"),
        ({"tc_1": {"tomcat_instance_ajp_port": -1}}, "tomcat_instance_ajp_port is -1"),
        ({"tc_1": {"tomcat_instance_protocol": "h2"}}, "tomcat_instance_protocol is 'h2', it must be one of ajp, http"),
        (
            {"tc_1": {"tomcat_instance_ajp_enabled": "maybe"}},
            "tomcat_instance_ajp_enabled is 'maybe', it must be true or false",
        ),
        (
            {"tc_1": {"tomcat_instance_ajp_enabled": False}},
            "tc-1: tomcat_instance_protocol is ajp, so tomcat_instance_ajp_enabled must be true.",
        ),
        (
            {"tc_1": {"tomcat_instance_cluster_port": 8009}},
            "tc-1: tomcat_instance_ajp_port and tomcat_instance_cluster_port are 8009, they must differ.",
        ),
        ({"tc_1": {"tomcat_instance_address": "0.0.0.0"}}, "not all of them"),
        ({"tc_1": {"tomcat_instance_address": "a b"}}, "tomcat_instance_address is 'a b'"),
        ({"tc_3": {"ansible_host": "fe80::1%eth0"}}, "tc.3: tomcat_instance_address is 'fe80::1%eth0', it must be an"),
        (
            {"tc_3": {"tomcat_instance_address": "127.0.0.1"}},
            "tc.3: listens on 127.0.0.1, which lb on another machine cannot reach",
        ),
        ({"tc_1": {"tomcat_instance_ajp_secret": None}}, "tc-1: tomcat_instance_ajp_secret is not set"),
        (
            {"tc_2": {"tomcat_instance_ajp_secret": "other"}},
            "tc-2: tomcat_instance_ajp_secret differs from that of tc-1",
        ),
    ],
)
def test_bad_inventory(with_changes, groups, changes, expected):
    with pytest.raises(TopologyError) as caught:
        derive(with_changes(**changes), groups)
    assert expected in caught.value.message


KEY = "0123456789abcdefABCDEF0123456789" * 2


@pytest.fixture
def in_a_cluster(with_changes):
    """The cluster with sessions that the Tomcats replicate."""

    def change(store="delta", **changes):
        shared = {"tomcat_instance_session_store": store, "tomcat_instance_cluster_key": KEY}
        names = ("tc_1", "tc_2", "tc_3")
        return with_changes(**{**changes, **{name: {**shared, **changes.get(name, {})} for name in names}})

    return change


def test_every_instance_is_a_member_of_the_cluster(in_a_cluster, groups):
    result = derive(in_a_cluster(tc_3={"tomcat_instance_cluster_port": 4444}), {**groups, "memcached": []})
    members = result["instances"][0]["cluster_members"]
    assert [(item["inventory_host"], item["host"], item["port"]) for item in members] == [
        ("tc-1", "198.18.0.3", 4000),
        ("tc-2", "198.18.0.3", 4100),
        ("tc.3", "198.18.0.4", 4444),
    ]
    assert all(instance["cluster_members"] == members for instance in result["instances"])
    assert KEY not in repr(result)


@pytest.mark.parametrize(
    "changes, expected",
    [
        (
            {"tc_2": {"tomcat_instance_cluster_port": 4000}},
            "machine 198.18.0.3: port 4000 is used by tc-1 (cluster) and tc-2 (cluster)",
        ),
        ({"tc_2": {"tomcat_instance_cluster_port": 11211}}, "port 11211 is used by tc-2 (cluster) and mc1 (memcached)"),
        (
            {"tc_3": {"tomcat_instance_address": "127.0.0.1"}, "lb": {"ansible_host": "198.18.0.4"}},
            "tc.3: listens on 127.0.0.1, which tc-1, tc-2 on another machine cannot reach, set tomcat_instance_address",
        ),
        ({"tc_2": {"tomcat_instance_cluster_key": ""}}, "tc-2: tomcat_instance_cluster_key is not set, without a key"),
        ({"tc_2": {"tomcat_instance_cluster_key": "0" * 64}}, "tc-2: tomcat_instance_cluster_key differs"),
        (
            {"tc_2": {"tomcat_instance_cluster_key": "secret"}},
            "tomcat_instance_cluster_key must be 64 hexadecimal digits",
        ),
    ],
)
def test_bad_cluster(in_a_cluster, groups, changes, expected):
    with pytest.raises(TopologyError) as caught:
        derive(in_a_cluster(**changes), groups)
    assert expected in caught.value.message


def test_a_key_is_asked_for_where_there_is_a_cluster_only(in_a_cluster, groups):
    assert derive(in_a_cluster("none", tc_1={"tomcat_instance_cluster_key": "bad"}), groups)["session_store"] == "none"


@pytest.mark.parametrize(
    "secret",
    ["with space", 'a"b', "a'b", "a\\b", "a${b}", "x" * 64, "s\u00e9cret-secret", "too-short", "long-enough\n", 12345],
)
def test_a_bad_secret_is_not_shown(with_changes, groups, secret):
    same = {"tomcat_instance_ajp_secret": secret}
    with pytest.raises(TopologyError) as caught:
        derive(with_changes(tc_1=same, tc_2=same, tc_3=same), groups)
    assert "12 to 63 printable ASCII characters" in caught.value.message
    assert str(secret) not in caught.value.message


@pytest.mark.parametrize("group", ["tomcat", "memcached", "balancer"])
def test_empty_group(cluster, groups, group):
    with pytest.raises(TopologyError) as caught:
        derive(cluster(), {**groups, group: []})
    assert f"group '{group}' is empty or missing" in caught.value.message


def test_ports_of_one_instance_that_do_not_differ_are_one_problem(with_changes, groups):
    with pytest.raises(
        TopologyError, match="cannot be used: tc-1: tomcat_instance_ajp_port and tomcat_instance_shutdown_port are 8009"
    ):
        derive(with_changes(tc_1={"tomcat_instance_shutdown_port": 8009}), groups)


def test_all_problems_at_once(with_changes, groups):
    problems = Problems()
    problems.add("lb: found by the caller.")
    hosts = with_changes(tc_1={"tomcat_instance_jvm_route": "a.b"}, tc_2={"tomcat_instance_port_offset": "x"})
    with pytest.raises(TopologyError) as caught:
        derive(hosts, {**groups, "balancer": []}, problems=problems)
    lines = caught.value.message.splitlines()
    assert lines[0] == "The inventory cannot be used, 5 problems:"
    assert lines[1] == "  1. lb: found by the caller."
    assert len(lines) == 6


def test_input_is_left_alone(cluster, groups):
    hosts = cluster()
    before = copy.deepcopy(hosts)
    derive(hosts, groups)
    assert hosts == before


def test_every_variable_read_is_announced(with_changes, with_redis, in_a_cluster, groups):
    """A variable missing from HOST_VARIABLES would never reach derive() in a play."""
    asked = set()

    class Recorder(dict):
        def get(self, key, default=None):
            asked.add(key)
            return super().get(key, default)

    plain = with_changes(tc_3={"tomcat_instance_protocol": "http"})
    for hosts, among in ((plain, groups), (in_a_cluster(), groups), with_redis()):
        derive({name: Recorder(variables) for name, variables in hosts.items()}, among)
    assert asked == set(HOST_VARIABLES)


def test_what_concerns_an_instance_is_found_by_its_host(with_changes, groups):
    """Without what grows with the number of instances."""
    applications = [{"path": "/", "name": "all"}, {"path": "/one", "instances": ["tc-1"]}]
    everybody = {host: {"tomcat_applications": applications} for host in groups["tomcat"]}
    result = derive(with_changes(**{host.replace("-", "_"): value for host, value in everybody.items()}), groups)
    assert list(result["hosts"]) == groups["tomcat"]
    for instance in result["instances"]:
        of_host = result["hosts"][instance["inventory_host"]]
        assert of_host["instance"] == instance
        names = ["all", "one"] if instance["inventory_host"] == "tc-1" else ["all"]
        assert [one["name"] for one in of_host["applications"]] == names
        for one in of_host["applications"]:
            whole = next(other for other in result["applications"] if other["name"] == one["name"])
            assert whole == {**one, "instances": whole["instances"], "members": whole["members"]}


def test_an_instance_is_alone_where_users_have_nowhere_to_go():
    one, two = ({"inventory_host": host} for host in ("tc_1", "tc_2"))
    both, own = {"instances": ["tc_1", "tc_2"]}, {"instances": ["tc_2"]}
    assert [is_alone(host, [one, two], [both, own]) for host in ("tc_1", "tc_2")] == [False, True]
    assert is_alone("tc_1", [one], [])


def test_without_an_instance_it_is_the_chain_of_an_inventory_that_has_it_not(with_changes, groups):
    """So site changes nothing of httpd when the instance is taken out of the inventory."""

    def hosts(*shop_instances):
        shop = {"name": "shop", "path": "/shop", "instances": [*shop_instances]}
        alone = [{"name": "alone", "path": "/alone", "instances": ["tc.3"]}] if "tc.3" in shop_instances else []
        return with_changes(lb={"tomcat_applications": [{"path": "/"}, shop, *alone]})

    smaller = {**groups, "tomcat": ["tc-1", "tc-2"]}
    assert derive(hosts("tc-1", "tc.3"), groups, without="tc.3") == derive(hosts("tc-1"), smaller)
