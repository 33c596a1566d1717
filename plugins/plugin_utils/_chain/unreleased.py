# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Members that have nothing to serve yet, beside others that have: an instance that has just been added to the inventory."""

# Private to this collection.

from __future__ import annotations

import typing as t


def unreleased(topology: t.Mapping[str, t.Any], webapps: t.Mapping[str, t.Iterable[str]]) -> dict[str, list[str]]:
    """Return by balancer the routes of the members that lack an application which another member has.

    webapps: what lies in the directory webapps of each instance, by its inventory host. One that is not in it was not looked at, and
    counts as one that has all.
    """
    serves = {host: {_context(name) for name in names} for host, names in webapps.items()}
    routes = {instance["inventory_host"]: instance["route"] for instance in topology["instances"]}
    found: dict[str, list[str]] = {}
    for application in topology["applications"]:
        hosts, name = application["instances"], application["base_name"]
        lack = [host for host in hosts if host in serves and name not in serves[host]]
        if len(lack) < len(hosts):
            there = found.setdefault(application["balancer"], [])
            there += [routes[host] for host in lack if routes[host] not in there]
    return {balancer: routes for balancer, routes in found.items() if routes}


def _context(name: str) -> str:
    """Return the context's name without a version, of a directory, a link or a WAR."""
    base = name.partition("##")[0]
    return base[: -len(".war")] if base.endswith(".war") else base
