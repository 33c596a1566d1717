# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What needs no httpd; tests/loopback/test_httpd_balancer*.py have a real one."""

from __future__ import annotations

import pytest

from ansible_collections.roundrobin.tomcat.plugins.modules import httpd_balancer_member

WORKER = "ajp://127.0.0.1:8109"


def test_check_mode_tells_the_change_and_sends_none(run_module, recorded):
    told = run_module(
        httpd_balancer_member, check=True, manager_url=recorded.url, route="t2", state="disabled", wait="idle"
    )
    assert (told["changed"], told["worker"], told["state_before"], told["state_after"]) == (
        *(True, WORKER, "enabled", "disabled"),
    )
    assert (told["diff"]["before"], told["diff"]["after"]) == ("state: enabled\n", "state: disabled\n")
    assert "idle" not in told
    assert recorded.posts == 0


@pytest.mark.parametrize("check", [True, False])
def test_what_is_as_wanted_is_left_alone(run_module, recorded, check):
    told = run_module(httpd_balancer_member, check, manager_url=recorded.url, worker=WORKER, state="enabled", lbset=0)
    assert (told["changed"], told["before"], told["after"]) == (False, {}, {})
    assert recorded.posts == 0


def test_a_change_that_httpd_ignores_is_a_failure(run_module, recorded):
    told = run_module(httpd_balancer_member, manager_url=recorded.url, route="t2", state="disabled")
    assert told["failed"]
    assert "did not set state disabled" in told["msg"]
    assert (told["state_before"], told["state_after"]) == ("enabled", "enabled")
    assert recorded.posts == 1


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"state": "disabled"}, "one of the following is required: worker, route"),
        ({"route": "t2"}, "one of the following is required: state, standby"),
        ({"route": "t2", "state": "off"}, "value of state must be one of"),
        ({"route": "t2", "wait": "long"}, "value of wait must be one of"),
        ({"route": "t9", "state": "disabled"}, "'t9' is not a member of any balancer"),
        ({"route": "t1", "state": "disabled"}, "not one member but 2"),
        ({"route": "t2", "balancer": "none", "state": "disabled"}, "no balancer 'none'"),
        ({"route": "t2", "lbset": 100}, "lbset must be 0 to 99, not 100"),
        ({"route": "t2", "load_factor": 0.5}, "load_factor must be 1 to 100"),
        ({"route": "t2", "new_route": "t3"}, "does not get the route 't3'"),
        ({"route": "t2", "state": "disabled", "keep_usable": 9}, "keep_usable asks for 9"),
        ({"route": "t2", "state": "disabled", "interval": 0}, "interval must be above 0"),
        ({"route": "t2", "state": "disabled", "manager_url": "h"}, "manager_url"),
    ],
)
@pytest.mark.parametrize("check", [True, False])
def test_bad_input_sends_nothing(run_module, recorded, options, words, check):
    told = run_module(httpd_balancer_member, check, **{"manager_url": recorded.url, **options})
    assert told["failed"]
    assert words in told["msg"]
    assert recorded.posts == 0
