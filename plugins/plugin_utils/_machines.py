# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is installed once on a machine that several inventory hosts share."""

# Private to this collection.

from __future__ import annotations

import typing as t

LOCAL_MACHINE = "127.0.0.1"
# The variables in which the roles keep what host_info found on a host, and what an instance lacks.
LOOKS = ("__memcached_host", "__redis_host", "__tomcat_instance_host", "__apache_balancer_host")
PLAN = "__tomcat_instance_plan"
# Where their preflights keep what they found in the way.
IN_THE_WAY = (
    "__memcached_in_the_way",
    "__redis_in_the_way",
    "__tomcat_instance_in_the_way",
    "__apache_balancer_in_the_way",
)


def unprepared(hostvars: t.Mapping[str, t.Mapping[str, t.Any]], hosts: t.Iterable[str]) -> list[str]:
    """Return the hosts that lack something which comes before any setting of theirs: a package, a version of Tomcat, jars."""
    found = []
    for host in hosts:
        variables = hostvars[host]
        if _missing(_answers(variables)) or variables.get(PLAN, {}).get("unprepared"):
            found.append(host)
    return found


def in_the_way(hostvars: t.Mapping[str, t.Mapping[str, t.Any]], hosts: t.Iterable[str]) -> list[str]:
    """Return what the preflights of all roles found in the way on the hosts."""
    return [str(problem) for host in hosts for found in IN_THE_WAY for problem in hostvars[host].get(found, ())]


def packages(hostvars: t.Mapping[str, t.Mapping[str, t.Any]], hosts: t.Iterable[str]) -> dict[str, dict[str, t.Any]]:
    """Return for the first host of each machine that lacks packages which ones, and the machine's family of distributions."""
    first: dict[str, str] = {}
    found: dict[str, dict[str, t.Any]] = {}
    for host in hosts:
        variables = hostvars[host]
        answers = _answers(variables)
        missing = _missing(answers)
        if missing:
            name = first.setdefault(_machine(host, variables), host)
            family = str(answers[0]["distribution"]["family"])
            entry = found.setdefault(name, {"packages": [], "family": family})
            entry["packages"] = list(dict.fromkeys(entry["packages"] + missing))
    return found


def _answers(variables: t.Mapping[str, t.Any]) -> list[t.Mapping[str, t.Any]]:
    return [variables[look] for look in LOOKS if look in variables]


def _missing(answers: t.Iterable[t.Mapping[str, t.Any]]) -> list[str]:
    return [str(package) for answer in answers for package in answer.get("packages_missing", ())]


def _machine(host: str, variables: t.Mapping[str, t.Any]) -> str:
    """Name the machine: inventory hosts with the same one share it."""
    if variables.get("ansible_connection") == "local":
        return LOCAL_MACHINE
    machine = str(variables.get("ansible_host", host))
    return LOCAL_MACHINE if machine == "localhost" else machine
