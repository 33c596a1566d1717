# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What needs no memcached; tests/loopback/test_memcached.py has a real one."""

from __future__ import annotations

import pytest

from ansible_collections.roundrobin.tomcat.plugins.modules import memcached_info


@pytest.mark.parametrize("check", [True, False])
def test_a_node_that_is_down_is_told_and_no_failure(run_module, free_port, check):
    told = run_module(memcached_info, check, nodes=[{"host": "127.0.0.1", "port": free_port, "id": "n1"}])
    assert (told.get("failed"), told["changed"]) == (None, False)
    (node,) = told["nodes"]
    assert (node["node"], node["id"], node["up"]) == (f"127.0.0.1:{free_port}", "n1", False)
    assert (node["reason"], node["version"], node["curr_items"]) == ("Connection refused", None, None)


def test_who_must_be_up_fails_the_task_by_name(run_module, free_port):
    told = run_module(memcached_info, nodes=[f"127.0.0.1:{free_port}"], require_up=True)
    assert told["failed"]
    assert told["msg"] == f"memcached does not answer: 127.0.0.1:{free_port}: Connection refused"
    assert [node["up"] for node in told["nodes"]] == [False]


def test_what_answers_otherwise_is_no_memcached(run_module, web):
    (node,) = run_module(memcached_info, nodes=[web.removeprefix("http://")])["nodes"]
    assert node["up"] is False
    assert node["reason"].startswith("answers, but not as memcached does: ")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "nodes"),
        ({"nodes": ["cache1"]}, "nodes has 'cache1': accepted are HOST:PORT"),
        ({"nodes": [], "timeout": 0}, "timeout 0 is not accepted: give 0.01 to 3600"),
        ({"nodes": [], "timeout": 3601}, "timeout 3601 is not accepted"),
        ({"nodes": [], "username": "ann"}, "parameters are required together: username, password"),
    ],
)
def test_bad_input(run_module, options, words):
    told = run_module(memcached_info, **options)
    assert told["failed"]
    assert words in told["msg"]
