# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The probe as a process, against a small server that misbehaves on purpose: each fault is seen, and as what it is."""

from __future__ import annotations

import hashlib
import http.server
import itertools
import json
import signal
import subprocess
import sys
import threading
import time
import urllib.parse
from http.cookies import SimpleCookie
from pathlib import Path

import pytest

PROBE = Path(__file__).with_name("probe.py")


class Stub(http.server.ThreadingHTTPServer):
    """Speaks like the sample application; `fault` is called with each counter request and may spoil it."""

    daemon_threads = True

    def __init__(self, fault=None, static=200, address=("127.0.0.1", 0)):
        super().__init__(address, Handler)
        self.fault = fault or (lambda handler, number: False)
        self.static = static
        self.lock = threading.Lock()
        self.sessions = {}
        self.requests = 0
        self.counter_requests = itertools.count(1)
        self.cookies_wrong = []
        self.route = "a"

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    ids = itertools.count(1)

    def log_message(self, *_unused):
        pass

    def do_GET(self):
        self.body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        with self.server.lock:
            self.server.requests += 1
        url = urllib.parse.urlsplit(self.path)
        self.query = dict(urllib.parse.parse_qsl(url.query))
        getattr(self, "path_" + (url.path.strip("/").replace(".", "_") or "index"))()

    do_POST = do_GET

    @property
    def id(self):
        sent = self.headers.get("Cookie", "")
        if sent.count("JSESSIONID") > 1:
            self.server.cookies_wrong.append(sent)
        cookie = SimpleCookie(sent).get("JSESSIONID")
        return cookie.value if cookie else ""

    @property
    def session(self):
        return self.server.sessions.get(self.id.partition(".")[0])

    def send(self, body, status=200, **headers):
        content = body.encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(content)

    def send_fields(self, cookie="", **fields):
        headers = {"Set_Cookie": f"JSESSIONID={cookie}; Path=/; HttpOnly"} if cookie else {}
        fields = {"version": "1.0", "instance": self.server.route, **fields}
        self.send(json.dumps(fields), Content_Type="application/json", **headers)

    def new_session(self, user):
        base = f"{next(self.ids):08X}"
        self.server.sessions[base] = {"user": user, "counter": 0}
        return f"{base}.{self.server.route}"

    def path_login(self):
        told = self.id if self.session else self.new_session(None)
        self.server.sessions[told.partition(".")[0]]["user"] = urllib.parse.parse_qs(self.body.decode())["user"][0]
        self.send("", status=302, Location="/", Set_Cookie=f"JSESSIONID={told}; Path=/; HttpOnly")

    def path_index(self):
        self.send(f"<p>Logged in as <b>{self.session['user']}</b>" if self.session else "<p>Log in")

    def path_counter(self):
        number = next(self.server.counter_requests)
        if not self.server.fault(self, number):
            self.answer_counter()

    def answer_counter(self):
        told = self.new_session(None) if self.session is None else f"{self.id.partition('.')[0]}.{self.server.route}"
        session = self.server.sessions[told.partition(".")[0]]
        session["counter"] += 1
        self.send_fields(cookie="" if told == self.id else told, session=told, **session)

    def path_slow(self):
        self.send_fields(slept_ms=int(self.query["ms"]))

    def path_upload(self):
        self.send_fields(bytes=len(self.body), sha256=hashlib.sha256(self.body).hexdigest())

    def path_style_css(self):
        self.send("body {}", status=self.server.static)


def at(number):
    """The decorated fault strikes once, at the counter request of that number."""

    def decorate(strike):
        def fault(handler, current):
            return bool(strike(handler)) if current == number else False

        return fault

    return decorate


def lose_session(handler):
    del handler.server.sessions[handler.id.partition(".")[0]]


def restart_counter(handler):
    handler.session["counter"] = 0


def log_out(handler):
    handler.session["user"] = None


def fall_back(handler):
    handler.session["counter"] -= 2


def count_twice(handler):
    handler.session["counter"] += 1


def answer_503(handler):
    handler.send("Service Unavailable", status=503)
    return True


def apologize(handler):
    handler.send("<html>Sorry, we are busy</html>")
    return True


def close_without_answer(handler):
    handler.close_connection = True
    handler.connection.shutdown(2)
    return True


def cut_the_answer(handler):
    handler.send_response(200)
    handler.send_header("Content-Length", "500")
    handler.end_headers()
    handler.wfile.write(b'{"user": ')
    handler.close_connection = True
    return True


def hang(_handler):
    time.sleep(2)
    return False


def send_to_login(handler):
    handler.send("", status=302, Location="/login")
    return True


def move(handler):
    handler.server.route = "b"


@pytest.fixture
def serve():
    servers = []

    def start(*args, **kwargs):
        server = Stub(*args, **kwargs)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        servers.append(server)
        return server

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def command(url, tmp_path, *more, users=3, requests=90, seconds=30):
    return [
        *(sys.executable, str(PROBE), "--url", url, "--users", str(users), "--pause", "0.03"),
        *("--min-requests", str(requests), "--max-seconds", str(seconds), "--report", str(tmp_path / "report.json")),
        *more,
    ]


def probe(url, tmp_path, *more, **kwargs):
    done = subprocess.run(
        command(url, tmp_path, *more, **kwargs), capture_output=True, text=True, timeout=60, check=False
    )
    written = tmp_path / "report.json"
    report = json.loads(written.read_text(encoding="utf-8")) if written.exists() else None
    return done.returncode, report, done.stdout + done.stderr


def figures(report):
    names = ("failed", "closed_reused", "lost", "regressed", "repeated", "moves")
    return {name: report["totals"][name] for name in names if report["totals"][name]}


def test_a_good_server_is_green(serve, tmp_path):
    server = serve()
    code, report, output = probe(server.url, tmp_path)
    assert (code, report["verdict"], figures(report)) == (0, "green", {}), output
    assert report["totals"]["requests"] == server.requests >= 90
    assert report["totals"]["sessions"] == 3
    assert report["ended_by"] == "min-requests"
    assert output.splitlines()[-1].endswith("verdict=green")
    assert server.cookies_wrong == []


def test_a_session_moves_between_the_addresses_of_one_name(serve, tmp_path):
    first = serve()
    second = serve(address=("127.0.0.2", first.server_port))
    second.sessions, second.route = first.sessions, "b"
    addresses = ("--address", "127.0.0.1", "--address", "127.0.0.2")
    status, report, _out = probe(f"http://shop.test:{first.server_port}/", tmp_path, *addresses)
    assert (status, report["verdict"]) == (0, "green")
    assert report["totals"]["sessions"] == len(first.sessions) == 3
    assert min(first.requests, second.requests) > 20
    assert report["totals"]["moves"] > 20


@pytest.mark.parametrize(
    "strike, expected, cause",
    [
        (lose_session, {"lost": 1}, "lost"),
        (log_out, {"lost": 1}, "lost"),
        (restart_counter, {"lost": 1}, "lost"),
        (send_to_login, {"lost": 1}, "lost"),
        (fall_back, {"regressed": 1}, "regressed"),
        (answer_503, {"failed": 1}, "status_503"),
        (apologize, {"failed": 1}, "wrong_answer"),
        (close_without_answer, {"failed": 1, "closed_reused": 1}, "closed_reused"),
        (cut_the_answer, {"failed": 1}, "truncated"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_one_fault_is_seen_once_and_as_what_it_is(serve, tmp_path, strike, expected, cause):
    server = serve(fault=at(40)(strike))
    code, report, output = probe(server.url, tmp_path)
    assert (code, report["verdict"], figures(report)) == (1, "red", expected), output
    assert [event["cause"] for event in report["events"]] == [cause]
    assert report["totals"]["requests"] == server.requests, "each request is sent once and counted once"
    assert cause in output


def test_a_server_that_does_not_answer_in_time_is_red(serve, tmp_path):
    code, report, output = probe(serve(fault=at(40)(hang)).url, tmp_path, "--timeout", "0.5")
    assert (code, report["failed_by"]) == (1, {"timeout": 1}), output


def test_a_connection_closed_before_its_first_answer_is_not_called_reused(serve, tmp_path):
    server = serve(fault=lambda handler, number: number > 40 and close_without_answer(handler))
    server.RequestHandlerClass = type("NoKeepAlive", (Handler,), {"protocol_version": "HTTP/1.0"})
    code, report, output = probe(server.url, tmp_path)
    assert (code, set(report["failed_by"])) == (1, {"closed"}), output
    assert report["totals"]["closed_reused"] == 0
    assert report["totals"]["requests"] == server.requests


def test_other_pages_than_the_counter_count_too(serve, tmp_path):
    code, report, output = probe(serve(static=404).url, tmp_path, requests=300)
    assert (code, set(report["failed_by"])) == (1, {"status_404"}), output


def test_a_move_to_another_instance_is_counted_and_green(serve, tmp_path):
    server = serve(fault=at(40)(move))
    code, report, output = probe(server.url, tmp_path)
    assert (code, figures(report)) == (0, {"moves": 3}), output
    assert {row["instance"] for row in report["versions"]} == {"a", "b"}
    assert server.cookies_wrong == [], "the old cookie is replaced, as a browser does"


def test_a_request_executed_twice_is_reported_and_green(serve, tmp_path):
    code, report, output = probe(serve(fault=at(40)(count_twice)).url, tmp_path)
    assert (code, figures(report)) == (0, {"repeated": 1}), output


def test_nobody_listens(tmp_path):
    stub = Stub()
    stub.server_close()
    code, report, output = probe(stub.url, tmp_path, requests=10, seconds=3)
    assert (code, report["ended_by"], set(report["failed_by"])) == (1, "max-seconds", {"no_connection"}), output
    assert report["incomplete"] == "only 0 of 3 users ever got a counter answer"


def test_too_few_requests_in_the_time_given_prove_nothing(serve, tmp_path):
    code, report, output = probe(serve().url, tmp_path, requests=100_000, seconds=3)
    assert (code, report["verdict"], report["ended_by"]) == (3, "incomplete", "max-seconds"), output
    assert report["duration_s"] < 6


def test_the_number_of_requests_is_limited(serve, tmp_path):
    code, report, output = probe(serve().url, tmp_path, "--max-requests", "60", requests=50_000)
    assert (code, report["ended_by"]) == (3, "max-requests"), output
    assert report["totals"]["requests"] < 120


@pytest.fixture
def background(serve, tmp_path):
    """A probe that waits for its stop file, with all users ready."""
    stop, ready = tmp_path / "stop", tmp_path / "ready"
    ready.write_text("of an earlier run", encoding="utf-8")
    server = serve()
    begin = command(server.url, tmp_path, "--stop-file", str(stop), "--ready-file", str(ready), requests=50)
    with subprocess.Popen(begin, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        deadline = time.monotonic() + 20
        while not ready.exists() or "earlier" in ready.read_text(encoding="utf-8"):
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.05)
        process.stop, process.server = stop, server
        yield process
        process.kill()


def test_ready_means_that_every_user_has_counted(background):
    assert sorted(s["user"] for s in background.server.sessions.values()) == ["probe-u001", "probe-u002", "probe-u003"]
    assert all(session["counter"] for session in background.server.sessions.values())


def test_the_run_goes_on_until_the_stop_file_comes(background, tmp_path):
    time.sleep(3)
    assert background.poll() is None, "50 requests are long done"
    background.stop.touch()
    output = background.communicate(timeout=20)[0]
    report = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert (background.returncode, report["ended_by"]) == (0, "stop-file"), output
    assert report["totals"]["requests"] == background.server.requests > 50


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_at_once_with_a_report(background, tmp_path, number):
    background.send_signal(number)
    output = background.communicate(timeout=20)[0]
    report = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert report["ended_by"] == number.name, output
    assert background.returncode == (0 if report["totals"]["requests"] >= 50 else 3)
    assert report["totals"]["requests"] == background.server.requests


@pytest.mark.parametrize(
    "change, complaint",
    [
        (("--url", "198.18.0.1"), "an http:// or https:// address is wanted"),
        (("--users", "0"), "--users"),
        (("--min-requests", "many"), "--min-requests"),
        (("--max-seconds", "-1"), "--max-seconds"),
        (("--stop-file", str(PROBE)), "is there already"),
    ],
)
def test_bad_options_are_refused_before_the_first_request(serve, tmp_path, change, complaint):
    server = serve()
    code, report, output = probe(server.url, tmp_path, *change)
    assert (code, report, server.requests) == (2, None, 0)
    assert complaint in output


@pytest.mark.parametrize("missing", ["--url", "--users", "--min-requests", "--max-seconds"])
def test_the_limits_must_be_given(tmp_path, missing):
    words = command("http://127.0.0.1:1/", tmp_path)
    position = words.index(missing)
    done = subprocess.run(
        words[:position] + words[position + 2 :], capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 2
    assert missing in done.stderr
