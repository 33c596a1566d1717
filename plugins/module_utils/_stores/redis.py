# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How Redis and Valkey servers do, by their own word: the command INFO, after AUTH where there is a password.

A command is an array of strings, an answer one line that begins with "+", "-" (an error) or ":",
or "$" with the length of the text that follows. INFO is lines of "name:value".
"""

# Private to this collection.

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import typing as t
from dataclasses import dataclass

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError
from ansible_collections.roundrobin.tomcat.plugins.module_utils._net import in_url

from .conversation import (
    Conversation,
    Login,
    ServerError,
    connected,
    learn,
    numbers,
)

ADDRESS = re.compile(r"(rediss?)://([^\s:/@]+|\[[0-9A-Fa-f:.]+\]):([0-9]{1,5})")
ACCEPTED = "accepted are redis://HOST:PORT and, with TLS, rediss://HOST:PORT, the port from 1 to 65535"
# INFO has some 6 kB.
MAX_ANSWER = 256 * 1024
END = b"\r\n"

# What is told of a server, and its own name for it.
NUMBERS = {
    "uptime": "uptime_in_seconds",
    "evictions": "evicted_keys",
    "bytes": "used_memory",
    "limit_bytes": "maxmemory",
    "connections": "connected_clients",
    "max_connections": "maxclients",
}


@dataclass(frozen=True)
class Server:
    """Where a server listens."""

    host: str
    port: int
    tls: bool = False

    def __str__(self) -> str:
        """Return the address as it is given."""
        return f"{'rediss' if self.tls else 'redis'}://{in_url(self.host)}:{self.port}"


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


def next_answer(conversation: Conversation) -> str:
    """Return what the server says next, or raise what it says is wrong."""
    line = _next_line(conversation)
    kind, rest = line[:1], line[1:]
    if kind == b"-":
        raise ServerError(f"refuses: {rest[:200].decode('utf-8', 'replace')}")
    if kind in (b"+", b":"):
        return rest.decode("utf-8", "replace")
    if kind != b"$" or not rest.isdigit():
        raise conversation.strange(line)
    return conversation.take_exactly(int(rest) + len(END))[: -len(END)].decode("utf-8", "replace")


def next_scanned(conversation: Conversation) -> tuple[str, int]:
    """Return where to go on, and how many keys were found, of an answer to SCAN: an array of the one and an array of the others."""
    line = _next_line(conversation)
    if line != b"*2":
        raise conversation.strange(line)
    cursor = next_answer(conversation)
    line = _next_line(conversation)
    if line[:1] != b"*" or not line[1:].isdigit():
        raise conversation.strange(line)
    return cursor, len([next_answer(conversation) for _key in range(int(line[1:]))])


def _next_line(conversation: Conversation) -> bytes:
    return conversation.take(lambda received: received.find(END) + len(END) if END in received else -1)[: -len(END)]


def fetch_info(server: Server, login: Login, timeout: float, ca_path: str | None = None) -> dict[str, str]:
    """Ask a server."""
    with logged_in(server, login, timeout, ca_path) as conversation:
        conversation.say(encode(["INFO"]))
        return parse_info(next_answer(conversation))


@contextlib.contextmanager
def logged_in(server: Server, login: Login, timeout: float, ca_path: str | None = None) -> t.Iterator[Conversation]:
    """Connect, and say the password where there is one."""
    with contextlib.ExitStack() as stack:
        connection: socket.socket = stack.enter_context(connected(server.host, server.port, timeout))
        if server.tls:
            context = ssl.create_default_context(cafile=ca_path)
            connection = stack.enter_context(context.wrap_socket(connection, server_hostname=server.host))
        conversation = Conversation(connection, timeout, "Redis", MAX_ANSWER)
        for command in logging_in(login):
            conversation.say(encode(command))
            next_answer(conversation)
        yield conversation


def logging_in(login: Login) -> list[list[str]]:
    """Return the commands that go before the question."""
    if not login.password:
        return []
    return [["AUTH", *([login.username] if login.username else []), login.password]]


def parse_info(text: str) -> dict[str, str]:
    """Return what an answer to INFO holds."""
    lines = (line.partition(":") for line in text.splitlines() if line and not line.startswith("#"))
    info = {name: value for name, _colon, value in lines}
    if "redis_version" not in info:
        raise ServerError("answers, but tells no version")
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
