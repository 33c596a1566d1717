# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The small interpreter does what Ansible does: both run the same playbook, and each task of each host is compared."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
import yaml
from plays import Expressions, Run, UnknownError

HOSTS = ["one", "two", "three"]
PLAYBOOK = """
- name: First
  hosts: all
  gather_facts: false
  vars: {lazy: "{{ {'never': not_there, 'word': inventory_hostname ~ '!'} }}"}
  tasks:
    - name: Once
      ansible.builtin.debug: {msg: "{{ ansible_play_hosts | length }}"}
      run_once: true
    - name: Share
      ansible.builtin.set_fact: {shared: "{{ {'of': inventory_hostname} }}"}
      run_once: true
    - name: Tell all
      ansible.builtin.set_fact: {seen: ["{{ inventory_hostname }}"]}
      delegate_to: localhost
      delegate_facts: true
    - name: A block
      when: inventory_hostname != 'three'
      vars: {outer: "{{ shared.of }}"}
      block:
        - name: Fails on two
          ansible.builtin.fail: {msg: "no {{ inventory_hostname }}"}
          when: inventory_hostname == 'two'
        - name: Goes on
          ansible.builtin.debug: {msg: "{{ outer }} {{ shared | combine({'at': inventory_hostname}) }}"}
        - name: Included
          ansible.builtin.include_tasks: inner.yml
          loop: [a, b]
          loop_control: {loop_var: letter}
          when: letter != 'b' or inventory_hostname == 'one'
      rescue:
        - name: Why
          ansible.builtin.debug: {msg: "{{ ansible_failed_result.msg }} {{ ansible_failed_task.name }}"}
        - name: Fails again
          ansible.builtin.fail: {msg: again}
      always:
        - name: In any case
          ansible.builtin.debug: {msg: "{{ inventory_hostname }}"}
    - name: After it
      ansible.builtin.debug: {msg: "{{ hostvars.localhost.seen | first }}"}
- name: Second
  hosts: "{{ hostvars.localhost.seen + ['two', 'one'] }}"
  gather_facts: false
  serial: [1, 2]
  tasks:
    - name: Who is left
      ansible.builtin.debug:
        msg: "{{ ansible_play_hosts_all | difference(ansible_play_hosts) }} {{ ansible_play_batch | join(',') }}"
    - name: Imported
      ansible.builtin.import_tasks: inner.yml
      vars: {letter: "{{ 'x' if inventory_hostname == 'one' else 'y' }}"}
      when: letter == 'x'
    - name: Once for all
      run_once: true
      block:
        - name: Fails once
          ansible.builtin.fail: {msg: all}
          when: inventory_hostname == 'three'
      rescue:
        - name: Told by one
          ansible.builtin.debug: {msg: "{{ ansible_failed_task.name }}"}
          when: ansible_failed_task is defined
- name: Third
  hosts: all
  gather_facts: false
  serial: 1
  tasks:
    - name: The last batch that is left
      ansible.builtin.fail: {msg: "{{ shared.of }}"}
      when: inventory_hostname == 'one'
    - name: Never for one
      ansible.builtin.debug: {msg: never}
- name: Fourth
  hosts: all
  gather_facts: false
  tasks:
    - name: Never
      ansible.builtin.debug: {msg: never}
"""
INNER = """
- name: Inner
  ansible.builtin.debug: {msg: "{{ letter }}"}
- name: Inner again
  ansible.builtin.set_fact: {got: "{{ letter }}"}
"""
CALLBACK = """
import json
from ansible.plugins.callback import CallbackBase
class CallbackModule(CallbackBase):
    CALLBACK_VERSION, CALLBACK_TYPE, CALLBACK_NAME = 2.0, "stdout", "lines"
    def _tell(self, result, *how, **more):
        if result._task.action == "ansible.builtin.debug":
            print(json.dumps([result._task.get_name(), result._host.get_name(), str(result._result.get("msg"))]))
    v2_runner_on_ok = _tell
"""


class Lines:
    """Actions that note what debug shows."""

    def __init__(self):
        self.lines = []

    def act(self, name, arguments, host, scope, task):
        assert name == "ansible.builtin.debug"
        self.lines.append([task["name"], host, str(scope.expressions.value(arguments["msg"], scope))])
        return {}

    def at_once(self, jobs):
        for job in jobs:
            job()


def read(directory: Path, text: str = PLAYBOOK):
    (directory / "play.yml").write_text(text)
    (directory / "inner.yml").write_text(INNER)
    actions = Lines()
    inventory = {host: {} for host in HOSTS}
    Run(directory / "play.yml", {}, Expressions({}, {}), actions, {"all": HOSTS}, inventory, {}).go()
    return actions.lines


def test_it_does_what_ansible_does(tmp_path):
    found = read(tmp_path)
    (tmp_path / "lines.py").write_text(CALLBACK)
    environment = {
        "ANSIBLE_CALLBACK_PLUGINS": str(tmp_path),
        "ANSIBLE_STDOUT_CALLBACK": "lines",
        "ANSIBLE_HOME": str(tmp_path / "home"),
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "ANSIBLE_FORKS": "1",
    }
    (tmp_path / "hosts").write_text("".join(f"{host} ansible_connection=local\n" for host in HOSTS))
    done = subprocess.run(
        ["ansible-playbook", "-i", "hosts", "play.yml"],
        cwd=tmp_path,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("[") and line.endswith("]")]
    assert len(lines) > 12, done.stdout + done.stderr
    assert found == lines


@pytest.mark.parametrize(
    "task",
    [
        {"name": "new", "ansible.builtin.debug": {"msg": ""}, "until": "x"},
        {"name": "two", "ansible.builtin.debug": {"msg": ""}, "ansible.builtin.fail": {"msg": ""}},
    ],
)
def test_what_it_does_not_know_it_refuses(tmp_path, task):
    with pytest.raises(UnknownError, match=task["name"]):
        read(tmp_path, yaml.safe_dump([{"hosts": "all", "tasks": [task]}]))
