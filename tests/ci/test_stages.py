# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ./run test says is what happened."""

from __future__ import annotations

import os

import pytest
import stages


@pytest.fixture(autouse=True)
def logs(tmp_path, monkeypatch):
    monkeypatch.setattr(stages, "LOGS", tmp_path)


def test_a_stage_runs_all_its_commands_and_fails_with_any():
    stage = stages.Stage("probe", [["false"], ["echo", "still", "here"]])
    assert not stage.run()
    assert stage.log.read_text() == "$ false\n$ echo still here\nstill here\n"
    assert stages.Stage("probe", [["true"], ["true"]]).run()


def test_a_stage_reads_nothing_from_the_terminal_and_gets_its_environment():
    stage = stages.Stage("probe", [["sh", "-c", 'cat; echo "$PROBE"']], environment={**os.environ, "PROBE": "seen"})
    assert stage.run()
    assert stage.log.read_text().endswith("\nseen\n")


def test_an_interrupted_stage_cleans_up(monkeypatch, tmp_path):
    done = []

    def call(_stage, command, _log):
        done.append(command)
        if command == ["molecule", "test"]:
            raise KeyboardInterrupt
        return True

    monkeypatch.setattr(stages.Stage, "_call", call)
    with pytest.raises(KeyboardInterrupt):
        stages.Stage("probe", [["molecule", "test"]], clean_up=("molecule", "destroy")).run()
    assert done == [["molecule", "test"], ("molecule", "destroy")]


@pytest.mark.parametrize(
    ("results", "status", "closing"),
    [
        ([("lint", True, 1.0), ("units-2.19", True, 2.0)], 0, "2 passed, 0 failed"),
        ([("lint", True, 1.0), ("units-2.19", False, 2.0)], 1, "1 passed, 1 failed"),
    ],
)
def test_the_last_line_and_the_exit_status_agree(capsys, results, status, closing):
    assert stages.report(results) == status
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
