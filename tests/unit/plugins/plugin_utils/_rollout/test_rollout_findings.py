# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._rollout.findings import Findings, Lines


def test_what_hosts_have_in_common_is_one_line():
    lines = Lines()
    lines.add("is so", "b")
    lines.add("about nobody")
    lines.add("is so", "a", "b")
    assert list(lines) == ["b, a: is so", "about nobody"]


def test_a_host_out_of_reach_is_named_once_whatever_each_task_says():
    findings = Findings()
    findings.unreachable("app1", "timed out")
    findings.unreachable("app1", "no route to host")
    assert list(findings.problems) == ["app1: unreachable: timed out"]
    assert findings.out_of_reach == {"app1"}
