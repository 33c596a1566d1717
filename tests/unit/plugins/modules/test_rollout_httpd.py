# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pathlib

import pytest
import yaml

from ansible_collections.roundrobin.tomcat.plugins.doc_fragments import _checks
from ansible_collections.roundrobin.tomcat.plugins.module_utils._balancer.manager import Response
from ansible_collections.roundrobin.tomcat.plugins.module_utils._rollout_record import RolloutStore
from ansible_collections.roundrobin.tomcat.plugins.modules import rollout_httpd

FIXTURES = pathlib.Path(__file__).resolve().parents[2] / "fixtures" / "balancer_manager"
MEMBER = "ajp://127.0.0.1:8109"


@pytest.fixture
def run(run_for_result):
    return lambda check=False, **options: run_for_result(rollout_httpd, check, **options)


@pytest.fixture
def member(recorded):
    def make(httpd="web1", **more):
        base = {"httpd": httpd, "manager_url": recorded.url, "balancer": "shop", "worker": MEMBER, "state": "enabled"}
        return {**base, **more}

    return make


def check(url, **more):
    return {"application": "ROOT", "url": url, **more}


def test_the_member_is_changed_and_asked(run, member, recorded, web):
    answer = run(members=[member(), member("web2")], checks=[check(web + "/health")])
    assert not answer.get("failed"), answer
    assert [(one["httpd"], one["state_after"]) for one in answer["members"]] == [
        ("web1", "enabled"),
        ("web2", "enabled"),
    ]
    assert (answer["changed"], recorded.posts) == (False, 0)
    assert [(one["application"], one["status"]) for one in answer["health"]] == [("ROOT", 200)]
    assert answer["asked"] >= 0


def test_check_mode_sends_and_asks_nothing(run, member, recorded, web):
    answer = run(check=True, members=[member(state="disabled", wait="idle")], checks=[check(web + "/sick")])
    assert (answer["changed"], recorded.posts) == (True, 0)
    assert answer["members"][0]["after"] == {"state": "disabled"}
    assert "health" not in answer and "asked" not in answer


def test_a_slice_of_a_wait_ends_without_asking(run, member, web, monkeypatch):
    page = (FIXTURES / "fresh.xml").read_text().replace("Init Stby Ok ", "Init Stby Err ")
    monkeypatch.setattr(rollout_httpd, "make_fetch", lambda options: lambda *request: Response(200, page))
    members = [member(wait="ok"), member("web2")]
    answer = run(members=members, checks=[check(web + "/sick")], progress={"every": 0.01}, timeout=600.0)
    assert not answer.get("failed")
    assert 0 < answer["left"] < 600
    one, two = answer["members"]
    assert (one["member"]["usable"], one["left"], "left" in two) == (False, answer["left"], False)
    assert "health" not in answer and "asked" not in answer


def test_an_httpd_that_does_not_obey_is_named(run, member, recorded):
    answer = run(members=[member(), member("web2", state="disabled")])
    assert (answer["failed"], answer["httpd"]) == (True, "web2")
    assert recorded.posts > 0


def test_an_httpd_that_is_not_there_is_named(run, member, free_port):
    gone = member("web2", manager_url=f"http://127.0.0.1:{free_port}/balancer-manager")
    answer = run(members=[member(), gone], timeout=0.1)
    assert (answer["failed"], answer["httpd"]) == (True, "web2")
    assert "Connection refused" in answer["msg"]


def test_what_does_not_answer_through_httpd_fails_with_what_it_said(run, member, web, monkeypatch):
    monkeypatch.setattr(rollout_httpd, "TERMS", rollout_httpd.Terms(successes=1, timeout=0.05, interval=0.01))
    answer = run(members=[member()], checks=[check(web + "/health"), {**check(web + "/sick"), "application": "shop"}])
    assert answer["failed"]
    assert answer["msg"].startswith(f"{web}/sick was not healthy within")
    assert answer["step"] == "Check through httpd, by the member's own route"
    assert [one["status"] for one in answer["health"]] == [200, 503]
    assert answer["members"][0]["state_after"] == "enabled"


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"state": "asleep"}, "state 'asleep' is not accepted: give one of"),
        ({"keep_usable": -1}, "keep_usable at least 0"),
    ],
)
def test_bad_input_does_nothing(run, member, recorded, wrong, words):
    answer = run(members=[member(state="disabled"), member("web2", **wrong)])
    assert words in answer["msg"]
    assert recorded.posts == 0


def test_a_bad_check_does_nothing(run, member, recorded):
    assert "not a regular" in run(members=[member(state="disabled")], checks=[check("http://h/", pattern="(")])["msg"]
    assert recorded.posts == 0


def test_documentation_is_of_these_options():
    documented = [
        yaml.safe_load(one)["options"] for one in (rollout_httpd.DOCUMENTATION, _checks.ModuleDocFragment.DOCUMENTATION)
    ]
    assert of_code({**documented[0], **documented[1]}, "suboptions") == of_code(rollout_httpd.ARGUMENTS, "options")


def of_code(options, inside):
    told = ("type", "elements", "required", "choices", "default")
    return {
        name: {
            **{key: option[key] for key in told if key in option},
            **({"options": of_code(option[inside], inside)} if inside in option else {}),
        }
        for name, option in options.items()
    }


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.setattr(rollout_httpd, "DEFAULT_DIRECTORY", str(tmp_path))
    return RolloutStore(str(tmp_path), now=lambda: 1000.0)


LOCK = {"id": "A", "lease": 60, "required": True, "holder": {"pid": 7}}


def test_the_lock_is_renewed_where_the_member_is_as_it_should_be(run, member, web, store, monkeypatch):
    store.hold("A", LOCK["holder"], lease=30, record={})
    dry = run(check=True, members=[member()], lock=LOCK)
    assert ("lock_lost" in dry, store.read().lease) == (False, 30)
    with monkeypatch.context() as patch:
        patch.setattr(rollout_httpd, "TERMS", rollout_httpd.Terms(successes=1, timeout=0.05, interval=0.01))
        failed = run(members=[member()], checks=[check(web + "/sick")], lock=LOCK)
    assert (failed["failed"], store.read().lease) == (True, 30)
    answer = run(members=[member()], checks=[check(web + "/health")], lock=LOCK)
    assert ("lock_lost" in answer, store.read().lease) == (False, 60)
    assert store.read().renewed > 1000.0


def test_a_lock_that_is_lost_is_said_and_left_alone(run, member, store):
    RolloutStore(store.directory).hold("B", {"pid": 8}, lease=30, record={})
    renewed = store.read().renewed
    answer = run(members=[member()], lock=LOCK)
    assert not answer.get("failed")
    assert answer["lock_lost"].startswith("rollout B by somebody holds the lock")
    assert (store.read().id, store.read().renewed) == ("B", renewed)


def test_without_the_lock_nothing_is_taken_out(run, member, recorded, store):
    RolloutStore(store.directory).hold("B", {"pid": 8}, lease=30, record={})
    answer = run(members=[member(state="disabled")], lock=LOCK)
    assert (answer["failed"], answer["changed"], recorded.posts) == (True, False, 0)
    assert answer["msg"].startswith("nothing is taken out without the lock: rollout B by somebody holds the lock")
    answer = run(members=[member(state="disabled")], lock={**LOCK, "required": False})
    assert ("without the lock" in answer["msg"], recorded.posts) == (False, 1)


def test_each_slice_of_a_wait_for_an_idle_member_is_a_sign_of_life(run, member, store, monkeypatch):
    page = (FIXTURES / "fresh.xml").read_text().replace("Init Stby Ok ", "Init Stby Dis Ok ")
    monkeypatch.setattr(rollout_httpd, "make_fetch", lambda options: lambda *request: Response(200, page))
    monkeypatch.setattr(rollout_httpd, "STABLE_READS", 1000)
    store.hold("A", LOCK["holder"], lease=30, record={})
    slices = {"timeout": 9000.0, "progress": {"every": 0.01}}
    monkeypatch.setattr(rollout_httpd, "INTERVAL", 0.00001)
    answer = run(members=[member(state="disabled", wait="idle")], lock=LOCK, **slices)
    assert (answer.get("failed"), answer["left"] > 0) == (None, True)
    assert (store.read().lease, store.read().renewed > 1000.0) == (60, True)
