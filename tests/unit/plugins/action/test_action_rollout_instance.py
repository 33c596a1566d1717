# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How often the module is called, with what, and what is told meanwhile; the hosts answer as a test says."""

from __future__ import annotations

import getpass
import json
import platform
from datetime import datetime, timezone
from types import SimpleNamespace

import pytest
from ansible.errors import AnsibleError

from ansible_collections.roundrobin.tomcat.plugins.action import rollout_instance
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._rollout import teller

VARIABLES = {"inventory_hostname": "app1", "ansible_play_hosts_all": ["app1"]}
OPTIONS = {
    "base": "~tomcat/app1",
    "service": "tomcat@app1.service",
    "stop": True,
    "webapps": [{"name": "shop", "version": "2.0"}],
    "shown": "shop 2.0",
    "start": True,
    "checks": [{"application": "shop", "url": "http://h/"}],
}


class Instance:
    """Answers one call after the other, and notes what it is asked and how much was told before."""

    def __init__(self, lines, *answers):
        self.lines, self.answers = lines, list(answers)
        self.asked, self.told_before = [], []

    def __call__(self, action, variables):
        assert variables is VARIABLES
        return self

    def run_one(self, call):
        assert (call.module, call.host, call.plain) == ("roundrobin.tomcat.rollout_instance", None, True)
        self.asked.append(dict(call.options))
        self.told_before.append(phases_of(self.lines))
        return self.answers.pop(0)


def phases_of(lines):
    return [line[10:].split("  ", 1)[1].strip() for line in lines]


def answer(*phases, seconds=10.0, **more):
    given = [{"phase": phase, "seconds": float(index)} for index, phase in enumerate(phases)]
    return {"changed": False, "phases": given, "seconds": seconds, "health": [], **more}


ALL = ("stop", "activate", "start", "health")


@pytest.fixture
def shown(monkeypatch):
    lines = []
    monkeypatch.setattr("ansible.plugins.action.ActionBase.run", lambda *dummy: {})
    monkeypatch.setattr(teller, "display", SimpleNamespace(display=lines.append))
    return lines


@pytest.fixture
def run(monkeypatch, shown, tmp_path):
    def _run(*answers, check_mode=False, **options):
        instance = Instance(shown, *answers)
        monkeypatch.setattr(rollout_instance, "Caller", instance)
        action = rollout_instance.ActionModule.__new__(rollout_instance.ActionModule)
        given = {"journal": str(tmp_path / "events.jsonl"), **OPTIONS, **options}
        action._task = SimpleNamespace(args=given, check_mode=check_mode)
        action._load_name = "rollout_instance"
        return action.run(None, VARIABLES), instance

    return _run


@pytest.fixture
def journal(tmp_path):
    return lambda: [json.loads(line) for line in (tmp_path / "events.jsonl").read_text().splitlines()]


def test_what_goes_well_is_one_call(run, shown):
    told, instance = run(answer(*ALL, changed=True, done=True))
    assert (told["changed"], told["done"]) == (True, True)
    (asked,) = instance.asked
    assert asked["actor"] == f"{getpass.getuser()}@{platform.node()}"
    assert asked["patience"] == rollout_instance.PATIENCE_SECONDS
    # A path is read where the instance is.
    assert {name: asked[name] for name in OPTIONS} == OPTIONS
    # What begins is shown before the call, the rest of it after.
    assert instance.told_before == [["stop"]]
    assert phases_of(shown) == ["stop", "activate  shop 2.0", "start", "health"]


def test_each_event_has_the_time_at_which_its_phase_began(run, journal, monkeypatch):
    """The call says that it took ten seconds: what came after the stop began 9, 8 and 7 s ago."""
    now = datetime(2026, 11, 24, 5, 15, 30, tzinfo=timezone.utc)
    monkeypatch.setattr(teller, "datetime", SimpleNamespace(now=lambda zone: now))
    run(answer(*ALL, seconds=10.0, done=True))
    assert [(event["at"][11:19], event["phase"]) for event in journal()] == [
        ("05:15:30", "stop"),
        ("05:15:21", "activate"),
        ("05:15:22", "start"),
        ("05:15:23", "health"),
    ]


def test_a_slow_start_is_called_again_without_what_is_done(run, shown):
    told, instance = run(
        answer("stop", "activate", "start", changed=True, done=False),
        answer("start", done=False),
        answer("start", "health", done=True),
    )
    assert (told["changed"], told["done"]) == (True, True)
    for asked in instance.asked[1:]:
        assert (asked["stop"], asked["webapps"], asked["start"], asked["checks"]) == (
            False,
            [],
            True,
            OPTIONS["checks"],
        )
        assert asked["patience"] == rollout_instance.PATIENCE_SECONDS
    assert instance.told_before[1] == ["stop", "activate  shop 2.0", "start"]
    # Each phase once, however often it goes on.
    assert phases_of(shown) == ["stop", "activate  shop 2.0", "start", "health"]


def test_a_sick_application_has_its_whole_time_in_the_second_call(run, shown):
    failed = answer("health", failed=True, msg="sick", step="Prove it", log_lines=["SEVERE"])
    told, instance = run(answer(*ALL, changed=True, done=False), failed)
    (_first, again) = instance.asked
    assert (again["stop"], again["webapps"], again["start"], "patience" in again) == (False, [], False, False)
    assert told == {**failed, "changed": True}
    assert phases_of(shown) == ["stop", "activate  shop 2.0", "start", "health"]


def test_what_fails_tells_the_phases_that_it_got_to(run, shown):
    told, instance = run(answer("stop", "activate", failed=True, msg="no such release", step="Switch to the release"))
    assert (told["failed"], told["step"], len(instance.asked)) == (True, "Switch to the release", 1)
    assert phases_of(shown) == ["stop", "activate  shop 2.0"]


@pytest.mark.parametrize(
    "broken",
    [
        {"failed": True, "msg": "app1 cannot be reached: timed out"},
        {"failed": True, "msg": "MODULE FAILURE", "module_stderr": "killed"},
    ],
)
def test_an_answer_of_somebody_else_ends_it(run, shown, broken):
    """A host that cannot be reached, also in the second call, is a failure that a rescue sees."""
    told, _instance = run(broken)
    assert told == {**broken, "changed": False}
    told, instance = run(answer("stop", "activate", "start", changed=True, done=False), broken)
    assert told == {**broken, "changed": True}
    assert len(instance.asked) == 2


@pytest.mark.parametrize(
    ("options", "first"),
    [
        ({}, ["stop"]),
        ({"stop": "no"}, ["activate  shop 2.0"]),
        ({"stop": False, "webapps": []}, ["start"]),
        ({"stop": False, "webapps": [], "start": False}, ["health"]),
        ({"stop": False, "webapps": [], "start": False, "phase": "soak"}, ["soak"]),
        ({"stop": False, "webapps": [], "start": False, "checks": []}, []),
        ({"direction": "back"}, ["stop      way back"]),
    ],
)
def test_what_begins_is_told_before_the_call(run, options, first):
    _told, instance = run(answer(done=True), **options)
    assert instance.told_before == [first]


def test_a_soak_is_told_as_one(run, journal):
    run(answer("health", done=True), stop=False, webapps=[], start=False, phase="soak", direction="back")
    assert [(event["phase"], event["direction"]) for event in journal()] == [("soak", "back")]


@pytest.mark.parametrize("how", [{"check_mode": True}, {"journal": None}])
def test_nothing_is_told_in_check_mode_or_without_a_journal(run, shown, tmp_path, how):
    told, _instance = run(answer(changed=True, done=True), **how)
    assert (told["changed"], shown, list(tmp_path.iterdir())) == (True, [], [])


@pytest.mark.parametrize(
    ("wrong", "words"), [({"phase": "sleep"}, "phase"), ({"direction": "up"}, "direction"), ({"other": 1}, "other")]
)
def test_bad_input_calls_and_tells_nothing(run, shown, tmp_path, wrong, words):
    with pytest.raises(AnsibleError, match=words):
        run(**wrong)
    assert (shown, list(tmp_path.iterdir())) == ([], [])


def test_what_it_was_warmed_up_with_is_told(run, journal):
    seen = {"url": "http://h/cart.jsp", "status": 404, "latency_ms": 250.0, "problem": "status 404"}
    run(answer(*ALL, done=True, warm_up=[seen]), warm_up=[seen["url"]])
    note = journal()[-1]
    assert (note["type"], note["host"], note["data"]) == ("note", "app1", {"warm_up": [seen]})
    assert note["text"] == (
        "warmed up with 1 page, the slowest took 0.2 s (http://h/cart.jsp); http://h/cart.jsp: status 404"
    )


PROOF = {
    "store": "redis",
    "applications": [{"name": "shop", "base_name": "shop"}],
    "url": "http://h",
    "route": "app1",
    "cookies": ["JSESSIONID"],
    "entry_page": True,
}


def test_what_sessions_of_the_first_members_proved_is_told(run, journal):
    seen = {"application": "shop", "manager": "a.B", "session": "stored", "problem": None}
    run(answer(*ALL, done=True, sessions=[seen]), sessions=PROOF)
    note = journal()[-1]
    assert (note["type"], note["host"], note["data"]) == ("note", "app1", {"sessions": [seen]})
    assert note["text"] == "sessions of shop: its Manager is B, a session that its page made is in the store"


@pytest.mark.parametrize(("problem", "notes"), [(None, 0), ("nobody knows", 1)])
def test_of_the_others_only_what_is_not_known_is_told(run, journal, problem, notes):
    seen = {"application": "shop", "manager": None if problem else "a.B", "session": None, "problem": problem}
    run(answer(*ALL, done=True, sessions=[seen]), sessions={**PROOF, "entry_page": False})
    told = [event["text"] for event in journal() if event["type"] == "note"]
    assert told == ["sessions of shop: nobody knows, no page made a session"] * notes
