# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The probe's bookkeeping: a stream of answers in, verdicts and a report out. Knows neither Locust nor the network."""

from __future__ import annotations

import json
import math
import typing as t
from collections import Counter
from dataclasses import dataclass, field

OK = "ok"
FAILED = "failed"
LOST = "lost"
REGRESSED = "regressed"

#: Its duration is asked for by the probe itself, so it says nothing in the overall latencies.
DELIBERATELY_SLOW = "slow"
#: A dead server under load fails thousands of times in the same way; the counts stay exact, the list stays readable.
EVENTS_KEPT = 5000
BODY_HEAD = 200
#: Of each cause, in the summary.
EVENTS_SHOWN = 3


def session_route(session_id: str) -> str:
    """The jvmRoute: what stands after the last dot ("5A3F-n1.jvm1" is "jvm1")."""
    return session_id.rpartition(".")[2] if "." in session_id else ""


def session_base(session_id: str) -> str:
    """What stays the same for a session's life: neither the jvmRoute nor memcached's node ("-n1") belongs to it."""
    return session_id.partition(".")[0].partition("-")[0]


def parse_fields(body: str) -> dict[str, t.Any] | None:
    """The answer of the sample application (one JSON object), or None for anything else."""
    try:
        fields = json.loads(body)
    except ValueError:
        return None
    return fields if isinstance(fields, dict) else None


@dataclass(frozen=True)
class Answer:
    """One request and what came of it."""

    at: float  #: seconds since the start of the run, when the answer was complete (or had failed)
    ms: float
    user: str
    kind: str  #: login, page, counter, slow, upload, static
    request: str  #: "POST /counter"
    status: int = 0  #: 0 = no answer
    body: str = ""
    location: str = ""
    session_before: str = ""  #: the session cookie the request was sent with
    session_after: str = ""  #: the session cookie the user holds now
    error: str = ""  #: why there is no answer: closed, closed_reused, no_connection, timeout, truncated, other
    detail: str = ""  #: the error's own words
    address: str = ""  #: where the request was sent, if not to the URL's host
    expected: t.Mapping[str, t.Any] = field(default_factory=dict)  #: fields the answer must carry with these values


@dataclass
class _Session:
    """What one user knows about the own session."""

    logged_in: bool = False
    base: str = ""
    acknowledged: int = 0  #: the last counter value this user was answered
    unacknowledged: int = 0  #: counter requests since then that failed: the server may have counted them or not
    counted: bool = False  #: at least one counter answer in this session
    instance: str = ""


@dataclass
class _Second:
    """One second of the timeline."""

    requests: int = 0
    failed: int = 0
    closed_reused: int = 0
    lost: int = 0
    regressed: int = 0
    moves: int = 0
    max_ms: float = 0.0
    instances: Counter[str] = field(default_factory=Counter)
    versions: Counter[str] = field(default_factory=Counter)


@dataclass
class _Seen:
    """One version on one instance."""

    requests: int
    first_s: float
    last_s: float


class Ledger:
    """Judges every answer on its own line: requests = ok + failed + lost + regressed."""

    def __init__(self) -> None:
        self.totals: Counter[str] = Counter()
        self.failed_by: Counter[str] = Counter()
        self.events: list[dict[str, t.Any]] = []
        self._sessions: dict[str, _Session] = {}
        self._timeline: dict[int, _Second] = {}
        self._versions: dict[tuple[str, str], _Seen] = {}
        self._ms: dict[str, list[float]] = {}

    @property
    def requests(self) -> int:
        return self.totals["requests"]

    def logged_in(self, user: str) -> bool:
        return self._session(user).logged_in

    def ready_users(self) -> int:
        """Users that are logged in and have had a counter answer."""
        return sum(session.counted for session in self._sessions.values())

    def record(self, answer: Answer) -> str:
        """Judge one answer and write it down."""
        session = self._session(answer.user)
        fields = parse_fields(answer.body) or {}
        verdict, reason = self._judge(answer, fields, session)
        second = self._timeline.setdefault(int(answer.at), _Second())
        self._count(answer, verdict, second)
        self._see(answer, fields, session, second)
        self._settle(answer, fields, verdict, session)
        if verdict != OK:
            self._note(answer, fields, verdict, reason)
        return verdict

    def _session(self, user: str) -> _Session:
        return self._sessions.setdefault(user, _Session())

    def _judge(self, answer: Answer, fields: t.Mapping[str, t.Any], session: _Session) -> tuple[str, str]:
        if answer.error:
            return FAILED, f"{answer.error}: {answer.detail}"
        if answer.kind == "login":
            return _judge_login(answer)
        if session.logged_in and _is_login_demand(answer):
            return LOST, f"asked to log in again (status {answer.status})"
        if answer.status != 200:
            return FAILED, f"status {answer.status}"
        if session.logged_in and answer.session_after and session_base(answer.session_after) != session.base:
            return LOST, f"the session id changed from {session.base} to {session_base(answer.session_after)}"
        if answer.kind == "page":
            return (OK, "") if answer.user in answer.body else (LOST, "the page does not know the user any more")
        wrong = [
            f"{name}={fields.get(name)!r} instead of {value!r}"
            for name, value in answer.expected.items()
            if fields.get(name) != value
        ]
        if wrong:
            return FAILED, "wrong answer: " + ", ".join(wrong)
        if answer.kind == "counter":
            return _judge_counter(answer, fields, session)
        return OK, ""

    def _count(self, answer: Answer, verdict: str, second: _Second) -> None:
        self.totals["requests"] += 1
        self.totals[verdict] += 1
        second.requests += 1
        second.max_ms = max(second.max_ms, answer.ms)
        if verdict == FAILED:
            second.failed += 1
            self.failed_by[_cause(answer)] += 1
        elif verdict == LOST:
            second.lost += 1
        elif verdict == REGRESSED:
            second.regressed += 1
        if answer.error == "closed_reused":
            self.totals["closed_reused"] += 1
            second.closed_reused += 1
        if not answer.error:
            self._ms.setdefault(answer.kind, []).append(answer.ms)

    def _see(self, answer: Answer, fields: t.Mapping[str, t.Any], session: _Session, second: _Second) -> None:
        """Who answered, and with which version."""
        instance = _served_by(answer, fields)
        if not instance:
            return
        second.instances[instance] += 1
        if session.instance and session.instance != instance:
            self.totals["moves"] += 1
            second.moves += 1
        session.instance = instance
        version = fields.get("version")
        if version is not None:
            second.versions[str(version)] += 1
            seen = self._versions.setdefault((instance, str(version)), _Seen(0, answer.at, answer.at))
            seen.requests += 1
            seen.last_s = answer.at

    def _settle(self, answer: Answer, fields: t.Mapping[str, t.Any], verdict: str, session: _Session) -> None:
        """What the user knows after this answer."""
        if verdict == LOST:
            # One loss is one loss: the user logs in again and counts anew.
            self._sessions[answer.user] = _Session(instance=session.instance)
        elif answer.kind == "login" and verdict == OK:
            self.totals["sessions"] += 1
            self._sessions[answer.user] = _Session(
                logged_in=True, base=session_base(answer.session_after), instance=session.instance
            )
        elif answer.kind == "counter" and verdict == FAILED:
            session.unacknowledged += 1
        elif answer.kind == "counter":
            value = _counter(fields)
            if session.counted:
                # More steps than requests: something on the way has sent a request twice. Of a session's first
                # value nothing follows: a login after a loss may go on with the session the loss has left behind.
                self.totals["repeated"] += max(0, value - session.acknowledged - 1 - session.unacknowledged)
            self.totals["counted"] += 1
            session.acknowledged, session.unacknowledged, session.counted = value, 0, True

    def _note(self, answer: Answer, fields: t.Mapping[str, t.Any], verdict: str, reason: str) -> None:
        if len(self.events) == EVENTS_KEPT:
            self.totals["events_dropped"] += 1
            return
        self.events.append(
            {
                "at": round(answer.at, 3),
                "ms": round(answer.ms, 1),
                "verdict": verdict,
                "cause": _cause(answer) if verdict == FAILED else verdict,
                "reason": reason,
                "user": answer.user,
                "request": answer.request,
                "status": answer.status,
                "address": answer.address,
                "instance": _served_by(answer, fields),
                "route_sent": session_route(answer.session_before),
                "session_before": answer.session_before,
                "session_after": answer.session_after,
                "body": answer.body[:BODY_HEAD],
            }
        )

    def report(self) -> dict[str, t.Any]:
        """Everything counted, ready for JSON."""
        names = (
            "requests",
            "ok",
            "failed",
            "closed_reused",
            "sessions",
            "lost",
            "regressed",
            "repeated",
            "moves",
            "counted",
        )
        return {
            "totals": {name: self.totals[name] for name in names},
            "failed_by": dict(self.failed_by.most_common()),
            "latency_ms": latencies(
                [ms for kind, values in self._ms.items() if kind != DELIBERATELY_SLOW for ms in values]
            ),
            "latency_ms_by_kind": {kind: latencies(values) for kind, values in sorted(self._ms.items())},
            "versions": [
                {
                    "instance": instance,
                    "version": version,
                    "requests": seen.requests,
                    "first_s": round(seen.first_s, 3),
                    "last_s": round(seen.last_s, 3),
                }
                for (instance, version), seen in sorted(self._versions.items())
            ],
            "timeline": [{"t": at, **vars(second)} for at, second in sorted(self._timeline.items())],
            "events": self.events,
            "events_dropped": self.totals["events_dropped"],
        }


def _cause(answer: Answer) -> str:
    """One word for a failure, to count alike ones together."""
    return answer.error or ("wrong_answer" if answer.status == 200 else f"status_{answer.status}")


def _counter(fields: t.Mapping[str, t.Any]) -> int:
    value = fields.get("counter")
    return value if isinstance(value, int) else 0


def _served_by(answer: Answer, fields: t.Mapping[str, t.Any]) -> str:
    """Only what an answer itself says; a page or a closed connection says nothing for sure."""
    if not fields:
        return ""
    return str(fields.get("instance") or session_route(answer.session_after))


def _is_login_demand(answer: Answer) -> bool:
    return answer.status == 401 or (answer.status in (302, 303, 307) and "/login" in answer.location)


def _judge_login(answer: Answer) -> tuple[str, str]:
    if answer.status not in (302, 303) or "/login" in answer.location:
        return FAILED, f"login not accepted (status {answer.status})"
    if not answer.session_after:
        return FAILED, "login accepted, but no session cookie came"
    return OK, ""


def _judge_counter(answer: Answer, fields: t.Mapping[str, t.Any], session: _Session) -> tuple[str, str]:
    value = _counter(fields)
    if value < 1:
        return FAILED, "wrong answer: no counter in it"
    if fields.get("user") != answer.user:
        return LOST, f"logged out: the answer is for user {fields.get('user')!r}"
    told = str(fields.get("session") or answer.session_after)
    if session_base(told) != session.base:
        return LOST, f"the session id changed from {session.base} to {session_base(told)}"
    if fields.get("new") is True:
        return LOST, "the server calls the session new"
    if value == 1 and session.acknowledged > 1:
        return LOST, f"the counter restarted at 1 after {session.acknowledged}"
    if value <= session.acknowledged:
        # The same value again is a step back too: this request was to add one to what had been acknowledged.
        return REGRESSED, f"the counter answered {value} after {session.acknowledged}"
    return OK, ""


def latencies(values: list[float]) -> dict[str, float]:
    """Nearest-rank percentiles, in milliseconds."""
    if not values:
        return {"n": 0}
    ranked = sorted(values)

    def percentile(p: float) -> float:
        return round(ranked[math.ceil(p * len(ranked)) - 1], 1)

    return {
        "n": len(ranked),
        "median": percentile(0.5),
        "p95": percentile(0.95),
        "p99": percentile(0.99),
        "max": round(ranked[-1], 1),
    }


def summary(report: t.Mapping[str, t.Any]) -> str:
    """The report for a terminal; its last line is for scripts too."""
    totals, latency = report["totals"], report["latency_ms"]
    rate = totals["requests"] / max(report["duration_s"], 0.001)
    work = f"{report['users']} users, {totals['requests']} requests in {report['duration_s']:.1f} s ({rate:.0f}/s)"
    lines = [f"{work}, ended by {report['ended_by']}"]
    if latency["n"]:
        lines.append(
            "latency in ms: " + "  ".join(f"{name} {latency[name]}" for name in ("median", "p95", "p99", "max"))
        )
    lines += [
        f"  {row['instance']}  version {row['version']}: {row['requests']} answers,"
        f" from {row['first_s']:.1f} s to {row['last_s']:.1f} s"
        for row in report["versions"]
    ]
    if report["failed_by"]:
        lines.append("failed by: " + "  ".join(f"{name} {count}" for name, count in report["failed_by"].items()))
    shown: Counter[str] = Counter()
    for event in report["events"]:
        shown[event["cause"]] += 1
        if shown[event["cause"]] <= EVENTS_SHOWN:
            lines.append(
                f"  {event['at']:.2f} s  {event['verdict']}  {event['user']}  {event['request']}  {event['reason']}"
            )
    left_out = sum(max(0, count - EVENTS_SHOWN) for count in shown.values())
    if left_out:
        lines.append(f"  ... and {left_out} more of the same kinds in the report")
    if report["incomplete"]:
        lines.append(f"incomplete: {report['incomplete']}")
    names = ("requests", "failed", "closed_reused", "sessions", "lost", "regressed", "repeated", "moves")
    lines.append("probe: " + " ".join(f"{name}={totals[name]}" for name in names) + f" verdict={report['verdict']}")
    return "\n".join(lines)
