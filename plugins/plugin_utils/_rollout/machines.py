# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is to be done with a member at the machines of httpd, as rollout_httpd takes it: one call for each machine."""

# Private to this collection.

from __future__ import annotations

import typing as t

from . import checks
from .words import Place, Result

Machine = dict[str, t.Any]


def drain(topology: Result, instance: Result, keep_usable: t.Mapping[Place, int]) -> list[Machine]:
    """Take the instance out at every place that it has.

    Disabled, not draining: the sessions are in the shared store, so users move to another member at once and keep
    theirs. A draining member would keep its sticky users, and never become idle.

    keep_usable: how many usable members must remain at each place.
    """
    return [
        {"host": host, "members": members, "checks": []}
        for host, members in _members(
            topology,
            instance,
            {place: {"state": "disabled", "keep_usable": kept, "wait": "idle"} for place, kept in keep_usable.items()},
        ).items()
    ]


def enable(
    topology: Result,
    instance: Result,
    states: t.Sequence[Result],
    applications: t.Sequence[Result],
    versions: checks.Versions,
    remembered: checks.Remembered,
) -> list[Machine]:
    """Give the instance the state that it had at every place, and check it through every httpd.

    As it was found, not "enabled": a member that a person took out stays out.
    """
    wanted = {
        (state["httpd"], state["balancer"]): {
            "state": state["state"],
            **({"wait": "ok"} if state["state"] == "enabled" else {}),
        }
        for state in states
    }
    asked = {
        httpd["inventory_host"]: checks.through_httpd(
            applications, versions, httpd, states, instance["route"], remembered
        )
        for httpd in topology["balancers"]
    }
    names = _by_machine(topology)
    return [
        {"host": host, "members": members, "checks": [check for name in names[host] for check in asked[name]]}
        for host, members in _members(topology, instance, wanted).items()
    ]


def _members(
    topology: Result, instance: Result, wanted: t.Mapping[Place, t.Mapping[str, t.Any]]
) -> dict[str, list[dict[str, t.Any]]]:
    """By the host that stands for its machine: the instance in each balancer."""
    managers = {httpd["inventory_host"]: httpd["manager_url"] for httpd in topology["balancers"]}
    found = {}
    for host, names in _by_machine(topology).items():
        members = [
            {
                "httpd": name,
                "manager_url": managers[name],
                "balancer": balancer,
                "worker": instance["worker"],
                **of_place,
            }
            for (name, balancer), of_place in wanted.items()
            if name in names
        ]
        if members:
            found[host] = members
    return found


def _by_machine(topology: Result) -> dict[str, list[str]]:
    """The httpds of each machine, by the first of them."""
    machines: dict[str, list[str]] = {}
    for httpd in topology["balancers"]:
        machines.setdefault(httpd["machine"], []).append(httpd["inventory_host"])
    return {names[0]: names for names in machines.values()}
