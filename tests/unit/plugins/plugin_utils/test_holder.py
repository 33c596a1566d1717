# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import multiprocessing
import os
import platform
import subprocess
import sys

import pytest

from ansible_collections.roundrobin.tomcat.plugins.plugin_utils import _holder
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._holder import (
    is_gone,
    person,
    process_space,
    process_stat,
    this_run,
)


@pytest.fixture
def process():
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        yield process
        process.kill()


def holder_of(pid):
    return {**this_run({}), "pid": pid, "pid_started": int(process_stat(pid)[19])}


def test_this_run_is_this_process():
    holder = this_run({})
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
    worker = context.Process(target=lambda: queue.put((os.getpid(), this_run({}))))
    worker.start()
    pid, holder = queue.get()
    worker.join()
    assert pid != os.getpid()
    assert holder == this_run({})


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
        other_user.setattr(_holder, "process_stat", lambda dummy: None)
        assert not is_gone(holder)


def test_a_system_without_proc_is_in_doubt(process, monkeypatch):
    holder = {**holder_of(process.pid), "boot_id": None, "pid_namespace": None, "pid_started": 1}
    monkeypatch.setattr(_holder, "process_space", lambda: {"boot_id": None, "pid_namespace": None})
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


def test_a_job_of_awx_has_its_user_and_its_number():
    """AWX's own user is the same for all of its jobs."""
    assert person({"awx_job_id": 17, "awx_user_name": "ann"}) == f"ann@{platform.node()} (AWX job 17)"
    assert this_run({"awx_job_id": 17, "awx_user_name": "ann"})["by"] == f"ann@{platform.node()} (AWX job 17)"


@pytest.mark.parametrize("error", [KeyError("getpwuid(): uid not found: 12345"), OSError("No username set")])
def test_a_user_without_a_name_has_a_number(monkeypatch, error):
    """As in a container that is run with an id that it does not know."""

    def no_name():
        raise error

    monkeypatch.setattr(_holder.getpass, "getuser", no_name)
    assert person({}) == f"uid={os.getuid()}@{platform.node()}"
