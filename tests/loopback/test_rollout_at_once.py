# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real plays whose task runs on several hosts at the same time, each over a connection as its inventory has it."""

from __future__ import annotations

import json
import sys

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
    script = (
        f"touch {tmp_path}/$0; for i in $(seq 200); do ls {others} >/dev/null 2>&1 && exit 0; sleep 0.1; done; exit 1"
    )
    step = {
        "module": "ansible.builtin.command",
        "at": [
            {**one, "argv": ["sh", "-c", script, one["inventory_host"]]} for one in at("web1", "web2", "web3", "web4")
        ],
        "of_item": ["argv"],
    }
    _output, answer = run(step)
    assert [one["rc"] for one in answer["results"]] == [0, 0, 0, 0]


def test_no_more_at_once_than_forks(run, tmp_path):
    script = f"mkdir {tmp_path}/only && sleep 0.3 && rmdir {tmp_path}/only"
    step = {
        "module": "ansible.builtin.command",
        "options": {"argv": ["sh", "-c", script]},
        "at": at("web1", "web2", "web3"),
    }
    _output, answer = run(step, "--forks", "1")
    assert [one["rc"] for one in answer["results"]] == [0, 0, 0]


def test_one_that_cannot_be_reached_is_a_failure_that_names_it_and_the_others_answer(run):
    step = {"module": "ansible.builtin.command", "options": {"argv": ["id"]}, "at": at("web1", "gone", "web2")}
    output, answer = run(step)
    assert "rescued: gone cannot be reached: " in output
    assert [one.get("failed", False) for one in answer["results"]] == [False, True, False]
    assert [one.get("rc") for one in answer["results"]] == [0, None, 0]
    # Of the task's own host, and of each.
    assert (answer["failed"], answer["unreachable"]) == (True, False)
    assert [one.get("unreachable", False) for one in answer["results"]] == [False, True, False]


def test_a_failure_and_a_host_that_no_inventory_has(run):
    step = {"module": "ansible.builtin.command", "options": {"argv": ["false"]}, "at": at("web1", "nobody.invalid")}
    output, answer = run(step)
    assert "rescued: " in output
    assert (answer["failed"], answer["results"][0]["rc"]) == (True, 1)
    assert answer["results"][1]["unreachable"]
    assert "nobody.invalid cannot be reached: " in answer["msg"]
    assert answer["msg"].startswith(f"web1: {answer['results'][0]['msg']} nobody.invalid ")


def test_check_mode_and_a_module_with_an_action_of_its_own(run, tmp_path):
    step = {
        "module": "ansible.builtin.copy",
        "at": at("web1", dest=str(tmp_path / "x")),
        "of_item": ["dest"],
        "options": {"content": "x", "mode": "0600"},
    }
    assert run(step, "--check")[1]["changed"] is True
    assert not (tmp_path / "x").exists()
    assert run(step)[1]["changed"] is True
    assert (tmp_path / "x").read_text() == "x"
    assert run(step)[1]["changed"] is False


def test_an_action_without_check_mode_is_skipped_in_it(run):
    step = {"module": "ansible.builtin.raw", "options": {"_raw_params": "id"}, "at": at("web1")}
    _output, answer = run(step, "--check")
    assert (answer["changed"], answer["results"][0]["skipped"]) == (False, True)


@pytest.mark.parametrize("verbose", ["-v", "-vvv"])
def test_a_secret_among_the_options_is_not_shown(run, verbose):
    step = {
        "module": "roundrobin.tomcat.http_health",
        "options": {"url": "ajp://127.0.0.1:1/", "ajp_secret": "hush-hush", "timeout": 0.1},
        "at": at("web1", "gone"),
    }
    output, _answer = run(step, verbose)
    assert "Connection refused" in output and "gone cannot be reached" in output
    assert "hush-hush" not in output


def test_no_log_shows_nothing_of_any_host(run):
    step = {"module": "ansible.builtin.command", "options": {"argv": ["echo", "hush-hush"]}, "at": at("web1", "web2")}
    output, answer = run(step, "-vvv", no_log=True)
    assert answer["results"][1]["stdout"] == "hush-hush"
    assert "hush-hush" not in output


# As a delegated task --------------------------------------------------------

BOTH = """
- hosts: here
  gather_facts: false
  vars: {vars_of_play}
  become: {become}
  tasks:
    - name: A delegated task
      ansible.builtin.command: {argv: [env]}
      delegate_to: there
    - roundrobin.tomcat.rollout_step: {module: ansible.builtin.command, options: {argv: [env]}, at: [{inventory_host: there}]}
"""
# Each notes how it was called, and does what it is called for on this machine.
SSH = r"""#!/bin/sh
password=$(test -z "$SSH_ASKPASS" || "$SSH_ASKPASS" "Password: ")
echo "ssh password=$password $*" | sed 's/ControlPath=[^ ]*//; s/BECOME-SUCCESS.*//; s/key=[a-z]*//' | head -1 >> LOG
for last; do :; done
exec sh -c "$last"
"""
SUDO = r"""#!/bin/sh
for prompt; do case $prompt in *password:*) break ;; esac; done
printf '%s' "$prompt" >&2
read -r password
echo "sudo password=$password $*" | sed 's/key=[a-z]*//; s/BECOME-SUCCESS.*//' | head -1 >> LOG
while [ "$1" != /bin/sh ]; do shift; done
exec "$@"
"""
SSH_HOST = {
    "ansible_host": "198.18.0.9",
    "ansible_port": 2222,
    "ansible_user": "deploy",
    "ansible_ssh_pipelining": True,
    "ansible_python_interpreter": sys.executable,
}


@pytest.fixture
def recorded(tmp_path):
    """How a delegated task of the host here calls what it needs to get there, and how the same calls as a step."""
    tools = {}
    for name, script in {"ssh": SSH, "sudo": SUDO}.items():
        tools[name] = tmp_path / name
        tools[name].write_text(script.replace("LOG", str(tmp_path / "log")))
        tools[name].chmod(0o755)

    def _recorded(there, *arguments, play_vars=None, become=False):
        playbook, inventory, log = tmp_path / "play.yml", tmp_path / "inventory.json", tmp_path / "log"
        text = BOTH.replace("{vars_of_play}", json.dumps(play_vars or {})).replace("{become}", json.dumps(become))
        playbook.write_text(text)
        hosts = {"here": {**LOCAL, "ansible_become": False}, "there": there}
        everywhere = {"ansible_ssh_executable": str(tools["ssh"]), "ansible_become_exe": str(tools["sudo"])}
        inventory.write_text(json.dumps({"all": {"hosts": hosts, "vars": everywhere}}))
        done = run_playbook("-i", str(inventory), *arguments, str(playbook), ANSIBLE_NOCOLOR="1")
        assert done.returncode == 0, done.stdout + done.stderr
        lines = log.read_text().splitlines()
        log.unlink()
        half = len(lines) // 2
        return lines[:half], lines[half:]

    return _recorded


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({}, "Port=2222"),
        ({"ansible_ssh_private_key_file": "{{ key }}", "key": "/keys/deploy"}, 'IdentityFile="/keys/deploy"'),
        (
            {"ansible_password": "not-a-password-in-a-test", "ansible_ssh_password_mechanism": "ssh_askpass"},
            "password=not-a-password-in-a-test",
        ),
    ],
)
def test_ssh_is_called_as_for_a_delegated_task(recorded, more, said):
    delegated, step = recorded({**SSH_HOST, **more})
    assert step == delegated
    assert said in step[0]


@pytest.mark.parametrize("connection", ["local", "ssh"])
def test_another_user_with_a_password(recorded, tmp_path, connection):
    """The password may be of the command line, the inventory, or variables of the play."""
    there = {**SSH_HOST, "ansible_connection": connection, "ansible_become_user": "daemon", "ansible_pipelining": True}
    (tmp_path / "password").write_text("of-the-command-line")
    asked = ("--become-password-file", str(tmp_path / "password"))
    for more, arguments, play_vars, password in (
        ({}, asked, {}, "of-the-command-line"),
        ({"ansible_become_password": "{{ word }}", "word": "of-the-host"}, asked, {}, "of-the-host"),
        ({}, (), {"ansible_become_password": "of-the-play"}, "of-the-play"),
    ):
        delegated, step = recorded({**there, **more}, *arguments, play_vars=play_vars, become=True)
        assert step == delegated
        assert any(f"sudo password={password} " in line and "-u daemon" in line for line in step)


CONNECTION = """
DOCUMENTATION = '''
name: boxed
short_description: Stands for docker and podman
description: Stands for docker and podman.
author: none
options:
  remote_addr:
    description: The container.
    default: inventory_hostname
    vars: [{name: inventory_hostname}, {name: ansible_host}]
  log:
    description: Where to note who was called.
    vars: [{name: boxed_log}]
'''
from ansible.plugins.connection.local import Connection as Local

class Connection(Local):
    transport = "boxed"

    def exec_command(self, cmd, in_data=None, sudoable=True):
        with open(self.get_option("log"), "a") as log:
            print("boxed", self.get_option("remote_addr"), self._play_context.remote_addr, file=log)
        return super().exec_command(cmd, in_data, sudoable)
"""


@pytest.mark.parametrize("more", [{}, {"ansible_host": "box9"}])
def test_a_container_and_the_connection_of_the_command_line(recorded, tmp_path, more):
    (tmp_path / "connection_plugins").mkdir()
    (tmp_path / "connection_plugins" / "boxed.py").write_text(CONNECTION)
    there = {"boxed_log": str(tmp_path / "log"), "ansible_python_interpreter": sys.executable, **more}
    delegated, step = recorded({**there, "ansible_connection": "{{ 'boxed' }}"})
    assert step == delegated
    assert step[0].startswith(f"boxed {more.get('ansible_host', 'there')} ")
    assert recorded(there, "-c", "boxed") == (delegated, step)
