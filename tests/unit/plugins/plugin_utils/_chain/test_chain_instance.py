# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._chain.instance import port, problems_of
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._chain.inventory import TopologyError

PREFLIGHT = Path(__file__).resolve().parents[5] / "roles/tomcat_instance/tasks/preflight.yml"
SECRET = "s3cr3t-value"
KEY = "0123456789abcdefABCDEF0123456789" * 2
MEMBERS = [
    {"host": "198.18.0.3", "port": 4000, "unique_id": "{1}"},
    {"host": "198.18.0.4", "port": 4000, "unique_id": "{2}"},
]


def settled(**variables):
    """What the role has of an instance with its own defaults."""
    return {
        "tomcat_instance_address": "198.18.0.3",
        "tomcat_instance_ajp_enabled": True,
        "tomcat_instance_ajp_port": 8009,
        "tomcat_instance_ajp_secret": SECRET,
        "tomcat_instance_cluster_key": "",
        "tomcat_instance_cluster_members": [],
        "tomcat_instance_cluster_port": 4000,
        "tomcat_instance_http_enabled": False,
        "tomcat_instance_http_port": 8080,
        "tomcat_instance_jvm_route": "tc_1",
        "tomcat_instance_name": "tc-1",
        "tomcat_instance_protocol": "ajp",
        "tomcat_instance_session_store": "memcached",
        "tomcat_instance_shutdown_port": -1,
        **{f"tomcat_instance_{name}": value for name, value in variables.items()},
    }


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"protocol": "http", "http_enabled": True, "ajp_enabled": False, "ajp_secret": ""},
        {"session_store": "delta", "cluster_members": MEMBERS, "cluster_key": KEY},
        {"ajp_port": "8109", "shutdown_port": "8105", "ajp_enabled": "yes"},
        {"address": "fd00::1"},
        {"address": "tc-1.example"},
    ],
)
def test_nothing_is_wrong(variables):
    assert problems_of("tc-1", settled(**variables)) == []


@pytest.mark.parametrize(
    "variables, expected",
    [
        ({"name": "a/b"}, "tomcat_instance_name is 'a/b', it must be a name of letters, digits, '_', '.' and '-'."),
        ({"name": ""}, "tomcat_instance_name is '', it must be a name"),
        ({"jvm_route": "a.b"}, "tomcat_instance_jvm_route is 'a.b', it must be 1 to 63 letters, digits and '_'"),
        ({"jvm_route": ""}, "tomcat_instance_jvm_route is '', it must be 1 to 63"),
        ({"jvm_route": None}, "tomcat_instance_jvm_route is None, it must be 1 to 63"),
        ({"address": "0.0.0.0"}, "tomcat_instance_address is '0.0.0.0', it must be the one address"),
        ({"address": "::"}, "tomcat_instance_address is '::', it must be the one address"),
        ({"address": ""}, "tomcat_instance_address is '', it must be one IP address or host name"),
        ({"address": "a b"}, "tomcat_instance_address is 'a b', it must be one IP address or host name"),
        (
            {"address": "fe80::1%eth0"},
            "tomcat_instance_address is 'fe80::1%eth0', it must be an address without an interface",
        ),
        ({"ajp_port": 0}, "tomcat_instance_ajp_port is 0, it must be a port from 1 to 65535."),
        ({"ajp_port": ""}, "tomcat_instance_ajp_port is '', it must be a port"),
        ({"http_port": -1}, "tomcat_instance_http_port is -1, it must be a port from 1 to 65535."),
        ({"cluster_port": 65536}, "tomcat_instance_cluster_port is 65536, it must be a port from 1 to 65535."),
        ({"shutdown_port": 0}, "tomcat_instance_shutdown_port is 0, it must be a port from 1 to 65535 or -1 (off)."),
        (
            {"shutdown_port": 8080},
            "tomcat_instance_http_port and tomcat_instance_shutdown_port are 8080, they must differ.",
        ),
        (
            {"http_port": "8009"},
            "tomcat_instance_ajp_port and tomcat_instance_http_port are 8009, they must differ.",
        ),
        ({"protocol": "http"}, "tomcat_instance_protocol is http, so tomcat_instance_http_enabled must be true."),
        ({"ajp_enabled": ""}, "tomcat_instance_ajp_enabled is '', it must be true or false."),
        (
            {"ajp_secret": ""},
            "tomcat_instance_ajp_secret is not set, the AJP connector is not opened without a secret.",
        ),
        (
            {"session_store": "delta", "cluster_members": MEMBERS},
            "tomcat_instance_cluster_key is not set, without a key whoever reaches the port of the cluster could run code",
        ),
        (
            {"session_store": "delta", "cluster_members": MEMBERS[:1], "cluster_key": KEY},
            "it must be this instance (198.18.0.3, port 4000) and one or more others, each with",
        ),
        (
            {"session_store": "backup", "cluster_members": [], "cluster_key": KEY},
            "tomcat_instance_cluster_members is [], it must be this instance",
        ),
    ],
)
def test_what_is_wrong(variables, expected):
    (line,) = problems_of("tc-1", settled(**variables))
    assert line.startswith("tc-1: ") and expected in line


def test_everything_at_once():
    lines = problems_of("tc-1", settled(jvm_route="a.b", shutdown_port=8009, ajp_secret="", session_store="delta"))
    assert [line.split()[1] for line in lines] == [
        "tomcat_instance_ajp_port",
        "tomcat_instance_jvm_route",
        "tomcat_instance_ajp_secret",
        "tomcat_instance_cluster_members",
        "tomcat_instance_cluster_key",
    ]


def test_the_role_hands_over_every_variable_that_is_read():
    asked = set()

    class Recorder(dict):
        def __contains__(self, key):
            asked.add(key)
            return super().__contains__(key)

        def get(self, key, default=None):
            asked.add(key)
            return super().get(key, default)

    problems_of("tc-1", Recorder(settled(session_store="delta")))
    (handed_over,) = (
        task["vars"]["__tomcat_instance_checked"]
        for task in yaml.safe_load(PREFLIGHT.read_text())
        if "__tomcat_instance_checked" in task.get("vars", {})
    )
    assert {name for name in asked if name.startswith("tomcat_instance_")} == set(handed_over)
    assert handed_over == {name: f"{{{{ {name} }}}}" for name in handed_over}


@pytest.mark.parametrize("name", ["ajp_secret", "cluster_key"])
@pytest.mark.parametrize("secret", ["with space", 'a"b', "a\\b", "a${b}", "x" * 65, "s\u00e9cret", 12345])
def test_a_bad_secret_is_not_shown(name, secret):
    given = {"cluster_key": KEY, name: secret}
    (line,) = problems_of("tc-1", settled(session_store="delta", cluster_members=MEMBERS, **given))
    assert line.startswith(f"tc-1: tomcat_instance_{name} must be ")
    assert str(secret) not in line


@pytest.mark.parametrize(
    "offset, kind, expected", [(0, "ajp", 8009), (100, "http", 8180), (200, "shutdown", 8205), (100, "cluster", 4100)]
)
def test_port(offset, kind, expected):
    assert port(offset, kind) == expected


def test_port_of_unknown_kind():
    with pytest.raises(TopologyError, match="unknown kind of port 'https'"):
        port(0, "https")


@pytest.mark.parametrize(
    "element",
    [
        "!bsh.**",
        "com.example.*",
        "com.example.Class",
        "!com.example.Outer$Inner",
        "java.base/java.util.**",
        "!*",
        "maxdepth=12",
    ],
)
def test_elements_of_the_serialization_filter(element):
    assert (
        problems_of("tc", {"tomcat_instance_ajp_secret": "s3cr3t-value", "tomcat_instance_serial_filter": [element]})
        == []
    )


@pytest.mark.parametrize(
    "element", ["", "!", "**", "a b", "a;b", "it's", "maxdepth=much", "maxdeep=1", "!!a", "a\n", 5, None]
)
def test_bad_elements_of_the_serialization_filter(element):
    problems = problems_of(
        "tc", {"tomcat_instance_ajp_secret": "s3cr3t-value", "tomcat_instance_serial_filter": [element]}
    )
    (problem,) = problems
    assert problem.startswith(
        f"tc: tomcat_instance_serial_filter has {element!r}, each of its elements must be such as "
    )
