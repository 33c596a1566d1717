# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A scenario's chain as its users see it: playbooks, releases of the sample application, and httpd's address.

For a scenario's tests, which run with molecule's environment.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/load"))

from background import Load  # noqa: E402


class Chain:
    """What the tests do to the hosts of the scenario."""

    def __init__(self) -> None:
        self.directory = Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"])
        instances = yaml.safe_load(Path(os.environ["MOLECULE_INSTANCE_CONFIG"]).read_text())
        self.addresses = {instance["instance"]: instance["address"] for instance in instances}
        self._inventory = ["-i", os.environ["MOLECULE_INVENTORY_FILE"]]

    def play(self, playbook: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a playbook as a user of the checkout does."""
        return self._run("ansible-playbook", str(ROOT / f"playbooks/{playbook}.yml"), *arguments)

    def deploy(self, version: str, *arguments: str, sick: str | None = None) -> subprocess.CompletedProcess[str]:
        """Roll a release of the sample application."""
        release = ["-e", f"release_war={self.make_war(version, sick)}", "-e", f"release_version={version}"]
        return self.play("rolling_deploy", *release, *arguments)

    def command(self, host: str, command: str) -> str:
        """Run a shell command as root on a host and return what it printed."""
        result = self._run("ansible", host, "--become", "-m", "ansible.builtin.shell", "-a", command)
        if result.returncode:
            raise RuntimeError(result.stdout + result.stderr)
        return result.stdout.partition(">>\n")[2].strip()

    def make_war(self, version: str, sick: str | None = None) -> Path:
        """Write a release of the sample application."""
        war = self.directory / f"sample-{version}{f'-{sick}' if sick else ''}.war"
        command = [sys.executable, str(ROOT / "tests/sample_app/make_war.py"), f"--version={version}", f"--out={war}"]
        subprocess.run([*command, *([f"--sick={sick}"] if sick else [])], check=True)
        return war

    def url(self, balancer: str) -> str:
        """Where users find the application."""
        return f"http://{self.addresses[balancer]}/"

    def load(self, balancer: str, users: int, min_requests: int) -> Load:
        """Users who work while a with block runs."""
        return Load(self.url(balancer), self.directory, users=users, min_requests=min_requests)

    def versions(self, balancer: str, routes: list[str]) -> dict[str, str]:
        """The version that each instance answers with, asked through httpd by its route."""
        answers = {}
        for route in routes:
            request = urllib.request.Request(
                f"{self.url(balancer)}version", headers={"Cookie": f"JSESSIONID=test.{route}"}
            )
            with urllib.request.urlopen(request, timeout=10) as answer:
                fields = dict(line.split("=", 1) for line in answer.read().decode().splitlines())
            answers[fields["instance"]] = fields["version"]
        return answers

    def member_states(self, balancer: str) -> dict[str, str]:
        """What the balancer's own manager says of every member, by route."""
        module = [
            "-m",
            "roundrobin.tomcat.httpd_balancer_info",
            "-a",
            "manager_url=http://127.0.0.1:9080/balancer-manager",
        ]
        result = self._run("ansible", balancer, "--become", *module)
        answer = json.loads(result.stdout[result.stdout.index("{") :])
        return {member["route"]: member["state"] for found in answer["balancers"] for member in found["members"]}

    def _run(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [program, *self._inventory, *arguments]
        # JSON: read again below, and no line of it is folded.
        environment = {**os.environ, "ANSIBLE_CALLBACK_RESULT_FORMAT": "json"}
        return subprocess.run(
            command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
        )


def recap(play: subprocess.CompletedProcess[str]) -> dict[str, dict[str, int]]:
    """The counts of a play's last lines, by host."""
    lines = play.stdout.partition("PLAY RECAP")[2].splitlines()[1:]
    counts = {}
    for line in lines:
        host, separator, words = line.partition(":")
        if separator:
            counts[host.strip()] = {name: int(count) for name, count in (word.split("=") for word in words.split())}
    return counts
