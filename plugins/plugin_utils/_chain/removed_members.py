# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Members that a run would take from a balancer: an inventory that is not whole takes instances out of production."""

# Private to this collection.

from __future__ import annotations

import typing as t

Balancers = t.Iterable[t.Mapping[str, t.Any]]


def removed_members(host: str, found: Balancers, wanted: t.Mapping[str, t.Iterable[str]], at_most: int) -> list[str]:
    """Complain of each balancer that would lose more members than are accepted.

    found: the balancers as httpd_balancer_info returns them.
    wanted: the routes of each balancer's members. A balancer that is not in it goes with its application, which is meant.
    """
    problems = []
    for balancer in found:
        name = str(balancer["name"])
        if name not in wanted:
            continue
        stay = set(wanted[name])
        routes = [str(member["route"]) for member in balancer["members"]]
        gone = [route for route in routes if route not in stay]
        if len(gone) > at_most:
            problems.append(
                f"{host}: balancer {name} would lose {', '.join(gone)} of its members {', '.join(routes)}; "
                f"apache_balancer_max_removed accepts {at_most}. Is the inventory whole? If it is: "
                f"-e apache_balancer_max_removed={len(gone)}"
            )
    return problems
