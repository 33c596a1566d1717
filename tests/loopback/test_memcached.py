# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""memcached_info asks a real memcached on loopback, and what is none."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import tempfile
from pathlib import Path

import pytest
from loopback import free_port, run_module
from loopback_memcached import MEMCACHED, needs_memcached

pytestmark = needs_memcached


@pytest.fixture
def listener():
    """A port that accepts, as a node at its limit of connections does."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def test_a_node_that_is_up(memcached):
    node = memcached("-m", "32", "-c", "77")
    assert node.store([10, 20, 30]) == ["STORED"] * 3
    told = run_module("memcached_info", nodes=[{"host": "127.0.0.1", "port": node.port, "id": "n1", "machine": "m"}])
    version = subprocess.run([MEMCACHED, "-V"], capture_output=True, text=True, check=True).stdout.split()[1]
    assert (told["changed"], "warnings" in told) == (False, False)
    (found,) = told["nodes"]
    assert (found.pop("uptime"), found.pop("bytes"), found.pop("connections")) >= (0, 60, 1)
    assert found == {
        "node": node.address,
        "host": "127.0.0.1",
        "port": node.port,
        "id": "n1",
        "up": True,
        "reason": None,
        "version": version,
        "curr_items": 3,
        "evictions": 0,
        "too_large": 0,
        "limit_bytes": 32 * 1024 * 1024,
        "max_connections": 77,
    }


def test_check_mode_asks_too(memcached):
    assert run_module("memcached_info", nodes=[memcached().address], _ansible_check_mode=True)["nodes"][0]["up"]


def test_lost_sessions_are_warned_of(memcached):
    node = memcached("-m", "8", "-I", "512k")
    answers = node.store([200_000] * 100 + [600_000])
    assert answers.count("STORED") == 100
    assert answers[-1] == "SERVER_ERROR object too large for cache"
    told = run_module("memcached_info", nodes=[node.address])
    (found,) = told["nodes"]
    assert (found["evictions"], found["too_large"]) == (100 - found["curr_items"], 1)
    assert found["evictions"] > 0
    evicted, too_large = (json.dumps(warning) for warning in told["warnings"])
    assert f"had to throw away {found['evictions']} items" in evicted
    assert "refused 1 items as too large" in too_large


def test_nodes_that_are_down_are_told_not_failed(memcached, listener):
    node, closed = memcached(), free_port()
    silent = "{}:{}".format(*listener.getsockname())
    options = {"nodes": [f"127.0.0.1:{closed}", node.address, silent], "timeout": 0.5}
    told = run_module("memcached_info", **options)
    assert not told.get("failed")
    assert [found["up"] for found in told["nodes"]] == [False, True, False]
    assert told["nodes"][0]["reason"] == "Connection refused"
    assert told["nodes"][2]["reason"] == "accepts the connection, but gives no answer within 0.5 s"
    assert told["nodes"][0]["curr_items"] is None

    told = run_module("memcached_info", **options, require_up=True)
    assert told["failed"]
    assert told["msg"] == (
        f"memcached does not answer: 127.0.0.1:{closed}: Connection refused; "
        f"{silent}: accepts the connection, but gives no answer within 0.5 s"
    )
    assert [found["up"] for found in told["nodes"]] == [False, True, False]


def test_a_node_at_its_limit_of_connections(memcached):
    node = memcached("-c", "60")
    with contextlib.ExitStack() as stack:
        for _number in range(90):
            connection = stack.enter_context(node.connect())
            # One after another: memcached counts a connection only once it is taken, and takes more of many at once than it may.
            with contextlib.suppress(ConnectionError):
                connection.sendall(b"version\r\n")
                connection.recv(64)
        (found,) = run_module("memcached_info", nodes=[node.address])["nodes"]
    assert not found["up"]
    # memcached writes its refusal and closes at once: the reset may overtake the text.
    assert found["reason"] in (
        "answers, but not as memcached does: 'ERROR Too many open connections'",
        "Connection reset by peer",
    )


def test_a_node_that_speaks_the_binary_protocol_only(memcached):
    (found,) = run_module("memcached_info", nodes=[memcached("-B", "binary").address], timeout=0.5)["nodes"]
    assert (found["up"], found["reason"]) == (False, "accepts the connection, but gives no answer within 0.5 s")


@pytest.fixture
def suspicious(memcached):
    """Wants to know who asks: ann, with this password."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        users = directory / "users"
        command = ["saslpasswd2", "-p", "-c", "-f", users, "-a", "memcached", "ann"]
        # Not in every user's path.
        environment = {**os.environ, "PATH": f"{os.environ['PATH']}:/usr/sbin"}
        subprocess.run(command, input="pass:w\u00f6rd".encode(), env=environment, check=True)
        (directory / "memcached.conf").write_text(f"mech_list: plain\nsasldb_path: {users}\n")
        # For the user that memcached runs as.
        users.chmod(0o644)
        directory.chmod(0o755)
        yield memcached("-S", "-m", "32", SASL_CONF_PATH=name)


def test_a_node_that_asks_for_a_name_and_a_password(suspicious):
    (found,) = run_module("memcached_info", nodes=[suspicious.address], username="ann", password="pass:wörd")["nodes"]
    assert (found["up"], found["reason"], found["limit_bytes"]) == (True, None, 32 * 1024 * 1024)
    assert found["version"]


def test_a_node_that_does_not_get_what_it_asks_for(suspicious, memcached):
    def reason(node, **options):
        (found,) = run_module("memcached_info", nodes=[node.address], timeout=0.5, **options)["nodes"]
        assert not found["up"]
        return found["reason"]

    assert reason(suspicious, username="ann", password="another") == "refuses the name or the password"
    assert reason(suspicious) == "accepts the connection, but gives no answer within 0.5 s"
    assert reason(memcached(), username="ann", password="never-heard-of") == "refuses: Unknown command (status 0x81)"


def test_an_option_that_is_not_accepted():
    assert run_module("memcached_info", nodes=["cache1"])["msg"].startswith(
        "nodes has 'cache1': accepted are HOST:PORT"
    )
    assert run_module("memcached_info", nodes=[], timeout=0)["msg"] == "timeout 0 is not accepted: give 0.01 to 3600"
