# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How much longer a rollout takes with ten httpds than with one: ten processes of httpd on one machine, each with ports of its own.

The first one is the role's; the others have copies of its configuration. Ten machines would each spend processor time of their own,
which one machine does not have.
"""

from __future__ import annotations

import dataclasses
import json
import shlex
import statistics
import typing as t
from pathlib import Path

import lab
from make_war import make_war
from rollout import HEALTH, ROUNDS, VARIABLES, VERSIONS, run, spread

COPIES = range(1, 10)
# Makes a copy of the roles' httpd, and starts it.
COPY = Path(__file__).with_name("without.sh")
PLATFORMS = [platform for platform in lab.CLUSTER if platform["name"] not in ("web2", "cache2")]


def measure(directory: Path, quick: bool) -> str:
    """A table of both, in turns on the same hosts; quick: one round."""
    variables = {**VARIABLES, "tomcat_applications": [{"path": "/", **HEALTH}]}
    with lab.hosts("bench", directory, PLATFORMS, variables) as chain:
        if (site := chain.play("site")).returncode:
            raise SystemExit(site.stdout)
        script = shlex.quote(COPY.read_text())
        for number in COPIES:
            chain.command("web1", f"sh -c {script} copy.sh copy{number} {port(number)} ''")
        ten = with_copies(directory, chain)
        wars = {version: directory / f"sample-{version}.war" for version in VERSIONS}
        for version, war in wars.items():
            make_war(war, version, "none")
            run(chain, "ROOT", war, version)
        found = []
        for _round in range(1 if quick else ROUNDS):
            found.append([run(of, "ROOT", wars[version], version) for of, version in zip((chain, ten), VERSIONS)])
    one, many = ([pair[side].inside for pair in found] for side in (0, 1))
    ratio = statistics.median(later / first for first, later in zip(one, many))
    header = ["three members", "one httpd, s", "ten httpds, s", "ratio"]
    lines = [header, ["---", "--:", "--:", "--:"], ["one application", spread(one), spread(many), f"{ratio:.2f}"]]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def port(number: int) -> int:
    """Where users find a copy; its manager listens on the next one."""
    return 8900 + 2 * number


def with_copies(directory: Path, chain: lab.Chain) -> lab.Chain:
    """The same chain with all httpds in the inventory."""
    hosts: dict[str, t.Any] = {
        f"copy{number}": {
            "ansible_host": chain.addresses["web1"],
            "apache_balancer_listen_port": port(number),
            "apache_balancer_manager_port": port(number) + 1,
        }
        for number in COPIES
    }
    inventory = directory / "copies.json"
    inventory.write_text(json.dumps({"all": {"children": {"balancer": {"hosts": hosts}}}}))
    return dataclasses.replace(chain, inventories=[*chain.inventories, inventory])
