# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test hosts for a benchmark: made from a list of platforms, gone when the with block ends."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import typing as t
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "molecule/shared"))

from chain import Chain  # noqa: E402

HOSTS = ROOT / "molecule/shared/hosts.py"
# Two httpds, three instances on two machines, two memcached nodes: the cluster that docs/performance.md speaks of.
CLUSTER: tuple[dict[str, t.Any], ...] = (
    {"name": "web1", "image": "debian13", "groups": ["balancer"]},
    {"name": "web2", "image": "debian12", "groups": ["balancer"]},
    {"name": "app1", "image": "debian12", "machine": "one", "groups": ["tomcat"]},
    {
        "name": "app2",
        "image": "debian12",
        "machine": "one",
        "groups": ["tomcat"],
        "vars": {"tomcat_instance_port_offset": 100},
    },
    {"name": "app3", "image": "debian13", "machine": "two", "groups": ["tomcat"]},
    {"name": "cache1", "image": "debian12", "groups": ["memcached"]},
    {"name": "cache2", "image": "debian13", "groups": ["memcached"]},
)


@contextlib.contextmanager
def hosts(
    name: str, directory: Path, platforms: t.Sequence[t.Mapping[str, t.Any]], variables: t.Mapping[str, t.Any]
) -> t.Iterator[Chain]:
    """Make the hosts and an inventory of them; nothing is installed on them yet.

    platforms: as molecule/shared/hosts.py takes them.
    variables: those of all hosts, as group_vars/all has them.
    """
    directory.mkdir(parents=True, exist_ok=True)
    state, inventory, of_all = directory / "state", directory / "hosts.json", directory / "all.json"
    of_all.write_text(json.dumps({"all": {"vars": dict(variables)}}))
    create = [sys.executable, HOSTS, "create", f"--name={name}", f"--state={state}", f"--inventory={inventory}", "-"]
    made = subprocess.run(create, input=json.dumps(list(platforms)), stdout=subprocess.PIPE, text=True, check=True)
    machines = json.loads(made.stdout)
    try:
        yield Chain(
            directory,
            [inventory, of_all],
            {host["instance"]: host["address"] for host in machines},
            state / "ssh_config",
            {host["instance"]: host["container"] for host in machines},
        )
    finally:
        subprocess.run([sys.executable, HOSTS, "destroy", f"--state={state}"], check=True)
