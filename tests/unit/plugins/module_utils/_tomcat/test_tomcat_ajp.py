# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import struct

import pytest

from ansible_collections.roundrobin.tomcat.plugins.module_utils._tomcat import ajp as _ajp
from ansible_collections.roundrobin.tomcat.plugins.module_utils._tomcat.ajp import AjpError


class Wire:
    """A socket with the answer already on the line, given out a few bytes at a time."""

    def __init__(self, answer, piece=3):
        self.answer = answer
        self.piece = piece
        self.sent = b""

    def sendall(self, data):
        self.sent += data

    def recv(self, size):
        data, self.answer = self.answer[: min(size, self.piece)], self.answer[min(size, self.piece) :]
        return data


def packet(payload):
    return b"AB" + struct.pack(">H", len(payload)) + payload


def string(text):
    return struct.pack(">H", len(text)) + text + b"\0"


HEADERS = b"\x04" + struct.pack(">H", 200) + string(b"") + b"\0\1" + b"\xa0\x01" + string(b"text/plain")
END = packet(b"\x05\x01")


def chunk(data):
    return packet(b"\x03" + struct.pack(">H", len(data)) + data + b"\0")


def exchange(answer, **options):
    return _ajp.exchange(Wire(answer), b"", **{"max_body": 1000, **options})


def test_request_bytes():
    """Byte for byte as the protocol reference lays a request out."""
    request = _ajp.build_request(
        "GET",
        "/a/b",
        "x=1",
        server_name="tc1",
        server_port=8009,
        headers={"Cookie": "c=1", "X-Own": "y"},
        secret="s3cr3t",
    )
    payload = (
        b"\x02\x02"
        b"\x00\x08HTTP/1.1\x00"
        b"\x00\x04/a/b\x00"
        b"\x00\x09127.0.0.1\x00"
        b"\x00\x09localhost\x00"
        b"\x00\x03tc1\x00"
        b"\x1f\x49"
        b"\x00"
        b"\x00\x03"
        b"\xa0\x0b\x00\x08tc1:8009\x00"
        b"\xa0\x09\x00\x03c=1\x00"
        b"\x00\x05x-own\x00\x00\x01y\x00"
        b"\x05\x00\x03x=1\x00"
        b"\x0c\x00\x06s3cr3t\x00"
        b"\xff"
    )
    assert request == b"\x12\x34" + struct.pack(">H", len(payload)) + payload


def test_head_without_query_and_secret():
    request = _ajp.build_request("HEAD", "/", None, server_name="h", server_port=1, headers={}, secret=None)
    assert request[4:6] == b"\x02\x03"
    assert request.endswith(b"\xa0\x0b\x00\x03h:1\x00\xff")


def test_own_host_header_wins():
    request = _ajp.build_request("GET", "/", "", server_name="h", server_port=1, headers={"Host": "shop"}, secret=None)
    assert request.endswith(b"\x00\x01\xa0\x0b\x00\x04shop\x00\xff")


def test_request_that_is_too_long():
    with pytest.raises(AjpError, match="AJP allows 8192"):
        _ajp.build_request("GET", "/" + "a" * 9000, "", server_name="h", server_port=1, headers={}, secret=None)


def test_ping():
    wire = Wire(b"AB\x00\x01\x09", piece=1)
    _ajp.ping(wire)
    assert wire.sent == b"\x12\x34\x00\x01\x0a"


def test_ping_answered_by_something_else():
    with pytest.raises(AjpError, match="where CPONG"):
        _ajp.ping(Wire(END))


def test_answer():
    response = exchange(packet(HEADERS) + chunk(b"hello ") + chunk(b"") + chunk(b"world") + END)
    assert response == _ajp.AjpResponse(200, [("Content-Type", "text/plain")], b"hello world")


def test_answer_without_body():
    head = b"\x04" + struct.pack(">H", 404) + b"\xff\xff" + b"\0\0"
    assert exchange(packet(head) + END) == _ajp.AjpResponse(404)


def test_header_with_a_name_of_its_own():
    head = b"\x04" + struct.pack(">H", 200) + string(b"OK") + b"\0\1" + string(b"X-Own") + string(b"v")
    assert exchange(packet(head) + END).headers == [("X-Own", "v")]


def test_body_is_bounded():
    response = exchange(packet(HEADERS) + chunk(b"12345") + chunk(b"67890"), max_body=7)
    assert response.body == b"1234567"


def test_body_that_is_asked_for_is_empty():
    wire = Wire(packet(b"\x06\x1f\xfa") + packet(HEADERS) + END)
    assert _ajp.exchange(wire, b"", max_body=10).status == 200
    assert wire.sent == b"\x12\x34\x00\x00"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"", "closed before"),
        (b"AB\x00", "closed before"),
        (b"AB\x00\x05\x04", "closed before"),
        (b"HTTP/1.1 400 \r\n", "not AJP: it begins with b'HTTP'"),
        (b"\x12\x34\x00\x01\x09", "it begins with"),
        (packet(b""), "ends too early"),
        (packet(b"\x07"), "code 7 out of turn"),
        (END, "code 5 out of turn"),
        (chunk(b"x"), "code 3 out of turn"),
        (packet(HEADERS) + packet(HEADERS), "code 4 out of turn"),
        (packet(HEADERS[:-3]), "ends too early"),
        (packet(HEADERS[:-1] + b"x"), "does not end in NUL"),
        (packet(HEADERS.replace(b"\xa0\x01", b"\xa0\x7f")), "unknown header code 0xa07f"),
        (packet(HEADERS) + packet(b"\x03\x00\x09abc"), "ends too early"),
        (packet(HEADERS) + chunk(b"x"), "closed before"),
    ],
)
def test_crooked_answers(answer, words):
    with pytest.raises(AjpError, match=words):
        exchange(answer)


def test_any_cut_is_noticed():
    whole = packet(HEADERS) + chunk(b"hello") + END
    for length in range(len(whole)):
        with pytest.raises(AjpError):
            exchange(whole[:length])
