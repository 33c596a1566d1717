# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What many instances cost the controller: processor time per host and task, and the preflight and plan of a rollout.

The hosts are simulated (simulated/simulated.py): the playbooks, roles, filters and modules' payloads are the real ones.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
import typing as t
import zipfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HTTPDS = 10
FORKS = 10
# Tasks of hosts in a run, whatever the number of hosts: what is measured is as long at each size, and the noise is the same.
RUNS_OF_A_TASK, QUICK_RUNS_OF_A_TASK = 2000, 400
SIZES = (50, 200, 1000)
QUICK_SIZES = (20, 200)
MEMBERS = 500
# A task that looks its slice up, over one that looks nothing up, at the most instances: 1.9 and 2.3 were measured with 50 and with 1,000, on a
# machine with much else to do. Before, a single look-up made it 9 with 200 instances. So 5 is no noise.
TOO_MUCH = 5.0

BARE = {"that": True, "quiet": True}
# What a role does with the topology: the host's own instance, its applications, the balancers.
LOOKS_UP = {
    "that": [
        "tomcat_topology.hosts[inventory_hostname].instance.base is match('/')",
        "tomcat_topology.hosts[inventory_hostname].applications | length == 1",
        "tomcat_topology.balancers | length == 10",
        "tomcat_instance_memcached_failover_nodes == ''",
    ],
    "quiet": True,
}


@dataclass(frozen=True)
class Run:
    """What one run of ansible-playbook took."""

    processor: float
    clock: float
    megabytes: float
    said: str
    # Seconds by task, of those that took longest.
    longest: list[tuple[float, str]]


def inventory(instances: int) -> dict[str, t.Any]:
    """One application on that many instances, ten httpds, two memcached nodes."""

    def hosts(name: str, count: int, network: str) -> dict[str, t.Any]:
        numbers = range(1, count + 1)
        return {f"{name}{one}": {"ansible_host": f"{network}.{one // 250 + 1}.{one % 250 + 1}"} for one in numbers}

    of_all = {
        "ansible_connection": "simulated",
        "ansible_python_interpreter": "/usr/bin/python3",
        "tomcat_instance_ajp_secret": "not-a-secret-in-a-benchmark",
        "tomcat_applications": [{"path": "/", "health_path": "/health", "health_pattern": "^version={version}$"}],
    }
    return {
        "all": {"vars": of_all},
        "tomcat": {"hosts": hosts("app", instances, "198.18")},
        "balancer": {"hosts": hosts("web", HTTPDS, "198.19")},
        "memcached": {"hosts": {"cache1": {"ansible_host": "198.19.2.1"}, "cache2": {"ansible_host": "198.19.2.2"}}},
    }


def answers(described: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """What the modules of a preflight answer where all is well, by module."""
    members = [
        {
            "balancer": "tomcat",
            "worker": f"ajp://{host['ansible_host']}:8009",
            "route": name,
            "state": "enabled",
            "status": "Init Ok",
            "usable": True,
            "standby": False,
            "spare": False,
            "ignore_errors": False,
            "health_check_failed": False,
            "in_error": False,
            "elected": 4711,
            "busy": 0,
        }
        for name, host in described["tomcat"]["hosts"].items()
    ]
    releases = [{"version": version, "problem": None} for version in ("1.1", "1.0")]
    nodes = [
        {
            "node": f"{host['ansible_host']}:11211",
            "host": host["ansible_host"],
            "port": 11211,
            "up": True,
            "evictions": 0,
        }
        for host in described["memcached"]["hosts"].values()
    ]
    root = {
        "active_version": "1.0",
        "previous_version": None,
        "releases": releases,
        "contexts": [{"context_version": "", "version": "1.0"}],
    }
    return {
        "rollout_lock": {"changed": True, "lock": None, "taken_over": None},
        "rollout_info": {"changed": False, "lock": None, "history": []},
        "httpd_balancer_info": {
            "changed": False,
            "balancers": [{"name": "tomcat", "usable": len(members), "members": members}],
        },
        "tomcat_webapp_info": {"changed": False, "applications": {"ROOT": root}},
        "tomcat_webapp": {"changed": True},
        "http_health": {"changed": False, "healthy": True, "status": 200},
        "memcached_info": {"changed": False, "nodes": nodes},
        "tomcat_store_info": {"changed": False, "contexts": []},
    }


def play(task: t.Mapping[str, t.Any], count: int) -> list[dict[str, t.Any]]:
    """Some tasks of the same kind on every instance, as a playbook of this collection has them."""
    return [
        {
            "hosts": "tomcat",
            "gather_facts": False,
            "vars_files": str(ROOT / "playbooks/vars/topology.yml"),
            "tasks": [
                {"ansible.builtin.import_tasks": str(ROOT / "playbooks/tasks/topology.yml")},
                *({"ansible.builtin.assert": task} for _number in range(count)),
            ],
        }
    ]


class Controller:
    """Playbooks against simulated hosts, with their files below a directory."""

    def __init__(self, directory: Path, instances: int) -> None:
        """Write the inventory and the answers."""
        self.directory = directory / str(instances)
        described = inventory(instances)
        (self.directory / "answers").mkdir(parents=True, exist_ok=True)
        self.inventory = self.directory / "inventory.json"
        self.inventory.write_text(json.dumps(described))
        for module, answer in answers(described).items():
            (self.directory / f"answers/{module}.json").write_text(json.dumps(answer))
        self.war = self.directory / "shop.war"
        with zipfile.ZipFile(self.war, "w") as war:
            war.writestr("WEB-INF/web.xml", "<web-app/>")

    def run(self, playbook: Path, *arguments: str) -> Run:
        """Run a playbook to its end."""
        environment = {
            **os.environ,
            "ANSIBLE_CONNECTION_PLUGINS": str(Path(__file__).with_name("simulated")),
            "SIMULATED_ANSWERS": str(self.directory / "answers"),
            "ANSIBLE_FORKS": str(FORKS),
            "ANSIBLE_NOCOLOR": "1",
        }
        command = ["ansible-playbook", "-i", str(self.inventory), str(playbook), *arguments]
        began = time.monotonic()
        with subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as process:
            assert process.stdout
            lines = [(time.monotonic(), line) for line in process.stdout]
            _pid, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        ended = time.monotonic()
        said = "".join(line for _at, line in lines)
        if process.returncode:
            raise SystemExit(f"{' '.join(command)} ended with {process.returncode}:\n{said[-5000:]}")
        begins = [(at, line) for at, line in lines if line.startswith(("TASK ", "PLAY "))] + [(ended, "")]
        took = [(after[0] - at, line.strip(" *\n")) for (at, line), after in zip(begins, begins[1:])]
        return Run(
            usage.ru_utime + usage.ru_stime, ended - began, usage.ru_maxrss / 1024, said, sorted(took, reverse=True)[:8]
        )

    def tasks(self, task: t.Mapping[str, t.Any], count: int) -> Run:
        """Run some tasks of one kind on every instance."""
        playbook = self.directory / "tasks.json"
        playbook.write_text(json.dumps(play(task, count)))
        return self.run(playbook)

    def preflight(self, *arguments: str) -> Run:
        """Check a rollout and show its plan."""
        release = [f"-erelease_war={self.war}", "-erelease_version=1.1"]
        return self.run(
            ROOT / "playbooks/rolling_deploy.yml", "--check", "-erolling_deploy_serial=10%", *release, *arguments
        )


def flatness(directory: Path, sizes: t.Sequence[int], runs: int) -> tuple[str, float]:
    """What one more task costs on each host: one that looks nothing up, and one that looks its slice of the topology up."""
    rows, found = [], []
    for instances in sizes:
        controller, count = Controller(directory, instances), runs // instances
        nothing, bare, looks_up = (
            controller.tasks(task, tasks).processor for task, tasks in ((BARE, 0), (BARE, count), (LOOKS_UP, count))
        )
        each = [(run - nothing) / instances / count * 1000 for run in (bare, looks_up)]
        found.append(each)
        rows.append(f"| {instances} | {nothing:.1f} s | {each[0]:.1f} ms | {each[1]:.1f} ms |\n")
    ratios = [after / before for before, after in zip(found[0], found[-1])]
    rows.append(f"| {sizes[-1]} over {sizes[0]} | | {ratios[0]:.2f} | **{ratios[1]:.2f}** |\n")
    header = (
        "| instances | start and topology | a task that looks nothing up | a task that looks its slice up |\n"
        "| --: | --: | --: | --: |\n"
    )
    return header + "".join(rows), found[-1][1] / found[-1][0]


def preflights(directory: Path, sizes: t.Sequence[int]) -> tuple[str, list[Run]]:
    """What a rollout's preflight and plan take."""
    rows, runs = [], []
    for instances in sizes:
        run = Controller(directory, instances).preflight()
        assert re.search(rf"Deploy ROOT 1.1: {instances} instances", run.said), run.said[-5000:]
        runs.append(run)
        each = run.processor / instances * 1000
        rows.append(
            f"| {instances} | {run.clock:.0f} s | {run.processor:.0f} s | {each:.0f} ms | {run.megabytes:.0f} MB |\n"
        )
    header = "| instances | clock | processor | processor per instance | largest process |\n| --: | --: | --: | --: | --: |\n"
    return header + "".join(rows), runs


def measure(directory: Path, quick: bool) -> str:
    """Return the tables of both; fail where what a host looks up costs it far more than it should."""
    sizes, runs = (QUICK_SIZES, QUICK_RUNS_OF_A_TASK) if quick else (SIZES, RUNS_OF_A_TASK)
    per_task, over_bare = flatness(directory, sizes, runs)
    if over_bare > TOO_MUCH:
        raise SystemExit(
            f"{per_task}\nA look-up makes a task {over_bare:.1f} times as expensive; more than {TOO_MUCH} is a defect."
        )
    whole, runs_of_it = preflights(directory, sizes[:1] if quick else (*SIZES[:2], MEMBERS))
    longest = "".join(f"| {task} | {seconds:.1f} s |\n" for seconds, task in runs_of_it[-1].longest)
    return (
        f"Processor time of the controller, per host and task:\n\n{per_task}\n"
        f"`rolling_deploy --check` with {HTTPDS} httpds, {FORKS} forks, batches of 10 %:\n\n{whole}\n"
        f"Its longest tasks, at the most instances:\n\n| task | clock |\n| --- | --: |\n{longest}"
    )


if __name__ == "__main__":
    print(measure(Path(sys.argv[1]), "--quick" in sys.argv))
