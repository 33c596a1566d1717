# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A chain of test hosts as its users see it: playbooks, releases of the sample application, and httpd's address."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import tempfile
import typing as t
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

import yaml
from engine import Engine
from play import Play

ROOT = Path(__file__).resolve().parents[2]
# On every balancer, for the machine itself.
MANAGER_URL = "http://127.0.0.1:9080/balancer-manager"
sys.path.insert(0, str(ROOT / "tests/ci"))
sys.path.insert(0, str(ROOT / "tests/load"))
sys.path.insert(0, str(ROOT / "tests/sample_app"))

from background import Load  # noqa: E402
from browser import Browser  # noqa: E402
from make_war import make_war  # noqa: E402


@dataclass
class Chain:
    """What a test or the demo does to the hosts."""

    #: where releases and the probe's files lie
    directory: Path
    #: the inventories, one after another
    inventories: t.Sequence[Path]
    #: of each inventory host
    addresses: dict[str, str]
    #: how to log in to a host, by its address
    ssh_config: Path
    #: what runs it here, of each inventory host of a scenario
    containers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of_scenario(cls) -> Chain:
        """The chain that molecule has made, for the scenario's tests."""
        instances = yaml.safe_load(Path(os.environ["MOLECULE_INSTANCE_CONFIG"]).read_text())
        directory = Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"])
        return cls(
            directory,
            [Path(os.environ["MOLECULE_INVENTORY_FILE"])],
            {instance["instance"]: instance["address"] for instance in instances},
            directory / "ssh_config",
            {instance["instance"]: instance["container"] for instance in instances},
        )

    def argv(self, program: str, *arguments: str) -> list[str]:
        """A command of Ansible's with the inventories."""
        return [program, *(f"--inventory={inventory}" for inventory in self.inventories), *arguments]

    def start(self, playbook: str, *arguments: str) -> Play:
        """Start a playbook as a user of the checkout does; its output and its rollout's report go to a directory of its own."""
        directory = Path(tempfile.mkdtemp(prefix=f"{playbook}-", dir=self.directory))
        report = ["-e", f"rolling_deploy_report_directory={directory}"]
        argv = self.argv("ansible-playbook", str(ROOT / f"playbooks/{playbook}.yml"), *report, *arguments)
        return Play(argv, directory / "output", directory, cwd=ROOT, env=self._environment)

    def play(self, playbook: str, *arguments: str) -> Play:
        """Run a playbook to its end."""
        return self.start(playbook, *arguments).wait()

    def deploy(self, version: str, *arguments: str, sick: str = "none", **illness: t.Any) -> Play:
        """Roll a release of the sample application."""
        return self.play("rolling_deploy", *self.release(version, sick, **illness), *arguments)

    def release(self, version: str, sick: str = "none", **illness: t.Any) -> list[str]:
        """Make a release of the sample application and return what rolling_deploy wants to know of it."""
        war = self.directory / f"sample-{version}-{sick}.war"
        make_war(war, version, sick, **illness)
        return ["-e", f"release_war={war}", "-e", f"release_version={version}"]

    def command(self, host: str, command: str) -> str:
        """Run a shell command as root on a host and return what it printed."""
        # Without Ansible, which takes a second and a half for it.
        ssh = ["ssh", "-F", str(self.ssh_config), self.addresses[host]]
        shell = f"sudo --set-home sh -c {shlex.quote(command)}"
        result = subprocess.run([*ssh, shell], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if result.returncode:
            raise RuntimeError(f"{command} on {host}: {result.returncode}\n{result.stdout}{result.stderr}")
        return result.stdout.strip()

    def cut_power(self, host: str) -> None:
        """End the host's machine from one moment to the next."""
        Engine().run("kill", self.containers[host])

    def boot(self, host: str) -> None:
        """Start the host's machine again, and wait until it is up."""
        Engine().run("start", self.containers[host])
        self.aside(host, "systemctl is-system-running --wait || true")

    def aside(self, host: str, command: str) -> str:
        """Run a shell command as root on a host, without SSH."""
        return Engine().run("exec", self.containers[host], "sh", "-c", command)

    def module(self, hosts: str, module: str, **options: t.Any) -> dict[str, dict[str, t.Any]]:
        """Run one of the collection's modules as root on hosts, at once, and return the answer of each."""
        # An empty one is no argument to Ansible.
        arguments = ["-m", f"roundrobin.tomcat.{module}", *(["-a", json.dumps(options)] if options else [])]
        result = self._run("ansible", hosts, "--become", *arguments)
        if result.returncode:
            raise RuntimeError(result.stdout)
        answers, rest = {}, result.stdout
        while "=> {" in rest:
            head, _arrow, rest = rest.partition("=> ")
            answer, end = json.JSONDecoder().raw_decode(rest)
            answers[head.splitlines()[-1].split()[0]] = answer
            rest = rest[end:]
        return answers

    def url(self, balancer: str) -> str:
        """Where users find the application."""
        return f"http://{self.addresses[balancer]}/"

    def browser(self, balancer: str, route: str) -> Browser:
        """A user of this instance."""
        return Browser(self.url(balancer), route)

    def load(self, *balancers: str, users: int, min_requests: int) -> Load:
        """Users who work while a with block runs; several balancers are one site to them, with one name."""
        addresses = [self.addresses[balancer] for balancer in balancers] if balancers[1:] else []
        return Load(self.url(balancers[0]), self.directory, addresses=addresses, users=users, min_requests=min_requests)

    def versions(self, balancer: str, routes: t.Iterable[str]) -> dict[str, str]:
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
        answer = self.module(balancer, "httpd_balancer_info", manager_url=MANAGER_URL)[balancer]
        return {member["route"]: member["state"] for found in answer["balancers"] for member in found["members"]}

    @property
    def _environment(self) -> dict[str, str]:
        # JSON: read again above, and no line of it is folded. Molecule asks for colours where it is typed by a person.
        return {**os.environ, "ANSIBLE_CALLBACK_RESULT_FORMAT": "json", "ANSIBLE_FORCE_COLOR": "0"}

    def _run(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.argv(program, *arguments),
            cwd=ROOT,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )


def recap(play: Play) -> dict[str, dict[str, int]]:
    """The counts of a play's last lines, by host."""
    lines = play.stdout.partition("PLAY RECAP")[2].splitlines()[1:]
    counts = {}
    for line in lines:
        host, separator, words = line.partition(":")
        if separator:
            counts[host.strip()] = {name: int(count) for name, count in (word.split("=") for word in words.split())}
    return counts
