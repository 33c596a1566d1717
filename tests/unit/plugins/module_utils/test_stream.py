# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All the waits of an exchange end at one time, however many there are."""

from __future__ import annotations

import errno
import os
import socket
import threading
import time

import pytest

from ansible_collections.roundrobin.tomcat.plugins.module_utils._stream import (
    Deadline,
    TimedStream,
    connect,
    connect_unix,
    words,
)


def test_each_byte_comes_in_time_and_the_whole_does_not():
    ours, theirs = socket.socketpair()
    over = threading.Event()

    def drip():
        while not over.wait(0.02):
            theirs.sendall(b"x")

    thread = threading.Thread(target=drip)
    thread.start()
    stream = TimedStream(ours, Deadline(0.3))
    began = time.monotonic()
    try:
        with pytest.raises((TimeoutError, socket.timeout)):
            while stream.recv(10):
                pass
        assert 0.3 <= time.monotonic() - began < 10
        with pytest.raises(TimeoutError):
            stream.sendall(b"too late")
    finally:
        over.set()
        thread.join()
        ours.close()
        theirs.close()


def found(*ports):
    """What the resolver says of a name with several addresses."""
    return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port)) for port in ports]


def test_the_first_address_that_accepts(monkeypatch, free_port, silent):
    monkeypatch.setattr(socket, "getaddrinfo", lambda *dummy, **options: found(free_port, silent))
    with connect("localhost", 80, Deadline(10)) as connection:
        assert connection.getpeername() == ("127.0.0.1", silent)
        assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_no_address_accepts(monkeypatch, free_port):
    monkeypatch.setattr(socket, "getaddrinfo", lambda *dummy, **options: found(free_port, free_port))
    with pytest.raises(ConnectionRefusedError):
        connect("localhost", 80, Deadline(10))


def test_no_time_is_left_for_a_connection(silent):
    with pytest.raises(TimeoutError):
        connect("127.0.0.1", silent, Deadline(0))


def test_a_socket_file(tmp_path):
    path = str(tmp_path / "s")
    with pytest.raises(FileNotFoundError):
        connect_unix(path, Deadline(10))
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()
        with connect_unix(path, Deadline(10)) as connection:
            assert connection.getpeername() == path


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(errno.ECONNREFUSED, os.strerror(errno.ECONNREFUSED)), "Connection refused"),
        (OSError("unknown"), "unknown"),
        (ConnectionResetError(), "ConnectionResetError"),
    ],
)
def test_the_words_of_an_error(error, said):
    assert words(error) == said
