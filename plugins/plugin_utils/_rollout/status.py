# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole chain on one screen, made of what was read of it: what is wrong first, then who serves what.

Pure. What could not be read is a problem like others, and the rest is shown all the same.
"""

# Private to this collection.

from __future__ import annotations

import textwrap
import typing as t
from dataclasses import dataclass

from ansible_collections.roundrobin.tomcat.plugins.module_utils._duration import duration

from .findings import Findings
from .readings import Facts, Interrupted, Releases, Seat, answers, check_members, read
from .words import Result, aligned, listed, one_line

# Of 100 columns ansible.builtin.debug takes some for itself.
WIDTH = 88
MOST_LINES = 4
LAST_ROLLOUTS = 5

NO_APPLICATION: Result = {"name": "-", "base_name": "", "balancer": ""}


@dataclass(frozen=True)
class Row:
    """One application on one instance."""

    application: str
    instance: Result
    releases: Releases | None
    # Whether it answers as it should; empty where there is no release that could answer.
    health: str
    sessions: int | None
    # Its state as each httpd that could be read has it.
    states: t.Mapping[str, str]


def status(topology: Result, readings: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Describe the chain; see plugins/filter/chain_status.yml for what goes in and comes out."""
    findings = Findings()
    rollouts = answers(readings.get("rollouts") or (), findings)
    under_way = _under_way(rollouts, findings)
    rows: list[Row] = []
    for application in topology["applications"] or [{**NO_APPLICATION, "instances": None}]:
        rows.extend(_rows(topology, application, readings, findings))
    _check_releases(rows, bool(under_way), findings)
    result = {
        "answered": bool(rollouts) or any(row.states or row.releases for row in rows),
        "problems": list(findings.problems),
        "warnings": list(findings.warnings),
    }
    parts = (
        _findings(findings),
        [line for text in under_way for line in _wrapped(text)],
        _table(topology, rows),
        _stores(topology, readings.get("stores") or {}),
        _history(rollouts),
    )
    text = "\n\n".join("\n".join(part) for part in parts if part)
    return {**result, "text": text.split("\n")}


# What was found -------------------------------------------------------------


def _rows(
    topology: Result, application: Result, readings: t.Mapping[str, t.Any], findings: Findings
) -> t.Iterator[Row]:
    instances = [
        instance
        for instance in topology["instances"]
        if application["instances"] is None or instance["inventory_host"] in application["instances"]
    ]
    hosts = [instance["inventory_host"] for instance in instances]
    health = {host: _about(result, application["name"]) for host, result in (readings.get("health") or {}).items()}
    # What the managers say is told for each instance once, not as the health of each of its applications.
    mine = {**readings, "health": health, "managers": {}}
    facts = read(mine, topology, application["base_name"], hosts, findings, managers_wanted=False)
    check_members(topology, [application["balancer"]] if application["balancer"] else [], facts, findings)
    for instance in instances:
        host = instance["inventory_host"]
        seats = {
            httpd: seat
            for (httpd, balancer), members in facts.seats.items()
            for seat in members
            if balancer == application["balancer"] and seat.host == host
        }
        releases = facts.releases.get(host)
        yield Row(
            application=application["name"],
            instance=instance,
            releases=releases,
            health=_health(host, releases, facts, findings),
            sessions=_sessions((readings.get("managers") or {}).get(host) or {}, host, application, facts, findings),
            states={httpd: _state(seat, httpd, findings) for httpd, seat in seats.items()},
        )


def _about(result: Result, application: str) -> Result:
    """Of the answers of one instance, those that are about one application."""
    if "results" not in result:
        return result
    return {"results": [one for one in result["results"] if one["item"]["name"] == application]}


def _health(host: str, releases: Releases | None, facts: Facts, findings: Findings) -> str:
    if host in findings.out_of_reach:
        return "unreachable"
    if host not in facts.health:
        return "" if releases and not releases.active else "not asked"
    if facts.health[host]:
        findings.problems.add(facts.health[host], host)
        return "SICK"
    return "ok"


def _state(seat: Seat, httpd: str, findings: Findings) -> str:
    if seat.state != "enabled":
        findings.warnings.add(f"is out of service at {httpd}: {seat.state}", seat.host)
        return seat.state
    if not seat.usable:
        findings.problems.add(f"gets no requests from {httpd} although it is enabled: {seat.why_not}", seat.host)
        return seat.why_not
    return "standby" if seat.standby else "enabled"


def _sessions(result: Result, host: str, application: Result, facts: Facts, findings: Findings) -> int | None:
    """How many its manager tells of; None where it has none, or does not answer."""
    if result.get("failed") and not facts.health.get(host):
        findings.problems.add(f"Tomcat's own manager does not answer: {result['msg']}", host)
    for problem in result.get("problems") or ():
        findings.problems.add(problem, host)
    if "contexts" not in result:
        return None
    return sum(
        int(context["sessions"]) for context in result["contexts"] if context["name"] == application["base_name"]
    )


def _check_releases(rows: t.Sequence[Row], under_way: bool, findings: Findings) -> None:
    """Several releases of one application are as it should be during a rollout only."""
    active: dict[str, dict[str, list[str]]] = {}
    for row in rows:
        if row.releases:
            hosts = active.setdefault(row.application, {}).setdefault(row.releases.active or "no release", [])
            hosts.append(row.instance["inventory_host"])
    for application, by_release in active.items():
        if len(by_release) > 1 and not under_way:
            found = ", ".join(f"{release} on {listed(hosts)}" for release, hosts in by_release.items())
            findings.warnings.add(f"{application} is not the same everywhere: {found}")


def _under_way(rollouts: t.Iterable[Result], findings: Findings) -> list[str]:
    """The rollout that is running; one that ended without putting everything back, or died, is a problem."""
    running: dict[str, str] = {}
    for result in rollouts:
        lock = result["lock"]
        if not lock:
            continue
        called = Interrupted.of(lock).called
        if lock["status"] == "running" and not lock["expired"]:
            running.setdefault(lock["id"], f"Under way: {called}, last sign of life {duration(lock['idle'])} ago")
            continue
        out = (lock.get("outcome") or {}).get("left_out") or []
        left = f"left {listed(out)} out" if out else "did not put everything back"
        said = "counts as dead" if lock["status"] == "running" else left
        findings.problems.add(
            f"{called} {said}: run it again, or roundrobin.tomcat.repair", result["item"]["inventory_host"]
        )
    return list(running.values())


# How it is shown ------------------------------------------------------------


def _findings(findings: Findings) -> list[str]:
    problems, warnings = list(findings.problems), list(findings.warnings)
    title = f"{len(problems)} problem{'s' * (len(problems) > 1)}" if problems else "No problem found"
    lines = [*problems, *(f"Warning: {line}" for line in warnings)]
    return [title, *(line for text in lines for line in _wrapped(text, "  "))]


def _wrapped(text: str, indent: str = "") -> list[str]:
    return textwrap.wrap(
        one_line(text),
        WIDTH,
        initial_indent=indent,
        subsequent_indent=indent + "  ",
        max_lines=MOST_LINES,
        placeholder=" ...",
    )


def _table(topology: Result, rows: t.Sequence[Row]) -> list[str]:
    """One line per application and instance; a column that tells nothing is left out."""
    machines = {instance["machine"] for instance in topology["instances"]}
    head = ("Instance", "Machine", "Application", "Release", "Before", "Health", "Sessions", "State")
    shown = (
        True,
        len(machines) < len(topology["instances"]),
        len(topology["applications"]) > 1,
        True,
        True,
        True,
        any(row.sessions is not None for row in rows),
        True,
    )
    lines = [
        (
            row.instance["inventory_host"],
            row.instance["machine"],
            row.application,
            _release(row.releases),
            (row.releases.previous if row.releases else None) or "-",
            row.health or "-",
            "-" if row.sessions is None else str(row.sessions),
            _states(row.states),
        )
        for row in rows
    ]
    return aligned([[cell for cell, tells in zip(line, shown) if tells] for line in (head, *lines)], WIDTH)


def _release(releases: Releases | None) -> str:
    if releases is None:
        return "not read"
    return (releases.active or "none") + (f" beside {', '.join(releases.older)}" if releases.older else "")


def _states(states: t.Mapping[str, str]) -> str:
    """What most httpd hosts say, and who says something else."""
    httpds: dict[str, list[str]] = {}
    for httpd, state in states.items():
        httpds.setdefault(state, []).append(httpd)
    most = max(httpds, key=lambda state: len(httpds[state]), default="not known")
    others = [f"{listed(names)}: {state}" for state, names in httpds.items() if state != most]
    return f"{most} ({', '.join(others)})" if others else most


def _stores(topology: Result, results: t.Mapping[str, Result]) -> list[str]:
    if topology["session_store"] != "memcached":
        return [f"Session store: {topology['session_store']}"]
    rows = [("Session store", "Answers", "Items", "Memory", "Thrown away")]
    for node in topology["memcached_nodes"]:
        told = [
            one
            for result in results.values()
            for one in result.get("nodes") or ()
            if (one["host"], one["port"]) == (node["host"], node["port"])
        ]
        up = [one for one in told if one["up"]]
        answers = "not asked" if not told else "no" if not up else "yes" if up == told else "not to all"
        figures = ("-", "-", "-")
        if up:
            memory = f"{up[0]['bytes'] / 2**20:.1f} of {up[0]['limit_bytes'] / 2**20:.0f} MiB"
            figures = (str(up[0]["curr_items"]), memory, str(up[0]["evictions"]))
        rows.append((f"{node['id']} {node['host']}:{node['port']}", answers, *figures))
    return aligned(rows, WIDTH)


def _history(rollouts: t.Iterable[Result]) -> list[str]:
    """The newest of those that any httpd knows."""
    ended = {line["id"]: line for result in rollouts for line in result["history"]}
    newest = sorted(ended.values(), key=lambda line: line["started_at"], reverse=True)[:LAST_ROLLOUTS]
    rows = [
        (
            line["started_at"].replace("T", " ").rstrip("Z"),
            " ".join(word for word in (line["kind"], line["application"], line["version"]) if word),
            (line["outcome"] or {}).get("result") or "interrupted",
            line["by"] or "-",
        )
        for line in newest
    ]
    return aligned([("Begun (UTC)", "Rollout", "Result", "By"), *rows], WIDTH) if rows else []
