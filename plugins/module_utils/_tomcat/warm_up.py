# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pages that are asked for once before users do: the first request compiles and loads what the others find there."""

# Private to this collection.

from __future__ import annotations

import typing as t
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from .ask import make_ask
from .health import Answer, parse_url

# A page may be slow the first time: that is why it is asked for.
REQUEST_TIMEOUT = 30.0
# Few enough for an instance that has just started.
AT_ONCE = 4

Seen = dict[str, t.Any]


@dataclass(frozen=True)
class Page:
    """A page, and how it is asked for."""

    url: str
    ask: t.Callable[[], Answer]


def read_page(url: str, secret: str | None) -> Page:
    """Make a page of its URL; raise for what cannot work, before anything is asked."""
    target = parse_url(url)
    secret = secret if target.scheme == "ajp" else None
    return Page(url, make_ask(target, headers={}, secret=secret, timeout=REQUEST_TIMEOUT))


def warm_up(pages: t.Sequence[Page]) -> list[Seen]:
    """Ask for each page once, some at the same time; return what a module answers of them."""
    with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
        answers = list(pool.map(lambda page: page.ask(), pages))
    return [
        {
            "url": page.url,
            "status": answer.status,
            "latency_ms": round(answer.latency * 1000, 1),
            "problem": _problem(answer),
        }
        for page, answer in zip(pages, answers)
    ]


def _problem(answer: Answer) -> str | None:
    """What a person should look at; a redirect, as to a login, is an answer like any other."""
    if answer.error is not None:
        return answer.error
    return f"status {answer.status}" if answer.status is None or answer.status >= 400 else None


def sentence(seen: t.Sequence[t.Mapping[str, t.Any]]) -> str:
    """Say in one line how it went."""
    slowest = max(seen, key=lambda one: one["latency_ms"])
    count = f"{len(seen)} pages" if len(seen) > 1 else "1 page"
    line = f"warmed up with {count}, the slowest took {slowest['latency_ms'] / 1000:.1f} s ({slowest['url']})"
    problems = [f"{one['url']}: {one['problem']}" for one in seen if one["problem"]]
    return "; ".join([line, *problems])
