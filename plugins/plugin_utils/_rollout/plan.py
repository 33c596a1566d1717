# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan of a rollout, made of what the preflight read: what forbids it, who goes when, what stays up.

Pure: no host is asked anything here. All that is wrong is found at once, so that one look is enough to mend it.
"""

# Private to this collection.

from __future__ import annotations

import typing as t
from dataclasses import replace

from . import brought, checks, strategies
from .batches import (
    Standing,
    form_batches,
    standings,
)
from .findings import Findings
from .leases import leases
from .members import Aim, PlannedMember, judge
from .plan_text import describe
from .readings import Facts, Interrupted, Seat, check_members, read, read_locks
from .settings import Settings
from .words import Place, Result, beginning, listed

Verdict = t.Callable[[Place, Seat], bool]

NO_APPLICATION: Result = {"name": "", "base_name": "", "instances": []}


def plan(topology: Result, readings: t.Mapping[str, t.Any], given: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Plan a rollout; see plugins/filter/rollout_plan.yml for what goes in and comes out."""
    findings = Findings()
    settings = Settings.of(given, findings)
    locks = readings.get("locks") or ()
    interrupted = read_locks(locks, settings.take_over, findings)
    application = _application(topology, settings, interrupted, findings)
    instances, skipped = _concerned(topology, settings, application, interrupted, findings)
    hosts = [instance["inventory_host"] for instance in instances]
    # What is about no application shows the releases of the only one.
    shown = application if application["name"] or len(topology["applications"]) != 1 else topology["applications"][0]
    facts = read(readings, topology, shown["base_name"], hosts, findings, managers_wanted=settings.changes_running)
    strategies.check(topology, instances, settings, findings)
    _check_read(topology, instances, settings, facts, findings)
    brought.check(topology, settings, application, readings, findings)

    aim = Aim(
        kind=settings.kind,
        application=application["name"],
        version=settings.version,
        rollback_all=bool(interrupted and interrupted.policy == "rollback_all"),
    )
    members = judge(instances, topology, facts, interrupted, aim)
    if settings.kind == "rollback" and not settings.version:
        aim = replace(aim, version=_release_before(members, findings))
        members = [replace(member, aim=aim) for member in members]
    skipped.update({member.host: member.reason_to_skip for member in members if member.reason_to_skip})
    todo = [member for member in members if not member.reason_to_skip]

    if interrupted:
        _check_left_out(topology, settings, facts, interrupted, findings)
        _check_half_done(members, todo, aim, interrupted, findings)
    _check_staged(todo, settings, findings)
    _check_warm_up(topology, settings, findings)
    _warn_of_members(members, todo, settings, findings)
    strategies.warn(members, findings)
    retires = strategies.to_retire(members, todo, settings)

    serves, serves_afterwards = _serving(members)

    def rank(member: PlannedMember) -> int:
        """The less it serves now, the earlier its turn."""
        serving = [serves(place, seat) for place, seat in member.seats.items()]
        return 2 if all(serving) else 1 if any(serving) else 0

    order = [member.host for member in sorted(todo, key=rank)]
    machines = {instance["inventory_host"]: instance["machine"] for instance in topology["instances"]}
    batches = form_batches(order, machines, settings.serial, len(settings.hosts), settings.allow_same_machine)
    ours = {name for instance in topology["instances"] for name in instance["balancers"]}
    _check_strange_balancers(facts, order, ours, findings)
    places = {
        place: seats
        for place, seats in facts.seats.items()
        if place[1] in ours and any(seat.host in order for seat in seats)
    }
    stays_up = standings(batches, places, serves, serves_afterwards, taken_out=settings.takes_members_out)
    _check_budget(stays_up, facts, settings, findings)
    _warn_of_first_batch(batches, members, findings)
    _warn_of_forks(batches, settings, findings)

    version, policy = _version_of(aim, interrupted), _policy_of(settings, interrupted)
    problems = list(findings.problems)
    result = {
        "problems": problems,
        "warnings": list(findings.warnings),
        "nothing_to_do": not problems and not order and not retires,
        # A record that was left ends with this rollout, also where nothing is to be done for it.
        "begins": bool(not problems and (order or retires or any(lock.get("taken_over") for lock in locks))),
        "kind": settings.kind,
        "application": application["name"],
        "version": version,
        "policy": policy,
        "base_name": shown["base_name"],
        "batches": batches,
        "sizes": [len(batch) for batch in batches],
        "order": [host for batch in batches for host in batch],
        "skipped": skipped,
        "retires": retires,
        "members": {
            member.host: member.as_dict(
                topology,
                serves,
                settings.min_available,
                application["base_name"],
                settings.keep_releases,
                settings.warm_up,
            )
            for member in members
        },
        "stays_up": [[_who_is_up(one) for one in during] for during in stays_up],
        "strategies": settings.strategies,
        "leases": leases(
            settings.times,
            largest_batch=max(map(len, batches), default=0),
            retiring=len(retires),
            forks=settings.forks,
            beside=settings.beside,
        ),
        "locks": [{"inventory_host": lock["item"]["inventory_host"], "seen": lock.get("seen")} for lock in locks],
        "proves_sessions": _proves_sessions(topology, settings),
        "interrupted": dict(interrupted.file) if interrupted else None,
        "record": {
            "kind": settings.kind,
            "application": application["name"],
            "version": version,
            "policy": policy,
            "took_over": interrupted.id if interrupted else None,
            "members": {member.host: member.record() for member in members},
        },
    }
    return {**result, "text": describe(result, interrupted.called if interrupted else "")}


# What it is about -----------------------------------------------------------


def chosen_application(topology: Result, release_app: str) -> Result:
    """The application that release_app means: the only one where it is empty. One without a name if it means none."""
    known: t.Sequence[Result] = topology["applications"]
    if not release_app and len(known) == 1:
        return known[0]
    return next((one for one in known if one["name"] == release_app), NO_APPLICATION)


def _application(topology: Result, settings: Settings, interrupted: Interrupted | None, findings: Findings) -> Result:
    """The application that is meant. A repair is about the record's, and about none if it has none; so is a restart."""
    name = settings.application
    if settings.kind == "repair":
        name = interrupted.application if interrupted else ""
    if settings.kind == "restart" or (settings.kind == "repair" and not name):
        return NO_APPLICATION
    found = chosen_application(topology, name)
    if not found["name"]:
        asked = f"{interrupted.called} is about" if interrupted and settings.kind == "repair" else "release_app is"
        known = listed([one["name"] for one in topology["applications"]])
        findings.problems.add(f"{asked} {name or 'not given'}; tomcat_applications has {known}.")
    return found


def _concerned(
    topology: Result, settings: Settings, application: Result, interrupted: Interrupted | None, findings: Findings
) -> tuple[list[Result], dict[str, str]]:
    """The instances that the rollout looks at, and why it does not look at the others of the play."""
    known = {instance["inventory_host"]: instance for instance in topology["instances"]}
    for host in settings.hosts:
        if host not in known:
            findings.problems.add(f"is no Tomcat instance of the inventory, which has {listed(list(known))}.", host)
    chosen, skipped = [], {}
    for host in dict.fromkeys(settings.hosts):
        if host not in known:
            continue
        if settings.kind == "repair":
            outside = interrupted and not interrupted.knows(host)
            reason = "not part of the interrupted rollout" if outside else ""
        else:
            runs_it = not application["name"] or host in application["instances"]
            reason = "" if runs_it else f"not an instance of {application['name']}"
        if reason:
            skipped[host] = reason
        else:
            chosen.append(known[host])
    if not chosen and settings.kind != "repair":
        findings.problems.add(
            f"None of the play's hosts ({listed(settings.hosts)}) runs {application['name'] or 'Tomcat'}: see --limit."
        )
    return chosen, skipped


def _version_of(aim: Aim, interrupted: Interrupted | None) -> str:
    """The rollout's release; that of a repair is the interrupted rollout's, so that its own record says so too."""
    return interrupted.version if aim.kind == "repair" and interrupted else aim.version


def _policy_of(settings: Settings, interrupted: Interrupted | None) -> str:
    """That of a repair is the interrupted rollout's: where the repair dies too, the next one has as much to put back."""
    return interrupted.policy if settings.kind == "repair" and interrupted else settings.policy


def _release_before(members: t.Sequence[PlannedMember], findings: Findings) -> str:
    """The one release that all instances had before, for a rollback that names none."""
    before: dict[str | None, list[str]] = {}
    for member in members:
        if member.version_now is not None or member.left_out:
            before.setdefault(member.release_to_go_back_to, []).append(member.host)
    if len(before) == 1 and None not in before:
        return str(next(iter(before)))
    found = "; ".join(f"{version or 'none'} on {listed(hosts)}" for version, hosts in before.items())
    findings.problems.add(
        f"release_version is not given and the release before is not one and the same: {found or 'none anywhere'}. "
        "Name one: -e release_version=1.4.1"
    )
    return ""


# What forbids it ------------------------------------------------------------


def _check_read(
    topology: Result, instances: t.Sequence[Result], settings: Settings, facts: Facts, findings: Findings
) -> None:
    """Every balancer must have its members, and who changes releases must know them."""
    for host in (instance["inventory_host"] for instance in instances):
        of_host = any(host in hosts for hosts in findings.problems.found.values())
        if settings.kind != "restart" and host not in facts.releases and not of_host:
            findings.problems.add("its releases were not read.", host)
    balancers = dict.fromkeys(name for instance in instances for name in instance["balancers"])
    check_members(topology, balancers, facts, findings)


def _check_strange_balancers(
    facts: Facts, order: t.Collection[str], ours: t.Container[str], findings: Findings
) -> None:
    """A balancer that the inventory has not would go on sending users to a member while it is stopped."""
    for (httpd, balancer), seats in facts.seats.items():
        served_by = [seat.host for seat in seats if seat.host in order and seat.state == "enabled"]
        if served_by and balancer not in ours:
            findings.problems.add(
                f"balancer {balancer} is not in the inventory, and sends users to {listed(served_by)}. If the inventory had it before: run "
                "site.yml, which removes it. If it is somebody else's: take the members out of it first.",
                httpd,
            )


def _check_left_out(
    topology: Result, settings: Settings, facts: Facts, interrupted: Interrupted, findings: Findings
) -> None:
    """The record ends with the rollout that takes it over, so nobody whom it knows to be out may be forgotten."""
    known = [instance["inventory_host"] for instance in topology["instances"]]
    for host in interrupted.members:
        if host not in known:
            findings.warnings.add(f"was part of {interrupted.called} and is not in the inventory any more.", host)
    for place, seats in facts.seats.items():
        for seat in seats:
            if seat.host in settings.hosts or seat.state == "enabled":
                continue
            if interrupted.state_before(seat.host, place) not in (None, seat.state):
                findings.problems.add(
                    f"was left out by {interrupted.called} and is not part of this run: "
                    "leave --limit out, or run repair.yml first.",
                    seat.host,
                )


def _check_half_done(
    members: t.Sequence[PlannedMember],
    todo: t.Sequence[PlannedMember],
    aim: Aim,
    interrupted: Interrupted,
    findings: Findings,
) -> None:
    """An instance with a half-done release needs a definite one: the same application's, or that of a repair."""
    mends = aim.kind == "repair" or interrupted.kind == "restart"
    if aim.kind in ("deploy", "rollback") and aim.application == interrupted.application:
        mends = True
    for member in members:
        if member.unfinished and (not mends or member not in todo):
            findings.problems.add(f"was left half-done by {interrupted.called}: run repair.yml first.", member.host)


def _check_staged(todo: t.Sequence[PlannedMember], settings: Settings, findings: Findings) -> None:
    """What is to be active must be there. That of a deploy comes with its WAR, which tomcat_webapp has judged."""
    for member in todo:
        version = member.version_after
        if not version or member.releases is None or settings.kind == "deploy":
            continue
        staged = member.releases.staged
        if version not in staged:
            findings.problems.add(f"has no release {version}; it has {listed(list(staged))}.", member.host)
        elif staged[version]:
            findings.problems.add(f"release {version} cannot be used: {staged[version]}", member.host)


def _check_warm_up(topology: Result, settings: Settings, findings: Findings) -> None:
    for path in settings.warm_up:
        if checks.served_by(path, topology["applications"]) is None:
            findings.problems.add(f"rolling_deploy_warm_up has {path}: no application of tomcat_applications is there.")


def _proves_sessions(topology: Result, settings: Settings) -> bool:
    """Whether a member that has a new release must show that its sessions are in their store. The way back is never barred."""
    return settings.kind == "deploy" and topology["session_store"] != "none" and "proof" not in settings.accept


def _warn_of_members(
    members: t.Sequence[PlannedMember], todo: t.Sequence[PlannedMember], settings: Settings, findings: Findings
) -> None:
    warn = findings.warnings.add
    for member in members:
        where = ", ".join(
            f"{seat.state} at {httpd}:{name}" for (httpd, name), seat in member.seats.items() if seat.state != "enabled"
        )
        if settings.kind == "repair" and member.recorded is None and member not in todo:
            if member.stays_out:
                warn(f"is out of service ({where}), and no record says that a rollout did it.", member.host)
            elif member.sick:
                warn(f"is in service and does not answer: {member.sick}", member.host)
        elif member in todo and member.stays_out and member.waits_for:
            warn(f"stays out of service ({where}) until it has a release of {listed(member.waits_for)}.", member.host)
        elif member in todo and member.stays_out:
            warn(f"was taken out by a person and stays out ({where}).", member.host)
        elif member in todo and member.sick and not member.left_out:
            warn(f"is in service and does not answer: {member.sick}", member.host)
        elif member.ignored and not member.sick:
            warn(f"gets no requests although it is enabled: {member.ignored}", member.host)


def _warn_of_first_batch(
    batches: t.Sequence[t.Sequence[str]], members: t.Sequence[PlannedMember], findings: Findings
) -> None:
    out_of_service = {member.host for member in members if "enabled" not in member.wanted.values()}
    if len(batches) > 1 and out_of_service.issuperset(batches[0]):
        findings.warnings.add(
            f"The first batch ({listed(batches[0])}) stays out of service: it meets no user's request."
        )


def _warn_of_forks(batches: t.Sequence[t.Sequence[str]], settings: Settings, findings: Findings) -> None:
    largest = max(map(len, batches), default=0)
    if 0 < settings.forks < largest:
        findings.warnings.add(
            f"A batch has up to {largest} instances and Ansible works on {settings.forks} at a time: the others are out of service and "
            f"wait for their turn. Give --forks {largest}, or lower rolling_deploy_serial."
        )


# Who stays up ---------------------------------------------------------------


def _who_is_up(standing: Standing) -> dict[str, t.Any]:
    """Who serves at one place during a batch. All names, of all members in all batches, would be the square of the members."""
    usable, more = beginning(standing.up)
    return {"httpd": standing.place[0], "balancer": standing.place[1], "usable": usable, "more": more}


def _serving(members: t.Sequence[PlannedMember]) -> tuple[Verdict, Verdict]:
    """Whether a member serves at a place: before its batch, and after it."""
    by_host = {member.host: member for member in members}
    somewhere = any(member.version_now is not None for member in members)

    def before(place: Place, seat: Seat) -> bool:
        member = by_host.get(seat.host)
        if member is None:
            return seat.usable
        # Beside instances with a release, one without has nothing to serve.
        empty = somewhere and member.releases is not None and member.version_now is None
        return seat.usable and not member.sick and not empty

    def after(place: Place, seat: Seat) -> bool:
        member = by_host[seat.host]
        empty = somewhere and member.releases is not None and member.version_after is None
        return member.wanted[place] == "enabled" and not empty

    return before, after


def _check_budget(
    stays_up: t.Sequence[t.Sequence[Standing]], facts: Facts, settings: Settings, findings: Findings
) -> None:
    """Say for each place the first batch that breaks the budget, once for all httpd hosts with the same figures."""
    first: dict[Place, Standing] = {}
    for during in stays_up:
        for standing in during:
            if standing.breaks(settings.min_available):
                first.setdefault(standing.place, standing)
    alike: dict[tuple[str, Standing, str], list[str]] = {}
    for place, one in first.items():
        idle = listed(
            [
                f"{seat.host} ({seat.why_not or 'does not answer'})"
                for seat in facts.seats[place]
                if seat.host not in (*one.taken, *one.up)
            ]
        )
        alike.setdefault((place[1], replace(one, place=("", place[1])), idle), []).append(place[0])
    for (balancer, one, idle), httpds in alike.items():
        helps = ["put those back or mend them"] if idle != "none" else []
        helps += ["lower rolling_deploy_serial"] if len(one.taken) > 1 else []
        helps.append(f"accept fewer with rolling_deploy_min_available={len(one.up)}")
        findings.problems.add(
            f"balancer {balancer}: batch {one.batch} ({listed(one.taken)}) would leave {listed(one.up) if one.up else 'nobody'} up, "
            f"rolling_deploy_min_available asks for {settings.min_available}."
            + (f" Not in service: {idle}." if idle != "none" else "")
            + f" What helps: {', or '.join(helps)}.",
            *httpds,
        )
