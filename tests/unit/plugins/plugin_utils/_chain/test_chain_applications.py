# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which applications there are, where each is served, and by which balancer."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from ansible_collections.roundrobin.tomcat.plugins.module_utils._tomcat.health import Answer, build_expectation
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._chain.applications import (
    APPLICATION_KEYS,
    members_of,
    share_out,
    without_instance,
)
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._chain.inventory import Problems, TopologyError
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._chain.topology import derive


@pytest.fixture
def applications(with_changes, groups):
    def declare(*entries):
        return derive(with_changes(lb={"tomcat_applications": list(entries)}), groups)["applications"]

    return declare


@pytest.mark.parametrize(
    "path, base_name, context_path",
    [("/", "ROOT", ""), ("/app", "app", "/app"), ("/app/", "app", "/app"), ("/a/b", "a#b", "/a/b")],
)
def test_application_paths(applications, path, base_name, context_path):
    (application,) = applications({"path": path})
    assert application == {
        "name": base_name,
        "path": context_path or "/",
        "context_path": context_path,
        "base_name": base_name,
        "health_path": "/",
        "health_status": 200,
        "health_pattern": "",
        "health_headers": {},
        "httpd_directives": [],
        "httpd_site_directives": [],
        "excluded_paths": [],
        "encoded_slashes": False,
        "websocket": False,
        "instances": ["tc-1", "tc-2", "tc.3"],
        "balancer": "tomcat",
        "members": application["members"],
    }


def test_application_with_everything(applications):
    entry = {
        "name": "shop",
        "path": "/shop",
        "instances": ["tc-1"],
        "health_path": "/health?full=1",
        "health_status": "204",
        "health_pattern": "v={version}$",
        "health_headers": {"X-Key": "1"},
        "httpd_directives": ["Require ip 198.18.0.0/15"],
        "httpd_site_directives": ["MergeSlashes Off"],
        "excluded_paths": [{"path": "/shop/static", "directory": "/srv/static"}],
        "encoded_slashes": True,
        "websocket": False,
    }
    (application,) = applications(entry)
    derived = {"balancer": "shop", "members": application["members"], "context_path": "/shop", "base_name": "shop"}
    assert application == {**entry, "health_status": 204, **derived}
    assert [member["route"] for member in application["members"]] == ["tc_1"]


@pytest.mark.parametrize(
    "entry, expected",
    [
        ("shop", "tomcat_applications[0] is 'shop', it must be a dictionary"),
        ({"path": "app"}, "path is 'app'"),
        ({"path": "/a//b"}, "path is '/a//b'"),
        ({"path": "/../b"}, "path is '/../b'"),
        ({"path": ""}, "path is ''"),
        ({}, "path is None"),
        ({"path": "/", "name": "a/b"}, "name is 'a/b'"),
        ({"path": "/", "name": ".."}, "name is '..'"),
        ({"path": "/", "health_path": "health"}, "health_path is 'health'"),
        ({"path": "/", "health_path": "/a b"}, "health_path is '/a b'"),
        ({"path": "/", "health_status": 99}, "health_status is 99"),
        ({"path": "/", "health_status": True}, "health_status is True"),
        ({"path": "/", "health_pattern": "("}, "health_pattern is '('"),
        ({"path": "/", "health_pattern": 1}, "health_pattern is 1"),
        ({"path": "/", "heath_path": "/x"}, "unknown key heath_path"),
        ({"path": "/", "instances": []}, "instances is [], it must be a list of one or more"),
        ({"path": "/", "instances": "tc-1"}, "instances is 'tc-1', it must be a list"),
        ({"path": "/", "instances": ["tc-1", "tc-1"]}, "none of them twice"),
        ({"path": "/", "instances": [1]}, "instances is [1]"),
        (
            {"path": "/", "instances": ["tc-1", "tc-9"]},
            "application 'ROOT': instances has tc-9, known are the Tomcat instances tc-1, tc-2, tc.3.",
        ),
        ({"path": "/", "name": "Tomcat", "instances": ["tc-1"]}, "would be 'tomcat', that is apache_balancer_name"),
        ({"path": "/", "name": "x" * 41, "instances": ["tc-1"]}, "longer than 40 characters"),
    ],
)
def test_bad_application(applications, entry, expected):
    with pytest.raises(TopologyError) as caught:
        applications(entry)
    assert expected in caught.value.message


def test_application_twice(applications):
    with pytest.raises(TopologyError) as caught:
        applications({"path": "/app"}, {"path": "/app/", "name": "other"}, {"path": "/x", "name": "app"})
    assert "has the path '/app' twice" in caught.value.message
    assert "has the name 'app' twice" in caught.value.message


def test_applications_share_the_instances_out(with_changes, groups):
    declared = [
        {"path": "/"},
        {"path": "/shop", "instances": ["tc.3", "tc-1"]},
        {"path": "/shop/Admin", "instances": ["tc-1"]},
        {"path": "/blog"},
    ]
    result = derive(
        with_changes(
            lb={"tomcat_applications": declared, "apache_balancer_name": "pool"},
            tc_1={"apache_balancer_member_load_factor": "2.5", "apache_balancer_member_lbset": 1},
            tc_3={"apache_balancer_member_standby": True},
        ),
        groups,
    )
    assert [(item["balancer"], item["instances"]) for item in result["applications"]] == [
        ("pool", ["tc-1", "tc-2", "tc.3"]),
        ("shop", ["tc-1", "tc.3"]),
        ("shop-admin", ["tc-1"]),
        ("pool", ["tc-1", "tc-2", "tc.3"]),
    ]
    assert {item["inventory_host"]: item["balancers"] for item in result["instances"]} == {
        "tc-1": ["pool", "shop", "shop-admin"],
        "tc-2": ["pool"],
        "tc.3": ["pool", "shop"],
    }
    assert result["applications"][1]["members"] == [
        {
            "worker": "ajp://198.18.0.3:8009",
            "route": "tc_1",
            "load_factor": 2.5,
            "lbset": 1,
            "standby": False,
            "spare": False,
        },
        {
            "worker": "ajp://198.18.0.4:8009",
            "route": "tc_3",
            "load_factor": 1.0,
            "lbset": 0,
            "standby": True,
            "spare": False,
        },
    ]


def test_two_applications_cannot_have_one_balancer(applications):
    with pytest.raises(TopologyError, match="application 'a-b': its balancer would be 'a-b', that of 'a.b' too"):
        applications(
            {"path": "/1", "name": "a.b", "instances": ["tc-1"]}, {"path": "/2", "name": "a-b", "instances": ["tc-1"]}
        )


@pytest.mark.parametrize(
    "changes, expected",
    [
        ({"lb": {"tomcat_applications": {"path": "/"}}}, "it must be a list"),
        (
            {"lb": {"tomcat_applications": []}, "tc_1": {"tomcat_applications": [{"path": "/"}]}},
            "differs between tc-1 and lb",
        ),
    ],
)
def test_bad_declarations(with_changes, groups, changes, expected):
    with pytest.raises(TopologyError) as caught:
        derive(with_changes(**changes), groups)
    assert expected in caught.value.message


def test_a_declaration_that_all_hosts_share_is_one(with_changes, groups):
    declared = {"tomcat_applications": [{"path": "/"}, {"path": "/shop"}]}
    result = derive(with_changes(lb=declared, tc_1=declared, mc1=declared), groups)
    assert [application["name"] for application in result["applications"]] == ["ROOT", "shop"]


def instance(host, **member):
    return {"inventory_host": host, "worker": f"ajp://{host}:8009", "route": host, **member}


def test_an_instance_is_in_each_balancer_once():
    instances = [instance("a"), instance("b")]
    declared = [{"name": name, "instances": named} for name, named in (("x", None), ("y", None), ("z", ["b"]))]
    problems = Problems()
    share_out(declared, instances, "pool", problems)
    assert problems.lines == []
    assert [one["balancers"] for one in instances] == [["pool"], ["pool", "z"]]


def test_members_are_told_in_the_inventorys_order_with_what_httpd_wants():
    member = {"load_factor": 1.0, "lbset": 0, "standby": False, "spare": False}
    instances = [instance(host, machine="m", **member) for host in ("a", "b", "c")]
    assert members_of(instances, ["c", "a", "unknown"]) == [
        {"worker": f"ajp://{host}:8009", "route": host, **member} for host in ("a", "c")
    ]


def test_applications_without_an_instance():
    everywhere, two, one = (
        {"name": name, "instances": on} for name, on in (("a", None), ("b", ["x", "y"]), ("c", ["x"]))
    )
    assert without_instance([everywhere, two, one], "x") == [everywhere, {"name": "b", "instances": ["y"]}]
    assert without_instance([everywhere, two, one], "") == [everywhere, two, one]


GUIDE = (Path(__file__).resolve().parents[5] / "docs/applications.md").read_text(encoding="utf-8")
REFERENCE = GUIDE.partition("## All keys of `tomcat_applications`\n")[2].partition("\n## ")[0]
RECIPES = re.findall(r"^```yaml\n(.*?)^```", REFERENCE, re.DOTALL | re.MULTILINE)
LOGIN = "<html><head><title>Our shop</title></head></html>"
READY = '{"status":"UP"}'
INFO = '{"build":{"artifact":"shop","name":"shop","version":"1.4.2","group":"com.example"}}'


def test_the_guide_has_each_key_and_no_other():
    assert sorted(re.findall(r"^\| `(\w+)` \|", REFERENCE, re.MULTILINE)) == sorted(APPLICATION_KEYS)


def test_what_the_guide_says_of_a_key_that_is_left_out(applications):
    (application,) = applications({"path": "/"})
    said = dict(re.findall(r"^\| `(\w+)` \| ([^|]+?) \|", REFERENCE, re.MULTILINE))
    for key, words in said.items():
        value = application.get(key)
        if words in ("none", "any body"):
            assert not value, key
        elif words == "false":
            assert value is False, key
        elif key in ("health_path", "health_status"):
            assert words.strip("`") == str(value), key


@pytest.mark.parametrize(
    "recipe, good, bad",
    [
        (0, Answer(0, 200, LOGIN), Answer(0, 200, "<title>Error</title>")),
        (1, Answer(0, 302), Answer(0, 404)),
        (2, Answer(0, 200, READY), Answer(0, 503, '{"status":"OUT_OF_SERVICE"}')),
        (3, Answer(0, 200, INFO), Answer(0, 200, INFO.replace("1.4.2", "1.4.1"))),
    ],
)
def test_the_recipes_of_the_guide(applications, recipe, good, bad):
    assert len(RECIPES) == 4
    (application,) = applications(*yaml.safe_load(RECIPES[recipe])["tomcat_applications"])
    expectation = build_expectation([application["health_status"]], application["health_pattern"], "1.4.2")
    assert expectation.complaint(good) is None
    assert expectation.complaint(bad) is not None
