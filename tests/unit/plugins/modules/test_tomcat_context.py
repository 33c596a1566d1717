# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a real Tomcat does is in tests/loopback/test_releases_taken_up.py; here it is one that is told what to answer."""

from __future__ import annotations

import os

import pytest

from ansible_collections.roundrobin.tomcat.plugins.modules import tomcat_context


@pytest.fixture
def run(run_on_tomcat):
    def call(check=False, **options):
        return run_on_tomcat(tomcat_context, check, **options)

    return call


def corners(run, **options):
    """changed of check mode, run, check mode, run."""
    return [run(check=check, **options)["changed"] for check in (True, False, True, False)]


def test_nothing_is_linked(run):
    assert "app has no active release in" in run()["msg"]
    assert run(state="absent")["changed"] is False


def test_present(run, tomcat):
    tomcat.link_to("", "1.0")
    assert corners(run) == [True, True, False, False]
    tomcat.link_to("", "2.0")
    foretold, done = run(check=True), run()
    assert foretold["diff"] == done["diff"]
    assert (done["version"], done["context_version"]) == ("2.0", "")
    assert tomcat.contexts[""][0].endswith("/2.0/exploded")
    # In between the link was away, or Tomcat would not have looked.
    assert [command for command, _version in tomcat.asked].count("deploy") == 4
    assert os.listdir(tomcat.base / "webapps") == ["app"]
    assert "no context '000001': webapps links to none" in run(context_version="000001")["msg"]
    assert "6 digits" in run(context_version="1")["msg"]


def test_reloaded_is_a_change_each_time(run, tomcat):
    tomcat.link_to("", "1.0")
    assert corners(run, state="reloaded") == [True, True, True, True]


def test_what_does_not_run_is_a_failure(run, tomcat):
    tomcat.sick.add("2.0")
    tomcat.link_to("", "2.0")
    (tomcat.base / "logs/catalina.2026-11-24.log").write_text("")
    failed = run()
    assert "release 2.0 of app was deployed, but does not run" in failed["msg"]
    assert failed["log_lines"] == []


@pytest.mark.parametrize(
    ("linked", "gone"),
    [
        (["000002"], ["", "000001"]),
        # Withdrawn, so newer than what is linked.
        ([""], ["000001", "000002"]),
        (["", "000002"], ["000001"]),
        ([], ["", "000001", "000002"]),
        (["000412"], ["000411", "000003"]),
    ],
)
def test_absent_finds_what_tomcat_calls_them(run, tomcat, linked, gone):
    for version in sorted([*linked, *gone]):
        tomcat.link_to(version, "1.0")
        run(context_version=version)
    for version in gone:
        tomcat.link(version).unlink()
    assert corners(run, state="absent") == [True, True, False, False]
    assert sorted(tomcat.contexts) == sorted(linked)


def test_absent_is_about_all_that_is_not_linked(run):
    assert "context_version does not go with state absent" in run(state="absent", context_version="")["msg"]


def test_what_tomcat_keeps_is_told(run, tomcat):
    tomcat.contexts["abc"] = (str(tomcat.base / "releases/app/1.0/exploded"), True, 0)
    assert "Tomcat still serves" in run(state="absent")["msg"]
