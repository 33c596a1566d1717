# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan of a rollout in lines for a person."""

# Private to this collection.

from __future__ import annotations

import typing as t

from .words import aligned, listed

Plan = t.Mapping[str, t.Any]


def describe(plan: Plan, interrupted: str) -> list[str]:
    """What was found, who goes when, what stays up meanwhile, who is left as it is."""
    lines = [_title(plan)]
    if interrupted:
        out = [host for host, member in plan["members"].items() if member["out_by"]]
        lines.append(f"Interrupted: {interrupted}" + (f"; it left {listed(out)} out" if out else ""))
    lines.extend(f"Warning: {line}" for line in plan["warnings"])
    if plan["batches"]:
        lines.extend(["", *_table(plan)])
    if plan["skipped"]:
        lines.extend(["", "Left as they are", *_skipped(plan)])
    return lines


def _title(plan: Plan) -> str:
    # A repair puts back what was before the release that is named.
    version = "" if plan["kind"] == "repair" else plan["version"]
    what = " ".join(word for word in (plan["kind"].capitalize(), plan["application"], version) if word)
    if plan["problems"]:
        return f"{what}: cannot begin"
    if plan["nothing_to_do"]:
        return f"{what}: nothing to do"
    instances, batches = len(plan["order"]), len(plan["batches"])
    return f"{what}: {instances} instance{'s' * (instances > 1)} in {batches} batch{'es' * (batches > 1)}"


def _table(plan: Plan) -> list[str]:
    """One line per instance; a column that tells nothing is left out."""
    rows: list[tuple[str, ...]] = [("Batch", "Instance", "Machine", "Release", "At the end", "Up meanwhile")]
    for number, (batch, stays_up) in enumerate(zip(plan["batches"], plan["stays_up"]), 1):
        up = _up(stays_up)
        for position in range(max(len(batch), len(up))):
            cells = ["", "", "", ""]
            if position < len(batch):
                member = plan["members"][batch[position]]
                cells = [batch[position], member["machine"], _release(member), _end(member)]
            rows.append(("" if position else str(number), *cells, up[position] if position < len(up) else ""))
    machines = [plan["members"][host]["machine"] for host in plan["order"]]
    ends = {_end(plan["members"][host]) for host in plan["order"]}
    shown = [
        column
        for column, tells in enumerate(
            (True, True, len(set(machines)) < len(machines), True, ends != {"enabled"}, True)
        )
        if tells
    ]
    return aligned([[row[column] for column in shown] for row in rows])


def _release(member: Plan) -> str:
    now, after = member["version_now"] or "none", member["version_after"] or "none"
    return now if now == after else f"{now} -> {after}"


def _end(member: Plan) -> str:
    return "/".join(dict.fromkeys(state["state"] for state in member["states"]))


def _up(stays_up: t.Sequence[Plan]) -> list[str]:
    """One line per balancer where all httpd hosts have the same members, else one per place."""
    by_balancer: dict[str, dict[str, str]] = {}
    for place in stays_up:
        by_balancer.setdefault(place["balancer"], {})[place["httpd"]] = listed(place["usable"], place["more"])
    lines = []
    for balancer, httpds in by_balancer.items():
        if len(set(httpds.values())) == 1:
            lines.append(f"{balancer}: {next(iter(httpds.values()))}")
        else:
            lines.extend(f"{balancer} at {httpd}: {up}" for httpd, up in httpds.items())
    return lines


def _skipped(plan: Plan) -> list[str]:
    by_reason: dict[str, list[str]] = {}
    for host, reason in plan["skipped"].items():
        by_reason.setdefault(reason, []).append(host)
    return aligned([(f"  {listed(hosts)}", reason) for reason, hosts in by_reason.items()])
