# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The TCP connections from this host to a member, read from the kernel: a request in flight holds one.

The kernel is asked through sock_diag, as ss does it. That needs no rights, and it shows of each connection what
/proc/net/tcp does not: whether its last bytes went out or came in.
"""

# Private to this collection.

from __future__ import annotations

import ipaddress
import os
import socket
import struct
import typing as t
from dataclasses import dataclass
from urllib.parse import urlsplit

Address = t.Union[ipaddress.IPv4Address, ipaddress.IPv6Address]

# From the kernel's headers: netlink.h, sock_diag.h, inet_diag.h, tcp_states.h.
NETLINK_SOCK_DIAG = 4
SOCK_DIAG_BY_FAMILY = 20
REQUEST_DUMP = 0x301
ERROR, DONE = 2, 3
ESTABLISHED = 1
INET_DIAG_INFO = 2
# Length, type, flags, sequence, port.
HEADER = struct.Struct("=IHHII")
# Family, protocol, extensions, padding, states, and of both ends the far port only.
REQUEST = struct.Struct("=BBBBI2x2s44x")
# Family, far port and address, bytes not read and bytes not acknowledged.
SOCKET = struct.Struct("=B3x2x2s16x16s12x4xII8x")
ATTRIBUTE = struct.Struct("=HH")
# Milliseconds since bytes were sent and since bytes were received, packets with bytes received and sent.
TCP_INFO = struct.Struct("=44xI4xI96xII")


@dataclass(frozen=True)
class Established:
    """An established connection, and whether it has a request or an answer under way for sure."""

    address: Address
    active: bool


@dataclass(frozen=True)
class Connections:
    """How many there are, and how many of them are active."""

    established: int
    active: int


Count = t.Callable[[], t.Optional[Connections]]


def watch(worker: str) -> Count:
    """Make a function that counts the connections to a member, and returns None where the kernel does not know them.

    So it is for a unix socket, a name without an address, and a kernel without sock_diag.
    """
    addresses, port = endpoint(worker)

    def count() -> t.Optional[Connections]:
        try:
            found = [one for one in to_port(port) if one.address in addresses] if addresses else None
        except OSError:
            return None
        return None if found is None else Connections(len(found), sum(one.active for one in found))

    return count


def endpoint(worker: str) -> tuple[frozenset[Address], int]:
    """Return the addresses and the port of a member's URL; no address for a unix socket and for a name that has none."""
    parts = urlsplit(worker)
    if worker.startswith("unix:") or parts.port is None:
        return frozenset(), 0
    try:
        found = socket.getaddrinfo(parts.hostname, parts.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return frozenset(), 0
    return frozenset(_plain(ipaddress.ip_address(str(entry[4][0]).partition("%")[0])) for entry in found), parts.port


def to_port(port: int) -> list[Established]:
    """Ask the kernel for the established connections to a port, whatever the address; raises OSError where it cannot."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_SOCK_DIAG) as kernel:
        kernel.settimeout(5)
        return [one for family in (socket.AF_INET, socket.AF_INET6) for one in _ask(kernel, request(family, port))]


def _ask(kernel: socket.socket, message: bytes) -> t.Iterator[Established]:
    kernel.send(message)
    done = False
    while not done:
        found, done = parse(kernel.recv(1 << 16))
        yield from found


def request(family: int, port: int) -> bytes:
    """Build the message that asks for the connections to a port."""
    extensions = 1 << (INET_DIAG_INFO - 1)
    body = REQUEST.pack(family, socket.IPPROTO_TCP, extensions, 0, 1 << ESTABLISHED, port.to_bytes(2, "big"))
    return HEADER.pack(HEADER.size + len(body), SOCK_DIAG_BY_FAMILY, REQUEST_DUMP, 1, 0) + body


def parse(answer: bytes) -> tuple[list[Established], bool]:
    """Read the kernel's messages: the connections, and whether these were the last."""
    found: list[Established] = []
    while answer:
        length, kind, _flags, _sequence, _port = HEADER.unpack_from(answer)
        body, answer = answer[HEADER.size : length], answer[_aligned(length) :]
        if kind in (DONE, ERROR):
            (code,) = struct.unpack_from("=i", body)
            if code < 0:
                raise OSError(-code, os.strerror(-code))
            return found, True
        found.append(_connection(body))
    return found, False


def _connection(body: bytes) -> Established:
    family, _port, address, unread, unsent = SOCKET.unpack_from(body)
    size = 4 if family == socket.AF_INET else 16
    active = unread > 0 or unsent > 0 or _asks_last(_attribute(body[SOCKET.size :], INET_DIAG_INFO))
    return Established(_plain(ipaddress.ip_address(address[:size])), active)


def _asks_last(info: bytes) -> bool:
    """Whether bytes went out after the last that came in: a request that has no answer yet.

    Of what happened in one tick of the kernel's clock nobody knows the order, but for the first bytes of a connection.
    """
    if len(info) < TCP_INFO.size:
        return False
    since_sent, since_received, received, sent = TCP_INFO.unpack_from(info)
    return bool(since_sent < since_received or (sent and not received))


def _attribute(body: bytes, wanted: int) -> bytes:
    while body:
        length, kind = ATTRIBUTE.unpack_from(body)
        if kind == wanted:
            return body[ATTRIBUTE.size : length]
        body = body[_aligned(length) :]
    return b""


def _aligned(length: int) -> int:
    return (length + 3) & ~3


def _plain(address: Address) -> Address:
    """Return an IPv4 address that is written as an IPv6 one as what it is."""
    return getattr(address, "ipv4_mapped", None) or address
