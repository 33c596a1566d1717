# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How memcached nodes do, by their own word: the command `stats` of the text protocol.

Private to the collection.

The facts are those of memcached's doc/protocol.txt: an answer is lines of
"STAT name value" and a line "END", or one line that begins with ERROR,
CLIENT_ERROR or SERVER_ERROR.
"""

from __future__ import annotations

import socket
import time
import typing as t
from dataclasses import dataclass

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError
from ansible_collections.roundrobin.tomcat.plugins.module_utils._store_info import learn, numbers

ACCEPTED = "accepted are HOST:PORT, as 198.18.0.5:11211 or [::1]:11211, and a dictionary with host and port"
# An answer has some 3 kB; what is not memcached must not fill the memory.
MAX_ANSWER = 64 * 1024
END = b"END\r\n"

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


class MemcachedError(CollectionError):
    """The node does not answer as memcached does."""


@dataclass(frozen=True)
class Node:
    """Where a node listens, and the name that sessions know it by."""

    host: str
    port: int
    id: str | None = None

    def __str__(self) -> str:
        """Return the address as it is given."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_node(given: t.Any) -> Node:
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
    return Node(host, number, None if name is None else str(name))


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
            raise MemcachedError(f"answers, but not as memcached does: {line[:80]!r}")
        stats[name] = value
    if "version" not in stats:
        raise MemcachedError("answers, but tells no version")
    return stats


def fetch_stats(node: Node, timeout: float) -> bytes:
    """Ask a node, all of it within the time-out."""
    end = time.monotonic() + timeout
    answer = b""
    with socket.create_connection((node.host, node.port), timeout=timeout) as connection:
        try:
            connection.sendall(b"stats\r\n")
            while not (answer.endswith(END) or (answer.endswith(b"\n") and not answer.startswith(b"STAT "))):
                left = end - time.monotonic()
                if left <= 0:
                    raise TimeoutError
                connection.settimeout(left)
                piece = connection.recv(8192)
                answer += piece
                if not piece or len(answer) > MAX_ANSWER:
                    raise MemcachedError(f"answers, but not as memcached does: {answer[:80].decode('latin-1')!r}")
        # Before 3.10 the time-out of a socket is not yet TimeoutError.
        except (TimeoutError, socket.timeout) as exc:
            # A node at its limit of connections lets them queue, and answers none.
            raise MemcachedError(f"accepts the connection, but gives no answer within {timeout:g} s") from exc
    return answer


def ask(node: Node, timeout: float) -> dict[str, t.Any]:
    """Return how a node does, or why it cannot be told."""
    stats, reason = learn(lambda: parse_stats(fetch_stats(node, timeout)), timeout)
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
