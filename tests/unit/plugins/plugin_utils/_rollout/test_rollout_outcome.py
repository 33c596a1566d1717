# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a rollout ends, in data and in words."""

from __future__ import annotations

import pytest

from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._rollout.outcome import failure, outcome

WHY = {"task": "Health | Prove it", "reason": "status 503", "log_lines": [], "policy": "rollback_member"}


def ended(plan, failures=None, given_back=(), lost=(), **results):
    hosts = list(plan["members"])
    return outcome(
        plan,
        {host: results.get(host, "") for host in hosts},
        {host: (failures or {}).get(host) for host in hosts},
        given_back,
        lost,
    )


def test_a_good_one_has_nothing_to_say(read_chain):
    found = ended(read_chain(2).plan(), app1="done", app2="done")
    assert found == {
        "result": "done",
        "by_host": {"app1": "done", "app2": "done"},
        "left_out": [],
        "failures": {},
        "last_words": [],
    }


@pytest.mark.parametrize(
    "result, words",
    [
        ("rolled_back", "app1 did not take 1.1 (it is back on 1.0): Health | Prove it: status 503."),
        (
            "left_out",
            "app1 did not take 1.1 (it is OUT OF SERVICE: run roundrobin.tomcat.repair): Health | Prove it: status 503.",
        ),
        ("", "app1 did not take 1.1 (it was not touched): Health | Prove it: status 503."),
        # Where a hook after the batch failed.
        ("done", "app1 has 1.1 (it is in service): Health | Prove it: status 503."),
    ],
)
def test_where_the_one_that_failed_is_now(read_chain, result, words):
    found = ended(read_chain(2).plan(), {"app1": WHY}, app1=result)
    assert (found["result"], found["last_words"], found["failures"]) == ("failed", [words], {"app1": WHY})
    assert found["left_out"] == (["app1"] if result == "left_out" else [])
    assert found["by_host"]["app2"] == "untouched"


def test_a_restart_is_spoken_of_as_a_restart(read_chain):
    found = ended(read_chain(2).plan("restart"), {"app1": WHY}, app1="rolled_back")
    assert found["last_words"] == [
        "app1 did not take the restart (it was restarted once more and is in service): Health | Prove it: status 503."
    ]


def test_a_first_release_goes_back_to_none(read_chain):
    chain = read_chain(2).release("app1", None, staged=[]).release("app2", None, staged=[])
    (words,) = ended(chain.plan(), {"app1": WHY}, app1="rolled_back")["last_words"]
    assert "it is back on no release" in words


def test_those_that_went_back_with_it_are_named(read_chain):
    found = ended(read_chain(3).plan(), {"app3": WHY}, app1="rolled_back", app2="rolled_back", app3="rolled_back")
    assert found["last_words"][1] == "Back as well: app1, app2."


def test_whom_a_run_before_left_out_is_left_out_still(read_chain):
    """This run failed before it got to app2, which it was to put back."""
    chain = read_chain(3)
    chain.interrupted(chain.plan()).out("app2")
    found = ended(chain.plan(), {"app1": WHY})
    assert found["left_out"] == ["app2"]
    assert ended(chain.plan(), {"app1": WHY}, app2="done")["left_out"] == []


def test_a_host_that_ansible_gave_up_has_failed(read_chain):
    """A host of a hook could not be reached: app1 was out by then, app2 not touched yet. Of app3 it is known why."""
    found = ended(read_chain(3).plan(), {"app3": WHY}, lost=["app1", "app2", "app3"], app1="left_out")
    assert (found["result"], found["left_out"]) == ("failed", ["app1"])
    assert found["failures"]["app3"] == WHY
    of_app3, of_app1, of_app2 = found["last_words"]
    assert (
        "app1 did not take 1.1 (it is OUT OF SERVICE: run roundrobin.tomcat.repair): a hook or a setting: a host could"
        in of_app1
    )
    assert "app2 did not take 1.1 (it was not touched): " in of_app2
    assert "app3 did not take 1.1" in of_app3


def test_a_record_that_stays_is_told(read_chain):
    answers = [
        {"item": {"inventory_host": "web1"}, "changed": True},
        {"item": {"inventory_host": "web2"}, "unreachable": True, "msg": "timed out"},
        {"item": {"inventory_host": "web3"}, "failed": True},
    ]
    found = ended(read_chain(2).plan(), given_back=answers, app1="done", app2="done")
    assert found["result"] == "done"
    assert found["last_words"] == [
        "web2 keeps the record of this rollout: timed out",
        "web3 keeps the record of this rollout: no answer",
    ]


# Why a task failed ----------------------------------------------------------


def test_why_a_plain_task_failed():
    result = {"failed": True, "msg": " is so \n", "log_lines": ["SEVERE"]}
    assert failure(result, "Stop it") == {"task": "Stop it", "reason": "is so", "log_lines": ["SEVERE"]}


@pytest.mark.parametrize("item", [{"httpd": "web2", "balancer": "tomcat"}, {"inventory_host": "web2"}])
def test_a_loop_names_the_host_of_the_item(item):
    results = [
        {"item": {"httpd": "web1"}, "changed": True},
        {"item": item, "failed": True, "msg": "did not obey", "log_lines": ["a"]},
        {"item": {"name": "ROOT"}, "unreachable": True, "msg": "gone"},
    ]
    found = failure({"failed": True, "msg": "One or more items failed", "results": results}, "Drain")
    assert found == {"task": "Drain", "reason": "web2: did not obey gone", "log_lines": ["a"]}


def test_a_task_that_does_not_say_why_is_told_too():
    assert failure({"failed": True}, "x")["reason"] == "the task failed and does not say why"


def test_of_several_steps_in_one_task_the_one_that_failed_is_named():
    result = {"failed": True, "msg": "status 503", "step": "Prove it", "log_lines": ["SEVERE"]}
    assert failure(result, "Restart | Stop it, start it and prove it") == {
        "task": "Prove it",
        "reason": "status 503",
        "log_lines": ["SEVERE"],
    }
    # Without one, as where the host could not be reached, the task is.
    for nothing in ({}, {"step": ""}):
        assert (
            failure({"failed": True, "msg": "no answer", **nothing}, "Restart | Stop it")["task"] == "Restart | Stop it"
        )


def test_the_machine_that_failed_is_named_with_its_step():
    good, sick = ({"item": {"inventory_host": f"web{number}"}} for number in (1, 2))
    sick.update(failed=True, msg="status 503", step="Check through httpd")
    assert failure({"failed": True, "results": [good, sick]}, "Enable | Put it back") == {
        "task": "Check through httpd",
        "reason": "web2: status 503",
        "log_lines": [],
    }
