# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole runs of ansible-playbook, timed: on this machine, and over SSH on a test host."""

from __future__ import annotations

import codecs
import contextlib
import difflib
import json
import os
import re
import resource
import shlex
import statistics
import subprocess
import sys
import time
import typing as t
from pathlib import Path

import edits

ROOT = Path(__file__).resolve().parents[2]
HOSTS = ROOT / "molecule/shared/hosts.py"


class Local:
    """This machine, without SSH."""

    title = "this machine"

    def __init__(self, directory: Path) -> None:
        self.file = directory / "server.xml"
        self.arguments = [
            "-i",
            "host,",
            "-c",
            "local",
            "-e",
            "ansible_python_interpreter={{ ansible_playbook_python }}",
        ]

    def put(self, data: bytes) -> None:
        self.file.write_bytes(data)

    def get(self) -> bytes:
        return self.file.read_bytes()


class Ssh:
    """A Debian host in a container."""

    def __init__(self, inventory: Path, config: Path, pipelining: bool) -> None:
        self.title = f"SSH, {'pipelining' if pipelining else 'defaults of Ansible'}"
        self.file = Path("/home/admin/server.xml")
        self.arguments = ["-i", str(inventory), "-e", json.dumps({"ansible_ssh_pipelining": pipelining})]
        self._ssh = ["ssh", "-F", str(config), "host"]

    def put(self, data: bytes) -> None:
        subprocess.run([*self._ssh, f"cat > {self.file}"], input=data, check=True)

    def get(self) -> bytes:
        return subprocess.run([*self._ssh, f"cat {self.file}"], stdout=subprocess.PIPE, check=True).stdout


Target = t.Union[Local, Ssh]


@contextlib.contextmanager
def ssh_host(directory: Path) -> t.Iterator[list[Ssh]]:
    """A host with python3-lxml, reached in two ways."""
    state, inventory = directory / "state", directory / "hosts.json"
    create = [sys.executable, HOSTS, "create", "--name=bench", f"--state={state}", f"--inventory={inventory}", "-"]
    platforms = json.dumps([{"name": "host", "image": "debian12"}])
    subprocess.run(create, input=platforms, text=True, stdout=subprocess.DEVNULL, check=True)
    try:
        install = "apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends python3-lxml"
        command = ["ssh", "-F", state / "ssh_config", "host", f"sudo sh -c {shlex.quote(install)}"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        yield [Ssh(inventory, state / "ssh_config", pipelining) for pipelining in (False, True)]
    finally:
        subprocess.run([sys.executable, HOSTS, "destroy", f"--state={state}"], check=True)


class Seconds(t.NamedTuple):
    """Of one run; the second is of this machine only, and minds less what else it does."""

    elapsed: float
    processor: float


def processor_time() -> float:
    """Of all processes that this one has waited for."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


class Playbooks:
    """Runs plays with the Ansible of an environment that has both collections."""

    def __init__(self, venv: Path, directory: Path) -> None:
        self.venv = venv
        self.directory = directory
        # Ansible's own defaults, whatever this checkout or the user has set.
        (directory / "ansible.cfg").touch()

    def run(self, tasks: edits.Tasks, target: Target) -> tuple[int, Seconds]:
        """How many tasks changed something, and the time of the whole process."""
        play = self.directory / "play.yml"
        play.write_text(json.dumps([{"hosts": "all", "gather_facts": False, "tasks": tasks}]))
        environment = {
            **os.environ,
            "PATH": f"{self.venv}/bin:{os.environ['PATH']}",
            "ANSIBLE_CONFIG": str(self.directory / "ansible.cfg"),
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".collections"),
            "ANSIBLE_NOCOLOR": "1",
        }
        command = [self.venv / "bin/ansible-playbook", *target.arguments, "-e", f"file={target.file}", play]
        began, used = time.perf_counter(), processor_time()
        done = subprocess.run(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, check=False
        )
        seconds = Seconds(time.perf_counter() - began, processor_time() - used)
        if done.returncode:
            raise SystemExit(done.stdout)
        changed = re.search(r"changed=(\d+)", done.stdout)
        return int(changed.group(1)) if changed else 0, seconds


class Outcome(t.NamedTuple):
    """What a tool left of the file."""

    removed: int
    added: int
    changed_again: int
    after: str
    recoded: bool


def outcome(playbooks: Playbooks, tasks: edits.Tasks, target: Target, before: bytes, encoding: str) -> Outcome:
    """The file's lines that differ after a run, and how many tasks of a second one change it again."""
    target.put(before)
    playbooks.run(tasks, target)
    data = target.get()
    recoded = encoding == "utf-16" and not data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    after = data.decode("utf-8" if recoded else encoding)
    changed_again, _seconds = playbooks.run(tasks, target)
    lines = [text.splitlines(keepends=True) for text in (before.decode(encoding), after)]
    marks = [line[0] for line in list(difflib.unified_diff(*lines, n=0))[2:]]
    return Outcome(marks.count("-"), marks.count("+"), changed_again, after, recoded)


def times(playbooks: Playbooks, target: Target, before: bytes, rounds: int) -> dict[str, list[Seconds]]:
    """Seconds of each tool's run on a fresh file, and of a play with nothing in it; in turn, so that a noisy moment hits all."""
    plays: dict[str, edits.Tasks] = {"no task": [], **edits.SIX}
    found: dict[str, list[Seconds]] = {name: [] for name in plays}
    for number in range(rounds + 1):
        for name, tasks in plays.items():
            target.put(before)
            _changed, seconds = playbooks.run(tasks, target)
            if number:  # the first round warms up
                found[name].append(seconds)
    return found


def ratio(found: dict[str, list[Seconds]], name: str, to: str) -> float:
    """Median of the ratios of elapsed time, round by round."""
    return statistics.median(one.elapsed / other.elapsed for one, other in zip(found[name], found[to]))
