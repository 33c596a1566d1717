# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is installed once on a machine that several inventory hosts share."""

# Private to this collection.

from __future__ import annotations

import typing as t

LOCAL_MACHINE = "127.0.0.1"


def packages(
    hostvars: t.Mapping[str, t.Mapping[str, t.Any]], hosts: t.Iterable[str], looks: t.Sequence[str]
) -> dict[str, dict[str, t.Any]]:
    """Return for the first host of each machine that lacks packages which ones, and the machine's family of distributions.

    looks: the variables in which hosts have what host_info found.
    """
    first: dict[str, str] = {}
    found: dict[str, dict[str, t.Any]] = {}
    for host in hosts:
        variables = hostvars[host]
        answers = [variables[look] for look in looks if look in variables]
        missing = [str(package) for answer in answers for package in answer.get("packages_missing", ())]
        if missing:
            name = first.setdefault(_machine(host, variables), host)
            entry = found.setdefault(name, {"packages": [], "family": str(answers[0]["distribution"]["family"])})
            entry["packages"] = list(dict.fromkeys(entry["packages"] + missing))
    return found


def _machine(host: str, variables: t.Mapping[str, t.Any]) -> str:
    """Name the machine: inventory hosts with the same one share it."""
    if variables.get("ansible_connection") == "local":
        return LOCAL_MACHINE
    machine = str(variables.get("ansible_host", host))
    return LOCAL_MACHINE if machine == "localhost" else machine
