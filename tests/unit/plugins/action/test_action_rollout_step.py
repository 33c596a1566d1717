# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is handed over and what becomes of a failure; a real play is in tests/loopback/test_rollout_step.py."""

from __future__ import annotations

import copy
from types import SimpleNamespace

import pytest
from ansible.errors import AnsibleActionFail, AnsibleConnectionFailure, AnsibleError

from ansible_collections.roundrobin.tomcat.plugins.action import rollout_step

VARIABLES = {"inventory_hostname": "app1"}


class Task(SimpleNamespace):
    def copy(self):
        return copy.copy(self)


class Loader:
    """Has the actions of these modules; each answers, or fails with, what it is told."""

    def __init__(self, *modules, answer=None, error=None):
        self.modules, self.answer, self.error = modules, answer, error
        self.got = []

    def has_plugin(self, name, collection_list=None):
        return name in self.modules

    def get(self, name, **given):
        self.got.append((name, given))
        return self

    def run(self, task_vars):
        assert task_vars is VARIABLES
        if self.error:
            raise self.error
        return self.answer


@pytest.fixture(autouse=True)
def no_parent_run(monkeypatch):
    monkeypatch.setattr("ansible.plugins.action.ActionBase.run", lambda *dummy: {})


def action(loader, delegate_to=None, **arguments):
    made = rollout_step.ActionModule.__new__(rollout_step.ActionModule)
    made._task = Task(
        action="roundrobin.tomcat.rollout_step", args=arguments, delegate_to=delegate_to, collections=["c"]
    )
    made._load_name = "rollout_step"
    made._connection, made._play_context, made._loader, made._templar = "connection", "context", "files", "templar"
    made._shared_loader_obj = SimpleNamespace(action_loader=loader)
    return made


@pytest.mark.parametrize(
    ("modules", "name"), [(["a.b.c"], "a.b.c"), ([], "ansible.legacy.normal")], ids=["its own action", "module alone"]
)
def test_the_module_runs_as_a_task_of_its_own_would(modules, name):
    loader = Loader(*modules, answer={"changed": True, "x": 1})
    step = action(loader, module="a.b.c", options={"state": "stopped"})
    assert step.run(None, VARIABLES) == {"changed": True, "x": 1}
    ((found, given),) = loader.got
    task = given.pop("task")
    assert (found, task.action, task.args) == (name, "a.b.c", {"state": "stopped"})
    assert given == {
        "connection": "connection",
        "play_context": "context",
        "loader": "files",
        "templar": "templar",
        "shared_loader_obj": step._shared_loader_obj,
    }
    # The step itself stays what it was, for a loop or a retry.
    assert (step._task.action, step._task.args["module"]) == ("roundrobin.tomcat.rollout_step", "a.b.c")


@pytest.mark.parametrize(("delegate_to", "host"), [(None, "app1"), ("web1", "web1")])
def test_a_host_that_cannot_be_reached_is_a_failure_that_names_it(delegate_to, host):
    loader = Loader(error=AnsibleConnectionFailure("timed out"))
    with pytest.raises(AnsibleActionFail) as caught:
        action(loader, delegate_to, module="a.b.c").run(None, VARIABLES)
    assert str(caught.value) == f"{host} cannot be reached: timed out"
    assert not isinstance(caught.value, AnsibleConnectionFailure)


def test_any_other_failure_stays_what_it_is():
    error = AnsibleError("it is so")
    with pytest.raises(AnsibleError) as caught:
        action(Loader(error=error), module="a.b.c").run(None, VARIABLES)
    assert caught.value is error


@pytest.mark.parametrize(
    ("arguments", "words"),
    [({}, "module"), ({"module": "a.b.c", "options": "text"}, "options"), ({"module": "a.b.c", "other": 1}, "other")],
)
def test_bad_input_runs_nothing(arguments, words):
    loader = Loader(answer={})
    with pytest.raises(AnsibleError, match=words):
        action(loader, **arguments).run(None, VARIABLES)
    assert loader.got == []
