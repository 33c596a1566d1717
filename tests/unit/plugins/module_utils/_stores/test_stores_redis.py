# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Against the other end of a socket; the scenario session_stores asks a real server, in the preflight of each rollout with Redis."""

from __future__ import annotations

import socket

import pytest

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError
from ansible_collections.roundrobin.tomcat.plugins.module_utils._stores.conversation import (
    Conversation,
    Login,
    ServerError,
)
from ansible_collections.roundrobin.tomcat.plugins.module_utils._stores.redis import (
    Server,
    ask,
    down_message,
    encode,
    logging_in,
    next_answer,
    parse_info,
    parse_server,
    warnings,
)


@pytest.mark.parametrize(
    "given, server",
    [
        ("redis://198.18.0.5:6379", Server("198.18.0.5", 6379)),
        ("rediss://store.example:6380", Server("store.example", 6380, tls=True)),
        ("redis://[fd00::5]:6379", Server("fd00::5", 6379)),
    ],
)
def test_servers(given, server):
    assert (parse_server(given), str(server)) == (server, given)


@pytest.mark.parametrize(
    "given",
    ["", "198.18.0.5:6379", "redis://198.18.0.5", "redis://a:0", "redis://a:65536", "redis://:x@a:1", "http://a:1"],
)
def test_what_is_no_server_is_named_with_what_is_accepted(given):
    with pytest.raises(CollectionError) as told:
        parse_server(given)
    assert told.value.message.startswith(f"servers has {given!r}: accepted are redis://HOST:PORT")


def test_login():
    assert encode(["AUTH", "pä"]) == b"*2\r\n$4\r\nAUTH\r\n$3\r\np\xc3\xa4\r\n"
    assert logging_in(Login()) == []
    assert logging_in(Login(password="p")) == [["AUTH", "p"]]
    assert logging_in(Login("u", "p")) == [["AUTH", "u", "p"]]
    assert "p4ss" not in repr(Login("u", "p4ss"))


@pytest.fixture
def pair():
    """Two ends of a connection."""
    near, far = socket.socketpair()
    with near, far:
        yield near, far


def begin(connection, timeout=5.0):
    return Conversation(connection, timeout, "Redis", 1 << 16)


def test_answers_come_one_by_one(pair):
    near, far = pair
    far.sendall(b"+OK\r\n:7\r\n$4\r\na\r\nb\r\n+END\r\n")
    conversation = begin(near)
    assert [next_answer(conversation) for _number in range(4)] == ["OK", "7", "a\r\nb", "END"]


@pytest.mark.parametrize(
    "sent, text",
    [
        (b"-NOAUTH Authentication required.\r\n", "refuses: NOAUTH Authentication required."),
        (b"HTTP/1.1 400 Bad Request\r\n", "not as Redis does: 'HTTP/1.1 400 Bad Request'"),
        (b"$12\r\ncut", "not as Redis does"),
        (b"", "not as Redis does: ''"),
    ],
)
def test_what_is_not_an_answer(pair, sent, text):
    near, far = pair
    far.sendall(sent)
    far.shutdown(socket.SHUT_WR)
    with pytest.raises(ServerError) as told:
        next_answer(begin(near))
    assert text in told.value.message


def test_silence_ends(pair):
    with pytest.raises(TimeoutError):
        next_answer(begin(pair[0], 0.05))


def test_info():
    info = parse_info("# Server\r\nredis_version:7.0.15\r\n\r\n# Keyspace\r\ndb0:keys=7,expires=7,avg_ttl=0\r\n")
    assert info == {"redis_version": "7.0.15", "db0": "keys=7,expires=7,avg_ttl=0"}
    with pytest.raises(ServerError):
        parse_info("hello")


def test_nobody_is_there():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    told = ask(Server("127.0.0.1", port), Login(), 5)
    assert (told["up"], told["reason"], told["db_keys"], told["version"]) == (False, "Connection refused", None, None)


def told(server, **values):
    common = {"server": server, "up": True, "reason": None, "uptime": 60, "bytes": 95 << 20, "limit_bytes": 0}
    return {**common, "evictions": 0, **values}


def test_warnings_and_message_name_the_servers():
    good, evicting, full = told("a"), told("b", evictions=3), told("c", limit_bytes=100 << 20)
    down = told("d", up=False, reason="Connection refused", evictions=None, bytes=None, limit_bytes=None)
    threw, nearly = warnings([good, evicting, full, down])
    assert threw.startswith("b threw 3 keys away for want of memory since its start 60 s ago")
    assert nearly.startswith("c has used 95 of its 100 MiB")
    assert down_message([good]) is None
    assert down_message([good, down]) == "Redis does not answer: d: Connection refused"
