# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A drain whose first witness lies: httpd's counters are made wrong in the file that it keeps, and the kernel is asked as well.

A real Tomcat, by AJP and by HTTP, with requests, uploads, long-polling and WebSocket clients.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import hashlib
import json
import os
import re
import shutil
import socket
import struct
import sys
import threading

import archives
import loopback_tomcat
import pytest
import requests
from loopback import run_playbook, wait_until
from loopback_httpd import member, needs_httpd, running, served_by

pytestmark = needs_httpd
at_length = pytest.mark.skipif(not os.environ.get("RUN_FULL"), reason="the long form: RUN_FULL=1")

VERSION = max(archives.releases(), key=lambda version: int(version.split(".")[0]))
LEAK = 3
KEEP_ALIVE = 1
IN_FLIGHT = 20 if os.environ.get("RUN_FULL") else 2 * KEEP_ALIVE
# What looking again, and a machine that does other things as well, may take.
MORE = 5
CONFIG = """
Listen 127.0.0.1:{port}
<VirtualHost 127.0.0.1:{port}>
  BalancerPersist On
  <Proxy "balancer://shop">
    BalancerMember "ajp://127.0.0.1:{ajp}" route=ajp secret={secret} ping=2 hcmethod=TCP hcinterval=300ms
    BalancerMember "http://127.0.0.1:{http}" route=http upgrade=websocket hcmethod=TCP hcinterval=300ms
    ProxySet stickysession=JSESSIONID
  </Proxy>
  {manager}
  ProxyPass "/" "balancer://shop/"
</VirtualHost>
"""
DIRECTIVE = '<%@ page session="false" contentType="text/plain" trimDirectiveWhitespaces="true" %>'
PAGES = {
    "quick.jsp": "quick",
    "slow.jsp": '<% while (!new java.io.File(request.getParameter("until")).exists()) Thread.sleep(20); %>slow',
    "upload.jsp": "<%= request.getInputStream().readAllBytes().length %>",
}
SLOW = (200, "slow")
UPLOADED = (200, str(1 << 20))


# Tomcat, and an httpd that counts wrong ---------------------------------------


@pytest.fixture(scope="module")
def tomcat(tmp_path_factory):
    directory = tmp_path_factory.mktemp("tomcat")
    home = archives.unpack(VERSION, directory / "home")
    instance = loopback_tomcat.Instance(VERSION, home, directory)
    server = instance.base / "conf/server.xml"
    # By default an upload may not pause for as long as the longest one here.
    connectors = server.read_text().replace('connectionTimeout="20000"', 'connectionTimeout="60000"')
    server.write_text(connectors.replace("<Connector ", f'<Connector keepAliveTimeout="{KEEP_ALIVE * 1000}" '))
    shop = instance.base / "webapps/shop"
    shop.mkdir()
    for name, page in PAGES.items():
        (shop / name).write_text(DIRECTIVE + page)
    # For its WebSocket.
    shutil.copytree(home / "webapps/examples", instance.base / "webapps/examples")
    with instance.running():
        yield instance


@contextlib.contextmanager
def wrong_counters(tomcat, **busy):
    """An httpd that counts so many requests too many, by route."""
    with running(CONFIG, ajp=tomcat.ajp, http=tomcat.http, secret=loopback_tomcat.SECRET) as server:
        plant(server, busy)
        assert {route: counted(server, route) % (1 << 64) for route in busy} == {
            route: number % (1 << 64) for route, number in busy.items()
        }
        yield server


def plant(httpd, busy):
    """Make counters wrong in the file that httpd keeps (BalancerPersist On): each is beside the number of requests handed out."""
    handed_out = dict(zip(busy, (37, 41)))
    for route, number in handed_out.items():
        for _request in range(number):
            assert served_by(httpd, route, "/shop/quick.jsp", timeout=60) == (200, "quick")
    httpd.stop()
    (file,) = httpd.root.glob("slotmem-shm-*_shop.shm.persist")
    content = file.read_bytes()
    # The members, their checksum, and what kind of file it is.
    (end,) = (at for at in range(16, len(content)) if hashlib.md5(content[:at]).digest() == content[at : at + 16])
    members, kind = content[:end], content[end + 16 :]
    for route, number in handed_out.items():
        assert members.count(struct.pack("=Qq", number, 0)) == 1
        members = members.replace(struct.pack("=Qq", number, 0), struct.pack("=Qq", number, busy[route]))
    file.write_bytes(members + hashlib.md5(members).digest() + kind)
    httpd.start()


def counted(httpd, route):
    """What httpd's counter of requests in flight shows."""
    (entry,) = (part for part in httpd.page().split("</httpd:worker>") if f"<httpd:route>{route}</httpd:route>" in part)
    return int(re.search(r"<httpd:busy>(\d+)", entry)[1])


@pytest.fixture(scope="module")
def leaked(tomcat):
    with wrong_counters(tomcat, ajp=LEAK, http=LEAK) as server:
        yield server


@pytest.fixture
def httpd(leaked):
    """The one whose counters have leaked, with both members enabled."""
    for route in ("ajp", "http"):
        assert member(leaked.url(), route=route, state="enabled")["state_after"] == "enabled"
        assert counted(leaked, route) == LEAK
    return leaked


@pytest.fixture
def too_low(tomcat):
    """One whose counter misses a request, as if it had gone below 0."""
    with wrong_counters(tomcat, http=-1) as server:
        yield server


def drain(httpd, route, state="disabled", **options):
    """Take the member out and wait, as the roles do."""
    options = {"count_connections": True, "interval": 0.05, "timeout": 60, **options}
    return member(httpd.url(), balancer="shop", route=route, state=state, wait="idle", **options)


# Users ------------------------------------------------------------------------


def ask(httpd, route, until):
    """What a request gets that is answered when a file is there."""
    return served_by(httpd, route, f"/shop/slow.jsp?until={until}", timeout=60)


def upload(httpd, route, until):
    """What a request gets whose body is sent in two halves, the second when a file is there."""
    size = 1 << 20

    def body():
        yield bytes(size // 2)
        wait_until(until.exists)
        yield bytes(size // 2)

    request = requests.Request("POST", httpd.url("/shop/upload.jsp"), data=body()).prepare()
    del request.headers["Transfer-Encoding"]
    request.headers.update({"Content-Length": str(size), "Cookie": f"JSESSIONID=x.{route}"})
    with requests.Session() as session:
        answer = session.send(request, timeout=60)
    return answer.status_code, answer.text


class InFlight:
    """A request that ends when it is let go."""

    def __init__(self, pool, send, httpd, route, until):
        self.until = until
        before = counted(httpd, route)
        self.asked = pool.submit(send, httpd, route, until)
        wait_until(lambda: self.asked.done() or counted(httpd, route) != before)

    def let_go(self):
        self.until.touch()

    def let_go_after(self, seconds):
        threading.Timer(seconds, self.let_go).start()

    @property
    def ended(self):
        return self.asked.done()

    @property
    def answer(self):
        return self.asked.result()


@pytest.fixture
def in_flight(tmp_path):
    """Send a request with one of these functions."""
    until = tmp_path / "let-go"
    with concurrent.futures.ThreadPoolExecutor() as pool:
        yield lambda send, httpd, route: InFlight(pool, send, httpd, route, until)
        until.touch()


@contextlib.contextmanager
def web_socket(httpd):
    """A client of the echo that comes with Tomcat; it stays until it is left."""
    lines = [
        "GET /examples/websocket/echoProgrammatic HTTP/1.1",
        f"Host: 127.0.0.1:{httpd.port}",
        "Cookie: JSESSIONID=x.http",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: c2l4dGVlbi1ieXRlcy0uLg==",
    ]
    with socket.create_connection(("127.0.0.1", httpd.port), timeout=10) as client:
        client.sendall("\r\n".join([*lines, "", ""]).encode())
        assert client.recv(4096).startswith(b"HTTP/1.1 101 ")
        # A frame of text, whose mask is 0.
        client.sendall(b"\x81\x82\0\0\0\0hi")
        assert client.recv(4096) == b"\x81\x02hi"
        yield


# The counter has leaked -------------------------------------------------------


@pytest.mark.parametrize("route", ["ajp", "http"])
def test_a_leaked_counter_costs_as_long_as_connections_are_kept(httpd, route):
    assert served_by(httpd, route, "/shop/quick.jsp") == (200, "quick")
    out = drain(httpd, route)
    assert (out["idle"], out["in_flight"], out["connections"]) == (True, LEAK, 0)
    assert out["waited"] < KEEP_ALIVE + MORE
    alone = drain(httpd, route, count_connections=False, timeout=0.5)
    assert re.search(rf"is not idle: {LEAK} request\(s\) in flight, \d+ handed out so far", alone["msg"])


@pytest.mark.parametrize(
    "route, send, answer",
    [
        ("ajp", ask, SLOW),
        ("http", upload, UPLOADED),
        pytest.param("ajp", upload, UPLOADED, marks=at_length),
        pytest.param("http", ask, SLOW, marks=at_length),
    ],
)
def test_what_is_in_flight_ends(httpd, in_flight, route, send, answer):
    """The other pairs, and 20 seconds: the short form has both ways to Tomcat and both kinds, for longer than connections are kept."""
    request = in_flight(send, httpd, route)
    hasty = drain(httpd, route, timeout=KEEP_ALIVE + 0.5)
    told = rf"is not idle: {LEAK + 1} request\(s\) in flight by httpd's counter, [1-9] connection\(s\) established"
    assert re.search(told, hasty["msg"])
    assert not request.ended
    request.let_go_after(IN_FLIGHT)
    out = drain(httpd, route)
    assert (request.ended, request.answer) == (True, answer)
    assert (out["idle"], out["in_flight"], out["connections"]) == (True, LEAK, 0)
    assert out["waited"] < IN_FLIGHT + KEEP_ALIVE + MORE


def test_clients_that_never_leave_are_told(httpd, in_flight, tmp_path):
    """One waits for news, the other has a WebSocket."""
    request = in_flight(ask, httpd, "http")
    with web_socket(httpd):
        stayed = drain(httpd, "http", timeout=KEEP_ALIVE + 1)
        told = rf"is not idle: {LEAK + 2} request\(s\) in flight by httpd's counter, 2 connection\(s\) established"
        assert re.search(told, stayed["msg"])
        gone_on = drain(httpd, "http", timeout=0.2, on_timeout="proceed")
        assert (gone_on["idle"], gone_on["in_flight"], gone_on["connections"]) == (False, LEAK + 2, 2)
        assert note_of_a_rollout(httpd, tmp_path) == (
            f"{LEAK + 2} requests in flight, 2 connections on web1:shop; going on without waiting longer",
            {"httpd": "web1", "balancer": "shop", "in_flight": LEAK + 2, "connections": 2},
        )
    request.let_go()
    assert request.answer == SLOW
    assert drain(httpd, "http")["idle"]


def note_of_a_rollout(httpd, tmp_path):
    """What the journal of a rollout has, whose time to wait is over."""
    worker = member(httpd.url(), route="http", wait="ok", state="enabled")["worker"]
    place = {"httpd": "web1", "manager_url": httpd.url(), "balancer": "shop", "worker": worker}
    at = [{"host": "localhost", "members": [{**place, "state": "disabled", "wait": "idle"}], "checks": []}]
    journal = tmp_path / "events.jsonl"
    step = {"at": at, "journal": str(journal), "timeout": 1, "on_timeout": "proceed"}
    play(tmp_path, {"roundrobin.tomcat.rollout_httpd": step})
    (note,) = (event for event in map(json.loads, journal.read_text().splitlines()) if event["type"] == "note")
    return note["text"], note["data"]


def play(tmp_path, task):
    """Run a task on this machine and return what was shown."""
    local = {"connection": "local", "vars": {"ansible_python_interpreter": sys.executable}}
    playbook = tmp_path / "play.yml"
    playbook.write_text(json.dumps([{"hosts": "localhost", "gather_facts": False, **local, "tasks": [task]}]))
    ran = run_playbook(str(playbook))
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def test_a_member_that_still_gets_the_requests_of_its_sessions_is_not_idle(httpd):
    """Between two of them nothing is in flight, and connections are kept."""
    left = threading.Event()

    def ask_again():
        while not left.wait(0.1):
            assert served_by(httpd, "ajp", "/shop/quick.jsp") == (200, "quick")

    with concurrent.futures.ThreadPoolExecutor() as pool:
        asked = pool.submit(ask_again)
        stayed = drain(httpd, "ajp", "draining", timeout=KEEP_ALIVE + 1)
        left.set()
        asked.result()
    assert "is not idle: " in stayed["msg"]
    assert drain(httpd, "ajp", "draining")["idle"]


def test_the_role_does_not_stop_before_a_reload(httpd, tmp_path):
    assert served_by(httpd, "http", "/shop/quick.jsp") == (200, "quick")
    assert member(httpd.url(), route="http", state="disabled")["changed"]
    manager = {"address": "127.0.0.1", "port": httpd.port, "path": "/manager"}
    known = {f"apache_balancer_manager_{name}": value for name, value in manager.items()}
    known |= {"__apache_balancer_runs": True, "__apache_balancer_is_new": False, "apache_balancer_reload_timeout": 9}
    role = {"name": "roundrobin.tomcat.apache_balancer", "tasks_from": "states"}
    shown = play(tmp_path, {"ansible.builtin.include_role": role, "vars": known})
    assert "ok=3 " in shown


# The counter is too low, or right ---------------------------------------------


@pytest.mark.parametrize("send, answer", [(ask, SLOW), pytest.param(upload, UPLOADED, marks=at_length)])
def test_what_the_counter_misses_ends(too_low, in_flight, send, answer):
    """An upload: in the short form, the unit tests have what proves a request."""
    request = in_flight(send, too_low, "http")
    assert counted(too_low, "http") == 0
    out = drain(too_low, "http", timeout=0.5, on_timeout="proceed")
    assert (request.ended, out["idle"], out["in_flight"], out["connections"] > 0) == (False, False, 0, True)
    request.let_go_after(IN_FLIGHT)
    out = drain(too_low, "http")
    assert (request.ended, request.answer, out["idle"]) == (True, answer, True)


def test_a_counter_that_is_right_does_not_wait_for_connections_that_are_kept(too_low):
    """The request before has made it right."""
    assert served_by(too_low, "http", "/shop/quick.jsp") == (200, "quick")
    assert counted(too_low, "http") == 0
    out = drain(too_low, "http", interval=0.01)
    assert (out["idle"], out["in_flight"]) == (True, 0)
    assert out["waited"] < KEEP_ALIVE
