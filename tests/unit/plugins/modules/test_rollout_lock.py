# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import os
import re

import pytest

from ansible_collections.roundrobin.tomcat.plugins.modules import rollout_info, rollout_lock

OTHER = {"by": "bob@ctl", "controller": "ctl", "boot_id": "b", "pid_namespace": "n", "pid": 11, "pid_started": 77}
RECORD = {"kind": "deploy", "application": "ROOT", "version": "1.4.2"}


@pytest.fixture
def run(run_on_record, holder):
    def call(module=rollout_lock, check=False, **options):
        given = {"id": "A", "holder": holder} if module is rollout_lock else {}
        return run_on_record(module, check, **{**given, **options})

    return call


def on_disk(directory):
    """Everything that is there, with the last sign of life."""
    if not directory.exists():
        return None
    return {
        name: ((directory / name).read_bytes(), (directory / name).stat().st_mtime) for name in os.listdir(directory)
    }


def timeless(result):
    """A result as it would be at any time."""
    return re.sub(r"\d\d\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ|\d+ s ago", "TIME", json.dumps(result, sort_keys=True))


def nothing(run, directory):
    pass


def ours(run, directory):
    run(record=RECORD)


def of_another(run, directory):
    run(record=RECORD, id="B", holder=OTHER)


def left_by_us(run, directory):
    run(record=RECORD)
    run(state="left", outcome={"result": "failed"})


def left_by_another(run, directory):
    of_another(run, directory)
    run(state="left", outcome={"result": "failed"}, id="B", holder=OTHER)


def of_a_dead_one(run, directory):
    of_another(run, directory)
    os.utime(directory / "rollout.json", (0, 0))


def damaged(run, directory):
    ours(run, directory)
    (directory / "rollout.json").write_text("{")


@pytest.mark.parametrize(
    "options",
    [
        {"record": RECORD},
        {},
        {"record": RECORD, "take_over": "B"},
        {"record": RECORD, "take_over": "C"},
        {"state": "left", "outcome": {"result": "failed"}},
        {"state": "left"},
        {"state": "released", "outcome": {"result": "done"}},
        {"state": "released"},
    ],
    ids=lambda options: " ".join(f"{name}={options[name]}" for name in sorted(options)) or "renew",
)
@pytest.mark.parametrize(
    "prepare",
    [nothing, ours, of_another, left_by_us, left_by_another, of_a_dead_one, damaged],
    ids=lambda f: f.__name__,
)
def test_check_mode_says_what_a_run_does_and_does_nothing(run, directory, prepare, options):
    prepare(run, directory)
    before = on_disk(directory)
    foretold = run(check=True, **options)
    assert on_disk(directory) == before
    done = run(**options)
    assert timeless(done) == timeless(foretold)
    if done.get("failed"):
        assert on_disk(directory) == before or before is None
        assert "msg" in done
    else:
        assert done["changed"] is ((on_disk(directory) or {}) != (before or {}))


def test_the_life_of_two_rollouts(holder, run, directory):
    taken = run(record=RECORD)
    assert (taken["changed"], taken["lock"]["record"], taken["taken_over"]) == (True, RECORD, None)
    refused = run(id="B", holder=OTHER, record=RECORD)
    assert refused["failed"]
    assert refused["refused_by"] == {"id": "A", "holder": holder}
    assert re.fullmatch(
        r"rollout A \(deploy of ROOT 1\.4\.2\) by ann@ctl holds the lock since \S+Z \(\d+ s ago, last sign of life \d+ s "
        r"ago\); wait for it, or if it is dead: -e rolling_deploy_take_over=A",
        refused["msg"],
    )
    # The clean-up after a refusal.
    assert run(id="B", holder=OTHER, state="released")["changed"] is False
    info = run(rollout_info)
    assert (info["lock"]["id"], info["lock"]["status"], info["lock"]["expired"]) == ("A", "running", False)
    assert 0 <= info["lock"]["idle"] <= info["lock"]["age"] <= 60
    assert info["history"] == []
    run(state="left", outcome={"result": "failed"})
    second = run(id="B", holder=OTHER, record=RECORD)
    assert (second["taken_over"]["id"], second["taken_over"]["outcome"]) == ("A", {"result": "failed"})
    assert second["taken_over"]["record"] == RECORD
    assert run(id="B", holder=OTHER, state="released", outcome={"result": "done"})["lock"] is None
    info = run(rollout_info)
    assert info["lock"] is None
    assert [(line["id"], line["by"], line["outcome"], line["taken_over_by"]) for line in info["history"]] == [
        ("B", "bob@ctl", {"result": "done"}, None),
        ("A", "ann@ctl", {"result": "failed"}, "B"),
    ]
    assert [line["id"] for line in run(rollout_info, limit=1)["history"]] == ["B"]
    assert run(rollout_info, limit=0)["history"] == []


@pytest.mark.parametrize(
    ("module", "options", "words"),
    [
        (rollout_lock, {"id": "a b"}, "id 'a b' is not accepted: give a name without spaces"),
        (rollout_lock, {"id": ""}, "id '' is not accepted"),
        (rollout_lock, {"lease": 0}, "lease 0 is not accepted: give a number of seconds, 1 or more"),
    ],
)
def test_what_is_not_accepted(run, module, options, words):
    result = run(module, **options)
    assert result["failed"]
    assert words in result["msg"]


def test_no_holder_is_a_holder_too(run):
    """The module without its action plugin."""
    assert run(record=RECORD, holder=None)["changed"]
    assert "by somebody holds the lock" in run(id="B", record=RECORD)["msg"]
    assert run(state="released", holder=None)["changed"]
