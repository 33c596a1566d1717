# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever a server does, asking it ends in time with an answer or a reason."""

from __future__ import annotations

import contextlib
import http.server
import socket
import socketserver
import struct
import time

import pytest

from ansible_collections.roundrobin.tomcat.plugins.module_utils._tomcat import ask as _ask
from ansible_collections.roundrobin.tomcat.plugins.module_utils._tomcat.ask import ask_ajp, ask_http
from ansible_collections.roundrobin.tomcat.plugins.module_utils._tomcat.health import parse_url


def over_http(url, method="GET", headers=None, timeout=10):
    return ask_http(parse_url(url), method=method, headers=headers or {}, timeout=timeout, context=None)


def over_ajp(url, secret=None, timeout=10):
    return ask_ajp(parse_url(url), method="GET", headers={}, secret=secret, timeout=timeout)


def ask(url, timeout=10):
    return over_ajp(url, timeout=timeout) if url.startswith("ajp:") else over_http(url, timeout=timeout)


def test_an_answer_over_http(web):
    answer = over_http(web + "/health", headers={"Host": "shop"})
    assert (answer.status, answer.body, answer.error) == (200, "version=1.4.2 host=shop", None)
    assert answer.latency > 0


def test_an_answer_over_ajp(ajp, ajp_secret):
    answer = over_ajp(ajp + "/health", secret=ajp_secret)
    assert (answer.status, answer.body, answer.error) == (200, "version=1.4.2", None)
    assert over_ajp(ajp + "/health", secret="no-good").status == 403


class Baking(http.server.BaseHTTPRequestHandler):
    """Sets two cookies, one of them with a comma."""

    def do_GET(self):
        self.wfile.write(b"HTTP/1.0 200 OK\r\n" + b"".join(b"Set-Cookie: %b\r\n" % one for one in COOKIES) + b"\r\n")

    def log_message(self, *_arguments):
        """Stay quiet."""


COOKIES = [b"a=1; Expires=Thu, 01 Jan 2026 00:00:00 GMT", b"b=2; Path=/"]


def test_cookies_over_http(serve):
    port = serve(http.server.ThreadingHTTPServer, Baking)
    assert over_http(f"http://127.0.0.1:{port}/").cookies == tuple(one.decode() for one in COOKIES)


class BakingConnector(socketserver.StreamRequestHandler):
    """The same over AJP, where Tomcat has a number for the header's name."""

    def handle(self):
        for payload in (b"\x09", b"\x04" + struct.pack(">H", 200) + b"\0\0\0" + self._headers(), b"\x05\x01"):
            if payload == b"\x09" or payload.startswith(b"\x04"):
                self.rfile.read(struct.unpack(">2sH", self.rfile.read(4))[1])
            self.wfile.write(b"AB" + struct.pack(">H", len(payload)) + payload)

    @staticmethod
    def _headers():
        return struct.pack(">H", len(COOKIES)) + b"".join(
            b"\xa0\x07" + struct.pack(">H", len(one)) + one + b"\0" for one in COOKIES
        )


def test_cookies_over_ajp(serve):
    port = serve(socketserver.ThreadingTCPServer, BakingConnector)
    assert over_ajp(f"ajp://127.0.0.1:{port}/").cookies == tuple(one.decode() for one in COOKIES)


def test_a_status_of_any_kind_is_an_answer(web):
    assert over_http(web + "/sick").status == 503
    assert over_http(web + "/health", method="HEAD").body == ""


def test_a_redirect_is_the_answer_and_is_not_followed(web):
    answer = over_http(web + "/login")
    assert (answer.status, answer.body, answer.error) == (302, "", None)


class Telling(http.server.BaseHTTPRequestHandler):
    """Answers with what it was asked."""

    def do_GET(self):
        self.wfile.write(b"HTTP/1.0 200 OK\r\n\r\n" + self.requestline.encode() + b"\n" + bytes(self.headers))

    def log_message(self, *_arguments):
        """Stay quiet."""


def test_what_is_asked(serve):
    port = serve(http.server.ThreadingHTTPServer, Telling)
    body = over_http(f"http://127.0.0.1:{port}/a%20b?c=%2F&d", headers={"X-Own": "1"}).body
    assert body.startswith("GET /a%20b?c=%2F&d HTTP/1.1\n")
    for header in ("User-Agent: roundrobin.tomcat\n", "Connection: close\n", "X-Own: 1\n"):
        assert header in body


class Endless(socketserver.BaseRequestHandler):
    """Never stops to answer."""

    def handle(self):
        self.request.sendall(b"HTTP/1.0 200 OK\r\n\r\n")
        with contextlib.suppress(OSError):
            while True:
                self.request.sendall(b"x" * 65536)


def test_no_more_is_read_than_will_be_looked_at(serve):
    answer = over_http(f"http://127.0.0.1:{serve(socketserver.ThreadingTCPServer, Endless)}/")
    assert (answer.status, answer.body) == (200, "x" * _ask.MAX_BODY)


def test_a_body_that_is_no_text_is_an_answer_too(serve):
    class Bytes(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.wfile.write(b"HTTP/1.0 200 OK\r\n\r\nversion=1\xff")

        log_message = Telling.log_message

    assert over_http(f"http://127.0.0.1:{serve(http.server.ThreadingHTTPServer, Bytes)}/").body == "version=1\ufffd"


@pytest.mark.parametrize("scheme", ["http", "https", "ajp"])
def test_nobody_is_there(free_port, scheme):
    answer = ask(f"{scheme}://127.0.0.1:{free_port}/")
    assert (answer.status, answer.body, answer.error) == (None, "", "Connection refused")


@pytest.mark.parametrize("scheme", ["http", "https", "ajp"])
def test_somebody_is_silent(silent, scheme):
    answer = ask(f"{scheme}://127.0.0.1:{silent}/", timeout=0.2)
    assert (answer.status, answer.error) == (None, "no complete answer within 0.2 s")
    assert 0.2 <= answer.latency < 10


class Dripping(socketserver.BaseRequestHandler):
    """Each byte of an answer over AJP comes in time, the whole does not."""

    def handle(self):
        with contextlib.suppress(OSError):
            for byte in b"AB\x00\x01\x09" + b"AB" + struct.pack(">H", 5000) + b"\x04" + b"\x00" * 5000:
                self.request.sendall(bytes([byte]))
                time.sleep(0.02)


def test_an_answer_over_ajp_that_drips(serve):
    answer = over_ajp(f"ajp://127.0.0.1:{serve(socketserver.ThreadingTCPServer, Dripping)}/", timeout=0.5)
    assert (answer.status, answer.error) == (None, "no complete answer within 0.5 s")
    assert answer.latency < 10


def test_what_is_not_ajp(web):
    answer = over_ajp(web.replace("http:", "ajp:") + "/")
    assert answer.status is None
    assert answer.error.startswith("the answer is not AJP: it begins with")


def test_a_request_that_ajp_cannot_carry():
    answer = over_ajp("ajp://127.0.0.1:1/" + "a" * 9000)
    assert (answer.status, "AJP allows 8192" in answer.error) == (None, True)


def test_a_name_that_nobody_has(monkeypatch):
    def unknown(*_arguments, **_options):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    for scheme in ("http", "ajp"):
        answer = ask(f"{scheme}://nobody.example:80/")
        # The resolver's word, without the layers around it.
        assert (answer.status, answer.error) == (None, "Name or service not known")


@pytest.mark.parametrize(
    ("headers", "by_tls"), [({}, False), ({"X-Forwarded-Proto": "https"}, True), ({"x-forwarded-proto": "http"}, False)]
)
def test_what_is_to_come_by_tls_does_so_over_ajp(monkeypatch, headers, by_tls):
    """As httpd says it there: the packet has it, no header would be believed."""
    seen = []

    def packet(*_arguments, is_tls, **_named):
        seen.append(is_tls)
        raise _ask.AjpError("not sent")

    monkeypatch.setattr(_ask, "build_request", packet)
    answer = ask_ajp(parse_url("ajp://198.18.0.3/"), method="GET", headers=headers, secret=None, timeout=1)
    assert (answer.error, seen) == ("not sent", [by_tls])
