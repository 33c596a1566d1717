# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is handed over; how it is run is in test_at_once.py, a real play in tests/loopback/test_rollout_step.py."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import yaml
from ansible.errors import AnsibleError

from ansible_collections.roundrobin.tomcat.plugins.action import rollout_step
from ansible_collections.roundrobin.tomcat.plugins.modules.rollout_step import DOCUMENTATION
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._at_once import Call

VARIABLES = {"inventory_hostname": "app1"}


class Hosts:
    """Notes what is called, and answers."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.called = []

    def __call__(self, action, variables):
        assert variables is VARIABLES
        return self

    def run_one(self, call):
        return self.run([call])[0]

    def run(self, calls):
        self.called += calls
        return [self.answers.pop(0) for _call in calls]


@pytest.fixture
def run(monkeypatch):
    def _run(hosts, **arguments):
        monkeypatch.setattr("ansible.plugins.action.ActionBase.run", lambda *dummy: {})
        monkeypatch.setattr(rollout_step, "Caller", hosts)
        action = rollout_step.ActionModule.__new__(rollout_step.ActionModule)
        action._task = SimpleNamespace(args=arguments)
        action._load_name = "rollout_step"
        return action.run(None, VARIABLES)

    return _run


def test_alone_it_is_the_modules_own_answer(run):
    hosts = Hosts({"changed": True, "x": 1})
    assert run(hosts, module="a.b.c", options={"state": "stopped"}) == {"changed": True, "x": 1}
    assert hosts.called == [Call("a.b.c", None, {"state": "stopped"})]


def test_at_several_hosts_each_has_its_item(run):
    items = [{"inventory_host": "web1", "url": "http://1", "other": 1}, {"inventory_host": "web2", "url": "http://2"}]
    hosts = Hosts({"changed": False}, {"failed": True, "unreachable": True, "msg": "timed out"})
    answer = run(hosts, module="a.b.c", options={"state": "held", "url": "none"}, at=items, of_item=["url"])
    assert hosts.called == [
        Call("a.b.c", "web1", {"state": "held", "url": "http://1"}),
        Call("a.b.c", "web2", {"state": "held", "url": "http://2"}),
    ]
    assert (answer["failed"], answer["msg"]) == (True, "web2 cannot be reached: timed out")
    assert [one["item"] for one in answer["results"]] == items


def test_at_no_host_nothing_is_run(run):
    hosts = Hosts()
    assert run(hosts, module="a.b.c", at=[]) == {"changed": False, "unreachable": False, "results": []}
    assert hosts.called == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({}, "module"),
        ({"module": "a.b.c", "options": "text"}, "options"),
        ({"module": "a.b.c", "other": 1}, "other"),
        ({"module": "a.b.c", "at": ["web1"]}, "at"),
        (
            {"module": "a.b.c", "at": [{"inventory_host": "web1"}, {"host": "web2"}]},
            "inventory_host is missing in an item",
        ),
        (
            {"module": "a.b.c", "at": [{"inventory_host": "web1"}], "of_item": ["url"]},
            "url is missing in an item of at",
        ),
    ],
)
def test_bad_input_runs_nothing(run, arguments, words):
    hosts = Hosts({})
    with pytest.raises(AnsibleError, match=words):
        run(hosts, **arguments)
    assert hosts.called == []


def test_documentation_is_of_these_options():
    documented = yaml.safe_load(DOCUMENTATION)["options"]
    told = ("type", "required", "elements", "default")
    assert {
        name: {key: option[key] for key in told if key in option} for name, option in documented.items()
    } == rollout_step.ARGUMENTS
