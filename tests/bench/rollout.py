# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long a rollout takes beside the same steps by hand: on the same hosts, in the same minute, in turns."""

from __future__ import annotations

import contextlib
import statistics
import sys
import time
import typing as t
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import lab
from by_hand import Agent, Member, roll

ROOT = lab.ROOT
sys.path.insert(0, str(ROOT / "tests/sample_app"))

from make_war import make_war  # noqa: E402

VERSIONS = ("1.0", "1.1")
ROUNDS = 5
VARIABLES: dict[str, t.Any] = {
    "tomcat_instance_ajp_secret": "not-a-secret-in-a-bench",
    "tomcat_instance_java_opts": "-Xmx192m -XX:TieredStopAtLevel=1",
}
HEALTH = {"health_path": "/health", "health_pattern": "(?m)^version={version}$$"}
#: By title: the applications' paths, and how long one takes to start beside what Tomcat does.
CASES = {
    "one application": (("/",), 0),
    "two applications": (("/", "/shop"), 0),
    "an application that takes 10 s to start": (("/",), 10),
}
PRODUCT_LIMIT = 1.5


@dataclass(frozen=True)
class Rollout:
    """One run of rolling_deploy: the whole of it, and from the first drain to the last member's end."""

    whole: float
    inside: float


def run(chain: lab.Chain, application: str, war: Path, version: str) -> Rollout:
    """Roll a release and read the times from the journal."""
    began = time.monotonic()
    play = chain.play(
        "rolling_deploy",
        *("-e", f"release_app={application}", "-e", f"release_war={war}", "-e", f"release_version={version}"),
    )
    whole = time.monotonic() - began
    if play.returncode:
        raise SystemExit(play.stdout)
    moments = [datetime.fromisoformat(event["at"]).timestamp() for event in play.events if event["type"] == "phase"]
    return Rollout(whole, max(moments) - min(moments))


def name_of(path: str) -> str:
    return path.strip("/") or "ROOT"


def measure_case(directory: Path, title: str, rounds: int) -> list[str]:
    """Set a cluster up, and let the rollout and the hand take turns."""
    paths, slow = CASES[title]
    variables = {**VARIABLES, "tomcat_applications": [{"path": path, **HEALTH} for path in paths]}
    with lab.hosts("bench", directory, lab.CLUSTER, variables) as chain, contextlib.ExitStack() as stack:
        if (site := chain.play("site")).returncode:
            raise SystemExit(site.stdout)
        wars = {version: directory / f"sample-{version}.war" for version in VERSIONS}
        for version, war in wars.items():
            make_war(war, version, "slow-start" if slow else "none", **({"slow_start_seconds": slow} if slow else {}))
        for version in VERSIONS:
            for path in paths:
                run(chain, name_of(path), wars[version], version)
        agents = {}
        for address in set(chain.addresses.values()):
            agents[address] = Agent(chain.ssh_config, address)
            stack.callback(agents[address].close)
        base = name_of(paths[0])
        members = [
            Member(
                name,
                agents[chain.addresses[name]],
                link=f"/var/opt/tomcat/{name}/webapps/{base}",
                releases=f"../releases/{base}",
                pages=[f"{path.rstrip('/')}/version" for path in paths],
            )
            for name in ("app1", "app2", "app3")
        ]
        httpds = [agents[chain.addresses[name]] for name in ("web1", "web2")]
        found = [
            (
                roll(members, httpds, VERSIONS[0]),
                run(chain, name_of(paths[0]), wars[VERSIONS[1]], VERSIONS[1]),
            )
            for _round in range(rounds)
        ]
    floors = [floor for floor, _rollout in found]
    insides = [rollout.inside for _floor, rollout in found]
    around = [rollout.whole - rollout.inside for _floor, rollout in found]
    ratio = statistics.median(inside / floor for inside, floor in zip(insides, floors))
    return [title, spread(floors), spread(insides), f"{ratio:.2f}", spread(around)]


def spread(seconds: t.Sequence[float]) -> str:
    return f"{statistics.median(seconds):.1f} ({min(seconds):.1f} to {max(seconds):.1f})"


def measure(directory: Path, quick: bool) -> str:
    """The table of all cases; quick: one application, one round."""
    titles = list(CASES)[:1] if quick else list(CASES)
    rows = [measure_case(directory / str(number), title, 1 if quick else ROUNDS) for number, title in enumerate(titles)]
    header = ["three members, two httpds", "by hand, s", "rollout, s", "ratio", "preflight, begin and report, s"]
    lines = [header, ["---", *["--:"] * (len(header) - 1)], *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


if __name__ == "__main__":
    print(measure(Path(sys.argv[1]), "--quick" in sys.argv))
