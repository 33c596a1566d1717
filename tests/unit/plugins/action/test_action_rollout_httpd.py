# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which machines are called how often, and what is told; the machines answer as a test says."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from types import SimpleNamespace

import pytest
from ansible.errors import AnsibleError

from ansible_collections.roundrobin.tomcat.plugins.action import rollout_httpd
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._holder import this_run
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._rollout import teller

VARIABLES = {"inventory_hostname": "app1", "ansible_play_hosts_all": ["app1"]}


def member(httpd, **more):
    place = {"httpd": httpd, "manager_url": "http://127.0.0.1:9080/m", "balancer": "shop", "worker": "ajp://h:1"}
    return {**place, "state": "disabled", **more}


# Of the first machine two httpds.
AT = [
    {"host": "web1", "members": [member("web1"), member("web2")], "checks": []},
    {"host": "web3", "members": [member("web3")], "checks": [{"application": "ROOT", "url": "http://127.0.0.1/"}]},
]


def found(httpd, **more):
    """What became of a member, as the module tells it."""
    return {
        "httpd": httpd,
        "balancer": "shop",
        "worker": "ajp://h:1",
        "changed": False,
        "state_before": "enabled",
        "before": {},
        "after": {},
        "member": {"status": "Init Dis"},
        **more,
    }


def busy(httpd, left, in_flight=2, **more):
    return found(httpd, idle=False, in_flight=in_flight, left=left, **more)


def idle(httpd, **more):
    return found(httpd, idle=True, in_flight=0, **more)


def answer(*members, changed=False, **more):
    left = [one["left"] for one in members if "left" in one]
    return {"changed": changed, "members": list(members), **({"left": max(left)} if left else {}), **more}


class Machines:
    """Answer one round after the other: by host. A round takes five seconds."""

    def __init__(self, *rounds):
        self.rounds, self.called, self.now = list(rounds), [], 1000.0

    def __call__(self, action, variables):
        assert variables is VARIABLES
        return self

    def run(self, calls):
        self.now += 5.0
        answers = self.rounds.pop(0)
        assert [call.host for call in calls] == list(answers)
        assert {(call.module, call.plain) for call in calls} == {("roundrobin.tomcat.rollout_httpd", True)}
        self.called.append({call.host: dict(call.options) for call in calls})
        return list(answers.values())


@pytest.fixture
def shown(monkeypatch):
    lines = []
    monkeypatch.setattr("ansible.plugins.action.ActionBase.run", lambda *dummy: {})
    for module in (teller, rollout_httpd):
        monkeypatch.setattr(module, "display", SimpleNamespace(display=lines.append))
    return lines


@pytest.fixture
def run(monkeypatch, shown, tmp_path):
    def _run(*rounds, check_mode=False, **options):
        machines = Machines(*rounds)
        monkeypatch.setattr(rollout_httpd, "Caller", machines)
        monkeypatch.setattr(rollout_httpd, "monotonic", lambda: machines.now)
        action = rollout_httpd.ActionModule.__new__(rollout_httpd.ActionModule)
        given = {"journal": str(tmp_path / "events.jsonl"), "at": AT, "timeout": 30.0, **options}
        action._task = SimpleNamespace(args=given, check_mode=check_mode)
        action._load_name = "rollout_httpd"
        return action.run(None, VARIABLES), machines

    return _run


def texts(lines):
    return [line[10:].rstrip() for line in lines]


def test_each_machine_is_called_once_with_what_is_its_own(run, shown):
    told, machines = run({"web1": answer(idle("web1", changed=True), changed=True), "web3": answer(idle("web3"))})
    (called,) = machines.called
    for machine in AT:
        options = called[machine["host"]]
        assert (options["members"], options["checks"]) == (machine["members"], machine["checks"])
        assert (options["timeout"], options["progress"]) == (30.0, {"every": 5.0})
        assert not {"at", "journal", "phase", "direction"} & set(options)
    assert (told["changed"], told.get("failed")) == (True, None)
    assert [one["item"] for one in told["results"]] == [{"inventory_host": "web1"}, {"inventory_host": "web3"}]
    assert texts(shown) == ["app1      drain     out of web1, web2, web3"]


def test_only_who_waits_is_called_again_and_how_far_it_is_is_shown(run, shown):
    changed = {"changed": True, "before": {"state": "enabled"}, "after": {"state": "disabled"}}
    told, machines = run(
        {"web1": answer(busy("web1", 25.0, **changed), idle("web2"), changed=True), "web3": answer(idle("web3"))},
        {"web1": answer(busy("web1", 20.0, 1, state_before="disabled"), idle("web2", state_before="disabled"))},
        {"web1": answer(idle("web1", state_before="disabled"), idle("web2", state_before="disabled"))},
    )
    assert [call["web1"]["progress"] for call in machines.called] == [
        {"every": 5.0},
        {"every": 5.0, "waited": 5.0},
        {"every": 5.0, "waited": 10.0},
    ]
    assert texts(shown)[1:] == [
        "app1      drain     2 requests in flight on web1:shop, 25 s left",
        "app1      drain     1 request in flight on web1:shop, 20 s left",
    ]
    # One answer of all slices: what the first one changed, from what it found.
    one, two = told["results"][0]["members"]
    assert (one["changed"], one["before"], one["after"]) == (True, {"state": "enabled"}, {"state": "disabled"})
    assert (one["state_before"], two["state_before"], one["idle"]) == ("enabled", "enabled", True)
    assert (told["results"][0]["changed"], told["changed"]) == (True, True)
    assert "left" not in told["results"][0]


def test_a_member_that_is_not_usable_yet_is_waited_for_as_well(run, shown):
    """One that was put back: httpd may have it in error still."""
    later = found("web3", left=25.0, member={"status": "Init Err"})
    told, machines = run(
        {"web1": answer(found("web1")), "web3": answer(later)},
        {"web3": answer(found("web3"), asked=1.0)},
        phase="enable",
        direction="back",
    )
    assert len(machines.called) == 2
    assert texts(shown) == [
        "app1      enable    way back",
        "app1      enable    not usable yet: Init Err on web3:shop, 25 s left",
        "app1      verify    way back",
    ]
    assert told.get("failed") is None


def test_idle_for_too_short_a_time_is_told_in_words(run, shown):
    run({"web1": answer(busy("web1", 24.2, 0)), "web3": answer()}, {"web1": answer(idle("web1"))})
    assert texts(shown)[1] == "app1      drain     not idle for long enough on web1:shop, 25 s left"


def test_the_verification_is_told_with_the_time_at_which_the_first_was_asked(run, tmp_path, monkeypatch):
    now = datetime(2026, 11, 24, 5, 15, 30, tzinfo=timezone.utc)
    monkeypatch.setattr(teller, "datetime", SimpleNamespace(now=lambda zone: now))
    run({"web1": answer(asked=3.0), "web3": answer(asked=4.0)}, phase="enable")
    events = [json.loads(line) for line in (tmp_path / "events.jsonl").read_text().splitlines()]
    assert [(event["at"][11:19], event["phase"], event["text"]) for event in events] == [
        ("05:15:30", "enable", ""),
        ("05:15:26", "verify", ""),
    ]


def test_one_that_cannot_be_reached_is_named_and_the_others_answers_are_kept(run):
    unreachable = {"failed": True, "unreachable": True, "msg": "timed out"}
    told, _machines = run({"web1": unreachable, "web3": answer(idle("web3", changed=True), changed=True)})
    assert (told["failed"], told["msg"], told["changed"]) == (True, "web1 cannot be reached: timed out", True)
    assert told["results"] == [
        {**unreachable, "item": {"inventory_host": "web1"}},
        {**answer(idle("web3", changed=True), changed=True), "item": {"inventory_host": "web3"}},
    ]


def test_what_fails_in_the_second_httpd_of_a_machine_is_said_of_it(run):
    failed = {"failed": True, "changed": False, "msg": "is not taken out", "httpd": "web2", "state_before": "enabled"}
    told, _machines = run({"web1": failed, "web3": answer()})
    assert told["results"][0] == {**failed, "item": {"inventory_host": "web2"}}


def test_a_wait_that_fails_in_a_later_slice_has_changed_what_the_first_one_did(run):
    failed = {"failed": True, "changed": False, "msg": "after 30.0 s ...", "state_before": "disabled", "httpd": "web1"}
    told, _machines = run(
        {"web1": answer(busy("web1", 25.0, changed=True), changed=True), "web3": answer()}, {"web1": failed}
    )
    assert (told["failed"], told["changed"]) == (True, True)
    # It was enabled before; the later slice does not know.
    assert "state_before" not in told["results"][0]


def test_what_fails_on_one_machine_fails_it_and_the_others_are_waited_for(run):
    lost = {"failed": True, "changed": False, "msg": "is not taken out"}
    told, machines = run({"web1": lost, "web3": answer(busy("web3", 9.0))}, {"web3": answer(idle("web3"))})
    assert (told["failed"], told["msg"]) == (True, "web1: is not taken out")
    assert [list(call) for call in machines.called] == [["web1", "web3"], ["web3"]]


def test_check_mode_tells_nothing(run, shown, tmp_path):
    told, _machines = run({"web1": answer(changed=True), "web3": answer()}, check_mode=True)
    assert (told["changed"], shown, list(tmp_path.iterdir())) == (True, [], [])


def test_nowhere_nothing_is_called(run):
    told, machines = run(at=[])
    assert (told, machines.called) == ({"changed": False, "unreachable": False, "results": []}, [])


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"phase": "sleep"}, "phase"),
        ({"direction": "up"}, "direction"),
        ({"at": [{"members": []}]}, "host"),
        ({"x": 1}, "x"),
    ],
)
def test_bad_input_calls_and_tells_nothing(run, shown, tmp_path, wrong, words):
    with pytest.raises(AnsibleError, match=words):
        run(**wrong)
    assert (shown, list(tmp_path.iterdir())) == ([], [])


def test_the_lock_is_renewed_by_this_run_and_what_is_lost_is_said_of_its_machine(run):
    asked = {"id": "A", "lease": 60}
    told, machines = run({"web1": answer(idle("web1")), "web3": answer(idle("web3"), lock_lost="B has it")}, lock=asked)
    (called,) = machines.called
    assert called["web1"]["lock"] == {**asked, "required": True, "holder": this_run({})}
    assert (told["lock_lost"], told.get("failed")) == ("web3: B has it", None)
    told, machines = run({"web1": answer(idle("web1")), "web3": answer(idle("web3"))})
    assert "lock_lost" not in told
    assert machines.called[0]["web1"]["lock"] is None
