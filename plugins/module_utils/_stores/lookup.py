# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a session is in its store: what the store's class is called, and who has a key with the session's id in it.

How a class makes a key of an id is its own business, and changes. So all keys are looked through for an id, which is as
good as a random number of 128 bits. memcached lists them in the text protocol alone.
"""

# Private to this collection.

from __future__ import annotations

import re
import time
import typing as t

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError

from . import memcached, redis
from .conversation import Login, connected

# The class of a context's Manager, by session store; roles/tomcat_instance/vars/main.yml puts it into context.xml.
MANAGERS = {
    "backup": "org.apache.catalina.ha.session.BackupManager",
    "delta": "org.apache.catalina.ha.session.DeltaManager",
    "memcached": "org.roundrobin.tomcat.MemcachedSessionManager",
    "redis": "org.roundrobin.tomcat.RedisSessionManager",
}
# What memcached says first: a key, or that there is none.
LISTING = (b"key=", b"END\r\n")
PIECE = 256 * 1024
# How many keys Redis looks at before it answers; others wait for so long.
KEYS_AT_ONCE = 1000


def memcached_has(node: memcached.MemcachedNode, login: Login, timeout: float, text: str) -> bool | None:
    """Look through the keys of a node; None where that cannot be done, or not in time."""
    if login.username:
        return None
    end = time.monotonic() + timeout
    received = b""
    with connected(node.host, node.port, timeout) as connection:
        connection.sendall(b"lru_crawler metadump all\r\n")
        begun = False
        while time.monotonic() < end:
            piece = connection.recv(PIECE)
            received += piece
            if text.encode() in received:
                return True
            begun = begun or received.startswith(LISTING)
            if begun and received.endswith(b"END\r\n"):
                return False
            # Whoever is not asked for the keys for the first time may be busy with them.
            if not piece or (not begun and len(received) >= max(map(len, LISTING))):
                return None
            # A key may be in two pieces.
            received = received[-512:] if begun else received
    return None


def redis_has(server: redis.Server, login: Login, timeout: float, text: str) -> bool | None:
    """Look through the keys of a server; None where that cannot be done in time."""
    end = time.monotonic() + timeout
    with redis.logged_in(server, login, timeout) as conversation:
        cursor = "0"
        while time.monotonic() < end:
            conversation.say(redis.encode(["SCAN", cursor, "MATCH", f"*{text}*", "COUNT", str(KEYS_AT_ONCE)]))
            cursor, found = redis.next_scanned(conversation)
            if found:
                return True
            if cursor == "0":
                return False
    return None


def has(store: str, servers: t.Iterable[t.Any], login: Login, timeout: float, session_id: str) -> bool | None:
    """Ask one server after another whether it has the session; None where that is not known of one, and no other has it."""
    # Without the node and the route, which change.
    text = re.split(r"[-.]", session_id)[0]
    ask: t.Callable[..., bool | None] = memcached_has if store == "memcached" else redis_has
    answers = []
    for server in servers:
        try:
            answers.append(ask(server, login, timeout, text))
        # CollectionError is for a server that does not answer as it should, OSError for one that does not answer.
        except (CollectionError, OSError):
            answers.append(None)
        if answers[-1]:
            return True
    return None if None in answers else False
