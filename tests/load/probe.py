# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Logged-in users that count in their sessions, on Locust. Red when a request fails or a session is lost or falls back.

See README.md beside this file.
"""

from __future__ import annotations

import typing as t

# Locust first: it makes the standard library cooperative before anything else uses it.
import locust
from locust.env import Environment

# isort: split
import argparse
import hashlib
import http.client
import itertools
import json
import os
import random
import re
import signal
import socket
import sys
import time
from datetime import datetime, timezone
from urllib.parse import urljoin, urlsplit

import gevent
import ledger
import urllib3
from ledger import Answer, Ledger
from requests.adapters import HTTPAdapter
from requests.exceptions import ChunkedEncodingError

_Number = t.TypeVar("_Number", int, float)

GREEN, RED, INCOMPLETE = "green", "red", "incomplete"
EXIT = {GREEN: 0, RED: 1, INCOMPLETE: 3}  # 2 is argparse's

#: What a user does next, in parts of 100.
MIX = {"counter_get": 66, "counter_post": 18, "page": 5, "static": 5, "upload": 4, "slow": 2}
SLOW_MS = (1000, 2000)
UPLOAD_BYTES = (1_000, 100_000)
#: At least; all users are there after two seconds at the latest.
SPAWNED_PER_S = 10
POLL_S = 0.1
#: A connection is not used any more in the last second of the time that the server has said to keep it.
KEEP_ALIVE_MARGIN_S = 1


class Wire:
    """Counts the connections one user opens, to tell a reused one from a new one; to this address, if one is given."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.connects = 0

    def pool_class(self, base: type[urllib3.HTTPConnectionPool]) -> type[urllib3.HTTPConnectionPool]:
        wire = self

        class Connection(base.ConnectionCls):  # type: ignore[name-defined]
            def connect(self) -> None:
                wire.connects += 1
                super().connect()

            def _new_conn(self) -> socket.socket:
                # As if looking the name up had given this address: Host, cookies and TLS go on with the name.
                name, self._dns_host = self._dns_host, wire.address or self._dns_host
                try:
                    return super()._new_conn()
                finally:
                    self._dns_host = name

        return type("Pool", (base,), {"ConnectionCls": Connection})


class OneTryAdapter(HTTPAdapter):
    """Keep-alive like a browser's, and never a second try."""

    def __init__(self, address: str) -> None:
        self.wire = Wire(address)
        self._good_until = float("inf")
        super().__init__(max_retries=0, pool_connections=1, pool_maxsize=1)

    def drop_what_is_too_old(self) -> None:
        """Close a connection that the server is about to close: it has said when, and a request would meet that."""
        if time.monotonic() > self._good_until:
            self.close()

    def note_keep_alive(self, header: str) -> None:
        """Note how long the server says it keeps this connection ("timeout=5, max=100")."""
        told = re.search(r"timeout=(\d+)", header)
        self._good_until = time.monotonic() + int(told.group(1)) - KEEP_ALIVE_MARGIN_S if told else float("inf")

    def init_poolmanager(self, *args: t.Any, **kwargs: t.Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {
            "http": self.wire.pool_class(urllib3.HTTPConnectionPool),
            "https": self.wire.pool_class(urllib3.HTTPSConnectionPool),
        }


def causes(error: BaseException) -> t.Iterator[BaseException]:
    """The error and everything wrapped in it: requests and urllib3 put the cause into args or reason."""
    yield error
    for inner in (*error.args, getattr(error, "reason", None)):
        if isinstance(inner, BaseException):
            yield from causes(inner)


#: The first row that fits counts: urllib3's NewConnectionError is a ConnectTimeoutError too.
ERROR_KINDS: tuple[tuple[str, tuple[type[BaseException], ...]], ...] = (
    ("no_connection", (urllib3.exceptions.NewConnectionError,)),
    ("timeout", (urllib3.exceptions.TimeoutError,)),
    ("truncated", (urllib3.exceptions.IncompleteRead, http.client.IncompleteRead, ChunkedEncodingError)),
    ("closed", (ConnectionError,)),
)


def error_kind(error: BaseException, reused: bool) -> str:
    """One word for why there is no whole answer."""
    for kind, types in ERROR_KINDS:
        if any(isinstance(cause, types) for cause in causes(error)):
            return "closed_reused" if kind == "closed" and reused else kind
    return "other"


class Probe:
    """The run: its ledger, its clock and when it is over."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.ledger = Ledger()
        self.began = time.monotonic()
        self.ready_after: float | None = None
        self.ended_by = ""
        self.told_to_stop = ""
        self.own_errors: list[str] = []

    def now(self) -> float:
        return time.monotonic() - self.began

    def tell_to_stop(self, by: str) -> None:
        self.told_to_stop = by

    def look(self) -> None:
        """Note what the outside wants to know or has to say, and end the run when it is time."""
        options = self.options
        if self.ready_after is None and self.ledger.ready_users() == options.users:
            self.ready_after = self.now()
            if options.ready_file:
                with open(options.ready_file, "w", encoding="utf-8") as ready:
                    ready.write(f"{self.ready_after:.3f}\n")
        enough = self.ready_after is not None and self.ledger.requests >= options.min_requests
        if self.own_errors:
            self.ended_by = "own error"
        elif self.told_to_stop:
            self.ended_by = self.told_to_stop
        elif enough and not options.stop_file:
            self.ended_by = "min-requests"
        elif enough and os.path.exists(options.stop_file):
            self.ended_by = "stop-file"
        elif self.now() >= options.max_seconds:
            self.ended_by = "max-seconds"
        elif self.ledger.requests >= options.max_requests:
            self.ended_by = "max-requests"

    def incomplete(self) -> str:
        """Why a run without any failure proves nothing, or an empty string."""
        options = self.options
        if self.own_errors:
            return f"the probe itself failed: {self.own_errors[0]}"
        if self.ready_after is None:
            return f"only {self.ledger.ready_users()} of {options.users} users ever got a counter answer"
        if self.ledger.requests < options.min_requests:
            return f"{self.ledger.requests} of at least {options.min_requests} requests"
        if options.stop_file and self.ended_by.startswith("max-"):
            return f"{self.ended_by} reached before the stop file came"
        return ""

    def report(self, started: datetime) -> dict:
        counted = self.ledger.report()
        totals = counted["totals"]
        incomplete = self.incomplete()
        verdict = (
            RED if totals["failed"] or totals["lost"] or totals["regressed"] else INCOMPLETE if incomplete else GREEN
        )
        return {
            "schema": 1,
            "verdict": verdict,
            "incomplete": incomplete,
            "url": self.options.url,
            "users": self.options.users,
            "started": started.isoformat(timespec="milliseconds"),
            "duration_s": round(self.now(), 3),
            "ready_after_s": None if self.ready_after is None else round(self.ready_after, 3),
            "ended_by": self.ended_by,
            **counted,
        }


def user_class(probe: Probe) -> type[locust.HttpUser]:
    """The Locust user of this run."""
    options = probe.options
    base = options.url.rstrip("/")
    numbers = itertools.count(1)

    class CountingUser(locust.HttpUser):
        host = base

        def wait_time(self) -> float:
            return options.pause * random.uniform(0.5, 1.5)

        def on_start(self) -> None:
            self.name = f"probe-u{next(numbers):03d}"
            # Nothing is known of a user's next request but that it goes to one of them.
            self.adapters = [OneTryAdapter(address) for address in options.address or [""]]
            self.client.trust_env = False  # neither a proxy nor a .netrc of this machine has a say in the measurement
            self.client.verify = not options.insecure

        def cookie(self) -> str:
            # The last one, should the application set the cookie for several paths.
            found = [cookie.value for cookie in self.client.cookies if cookie.name == options.cookie]
            return found[-1] if found else ""

        def ask(self, kind: str, method: str, path: str, expected: dict | None = None, **request: t.Any) -> Answer:
            """One request, judged; redirects are followed by the caller, so that each request is counted on its own."""
            adapter = random.choice(self.adapters)
            self.client.mount(f"{urlsplit(base).scheme}://", adapter)
            adapter.drop_what_is_too_old()
            before, connects, begin = self.cookie(), adapter.wire.connects, time.monotonic()
            with self.client.request(
                method, path, name=kind, catch_response=True, allow_redirects=False, timeout=options.timeout, **request
            ) as response:
                error = response.error
                adapter.note_keep_alive(response.headers.get("Keep-Alive", ""))
                answer = Answer(
                    at=probe.now(),
                    ms=(time.monotonic() - begin) * 1000,
                    user=self.name,
                    kind=kind,
                    request=f"{method} {urlsplit(path).path}",
                    status=response.status_code,
                    body="" if error else response.text,
                    location=response.headers.get("Location", ""),
                    session_before=before,
                    session_after=self.cookie(),
                    error=error_kind(error, reused=adapter.wire.connects == connects) if error else "",
                    detail=str(list(causes(error))[-1]) if error else "",
                    address=adapter.wire.address,
                    expected=expected or {},
                )
                verdict = probe.ledger.record(answer)
                if verdict == ledger.OK:
                    response.success()
                else:
                    response.failure(verdict)
            return answer

        @locust.task
        def step(self) -> None:
            if probe.ended_by:
                return
            if not probe.ledger.logged_in(self.name):
                self.log_in()
            else:
                getattr(self, random.choices(list(MIX), list(MIX.values()))[0])()

        def log_in(self) -> None:
            answer = self.ask("login", "POST", "/login", data={"user": self.name, "password": "probe"})
            if probe.ledger.logged_in(self.name):
                self.ask("page", "GET", urljoin(f"{base}/login", answer.location))
                self.counter_get()

        def counter_get(self) -> None:
            self.ask("counter", "GET", "/counter")

        def counter_post(self) -> None:
            self.ask("counter", "POST", "/counter", data={"by": "1"})

        def page(self) -> None:
            self.ask("page", "GET", "/")

        def static(self) -> None:
            self.ask("static", "GET", options.static)

        def slow(self) -> None:
            ms = random.randint(*SLOW_MS)
            self.ask("slow", "GET", f"/slow?ms={ms}", expected={"slept_ms": ms})

        def upload(self) -> None:
            body = random.randbytes(random.randint(*UPLOAD_BYTES))
            self.ask(
                "upload",
                "POST",
                "/upload",
                data=body,
                expected={"bytes": len(body), "sha256": hashlib.sha256(body).hexdigest()},
            )

    return CountingUser


def parse_options(arguments: list[str]) -> argparse.Namespace:
    def positive(kind: type[_Number]) -> t.Callable[[str], _Number]:
        def convert(text: str) -> _Number:
            value = kind(text)
            if value <= 0:
                raise ValueError(text)
            return value

        return convert

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("--url", required=True, help="the application's address, with its context path")
    parser.add_argument(
        "--address",
        action="append",
        help="connect here and not where the URL's host name leads; given several times, each request goes to one of"
        " them at random, as with several balancers behind one name: a session moves between them",
    )
    parser.add_argument("--users", type=positive(int), required=True)
    parser.add_argument(
        "--min-requests",
        type=positive(int),
        required=True,
        help="the run goes on until at least so many requests are done",
    )
    parser.add_argument(
        "--max-seconds", type=positive(float), required=True, help="the run ends after so many seconds at the latest"
    )
    parser.add_argument(
        "--max-requests",
        type=positive(int),
        default=200_000,
        help="the run ends after about so many requests at the latest (%(default)s)",
    )
    parser.add_argument(
        "--pause",
        type=positive(float),
        default=0.35,
        help="seconds a user waits between two requests, 0.5 to 1.5 times that (%(default)s)",
    )
    parser.add_argument(
        "--timeout",
        type=positive(float),
        default=30.0,
        help="seconds without a byte after which a request has failed (%(default)s)",
    )
    parser.add_argument("--stop-file", help="go on until this file exists and --min-requests are done")
    parser.add_argument("--ready-file", help="is written once all users are logged in and have had a counter answer")
    parser.add_argument("--report", help="where the JSON report goes")
    parser.add_argument("--cookie", default="JSESSIONID", help="the session cookie's name (%(default)s)")
    parser.add_argument("--static", default="/style.css", help="path of a static file of the application (%(default)s)")
    parser.add_argument("--insecure", action="store_true", help="accept any TLS certificate")
    options = parser.parse_args(arguments)
    if urlsplit(options.url).scheme not in ("http", "https") or not urlsplit(options.url).hostname:
        parser.error(f"--url {options.url}: an http:// or https:// address is wanted")
    if options.stop_file and os.path.exists(options.stop_file):
        parser.error(f"--stop-file {options.stop_file} is there already: remove it, or the run ends early")
    return options


def write_atomically(path: str, text: str) -> None:
    with open(f"{path}.new", "w", encoding="utf-8") as out:
        out.write(text)
    os.replace(f"{path}.new", path)


def run(options: argparse.Namespace) -> dict:
    """The whole run; returns the report."""
    if options.ready_file and os.path.exists(options.ready_file):
        os.unlink(options.ready_file)  # one of an earlier run would let the caller start too early
    probe, started = Probe(options), datetime.now(timezone.utc)
    environment = Environment(user_classes=[user_class(probe)], stop_timeout=options.timeout + SLOW_MS[1] / 1000)
    environment.events.user_error.add_listener(lambda exception, **_unused: probe.own_errors.append(repr(exception)))
    for number in (signal.SIGTERM, signal.SIGINT):
        gevent.signal_handler(number, probe.tell_to_stop, signal.Signals(number).name)
    runner = environment.create_local_runner()
    runner.start(options.users, spawn_rate=max(SPAWNED_PER_S, options.users / 2))
    while not probe.ended_by:
        gevent.sleep(POLL_S)
        probe.look()
    runner.stop()  # requests under way end by themselves and are counted
    report = probe.report(started)
    runner.quit()
    return report


def main(arguments: list[str]) -> int:
    options = parse_options(arguments)
    report = run(options)
    if options.report:
        write_atomically(options.report, json.dumps(report, indent=1) + "\n")
    print(ledger.summary(report), flush=True)
    return EXIT[report["verdict"]]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
