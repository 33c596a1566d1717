# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import multiprocessing
import os
import platform
import subprocess
import sys
from types import SimpleNamespace

import pytest

from ansible_collections.roundrobin.tomcat.plugins.action import rollout_lock
from ansible_collections.roundrobin.tomcat.plugins.action.rollout_lock import (
    is_gone,
    process_space,
    process_stat,
    this_run,
)


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


def holder_of(pid):
    return {**this_run(), "pid": pid, "pid_started": int(process_stat(pid)[19])}


def refusal(holder, rollout="A"):
    return {"failed": True, "msg": "no", "refused_by": {"id": rollout, "holder": holder}}


def test_it_says_who_asks():
    action = Action({"id": "B", "record": {}}, {"changed": True})
    assert action.run() == {"changed": True}
    ((asked),) = action.asked
    holder = asked.pop("holder")
    assert asked == {"id": "B", "record": {}}
    assert holder["controller"] == platform.node()
    assert holder["by"].endswith(f"@{platform.node()}")
    assert (holder["pid"], holder["pid_started"]) == (os.getpid(), int(process_stat(os.getpid())[19]))
    with open("/proc/sys/kernel/random/boot_id") as source:
        assert holder["boot_id"] == source.read().strip()
    assert holder["pid_namespace"].startswith("pid:[")


def test_of_a_worker_its_parent_counts():
    """Ansible forks a process for each task, and the next task has another one."""
    context = multiprocessing.get_context("fork")
    queue = context.SimpleQueue()
    worker = context.Process(target=lambda: queue.put((os.getpid(), this_run())))
    worker.start()
    pid, holder = queue.get()
    worker.join()
    assert pid != os.getpid()
    assert holder == this_run()


def test_a_living_holder_keeps_it(process):
    answer = refusal(holder_of(process.pid))
    action = Action({"id": "B"}, answer)
    assert action.run() == answer
    assert len(action.asked) == 1


def test_from_a_killed_one_it_is_taken(process):
    holder = holder_of(process.pid)
    process.kill()
    process.wait()
    action = Action({"id": "B", "take_over": "other"}, refusal(holder), {"changed": True})
    assert action.run() == {"changed": True}
    assert [asked["take_over"] for asked in action.asked] == ["other", "A"]


def test_it_asks_twice_at_most(process):
    """Somebody else was faster, and is dead already as well: that is for the next run."""
    holder = holder_of(process.pid)
    process.kill()
    process.wait()
    action = Action({"id": "B"}, refusal(holder), refusal(holder, "C"))
    assert action.run()["refused_by"]["id"] == "C"


def test_a_killed_process_that_nobody_waited_for_is_gone(process):
    holder = holder_of(process.pid)
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert process_stat(process.pid)[0] == "Z"
    assert is_gone(holder)


@pytest.mark.parametrize(
    ("changes", "gone"),
    [
        ({}, False),
        ({"pid_started": 1}, True),  # the number is another process's now
        ({"pid_started": None}, False),
        ({"pid_started": 1, "boot_id": "another"}, False),
        ({"pid_started": 1, "pid_namespace": "pid:[1]"}, False),
        ({"pid_started": 1, "boot_id": None}, False),
        ({"pid_started": 1, "controller": "another"}, True),
    ],
)
def test_only_what_ran_here_can_be_seen_to_be_gone(process, changes, gone):
    assert is_gone({**holder_of(process.pid), **changes}) is gone


def test_a_process_of_another_user_lives(process, monkeypatch):
    def not_permitted(*dummy):
        raise PermissionError

    holder = holder_of(process.pid)
    with monkeypatch.context() as other_user:
        other_user.setattr(os, "kill", not_permitted)
        assert not is_gone(holder)
        # Where /proc shows a user only his own processes.
        other_user.setattr(rollout_lock, "process_stat", lambda dummy: None)
        assert not is_gone(holder)


def test_a_system_without_proc_is_in_doubt(process, monkeypatch):
    holder = {**holder_of(process.pid), "boot_id": None, "pid_namespace": None, "pid_started": 1}
    monkeypatch.setattr(rollout_lock, "process_space", lambda: {"boot_id": None, "pid_namespace": None})
    assert not is_gone(holder)


def test_the_space_is_read_from_the_kernel():
    assert None not in process_space().values()


def test_a_program_may_be_called_anything(tmp_path):
    program = tmp_path / ") S 1 (x"
    program.symlink_to("/bin/sleep")
    with subprocess.Popen([str(program), "60"]) as process:
        try:
            # The parent's number comes after the state.
            assert process_stat(process.pid)[1] == str(os.getpid())
        finally:
            process.kill()
    assert process_stat(process.pid) is None
