# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import os
from datetime import datetime, timezone
from types import SimpleNamespace

import pytest
from ansible.errors import AnsibleActionFail

from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._rollout import teller
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._rollout.teller import Teller

VARIABLES = {"inventory_hostname": "app1", "ansible_play_hosts_all": ["app1", "application-2"]}


@pytest.fixture
def shown(monkeypatch):
    lines, warnings = [], []
    monkeypatch.setattr(teller, "display", SimpleNamespace(display=lines.append, warning=warnings.append))
    return SimpleNamespace(lines=lines, warnings=warnings)


def seconds_ago(entry):
    at = datetime.fromisoformat(entry["at"].replace("Z", "+00:00"))
    return (datetime.now(timezone.utc) - at).total_seconds()


def test_an_event_of_the_host_is_written_and_shown(tmp_path, shown):
    journal = tmp_path / "events.jsonl"
    entry = Teller(str(journal), VARIABLES).tell(phase="drain", text="out of web1")
    assert json.loads(journal.read_text()) == entry
    assert {**entry, "at": ""} == {
        "at": "",
        "type": "phase",
        "host": "app1",
        "phase": "drain",
        "direction": "forward",
        "text": "out of web1",
        "data": {},
    }
    assert 0 <= seconds_ago(entry) < 60
    assert shown.lines == [f"{entry['at'][11:19]}  app1           drain     out of web1"]


def test_what_began_before_has_the_time_at_which_it_began(tmp_path, shown):
    entry = Teller(str(tmp_path / "events.jsonl"), VARIABLES).tell(phase="start", direction="back", ago=3600.0)
    assert 3600 <= seconds_ago(entry) < 3660
    assert shown.lines == [f"{entry['at'][11:19]}  app1           start     way back"]


def test_several_stand_in_the_order_in_which_they_were_told(tmp_path, shown):
    journal = tmp_path / "events.jsonl"
    told = Teller(str(journal), VARIABLES)
    entries = [told.tell(phase=phase) for phase in ("stop", "activate")]
    assert [json.loads(line) for line in journal.read_text().splitlines()] == entries


def test_a_journal_is_found_from_where_the_play_runs(tmp_path, shown, monkeypatch):
    """Another host's task may have another directory."""
    monkeypatch.chdir(tmp_path)
    told = Teller("events.jsonl", VARIABLES)
    monkeypatch.chdir("/")
    told.tell(phase="stop")
    assert os.listdir(tmp_path) == ["events.jsonl"]


@pytest.mark.parametrize("journal, silent", [(None, False), ("", False), ("events.jsonl", True)])
def test_silent_or_without_a_journal_it_neither_writes_nor_shows(tmp_path, shown, monkeypatch, journal, silent):
    monkeypatch.chdir(tmp_path)
    assert Teller(journal, VARIABLES, silent=silent).tell(phase="stop")["phase"] == "stop"
    assert (os.listdir(tmp_path), shown.lines, shown.warnings) == ([], [], [])


def test_only_a_rollout_that_is_not_begun_stops_for_want_of_a_journal(tmp_path, shown):
    (tmp_path / "file").touch()
    told = Teller(str(tmp_path / "file" / "events.jsonl"), VARIABLES)
    with pytest.raises(AnsibleActionFail, match="an event cannot be written"):
        told.tell(type="rollout", data={"event": "started"})
    assert shown.lines == []
    told.tell(phase="enable")
    (warning,) = shown.warnings
    assert "an event cannot be written" in warning
    assert len(shown.lines) == 1


@pytest.mark.parametrize("wrong", [{"type": "note", "phase": "drain"}, {"type": "phase"}])
def test_what_is_no_event_is_refused(tmp_path, shown, wrong):
    with pytest.raises(AnsibleActionFail, match="phase is given with type=phase and only then"):
        Teller(str(tmp_path / "events.jsonl"), VARIABLES).tell(**wrong)
    assert (os.listdir(tmp_path), shown.lines) == ([], [])
