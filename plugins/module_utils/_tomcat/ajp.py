# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Just enough of AJP/1.3 to ask a Tomcat connector how it does: CPING, GET, HEAD and TRACE.

The facts are those of "AJPv13", the protocol reference of the Apache Tomcat Connectors
(packet headers, codes of methods, headers and attributes); the attribute `secret` (0x0C)
is newer than its text and stands in Tomcat's org.apache.coyote.ajp.Constants.

Packets to Tomcat begin with 12 34, packets from it with "AB", both then have two bytes
of length. A string is two bytes of length, the bytes, and a NUL that is not counted.
"""

# Private to this collection.

from __future__ import annotations

import struct
import typing as t
from dataclasses import dataclass, field

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError

FORWARD_REQUEST = 0x02
CPING = 0x0A
SEND_BODY_CHUNK = 0x03
SEND_HEADERS = 0x04
END_RESPONSE = 0x05
GET_BODY_CHUNK = 0x06
CPONG = 0x09

# Tomcat's packetSize, 8192 unless it was raised, bounds a packet to it; a request of ours is far smaller.
MAX_REQUEST = 8192

_METHODS = {"GET": 2, "HEAD": 3, "TRACE": 7}
_REQUEST_HEADERS = {
    "accept": 0xA001,
    "accept-charset": 0xA002,
    "accept-encoding": 0xA003,
    "accept-language": 0xA004,
    "authorization": 0xA005,
    "connection": 0xA006,
    "content-type": 0xA007,
    "content-length": 0xA008,
    "cookie": 0xA009,
    "cookie2": 0xA00A,
    "host": 0xA00B,
    "pragma": 0xA00C,
    "referer": 0xA00D,
    "user-agent": 0xA00E,
}
_RESPONSE_HEADERS = {
    0xA001: "Content-Type",
    0xA002: "Content-Language",
    0xA003: "Content-Length",
    0xA004: "Date",
    0xA005: "Last-Modified",
    0xA006: "Location",
    0xA007: "Set-Cookie",
    0xA008: "Set-Cookie2",
    0xA009: "Servlet-Engine",
    0xA00A: "Status",
    0xA00B: "WWW-Authenticate",
}
_QUERY_STRING = 0x05
_SECRET = 0x0C
_END_OF_ATTRIBUTES = 0xFF


class AjpError(CollectionError):
    """The other end does not speak AJP as it should."""


class Stream(t.Protocol):
    """What a socket has that is needed here; its time-out is the caller's affair."""

    def sendall(self, data: bytes) -> None:
        """Send all of it."""

    def recv(self, size: int) -> bytes:
        """Receive up to size bytes, nothing at the end."""


@dataclass
class AjpResponse:
    """An answer, its body cut at the caller's limit."""

    status: int
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""


def _string(text: str) -> bytes:
    data = text.encode("utf-8")
    return struct.pack(">H", len(data)) + data + b"\0"


def build_request(
    method: str,
    path: str,
    query: str | None,
    *,
    server_name: str,
    server_port: int,
    headers: t.Mapping[str, str],
    secret: str | None,
    is_tls: bool = False,
) -> bytes:
    """Return the packet of a request without a body."""
    named = {"host": f"{server_name}:{server_port}", **{name.lower(): value for name, value in headers.items()}}
    parts = [
        struct.pack(">BB", FORWARD_REQUEST, _METHODS[method]),
        _string("HTTP/1.1"),
        _string(path),
        _string("127.0.0.1"),  # client address
        _string("localhost"),  # client name
        _string(server_name),
        struct.pack(">HBH", server_port, is_tls, len(named)),
    ]
    for name, value in named.items():
        code = _REQUEST_HEADERS.get(name)
        parts += [_string(name) if code is None else struct.pack(">H", code), _string(value)]
    if query:
        parts += [bytes([_QUERY_STRING]), _string(query)]
    if secret is not None:
        parts += [bytes([_SECRET]), _string(secret)]
    parts.append(bytes([_END_OF_ATTRIBUTES]))
    payload = b"".join(parts)
    if len(payload) + 4 > MAX_REQUEST:
        raise AjpError(f"the request takes {len(payload) + 4} bytes, AJP allows {MAX_REQUEST}: shorten path or headers")
    return b"\x12\x34" + struct.pack(">H", len(payload)) + payload


def cping_packet() -> bytes:
    """Return the packet that asks whether anybody is there."""
    return b"\x12\x34\x00\x01" + bytes([CPING])


class _Reader:
    """Reads one packet's payload from front to back, and notices when it is too short."""

    def __init__(self, payload: bytes) -> None:
        self._payload = payload
        self._at = 0

    def take(self, count: int) -> bytes:
        piece = self._payload[self._at : self._at + count]
        if len(piece) < count:
            raise AjpError("the answer is not AJP: a packet ends too early")
        self._at += count
        return piece

    def byte(self) -> int:
        return self.take(1)[0]

    def integer(self) -> int:
        return int.from_bytes(self.take(2), "big")

    def string(self, length: int | None = None) -> str:
        length = self.integer() if length is None else length
        if length == 0xFFFF:
            return ""
        text = self.take(length)
        if self.take(1) != b"\0":
            raise AjpError("the answer is not AJP: a string does not end in NUL")
        return text.decode("utf-8", "replace")

    def name(self) -> str:
        first = self.integer()
        if first < 0xA000:
            return self.string(first)
        if first not in _RESPONSE_HEADERS:
            raise AjpError(f"the answer is not AJP: unknown header code {first:#x}")
        return _RESPONSE_HEADERS[first]


def _receive(stream: Stream, count: int) -> bytes:
    data = b""
    while len(data) < count:
        piece = stream.recv(count - len(data))
        if not piece:
            raise AjpError("the connection was closed before the answer was complete")
        data += piece
    return data


def _receive_packet(stream: Stream) -> _Reader:
    head = _receive(stream, 4)
    if head[:2] != b"AB":
        raise AjpError(f"the answer is not AJP: it begins with {head!r}")
    return _Reader(_receive(stream, int.from_bytes(head[2:], "big")))


def ping(stream: Stream) -> None:
    """Send CPING, wait for CPONG."""
    stream.sendall(cping_packet())
    code = _receive_packet(stream).byte()
    if code != CPONG:
        raise AjpError(f"the answer is not AJP: code {code} where CPONG (9) should be")


def exchange(stream: Stream, request: bytes, *, max_body: int) -> AjpResponse:
    """Send a request without a body and read the answer, at most max_body bytes of it."""
    stream.sendall(request)
    response: AjpResponse | None = None
    while True:
        packet = _receive_packet(stream)
        code = packet.byte()
        if code == SEND_HEADERS and response is None:
            response = AjpResponse(status=packet.integer())
            packet.string()  # the reason phrase, which Tomcat no longer fills
            response.headers = [(packet.name(), packet.string()) for dummy in range(packet.integer())]
        elif code == SEND_BODY_CHUNK and response is not None:
            response.body += packet.take(packet.integer())
            if len(response.body) >= max_body:
                response.body = response.body[:max_body]
                return response
        elif code == END_RESPONSE and response is not None:
            return response
        elif code == GET_BODY_CHUNK:
            # Tomcat asks for a body that was never announced: none is left.
            stream.sendall(b"\x12\x34\x00\x00")
        else:
            raise AjpError(f"the answer is not AJP: code {code} out of turn")
