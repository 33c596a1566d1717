# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the preflight of a rollout read, made of the results of its tasks.

A result may have failed, its host may have been out of reach: that is found here, and becomes one line that names
the host. What is left is plain facts: members at their places, releases, health, and the record of a rollout that
was interrupted.
"""

# Private to this collection.

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field, replace

from ansible_collections.roundrobin.tomcat.plugins.module_utils._stores.redis import down_message

from .checks import Remembered
from .findings import Findings
from .words import Place, Result, listed, why_failed


@dataclass(frozen=True)
class Seat:
    """A member as one balancer on one httpd has it; host is its inventory host, or its URL if the inventory has none."""

    host: str
    state: str
    usable: bool
    standby: bool
    why_not: str

    @classmethod
    def of(cls, member: Result, host: str) -> Seat:
        """Read a member as httpd_balancer_info returns it."""
        faults = [
            word
            for word, shown in (
                (member["state"], member["state"] != "enabled"),
                ("in error", member.get("in_error")),
                ("failed httpd's health check", member.get("health_check_failed")),
            )
            if shown
        ]
        usable = bool(member["usable"])
        why_not = "" if usable else ", ".join(faults) or f"httpd says {member.get('status')}"
        return cls(host, str(member["state"]), usable, bool(member.get("standby")), why_not)


@dataclass(frozen=True)
class Releases:
    """The releases of the application on one instance; staged has the reason for those that cannot be used."""

    active: str | None
    previous: str | None
    staged: t.Mapping[str, str | None]
    # What is served beside the active one, to those who began on it.
    older: t.Sequence[str] = ()


@dataclass(frozen=True)
class RecordedMember:
    """An instance before the interrupted rollout."""

    version: str | None
    states: t.Mapping[Place, str]


@dataclass(frozen=True)
class Interrupted:
    """The record of a rollout that did not come to its end."""

    id: str
    kind: str
    application: str
    version: str
    policy: str
    by: str
    started_at: str
    # The id of the rollout that it took over itself.
    took_over: str
    members: t.Mapping[str, RecordedMember]
    file: Result
    # The states that rollouts on other records found, by host: whom they left out is put back too.
    also: t.Mapping[str, t.Mapping[Place, str]] = field(default_factory=dict)

    @classmethod
    def of(cls, file: Result) -> Interrupted:
        """Read the lock file that was taken over. Its record's members are a plan's members."""
        record = file.get("record") or {}
        holder = file.get("holder") or {}
        members = {
            host: RecordedMember(
                member.get("version_before"),
                {(state["httpd"], state["balancer"]): state["state"] for state in member.get("states") or ()},
            )
            for host, member in (record.get("members") or {}).items()
        }
        return cls(
            id=file.get("id") or "?",
            kind=record.get("kind") or "?",
            application=record.get("application") or "",
            version=record.get("version") or "",
            policy=record.get("policy") or "",
            by=holder.get("by") or "?",
            started_at=file.get("started_at") or "?",
            took_over=record.get("took_over") or "",
            members=members,
            file=file,
        )

    def knows(self, host: str) -> bool:
        """Whether the host was part of it, or of a rollout on another record."""
        return host in self.members or host in self.also

    def state_before(self, host: str, place: Place) -> str | None:
        """The state of a member before the rollout; None where no record has it."""
        recorded = self.members.get(host)
        if recorded and place in recorded.states:
            return recorded.states[place]
        return self.also.get(host, {}).get(place)

    @property
    def called(self) -> str:
        """What a person knows it by."""
        what = " ".join(word for word in (self.application, self.version) if word)
        return f"rollout {self.id} ({self.kind}{' of ' + what if what else ''}, begun {self.started_at} by {self.by})"


@dataclass(frozen=True)
class Facts:
    """All that was read."""

    seats: t.Mapping[Place, t.Sequence[Seat]]
    releases: t.Mapping[str, Releases]
    # Why an instance is not healthy, empty for a healthy one. One that was not asked is not in it.
    health: t.Mapping[str, str]
    # The active release of each application, by instance and application.
    active: t.Mapping[str, t.Mapping[str, t.Optional[str]]]
    # How each release of each application was asked when it was healthy, by instance.
    remembered: t.Mapping[str, Remembered]


# What an instance is asked, by the name of the answers in the readings.
OF_INSTANCES = ("releases", "staging", "health", "stores", "redis", "sessions", "managers")


def by_kind(readings: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Sort the answers of rollout_read, which come by host, into one mapping by host for each kind of them."""
    found: dict[str, dict[str, Result]] = {kind: {} for kind in OF_INSTANCES}
    for host, result in readings.get("hosts", {}).items():
        # Of a host that was out of reach all is missing, and for the same reason.
        failed = result if result.get("unreachable") or result.get("failed") else None
        for kind in OF_INSTANCES if failed else result["answers"]:
            found[kind][host] = failed or result["answers"][kind]
    return {**{kind: results for kind, results in found.items() if results}, **readings}


def read(
    readings: t.Mapping[str, t.Any],
    topology: Result,
    base_name: str,
    hosts: t.Sequence[str],
    findings: Findings,
    *,
    managers_wanted: bool,
) -> Facts:
    """Turn the results of the preflight's tasks into facts.

    managers_wanted: whether Tomcat's own managers are needed, so that one that does not answer is a problem.
    """

    def of_hosts(kind: str) -> dict[str, Result]:
        results = readings.get(kind) or {}
        return {host: results[host] for host in hosts if host in results}

    seats = _seats(readings.get("balancers") or (), topology, findings)
    _obedience(readings["balancers"], topology, findings)
    releases = {
        host: _releases(result, base_name)
        for host, result in of_hosts("releases").items()
        if _answered(result, host, findings)
    }
    for host, result in of_hosts("staging").items():
        _answered(result, host, findings)
    _stores(of_hosts("stores"), topology, findings)
    read_redis(of_hosts("redis"), findings)
    _not_stored(of_hosts("sessions"), findings)
    health = _health(of_hosts("health"), findings)
    for host, result in of_hosts("managers").items():
        if managers_wanted:
            _answered(result, host, findings, "Tomcat's own manager does not answer, which this strategy needs: ")
        # Tomcat serves something else than it should where a run died between the two.
        if result.get("problems"):
            health[host] = "; ".join(filter(None, [health.get(host), *result["problems"]]))
    active = {host: _active(result, topology) for host, result in of_hosts("releases").items() if host in releases}
    remembered = {
        host: _remembered(result, topology) for host, result in of_hosts("releases").items() if host in releases
    }
    return Facts(seats, releases, health, active, remembered)


def _answered(result: Result, host: str, findings: Findings, about: str = "") -> bool:
    """Whether a task got its answer; if not, why becomes a problem. A skipped task has none, and nothing is wrong."""
    if result.get("unreachable"):
        findings.unreachable(host, why_failed(result))
    elif result.get("failed"):
        findings.problems.add(about + why_failed(result), host)
    else:
        return not result.get("skipped")
    return False


def answers(results: t.Iterable[Result], findings: Findings) -> list[Result]:
    """Of the results of a loop over the httpd hosts, those with an answer."""
    return [result for result in results if _answered(result, result["item"]["inventory_host"], findings)]


def read_locks(results: t.Iterable[Result], chosen: str, findings: Findings) -> Interrupted | None:
    """The record to take over. Of different ones it is the one that took over the others, or the one that a person chose.

    A rollout that ended by the history of one httpd has ended: another one that could not be reached then has its record still.
    chosen: rolling_deploy_take_over. Which record is the newer one is not asked of the clocks of two hosts.
    """
    results = list(results)
    ended = {rollout for result in results for rollout in result.get("ended") or ()}
    records: dict[str, Interrupted] = {}
    holders: dict[str, list[str]] = {}
    for result in results:
        httpd = result["item"]["inventory_host"]
        if _answered(result, httpd, findings) and result.get("taken_over"):
            found = Interrupted.of(result["taken_over"])
            if found.id in ended:
                findings.warnings.add(
                    f"still has the record of {found.called}, which has ended. The next rollout replaces it.", httpd
                )
                continue
            records.setdefault(found.id, found)
            holders.setdefault(found.id, []).append(httpd)
    last = [one for one in records.values() if one.id not in {other.took_over for other in records.values()}]
    if chosen in records:
        last = [records[chosen]]
    if len(last) > 1:
        for one in last:
            findings.problems.add(f"has the record of {one.called}.", *holders[one.id])
        findings.problems.add(
            "The httpd hosts have records of different rollouts, and none of these took over the other. "
            f"Say which one is to be finished or repaired: -e rolling_deploy_take_over={last[0].id}"
        )
        return None
    others = [one for one in records.values() if one not in last]
    also: dict[str, dict[Place, str]] = {}
    for one in others:
        findings.warnings.add(
            f"has the record of {one.called} too: whom it left out is put back, its releases stay as they are.",
            *holders[one.id],
        )
        for host, member in one.members.items():
            also.setdefault(host, {}).update(member.states)
    return replace(last[0], also=also) if last else None


def _seats(results: t.Iterable[Result], topology: Result, findings: Findings) -> dict[Place, list[Seat]]:
    hosts = {instance["worker"]: instance["inventory_host"] for instance in topology["instances"]}
    seats: dict[Place, list[Seat]] = {}
    asked = set()
    for result in results:
        httpd = result["item"]["inventory_host"]
        asked.add(httpd)
        if not _answered(result, httpd, findings):
            continue
        for balancer in result["balancers"]:
            seats[httpd, balancer["name"]] = [
                Seat.of(member, hosts.get(member["worker"], member["worker"])) for member in balancer["members"]
            ]
    for described in topology["balancers"]:
        if described["inventory_host"] not in asked:
            findings.problems.add("its balancers were not read.", described["inventory_host"])
    return seats


def check_members(topology: Result, balancers: t.Iterable[str], facts: Facts, findings: Findings) -> None:
    """Every balancer that was read must have its members."""
    readable = {httpd for httpd, _balancer in facts.seats}
    for httpd in (described["inventory_host"] for described in topology["balancers"]):
        for balancer in balancers if httpd in readable else ():
            there = [seat.host for seat in facts.seats.get((httpd, balancer), ())]
            for instance in topology["instances"]:
                if balancer in instance["balancers"] and instance["inventory_host"] not in there:
                    findings.problems.add(
                        f"balancer {balancer} has no member {instance['inventory_host']} ({instance['worker']}); it has "
                        f"{listed(there)}. Run site.yml first.",
                        httpd,
                    )


def _obedience(results: t.Iterable[Result], topology: Result, findings: Findings) -> None:
    """Whether every httpd would follow a change of the balancers that are the inventory's."""
    ours = {application["balancer"] for application in topology["applications"]}
    for result in results:
        for balancer, refusal in (result.get("refusals") or {}).items():
            if refusal and balancer in ours:
                findings.problems.add(
                    f"the manager does not obey for balancer {balancer}: {refusal}", result["item"]["inventory_host"]
                )


def _releases(result: Result, base_name: str) -> Releases:
    entry = result["applications"].get(base_name) or {}
    staged = {release["version"]: release.get("problem") for release in entry.get("releases") or ()}
    older = tuple(context["version"] for context in (entry.get("contexts") or ())[:-1])
    return Releases(entry.get("active_version"), entry.get("previous_version"), staged, older)


def _active(result: Result, topology: Result) -> dict[str, t.Optional[str]]:
    entries = result["applications"]
    return {
        one["name"]: (entries.get(one["base_name"]) or {}).get("active_version") for one in topology["applications"]
    }


def _remembered(result: Result, topology: Result) -> Remembered:
    entries = result["applications"]
    return {
        one["name"]: {
            release["version"]: release["health"]
            for release in (entries.get(one["base_name"]) or {}).get("releases") or ()
            if release.get("health")
        }
        for one in topology["applications"]
    }


def _health(results: t.Mapping[str, Result], findings: Findings) -> dict[str, str]:
    """What each instance answered, for one application or, from a loop, for several.

    A bad answer is no problem yet: the rollout may be what mends it.
    """
    health: dict[str, str] = {}
    for host, result in results.items():
        asked = [one for one in result.get("results") or [result] if not one.get("skipped")]
        for one in asked:
            if one.get("unreachable"):
                findings.unreachable(host, why_failed(one))
        bad = [one for one in asked if one.get("failed") and not one.get("unreachable")]
        several = len(asked) > 1
        if asked:
            health[host] = "; ".join((f"{one['item']['name']}: " if several else "") + why_failed(one) for one in bad)
    return health


def _stores(results: t.Mapping[str, Result], topology: Result, findings: Findings) -> None:
    nodes = topology["memcached_nodes"]
    if topology["session_store"] == "none":
        findings.warnings.add(
            "tomcat_instance_session_store is none: whoever has a session on a member loses it when that member is taken out."
        )
    if topology["session_store"] == "memcached" and len(nodes) == 1:
        findings.warnings.add(
            f"{nodes[0]['host']}:{nodes[0]['port']} is the only memcached node: every session is lost with it."
        )
    evictions: dict[str, int] = {}
    for host, result in results.items():
        for node in result["nodes"] if _answered(result, host, findings) else ():
            name = f"{node['host']}:{node['port']}"
            if not node["up"]:
                findings.problems.add(f"memcached {name} does not answer: {node['reason']}", host)
            elif node["evictions"]:
                evictions[name] = max(evictions.get(name, 0), node["evictions"])
    for name, count in evictions.items():
        findings.warnings.add(f"memcached {name} threw {count} items away for want of memory, sessions among them.")


def read_redis(results: t.Mapping[str, Result], findings: Findings) -> None:
    """Of sentinels and of a cluster some may be down; where none answers, no session can be had."""
    evicting: set[str] = set()
    for host, result in results.items():
        servers = result["servers"] if _answered(result, host, findings) else []
        down = down_message(servers)
        if down and not any(server["up"] for server in servers):
            findings.problems.add(down, host)
        evicting.update(server["server"] for server in servers if server["evictions"])
    for name in sorted(evicting):
        findings.warnings.add(f"{name} threw keys away for want of memory, sessions among them.")


def _not_stored(results: t.Mapping[str, Result], findings: Findings) -> None:
    """Sessions that end with their Tomcat, whatever the store is."""
    for host, result in results.items():
        for context in result["contexts"] if _answered(result, host, findings) else ():
            counts = (
                (context["sessions"], "could not be stored"),
                (context["incomplete"], "could be stored in part only"),
            )
            lost = [f"{count} session{'s' * (count > 1)} {why}" for count, why in counts if count]
            if lost and context["largest_bytes"]:
                lost[0] += f" (the largest has {context['largest_bytes'] / 10**6:.1f} MB)"
            if lost:
                findings.warnings.add(
                    f"{context['name']}: {' and '.join(lost)}. What is not stored is lost when this Tomcat stops; its log says which "
                    "sessions, and why.",
                    host,
                )
            if context["refused"]:
                findings.warnings.add(
                    f"{context['name']}: something in the session store was not read, {context['refused']} times: "
                    "tomcat_instance_serial_filter refuses its class. Tomcat's log says which class and session. If no application of yours "
                    "stored it, somebody else writes to the store.",
                    host,
                )
