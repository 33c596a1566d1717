# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The controller's half of rollout_lock: who asks, and whether the one who refuses is still alive.

A process id means something only where the process ran. That is the same place if the kernel's boot id and the
process namespace are the same; a host name does not tell, as containers and copied machines share theirs.
"""

from __future__ import annotations

import getpass
import multiprocessing
import os
import platform
import typing as t

from ansible.plugins.action import ActionBase

MODULE = "roundrobin.tomcat.rollout_lock"
# Of the fields behind the program's name.
STATE = 0
START_TIME = 19


class ActionModule(ActionBase):
    """Run rollout_lock, and once more where the holder turns out to be dead."""

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Ask; if refused by a process that ran here and is gone, ask to take over from it."""
        super().run(tmp, task_vars)
        arguments = {**self._task.args, "holder": this_run()}
        answer: dict[str, t.Any] = self._execute_module(module_name=MODULE, module_args=arguments, task_vars=task_vars)
        holding = answer.get("refused_by")
        if holding and is_gone(holding["holder"]):
            arguments["take_over"] = holding["id"]
            answer = self._execute_module(module_name=MODULE, module_args=arguments, task_vars=task_vars)
        return answer


def this_run() -> dict[str, t.Any]:
    """Return who runs this playbook. Of its processes the first one counts: a worker lives for one task only."""
    parent = multiprocessing.parent_process()
    pid = (parent and parent.pid) or os.getpid()
    fields = process_stat(pid)
    controller = platform.node()
    return {
        "by": f"{getpass.getuser()}@{controller}",
        "controller": controller,
        **process_space(),
        "pid": pid,
        "pid_started": int(fields[START_TIME]) if fields else None,
    }


def is_gone(holder: dict[str, t.Any]) -> bool:
    """Whether the holder's process ran here and does not any more. In doubt it does."""
    here = process_space()
    if None in here.values() or any(holder.get(key) != value for key, value in here.items()):
        return False
    try:
        os.kill(holder["pid"], 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass  # it is another user's
    fields = process_stat(holder["pid"])
    if fields is None:
        return False
    # A process that nobody waited for keeps its number; a number is used again.
    return fields[STATE] in "ZX" or holder.get("pid_started") not in (None, int(fields[START_TIME]))


def process_space() -> dict[str, str | None]:
    """Return what makes a process id unique, as far as the system tells."""
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as source:
            boot_id = source.read().strip()
        return {"boot_id": boot_id, "pid_namespace": os.readlink("/proc/self/ns/pid")}
    except OSError:
        return {"boot_id": None, "pid_namespace": None}


def process_stat(pid: int) -> list[str] | None:
    """Return the fields of /proc/PID/stat behind the program's name, or None where there is no such file."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as source:
            # The name, in brackets, may have anything in it.
            return source.read().rpartition(")")[2].split()
    except OSError:
        return None
