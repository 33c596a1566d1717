# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One instance leaves the chain: what forbids it, what is drained, what is held meanwhile, and what a person has to do afterwards.

Pure: no host is asked anything here. All that is wrong is found at once, so that one look is enough to mend it.
"""

# Private to this collection.

from __future__ import annotations

import typing as t

from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._chain.clusters import CLUSTER_STORES
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._chain.inventory import TRUE_WORDS

from . import machines
from .batches import used
from .findings import Findings
from .readings import Seat, answers, check_members, read
from .settings import read_min_available
from .site_lock import to_hold
from .words import Place, Result, listed

KIND = "remove"
# Of one removal: nothing gives a sign of life while httpd is reloaded and files are removed.
LEASE_SECONDS = 3600


def removal(topology: Result, readings: t.Mapping[str, t.Any], given: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Plan the removal of an instance; see plugins/filter/instance_removal.yml for what goes in and comes out."""
    findings = Findings()
    name = str(given.get("instance") or "")
    others = [one for one in topology["instances"] if one["inventory_host"] != name]
    instance = next((one for one in topology["instances"] if one["inventory_host"] == name), None)
    locks = answers(readings["locks"], findings)
    facts = read(readings, topology, "", [], findings, managers_wanted=False)
    ours = {one["balancer"] for one in topology["applications"]}
    check_members({**topology, "instances": others}, sorted(ours), facts, findings)
    _check_strangers(topology, facts.seats, ours, findings)
    if instance is None:
        asked = f"tomcat_instance_removed is {name}" if name else "tomcat_instance_removed is not given"
        known = listed([one["inventory_host"] for one in others])
        findings.problems.add(f"{asked}; the Tomcat instances of the inventory are {known}.")
        return _result({"instance": name}, findings)

    host = readings.get("host") or {}
    wanted = [*(one["inventory_host"] for one in topology["balancers"]), name]
    missing = [one for one in wanted if one not in given["hosts"]]
    if missing:
        findings.problems.add("is not part of this run: leave --limit out.", *missing)
    for problem in host.get("problems", ()):
        findings.problems.add(problem, name)
    alone = [one["name"] for one in topology["applications"] if list(one["instances"]) == [name]]
    _check_last(topology, instance, others, alone, given, findings)
    seats = {
        place: seat
        for place, found in facts.seats.items()
        for seat in found
        if seat.host == name and place[1] in instance["balancers"]
    }
    nobody = {one["balancer"] for one in topology["applications"] if one["name"] in alone}
    kept = _keeps_usable(seats, facts.seats, nobody, given, findings)

    states = [{"httpd": httpd, "balancer": balancer, "state": seat.state} for (httpd, balancer), seat in seats.items()]
    own = {"kind": KIND, "members": {name: {"version_before": None, "states": states}}}
    return _result(
        {
            "instance": name,
            "nothing_to_do": not seats and not host.get("unit") and not host.get("remove"),
            "unit": host.get("unit", ""),
            "base": host.get("base", ""),
            "lease": LEASE_SECONDS,
            "drain": machines.drain(topology, instance, kept),
            "put_back": machines.enable(topology, instance, states, [], {}, {}),
            "locks": [
                {
                    "inventory_host": lock["item"]["inventory_host"],
                    "seen": lock.get("seen"),
                    "record": _record(lock.get("taken_over"), own),
                }
                for lock in locks
            ],
            "steps": _steps(topology, name, seats, host),
            "last_words": _last_words(topology, instance, others, alone, host),
        },
        findings,
    )


def _result(found: dict[str, t.Any], findings: Findings) -> dict[str, t.Any]:
    """Complete it by what was found out on the way, and by what is shown of it."""
    problems = list(findings.problems)
    nothing_to_do = bool(found.get("nothing_to_do")) and not problems
    title, steps = f"Remove {found['instance']}".rstrip(), found.pop("steps", [])
    if problems:
        title, shown = f"{title}: cannot begin", []
    elif nothing_to_do:
        title, shown = f"{title}: nothing to do", found["last_words"]
    else:
        shown = steps
    return {
        **found,
        "problems": problems,
        "nothing_to_do": nothing_to_do,
        "begins": not problems and not nothing_to_do,
        "text": [title, *(f"Warning: {line}" for line in findings.warnings), *shown],
    }


# What forbids it ------------------------------------------------------------


def _check_strangers(
    topology: Result, found: t.Mapping[Place, t.Sequence[Seat]], ours: t.Container[str], findings: Findings
) -> None:
    """A member that httpd has and the inventory has not would go as well."""
    known = {one["inventory_host"] for one in topology["instances"]}
    for (httpd, balancer), seats in found.items():
        strangers = [seat.host for seat in seats if seat.host not in known] if balancer in ours else []
        if strangers:
            findings.problems.add(
                f"balancer {balancer} has {listed(strangers)}, which the inventory has not and which would go too. "
                "Is the inventory whole? If it is: run site.yml first.",
                httpd,
            )


def _check_last(
    topology: Result,
    instance: Result,
    others: t.Sequence[Result],
    alone: t.Sequence[str],
    given: t.Mapping[str, t.Any],
    findings: Findings,
) -> None:
    """Somebody must be left: for httpd, for each application, and for sessions that the instances keep for each other."""
    name = instance["inventory_host"]
    if not others:
        findings.problems.add("is the only Tomcat instance of the inventory: set up another one first.", name)
    elif alone and len(alone) == len(topology["applications"]):
        findings.problems.add("is the only instance that has an application: set up another one for it first.", name)
    elif alone and str(given.get("last", False)).lower() not in TRUE_WORDS:
        findings.problems.add(
            f"is the only instance of {listed(alone)}, which nobody would serve any more. "
            "If that is meant: -e tomcat_instance_removed_last=true",
            name,
        )
    store, members = topology["session_store"], instance["cluster_members"]
    if store in CLUSTER_STORES and len(members) == 2:
        left = next(one["inventory_host"] for one in members if one["inventory_host"] != name)
        findings.problems.add(
            f"tomcat_instance_session_store is {store}, and {left} would have nobody for its sessions: add an instance first, or use memcached.",
            name,
        )


def _keeps_usable(
    seats: t.Mapping[Place, Seat],
    found: t.Mapping[Place, t.Sequence[Seat]],
    nobody: t.Container[str],
    given: t.Mapping[str, t.Any],
    findings: Findings,
) -> dict[Place, int]:
    """How many usable members must remain at each place; a place that has fewer without the instance forbids it."""
    min_available = read_min_available(given, findings)
    kept = {}
    for place, seat in seats.items():
        kept[place] = min_available if seat.usable and place[1] not in nobody else 0
        up = [one.host for one in used([one for one in found[place] if one.usable and one.host != seat.host])]
        if len(up) < kept[place]:
            findings.problems.add(
                f"balancer {place[1]}: without {seat.host} it would have {listed(up) if up else 'nobody'} in service, "
                f"rolling_deploy_min_available asks for {min_available}.",
                place[0],
            )
    return kept


def _record(taken_over: Result | None, own: Result) -> dict[str, t.Any]:
    """What is held: of a removal of the same instance that died the states that it had then, which are not those of now."""
    if taken_over and taken_over["record"].get("kind") == KIND:
        before = taken_over["record"].get("members") or {}
        if set(before) == set(own["members"]):
            return {**own, "members": before}
    return to_hold(taken_over, own)


# What a person reads --------------------------------------------------------


def _steps(topology: Result, name: str, seats: t.Mapping[Place, Seat], host: Result) -> list[str]:
    """What is done, in its order."""
    places = [f"{httpd}:{balancer}" for httpd, balancer in seats]
    steps = [f"Drained at {listed(places)}"] if places else []
    steps += [f"Stopped: {host['unit']}"] if host.get("unit") else []
    httpds = listed([one["inventory_host"] for one in topology["balancers"]])
    steps.append(f"httpd without {name}: {httpds}")
    steps += [f"Archived: the releases, in {host['archive']}"] if host.get("archive") else []
    steps += [f"Removed on {name}: {path}" for path in host.get("remove", ())]
    steps += [f"Left on {name}: {path}" for path in host.get("stay", ())]
    return steps


def _last_words(
    topology: Result, instance: Result, others: t.Sequence[Result], alone: t.Sequence[str], host: Result
) -> list[str]:
    """What is left to do by hand, and what the rest of the chain learns of it when."""
    name, store = instance["inventory_host"], topology["session_store"]
    words = []
    if host.get("archive"):
        words.append(f"Its releases are in {host['archive']}.")
    if host.get("stay"):
        words.append(f"These files are not this collection's and stay: {', '.join(host['stay'])}.")
    words.append(
        f"Take {name} out of the inventory: out of the group of the Tomcats, and in tomcat_applications out of the instances that name it. "
        "Until then, site would set it up again."
    )
    if alone:
        words.append(f"Take {listed(alone)} out of tomcat_applications: no instance has it any more.")
    beside = [
        f"{kind} {one['host']}:{one['port']}"
        for kind, stores in (("memcached", topology["memcached_nodes"]), ("Redis", topology["redis_servers"]))
        for one in stores
        if one.get("machine") == instance["machine"]
    ]
    if beside:
        words.append(f"{listed(beside)} on the same machine stays: it has sessions of all instances.")
    if store in ("memcached", "redis") and instance["machine"] not in {one["machine"] for one in others}:
        words.append(
            f"{'Redis' if store == 'redis' else store} lets its machine in until the next site without it in the inventory."
        )
    if store in CLUSTER_STORES and others:
        names = [one["inventory_host"] for one in instance["cluster_members"] if one["inventory_host"] != name]
        words.append(
            f"{listed(names)} still {'look' if len(names) > 1 else 'looks'} for it in the cluster. The next site without it in the inventory ends "
            "that, with a drained restart of each."
        )
    return words
