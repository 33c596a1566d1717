# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever a server does, one request ends in time: with an answer, or with one line that says why there is none."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import ssl
import subprocess
import time

import pytest

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError
from ansible_collections.roundrobin.tomcat.plugins.module_utils._http import (
    HttpError,
    NoConnection,
    basic_auth,
    request,
    tls_context,
)

OK = b"HTTP/1.1 200 OK\r\n"


def get(url, headers=None, timeout=10.0, **options):
    return request("GET", url, headers=headers or {}, timeout=timeout, max_body=1000, **options)


def refusal(url, kind=HttpError, **options):
    """Ask, and return why there is no answer."""
    with pytest.raises(HttpError) as caught:
        get(url, **options)
    assert caught.type is kind
    assert "\n" not in caught.value.message
    return caught.value.message


class Tls(socketserver.ThreadingTCPServer):
    def finish_request(self, request, client_address):
        # Whom the certificate does not please goes without a word.
        with contextlib.suppress(OSError), self.context.wrap_socket(request, server_side=True) as tls:
            super().finish_request(tls, client_address)


class Ipv6(socketserver.ThreadingTCPServer):
    address_family = socket.AF_INET6


class Unix(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """On a socket file."""


@pytest.fixture
def answering(serve):
    """Serve an answer, in pieces with a pause after each; the port, and a list of what was asked."""

    def start(*pieces, pause=0.0, kind=socketserver.ThreadingTCPServer, address=("127.0.0.1", 0)):
        asked = []

        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                with contextlib.suppress(OSError):
                    head = b"".join(iter(self.rfile.readline, b"\r\n")).decode("latin-1")
                    length = head.partition("Content-Length: ")[2].partition("\r\n")[0]
                    asked.append((head, self.rfile.read(int(length or 0))))
                    for piece in pieces:
                        self.wfile.write(piece)
                        time.sleep(pause)

        return serve(lambda dummy, handler: kind(address, handler), Handler), asked

    return start


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    """A certificate of localhost's own, and a directory of trusted ones that has it."""
    directory = tmp_path_factory.mktemp("tls")

    def openssl(*arguments):
        done = subprocess.run(["openssl", *arguments], cwd=directory, check=True, capture_output=True, timeout=60)
        return done.stdout.decode().strip()

    key = ["-newkey", "rsa:2048", "-nodes", "-keyout", "server.key"]
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    openssl("req", "-x509", *key, *names, "-days", "2", "-out", "server.pem")
    (directory / "trusted").mkdir()
    name = openssl("x509", "-hash", "-noout", "-in", "server.pem")
    (directory / "trusted" / f"{name}.0").symlink_to(directory / "server.pem")
    return directory


@pytest.fixture(scope="module")
def tls(certificates):
    """A kind of server that has the certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "server.pem", certificates / "server.key")
    return type("WithCertificate", (Tls,), {"context": context})


# -- what is sent ----------------------------------------------------------


def test_what_is_asked(answering):
    port, asked = answering(OK + b"Content-Length: 2\r\n\r\nhi")
    reply = request(
        "POST",
        f"http://127.0.0.1:{port}/a%20b/%7Ec;v=1/gr\u00fcn {{}}?c=%2F&d=[e]|f#not-this",
        headers={"X-Own": "1", "user-agent": "me"},
        body=b"a=b",
        timeout=10,
        max_body=1000,
    )
    assert (reply.status, reply.body) == (200, b"hi")
    ((head, body),) = asked
    line, *headers = head.splitlines()
    assert line == "POST /a%20b/%7Ec;v=1/gr%C3%BCn%20%7B%7D?c=%2F&d=[e]%7Cf HTTP/1.1"
    assert sorted(headers) == [
        "Accept-Encoding: identity",
        "Accept: */*",
        "Connection: close",
        "Content-Length: 3",
        f"Host: 127.0.0.1:{port}",
        "X-Own: 1",
        "user-agent: me",
    ]
    assert body == b"a=b"


def test_nothing_is_taken_from_the_environment(answering, silent, monkeypatch, tmp_path):
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login u password p\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{silent}")
    port, asked = answering(OK + b"\r\n")
    assert get(f"http://127.0.0.1:{port}").status == 200
    assert asked[0][0].startswith("GET / HTTP/1.1\r\n")
    assert "Authorization" not in asked[0][0]


def test_basic_auth():
    assert basic_auth("Aladdin", "open sesame") == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="
    assert basic_auth("\u00e4", ":") == "Basic w6Q6Og=="


def test_a_header_that_cannot_be_sent_is_not_quoted(answering):
    port, asked = answering(OK + b"\r\n")
    for value in ("hush\nhush", "hush\u20ac"):
        told = refusal(f"http://127.0.0.1:{port}/", headers={"X-Token": value})
        assert told == "no answer: a header cannot be sent, its name or its value is not accepted"
    assert not any("hush" in head for head, _body in asked)


# -- where -----------------------------------------------------------------


def test_ipv6(answering):
    try:
        port, asked = answering(OK + b"\r\n", kind=Ipv6, address=("::1", 0))
    except OSError:
        pytest.skip("there is no IPv6 here")
    assert get(f"http://[::1]:{port}/").status == 200
    assert f"\r\nHost: [::1]:{port}\r\n" in asked[0][0]


def test_a_unix_socket(answering, tmp_path):
    path = str(tmp_path / "manager.sock")
    assert refusal("http://h/m", NoConnection, unix_socket=path) == "No such file or directory"
    _path, asked = answering(OK + b"\r\nhi", kind=Unix, address=path)
    assert get("http://h/m", unix_socket=path).body == b"hi"
    assert "\r\nHost: h\r\n" in asked[0][0]


@pytest.mark.parametrize(
    ("host", "why"),
    [
        ("h:x", "Port could not be cast to integer value as 'x'"),
        # Python 3.13 says it in other words.
        ("a..b", "'idna' codec .*label empty"),
    ],
)
def test_what_is_no_address(host, why):
    with pytest.raises(NoConnection, match=why):
        get(f"http://{host}/")


def test_nobody_is_there(free_port):
    assert refusal(f"http://127.0.0.1:{free_port}/", NoConnection) == "Connection refused"


def test_nobody_accepts():
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full, contextlib.ExitStack() as waiting:
        for _client in range(3):
            client = waiting.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(full.getsockname())
        url = f"http://127.0.0.1:{full.getsockname()[1]}/"
        assert refusal(url, NoConnection, timeout=0.2) == "no connection within 0.2 s"


# -- what is answered ------------------------------------------------------


def test_a_redirect_is_the_answer(answering):
    port, asked = answering(b"HTTP/1.1 302 Found\r\nLocation: /else\r\nContent-Length: 0\r\n\r\n")
    assert get(f"http://127.0.0.1:{port}/").status == 302
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("answer", "body"),
    [
        (b"Content-Length: 4\r\n\r\nabcd and more", b"abcd"),
        (b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n1;x=y\r\nd\r\n0\r\nTrailer: 1\r\n\r\n", b"abcd"),
        (b"\r\nto the end", b"to the end"),
        (b"\r\n", b""),
    ],
)
def test_a_whole_body(answering, answer, body):
    port, _asked = answering(OK + answer)
    assert get(f"http://127.0.0.1:{port}/").body == body


@pytest.mark.parametrize(
    "announced", [b"", b"Content-Length: 10000000\r\n", b"Transfer-Encoding: chunked\r\n\r\n100000\r\n"]
)
def test_no_more_is_read_than_is_wanted(answering, announced):
    end = b"" if b"chunked" in announced else b"\r\n"
    port, _asked = answering(OK + announced + end + b"x" * 5000, pause=60)
    assert get(f"http://127.0.0.1:{port}/", timeout=30).body == b"x" * 1000


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (OK + b"Content-Length: 5\r\n\r\nabcd", "an answer that is cut short after 4 of 5 bytes"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nabcd", "an answer that is cut short"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n", "an answer that is cut short"),
        (b"", "no answer: Remote end closed connection without response"),
        (b"220 smtp ESMTP\r\n", "an answer that is not HTTP: '220 smtp ESMTP\\r\\n'"),
        (OK + b"X: 1\r\n" * 200 + b"\r\n", "an answer that is not HTTP: 'got more than 100 headers'"),
    ],
)
def test_what_is_no_whole_answer(answering, answer, why):
    port, _asked = answering(answer)
    assert refusal(f"http://127.0.0.1:{port}/") == why


def test_an_answer_that_drips(answering, certificates, tls):
    """Each byte comes in time, the whole does not."""
    pieces = [OK, b"Content-Length: 5000\r\n\r\n", *[b"x"] * 5000]
    context = tls_context(str(certificates / "server.pem"))
    for kind, scheme in ((socketserver.ThreadingTCPServer, "http"), (tls, "https")):
        port, _asked = answering(*pieces, pause=0.02, kind=kind)
        began = time.monotonic()
        why = refusal(f"{scheme}://localhost:{port}/", timeout=0.5, context=context)
        assert (why, 0.5 <= time.monotonic() - began < 10) == ("no complete answer within 0.5 s", True)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_somebody_is_silent(silent, scheme):
    assert refusal(f"{scheme}://127.0.0.1:{silent}/", timeout=0.2) == "no complete answer within 0.2 s"


# -- TLS -------------------------------------------------------------------


def test_whom_tls_trusts(answering, certificates, tls):
    port, asked = answering(OK + b"Content-Length: 2\r\n\r\nhi", kind=tls)
    for trusted in (str(certificates / "server.pem"), str(certificates / "trusted"), False):
        assert get(f"https://localhost:{port}/", context=tls_context(trusted)).body == b"hi"
    assert f"\r\nHost: localhost:{port}\r\n" in asked[0][0]
    # The system does not, whether a context says so or none is given.
    for context in (tls_context(True), None):
        why = refusal(f"https://localhost:{port}/", NoConnection, context=context)
        assert why.startswith("TLS: certificate verify failed: self")
    why = refusal(f"https://127.0.0.1:{port}/", NoConnection, context=tls_context(str(certificates / "server.pem")))
    assert why.startswith("TLS: certificate verify failed: IP address mismatch")
    assert len(asked) == 3


def test_a_server_without_tls(serve):
    class Greeting(socketserver.BaseRequestHandler):
        def handle(self):
            self.request.sendall(b"220 mail.example ESMTP\r\n")
            self.request.recv(1000)

    port = serve(socketserver.ThreadingTCPServer, Greeting)
    why = refusal(f"https://127.0.0.1:{port}/", NoConnection)
    assert why.startswith("TLS: ")
    assert "_ssl.c" not in why


@pytest.mark.parametrize(("content", "why"), [(None, "No such file or directory"), ("no PEM", "")])
def test_certificates_that_cannot_be_read(tmp_path, content, why):
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content)
    with pytest.raises(CollectionError) as caught:
        tls_context(str(path))
    assert caught.value.message.startswith(f"{path} holds no certificates to trust: {why}")
    assert "_ssl.c" not in caught.value.message
