# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Between the options of a task and HTTP: what is sent, and what is told of what is no answer."""

from __future__ import annotations

import http.server
import time

import pytest

from ansible_collections.roundrobin.tomcat.plugins.module_utils._balancer import transport
from ansible_collections.roundrobin.tomcat.plugins.module_utils._balancer.model import ManagerError, Unreachable
from ansible_collections.roundrobin.tomcat.plugins.module_utils._balancer.transport import make_fetch
from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError

OPTIONS = {
    "manager_url": "http://h/m",
    "unix_socket": None,
    "url_username": None,
    "url_password": None,
    "validate_certs": True,
    "ca_path": None,
    "request_timeout": 10.0,
}


class Manager(http.server.BaseHTTPRequestHandler):
    """Tells what it was sent; by its path it answers too little or too slowly."""

    def do_POST(self):
        sent = self.rfile.read(int(self.headers["Content-Length"])).decode()
        wanted = ("Authorization", "Referer", "Content-Type")
        told = "\n".join([self.requestline, sent, *(f"{name}: {self.headers[name]}" for name in wanted)])
        self.answer(told.encode() + b" gr\xc3\xbcn \xff", 0)

    def do_GET(self):
        if self.path == "/slow":
            time.sleep(1)
        self.answer(b"abcd", 1 if self.path == "/cut?xml=1" else 0)

    def answer(self, body, missing):
        self.send_response(200)
        self.send_header("Content-Length", str(len(body) + missing))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments):
        """Say nothing."""


@pytest.fixture
def manager(serve):
    return f"http://127.0.0.1:{serve(http.server.ThreadingHTTPServer, Manager)}"


@pytest.mark.parametrize(
    ("login", "authorization"),
    [
        ({}, "None"),
        ({"url_username": "u", "url_password": "p"}, "Basic dTpw"),
        ({"url_username": "u"}, "Basic dTo="),
    ],
)
def test_sends_and_decodes(manager, login, authorization):
    headers = {"Referer": "http://h/", "Content-Type": "application/x-www-form-urlencoded"}
    reply = make_fetch({**OPTIONS, **login})("POST", f"{manager}/m", headers, "a=b")
    assert reply.status == 200
    assert reply.text.splitlines() == [
        "POST /m HTTP/1.1",
        "a=b",
        f"Authorization: {authorization}",
        "Referer: http://h/",
        "Content-Type: application/x-www-form-urlencoded gr\u00fcn \ufffd",
    ]


def test_what_is_told_of_what_is_no_answer(manager, free_port):
    gone = f"http://127.0.0.1:{free_port}/m"
    for url, seconds, message in (
        (f"{gone}?xml=1", 10, f"{gone} cannot be reached: Connection refused"),
        (f"{manager}/cut?xml=1", 10, f"{manager}/cut gave an answer that is cut short after 4 of 5 bytes"),
        (f"{manager}/slow", 0.2, f"{manager}/slow gave no complete answer within 0.2 s"),
    ):
        with pytest.raises(Unreachable) as caught:
            make_fetch({**OPTIONS, "request_timeout": seconds})("GET", url, {}, None)
        assert caught.value.message == message


def test_a_page_without_end(manager, monkeypatch):
    monkeypatch.setattr(transport, "MAX_PAGE", 3)
    with pytest.raises(ManagerError, match="is no balancer-manager: its page has more than 3 bytes"):
        make_fetch(OPTIONS)("GET", f"{manager}/m", {}, None)


def test_a_unix_socket_is_the_place(tmp_path):
    path = str(tmp_path / "manager.sock")
    with pytest.raises(Unreachable, match=f"^{path} cannot be reached: No such file or directory"):
        make_fetch({**OPTIONS, "unix_socket": path})("GET", "http://h/m?xml=1", {}, None)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"request_timeout": 0}, "request_timeout 0 is not accepted: give 0.01 to 3600"),
        ({"manager_url": "https://h/m", "unix_socket": "/run/x"}, "unix_socket goes with"),
        ({"manager_url": "HTTPS://h/m", "ca_path": "/no/such.pem"}, "/no/such.pem holds no certificates to trust"),
    ],
)
def test_what_cannot_work_is_refused_before_anything_is_sent(options, words):
    with pytest.raises(CollectionError, match=words):
        make_fetch({**OPTIONS, **options})


def test_without_validation_no_certificates_are_looked_for():
    make_fetch({**OPTIONS, "manager_url": "https://h/m", "ca_path": "/no/such.pem", "validate_certs": False})
