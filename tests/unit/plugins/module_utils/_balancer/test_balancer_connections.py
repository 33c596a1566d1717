# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connections as this machine's kernel has them; what it cannot be made to say is built by hand."""

from __future__ import annotations

import contextlib
import errno
import ipaddress
import socket
import struct
import time

import pytest

from ansible_collections.roundrobin.tomcat.plugins.module_utils._balancer import connections
from ansible_collections.roundrobin.tomcat.plugins.module_utils._balancer.connections import Connections


@pytest.fixture
def member():
    """A server that accepts what connects to it."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


@pytest.fixture
def connect(member):
    """Connect, by IPv4 or with an IPv4 address in an IPv6 one, and return both ends."""
    with contextlib.ExitStack() as stack:

        def make(family=socket.AF_INET):
            near = stack.enter_context(socket.socket(family))
            near.connect(("127.0.0.1" if family == socket.AF_INET else "::ffff:127.0.0.1", member.getsockname()[1]))
            return near, stack.enter_context(member.accept()[0])

        yield make


@pytest.fixture
def count(member):
    return connections.watch(f"ajp://127.0.0.1:{member.getsockname()[1]}")


def test_connections_of_either_family_count_while_they_are_established(connect, count):
    assert count() == Connections(0, 0)
    (near, far), (mapped, _far) = connect(), connect(socket.AF_INET6)
    assert count() == Connections(2, 0)
    # Tomcat closes an idle one; httpd has not noticed yet.
    far.close()
    assert count() == Connections(1, 0)
    mapped.close()
    near.close()
    assert count() == Connections(0, 0)


def test_other_members_and_other_ends_do_not_count(connect, count, member):
    connect()
    port = member.getsockname()[1]
    assert connections.watch(f"http://127.0.0.2:{port}/")() == Connections(0, 0)
    near, _far = connect()
    assert connections.watch(f"http://127.0.0.1:{near.getsockname()[1]}")() == Connections(1, 0)
    assert connections.watch(f"http://localhost:{port}")() == Connections(2, 0)


def test_a_request_without_an_answer_is_active(connect, count):
    near, far = connect()
    near.sendall(b"GET")
    # Not read by the member, then read, then worked at.
    assert count() == Connections(1, 1)
    far.recv(3)
    assert count() == Connections(1, 1)
    time.sleep(0.05)
    far.sendall(b"200")
    # The answer is not read by httpd yet.
    assert count() == Connections(1, 1)
    near.recv(3)
    assert count() == Connections(1, 0)
    time.sleep(0.05)
    near.sendall(b"GET")
    far.recv(3)
    assert count() == Connections(1, 1)


def test_an_upload_that_the_member_does_not_read_is_active(connect, count):
    near, far = connect()
    far.sendall(b"100")
    near.recv(3)
    near.setblocking(False)
    with contextlib.suppress(BlockingIOError):
        while True:
            near.send(bytes(65536))
    assert count() == Connections(1, 1)


@pytest.mark.parametrize("worker", ["unix:/run/shop.sock|http://shop", "foo://127.0.0.1", "ajp://no.such.invalid:8009"])
def test_members_that_the_kernel_does_not_know(worker):
    assert connections.watch(worker)() is None


def test_a_kernel_that_is_not_asked_like_this(monkeypatch):
    monkeypatch.setattr(connections, "NETLINK_SOCK_DIAG", 99)
    assert connections.watch("ajp://127.0.0.1:8009")() is None


def test_every_address_of_a_name_counts(monkeypatch):
    found = [(0, 0, 0, "", (address, 8009)) for address in ("198.18.0.3", "2001:db8::3", "fe80::3%eth0")]
    monkeypatch.setattr(connections.socket, "getaddrinfo", lambda *_dummy, **_type: found)
    addresses, port = connections.endpoint("ajp://app1:8009")
    assert addresses == {ipaddress.ip_address(text) for text in ("198.18.0.3", "2001:db8::3", "fe80::3")}
    assert port == 8009


def message(kind, body):
    return connections.HEADER.pack(16 + len(body), kind, 2, 1, 0) + body


@pytest.mark.parametrize("kind", [connections.ERROR, connections.DONE])
def test_a_kernel_without_the_module_says_so(kind):
    with pytest.raises(OSError, match="No such file"):
        connections.parse(message(kind, struct.pack("=i", -errno.ENOENT)))


def test_the_last_of_many_answers_is_known():
    assert connections.parse(b"") == ([], False)
    assert connections.parse(message(connections.DONE, struct.pack("=i", 0))) == ([], True)


def diag(unread=0, unsent=0, info=None):
    """What the kernel says of a connection to 198.18.0.3."""
    far = socket.inet_aton("198.18.0.3")
    body = struct.pack("=B3x2x2s16x4s12x12x4xII8x", socket.AF_INET, b"\x1f\x49", far, unread, unsent)
    other = struct.pack("=HH1s3x", 5, 8, b"\0")
    return body + other + (b"" if info is None else struct.pack("=HH", 4 + len(info), 2) + info)


def info(since_sent, since_received, received=1, sent=1):
    return struct.pack("=44xI4xI96xII80x", since_sent, since_received, received, sent)


@pytest.mark.parametrize(
    "options, active",
    [
        ({}, False),
        ({"unread": 1}, True),
        ({"unsent": 1}, True),
        ({"info": info(20, 40)}, True),
        ({"info": info(40, 20)}, False),
        # In one tick of the clock: not for sure.
        ({"info": info(20, 20)}, False),
        ({"info": info(20, 20, received=0)}, True),
        ({"info": info(20, 20, received=0, sent=0)}, False),
        # An old kernel's, which is shorter.
        ({"info": info(20, 40)[:104]}, False),
    ],
)
def test_what_proves_a_request_in_flight(options, active):
    ((known,), done) = connections.parse(message(20, diag(**options)))
    assert (str(known.address), known.active, done) == ("198.18.0.3", active, False)
