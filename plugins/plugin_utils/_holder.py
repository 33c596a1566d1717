# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who holds the lock of a rollout, and whether that process is still alive.

A process id means something only where the process ran. That is the same place if the kernel's boot id and the
process namespace are the same; a host name does not tell, as containers and copied machines share theirs.
"""

# Private to this collection.

from __future__ import annotations

import getpass
import multiprocessing
import os
import platform
import typing as t

# Of the fields behind the program's name.
STATE = 0
START_TIME = 19


def person(variables: t.Mapping[str, t.Any]) -> str:
    """Return who runs this playbook, as ann@controller. A job of AWX has its user's name and its number, ann@controller (AWX job 17)."""
    name = variables.get("awx_user_name") or _login()
    job = variables.get("awx_job_id")
    return f"{name}@{platform.node()}" + (f" (AWX job {job})" if job else "")


def _login() -> str:
    """The login name. In containers the user id may have none."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid={os.getuid()}"


def this_run(variables: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return who runs this playbook. Of its processes the first one counts: a worker lives for one task only."""
    parent = multiprocessing.parent_process()
    pid = (parent and parent.pid) or os.getpid()
    fields = process_stat(pid)
    return {
        "by": person(variables),
        "controller": platform.node(),
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
