# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connections on which all the waits of one exchange together take no longer than the time-out.

A time-out of a socket is for each wait, so a server that drips would hold on without end. The one wait
that is not bounded here is the look-up of a name: the resolver has time-outs of its own.
"""

# Private to this collection.

from __future__ import annotations

import socket
import time
import typing as t


class Deadline:
    """When all the waits of an exchange end."""

    def __init__(self, seconds: float) -> None:
        """Begin to count the time."""
        self._end = time.monotonic() + seconds

    def arm(self, connection: socket.socket) -> None:
        """Let the next wait on a connection end by then; raise if it is over."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError
        connection.settimeout(left)


class TimedStream:
    """What is sent and received on a connection by a deadline."""

    def __init__(self, connection: socket.socket, deadline: Deadline) -> None:
        """Take a connection; who made it closes it."""
        self._connection = connection
        self._deadline = deadline

    def sendall(self, data: bytes) -> None:
        """Send."""
        self._deadline.arm(self._connection)
        self._connection.sendall(data)

    def recv(self, size: int) -> bytes:
        """Receive what is there, at most so many bytes; nothing at the end."""
        self._deadline.arm(self._connection)
        return self._connection.recv(size)


def connect(host: str, port: int, deadline: Deadline) -> socket.socket:
    """Connect to the first address of a host that accepts."""
    failure = OSError(f"{host} has no address")
    for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        try:
            connection = _connect_to(found[0], found[4], deadline)
        except OSError as error:
            failure = error
        else:
            # The head and the body of a request are sent apart: the second must not wait until the first is acknowledged.
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return connection
    raise failure


def connect_unix(path: str, deadline: Deadline) -> socket.socket:
    """Connect to a socket file."""
    return _connect_to(socket.AF_UNIX, path, deadline)


def _connect_to(family: int, address: t.Any, deadline: Deadline) -> socket.socket:
    connection = socket.socket(family, socket.SOCK_STREAM)
    try:
        deadline.arm(connection)
        connection.connect(address)
    except OSError:
        connection.close()
        raise
    return connection


def words(error: OSError) -> str:
    """Return what the operating system says."""
    return error.strerror or str(error) or type(error).__name__
