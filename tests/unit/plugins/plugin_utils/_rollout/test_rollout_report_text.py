# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report in lines for a terminal."""

from __future__ import annotations

from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._rollout.report_text import (
    SHOWN_LOG_LINES,
    summary,
)


def member(host, result="done", **more):
    base = {"from": "1.0", "to": "1.1", "reason": "", "failures": [], "out": [], "out_seconds": 0.0, "durations": {}}
    return {"host": host, "result": result, **base, **more}


def report(*members, **more):
    base = {"kind": "deploy", "application": "ROOT", "version": "1.1", "result": "done", "reason": ""}
    return {**base, "seconds": 61.2, "most_out_at_once": 1, "members": list(members), **more}


def failure(**more):
    base = {"direction": "forward", "phase": "health", "reason": "status 503\ninstead of 200", "log_lines": []}
    return {**base, **more}


def out(seconds, until="2026-11-24T05:16:00Z"):
    return {"out": [{"from": "2026-11-24T05:15:00Z", "to": until}], "out_seconds": seconds}


def test_a_good_rollout_is_a_table_and_a_line():
    lines = summary(
        report(
            member("app1", durations={"drain": 1.24, "start": 12.0}, **out(20.0)),
            member("app2", "skipped", reason="on 1.1 already", **{"from": None}),
        )
    )
    assert lines == [
        "member  from  to   result      out  drain   start",
        "app1    1.0   1.1  done     20.0 s  1.2 s  12.0 s",
        "app2    -     1.1  skipped       -      -       -",
        "",
        "app2 skipped: on 1.1 already",
        "",
        "deploy ROOT 1.1: done after 1 min 1 s; 1 done, 1 skipped; at most 1 out at once",
    ]


def test_a_failure_has_its_phase_its_reason_and_its_log():
    logged = [f"SEVERE {number}" for number in range(SHOWN_LOG_LINES + 2)]
    lines = summary(
        report(
            member(
                "app1",
                "left_out",
                failures=[failure(log_lines=logged), failure(direction="back", phase=None)],
                **out(3.0, None),
            ),
            member("app2", "untouched"),
            result="failed",
            reason="app1 did not take 1.1",
        )
    )
    assert lines[1].split() == ["app1", "1.0", "1.1", "left", "out", ">3.0", "s"]
    assert lines[4] == "app1 failed in phase health: status 503 instead of 200"
    assert lines[5] == "    SEVERE 0"
    assert lines[4 + SHOWN_LOG_LINES + 1] == "    and 2 more lines in the report"
    assert "app1 failed on the way back: status 503 instead of 200" in lines
    assert lines[-1] == (
        "deploy ROOT 1.1: failed after 1 min 1 s; 1 left out, 1 untouched; at most 1 out at once. app1 did not take 1.1"
    )


def test_what_several_have_in_common_is_said_once():
    lines = summary(report(*(member(host, "untouched", reason="app1 failed") for host in ("app2", "app3"))))
    assert "app2, app3 untouched: app1 failed" in lines


def test_a_rollout_of_nobody_is_one_line():
    lines = summary(report(kind="restart", application=None, version=None, most_out_at_once=0, seconds=0.5))
    assert lines == ["restart: done after 0.5 s"]
