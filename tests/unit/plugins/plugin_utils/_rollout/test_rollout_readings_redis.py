# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Redis as the preflight reads it; the rest is tested with the plan, and by the scenarios of rollouts."""

from __future__ import annotations

import pytest

from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._rollout.readings import Findings, read_redis

UP = {"server": "redis://a:1", "up": True, "reason": None, "evictions": 0}
DOWN = {"server": "redis://b:1", "up": False, "reason": "Connection refused", "evictions": None}


@pytest.mark.parametrize(
    ("servers", "problems", "warnings"),
    [
        ([UP], [], []),
        ([UP, DOWN], [], []),
        ([DOWN], ["app1, app2: Redis does not answer: redis://b:1: Connection refused"], []),
        ([{**UP, "evictions": 2}], [], ["redis://a:1 threw keys away for want of memory, sessions among them."]),
    ],
)
def test_one_server_that_answers_is_enough(servers, problems, warnings):
    findings = Findings()
    read_redis({host: {"servers": servers} for host in ("app1", "app2")}, findings)
    assert (list(findings.problems), list(findings.warnings)) == (problems, warnings)


def test_who_could_not_ask():
    findings = Findings()
    results = {"app1": {"failed": True, "msg": "no Python"}, "app2": {"skipped": True}}
    read_redis(results, findings)
    assert list(findings.problems) == ["app1: no Python"]
