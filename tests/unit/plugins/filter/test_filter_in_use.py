# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.roundrobin.tomcat.plugins.filter.in_use import FilterModule

FILTERS = FilterModule().filters()
SITE = {
    "unit": "apache2.service",
    "default_site": "x",
    "disable_default_site": True,
    "server_name": "x",
    "vhost": True,
    "is_there": False,
    "listen_port": 80,
    "tls": False,
    "tls_port": 443,
    "manager_address": "127.0.0.1",
    "manager_port": 81,
}
INSTANCE = {
    "unit": "tomcat@app1.service",
    "user": "tomcat",
    "group": "tomcat",
    "home_root": "/a",
    "home": "/a/b",
    "base_root": "/c",
    "base": "/c/d",
    "address": "::1",
    "ports": {},
    "far": [],
}


class Text(str):
    """Stands for the tagged strings that Ansible hands to filters."""


def test_problems_of_a_service_name_its_host():
    found = {"resolved": {"app1": [Text("127.0.1.1")]}, "listening": []}
    wanted = {
        "variable": "memcached_address",
        "address": Text("app1"),
        "far": ["app2"],
        "port_variable": "x",
        "ports": [],
        "units": [],
    }
    (problem,) = FILTERS["beside_service"](found, wanted, Text("cache"))
    assert problem.startswith("cache: memcached_address is 'app1', which is 127.0.1.1")


def test_connectors_as_plain_data():
    connectors = FILTERS["own_connectors"]([{"protocol": Text("AJP/1.3"), "port": 8009, "state": "present"}], [])
    assert connectors == [{"protocol": "AJP/1.3", "port": 8009, "state": "present", "match": "protocol"}]
    assert not isinstance(connectors[0]["protocol"], Text)


def test_problems_of_a_site_name_its_host():
    taken = {"address": "::", "port": 80, "process": "nginx", "unit": "", "ours": False}
    decision = FILTERS["beside_httpd"]({"httpd": None, "listening": [taken], "fqdn": "x"}, SITE, Text("lb"))
    assert [problem.split()[0] for problem in decision["problems"]] == ["lb:"]


def test_problems_of_an_instance_name_its_host():
    python = {"executable": "/venv/bin/python", "distribution": False, "missing": ["lxml"]}
    found = {"python": python, "units": {}, "entries": [], "resolved": {}, "listening": [], "users": {}}
    assert [problem.split()[0] for problem in FILTERS["beside_instance"](found, INSTANCE, "app1")] == ["app1:"]


@pytest.mark.parametrize("name", ["beside_httpd", "beside_instance", "beside_service"])
def test_what_is_no_answer_of_host_info(name):
    with pytest.raises(AnsibleFilterError, match=f"roundrobin.tomcat.{name} is given what host_info returned"):
        FILTERS[name](["x"], {}, "host")


def test_members_that_go():
    found = [{"name": "tomcat", "members": [{"route": "app1"}, {"route": "app2"}]}]
    (problem,) = FILTERS["removed_members"](found, {"tomcat": []}, "1", "web1")
    assert problem.startswith("web1: balancer tomcat would lose app1, app2")


def test_own_files_as_plain_data():
    empty = {"unit": Text("tomcat@a.service"), "base": Text("/b"), "archive": "", "releases": "/b/r", "webapps": "/b/w"}
    lists = {name: [] for name in ("trees", "files", "last", "jars", "kept")}
    found = {"entries": [{"path": Text("/b"), "type": "directory"}], "missing": [], "units": {}}
    files = FILTERS["own_files"](found, {**empty, **lists, "directories": [Text("/b")]})
    assert files["remove"] == ["/b"]
    assert {type(one) for one in files["remove"]} == {str}


def test_where_httpd_is_reached_on_its_own_machine():
    listening = [{"address": Text("192.0.2.10"), "port": 80}, {"address": "127.0.0.1", "port": 9080}]
    assert FILTERS["near_url"](Text("http://127.0.0.1:80"), listening) == "http://192.0.2.10:80"
    assert FILTERS["near_url"]("http://127.0.0.1:9080", listening) == "http://127.0.0.1:9080"


def test_members_without_a_release_by_what_the_hosts_told():
    topology = {
        "instances": [{"inventory_host": host, "route": host} for host in ("app1", "app2", "app3")],
        "applications": [{"base_name": "ROOT", "balancer": "tomcat", "instances": ["app1", "app2", "app3"]}],
    }
    hostvars = {
        "app1": {"__tomcat_instance_plan": {"webapps": [Text("ROOT")]}},
        "app2": {"__tomcat_instance_plan": {"webapps": []}},
        # Not part of this run.
        "app3": {},
    }
    assert FILTERS["unreleased_members"](hostvars, topology) == {"tomcat": ["app2"]}
