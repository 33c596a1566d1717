# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What needs no server; the scenario session_stores has a real one."""

from __future__ import annotations

import socketserver

import pytest

from ansible_collections.roundrobin.tomcat.plugins.modules import redis_info

INFO = (
    b"# Server\r\nredis_version:7.0.15\r\nredis_mode:standalone\r\nuptime_in_seconds:60\r\nrole:master\r\nloading:0\r\n"
    b"used_memory:1048576\r\nmaxmemory:0\r\nevicted_keys:3\r\nconnected_clients:1\r\nmaxclients:10000\r\n"
    b"db0:keys=7,expires=7,avg_ttl=0\r\n"
)


class Server(socketserver.StreamRequestHandler):
    """Answers each command: a login with OK, anything else with its INFO."""

    def handle(self):
        while True:
            head = self.rfile.readline()
            if not head:
                return
            words = []
            for _word in range(int(head[1:])):
                words.append(self.rfile.read(int(self.rfile.readline()[1:]) + 2)[:-2])
            self.wfile.write(b"$%d\r\n%b\r\n" % (len(INFO), INFO) if words[0] == b"INFO" else b"+OK\r\n")


@pytest.fixture
def server(serve):
    return f"redis://127.0.0.1:{serve(socketserver.ThreadingTCPServer, Server)}"


@pytest.mark.parametrize("check", [True, False])
def test_a_server_that_is_up(run_module, warned, server, check):
    told = run_module(redis_info, check, servers=[server], password="hush", require_up=True)
    assert (told.get("failed"), told["changed"]) == (None, False)
    (found,) = told["servers"]
    expected = {"server": server, "up": True, "reason": None, "version": "7.0.15", "role": "master", "db_keys": 7}
    assert {key: found[key] for key in expected} == expected
    # Each of them may have been a session.
    (warning,) = warned
    assert warning.startswith(f"{server} threw 3 keys away")


@pytest.mark.parametrize("check", [True, False])
def test_a_server_that_is_down_is_told_and_no_failure(run_module, free_port, check):
    told = run_module(redis_info, check, servers=[f"redis://127.0.0.1:{free_port}"])
    assert (told.get("failed"), told["changed"]) == (None, False)
    (found,) = told["servers"]
    assert (found["up"], found["reason"], found["db_keys"]) == (False, "Connection refused", None)


def test_who_must_be_up_fails_the_task_by_name(run_module, free_port):
    told = run_module(redis_info, servers=[f"redis://127.0.0.1:{free_port}"], require_up=True)
    assert told["failed"]
    assert told["msg"] == f"Redis does not answer: redis://127.0.0.1:{free_port}: Connection refused"
    assert [found["up"] for found in told["servers"]] == [False]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "servers"),
        ({"servers": ["a:1"]}, "servers has 'a:1': accepted are redis://HOST:PORT"),
        ({"servers": [], "timeout": 0}, "timeout 0 is not accepted: give 0.01 to 3600"),
        ({"servers": [], "timeout": 3601}, "timeout 3601 is not accepted"),
    ],
)
def test_bad_input(run_module, options, words):
    told = run_module(redis_info, **options)
    assert told["failed"]
    assert words in told["msg"]
