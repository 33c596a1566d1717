# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real plays whose task runs on several hosts at the same time, each over a connection as its inventory has it."""

from __future__ import annotations

import json
import pwd
import sys
import time

import pytest
from loopback import run_playbook

PLAY = """
- hosts: here
  gather_facts: false
  vars: {extra_of_play}
  tasks:
    - block:
        - roundrobin.tomcat.rollout_step: {step}
          register: step
          no_log: {no_log}
        - ansible.builtin.debug: {msg: "went on"}
      rescue:
        - ansible.builtin.debug: {msg: "rescued: {{ ansible_failed_result.msg }}"}
      always:
        - ansible.builtin.copy: {content: "{{ step | to_json }}", dest: "{{ answers }}/answer.json", mode: "0600"}
          check_mode: false
          no_log: true
"""
LOCAL = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
GONE = {"ansible_host": "127.0.0.1", "ansible_port": 1, "ansible_ssh_common_args": "-F none"}
# A become plugin whose "su" and whose connection are on this machine and need no other user.
HOSTS = {
    "here": LOCAL,
    **{f"web{number}": LOCAL for number in range(1, 5)},
    "gone": GONE,
}


@pytest.fixture
def run(tmp_path):
    """Run a step from the host here; return what is shown, and its answer."""

    def _run(step, *arguments, hosts=None, play_vars=None, no_log=False, environment=None):
        playbook, inventory = tmp_path / "play.yml", tmp_path / "inventory.json"
        text = PLAY.replace("{extra_of_play}", json.dumps(play_vars or {})).replace("{no_log}", json.dumps(no_log))
        playbook.write_text(text.replace("{step}", json.dumps(step)))
        inventory.write_text(json.dumps({"all": {"hosts": {**HOSTS, **(hosts or {})}}}))
        called = ["-i", str(inventory), "-e", json.dumps({"answers": str(tmp_path)}), *arguments, str(playbook)]
        done = run_playbook(*called, ANSIBLE_NOCOLOR="1", ANSIBLE_SSH_RETRIES="0", **(environment or {}))
        answer = tmp_path / "answer.json"
        return " ".join(done.stdout.split()), json.loads(answer.read_text()) if answer.exists() else None

    return _run


def at(*hosts, **more):
    return [{"inventory_host": host, **more} for host in hosts]


def test_all_hosts_are_asked_at_the_same_time(run, tmp_path):
    """Each waits for the others: one after another, the first would wait in vain."""
    others = " ".join(f"{tmp_path}/web{number}" for number in range(1, 5))
    script = f"touch {tmp_path}/$0; for i in $(seq 200); do ls {others} >/dev/null 2>&1 && exit 0; sleep 0.1; done; exit 1"
    step = {
        "module": "ansible.builtin.command",
        "at": [{**one, "argv": ["sh", "-c", script, one["inventory_host"]]} for one in at("web1", "web2", "web3", "web4")],
        "of_item": ["argv"],
    }
    _output, answer = run(step)
    assert [one["rc"] for one in answer["results"]] == [0, 0, 0, 0]


def test_it_takes_as_long_as_the_slowest(run):
    step = {"module": "ansible.builtin.command", "options": {"argv": ["sleep", "2"]}}
    began = time.monotonic()
    _output, answer = run({**step, "at": at("web1", "web2", "web3", "web4")})
    assert time.monotonic() - began < 4 * 2
    assert [one["item"]["inventory_host"] for one in answer["results"]] == ["web1", "web2", "web3", "web4"]
    assert answer["changed"] is True


def test_no_more_at_once_than_forks(run, tmp_path):
    script = f"mkdir {tmp_path}/only && sleep 0.3 && rmdir {tmp_path}/only"
    step = {"module": "ansible.builtin.command", "options": {"argv": ["sh", "-c", script]}, "at": at("web1", "web2", "web3")}
    _output, answer = run(step, "--forks", "1")
    assert [one["rc"] for one in answer["results"]] == [0, 0, 0]
