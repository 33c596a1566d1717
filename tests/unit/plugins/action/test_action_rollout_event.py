# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest
import yaml
from ansible.errors import AnsibleActionFail, AnsibleError

from ansible_collections.roundrobin.tomcat.plugins.action import rollout_event
from ansible_collections.roundrobin.tomcat.plugins.modules.rollout_event import DOCUMENTATION
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._rollout import teller

VARIABLES = {"inventory_hostname": "app1", "ansible_play_hosts_all": ["app1", "application-2"]}


class Shown:
    """What a person would see."""

    def __init__(self):
        self.lines, self.warnings = [], []
        self.display, self.warning = self.lines.append, self.warnings.append


@pytest.fixture
def shown(monkeypatch):
    shown = Shown()
    monkeypatch.setattr(teller, "display", shown)
    monkeypatch.setattr("ansible.plugins.action.ActionBase.run", lambda *dummy: {})
    return shown


def run(check_mode=False, **arguments):
    action = rollout_event.ActionModule.__new__(rollout_event.ActionModule)
    action._task = SimpleNamespace(args=arguments, check_mode=check_mode)
    action._load_name = "rollout_event"
    return action.run(None, VARIABLES)


def test_event_is_written_and_shown(tmp_path, shown):
    path = tmp_path / "events.jsonl"
    result = run(journal=str(path), phase="drain", text="out of web1:tomcat", data={"places": 1})
    assert result["changed"] is False
    assert json.loads(path.read_text()) == result["event"]
    time = result["event"]["at"][11:19]
    assert shown.lines == [f"{time}  app1           drain     out of web1:tomcat"]


@pytest.mark.parametrize("type, known", [("rollout", True), ("batch", False)])
def test_who_runs_the_rollout_is_added(tmp_path, shown, type, known):
    data = run(journal=str(tmp_path / "events.jsonl"), type=type, data={"event": "started"})["event"]["data"]
    assert data["event"] == "started"
    assert ("@" in data.get("by", "")) is known


def test_check_mode_writes_and_shows_nothing(tmp_path, shown):
    path = tmp_path / "none" / "events.jsonl"
    result = run(check_mode=True, journal=str(path), phase="drain", text="out")
    assert (result["changed"], result["event"]["phase"]) == (False, "drain")
    assert (list(tmp_path.iterdir()), shown.lines) == ([], [])


def test_without_a_journal_nothing_is_begun_but_what_is_begun_goes_on(tmp_path, shown):
    (tmp_path / "file").touch()
    path = str(tmp_path / "file" / "events.jsonl")
    with pytest.raises(AnsibleActionFail, match="an event cannot be written"):
        run(journal=path, type="rollout", data={"event": "started"})
    result = run(journal=path, phase="enable")
    assert result["changed"] is False
    assert len(shown.warnings) == 1 and "an event cannot be written" in shown.warnings[0]
    assert len(shown.lines) == 1 and "enable" in shown.lines[0]


@pytest.mark.parametrize(
    "wrong", [{"phase": "sleep"}, {"type": "event"}, {"type": "note", "phase": "drain"}, {"when": 1}]
)
def test_wrong_arguments_are_refused(tmp_path, shown, wrong):
    with pytest.raises(AnsibleError):
        run(journal=str(tmp_path / "events.jsonl"), **wrong)
    assert (list(tmp_path.iterdir()), shown.lines) == ([], [])


def test_documentation_is_of_these_options():
    documented = yaml.safe_load(DOCUMENTATION)["options"]
    told = ("type", "required", "choices", "default")
    assert {
        name: {key: option[key] for key in told if key in option} for name, option in documented.items()
    } == rollout_event.ARGUMENTS
