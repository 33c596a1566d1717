# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an instance is asked, and what becomes of an answer that is none."""

from __future__ import annotations

import copy
from types import SimpleNamespace

import pytest
from ansible.errors import AnsibleActionFail, AnsibleConnectionFailure

from ansible_collections.roundrobin.tomcat.plugins.action import rollout_read

WEBAPPS = "roundrobin.tomcat.tomcat_webapp_info"
HEALTH = "roundrobin.tomcat.http_health"
ROOT = {
    "name": "ROOT",
    "base_name": "ROOT",
    "context_path": "",
    "health_path": "/health",
    "health_status": 200,
    "health_pattern": "v{version}",
    "health_headers": {},
}
SHOP = {**ROOT, "name": "shop", "base_name": "shop", "context_path": "/shop", "health_pattern": ""}


class Task(SimpleNamespace):
    def copy(self):
        return copy.copy(self)


class Loader:
    """Answers for each module as it is told, an exception is raised."""

    def __init__(self, answers):
        self.answers, self.asked = answers, []

    def has_plugin(self, name, collection_list=None):
        return name == "an.action.plugin"

    def get(self, name, task, **given):
        self.asked.append((name, task.action, task.args))
        return SimpleNamespace(run=lambda task_vars: self.answer(task.action), cleanup=lambda: None)

    def answer(self, module):
        answer = self.answers[module]
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture(autouse=True)
def no_parent_run(monkeypatch):
    monkeypatch.setattr("ansible.plugins.action.ActionBase.run", lambda *dummy: {})


def read(answers, **arguments):
    action = rollout_read.ActionModule.__new__(rollout_read.ActionModule)
    action._task = Task(action="roundrobin.tomcat.rollout_read", args=arguments, collections=[])
    action._load_name = "rollout_read"
    action._connection = action._play_context = action._loader = action._templar = None
    loader = Loader(answers)
    action._shared_loader_obj = SimpleNamespace(action_loader=loader)
    return action.run(None, {}), loader.asked


def calls(**modules):
    return {name: {"module": module, "options": {"base": "/b"}} for name, module in modules.items()}


def test_each_call_has_its_answer_without_what_it_was_called_with():
    answered, asked = read(
        {"a.b.c": {"x": 1, "invocation": {"module_args": {"password": "p"}}, "_ansible_parsed": True}},
        calls=calls(stores="a.b.c"),
    )
    assert asked == [("ansible.legacy.normal", "a.b.c", {"base": "/b"})]
    assert answered == {"changed": False, "answers": {"stores": {"x": 1}, "health": {"results": []}}}


def test_a_module_with_an_action_is_run_by_it():
    _answered, asked = read({"an.action.plugin": {}}, calls=calls(staging="an.action.plugin"))
    assert asked[0][0] == "an.action.plugin"


def test_what_fails_is_an_answer_and_the_others_are_asked():
    answered, _asked = read(
        {"a.b.c": {"failed": True, "msg": "no"}, "d.e.f": AnsibleActionFail("no WAR"), "g.h.i": {"x": 1}},
        calls=calls(releases="a.b.c", staging="d.e.f", stores="g.h.i"),
    )
    assert "failed" not in answered
    assert answered["answers"] == {
        "releases": {"failed": True, "msg": "no"},
        "staging": {"failed": True, "msg": "no WAR"},
        "stores": {"x": 1},
        "health": {"results": []},
    }


def test_a_host_that_cannot_be_reached_is_what_it_is_for_any_task():
    with pytest.raises(AnsibleConnectionFailure):
        read({"a.b.c": AnsibleConnectionFailure("timed out")}, calls=calls(releases="a.b.c"))


def test_applications_with_a_release_are_asked_for_their_health():
    releases = {"applications": {"ROOT": {"active_version": "1.0"}, "shop": {"active_version": None}}}
    answered, asked = read(
        {WEBAPPS: releases, HEALTH: {"healthy": True}},
        calls=calls(releases=WEBAPPS),
        applications=[ROOT, SHOP],
        url="ajp://198.18.0.1:8009",
        ajp_secret="s",
    )
    assert answered["answers"]["health"] == {
        "results": [{"healthy": True, "item": ROOT}, {"skipped": True, "item": SHOP}]
    }
    assert [args for _name, module, args in asked if module == HEALTH] == [
        {
            "url": "ajp://198.18.0.1:8009/health",
            "status": 200,
            "successes": 1,
            "timeout": 5,
            "ajp_secret": "s",
            "pattern": "v{version}",
            "version": "1.0",
        }
    ]


def test_without_a_pattern_no_version_and_without_ajp_no_secret_is_given():
    releases = {"applications": {"shop": {"active_version": "2"}}}
    _answered, asked = read(
        {WEBAPPS: releases, HEALTH: {}}, calls=calls(releases=WEBAPPS), applications=[SHOP], url="http://127.0.0.1:8080"
    )
    assert asked[-1][2] == {"url": "http://127.0.0.1:8080/shop/health", "status": 200, "successes": 1, "timeout": 5}


def test_a_release_that_is_not_healthy_by_the_inventory_is_asked_as_when_it_was():
    """After a rollback the inventory still has the health of the release that was sick."""
    health = {"health_path": "/old", "health_status": 204, "health_pattern": "", "health_headers": {"X-Old": "1"}}
    staged = [{"version": "1.0", "health": health}, {"version": "2.0", "health": None}]
    releases = {"applications": {"ROOT": {"active_version": "1.0", "releases": staged}}}
    given = {"calls": calls(releases=WEBAPPS), "applications": [ROOT], "url": "http://127.0.0.1:8080"}
    sick = {"failed": True, "msg": "404"}
    answered, asked = read({WEBAPPS: releases, HEALTH: sick}, **given)
    assert answered["answers"]["health"]["results"] == [{**sick, "item": ROOT}]
    assert [args["url"] for _name, module, args in asked if module == HEALTH] == [
        "http://127.0.0.1:8080/health",
        "http://127.0.0.1:8080/old",
    ]
    assert asked[-1][2]["headers"] == {"X-Old": "1"}
    # One that is healthy is asked once.
    _answered, asked = read({WEBAPPS: releases, HEALTH: {"healthy": True}}, **given)
    assert [args["url"] for _name, module, args in asked if module == HEALTH] == ["http://127.0.0.1:8080/health"]


def test_of_an_instance_whose_releases_are_not_known_no_health_is_asked():
    answered, asked = read({WEBAPPS: {"failed": True, "msg": "no"}}, calls=calls(releases=WEBAPPS), applications=[ROOT])
    assert answered["answers"]["health"]["results"] == [{"skipped": True, "item": ROOT}]
    assert len(asked) == 1
