# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole of a task on one member: find it, change it, wait for it, tell what became of it."""

# Private to this collection.

from __future__ import annotations

import typing as t
from dataclasses import dataclass, replace

from ansible_collections.roundrobin.tomcat.plugins.module_utils._wait import Clock, Outcome, wait_until

from .connections import Count, watch
from .manager import BalancerManager, Balancers
from .model import (
    Balancer,
    ManagerError,
    Member,
    MemberSettings,
    Setting,
    Sighting,
    Unreachable,
    find,
    idle,
    usable,
    usable_without,
)

# httpd drops a longer route instead of refusing it.
MAX_ROUTE = 63


@dataclass(frozen=True)
class WantedMember:
    """What a task asks of one member."""

    balancer: t.Optional[str]
    worker: t.Optional[str]
    route: t.Optional[str]
    state: t.Optional[str]
    standby: t.Optional[bool]
    spare: t.Optional[bool]
    ignore_errors: t.Optional[bool]
    load_factor: t.Optional[float]
    lbset: t.Optional[int]
    new_route: t.Optional[str]
    keep_usable: int
    wait: t.Optional[str]
    timeout: float
    interval: float
    stable_reads: int
    on_timeout: str
    count_connections: bool = False
    # Of a wait in slices, between which the controller tells how far it is: how long a slice is, and, but for the
    # first one, how long it has waited so far.
    every: t.Optional[float] = None
    waited: t.Optional[float] = None

    def __post_init__(self) -> None:
        """Refuse values that make no sense or that httpd would ignore, before anything is sent."""
        if self.interval <= 0 or self.timeout < 0 or self.stable_reads < 1 or self.keep_usable < 0:
            raise ManagerError(
                "interval must be above 0, timeout and keep_usable at least 0 and stable_reads at least 1, "
                f"not {self.interval}, {self.timeout}, {self.keep_usable} and {self.stable_reads}"
            )
        factor = self.load_factor
        if factor is not None and not (1 <= factor <= 100 and round(factor, 2) == factor):
            raise ManagerError(f"load_factor must be 1 to 100 with at most two decimals, not {factor}")
        if self.lbset is not None and not 0 <= self.lbset <= 99:
            raise ManagerError(f"lbset must be 0 to 99, not {self.lbset}")
        if self.new_route is not None:
            size = len(self.new_route.encode())
            if not 1 <= size <= MAX_ROUTE or not self.new_route.isprintable():
                raise ManagerError(
                    f"new_route must be 1 to {MAX_ROUTE} bytes of printable text, not {self.new_route!r} ({size} bytes)"
                )

    @property
    def settings(self) -> MemberSettings:
        """The settings that were given."""
        given = {
            "state": self.state,
            "standby": self.standby,
            "spare": self.spare,
            "ignore_errors": self.ignore_errors,
            "load_factor": self.load_factor,
            "lbset": self.lbset,
            "route": self.new_route,
        }
        return {name: value for name, value in given.items() if value is not None}

    @property
    def takes_out(self) -> bool:
        """Whether the member gets no new sessions any more."""
        return self.state not in (None, "enabled")

    @property
    def goes_on(self) -> bool:
        """Whether this is a wait that was begun before: what was judged then is not judged again."""
        return self.waited is not None

    @property
    def left(self) -> float:
        """Seconds until the time-out."""
        return max(0.0, self.timeout - (self.waited or 0.0))

    @property
    def slice(self) -> float:
        """Seconds to wait now. A rest that is too short to see an idle member in is not left over."""
        if self.every is None:
            return self.left
        every = max(self.every, 3 * self.stable_reads * self.interval)
        return self.left if self.left < 2 * every else every


@dataclass(frozen=True)
class Change:
    """What became of it: the settings that were or would be changed, and the member at first and at last."""

    changed_from: MemberSettings
    before: Member
    after: Member
    waited: t.Optional[Outcome[Sighting]] = None
    # Seconds until the time-out, if the wait goes on in another slice.
    left: t.Optional[float] = None


class _PatientReader:
    """Reads the manager; an answer that fails or is cut, as during a restart of httpd, may come until the deadline."""

    def __init__(self, manager: BalancerManager, wanted: WantedMember, clock: Clock) -> None:
        self._manager = manager
        self._interval = wanted.interval
        self._clock = clock
        self._end = clock.monotonic() + wanted.left

    def __call__(self) -> Balancers:
        left = max(0.0, self._end - self._clock.monotonic())
        outcome = wait_until(
            self._try,
            lambda seen: not isinstance(seen, Unreachable),
            timeout=left,
            interval=self._interval,
            clock=self._clock,
        )
        if isinstance(outcome.last, Unreachable):
            raise Unreachable(
                f"{outcome.last.message} (so for {outcome.seconds:.1f} s, until the time-out; "
                "a change before that may have been made)"
            )
        return outcome.last

    def _try(self) -> t.Union[Balancers, Unreachable]:
        try:
            return self._manager.read()
        except Unreachable as error:
            return error


def apply(
    manager: BalancerManager,
    wanted: WantedMember,
    *,
    check_mode: bool,
    clock: Clock,
    watch: t.Callable[[str], Count] = watch,
) -> Change:
    """Bring the member to the wanted settings and wait as asked; in check mode only say what would change."""
    read = _PatientReader(manager, wanted, clock)
    balancer, before = find(
        (manager.read if check_mode or wanted.wait is None else read)(),
        wanted.balancer,
        wanted.worker,
        wanted.route,
        wanted.new_route,
    )
    changes = before.differences(wanted.settings)
    changed_from = {name: before.settings[name] for name in changes}
    if "state" in changes and wanted.takes_out and not wanted.goes_on:
        refuse_if_too_few(balancer, before, wanted)
    if "route" in changes:
        refuse_if_taken(balancer, before, wanted)
    if check_mode:
        if changes:
            manager.try_out(balancer, before)
        return Change(changed_from, before, before)

    after = before
    if changes:
        balancer, after = manager.write(balancer, before, changes, read)
        if "state" in changes and wanted.takes_out and not wanted.goes_on:
            put_back_if_too_few(manager, balancer, after, wanted, before.state, read)
    if wanted.wait is None:
        return Change(changed_from, before, after)

    history: list[Sighting] = []
    count: Count = watch(before.worker) if wanted.wait == "idle" and wanted.count_connections else lambda: None

    def look() -> Sighting:
        nonlocal changed_from
        now, member = find(read(), balancer.name, before.worker, None)
        lost = member.differences(wanted.settings)
        if lost:
            # A reload or another hand has undone it: what is being waited for would never come.
            changed_from = {**{name: member.settings[name] for name in lost}, **changed_from}
            member = manager.write(now, member, lost, read)[1]
        history.append(Sighting(member, count()))
        return history[-1]

    def enough(seen: Sighting) -> bool:
        return idle(history, wanted.stable_reads) if wanted.wait == "idle" else usable(seen.member)

    outcome = wait_until(look, enough, timeout=wanted.slice, interval=wanted.interval, clock=clock)
    outcome = replace(outcome, seconds=outcome.seconds + (wanted.waited or 0.0))
    after = outcome.last.member
    if not outcome.done and wanted.slice < wanted.left:
        return Change(changed_from, before, after, outcome, max(0.0, wanted.timeout - outcome.seconds))
    if not outcome.done and wanted.on_timeout == "fail":
        raise ManagerError(_timed_out(wanted, outcome), state_before=before.state, state_after=after.state)
    return Change(changed_from, before, after, outcome)


# Guards ---------------------------------------------------------------------


def refuse_if_too_few(balancer: Balancer, member: Member, wanted: WantedMember) -> None:
    """Raise when taking the member out would leave fewer usable ones than asked for."""
    left = usable_without(balancer, member)
    if left < wanted.keep_usable:
        raise ManagerError(
            f"{member.worker} of balancer {balancer.name!r} is not taken out: {left} usable "
            f"member(s) would remain and keep_usable asks for {wanted.keep_usable}",
            state_before=member.state,
            state_after=member.state,
        )


def put_back_if_too_few(
    manager: BalancerManager, balancer: Balancer, member: Member, wanted: WantedMember, state: str, read: _PatientReader
) -> None:
    """Undo and raise when another member went out at the same moment, so that each looked dispensable."""
    left = usable_without(balancer, member)
    if left < wanted.keep_usable:
        manager.write(balancer, member, {"state": state}, read)
        raise ManagerError(
            f"{member.worker} of balancer {balancer.name!r} is {state} again: another member went out at the same "
            f"moment, so that {left} usable member(s) remained and keep_usable asks for {wanted.keep_usable}",
            state_before=state,
            state_after=state,
        )


def refuse_if_taken(balancer: Balancer, member: Member, wanted: WantedMember) -> None:
    """Raise when another member of the balancer has the new route: sessions of both would go to either."""
    for other in balancer.members:
        if other.worker != member.worker and other.route == wanted.new_route:
            raise ManagerError(
                f"{member.worker} of balancer {balancer.name!r} does not get the route {wanted.new_route!r}: "
                f"{other.worker} has it"
            )


# Telling --------------------------------------------------------------------


def _timed_out(wanted: WantedMember, outcome: Outcome[Sighting]) -> str:
    member, connections = outcome.last.member, outcome.last.connections
    waited = f"after {outcome.seconds:.1f} s {member.worker} of balancer {member.balancer!r}"
    if wanted.wait != "idle":
        return f"{waited} is not usable: its status is {member.status!r}"
    counted = f"{member.busy} request(s) in flight"
    if connections is not None:
        counted += f" by httpd's counter, {connections.established} connection(s) established"
    return f"{waited} is not idle: {counted}, {member.elected} handed out so far; it stays {member.state}"


def result(change: Change, wanted: WantedMember) -> dict[str, object]:
    """What the module returns."""
    before, after = change.before, change.after
    changed_to = {name: wanted.settings[name] for name in change.changed_from}
    outcome: dict[str, object] = {
        "changed": bool(change.changed_from),
        "balancer": before.balancer,
        "worker": before.worker,
        "route": changed_to.get("route", before.route),
        "state_before": before.state,
        "state_after": changed_to.get("state", after.state),
        "before": dict(change.changed_from),
        "after": changed_to,
        "member": after.as_dict(),
        "diff": diff(before.worker, before.balancer, change.changed_from, changed_to),
    }
    if change.waited is not None:
        outcome["waited"] = round(change.waited.seconds, 3)
        if wanted.wait == "idle":
            outcome["idle"] = change.waited.done
            outcome["in_flight"] = after.busy
            if wanted.count_connections:
                connections = change.waited.last.connections
                outcome["connections"] = None if connections is None else connections.established
    if change.left is not None:
        outcome["left"] = change.left
    return outcome


def diff(worker: str, balancer: str, before: MemberSettings, after: MemberSettings) -> dict[str, str]:
    """The settings that were or would be changed, as Ansible shows them."""
    header = f"{worker} in balancer {balancer}"
    return {"before_header": header, "after_header": header, "before": _lines(before), "after": _lines(after)}


def join(first: t.Mapping[str, t.Any], later: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """One answer of a wait in two slices: what either changed, from what the first one found."""
    if later.get("failed"):
        return {**later, **{key: first[key] for key in ("state_before",) if key in later}}
    before, after = ({**later[side], **first[side]} for side in ("before", "after"))
    return {
        **later,
        "changed": first["changed"] or later["changed"],
        "state_before": first["state_before"],
        "before": before,
        "after": after,
        "diff": diff(later["worker"], later["balancer"], before, after),
    }


def still_there(answer: t.Mapping[str, t.Any]) -> str:
    """What keeps a member from being idle, for people who wait."""
    requests, connections = answer["in_flight"], answer.get("connections")
    if not requests and not connections:
        return "not idle for long enough"
    told = f"{requests} request{'' if requests == 1 else 's'} in flight"
    return told if connections is None else f"{told}, {connections} connection{'' if connections == 1 else 's'}"


def _lines(settings: t.Mapping[str, Setting]) -> str:
    return "".join(
        f"{name}: {str(value).lower() if isinstance(value, bool) else value}\n" for name, value in settings.items()
    )
