# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How Redis and Valkey servers do, by their own word: the command INFO, after AUTH where there is a password.

Private to the collection.

A command is an array of strings, an answer one line that begins with "+", "-" (an error) or ":",
or "$" with the length of the text that follows. INFO is lines of "name:value".
"""

from __future__ import annotations

import re
import socket
import ssl
import time
import typing as t
from dataclasses import dataclass, field

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError
from ansible_collections.roundrobin.tomcat.plugins.module_utils._store_info import learn, numbers

ADDRESS = re.compile(r"(rediss?)://([^\s:/@]+|\[[0-9A-Fa-f:.]+\]):([0-9]{1,5})")
ACCEPTED = "accepted are redis://HOST:PORT and, with TLS, rediss://HOST:PORT, the port from 1 to 65535"
# INFO has some 6 kB; what is not Redis must not fill the memory.
MAX_ANSWER = 256 * 1024

# What is told of a server, and its own name for it.
NUMBERS = {
    "uptime": "uptime_in_seconds",
    "evictions": "evicted_keys",
    "bytes": "used_memory",
    "limit_bytes": "maxmemory",
    "connections": "connected_clients",
    "max_connections": "maxclients",
}


class RedisError(CollectionError):
    """The server does not answer as Redis does, or refuses."""


@dataclass(frozen=True)
class Login:
    """What to prove oneself with."""

    username: str | None = None
    password: str | None = field(default=None, repr=False)

    @property
    def commands(self) -> list[list[str]]:
        """What goes before the question."""
        if not self.password:
            return []
        return [["AUTH", *([self.username] if self.username else []), self.password]]


@dataclass(frozen=True)
class Server:
    """Where a server listens."""

    host: str
    port: int
    tls: bool = False

    def __str__(self) -> str:
        """Return the address as it is given."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'rediss' if self.tls else 'redis'}://{host}:{self.port}"


def parse_server(given: str) -> Server:
    """Read one entry of the option servers."""
    match = ADDRESS.fullmatch(given.strip())
    if not match or not 1 <= int(match.group(3)) <= 65535:
        raise CollectionError(f"servers has {given!r}: {ACCEPTED}")
    return Server(match.group(2).strip("[]"), int(match.group(3)), match.group(1) == "rediss")


def encode(command: t.Sequence[str]) -> bytes:
    """Return a command as it goes over the wire."""
    words = [word.encode() for word in command]
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%b\r\n" % (len(word), word) for word in words)


class Answers:
    """What a server says, answer by answer, all of it within a time-out."""

    def __init__(self, connection: socket.socket, timeout: float) -> None:
        """Begin to count the time."""
        self._connection = connection
        self._timeout = timeout
        self._end = time.monotonic() + timeout
        self._received = b""

    def next(self) -> str:
        """Return the next answer, or raise what it says is wrong."""
        line = self._until(lambda: self._received.find(b"\r\n")).decode("utf-8", "replace")
        kind, rest = line[:1], line[1:]
        if kind == "-":
            raise RedisError(f"refuses: {rest[:200]}")
        if kind in ("+", ":"):
            return rest
        if kind != "$" or not rest.isdigit():
            raise RedisError(f"answers, but not as Redis does: {line[:80]!r}")
        length = int(rest)
        return self._until(lambda: length if len(self._received) >= length + 2 else -1).decode("utf-8", "replace")

    def _until(self, length: t.Callable[[], int]) -> bytes:
        """Take as much as is told, and the end of line after it; receive until then."""
        while (found := length()) < 0:
            left = self._end - time.monotonic()
            if left <= 0:
                raise TimeoutError
            self._connection.settimeout(left)
            piece = self._connection.recv(65536)
            self._received += piece
            if not piece or len(self._received) > MAX_ANSWER:
                raise RedisError(f"answers, but not as Redis does: {self._received[:80].decode('latin-1')!r}")
        taken, self._received = self._received[:found], self._received[found + 2 :]
        return taken


def fetch_info(server: Server, login: Login, timeout: float, ca_path: str | None = None) -> dict[str, str]:
    """Ask a server."""
    with socket.create_connection((server.host, server.port), timeout=timeout) as plain:
        try:
            if not server.tls:
                return _converse(plain, login, timeout)
            with ssl.create_default_context(cafile=ca_path).wrap_socket(
                plain, server_hostname=server.host
            ) as encrypted:
                return _converse(encrypted, login, timeout)
        # Before 3.10 the time-out of a socket is not yet TimeoutError.
        except (TimeoutError, socket.timeout) as exc:
            raise RedisError(f"accepts the connection, but gives no answer within {timeout:g} s") from exc


def _converse(connection: socket.socket, login: Login, timeout: float) -> dict[str, str]:
    answers = Answers(connection, timeout)
    for command in login.commands:
        connection.sendall(encode(command))
        answers.next()
    connection.sendall(encode(["INFO"]))
    return parse_info(answers.next())


def parse_info(text: str) -> dict[str, str]:
    """Return what an answer to INFO holds."""
    lines = (line.partition(":") for line in text.splitlines() if line and not line.startswith("#"))
    info = {name: value for name, _colon, value in lines}
    if "redis_version" not in info:
        raise RedisError("answers, but tells no version")
    return info


def ask(server: Server, login: Login, timeout: float, ca_path: str | None = None) -> dict[str, t.Any]:
    """Return how a server does, or why it cannot be told."""
    info, reason = learn(lambda: fetch_info(server, login, timeout, ca_path), timeout)
    if info.get("loading") == "1":
        reason = "is still loading its data"
    return {
        "server": str(server),
        "up": reason is None,
        "reason": reason,
        "software": info.get("server_name", "redis") if info else None,
        "version": info.get("valkey_version", info.get("redis_version")),
        "mode": info.get("redis_mode"),
        "role": info.get("role"),
        "db_keys": _keys(info) if info else None,
        **numbers(info, NUMBERS),
    }


def _keys(info: t.Mapping[str, str]) -> int:
    """Count those of all databases, each a line such as "db0:keys=7,expires=7,avg_ttl=0"."""
    found = (re.match(r"keys=(\d+)", value) for name, value in info.items() if re.fullmatch(r"db\d+", name))
    return sum(int(match.group(1)) for match in found if match)


def warnings(servers: t.Iterable[t.Mapping[str, t.Any]]) -> list[str]:
    """Return what lost sessions already, or will."""
    found = []
    for told in servers:
        if told["evictions"]:
            found.append(
                f"{told['server']} threw {told['evictions']} keys away for want of memory since its start {told['uptime']} s ago, "
                "sessions among them: it needs maxmemory-policy noeviction, and more memory."
            )
        if told["limit_bytes"] and told["bytes"] > 0.9 * told["limit_bytes"]:
            found.append(
                f"{told['server']} has used {told['bytes'] // 1024 // 1024} of its {told['limit_bytes'] // 1024 // 1024} MiB "
                "(redis_memory_mb): where they are full, users get errors."
            )
    return found


def down_message(servers: t.Iterable[t.Mapping[str, t.Any]]) -> str | None:
    """Name every server that does not answer, or return None."""
    down = [f"{told['server']}: {told['reason']}" for told in servers if not told["up"]]
    return f"Redis does not answer: {'; '.join(down)}" if down else None
