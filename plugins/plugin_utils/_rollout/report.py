# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report of a rollout, made from its journal alone: who was out when and for how long, and what became of it.

Its shape is docs/rollout_report.schema.json. Whoever changes the shape raises SCHEMA.
"""

# Private to this collection.

from __future__ import annotations

import typing as t
from dataclasses import dataclass
from datetime import datetime

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError

from .journal import LASTING

SCHEMA = 1

Event = t.Mapping[str, t.Any]
Json = dict[str, t.Any]


def report(journal: t.Sequence[Event]) -> Json:
    """Derive the report from the events of the journal."""
    if not journal:
        raise CollectionError("the journal is empty; the event that starts a rollout is expected in it")
    events = _timed(journal)
    end = events[-1]["offset"]
    started = _of_rollout(events, "started")
    finished = _of_rollout(events, "finished")
    facts = {**(finished or {}), **(started or {})}
    plan = facts.get("plan") or {}
    batches = _batches(events, plan, end)
    members = [_given_up(_member(name, events, plan, batches, end), finished or {}) for name in _names(events, plan)]
    return {
        "schema": SCHEMA,
        "id": facts.get("id"),
        "kind": facts.get("kind"),
        "application": facts.get("application"),
        "version": facts.get("version"),
        "strategy": facts.get("strategy"),
        "policy": facts.get("policy"),
        "by": facts.get("by"),
        "result": finished.get("result", "failed") if finished else "interrupted",
        "reason": finished.get("reason") if finished else None,
        "took_over": (plan.get("interrupted") or {}).get("id"),
        "started_at": events[0]["at"],
        "ended_at": events[-1]["at"] if finished else None,
        "last_event_at": events[-1]["at"],
        "seconds": end,
        "most_out_at_once": _most_at_once(span for member in members for span in member["out"]),
        "warnings": list(plan.get("warnings") or ()),
        "batches": batches,
        "members": members,
        "events": [
            {key: event[key] for key in _TOLD}
            for event in events
            # The plan is the report's own batches and members.
            if event["type"] != "rollout"
        ],
    }


_TOLD = ("at", "offset", "type", "host", "phase", "direction", "text", "data")


def _timed(events: t.Sequence[Event]) -> list[Event]:
    """Add to each event its seconds since the first, and bring them into the order of these.

    Phases that a call went through are written when it ends, each with the time at which it began. So a host's events
    may stand behind later ones of another host, but never before its batch.
    While a clock that was set back catches up, time stands still.
    """
    start = _moment(events[0])
    timed: list[Event] = []
    # The last offset of each host, and of what all hosts have in common; that is written at once.
    last: dict[str | None, float] = {None: 0.0}
    for event in events:
        host = event["host"]
        before = max(last.values()) if host is None else max(last[None], last.get(host, 0.0))
        last[host] = max(before, _rounded((_moment(event) - start).total_seconds()))
        timed.append({**event, "offset": last[host]})
    return sorted(timed, key=_offset)


def _offset(event: Event) -> float:
    return float(event["offset"])


def _moment(event: Event) -> datetime:
    return datetime.fromisoformat(event["at"].replace("Z", "+00:00"))


def _of_rollout(events: t.Sequence[Event], what: str) -> t.Mapping[str, t.Any] | None:
    for event in events:
        if event["type"] == "rollout" and event["data"].get("event") == what:
            data: t.Mapping[str, t.Any] = event["data"]
            return data
    return None


def _names(events: t.Sequence[Event], plan: t.Mapping[str, t.Any]) -> list[str]:
    """Every host, in the order of the plan."""
    known = [*(plan.get("order") or ()), *(plan.get("members") or ()), *(plan.get("skipped") or ())]
    return list(dict.fromkeys([*known, *(event["host"] for event in events if event["type"] == "phase")]))


def _batches(events: t.Sequence[Event], plan: t.Mapping[str, t.Any], end: float) -> list[Json]:
    """The batches that were begun. A batch lasts until the last event of its members before the next one begins."""
    begun = [event for event in events if event["type"] == "batch"]
    stays_up = plan.get("stays_up") or []
    batches = []
    for index, event in enumerate(begun):
        hosts = list(event["data"].get("hosts") or ())
        next_one = begun[index + 1]["offset"] if index + 1 < len(begun) else end
        own = [other["offset"] for other in events if other["host"] in hosts and other["offset"] <= next_one]
        batches.append(
            {
                "batch": index + 1,
                "hosts": hosts,
                "direction": event["direction"],
                "at": event["at"],
                "offset": event["offset"],
                "seconds": _rounded(max([event["offset"], *own]) - event["offset"]),
                "stays_up": list(stays_up[index]) if index < len(stays_up) and event["direction"] == "forward" else [],
            }
        )
    return batches


# One member -----------------------------------------------------------------


@dataclass
class _Step:
    """A phase event of a host and when the next one came; nothing where there is none."""

    event: Event
    next: Event | None

    @property
    def phase(self) -> str:
        return str(self.event["phase"])

    @property
    def direction(self) -> str:
        return str(self.event["direction"])

    @property
    def seconds(self) -> float | None:
        """How long it lasted; None for what does not last, and for what was going on when the journal ended."""
        if self.phase not in LASTING or self.next is None:
            return None
        return _rounded(self.next["offset"] - self.event["offset"])


def _member(
    name: str, events: t.Sequence[Event], plan: t.Mapping[str, t.Any], batches: t.Sequence[Json], end: float
) -> Json:
    own = [event for event in events if event["type"] == "phase" and event["host"] == name]
    steps = [_Step(event, following) for event, following in zip(own, [*own[1:], None])]
    planned = (plan.get("members") or {}).get(name) or {}
    skipped = (plan.get("skipped") or {}).get(name)
    left_by_person = bool(planned.get("left_by_person"))
    # Who was out before and stays out is not made to miss anything.
    out = [] if left_by_person else _out(steps)
    return {
        "host": name,
        "machine": planned.get("machine"),
        "batch": next((batch["batch"] for batch in batches if name in batch["hosts"]), None),
        "from": planned.get("version_now"),
        "to": planned.get("version_after"),
        "result": _result(steps, skipped),
        "reason": _reason(steps, skipped),
        "left_by_person": left_by_person,
        "out": out,
        "out_seconds": _rounded(sum(end - span["offset"] if span["to"] is None else span["seconds"] for span in out)),
        "durations": _durations(steps),
        "phases": [
            {
                "phase": step.phase,
                "direction": step.direction,
                "at": step.event["at"],
                "offset": step.event["offset"],
                "seconds": step.seconds,
                "text": step.event["text"],
            }
            for step in steps
        ],
        "failures": _failures(steps),
    }


def _given_up(member: Json, finished: Event) -> Json:
    """A member that Ansible gave up has no last event of its own: what became of it is in that of the rollout."""
    why = (finished.get("failures") or {}).get(member["host"])
    if member["result"] != "interrupted" or not why:
        return member
    reason = f"{why['task']}: {why['reason']}"
    return {**member, "result": finished["by_host"][member["host"]], "reason": reason}


def _result(steps: t.Sequence[_Step], skipped: str | None) -> str:
    reached = _before_retirement(steps)
    if not reached:
        return "untouched" if skipped is None else "skipped"
    last = reached[-1]
    if last.phase == "done":
        return "rolled_back" if last.direction == "back" else "done"
    return "interrupted" if last.phase in LASTING else last.phase


def _before_retirement(steps: t.Sequence[_Step]) -> t.Sequence[_Step]:
    """What is retired is the release before, after the member is done: whatever comes of it, the member is."""
    retirement = [index for index, step in enumerate(steps) if step.phase == "retire"]
    return steps[: retirement[0]] if retirement else steps


def _reason(steps: t.Sequence[_Step], skipped: str | None) -> str | None:
    if not steps:
        return skipped
    last = steps[-1]
    if last.phase in LASTING and last.phase != "retire":
        return f"nothing is known after its phase {last.phase}"
    return str(last.event["text"]) if last.phase in ("failed", "skipped", "left_out") else None


def _out(steps: t.Sequence[_Step]) -> list[Json]:
    """When httpd gave it no new users: from the beginning of a drain to the end of an enable that did not fail."""
    spans: list[Json] = []
    begun: _Step | None = None
    for step in steps:
        if step.phase == "drain" and begun is None:
            begun = step
        elif step.phase == "enable" and begun and step.next is not None and step.next["phase"] not in _NOT_ENABLED:
            spans.append(_span(begun.event, step.next))
            begun = None
    if begun:
        spans.append(_span(begun.event, None))
    return spans


_NOT_ENABLED = ("failed", "left_out")


def _span(begun: Event, ended: Event | None) -> Json:
    return {
        "from": begun["at"],
        "to": ended["at"] if ended else None,
        "offset": begun["offset"],
        "seconds": _rounded(ended["offset"] - begun["offset"]) if ended else None,
    }


def _durations(steps: t.Sequence[_Step]) -> dict[str, float]:
    """Seconds per phase, both ways together, in the order of the phases."""
    sums: dict[str, float] = {}
    for phase in LASTING:
        seconds = [step.seconds for step in steps if step.phase == phase and step.seconds is not None]
        if seconds:
            sums[phase] = _rounded(sum(seconds))
    return sums


def _failures(steps: t.Sequence[_Step]) -> list[Json]:
    failures = []
    during: _Step | None = None
    for step in steps:
        data = step.event["data"]
        # A member is left out because the way back failed too, or because the policy says so.
        if step.phase == "failed" or (step.phase == "left_out" and data.get("reason")):
            failures.append(
                {
                    "at": step.event["at"],
                    "offset": step.event["offset"],
                    "phase": during.phase if during else None,
                    "direction": step.direction,
                    "task": data.get("task"),
                    "reason": data.get("reason") or step.event["text"],
                    "log_lines": list(data.get("log_lines") or ()),
                }
            )
        elif step.phase in LASTING:
            during = step
    return failures


def _most_at_once(spans: t.Iterator[Json]) -> int:
    changes = []
    for span in spans:
        changes.append((span["offset"], 1))
        if span["to"] is not None:
            changes.append((span["offset"] + span["seconds"], -1))
    most = now = 0
    # At the same moment who comes back does so first.
    for _moment_of_change, change in sorted(changes):
        now += change
        most = max(most, now)
    return most


def _rounded(seconds: float) -> float:
    return round(seconds, 3)
