# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a server that keeps sessions is asked, whatever it speaks: what memcached_info and redis_info do alike."""

# Private to this collection.

from __future__ import annotations

import contextlib
import socket
import time
import typing as t
from dataclasses import dataclass, field

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError


class ServerError(CollectionError):
    """The server does not answer as its software does, or refuses."""


@dataclass(frozen=True)
class Login:
    """What to prove oneself with."""

    username: str | None = None
    password: str | None = field(default=None, repr=False)


@contextlib.contextmanager
def connected(host: str, port: int, timeout: float) -> t.Iterator[socket.socket]:
    """Connect; who is silent after that is told apart from who is not there."""
    with socket.create_connection((host, port), timeout=timeout) as connection:
        try:
            yield connection
        # Before 3.10 the time-out of a socket is not yet TimeoutError.
        except (TimeoutError, socket.timeout) as error:
            # A memcached at its limit of connections lets them queue, and answers none.
            raise ServerError(f"accepts the connection, but gives no answer within {timeout:g} s") from error


class Conversation:
    """What a server is told and what it says, all of it within a time-out."""

    def __init__(self, connection: socket.socket, timeout: float, software: str, limit: int) -> None:
        """Begin to count the time. What is not this software must not fill the memory: no answer has more than limit bytes."""
        self._connection = connection
        self._end = time.monotonic() + timeout
        self._software = software
        self._limit = limit
        self._received = b""

    def say(self, data: bytes) -> None:
        """Send."""
        self._connection.sendall(data)

    def take(self, length: t.Callable[[bytes], int]) -> bytes:
        """Receive until it can be told from that how long it is (before: negative), and return as much."""
        while (found := length(self._received)) < 0:
            left = self._end - time.monotonic()
            if left <= 0:
                raise TimeoutError
            self._connection.settimeout(left)
            piece = self._connection.recv(65536)
            self._received += piece
            if not piece or len(self._received) > self._limit:
                raise self.strange(self._received)
        taken, self._received = self._received[:found], self._received[found:]
        return taken

    def take_exactly(self, length: int) -> bytes:
        """Receive and return as many bytes."""
        return self.take(lambda received: length if len(received) >= length else -1)

    def strange(self, received: bytes) -> ServerError:
        """Return the error that quotes what was received."""
        return ServerError(f"answers, but not as {self._software} does: {received[:80].decode('latin-1')!r}")


def learn(fetch: t.Callable[[], dict[str, str]], timeout: float) -> tuple[dict[str, str], str | None]:
    """Return what a server tells of itself, or nothing and the reason why it cannot be told."""
    try:
        return fetch(), None
    except CollectionError as error:
        return {}, error.message
    # Before 3.10 the time-out of a socket is not yet TimeoutError.
    except (TimeoutError, socket.timeout):
        return {}, f"no connection within {timeout:g} s"
    except OSError as error:
        return {}, error.strerror or str(error)


def numbers(told: t.Mapping[str, str], names: t.Mapping[str, str]) -> dict[str, int | None]:
    """Return the numbers of a server by our names for them, None for what it does not tell."""
    return {name: int(told[theirs]) if theirs in told else None for name, theirs in names.items()}
