# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real play whose second host cannot be reached: its rescue is run all the same, and nobody is stepped over."""

from __future__ import annotations

import json
import sys

import pytest
from loopback import run_playbook

PLAY = """
- hosts: all
  gather_facts: false
  ignore_unreachable: true
  tasks:
    - block:
        - roundrobin.tomcat.rollout_step: {module: "{{ module }}", options: "{{ options }}"}
          register: step
        - ansible.builtin.debug: {msg: "went on: {{ inventory_hostname }}"}
        - ansible.builtin.copy: {content: "{{ step | to_json }}", dest: "{{ answers }}/{{ inventory_hostname }}.json"}
          delegate_to: here
      rescue:
        - ansible.builtin.debug: {msg: "rescued: {{ inventory_hostname }}: {{ ansible_failed_result.msg }}"}
"""


@pytest.fixture
def run(tmp_path):
    """Run a module by rollout_step on this machine and on one that nobody answers for; return the output and each answer."""
    playbook = tmp_path / "play.yml"
    playbook.write_text(PLAY)
    hosts = {
        "here": {"ansible_connection": "local", "ansible_python_interpreter": sys.executable},
        "gone": {"ansible_host": "127.0.0.1", "ansible_port": 1, "ansible_ssh_common_args": "-F none"},
    }
    inventory = tmp_path / "inventory.json"
    inventory.write_text(json.dumps({"all": {"hosts": hosts}}))

    def _run(module, *arguments, **options):
        variables = {"module": module, "options": options, "answers": str(tmp_path)}
        called = ["-i", str(inventory), "-e", json.dumps(variables), *arguments, str(playbook)]
        done = run_playbook(*called, ANSIBLE_NOCOLOR="1", ANSIBLE_SSH_RETRIES="0")
        answer = tmp_path / "here.json"
        return " ".join(done.stdout.split()), json.loads(answer.read_text()) if answer.exists() else None

    return _run


def test_an_unreachable_host_is_rescued_and_the_others_go_on(run, tmp_path):
    output, answer = run("ansible.builtin.file", path=str(tmp_path / "made"), state="directory", mode="0755")
    assert "went on: here" in output
    assert "went on: gone" not in output
    assert "rescued: gone: gone cannot be reached: " in output
    assert (answer["changed"], (tmp_path / "made").is_dir()) == (True, True)


def test_a_module_with_an_action_of_its_own_and_its_check_mode(run, tmp_path):
    """copy is made of an action and a module, as several of this collection's modules are."""
    output, answer = run("ansible.builtin.copy", "--check", content="x", dest=str(tmp_path / "x"))
    assert answer is None  # in check mode the answer is not written either
    assert "went on: here" in output
    assert not (tmp_path / "x").exists()
    assert run("ansible.builtin.copy", content="x", dest=str(tmp_path / "x"))[1]["changed"]
    assert (tmp_path / "x").read_text() == "x"


def test_a_failure_stays_what_it_is(run, tmp_path):
    output, _answer = run("roundrobin.tomcat.rollout_info", directory=str(tmp_path / "play.yml"))
    assert "rescued: here: " in output
    assert "cannot be reached" not in output.split("rescued: here: ")[1].split("rescued: gone")[0]


def test_a_module_that_does_not_exist_is_named(run):
    output, _answer = run("roundrobin.tomcat.no_such_thing")
    assert "no_such_thing" in output.split("rescued: here: ")[1]


def test_a_secret_among_the_options_is_not_shown(run):
    """Neither where the module fails nor where the host cannot be reached, however much Ansible tells."""
    output, _answer = run(
        "roundrobin.tomcat.http_health", "-vvv", url="ajp://127.0.0.1:1/", ajp_secret="hush-hush", timeout=0.1
    )
    assert "rescued: here: " in output and "rescued: gone: " in output
    assert "hush-hush" not in output
