# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a rollout is to do with each instance, judged by what was found of it and by the record of an interrupted one.

Nothing on the hosts says how far an interrupted rollout came. The record tells how a member was before it, the rest
is reality: a member that was in service then and is not now was left out by it.
"""

# Private to this collection.

from __future__ import annotations

import typing as t
from dataclasses import dataclass, replace

from . import checks, machines
from .readings import Facts, Interrupted, RecordedMember, Releases, Seat
from .words import Place, Result

Webapps = list[dict[str, t.Any]]


@dataclass(frozen=True)
class Aim:
    """What the rollout wants, of all instances alike."""

    kind: str
    application: str
    version: str
    rollback_all: bool


@dataclass(frozen=True)
class PlannedMember:
    """One instance in the rollout."""

    instance: Result
    aim: Aim
    seats: t.Mapping[Place, Seat]
    # Nothing where they were not read.
    releases: Releases | None
    # Why it does not answer as it should, empty if it does. None where it was not asked.
    unhealthy: str | None
    interrupted: Interrupted | None
    # The active release of each of its applications; none where there is none.
    active: t.Mapping[str, str | None]
    # How each release of its applications was asked when it was healthy.
    remembered: checks.Remembered
    # The applications that it serves.
    applications: t.Sequence[Result]
    # Whether an instance had a release of the rollout's application before.
    released_elsewhere: bool = False

    @property
    def host(self) -> str:
        """Its inventory host."""
        return str(self.instance["inventory_host"])

    @property
    def recorded(self) -> RecordedMember | None:
        """How it was before the interrupted rollout."""
        return self.interrupted.members.get(self.host) if self.interrupted else None

    @property
    def wanted(self) -> dict[Place, str]:
        """Its state at every place at the end: as it was before any rollout touched it.

        A rollout never puts back what a person took out, so a member that is in service now is so by somebody's will.
        One that has been out since site made it a member is put in service by its first release, and out again with it.
        """
        in_service = {place[1] for place, seat in self.seats.items() if seat.state == "enabled"}
        states = self._found
        for place, state in states.items():
            kept = self._keeps_its_first_release and place[1] in in_service
            if state == "disabled" and (kept or self._first_release_at(place)):
                states[place] = "enabled"
        return states

    @property
    def _found(self) -> dict[Place, str]:
        """Its state at every place before any rollout touched it."""
        states: dict[Place, str] = {}
        for place, seat in self.seats.items():
            before = self.interrupted.state_before(self.host, place) if self.interrupted else None
            had_nothing = before == "disabled" and self.had is None
            states[place] = before if before and (seat.state != "enabled" or had_nothing) else seat.state
        return states

    @property
    def _wanted_back(self) -> dict[Place, str]:
        """The same on the way back. Without a release, beside others that have one, it serves nobody."""
        if self.version_before:
            return self.wanted
        states = self._found
        if self.released_elsewhere:
            states = {place: "disabled" if state == "enabled" else state for place, state in states.items()}
        return states

    @property
    def _keeps_its_first_release(self) -> bool:
        """Whether a repair leaves it what the interrupted rollout brought it."""
        first = self.aim.kind == "repair" and self.recorded is not None and self.had is None
        return first and not self._goes_back and not self.unhealthy

    @property
    def _goes_back(self) -> bool:
        """Whether a repair takes away the release that the interrupted rollout brought, or did not bring to its end."""
        if self.recorded is None or self.interrupted is None or not self.aim.application:
            return False
        on_target = self.version_now == self.interrupted.version
        return self.version_now != self.recorded.version and (not on_target or self.aim.rollback_all)

    def _first_release_at(self, place: Place) -> bool:
        """Whether it waited for this release: it had none, and has one of each application of the balancer afterwards.

        Where it serves other applications at that balancer already, it may be out by a person while the application is new to all instances.
        """
        others = [one["name"] for one in self._served_at(place) if one["name"] != self.aim.application]
        return (
            self.aim.kind == "deploy"
            and self.releases is not None
            and self.had is None
            and all(self.active.get(name) for name in others)
            and (self.released_elsewhere or not others)
        )

    def _served_at(self, place: Place) -> list[Result]:
        return [one for one in self.applications if one["balancer"] == place[1]]

    @property
    def had(self) -> str | None:
        """The release that it had before any rollout of this application touched it."""
        return self.recorded.version if self.recorded and self._same_application else self.version_now

    @property
    def waits_for(self) -> list[str]:
        """The applications without which it stays out of service, as it has no release of them."""
        out = [place for place, state in self.wanted.items() if state == "disabled"]
        after = {**self.active, self.aim.application: self.version_after}
        names = [one["name"] for place in out for one in self._served_at(place)]
        return [name for name in dict.fromkeys(names) if not after.get(name)] if self.releases is not None else []

    @property
    def left_out(self) -> bool:
        """Whether it is out of service and is not to stay so."""
        return any(self.seats[place].state != state for place, state in self.wanted.items())

    @property
    def stays_out(self) -> bool:
        """Whether a person took it out somewhere, which stays so."""
        return any(state != "enabled" for state in self.wanted.values())

    @property
    def ignored(self) -> str:
        """Where httpd gives it no requests though it is enabled, and why."""
        return ", ".join(
            f"{seat.why_not} at {httpd}:{balancer}"
            for (httpd, balancer), seat in self.seats.items()
            if seat.state == "enabled" and not seat.usable
        )

    @property
    def sick(self) -> str:
        """Why it does not serve though it should; httpd's word counts where it was not asked itself."""
        if "enabled" not in self.wanted.values():
            return ""
        if self.unhealthy is None and not any(seat.usable for seat in self.seats.values()):
            return self.ignored
        return self.unhealthy or ""

    @property
    def unfinished(self) -> bool:
        """Whether the interrupted rollout may have left it in the middle."""
        return self.recorded is not None and (self._out_of_place or self._unused or bool(self.sick))

    @property
    def _out_of_place(self) -> bool:
        """Whether it is out of service somewhere by an interrupted rollout."""
        return any(self.seats[place].state not in ("enabled", state) for place, state in self._found.items())

    @property
    def _unused(self) -> bool:
        """Whether its first release did not get as far as its users."""
        out = all(seat.state != "enabled" for seat in self.seats.values())
        return bool(self.aim.application and self.recorded and self.had is None and self.version_now) and out

    @property
    def version_now(self) -> str | None:
        """The release that is active."""
        return self.releases.active if self.releases else None

    @property
    def previous_version(self) -> str | None:
        """The release that was active before that."""
        return self.releases.previous if self.releases else None

    @property
    def _same_application(self) -> bool:
        return self.interrupted is not None and self.interrupted.application == self.aim.application

    @property
    def version_before(self) -> str | None:
        """What it goes back to if this rollout fails: the last release that is known to have been good here."""
        # What is about no application has switched no release.
        if self.aim.application and self.recorded and self.interrupted and self._same_application:
            same_release = self.version_now == self.interrupted.version == self.aim.version
            if self.aim.kind == "repair" or self.unfinished or same_release:
                return self.recorded.version
        return self.version_now

    @property
    def release_to_go_back_to(self) -> str | None:
        """What a rollback that names no release means here: what was before the interrupted rollout, if there was one."""
        if self.recorded is None or self.interrupted is None or not self._same_application:
            return self.previous_version
        of_the_rollout = self.version_now in (self.recorded.version, self.interrupted.version)
        return self.recorded.version if of_the_rollout else self.previous_version

    @property
    def version_after(self) -> str | None:
        """The release that it is to have at the end; none where a first release is taken back."""
        if self.aim.kind == "restart":
            return self.version_now
        return self.version_before if self.aim.kind == "repair" else self.aim.version

    @property
    def reason_to_skip(self) -> str:
        """Why there is nothing to do with it, or nothing."""
        if self.aim.kind == "restart" or self.left_out:
            return ""
        if self.aim.kind == "repair":
            return "" if self._to_repair else "in order" + (f", on {self.version_now}" if self.version_now else "")
        if self.version_now is None and self.aim.kind == "rollback":
            return f"no release of {self.aim.application}"
        if self.version_now != self.aim.version or self.sick:
            return ""
        return f"on {self.aim.version} already" + (", stays out of service" if self.stays_out else "")

    @property
    def _to_repair(self) -> bool:
        if self.recorded is None or self.interrupted is None:
            return False
        return self._goes_back or self._unused or bool(self.sick)

    @property
    def shown(self) -> dict[str, str]:
        """The release to have at the end of each way, in words; nothing where it is about no application."""
        ways = {"forward": self.version_after, "back": self.version_before}
        return {way: (version or "no release") if self.aim.application else "" for way, version in ways.items()}

    def record(self) -> dict[str, t.Any]:
        """What a repair must know of it, should this rollout die."""
        return {
            "version_before": self.version_before,
            "states": [
                {"httpd": httpd, "balancer": balancer, "state": state}
                for (httpd, balancer), state in self._found.items()
            ],
        }

    def _webapps(self, base_name: str, version: str | None, keep: int | None) -> Webapps:
        """What a restart switches, as rollout_instance takes it.

        A restart leaves one release of each application, also where it is about none.
        """
        if not self.aim.application:
            served = [one["base_name"] for one in self.applications if self.active.get(one["name"])]
            return [{"name": name, "state": "retired"} for name in served]
        # The first release of all failed: the instance goes back to serving nothing, as the others still do.
        if version is None:
            return [{"name": base_name, "state": "inactive"}]
        return [{"name": base_name, "state": "active", "version": version, **({"keep": keep} if keep else {})}]

    def as_dict(
        self,
        topology: Result,
        serves: t.Callable[[Place, Seat], bool],
        min_available: int,
        base_name: str,
        keep_releases: int,
        warm_up: t.Sequence[str],
    ) -> dict[str, t.Any]:
        """What the tasks look up of it, and what is shown of it.

        serves: whether it serves at a place now.
        min_available: how many usable members must remain where it does.
        base_name: of the application that the rollout is about.
        keep_releases: how many releases stay on the host. On the way back none is removed.
        warm_up: paths to ask on it before its users do.
        """
        wanted = self.wanted
        states = {
            way: [{"httpd": httpd, "balancer": balancer, "state": state} for (httpd, balancer), state in found.items()]
            for way, found in (("forward", wanted), ("back", self._wanted_back), ("now", wanted))
        }
        versions = {
            "forward": {**self.active, self.aim.application: self.version_after},
            "back": {**self.active, self.aim.application: self.version_before},
        }
        # On the way back nothing is kept for the sake of a member that must be mended. One that is done and well is not such a one.
        kept = {
            "forward": {place: min_available if serves(place, seat) else 0 for place, seat in self.seats.items()},
            "back": dict.fromkeys(self.seats, 0),
            "in_service": {place: min_available if wanted[place] == "enabled" else 0 for place in self.seats},
        }
        return {
            "machine": self.instance["machine"],
            "version_now": self.version_now,
            "version_before": self.version_before,
            "version_after": self.version_after,
            "shown": self.shown,
            "states": states["forward"],
            "webapps": {
                "forward": self._webapps(base_name, self.version_after, keep_releases),
                "back": self._webapps(base_name, self.version_before, None),
            },
            "drain": {way: machines.drain(topology, self.instance, of_way) for way, of_way in kept.items()},
            "enable": {
                way: machines.enable(topology, self.instance, states[way], self.applications, known, self.remembered)
                for way, known in {**versions, "now": self.active}.items()
            },
            "health": {
                way: checks.on_the_member(
                    self.applications, known, self.aim.application, self.instance["connect_url_base"], self.remembered
                )
                for way, known in versions.items()
            },
            "warm_up": {
                way: checks.to_warm_up(warm_up, topology["applications"], known, self.instance["connect_url_base"])
                for way, known in versions.items()
            },
            "serves": not self.left_out and any(serves(place, seat) for place, seat in self.seats.items()),
            "out_by": self.interrupted.id if self.interrupted and self._out_of_place else None,
            "left_by_person": self.stays_out,
        }


def judge(
    instances: t.Iterable[Result], topology: Result, facts: Facts, interrupted: Interrupted | None, aim: Aim
) -> list[PlannedMember]:
    """Bring together what is known of each instance."""
    members: list[PlannedMember] = []
    for instance in instances:
        host = instance["inventory_host"]
        seats = {}
        for described in topology["balancers"]:
            for balancer in instance["balancers"]:
                place = (described["inventory_host"], balancer)
                for seat in facts.seats.get(place, ()):
                    if seat.host == host:
                        seats[place] = seat
        releases = facts.releases.get(host)
        # Without a release there is nothing that could answer.
        empty = releases is not None and releases.active is None and aim.application
        unhealthy = None if empty else facts.health.get(host)
        active = facts.active.get(host, {})
        remembered = facts.remembered.get(host, {})
        served = [one for one in topology["applications"] if host in one["instances"]]
        members.append(
            PlannedMember(instance, aim, seats, releases, unhealthy, interrupted, active, remembered, served)
        )
    released = any(member.had for member in members)
    return [replace(member, released_elsewhere=released) for member in members]
