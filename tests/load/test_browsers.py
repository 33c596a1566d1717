# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Browsers use every page of the sample application, here a small one in its place, and the judge sees in their history what went wrong."""

from __future__ import annotations

import itertools
import json
import random
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from browsers import LOGIN, Browser, Crowd
from judge import COUNT, END, LOG_IN, LOOK, LOST, REFUSED, RISEN, judge

USERS, PAGES = 3, 20


class Site(BaseHTTPRequestHandler):
    """Sessions in a dictionary: what each has counted. What the server's fault names goes wrong."""

    protocol_version = "HTTP/1.1"
    # An answer in one packet.
    wbufsize = -1

    def log_message(self, *_arguments):
        """Be quiet."""

    def do_GET(self):
        self._serve()

    def do_POST(self):
        self._form = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        self._serve()

    def _serve(self):
        page = self.path.strip("/").partition("?")[0]
        with self.server.lock:
            cookie = self.headers.get("Cookie", "").partition("=")[2]
            status, answer, given = getattr(self, page)(cookie, self.server.sessions)
        text = json.dumps({"instance": "app1", **answer}).encode()
        self.send_response(status)
        if given:
            self.send_header("Set-Cookie", f"JSESSIONID={given}; Path=/")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def _new(self, sessions, counter=0):
        given = f"s{next(self.server.numbers)}"
        sessions[given] = counter
        return given

    def counter(self, cookie, sessions):
        if self.server.fault == LOST and sessions.get(cookie, 0) > 5:
            del sessions[cookie]
        given = "" if cookie in sessions else self._new(sessions)
        sessions[given or cookie] += 1
        return 200, {"counter": sessions[given or cookie]}, given

    def whoami(self, cookie, sessions):
        return 200, {"counter": sessions.get(cookie)}, ""

    def renew(self, cookie, sessions):
        return 200, {}, self._new(sessions, sessions.pop(cookie))

    def logout(self, cookie, sessions):
        had = cookie in sessions
        if self.server.fault != RISEN:
            sessions.pop(cookie, None)
        return 200, {"logged_out": had}, ""

    def account(self, _cookie, sessions):
        return 200, {}, self._new(sessions)

    def j_security_check(self, cookie, sessions):
        if self.server.fault == REFUSED or self._form != "&".join("=".join(field) for field in LOGIN.items()):
            return 408, {}, ""
        return 302, {}, self._new(sessions, sessions.pop(cookie))


class Quick(Browser):
    PAUSE = (0.0, 0.0)
    SLOW, RENEWED, ENDED, WITH_LOGIN = 0.1, 0.2, 0.2, 0.5


@pytest.mark.parametrize("fault", [None, LOST, RISEN, REFUSED])
def test_what_goes_wrong_is_in_the_history(fault, monkeypatch):
    monkeypatch.setattr("browsers.TYPING_S", 0)
    site = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    site.lock, site.sessions, site.numbers, site.fault = threading.Lock(), {}, itertools.count(), fault
    thread = threading.Thread(target=site.serve_forever)
    thread.start()
    browsers = [Quick(f"user{number}", [site.server_address], random.Random(number)) for number in range(USERS)]
    for browser in browsers:
        for _page in range(PAGES):
            browser.use_page()
    site.shutdown()
    thread.join()
    site.server_close()
    history = [operation for browser in browsers for operation in browser.history]
    assert {operation.kind for operation in history} == {COUNT, LOOK, END, LOG_IN}
    found = {seen.kind for seen in judge(history)}
    assert fault in found if fault else not found


def test_without_an_answer_no_page_sends_its_requests():
    with Crowd([("127.0.0.1", 1)], 1, 0) as crowd:
        while crowd.operations < PAGES:
            time.sleep(0.01)
    assert {operation.number for operation in crowd.history} == {None}
    assert all(
        earlier.ended <= later.sent for earlier, later in itertools.pairwise(crowd.history) if later.kind == COUNT
    )
