# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What set-up costs: `site` with nothing to change, and `site` on bare hosts, against an older revision in turns."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
import typing as t
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "molecule/shared"))
sys.path.insert(0, str(ROOT / "tests/demo"))

from chain import Chain  # noqa: E402
from demo import MACHINES  # noqa: E402
from lab import CLUSTER, hosts  # noqa: E402
from trips import counted, counting  # noqa: E402

# Before set-up was made quicker.
OLDER = "edc0679"
INVENTORY = ROOT / "playbooks/inventory/cluster.yml"
VARIABLES: dict[str, t.Any] = {
    "tomcat_instance_ajp_secret": "not-a-secret-in-a-test",
    "tomcat_instance_version": "10.1.59",
    "tomcat_applications": [{"path": "/examples", "health_path": "/examples/"}],
}


@dataclass
class Run:
    """One run of the playbook site."""

    seconds: float
    #: of each inventory host
    round_trips: t.Mapping[str, int]


def measure(directory: Path, quick: bool) -> str:
    """Return the tables; the quick form does without bare hosts."""
    revisions = {"older": clone(directory / OLDER), "now": ROOT}
    with hosts("setup", directory / "cluster", CLUSTER, VARIABLES) as chain:
        again = again_in_turns(chain, revisions, rounds=1 if quick else 3)
    text = f"`site` with nothing to change, {len(CLUSTER)} inventory hosts:\n\n{table(again)}"
    if not quick:
        text += f"\n`site` on bare hosts, the {len(MACHINES)} of the demo:\n\n{table(first_in_turns(directory, revisions, 2))}"
    return text


def clone(directory: Path) -> Path:
    """Return a checkout of the older revision."""
    subprocess.run(["git", "clone", "--quiet", "--shared", "--no-checkout", ROOT, directory], check=True)
    subprocess.run(["git", "-C", directory, "checkout", "--quiet", OLDER], check=True)
    return directory


def again_in_turns(chain: Chain, revisions: t.Mapping[str, Path], rounds: int) -> dict[str, list[Run]]:
    """Each revision first brings the hosts to its own state, then has nothing to change."""
    found: dict[str, list[Run]] = {name: [] for name in revisions}
    for _round in range(rounds):
        for name, checkout in revisions.items():
            site(chain, checkout)
            found[name].append(site(chain, checkout))
    return found


def first_in_turns(directory: Path, revisions: t.Mapping[str, Path], rounds: int) -> dict[str, list[Run]]:
    """Each run has hosts of its own, with nothing installed."""
    platforms = [{"name": name, "image": image} for name, image in MACHINES.items()]
    secret = {"tomcat_instance_ajp_secret": VARIABLES["tomcat_instance_ajp_secret"]}
    found: dict[str, list[Run]] = {name: [] for name in revisions}
    for number in range(rounds):
        for name, checkout in revisions.items():
            with hosts("setup", directory / f"first-{name}-{number}", platforms, secret) as chain:
                chain.inventories = [INVENTORY, *chain.inventories]
                found[name].append(site(chain, checkout))
    return found


def site(chain: Chain, checkout: Path) -> Run:
    """Run the playbook of a checkout."""
    trips = chain.directory / "round_trips.jsonl"
    environment = {**os.environ, **counting(trips)}
    command = chain.argv("ansible-playbook", str(checkout / "playbooks/site.yml"))
    began = time.monotonic()
    with (chain.directory / "site.log").open("a") as log:
        subprocess.run(command, cwd=checkout, env=environment, stdout=log, stderr=subprocess.STDOUT, check=True)
    seconds = time.monotonic() - began
    return Run(seconds, counted(trips))


def table(found: t.Mapping[str, t.Sequence[Run]]) -> str:
    """One line for each revision, the older one first; the ratio is of the medians."""
    lines = [
        "| revision | seconds | of the older one's | round trips, the most of a host | of all hosts |",
        "| --- | --: | --: | --: | --: |",
    ]
    medians = {name: statistics.median(run.seconds for run in runs) for name, runs in found.items()}
    for name, runs in found.items():
        title = f"{name} ({OLDER})" if name == "older" else name
        seconds = ", ".join(f"{run.seconds:.1f}" for run in runs)
        trips = runs[-1].round_trips
        ratio = f"{medians[name] / medians['older']:.2f}"
        lines.append(f"| {title} | {seconds} | {ratio} | {max(trips.values())} | {sum(trips.values())} |")
    return "\n".join(lines) + "\n"
