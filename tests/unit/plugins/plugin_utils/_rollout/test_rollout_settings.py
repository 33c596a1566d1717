# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._rollout.findings import Findings
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._rollout.settings import HOOKS, POLICIES, Settings


def checked(**given):
    findings = Findings()
    settings = Settings.of({"kind": "deploy", "version": "1.1", "war": True, "hosts": ["app1"], **given}, findings)
    return settings, list(findings.problems)


def test_what_is_not_given_is_the_careful_choice():
    settings, problems = checked()
    assert problems == []
    assert (settings.serial, settings.min_available, settings.allow_same_machine) == ((1,), 1, False)
    assert (settings.strategy, settings.policy, settings.take_over) == ("restart", "rollback_member", "")


@pytest.mark.parametrize(
    "serial, steps",
    [
        (1, (1,)),
        ("2", ("2",)),
        ("25%", ("25%",)),
        ([1, "50%"], (1, "50%")),
        ([1, "25%", "100%"], (1, "25%", "100%")),
    ],
)
def test_serial_as_ansible_writes_it(serial, steps):
    settings, problems = checked(serial=serial)
    assert (settings.serial, problems) == (steps, [])


@pytest.mark.parametrize(
    "serial", ["a", "25 %", "25.5%", "-5%", "%", 1.5, None, "", [1, "half"], [[1]], {"a": 1}, True]
)
def test_another_serial_is_refused_and_one_at_a_time_takes_its_place(serial):
    settings, problems = checked(serial=serial)
    assert settings.serial == (1,)
    assert problems == [
        f'rolling_deploy_serial is {serial!r}, it must be a number, a percentage as "25%", or a list of these.'
    ]


@pytest.mark.parametrize("wrong", [-1, "two", None, 1.5, ""])
def test_a_bad_budget_is_refused_and_one_takes_its_place(wrong):
    settings, problems = checked(min_available=wrong)
    assert settings.min_available == 1
    assert problems == [f"rolling_deploy_min_available is {wrong!r}, it must be 0 or more."]


@pytest.mark.parametrize("given, meant", [("2", 2), (0, 0), (3, 3)])
def test_the_budget_may_be_text(given, meant):
    assert checked(min_available=given)[0].min_available == meant


@pytest.mark.parametrize("wrong", [0, -1, "all", None, 1.5, ""])
def test_a_release_that_runs_is_kept(wrong):
    settings, problems = checked(keep_releases=wrong)
    assert settings.keep_releases == 3
    assert problems == [f"rolling_deploy_keep_releases is {wrong!r}, it must be 1 or more."]


@pytest.mark.parametrize("given, meant", [("2", 2), (1, 1), (30, 30)])
def test_how_many_releases_are_kept_may_be_text(given, meant):
    settings, problems = checked(keep_releases=given)
    assert (settings.keep_releases, problems) == (meant, [])


@pytest.mark.parametrize("given, meant", [(True, True), ("yes", True), ("False", False), ("no", False)])
def test_same_machine_is_a_yes_or_no(given, meant):
    settings, problems = checked(allow_same_machine=given)
    assert (settings.allow_same_machine, problems) == (meant, [])


def test_all_that_is_wrong_is_told_at_once():
    settings, problems = checked(
        kind="upgrade",
        strategy="canary",
        policy="ignore",
        allow_same_machine="maybe",
        serial="all",
        hooks={"before_lunch": "a.yml", "notify": "b.yml"},
        hooks_missing=["c.yml"],
    )
    assert [line.split(" ")[0] for line in problems] == [
        "kind",
        "rolling_deploy_hooks",
        "c.yml",
        "rolling_deploy_allow_same_machine",
        "rolling_deploy_serial",
        "rolling_deploy_strategy",
        "rolling_deploy_on_failure",
    ]
    assert problems[1] == f"rolling_deploy_hooks has 'before_lunch', it may have {', '.join(HOOKS)}."
    assert problems[6] == f"rolling_deploy_on_failure is 'ignore', it must be one of {', '.join(POLICIES)}."
    # What is strictest takes the place of what is not understood.
    assert (settings.strategy, settings.policy, settings.allow_same_machine) == ("restart", "rollback_member", False)


def test_a_deploy_needs_a_version_and_a_war_and_others_do_not():
    assert checked(version="", war=False)[1] == [
        "release_version is not given: -e release_version=1.4.2",
        "release_war is not given: -e release_war=shop-1.4.2.war",
    ]
    for kind in ("rollback", "restart", "repair"):
        assert checked(kind=kind, version="", war=False)[1] == []


@pytest.mark.parametrize(
    "kind, strategy, forward, back",
    [
        ("deploy", "restart", "restart", "restart"),
        ("deploy", "reload", "reload", "restart"),
        ("rollback", "reload", "reload", "restart"),
        # What was only added is taken away again.
        ("deploy", "parallel", "parallel", "parallel"),
        ("restart", "parallel", "restart", "restart"),
        ("repair", "reload", "restart", "restart"),
    ],
)
def test_the_way_back_and_a_repair_want_a_known_state(kind, strategy, forward, back):
    assert checked(kind=kind, strategy=strategy)[0].strategies == {"forward": forward, "back": back}


@pytest.mark.parametrize("kind", ["deploy", "rollback", "restart", "repair"])
@pytest.mark.parametrize("strategy", ["restart", "reload", "parallel"])
def test_who_is_taken_out(kind, strategy):
    """Only a change of release can be made beside the users; what restarts takes the member out."""
    in_place = strategy == "parallel" and kind in ("deploy", "rollback")
    assert checked(kind=kind, strategy=strategy)[0].takes_members_out is not in_place


SECONDS = {
    "drain_timeout": "a number of seconds, more than 0",
    "health_timeout": "a number of seconds, more than 0",
    "soak": "a number of seconds, or 0 for none",
    "retire_timeout": "a whole number of seconds, 1 or more",
    "lease": "a whole number of seconds, 1 or more",
}


@pytest.mark.parametrize("name", SECONDS)
@pytest.mark.parametrize("wrong", [-1, "-1", "soon", "", None, True, [60], "nan", "inf"])
def test_what_is_no_span_of_time_is_refused(name, wrong):
    assert checked(**{name: wrong})[1] == [f"rolling_deploy_{name} is {wrong!r}, it must be {SECONDS[name]}."]


@pytest.mark.parametrize("name", sorted(set(SECONDS) - {"soak"}))
@pytest.mark.parametrize("wrong", [0, "0"])
def test_no_time_is_time_for_a_soak_only(name, wrong):
    assert checked(soak=wrong)[1] == []
    assert checked(**{name: wrong})[1] == [f"rolling_deploy_{name} is {wrong!r}, it must be {SECONDS[name]}."]


@pytest.mark.parametrize("name", SECONDS)
@pytest.mark.parametrize("good", [1, "60", 3600])
def test_a_span_of_time_may_be_text(name, good):
    assert checked(**{name: good})[1] == []


@pytest.mark.parametrize("name", ["drain_timeout", "health_timeout", "soak"])
def test_a_part_of_a_second_will_do_where_the_module_takes_it(name):
    assert checked(**{name: 0.5})[1] == checked(**{name: "2.5"})[1] == []
    assert len(checked(retire_timeout=0.5, lease="2.5")[1]) == 2


@pytest.mark.parametrize("forks, known", [(5, 5), ("20", 20), (None, 0), ("", 0)])
def test_forks_are_as_ansible_says(forks, known):
    assert checked(forks=forks)[0].forks == known


def test_paths_to_warm_up_are_taken_as_they_are():
    settings, problems = checked(warm_up=["/shop/", "/shop/cart.jsp?page=1"])
    assert (settings.warm_up, problems) == (("/shop/", "/shop/cart.jsp?page=1"), [])


@pytest.mark.parametrize("path", ["shop/", "http://198.18.0.3/shop/", "", "/sh op", 7])
def test_what_is_no_path_is_not_warmed_up(path):
    settings, problems = checked(warm_up=["/shop/", path])
    assert settings.warm_up == ()
    assert problems == [
        f"rolling_deploy_warm_up has {path!r}, it must be a path that begins with / and has no blank, as /shop/?page=1."
    ]


@pytest.mark.parametrize("paths", ["/shop/", 7])
def test_paths_to_warm_up_are_a_list(paths):
    settings, problems = checked(warm_up=paths)
    assert settings.warm_up == ()
    assert problems == [f'rolling_deploy_warm_up is {paths!r}, it must be a list of paths, as ["/shop/"].']


@pytest.mark.parametrize("given", [["store", "proof"], "store,proof", "[store, proof]"])
def test_what_is_accepted(given):
    settings, problems = checked(accept=given)
    assert (settings.accept, problems) == (("store", "proof"), [])


@pytest.mark.parametrize("given", [["stor"], "stor", [1], {"store": True}, True])
def test_what_cannot_be_accepted_is_told(given):
    settings, (problem,) = checked(accept=given)
    assert settings.accept == ()
    assert problem.endswith(", it may have store, cookie, proof.")


def test_a_release_that_cannot_be_fetched_is_told_with_all_else():
    assert checked(war_problem="release_war is a URL: give its checksum.", min_available=-1)[1] == [
        "release_war is a URL: give its checksum.",
        "rolling_deploy_min_available is -1, it must be 0 or more.",
    ]
