# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A conversation with a server that keeps sessions, against the other end of a socket."""

from __future__ import annotations

import errno
import os
import socket

import pytest

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError
from ansible_collections.roundrobin.tomcat.plugins.module_utils._stores.conversation import (
    Conversation,
    Login,
    ServerError,
    connected,
    learn,
    numbers,
)


@pytest.fixture
def ends():
    """Ours and the server's end of a connection."""
    near, far = socket.socketpair()
    with near, far:
        yield near, far


def line_end(received):
    return received.find(b"\n") + 1 or -1


def test_pieces_are_taken_one_by_one_however_they_come(ends):
    near, server = ends
    conversation = Conversation(near, 5, "memcached", 100)
    server.sendall(b"one\ntw")
    assert conversation.take(line_end) == b"one\n"
    server.sendall(b"o\n12345")
    assert conversation.take(line_end) == b"two\n"
    assert conversation.take_exactly(2) == b"12"
    assert conversation.take_exactly(0) == b""
    assert conversation.take_exactly(3) == b"345"


def test_what_is_said_arrives(ends):
    near, server = ends
    Conversation(near, 5, "memcached", 100).say(b"stats\r\n")
    assert server.recv(100) == b"stats\r\n"


def test_who_hangs_up_is_quoted(ends):
    near, server = ends
    server.sendall(b"half \xff")
    server.shutdown(socket.SHUT_WR)
    with pytest.raises(ServerError) as caught:
        Conversation(near, 5, "memcached", 100).take(line_end)
    assert caught.value.message == "answers, but not as memcached does: 'half \u00ff'"


def test_who_never_ends_does_not_fill_the_memory(ends):
    near, server = ends
    server.sendall(b"x" * 101)
    with pytest.raises(ServerError) as caught:
        Conversation(near, 5, "Redis", 100).take(line_end)
    assert caught.value.message == f"answers, but not as Redis does: '{'x' * 80}'"


def test_the_time_out_is_that_of_the_whole(ends):
    near, server = ends
    conversation = Conversation(near, 0.2, "memcached", 100)
    server.sendall(b"one\n")
    assert conversation.take(line_end) == b"one\n"
    with pytest.raises(TimeoutError):
        conversation.take(line_end)
    # Nothing is left of it: it does not wait at all any more.
    server.sendall(b"late\n")
    with pytest.raises(TimeoutError):
        conversation.take(line_end)


def test_a_password_is_not_shown():
    assert repr(Login("ann", "hush")) == "Login(username='ann')"


def test_who_accepts_and_says_nothing_is_told_from_who_is_not_there(silent, free_port):
    def ask():
        with connected("127.0.0.1", silent, 0.1) as connection:
            connection.recv(1)

    with pytest.raises(ServerError) as caught:
        ask()
    assert caught.value.message == "accepts the connection, but gives no answer within 0.1 s"
    with pytest.raises(ConnectionRefusedError), connected("127.0.0.1", free_port, 1):
        pass


def raising(error):
    def fetch():
        raise error

    return fetch


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ServerError("refuses: no"), "refuses: no"),
        (CollectionError("it is odd"), "it is odd"),
        (TimeoutError(), "no connection within 2.5 s"),
        (socket.timeout("timed out"), "no connection within 2.5 s"),
        (OSError(errno.ECONNREFUSED, os.strerror(errno.ECONNREFUSED)), "Connection refused"),
        (OSError("without a number"), "without a number"),
    ],
)
def test_why_nothing_was_learnt(error, reason):
    assert learn(raising(error), 2.5) == ({}, reason)


def test_what_was_learnt_and_faults_of_ours():
    assert learn(lambda: {"version": "1"}, 1) == ({"version": "1"}, None)
    with pytest.raises(KeyError):
        learn(raising(KeyError("x")), 1)


def test_a_number_that_is_not_told_is_none():
    assert numbers({"curr_items": "7", "pid": "1"}, {"items": "curr_items", "evictions": "evictions"}) == {
        "items": 7,
        "evictions": None,
    }
    with pytest.raises(ValueError, match="invalid literal"):
        numbers({"curr_items": "many"}, {"items": "curr_items"})
