# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether an application answers as it should: what to expect, what was seen, what to show.

An open port is not a ready application, and one good answer is not a healthy one. What
is wanted is N good answers in a row before a deadline, and, where a soak is asked for,
none but good ones for some time after them. Where they do not come, the person gets what
did come: each kind of answer, how often and when, and the last one.
"""

# Private to this collection.

from __future__ import annotations

import re
import typing as t
from dataclasses import asdict, dataclass, field
from urllib.parse import urlsplit

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError
from ansible_collections.roundrobin.tomcat.plugins.module_utils._wait import Clock, wait_until

EVIDENCE_CHARACTERS = 200
MAX_EVIDENCE = 20
# The least time between two answers, where it fits the time that one takes.
LEAST_INTERVAL = 0.02
SCHEMES = {"http": 80, "https": 443, "ajp": 8009}


@dataclass(frozen=True)
class Target:
    """A URL in its parts."""

    url: str
    scheme: str
    host: str
    port: int
    path: str
    query: str


@dataclass(frozen=True)
class Answer:
    """One answer, or why there was none."""

    latency: float
    status: int | None = None
    body: str = ""
    error: str | None = None
    # What the headers Set-Cookie say.
    cookies: tuple[str, ...] = ()
    # Which of several ways of asking it answers.
    way: int = 0


class Judge(t.Protocol):
    """What tells a good answer from another."""

    def complaint(self, answer: Answer) -> str | None:
        """Return what is wrong with an answer, or None."""


@dataclass(frozen=True)
class Expectation:
    """What a good answer is."""

    statuses: tuple[int, ...]
    pattern: re.Pattern[str] | None = None

    def complaint(self, answer: Answer) -> str | None:
        """Return what is wrong with an answer, or None."""
        if answer.error is not None:
            return answer.error
        if answer.status not in self.statuses:
            wanted = " or ".join(str(status) for status in self.statuses)
            return f"status {answer.status} instead of {wanted}"
        if self.pattern is not None and not self.pattern.search(answer.body):
            return f"status {answer.status}, but the body does not match '{self.pattern.pattern}'"
        return None


@dataclass
class Evidence:
    """One kind of answer: how often, and when first and last (seconds since the beginning)."""

    outcome: str
    count: int
    first: float
    last: float


@dataclass
class Health:
    """How the wait went."""

    healthy: bool
    tries: int
    seconds: float
    in_a_row: int
    last: Answer
    complaint: str | None
    evidence: list[Evidence] = field(default_factory=list)
    # For how long it stayed good after that, None if it never got there.
    held: float | None = None


def parse_url(url: str) -> Target:
    """Split a URL, or say what one looks like."""
    wanted = "accepted are http://, https:// and ajp://, as ajp://198.18.0.3:8009/app/health"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise CollectionError(f"url {url!r} is not a URL ({error}): {wanted}") from error
    if parts.scheme not in SCHEMES or not parts.hostname:
        raise CollectionError(f"url {url!r} is not accepted: {wanted}")
    if parts.username is not None or parts.password is not None:
        raise CollectionError("url must not hold a user name or password: give a header instead")
    if any(char.isspace() or ord(char) < 32 for char in url):
        raise CollectionError(f"url {url!r} is not accepted: it has white space in it")
    return Target(
        url=url,
        scheme=parts.scheme,
        host=parts.hostname,
        port=SCHEMES[parts.scheme] if port is None else port,
        path=parts.path or "/",
        query=parts.query,
    )


def build_expectation(statuses: t.Sequence[int], pattern: str | None, version: str | None) -> Expectation:
    """Compile what a good answer is; the literal {version} in the pattern stands for the version."""
    if not statuses:
        raise CollectionError("status is empty: give at least one, as 200")
    for status in statuses:
        if not 100 <= status <= 599:
            raise CollectionError(f"status {status} is not accepted: give 100 to 599")
    if pattern is not None and "{version}" in pattern:
        if version is None:
            raise CollectionError(f"pattern {pattern!r} has {{version}} in it, but no version is given")
        pattern = pattern.replace("{version}", re.escape(version))
    try:
        compiled = re.compile(pattern) if pattern else None
    except re.error as error:
        raise CollectionError(f"pattern {pattern!r} is not a regular expression: {error}") from error
    return Expectation(tuple(statuses), compiled)


def wait_healthy(
    ask: t.Callable[[], Answer],
    expectation: Judge,
    *,
    successes: int,
    timeout: float,
    interval: float,
    clock: Clock,
    hold: float = 0.0,
    eager: bool = False,
) -> Health:
    """Ask until `successes` answers in a row were good or the time is over, then see it stay so for `hold` seconds.

    interval: seconds between two answers.
    eager: after a good answer the next one is asked for as soon as that took, at the latest after the interval.
    """
    began = clock.monotonic()
    evidence: list[Evidence] = []
    in_a_row = 0

    def look() -> tuple[Answer, str | None]:
        nonlocal in_a_row
        answer = ask()
        complaint = expectation.complaint(answer)
        in_a_row = 0 if complaint else in_a_row + 1
        note(evidence, complaint or f"status {answer.status}, good", clock.monotonic() - began)
        return answer, complaint

    def pause(seen: tuple[Answer, str | None]) -> float:
        answer, complaint = seen
        return min(interval, max(LEAST_INTERVAL, answer.latency)) if eager and complaint is None else interval

    outcome = wait_until(look, lambda dummy: in_a_row >= successes, timeout=timeout, interval=pause, clock=clock)
    answer, complaint = outcome.last
    health = Health(
        healthy=outcome.done,
        tries=outcome.looks,
        seconds=outcome.seconds,
        in_a_row=in_a_row,
        last=answer,
        complaint=complaint,
        evidence=evidence,
    )
    if health.healthy:
        health.held = 0.0
    if health.healthy and hold > 0:
        soak = wait_until(look, lambda seen: seen[1] is not None, timeout=hold, interval=interval, clock=clock)
        health.last, health.complaint = soak.last
        health.healthy = health.complaint is None
        health.in_a_row, health.held = in_a_row, soak.seconds
        health.tries += soak.looks
    return health


def note(evidence: list[Evidence], outcome: str, seconds: float) -> None:
    """Add an outcome to the story: the same as the last one only counts up."""
    if evidence and evidence[-1].outcome == outcome:
        evidence[-1].count += 1
        evidence[-1].last = seconds
    else:
        evidence.append(Evidence(outcome, 1, seconds, seconds))
        # A flapping application must not grow the answer without end: the beginning and the end tell most.
        if len(evidence) > MAX_EVIDENCE:
            del evidence[MAX_EVIDENCE // 2]


def excerpt(body: str) -> str:
    """Return the beginning of a body in one line, of an HTML page its text."""
    if "<html" in body[:1000].lower():
        # Tomcat's error pages begin with more style than an excerpt holds.
        body = re.sub(r"(?is)<(head|style|script)\b.*?</\1\s*>|<[^<>]*>", " ", body)
    text = " ".join(body.split())
    return text if len(text) <= EVIDENCE_CHARACTERS else text[: EVIDENCE_CHARACTERS - 3] + "..."


def failure_message(url: str, health: Health, successes: int, hold: float = 0.0) -> str:
    """Say in one sentence why the application does not count as healthy."""
    if health.complaint is None:
        last = f"the last {health.in_a_row} of {successes} wanted in a row were good, but the time was over"
    else:
        last = f"the last answer: {health.complaint}"
        if health.last.body:
            last += f", body {excerpt(health.last.body)!r}"
        if health.last.status == 403 and url.startswith("ajp:"):
            last += " (403 is also what Tomcat answers to a wrong or missing ajp_secret)"
    if health.held is None:
        message = f"{url} was not healthy within {health.seconds:.1f} s ({health.tries} tries): {last}"
    else:
        message = (
            f"{url} was healthy after {health.seconds:.1f} s, but did not stay so: "
            f"{health.held:.1f} s into the {hold:g} s that it must hold, {last}"
        )
    if len(health.evidence) > 1:
        message += ". In order: " + "; ".join(
            f"{item.count}x {item.outcome} ({item.first:.1f} to {item.last:.1f} s)" for item in health.evidence
        )
    return message


def result(url: str, health: Health) -> dict[str, t.Any]:
    """Return what a module answers of it, healthy or not."""
    return {
        "url": url,
        "status": health.last.status,
        "latency_ms": round(health.last.latency * 1000, 1),
        "body": excerpt(health.last.body),
        "tries": health.tries,
        "seconds": round(health.seconds, 2),
        "held": None if health.held is None else round(health.held, 2),
        "evidence": [
            {**asdict(item), "first": round(item.first, 2), "last": round(item.last, 2)} for item in health.evidence
        ],
    }
