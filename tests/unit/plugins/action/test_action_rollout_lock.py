# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import subprocess
import sys
from types import SimpleNamespace

import pytest

from ansible_collections.roundrobin.tomcat.plugins.action import rollout_lock
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._holder import this_run


class Action(rollout_lock.ActionModule):
    """The action without a host: it notes what it asks."""

    def __init__(self, arguments, *answers):
        self._task = SimpleNamespace(args=arguments, async_val=0)
        self.answers = list(answers)
        self.asked = []

    def _execute_module(self, module_name, module_args, task_vars):
        assert module_name == "roundrobin.tomcat.rollout_lock"
        self.asked.append(dict(module_args))
        return self.answers.pop(0)


@pytest.fixture(autouse=True)
def no_parent_run(monkeypatch):
    monkeypatch.setattr("ansible.plugins.action.ActionBase.run", lambda *dummy: {})


@pytest.fixture
def process():
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        yield process
        process.kill()


def holder_of(process):
    with open(f"/proc/{process.pid}/stat") as source:
        started = source.read().split()[21]
    return {**this_run({}), "pid": process.pid, "pid_started": int(started)}


def refusal(holder, rollout="A"):
    return {"failed": True, "msg": "no", "refused_by": {"id": rollout, "holder": holder}}


def test_it_says_who_asks():
    action = Action({"id": "B", "record": {}}, {"changed": True})
    assert action.run() == {"changed": True}
    assert action.asked == [{"id": "B", "record": {}, "holder": this_run({})}]


def test_a_living_holder_keeps_it(process):
    answer = refusal(holder_of(process))
    action = Action({"id": "B"}, answer)
    assert action.run() == answer
    assert len(action.asked) == 1


def test_from_a_killed_one_it_is_taken(process):
    holder = holder_of(process)
    process.kill()
    process.wait()
    action = Action({"id": "B", "take_over": "other"}, refusal(holder), {"changed": True})
    assert action.run() == {"changed": True}
    assert [asked["take_over"] for asked in action.asked] == ["other", "A"]


def test_it_asks_twice_at_most(process):
    """Somebody else was faster, and is dead already as well: that is for the next run."""
    holder = holder_of(process)
    process.kill()
    process.wait()
    action = Action({"id": "B"}, refusal(holder), refusal(holder, "C"))
    assert action.run()["refused_by"]["id"] == "C"
