# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What needs no memcached; tests/loopback/test_memcached.py has a real one."""

from __future__ import annotations

import socket

import pytest

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError
from ansible_collections.roundrobin.tomcat.plugins.module_utils._stores.conversation import Conversation, ServerError
from ansible_collections.roundrobin.tomcat.plugins.module_utils._stores.memcached import (
    HEADER,
    MemcachedNode,
    down_message,
    next_answer,
    parse_node,
    parse_stats,
    warnings,
)


@pytest.mark.parametrize(
    "given, node, text",
    [
        ("198.18.0.5:11211", MemcachedNode("198.18.0.5", 11211), "198.18.0.5:11211"),
        (" cache1:11212 ", MemcachedNode("cache1", 11212), "cache1:11212"),
        ("[::1]:11211", MemcachedNode("::1", 11211), "[::1]:11211"),
        ({"host": "::1", "port": 11211}, MemcachedNode("::1", 11211), "[::1]:11211"),
        (
            {"host": "cache1", "port": "11211", "id": "n1", "machine": "m"},
            MemcachedNode("cache1", 11211, "n1"),
            "cache1:11211",
        ),
    ],
)
def test_nodes(given, node, text):
    assert (parse_node(given), str(node)) == (node, text)


@pytest.mark.parametrize(
    "given",
    [
        *["", "cache1", "cache1:", ":11211", "cache1:x", "cache1:0", "cache1:65536", "::1:11211", "[]:1", "a b:1"],
        *[11211, None, {}, {"host": "cache1"}, {"port": 1}, {"host": ["cache1"], "port": 1}, {"host": "", "port": 1}],
    ],
)
def test_what_is_no_node_is_named_with_what_is_accepted(given):
    with pytest.raises(CollectionError) as told:
        parse_node(given)
    assert told.value.message.startswith(f"nodes has {given!r}: accepted are HOST:PORT")


def test_stats():
    answer = b"STAT version 1.6.18\r\nSTAT libevent 2.1.12-stable\r\nSTAT curr_items 7\r\nEND\r\n"
    assert parse_stats(answer) == {"version": "1.6.18", "libevent": "2.1.12-stable", "curr_items": "7"}


@pytest.mark.parametrize(
    "answer, text",
    [
        (b"ERROR\r\n", "'ERROR'"),
        (b"CLIENT_ERROR unauthenticated\r\n", "'CLIENT_ERROR unauthenticated'"),
        (b"HTTP/1.1 400 Bad Request\r\n", "'HTTP/1.1 400 Bad Request'"),
        (b"STAT pid 1\r\nSERVER_ERROR out of memory\r\n", "'SERVER_ERROR out of memory'"),
        (b"END\r\n", "tells no version"),
    ],
)
def test_what_is_not_memcached(answer, text):
    with pytest.raises(ServerError) as told:
        parse_stats(answer)
    assert text in told.value.message


@pytest.mark.parametrize(
    "answer, text",
    [
        (b"ERROR Too many open connections\r\n", "answers, but not as memcached does: 'ERROR Too many open conn"),
        (HEADER.pack(0x81, 0x21, 0, 0, 0, 0x20, 4, 0, 0) + b"Auth", "refuses the name or the password"),
        (HEADER.pack(0x81, 0x21, 0, 0, 0, 0x81, 7, 0, 0) + b"Unknown", "refuses: Unknown (status 0x81)"),
        (HEADER.pack(0x81, 0x10, 0, 0, 0, 0, 1 << 31, 0, 0), "answers, but not as memcached does"),
        (HEADER.pack(0x81, 0x10, 3, 0, 0, 0, 5, 0, 0) + b"cut", "answers, but not as memcached does"),
    ],
)
def test_what_is_not_an_answer_of_the_binary_protocol(answer, text):
    near, far = socket.socketpair()
    with near, far:
        far.sendall(answer)
        far.shutdown(socket.SHUT_WR)
        with pytest.raises(ServerError) as told:
            next_answer(Conversation(near, 5, "memcached", 1 << 16))
    assert text in told.value.message


def told(node, **values):
    common = {"node": node, "id": None, "up": True, "reason": None, "uptime": 60, "limit_bytes": 64 * 1024 * 1024}
    return {**common, "evictions": 0, "too_large": 0, **values}


def test_warnings_and_message_name_the_nodes():
    good, full, down = (
        told("a:1", id="n1"),
        told("b:1", id="n2", evictions=3, too_large=2),
        told("c:1", up=False, reason="Connection refused", evictions=None, too_large=None),
    )
    evicted, too_large = warnings([good, full, down])
    assert evicted.startswith("memcached n2 (b:1) had to throw away 3 items since its start 60 s ago")
    assert "64 MiB (memcached_memory_mb)" in evicted
    assert too_large.startswith("memcached n2 (b:1) refused 2 items as too large")
    assert down_message([good, full]) is None
    assert down_message([good, down, down]) == (
        "memcached does not answer: c:1: Connection refused; c:1: Connection refused"
    )
