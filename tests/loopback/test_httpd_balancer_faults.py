# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The balancer modules when a real httpd's answers do not come through, or its administrator does not let them.

Each fault is a clear error, and httpd is as it was.
"""

from __future__ import annotations

import contextlib
import http.server
import re
import socket
import threading
import time

import pytest
import requests
from loopback import free_port, run_module
from loopback_httpd import member, needs_httpd, running, serving, states

pytestmark = needs_httpd

CONFIG = """
Listen 127.0.0.1:{port}
<VirtualHost 127.0.0.1:{port}>
  <Proxy "balancer://shop">
    BalancerMember "http://127.0.0.1:{backend1}" route=t1
    BalancerMember "http://127.0.0.1:{backend2}" route=t2
  </Proxy>
  <Location "/guarded">
    SetHandler balancer-manager
    {login}
  </Location>
  <Location "/closed">
    SetHandler balancer-manager
    Require all denied
  </Location>
  <Location "/readable">
    SetHandler balancer-manager
    <LimitExcept GET>
      Require all denied
    </LimitExcept>
  </Location>
  <Location "/nothing">
    ProxyPass "!"
  </Location>
  {manager}
  ProxyPass "/guarded" "!"
  ProxyPass "/closed" "!"
  ProxyPass "/readable" "!"
  ProxyPass "/" "balancer://shop/"
</VirtualHost>
"""
TASK = {"balancer": "shop", "route": "t1", "state": "disabled"}


@pytest.fixture(scope="module")
def httpd(backends):
    with running(CONFIG, **backends) as server:
        yield server


def settings(httpd):
    """All that a task could change."""
    return re.findall(r"<httpd:(?:name|status|loadfactor|lbset|route)>[^<]*", httpd.page())


@pytest.fixture(autouse=True)
def unchanged(httpd):
    """Whatever is done to the answers, httpd is as before in the end."""
    before = settings(httpd)
    assert len(before) == 13
    yield
    assert settings(httpd) == before


class Silent(http.server.ThreadingHTTPServer):
    """A connection that a test drops is no error."""

    def handle_error(self, _request, _address):
        """Say nothing."""


class Between(http.server.BaseHTTPRequestHandler):
    """Passes requests on to httpd and answers back; a subclass spoils something."""

    def forward(self, body):
        path = self.path if self.server.query else self.path.partition("?")[0]
        names = ("Referer", "Content-Type")
        headers = {name: self.headers[name] for name in names if self.headers[name]}
        return requests.request(
            self.command, f"http://127.0.0.1:{self.server.answer.port}{path}", data=body, headers=headers, timeout=5
        )

    def do_GET(self):
        self.reply(self.forward(None).text)

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.reply(self.forward(self.server.on_post(body)).text)

    def reply(self, text):
        status, body = self.server.spoil(self, text)
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments):
        """Say nothing."""


def keep(_request, text):
    return 200, text.encode()


@contextlib.contextmanager
def between(httpd, spoil=keep, on_post=lambda body: body, query=True):
    server = Silent(("127.0.0.1", 0), Between)
    server.spoil, server.on_post, server.query = spoil, on_post, query
    with serving(server, httpd):
        yield f"http://127.0.0.1:{server.server_port}/manager"


def refused(out, part):
    """Assert a failure that says so, and return its message."""
    assert out.get("failed") is True and not out.get("changed"), out
    assert part in out["msg"], out["msg"]
    assert "Traceback" not in out["msg"]
    return out["msg"]


# What the administrator does not allow --------------------------------------


@pytest.mark.parametrize(
    "path, part",
    [
        ("/guarded", "answered 401 Unauthorized: the user name or the password is wrong or missing"),
        ("/closed", "answered 403 Forbidden: httpd does not let this client in"),
        ("/nothing", "answered 404 Not Found: there is no balancer-manager at this path"),
        ("/shop", "answers, but not with a balancer-manager's page"),
    ],
)
@pytest.mark.parametrize("module, options", [("httpd_balancer_member", TASK), ("httpd_balancer_info", {})])
def test_not_for_us(httpd, module, options, path, part):
    login = {"url_username": "operator", "url_password": "not-it"} if path == "/guarded" else {}
    refused(run_module(module, manager_url=httpd.url(path), **options, **login), part)


def test_a_manager_that_may_only_be_read(httpd):
    refused(member(httpd.url("/readable"), **TASK), "answered 403 Forbidden")


# What does not come through -------------------------------------------------


def test_the_manager_is_stopped():
    refused(member(f"http://127.0.0.1:{free_port()}/manager", **TASK), "Connection refused")


def test_the_manager_never_answers():
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}/manager"
        refused(member(url, **TASK, request_timeout=0.5), "gave no complete answer within 0.5 s")


def test_an_answer_that_drips(httpd):
    """Each byte comes in time, the whole does not."""

    def spoil(request, text):
        with contextlib.suppress(OSError):
            request.wfile.write(b"HTTP/1.0 200 OK\r\n\r\n")
            for letter in text:
                request.wfile.write(letter.encode())
                time.sleep(0.05)
        return 200, b""

    with between(httpd, spoil) as url:
        started = time.monotonic()
        refused(member(url, **TASK, request_timeout=1), "gave no complete answer within 1 s")
        assert time.monotonic() - started < 10


@pytest.mark.parametrize("part_left", [0, 0.01, 0.05, 0.5, 0.99])
def test_a_truncated_page(httpd, part_left):
    def spoil(_request, text):
        return 200, text.encode()[: int(part_left * len(text))]

    with between(httpd, spoil) as url:
        said = "cut short" if part_left > 0.01 else "not with a balancer-manager's page"
        refused(member(url, **TASK), said)
        refused(run_module("httpd_balancer_info", manager_url=url), said)


def test_a_page_shorter_than_announced(httpd):
    def spoil(request, text):
        body = text.encode()
        request.wfile.write(b"HTTP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body) + 9, body))
        raise ConnectionAbortedError

    with between(httpd, spoil) as url:
        message = member(url, **TASK)["msg"]
    assert re.search(r"gave an answer that is cut short after \d+ of", message), message


@pytest.mark.parametrize(
    "status, page, part",
    [
        (502, "<title>502 Proxy Error</title>", "answered 502 Proxy Error"),
        (200, "<!DOCTYPE html><html><h1>Welcome</h1></html>", "not with a balancer-manager's page"),
        (200, "<httpd:manager xmlns:httpd='urn:other'></httpd:manager>", "not a balancer-manager's"),
        (302, "", "answered 302"),
    ],
)
def test_another_page(httpd, status, page, part):
    with between(httpd, lambda *_request: (status, page.encode())) as url:
        refused(member(url, **TASK), part)


def test_a_wrong_nonce(httpd):
    with between(httpd, on_post=lambda body: body.replace("nonce=", "nonce=0")) as url:
        out = member(url, **TASK)
    refused(out, "did not set state disabled on http://127.0.0.1:")
    assert "knows the member, but did not accept the nonce or the value" in out["msg"]
    assert (out["state_before"], out["state_after"]) == ("enabled", "enabled")


def test_a_nonce_that_a_restart_has_made_stale(httpd):
    def restart(body):
        httpd.control("graceful")
        time.sleep(1.5)
        return body

    with between(httpd, on_post=restart) as url:
        refused(member(url, **TASK), "its nonce has changed meanwhile, as when httpd is restarted; run the task again")


def test_a_member_that_httpd_does_not_know(httpd):
    with between(httpd, on_post=lambda body: re.sub("&w=[^&]*", "&w=http%3A//127.0.0.1%3A9", body)) as url:
        refused(member(url, **TASK), "it knows the balancer, but not the member")


def test_a_form_without_a_referer_that_counts(httpd):
    """A proxy in between that changes the Referer of changes only."""

    class Changes(Between):
        def do_POST(self):
            del self.headers["Referer"]
            super().do_POST()

    server = Silent(("127.0.0.1", 0), Changes)
    server.spoil, server.on_post, server.query = keep, lambda body: body, True
    with serving(server, httpd):
        out = member(f"http://127.0.0.1:{server.server_port}/manager", **TASK)
    refused(out, "ignored the whole form, as it does when the Referer's host is not its server name, '127.0.0.1'")


def test_a_change_that_never_arrives(httpd):
    """It is sent once, looked up, and not sent again."""
    sent = []

    def swallow(body):
        sent.append(body)
        raise ConnectionAbortedError

    with between(httpd, on_post=swallow) as url:
        refused(member(url, **TASK), "did not set state disabled")
    assert len(sent) == 1


# What looks bad and is not --------------------------------------------------


def test_a_change_whose_answer_is_lost(httpd):
    def spoil(request, text):
        return (200, text.encode()) if request.command == "GET" else (504, b"")

    with between(httpd, spoil) as url:
        out = member(url, **TASK)
        assert (out["changed"], out["state_after"]) == (True, "disabled")
        assert member(url, **{**TASK, "state": "enabled"})["changed"]


def test_an_httpd_that_is_just_being_restarted(httpd):
    """Who waits anyway waits for that too; who does not is told at once, see test_the_manager_is_stopped."""
    httpd.stop()
    back = threading.Timer(1, httpd.start)
    back.start()
    out = member(httpd.url("/manager"), **{**TASK, "state": "enabled"}, wait="ok", timeout=20)
    back.join()
    assert out["state_after"] == "enabled"


def test_an_httpd_without_the_nonce_in_its_xml(httpd):
    def spoil(_request, text):
        return 200, re.sub("<httpd:nonce>.*?</httpd:nonce>", "", text).encode()

    with between(httpd, spoil) as url:
        assert member(url, **TASK)["changed"]
        assert states(url)["shop", "t1"] == "disabled"
        assert member(url, **{**TASK, "state": "enabled"})["changed"]


def test_a_manager_without_an_xml_view(httpd):
    """The query does not get through, so that httpd shows HTML only."""
    with between(httpd, query=False) as url:
        assert "<html>" in requests.get(url + "?xml=1", timeout=5).text
        out = member(url, **TASK, load_factor=1.15, wait="idle")
        assert (out["changed"], out["idle"], out["state_after"]) == (True, True, "disabled")
        assert out["after"] == {"state": "disabled", "load_factor": 1.15}
        assert states(url) == states(httpd.url())
        assert member(url, **TASK, load_factor=1.15)["changed"] is False
        assert member(url, **{**TASK, "state": "enabled"}, load_factor=1)["changed"]


def test_readings_that_fail_now_and_then_while_waiting(httpd):
    """Every other page is cut or missing once the member is out."""
    count = iter(range(1000))

    def spoil(request, text):
        number = next(count)
        if request.command == "GET" and number > 1 and number % 3:
            return (200, text.encode()[:900]) if number % 3 == 1 else (503, b"")
        return 200, text.encode()

    with between(httpd, spoil) as url:
        out = member(url, **TASK, wait="idle", stable_reads=5, interval=0.05)
    assert (out["changed"], out["idle"], out["state_after"]) == (True, True, "disabled")
    assert member(httpd.url(), **{**TASK, "state": "enabled"})["changed"]


def test_two_tasks_at_the_same_moment_leave_one_member(httpd):
    """The other task is quicker by a hair: both have read that two members are usable."""

    def other_task(body):
        if not other:
            other.append(member(httpd.url(), balancer="shop", route="t2", state="disabled", keep_usable=1))
        return body

    other = []
    with between(httpd, on_post=other_task) as url:
        out = member(url, **TASK, keep_usable=1)
    assert other[0]["changed"]
    refused(out, "is enabled again: another member went out at the same moment, so that 0 usable member(s) remained")
    assert states(httpd.url()) == {("shop", "t1"): "enabled", ("shop", "t2"): "disabled"}
    assert member(httpd.url(), balancer="shop", route="t2", state="enabled")["changed"]
