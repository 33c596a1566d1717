# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What needs no httpd; tests/loopback/test_httpd_balancer*.py have a real one."""

from __future__ import annotations

import pytest

from ansible_collections.roundrobin.tomcat.plugins.modules import httpd_balancer_info


@pytest.mark.parametrize("check", [True, False])
def test_a_recorded_page_is_told(run_module, recorded, check):
    told = run_module(httpd_balancer_info, check, manager_url=recorded.url)
    assert told["changed"] is False
    assert [(balancer["name"], balancer["usable"]) for balancer in told["balancers"]] == [("shop", 3), ("blog", 2)]
    assert [member["route"] for member in told["balancers"][0]["members"]] == ["t1", "t2", "t3"]
    assert recorded.posts == 0


def test_nobody_is_there(run_module, free_port):
    told = run_module(httpd_balancer_info, manager_url=f"http://127.0.0.1:{free_port}/balancer-manager")
    assert told["failed"]
    assert "Connection refused" in told["msg"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "manager_url"),
        ({"manager_url": "127.0.0.1:9080"}, "manager_url"),
        ({"manager_url": "http://u:hush@h/m"}, "manager_url"),
        ({"manager_url": "http://h/m", "request_timeout": "long"}, "request_timeout"),
    ],
)
def test_bad_input(run_module, options, words):
    told = run_module(httpd_balancer_info, **options)
    assert told["failed"]
    assert words in told["msg"]
    assert "hush" not in told["msg"]
