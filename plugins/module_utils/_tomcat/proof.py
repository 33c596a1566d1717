# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Several applications, asked at the same time: all of them must prove healthy."""

# Private to this collection.

from __future__ import annotations

import functools
import typing as t
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from ansible_collections.roundrobin.tomcat.plugins.module_utils._wait import Clock

from .ask import make_ask
from .health import Answer, Expectation, Health, build_expectation, failure_message, parse_url, result, wait_healthy

REQUEST_TIMEOUT = 5.0
# How the modules that run checks take them; the plan of a rollout makes them.
CHECK: dict[str, t.Any] = {
    "application": {"type": "str", "required": True},
    "url": {"type": "str", "required": True},
    "headers": {"type": "dict", "default": {}},
    "status": {"type": "list", "elements": "int", "default": [200]},
    "pattern": {"type": "str", "default": ""},
    "version": {"type": "str", "default": ""},
}


@dataclass(frozen=True)
class Check:
    """One application, how it is asked, and what a good answer is."""

    application: str
    url: str
    ask: t.Callable[[], Answer]
    expectation: Expectation


@dataclass(frozen=True)
class Terms:
    """When an application counts as healthy: see ``wait_healthy``."""

    successes: int
    timeout: float
    interval: float
    hold: float = 0.0


def read_check(given: t.Mapping[str, t.Any], secret: str | None) -> Check:
    """Make a check of the options in CHECK; raise for what cannot work, before anything is asked."""
    target = parse_url(given["url"])
    ask = make_ask(
        target,
        headers=given["headers"],
        secret=secret if target.scheme == "ajp" else None,
        timeout=REQUEST_TIMEOUT,
    )
    expectation = build_expectation(given["status"], given["pattern"] or None, given["version"] or None)
    return Check(given["application"], given["url"], ask, expectation)


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
        return list(pool.map(lambda check: wait(check.ask, check.expectation), checks))


def complaints(checks: t.Sequence[Check], healths: t.Sequence[Health], terms: Terms) -> str:
    """Say of each that is not healthy why; nothing where all are."""
    return " ".join(
        failure_message(check.url, health, terms.successes, terms.hold)
        for check, health in zip(checks, healths)
        if not health.healthy
    )


def results(checks: t.Sequence[Check], healths: t.Sequence[Health]) -> list[dict[str, t.Any]]:
    """What a module answers of all of them."""
    return [{"application": check.application, **result(check.url, health)} for check, health in zip(checks, healths)]
