# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How memcached nodes do, by their own word: the command `stats`.

In the text protocol (memcached's doc/protocol.txt) an answer is lines of
"STAT name value" and a line "END", or one line that begins with ERROR,
CLIENT_ERROR or SERVER_ERROR.

A node that asks for a name and a password (SASL) speaks the binary protocol
only (doc/protocol-binary.xml, RFC 4616 for PLAIN): each statistic is an answer
of its own, and one without a key is the last.
"""

# Private to this collection.

from __future__ import annotations

import struct
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

ACCEPTED = "accepted are HOST:PORT, as 198.18.0.5:11211 or [::1]:11211, and a dictionary with host and port"
# An answer has some 3 kB.
MAX_ANSWER = 64 * 1024
END = b"END\r\n"

# Magic, opcode, lengths of key and extras, data type, status (of an answer), length of all that follows, opaque, CAS.
HEADER = struct.Struct(">BBHBBHIIQ")
REQUEST, ANSWER = 0x80, 0x81
STAT, SASL_AUTH = 0x10, 0x21
AUTH_ERROR = 0x20

# What is told of a node, and memcached's own name for it.
STATS = {
    "uptime": "uptime",
    "curr_items": "curr_items",
    "evictions": "evictions",
    "too_large": "store_too_large",
    "bytes": "bytes",
    "limit_bytes": "limit_maxbytes",
    "connections": "curr_connections",
    "max_connections": "max_connections",
}


@dataclass(frozen=True)
class MemcachedNode:
    """Where a node listens, and the name that sessions know it by."""

    host: str
    port: int
    id: str | None = None

    def __str__(self) -> str:
        """Return the address as it is given."""
        return f"{in_url(self.host)}:{self.port}"


def parse_node(given: t.Any) -> MemcachedNode:
    """Read one entry of the option nodes."""
    if isinstance(given, t.Mapping):
        host, port, name = given.get("host"), given.get("port"), given.get("id")
    else:
        host, _colon, port = str(given).strip().rpartition(":")
        name = None
        if host.startswith("[") and host.endswith("]"):
            host = host[1:-1]
        elif ":" in host:
            host = None
    try:
        number = int(str(port))
    except ValueError:
        number = 0
    if not isinstance(host, str) or not host or any(char.isspace() for char in host) or not 1 <= number <= 65535:
        raise CollectionError(f"nodes has {given!r}: {ACCEPTED}, the port from 1 to 65535")
    return MemcachedNode(host, number, None if name is None else str(name))


def parse_stats(answer: bytes) -> dict[str, str]:
    """Return what a complete answer to `stats` holds."""
    text = answer.decode("utf-8", "replace")
    stats = {}
    for line in text.splitlines():
        if line == "END":
            break
        word, _space, rest = line.partition(" ")
        name, _space, value = rest.partition(" ")
        if word != "STAT":
            raise ServerError(f"answers, but not as memcached does: {line[:80]!r}")
        stats[name] = value
    if "version" not in stats:
        raise ServerError("answers, but tells no version")
    return stats


def fetch_stats(node: MemcachedNode, login: Login, timeout: float) -> dict[str, str]:
    """Ask a node, over the protocol that it speaks."""
    with connected(node.host, node.port, timeout) as connection:
        conversation = Conversation(connection, timeout, "memcached", MAX_ANSWER)
        return _stats_after_login(conversation, login) if login.username else _stats(conversation)


def _stats(conversation: Conversation) -> dict[str, str]:
    conversation.say(b"stats\r\n")

    def complete(received: bytes) -> int:
        ended = received.endswith(END) or (received.endswith(b"\n") and not received.startswith(b"STAT "))
        return len(received) if ended else -1

    return parse_stats(conversation.take(complete))


def _stats_after_login(conversation: Conversation, login: Login) -> dict[str, str]:
    conversation.say(request(SASL_AUTH, b"PLAIN", f"\0{login.username}\0{login.password or ''}".encode()))
    next_answer(conversation)
    conversation.say(request(STAT))
    stats: dict[str, str] = {}
    while True:
        name, value = next_answer(conversation)
        if not name:
            return stats
        stats[name] = value


def request(opcode: int, key: bytes = b"", value: bytes = b"") -> bytes:
    """Return a request of the binary protocol."""
    return HEADER.pack(REQUEST, opcode, len(key), 0, 0, 0, len(key) + len(value), 0, 0) + key + value


def next_answer(conversation: Conversation) -> tuple[str, str]:
    """Return key and value of the next answer of the binary protocol, or raise what it says is wrong."""
    header = conversation.take_exactly(HEADER.size)
    magic, _opcode, of_key, of_extras, _type, status, of_body, _opaque, _cas = HEADER.unpack(header)
    if magic != ANSWER or of_body > MAX_ANSWER:
        raise conversation.strange(header)
    body = conversation.take_exactly(of_body)[of_extras:]
    key, value = (part.decode("utf-8", "replace") for part in (body[:of_key], body[of_key:]))
    if status == AUTH_ERROR:
        raise ServerError("refuses the name or the password")
    if status:
        raise ServerError(f"refuses: {value[:200]} (status {status:#x})")
    return key, value


def ask(node: MemcachedNode, login: Login, timeout: float) -> dict[str, t.Any]:
    """Return how a node does, or why it cannot be told."""
    stats, reason = learn(lambda: fetch_stats(node, login, timeout), timeout)
    return {
        "node": str(node),
        "host": node.host,
        "port": node.port,
        "id": node.id,
        "up": reason is None,
        "reason": reason,
        "version": stats.get("version"),
        **numbers(stats, STATS),
    }


def label(told: t.Mapping[str, t.Any]) -> str:
    """Return how a person calls the node: its id, if it has one, and its address."""
    return f"{told['id']} ({told['node']})" if told["id"] else str(told["node"])


def warnings(nodes: t.Iterable[t.Mapping[str, t.Any]]) -> list[str]:
    """Return what lost sessions already, or will."""
    found = []
    for told in nodes:
        name = f"memcached {label(told)}"
        if told["evictions"]:
            found.append(
                f"{name} had to throw away {told['evictions']} items since its start {told['uptime']} s ago, each of "
                f"them a session: its {told['limit_bytes'] // 1024 // 1024} MiB (memcached_memory_mb) are too little."
            )
        if told["too_large"]:
            found.append(
                f"{name} refused {told['too_large']} items as too large since its start {told['uptime']} s ago: "
                "a session larger than memcached_max_item_size is lost with its Tomcat."
            )
    return found


def down_message(nodes: t.Iterable[t.Mapping[str, t.Any]]) -> str | None:
    """Name every node that does not answer, or return None."""
    down = [f"{label(told)}: {told['reason']}" for told in nodes if not told["up"]]
    return f"memcached does not answer: {'; '.join(down)}" if down else None
