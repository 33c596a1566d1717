# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import http.server
import signal
import socketserver
import threading
import time
import types

import pytest
import requests

from ansible_collections.roundrobin.tomcat.plugins.module_utils._balancer.model import ManagerError, Unreachable
from ansible_collections.roundrobin.tomcat.plugins.module_utils._balancer.transport import requests_fetch

OPTIONS = {
    "manager_url": "http://h/m",
    "unix_socket": None,
    "url_username": None,
    "url_password": None,
    "validate_certs": True,
    "ca_path": None,
    "request_timeout": 5.0,
}


class Refused(Exception):
    """Stands for requests' own error."""


def response(status_code, content, **headers):
    return types.SimpleNamespace(status_code=status_code, content=content, headers=headers)


def library(answer):
    """Make a library in the shape of requests whose sessions call answer(); they are kept in `sessions`."""
    sessions = []

    class Session:
        trust_env = True
        verify = True
        auth = None

        def __init__(self):
            sessions.append(self)

        def request(self, method, url, **options):
            return answer(method, url, **options)

    exceptions = types.SimpleNamespace(RequestException=Refused)
    return types.SimpleNamespace(Session=Session, exceptions=exceptions, sessions=sessions)


def test_sends_and_decodes():
    sent = {}

    def answer(method, url, **options):
        sent.update(options, method=method, url=url)
        return response(200, "gr\u00fcn \ufffd".encode())

    reply = requests_fetch(library(answer), OPTIONS)("POST", "http://h/m", {"Referer": "http://h/"}, "a=b")
    assert (reply.status, reply.text) == (200, "gr\u00fcn \ufffd")
    assert sent == {
        "method": "POST",
        "url": "http://h/m",
        "headers": {"Referer": "http://h/"},
        "data": "a=b",
        "allow_redirects": False,
    }


@pytest.mark.parametrize(
    "options, verify, auth",
    [
        ({}, True, None),
        ({"ca_path": "/etc/ca.pem"}, "/etc/ca.pem", None),
        ({"ca_path": "/etc/ca.pem", "validate_certs": False}, False, None),
        ({"url_username": "u", "url_password": "p"}, True, ("u", "p")),
        ({"url_username": "u"}, True, ("u", "")),
    ],
)
def test_the_session(options, verify, auth):
    fake = library(None)
    requests_fetch(fake, {**OPTIONS, **options})
    (session,) = fake.sessions
    assert (session.trust_env, session.verify, session.auth) == (False, verify, auth)


@pytest.mark.parametrize(
    "error, reason",
    [
        (Refused("HTTPConnectionPool(host='h', port=80): Read timed out. (read timeout=5.0)"), "Read timed out."),
        (Refused(types.SimpleNamespace(reason="<urllib3.connection.HTTPConnection object at 0x7f>: no way")), "no way"),
        (Refused(), ""),
        (OSError(2, "No such file", "/etc/ca.pem"), "No such file"),
    ],
)
def test_no_answer(error, reason):
    def answer(*_arguments, **_options):
        raise error

    with pytest.raises(Unreachable, match="http://h/m cannot be reached: .*" + reason):
        requests_fetch(library(answer), OPTIONS)("GET", "http://h/m?xml=1", {}, None)


@pytest.mark.parametrize(
    "headers, body, whole",
    [
        ({"Content-Length": "4"}, b"abcd", True),
        ({"Content-Length": "5"}, b"abcd", False),
        # Its length is the compressed one.
        ({"Content-Length": "5", "Content-Encoding": "gzip"}, b"abcd", True),
        ({}, b"abcd", True),
    ],
)
def test_an_answer_cut_short(headers, body, whole):
    fetch = requests_fetch(library(lambda *_arguments, **_options: response(200, body, **headers)), OPTIONS)
    if whole:
        assert fetch("GET", "http://h/m", {}, None).text == "abcd"
    else:
        with pytest.raises(Unreachable, match="cut its answer short after 4 of 5 bytes"):
            fetch("GET", "http://h/m", {}, None)


def test_an_answer_that_never_ends():
    def drip(*_arguments, **_options):
        while True:
            time.sleep(0.01)

    fetch = requests_fetch(library(drip), {**OPTIONS, "request_timeout": 0.05})
    with pytest.raises(Unreachable, match="http://h/m gave no complete answer within 0.05 s"):
        fetch("GET", "http://h/m?xml=1", {}, None)
    assert signal.getsignal(signal.SIGALRM) == signal.SIG_DFL
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)


def test_no_time_at_all():
    with pytest.raises(ManagerError, match="above 0 seconds, not 0"):
        requests_fetch(library(None), {**OPTIONS, "request_timeout": 0})


class UnixServer(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True


class Echo(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        text = f"{self.headers['Host']} {self.path} {body.decode()}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_arguments):
        """Say nothing."""


def test_a_unix_socket(tmp_path):
    path = str(tmp_path / "manager.sock")
    fetch = requests_fetch(requests, {**OPTIONS, "unix_socket": path})
    with pytest.raises(Unreachable, match=f"{path} cannot be reached: .*No such file"):
        fetch("POST", "http://h/m", {}, "a=b")
    with UnixServer(path, Echo) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        assert fetch("POST", "http://h/m?x", {}, "a=b").text == "h /m?x a=b"
        server.shutdown()


def test_no_tls_on_a_unix_socket():
    with pytest.raises(ManagerError, match="unix_socket goes with"):
        requests_fetch(requests, {**OPTIONS, "manager_url": "https://h/m", "unix_socket": "/run/x"})
