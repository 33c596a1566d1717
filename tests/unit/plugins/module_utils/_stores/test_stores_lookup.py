# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Against servers that answer as a test says; tests/loopback/test_parallel_sessions.py has a real memcached."""

from __future__ import annotations

import socketserver
import time
from pathlib import Path

import pytest
import yaml

from ansible_collections.roundrobin.tomcat.plugins.module_utils._stores import lookup, memcached, redis
from ansible_collections.roundrobin.tomcat.plugins.module_utils._stores.conversation import Login

VARS = Path(__file__).resolve().parents[5] / "roles/tomcat_instance/vars/main.yml"
ID = "E342E9A9B542BACAC4E4FFE73FD0D1BC-n1.app1"


@pytest.fixture
def server(serve):
    """A server that answers each time it is asked with the next of these; returns its port and what it was asked."""

    def start(*answers):
        asked = []

        class Handler(socketserver.BaseRequestHandler):
            def handle(self):
                for answer in answers:
                    asked.append(self.request.recv(4096))
                    self.request.sendall(answer)

        return serve(socketserver.ThreadingTCPServer, Handler), asked

    return start


def node(port):
    return memcached.MemcachedNode("127.0.0.1", port)


def key(name):
    return f"key={name} exp=1796061354 la=1796059560 cas=1 fetch=no cls=6 size=272\n".encode()


OTHER = "0123456789ABCDEF0123456789ABCDEF-n1.app2"


@pytest.mark.parametrize("name", [ID, f"static%3A1f%3A{ID}", ID.replace("app1", "app2")])
def test_a_session_in_memcached(server, name):
    port, asked = server(key(OTHER) + key(name) + b"END\r\n")
    assert lookup.has("memcached", [node(port)], Login(), 5, ID) is True
    assert asked == [b"lru_crawler metadump all\r\n"]


@pytest.mark.parametrize("answer", [b"END\r\n", key(OTHER) + b"END\r\n", key(OTHER) * 20_000 + b"END\r\n"])
def test_a_session_that_is_not_in_memcached(server, answer):
    assert lookup.has("memcached", [node(server(answer)[0])], Login(), 5, ID) is False


def test_a_key_in_two_pieces(serve):
    class Handler(socketserver.BaseRequestHandler):
        def handle(self):
            self.request.recv(4096)
            for piece in (key(ID)[:20], key(ID)[20:]):
                self.request.sendall(piece)
                time.sleep(0.05)

    port = serve(socketserver.ThreadingTCPServer, Handler)
    assert lookup.has("memcached", [node(port)], Login(), 5, ID) is True


def test_a_session_on_the_second_node(server, free_port):
    assert lookup.has("memcached", [node(free_port), node(server(key(ID))[0])], Login(), 5, ID) is True


def test_a_node_that_is_down_may_have_it(server, free_port):
    assert lookup.has("memcached", [node(free_port), node(server(b"END\r\n")[0])], Login(), 5, ID) is None


@pytest.mark.parametrize("answer", [b"BUSY currently processing crawler request\r\n", b"ERROR\r\n"])
def test_a_node_that_lists_no_keys_may_have_it(server, answer):
    assert lookup.has("memcached", [node(server(answer)[0])], Login(), 5, ID) is None


def test_a_node_that_is_silent_may_have_it(silent):
    assert lookup.has("memcached", [node(silent)], Login(), 0.1, ID) is None


def test_a_node_with_a_password_lists_no_keys(free_port):
    assert lookup.has("memcached", [node(free_port)], Login("u", "p"), 5, ID) is None


def scanned(cursor, *keys):
    return redis.encode([cursor])[4:].join([b"*2\r\n", redis.encode(keys)])


@pytest.mark.parametrize(("keys", "found"), [((f"redisson:tomcat_session:{ID}",), True), ((), False)])
def test_a_session_in_redis(server, keys, found):
    port, asked = server(b"+OK\r\n", scanned("17"), scanned("0", *keys))
    assert lookup.has("redis", [redis.Server("127.0.0.1", port)], Login(None, "p"), 5, ID) is found
    text = f"*{ID.partition('-')[0]}*"
    assert asked[1:] == [redis.encode(["SCAN", cursor, "MATCH", text, "COUNT", "1000"]) for cursor in ("0", "17")]


@pytest.mark.parametrize("answer", [b"*1\r\n", b"*2\r\n$1\r\n0\r\n:1\r\n", b"-NOPERM no\r\n"])
def test_a_server_that_lists_no_keys_may_have_it(server, answer):
    assert lookup.has("redis", [redis.Server("127.0.0.1", server(answer)[0])], Login(), 5, ID) is None


def test_the_classes_are_those_of_the_role():
    managers = yaml.safe_load(VARS.read_text())
    assert {
        store: manager["class_name"] for store, manager in managers["__tomcat_instance_managers"].items()
    } == lookup.MANAGERS
