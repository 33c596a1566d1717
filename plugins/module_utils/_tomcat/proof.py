# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Several applications, asked at the same time: all of them must prove healthy."""

# Private to this collection.

from __future__ import annotations

import functools
import typing as t
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from ansible_collections.roundrobin.tomcat.plugins.module_utils._wait import Clock

from .ask import make_ask
from .health import Answer, Expectation, Health, build_expectation, failure_message, parse_url, result, wait_healthy

REQUEST_TIMEOUT = 5.0
# How the modules that run checks take them; the plan of a rollout makes them.
WAY: dict[str, t.Any] = {
    "url": {"type": "str", "required": True},
    "headers": {"type": "dict", "default": {}},
    "status": {"type": "list", "elements": "int", "default": [200]},
    "pattern": {"type": "str", "default": ""},
    "version": {"type": "str", "default": ""},
}
REMEMBERED: dict[str, t.Any] = {
    "base_name": {"type": "str", "required": True},
    "version": {"type": "str", "required": True},
    "health": {"type": "dict", "required": True},
}
CHECK: dict[str, t.Any] = {
    "application": {"type": "str", "required": True},
    **WAY,
    "or_else": {"type": "dict", "options": WAY},
    "remember": {"type": "dict", "options": REMEMBERED},
}


@dataclass(frozen=True)
class Way:
    """How an application is asked, and what a good answer is."""

    url: str
    ask: t.Callable[[], Answer]
    expectation: Expectation


@dataclass(frozen=True)
class Check:
    """One application, and the ways to ask it: it is healthy by the first one, or by another that proved its release before."""

    application: str
    ways: tuple[Way, ...]
    # The release of which the first way is remembered, once it has proved it.
    remember: t.Mapping[str, t.Any] | None = None

    @property
    def url(self) -> str:
        """What is asked first."""
        return self.ways[0].url

    def ask(self) -> Answer:
        """Return the first good answer, or that to the first way where none is good."""
        answers = []
        for number, way in enumerate(self.ways):
            answer = replace(way.ask(), way=number)
            if self.complaint(answer) is None:
                return answer
            answers.append(answer)
        return answers[0]

    def complaint(self, answer: Answer) -> str | None:
        """Return what is wrong with an answer, or None."""
        return self.ways[answer.way].expectation.complaint(answer)


@dataclass(frozen=True)
class Terms:
    """When an application counts as healthy: see ``wait_healthy``."""

    successes: int
    timeout: float
    interval: float
    hold: float = 0.0


def read_check(given: t.Mapping[str, t.Any], secret: str | None) -> Check:
    """Make a check of the options in CHECK; raise for what cannot work, before anything is asked."""
    ways = [given, *([given["or_else"]] if given.get("or_else") else [])]
    return Check(given["application"], tuple(_read_way(way, secret) for way in ways), given.get("remember"))


def _read_way(given: t.Mapping[str, t.Any], secret: str | None) -> Way:
    target = parse_url(given["url"])
    ask = make_ask(
        target,
        headers=given["headers"],
        secret=secret if target.scheme == "ajp" else None,
        timeout=REQUEST_TIMEOUT,
    )
    expectation = build_expectation(given["status"], given["pattern"] or None, given["version"] or None)
    return Way(given["url"], ask, expectation)


def prove(checks: t.Sequence[Check], terms: Terms, clock: Clock) -> list[Health]:
    """Ask all of them at once until each is healthy or its time is over."""
    wait = functools.partial(
        wait_healthy,
        successes=terms.successes,
        timeout=terms.timeout,
        interval=terms.interval,
        hold=terms.hold,
        eager=True,
        clock=clock,
    )
    with ThreadPoolExecutor(max_workers=max(1, len(checks))) as pool:
        return list(pool.map(lambda check: wait(check.ask, check), checks))


def complaints(checks: t.Sequence[Check], healths: t.Sequence[Health], terms: Terms) -> str:
    """Say of each that is not healthy why; nothing where all are."""
    return " ".join(
        failure_message(check.url, health, terms.successes, terms.hold)
        + "".join(f", nor by {way.url}, by which this release was healthy before" for way in check.ways[1:])
        for check, health in zip(checks, healths)
        if not health.healthy
    )


def results(checks: t.Sequence[Check], healths: t.Sequence[Health]) -> list[dict[str, t.Any]]:
    """What a module answers of all of them."""
    return [{"application": check.application, **result(check.url, health)} for check, health in zip(checks, healths)]
