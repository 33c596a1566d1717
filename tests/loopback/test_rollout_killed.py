# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two real runs of ansible-playbook want the lock: the second is refused while the first lives, and gets it once that is killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import pytest
from loopback import ROOT, wait_until

PLAY = """
- hosts: localhost
  gather_facts: false
  tasks:
    - roundrobin.tomcat.rollout_lock: {id: "{{ id }}", directory: "{{ directory }}", record: {kind: deploy, application: ROOT}}
      register: rollout
    - ansible.builtin.debug: {msg: "taken over: {{ (rollout.taken_over | default(none, true) or {}).id | default('nobody') }}"}
    - ansible.builtin.wait_for: {path: "{{ directory }}/go-on", timeout: 60}
      when: waits
    - roundrobin.tomcat.rollout_lock: {id: "{{ id }}", directory: "{{ directory }}", state: released, outcome: {result: done}}
"""


@pytest.fixture
def start(tmp_path):
    """Start a rollout in a session of its own."""
    playbook = tmp_path / "play.yml"
    playbook.write_text(PLAY)
    started = []

    def _start(rollout, *arguments, waits=False):
        variables = {
            "id": rollout,
            "directory": str(tmp_path / "lock"),
            "waits": waits,
            "ansible_python_interpreter": sys.executable,
        }
        command = [
            "ansible-playbook",
            "-i",
            "localhost,",
            "-c",
            "local",
            "-e",
            json.dumps(variables),
            *arguments,
            playbook,
        ]
        process = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
        )
        started.append(process)
        return process

    yield _start
    (tmp_path / "lock").mkdir(exist_ok=True)
    (tmp_path / "lock" / "go-on").touch()  # ends the task of a killed run too
    for process in started:
        process.communicate(timeout=60)


def test_a_killed_run_loses_the_lock_and_a_living_one_does_not(tmp_path, start):
    record = tmp_path / "lock" / "rollout.json"
    first = start("A", waits=True)
    wait_until(record.exists)
    assert json.loads(record.read_text())["holder"]["pid"] == first.pid

    refused, _dummy = start("B").communicate(timeout=60)
    assert "rollout A (deploy of ROOT) by " in " ".join(refused.split())
    assert "-e rolling_deploy_take_over=A" in " ".join(refused.split())
    assert json.loads(record.read_text())["id"] == "A"

    os.kill(first.pid, signal.SIGKILL)
    assert first.wait() == -signal.SIGKILL
    before = record.read_bytes()
    foretold, _dummy = start("B", "--check").communicate(timeout=60)
    assert "taken over: A" in foretold
    assert record.read_bytes() == before

    second = start("B")
    done, _dummy = second.communicate(timeout=60)
    assert second.returncode == 0
    assert "taken over: A" in done
    assert not record.exists()
    lines = [json.loads(line) for line in (tmp_path / "lock" / "history.jsonl").read_text().splitlines()]
    assert [(line["id"], line["outcome"], line["taken_over_by"]) for line in lines] == [
        ("A", None, "B"),
        ("B", {"result": "done"}, None),
    ]
