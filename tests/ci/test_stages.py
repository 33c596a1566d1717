# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ./run test says is what happened."""

from __future__ import annotations

import asyncio
import os
import time

import pytest
import stages


@pytest.fixture(autouse=True)
def logs(tmp_path, monkeypatch):
    monkeypatch.setattr(stages, "LOGS", tmp_path)


def run(stage):
    return asyncio.run(stage.run())


def test_a_stage_runs_all_its_commands_and_fails_with_any():
    stage = stages.Stage("probe", [["false"], ["echo", "still", "here"]])
    assert not run(stage)
    assert stage.log.read_text() == "$ false\n$ echo still here\nstill here\n"
    assert run(stages.Stage("probe", [["true"], ["true"]]))


def test_a_stage_reads_nothing_from_the_terminal_and_gets_its_environment():
    stage = stages.Stage("probe", [["sh", "-c", 'cat; echo "$PROBE"']], environment={**os.environ, "PROBE": "seen"})
    assert run(stage)
    assert stage.log.read_text().endswith("\nseen\n")


def test_an_interrupted_stage_ends_and_cleans_up():
    stage = stages.Stage("probe", [["sleep", "60"], ["echo", "never"]], clean_up=("echo", "clean"))

    async def interrupted():
        running = asyncio.create_task(stage.run())
        while not stage.log.exists() or not stage.log.read_text():
            await asyncio.sleep(0.01)
        running.cancel()
        await running

    began = time.monotonic()
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(interrupted())
    assert time.monotonic() - began < 30
    assert stage.log.read_text() == "$ sleep 60\nclean\n"


def test_what_puts_load_on_its_hosts_runs_last_and_beside_checks_only():
    names = ["images", "lint", "sanity-2.19", "tools", "apache_balancer", "cluster", "memcached", "two_balancers"]
    others = ["tools", "apache_balancer", "memcached"]
    assert stages.batches(names) == [
        [["images"]],
        [others, others],
        [["cluster", "two_balancers"], ["lint", "sanity-2.19"]],
    ]
    assert stages.batches(["lint", "tools"]) == [[[]], [["lint", "tools"]] * 2, [[], []]]


@pytest.mark.parametrize(("name", "nice"), [("lint", 19), ("sanity-2.19", 19), ("tools", 0)])
def test_checks_leave_the_machine_to_the_others(name, nice):
    stage = stages.Stage(name, [["nice"]])
    before = os.nice(0)
    assert asyncio.run(stages.run({name: lambda: stage}))[0][1]
    assert stage.log.read_text() == f"$ nice\n{min(before + nice, 19)}\n"


def test_every_scenario_with_users_is_known():
    """Those that count what users notice have a with block of load."""
    tests = stages.ROOT.glob("molecule/*/tests/test_*.py")
    assert {path.parts[-3] for path in tests if "chain.load(" in path.read_text()} <= stages.UNDER_LOAD


def test_the_stages_of_a_batch_run_beside_each_other_and_are_told_in_order(tmp_path):
    """Each of the two waits for the other."""
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"

    def meet(name, mine, other):
        wait = f"touch {mine}; for i in $(seq 300); do test -e {other} && exit; sleep 0.1; done; exit 1"
        return lambda: stages.Stage(name, [["sh", "-c", wait]])

    found = asyncio.run(stages.run({"lint": meet("lint", ours, theirs), "tools": meet("tools", theirs, ours)}))
    assert [(name, passed) for name, passed, _seconds in found] == [("lint", True), ("tools", True)]


@pytest.mark.parametrize(
    ("results", "status", "closing"),
    [
        ([("lint", True, 1.0), ("units-2.19", True, 2.0)], 0, "2 passed, 0 failed"),
        ([("lint", True, 1.0), ("units-2.19", False, 2.0)], 1, "1 passed, 1 failed"),
    ],
)
def test_the_last_line_and_the_exit_status_agree(capsys, results, status, closing):
    assert stages.report(results, 3.0) == status
    assert capsys.readouterr().out.splitlines()[-1] == closing


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ([], ["lint", "units-2.19", "units-2.21", "cluster"]),
        (["units"], ["units-2.19", "units-2.21"]),
        (["cluster", "units-2.19"], ["units-2.19", "cluster"]),
    ],
)
def test_names_choose_stages_in_order(names, expected):
    assert stages.chosen(["lint", "units-2.19", "units-2.21", "cluster"], names) == expected


def test_an_unknown_name_is_refused_with_the_known_ones():
    with pytest.raises(SystemExit, match="No stage or scenario unit; there are lint, units-2.19"):
        stages.chosen(["lint", "units-2.19"], ["unit"])


@pytest.mark.parametrize("names, full, has_it", [([], "", False), ([], "1", True), (["adoption"], "", True)])
def test_a_long_scenario_runs_when_it_is_asked_for(monkeypatch, names, full, has_it):
    monkeypatch.setenv("RUN_FULL", full)
    assert ("adoption" in stages.chosen(["lint", "adoption"], names)) == has_it
    assert set(stages.all_stages()) >= stages.LONG
