# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The applications that the inventory declares, and which instances and balancers they get."""

# Private to this collection.

from __future__ import annotations

import re
import typing as t

from .health import HEALTH_KEYS, read_health
from .inventory import Host, Problems, duplicates
from .site import NEEDS, read_needs

CONTEXT_PATH = re.compile(r"/|(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+")
APPLICATION_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._#-]*")
APPLICATION_KEYS = ("name", "path", "instances", *HEALTH_KEYS, *NEEDS)
# httpd writes a balancer's name in lower case.
BALANCER = re.compile(r"[a-z0-9_-]{1,40}")


def _application(entry: t.Any, position: int, problems: Problems) -> dict[str, t.Any] | None:
    where = f"tomcat_applications[{position}]"
    if not isinstance(entry, t.Mapping):
        problems.add(f"{where} is {entry!r}, it must be a dictionary with the keys {', '.join(APPLICATION_KEYS)}.")
        return None
    unknown = sorted(str(key) for key in entry if key not in APPLICATION_KEYS)
    if unknown:
        problems.add(f"{where} has the unknown key {', '.join(unknown)}, known are {', '.join(APPLICATION_KEYS)}.")
    path = entry.get("path")
    if isinstance(path, str) and len(path) > 1:
        path = path[:-1] if path.endswith("/") else path
    if not isinstance(path, str) or not CONTEXT_PATH.fullmatch(path):
        problems.add(f'{where}: path is {entry.get("path")!r}, it must be "/" or a path such as "/app".')
        return None
    context_path = "" if path == "/" else path
    # Tomcat's own rule for the directory of a context below webapps.
    base_name = context_path[1:].replace("/", "#") or "ROOT"
    name = base_name if entry.get("name") is None else entry["name"]
    if not isinstance(name, str) or not APPLICATION_NAME.fullmatch(name):
        problems.add(f"{where}: name is {name!r}, it must be a name of letters, digits, '_', '.', '#' and '-'.")
        return None
    health = read_health(entry, where, problems)
    needs = read_needs(entry, where, problems)
    if health is None or needs is None:
        return None
    instances = entry.get("instances")
    if instances is not None and (
        not isinstance(instances, (list, tuple))
        or not instances
        or not all(isinstance(item, str) for item in instances)
        or duplicates(instances)
    ):
        problems.add(
            f"{where}: instances is {instances!r}, it must be a list of one or more Tomcat instances, none of them twice."
        )
        return None
    return {
        "name": str(name),
        "path": str(path),
        "instances": instances,
        "context_path": str(context_path),
        "base_name": str(base_name),
        **health,
        **needs,
    }


def declared_applications(hosts: t.Sequence[Host], problems: Problems) -> list[dict[str, t.Any]]:
    declared = [(host, host.variables["tomcat_applications"]) for host in hosts if host.given("tomcat_applications")]
    if not declared:
        return []
    first, entries = declared[0]
    for host, other in declared[1:]:
        if other != entries:
            problems.add(
                f"tomcat_applications differs between {first.name} and {host.name}: declare it once, for the whole chain."
            )
    if not isinstance(entries, (list, tuple)):
        first.complain("tomcat_applications", "a list")
        return []
    checked = [_application(entry, position, problems) for position, entry in enumerate(entries)]
    applications = [application for application in checked if application is not None]
    for key in ("path", "name"):
        for value in duplicates(application[key] for application in applications):
            problems.add(f"tomcat_applications has the {key} {value!r} twice.")
    return applications


def without_instance(applications: t.Iterable[dict[str, t.Any]], host: str) -> list[dict[str, t.Any]]:
    """The applications as they are without an instance. One that names no other instance is gone."""
    kept = []
    for application in applications:
        named = application["instances"]
        rest = None if named is None else [name for name in named if name != host]
        if rest is None or rest:
            kept.append({**application, "instances": rest})
    return kept


def share_out(
    applications: t.Sequence[dict[str, t.Any]],
    instances: t.Sequence[dict[str, t.Any]],
    default_balancer: str,
    problems: Problems,
) -> None:
    """Give each application its instances and its balancer, and tell the instances."""
    everywhere = [instance["inventory_host"] for instance in instances]
    of_instances: dict[str, list[str]] = {host: [] for host in everywhere}
    balancers: dict[str, str] = {}

    def join(application: t.Mapping[str, t.Any]) -> None:
        for host in application["instances"]:
            of_instances[host].append(application["balancer"])

    for application in applications:
        named = application["instances"]
        where = f"application {application['name']!r}"
        if named is None:
            application["instances"] = list(everywhere)
            application["balancer"] = default_balancer
            join(application)
            continue
        unknown = [str(name) for name in named if name not in everywhere]
        if unknown:
            problems.add(
                f"{where}: instances has {', '.join(unknown)}, known are the Tomcat instances {', '.join(everywhere)}."
            )
        # In the inventory's order, so that another order in the list is no change of httpd's configuration.
        application["instances"] = [name for name in everywhere if name in named]
        balancer = re.sub(r"[^a-z0-9_-]", "-", application["name"].lower())
        application["balancer"] = balancer
        join(application)
        if not BALANCER.fullmatch(balancer):
            problems.add(f"{where}: name is longer than 40 characters, httpd's limit for the balancer named after it.")
        if balancer == default_balancer:
            problems.add(
                f"{where}: its balancer would be {balancer!r}, that is apache_balancer_name: rename one of them."
            )
        other = balancers.setdefault(balancer, application["name"])
        if other != application["name"]:
            problems.add(f"{where}: its balancer would be {balancer!r}, that of {other!r} too: rename one of them.")
    for instance in instances:
        instance["balancers"] = list(dict.fromkeys(of_instances[instance["inventory_host"]]))


def members_of(instances: t.Iterable[t.Mapping[str, t.Any]], names: t.Sequence[str]) -> list[dict[str, t.Any]]:
    """The members of an application's balancer, as the role apache_balancer takes them."""
    keys = ("worker", "route", "load_factor", "lbset", "standby", "spare")
    served = frozenset(names)
    return [{key: instance[key] for key in keys} for instance in instances if instance["inventory_host"] in served]
