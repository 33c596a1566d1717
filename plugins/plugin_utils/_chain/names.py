# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of variables that nothing reads: a slip of the pen would be ignored, and the default would count."""

# Private to this collection.

from __future__ import annotations

import difflib
import functools
import pathlib
import re
import typing as t

from .inventory import Problems

ROLES = pathlib.Path(__file__).resolve().parents[3] / "roles"
# An option of a role, as its meta/argument_specs.yml has it.
OPTION = re.compile(r"^ {6}([a-z]\w*):$", re.MULTILINE)
# What the playbooks read and leave beside the options of roles.
OF_PLAYBOOKS = frozenset(
    {
        "adopt_bases",
        "adopt_directory",
        "adopt_hosts",
        "adopt_httpd",
        "adopt_overwrite",
        "adopt_port_shift",
        "balancer_group",
        "memcached_group",
        "redis_group",
        "release_app",
        "release_sha256",
        "release_version",
        "release_war",
        "rolling_deploy_failure",
        "tomcat_applications",
        "tomcat_group",
        "tomcat_instance_waits",
        "tomcat_topology",
    }
)
# Nobody else's names begin so.
OURS = ("apache_balancer_", "failover_test_", "rolling_deploy_", "tomcat_instance_")
# Other roles may have such names too: there only what is nearly one of ours is one that was meant.
SHARED = ("balancer_", "memcached_", "redis_", "release_", "tomcat_")
NEARLY = 0.9


@functools.cache
def known() -> frozenset[str]:
    """All variables of this collection."""
    found = set(OF_PLAYBOOKS)
    for specs in sorted(ROLES.glob("*/meta/argument_specs.yml")):
        found.update(OPTION.findall(specs.read_text(encoding="utf-8")))
    return frozenset(found)


def of_interest(names: t.Iterable[t.Any]) -> list[str]:
    """Of all variables of a host those with a name that may be meant for this collection."""
    return [str(name) for name in names if str(name).startswith((*OURS, *SHARED))]


def check_names(hosts: t.Mapping[str, t.Iterable[str]], also: t.Iterable[str], problems: Problems) -> None:
    """Complain of names, by host, that are no variable of this collection and were meant to be one.

    also: what is read beside the options of roles.
    """
    right = known().union(also)
    wrong: dict[str, list[str]] = {}
    for host, names in hosts.items():
        for name in names:
            if name not in right:
                wrong.setdefault(name, []).append(host)
    for name, where in wrong.items():
        ours = name.startswith(OURS)
        nearest = difflib.get_close_matches(name, right, n=1, cutoff=0.6 if ours else NEARLY)
        if ours or nearest:
            helps = f"the nearest is {nearest[0]}" if nearest else "ansible-doc -t role lists them"
            problems.add(f"{', '.join(where)}: {name} is no variable of this collection; {helps}.")
