# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A drain whose first witness lies: httpd's counter is made wrong in the file that it keeps, and the kernel is asked as well.

A real Tomcat, by AJP and by HTTP, with requests, uploads, long-polling and WebSocket clients.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import hashlib
import os
import re
import shutil
import socket
import struct
import threading

import archives
import loopback_tomcat
import pytest
import requests
from loopback import wait_until
from loopback_httpd import member, needs_httpd, running, served_by

pytestmark = needs_httpd

VERSION = max(archives.releases(), key=lambda version: int(version.split(".")[0]))
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
PAGES = {
    "quick.jsp": "quick",
    "slow.jsp": '<% while (!new java.io.File(request.getParameter("until")).exists()) Thread.sleep(20); %>slow',
    "upload.jsp": "<%= request.getInputStream().readAllBytes().length %>",
}


@pytest.fixture(scope="module")
def tomcat(tmp_path_factory):
    directory = tmp_path_factory.mktemp("tomcat")
    home = archives.unpack(VERSION, directory / "home")
    instance = loopback_tomcat.Instance(VERSION, home, directory)
    server = instance.base / "conf/server.xml"
    server.write_text(server.read_text().replace("<Connector ", f'<Connector keepAliveTimeout="{KEEP_ALIVE * 1000}" '))
    shop = instance.base / "webapps/shop"
    shop.mkdir()
    for name, page in PAGES.items():
        (shop / name).write_text(
            '<%@ page session="false" contentType="text/plain" trimDirectiveWhitespaces="true" %>' + page
        )
    # For its WebSocket.
    shutil.copytree(home / "webapps/examples", instance.base / "webapps/examples")
    with instance.running():
        yield instance


@pytest.fixture
def httpd(tomcat):
    with running(CONFIG, ajp=tomcat.ajp, http=tomcat.http, secret=loopback_tomcat.SECRET) as server:
        yield server


def counted(httpd, route):
    """What httpd's counter of requests in flight shows."""
    (entry,) = (part for part in httpd.page().split("</httpd:worker>") if f"<httpd:route>{route}</httpd:route>" in part)
    return int(re.search(r"<httpd:busy>(\d+)", entry)[1])


def plant(httpd, route, busy):
    """Make the counter wrong in the file that httpd keeps (BalancerPersist On), by how many requests it has handed out."""
    handed_out = 67
    for _request in range(handed_out):
        assert served_by(httpd, route, "/shop/quick.jsp") == (200, "quick")
    httpd.stop()
    (file,) = httpd.root.glob("slotmem-shm-*_shop.shm.persist")
    content = file.read_bytes()
    (at,) = (found.start() for found in re.finditer(re.escape(struct.pack("=QQ", handed_out, 0)), content))
    (end,) = (at for at in range(16, len(content)) if hashlib.md5(content[:at]).digest() == content[at : at + 16])
    slots = content[: at + 8] + struct.pack("=q", busy) + content[at + 16 : end]
    file.write_bytes(slots + hashlib.md5(slots).digest() + content[end + 16 :])
    httpd.start()


def leak(httpd, route):
    plant(httpd, route, 3)
    assert counted(httpd, route) == 3


def drain(httpd, route, state="disabled", **options):
    """Take the member out and wait, as the roles do."""
    options = {"count_connections": True, "interval": 0.05, "timeout": 60, **options}
    return member(httpd.url(), balancer="shop", route=route, state=state, wait="idle", **options)


def ask(httpd, route, until):
    """What a request gets that is answered when a file is there."""
    return served_by(httpd, route, f"/shop/slow.jsp?until={until}", timeout=60)


def upload(httpd, route, until, size=1 << 20):
    """What a request gets whose body is sent in two halves, the second when a file is there."""

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
def in_flight(httpd, tmp_path):
    """Send a request with one of these functions."""
    until = tmp_path / "let-go"
    with concurrent.futures.ThreadPoolExecutor() as pool:
        yield lambda send, route: InFlight(pool, send, httpd, route, until)
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


by_both = pytest.mark.parametrize("route", ["ajp", "http"])
both_kinds = pytest.mark.parametrize(
    "send, answer", [(ask, (200, "slow")), (upload, (200, str(1 << 20)))], ids=["request", "upload"]
)


@by_both
def test_a_leaked_counter_costs_as_long_as_connections_are_kept(httpd, route):
    leak(httpd, route)
    alone = drain(httpd, route, count_connections=False, timeout=1)
    assert "is not idle: 3 request(s) in flight, 67 handed out so far" in alone["msg"]
    out = drain(httpd, route)
    assert (out["idle"], out["in_flight"], out["connections"]) == (True, 3, 0)
    assert out["waited"] < MORE
    member(httpd.url(), route=route, state="enabled")
    assert served_by(httpd, route, "/shop/quick.jsp") == (200, "quick")
    out = drain(httpd, route)
    assert (out["idle"], out["in_flight"], out["connections"]) == (True, 3, 0)
    assert out["waited"] < KEEP_ALIVE + MORE


def test_a_counter_that_is_right_does_not_wait_for_connections_that_are_kept(httpd):
    assert served_by(httpd, "http", "/shop/quick.jsp") == (200, "quick")
    out = drain(httpd, "http")
    assert (out["idle"], out["in_flight"], out["connections"]) == (True, 0, 1)


@by_both
@both_kinds
def test_what_is_in_flight_ends_though_the_counter_has_leaked(httpd, in_flight, route, send, answer):
    leak(httpd, route)
    request = in_flight(send, route)
    hasty = drain(httpd, route, timeout=0.5)
    assert re.search(r"is not idle: 4 request\(s\) in flight by httpd's counter, [1-9] connection", hasty["msg"])
    assert not request.ended
    request.let_go_after(IN_FLIGHT)
    out = drain(httpd, route)
    assert (request.ended, request.answer) == (True, answer)
    assert (out["idle"], out["in_flight"], out["connections"]) == (True, 3, 0)
    assert out["waited"] < IN_FLIGHT + KEEP_ALIVE + MORE


@both_kinds
def test_what_is_in_flight_ends_though_the_counter_misses_it(httpd, in_flight, send, answer):
    """As if it had gone below 0: httpd counts without a lock."""
    plant(httpd, "http", -1)
    request = in_flight(send, "http")
    assert counted(httpd, "http") == 0
    out = drain(httpd, "http", timeout=0.5, on_timeout="proceed")
    assert (request.ended, out["idle"], out["in_flight"], out["connections"] > 0) == (False, False, 0, True)
    request.let_go_after(IN_FLIGHT)
    out = drain(httpd, "http")
    assert (request.ended, request.answer, out["idle"]) == (True, answer, True)


def test_a_web_socket_that_never_leaves_is_told(httpd):
    leak(httpd, "http")
    with web_socket(httpd):
        stayed = drain(httpd, "http", timeout=KEEP_ALIVE + 1)
        assert "is not idle: 4 request(s) in flight by httpd's counter, 1 connection(s) established" in stayed["msg"]
        gone_on = drain(httpd, "http", timeout=0.2, on_timeout="proceed")
        assert (gone_on["idle"], gone_on["in_flight"], gone_on["connections"]) == (False, 4, 1)
    assert drain(httpd, "http")["idle"]


@by_both
def test_a_long_polling_client_that_never_leaves_is_told(httpd, in_flight, route):
    leak(httpd, route)
    request = in_flight(ask, route)
    stayed = drain(httpd, route, timeout=KEEP_ALIVE + 1, on_timeout="proceed")
    assert (stayed["idle"], stayed["in_flight"], stayed["connections"] > 0) == (False, 4, True)
    request.let_go()
    assert request.answer == (200, "slow")


@by_both
def test_a_member_that_still_gets_the_requests_of_its_sessions_is_not_idle(httpd, route):
    """Between two of them nothing is in flight, and connections are kept."""
    left = threading.Event()

    def ask_again():
        while not left.wait(0.1):
            assert served_by(httpd, route, "/shop/quick.jsp") == (200, "quick")

    with concurrent.futures.ThreadPoolExecutor() as pool:
        asked = pool.submit(ask_again)
        stayed = drain(httpd, route, "draining", timeout=KEEP_ALIVE + 1, stable_reads=10)
        left.set()
        asked.result()
    assert "is not idle: " in stayed["msg"]
    assert drain(httpd, route, "draining")["idle"]
