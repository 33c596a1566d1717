# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a rollout ended: what became of each host, who is out of service, and the words that it ends with."""

# Private to this collection.

from __future__ import annotations

import typing as t

from .words import Result, listed, why_failed

# What became of a host, as the tasks note it: "untouched" until they take it out, then "left_out" until they know better.
UNTOUCHED, LEFT_OUT, ROLLED_BACK, DONE = "untouched", "left_out", "rolled_back", "done"
GIVEN_UP = {
    "task": "a hook or a setting",
    "reason": "a host could not be reached, see UNREACHABLE or FAILED above",
    "log_lines": [],
}


def failure(result: Result, task: str) -> dict[str, t.Any]:
    """Why a task failed, made of what it returned: one of a loop names its item's host before the reason."""
    reasons: list[str] = []
    log_lines: list[str] = []
    for one in result.get("results") or [result]:
        log_lines.extend(one.get("log_lines") or ())
        if one.get("failed") or one.get("unreachable"):
            # Of several steps in one task the one that failed.
            task = one.get("step") or task
            host = _host_of(one.get("item"))
            reached = "" if not one.get("unreachable") else " cannot be reached"
            reasons.append(f"{host}{reached}: {why_failed(one)}" if host else why_failed(one))
    return {"task": task, "reason": " ".join(reasons), "log_lines": log_lines}


def _host_of(item: t.Any) -> str:
    """The httpd that an item of a loop is about."""
    if isinstance(item, t.Mapping):
        return str(item.get("httpd") or item.get("inventory_host") or "")
    return ""


def outcome(
    plan: Result,
    results: t.Mapping[str, str],
    failures: t.Mapping[str, Result | None],
    given_back: t.Iterable[Result],
    lost: t.Iterable[str],
) -> dict[str, t.Any]:
    """Bring together what became of the hosts of a rollout.

    results: by host what the tasks noted, empty where they did not get to it.
    failures: by host why it failed, nothing where it did not.
    given_back: the answers of the httpd hosts that were to give the lock back; empty before that.
    lost: hosts that Ansible has given up. Why is on the screen alone, as no task of ours runs there any more.
    """
    by_host = {host: result or UNTOUCHED for host, result in results.items()}
    failed = {host: dict(why) for host, why in failures.items() if why}
    failed.update({host: dict(GIVEN_UP) for host in lost if host not in failed})
    # Also what a run before has left and this one did not get to.
    left_before = [
        host
        for host, member in plan["members"].items()
        if member["out_by"] and by_host.get(host, UNTOUCHED) == UNTOUCHED
    ]
    kept = [
        f"{answer['item']['inventory_host']} keeps the record of this rollout: {answer.get('msg') or 'no answer'}"
        for answer in given_back
        if answer.get("failed") or answer.get("unreachable")
    ]
    return {
        "result": "failed" if failed else "done",
        "by_host": by_host,
        "left_out": [*left_before, *(host for host, result in by_host.items() if result == LEFT_OUT)],
        "failures": failed,
        "last_words": [*_last_words(plan, by_host, failed), *kept],
    }


def _last_words(plan: Result, by_host: t.Mapping[str, str], failed: t.Mapping[str, Result]) -> list[str]:
    """One sentence for each host that failed, one for those that went back with it."""
    what = plan["version"] or f"the {plan['kind']}"
    words = []
    for host, why in failed.items():
        result = by_host.get(host, UNTOUCHED)
        took = "has" if result == DONE else "did not take"
        words.append(f"{host} {took} {what} ({_where(plan, host, result)}): {why['task']}: {why['reason']}.")
    back = [host for host, result in by_host.items() if result == ROLLED_BACK and host not in failed]
    if back:
        words.append(f"Back as well: {listed(back)}.")
    return words


def _where(plan: Result, host: str, result: str) -> str:
    if result == ROLLED_BACK:
        release = plan["members"][host]["shown"]["back"]
        return f"it is back on {release}" if release else "it was restarted once more and is in service"
    return {
        DONE: "it is in service",
        LEFT_OUT: "it is OUT OF SERVICE: run roundrobin.tomcat.repair",
        UNTOUCHED: "it was not touched",
    }[result]
