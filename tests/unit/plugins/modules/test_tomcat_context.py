# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a real Tomcat does is in tests/loopback/test_releases_taken_up.py; here it is one that is told what to answer."""

from __future__ import annotations

import json
import os

import pytest
from ansible.module_utils.testing import patch_module_args

from ansible_collections.roundrobin.tomcat.plugins.module_utils._tomcat.manager import TomcatManager
from ansible_collections.roundrobin.tomcat.plugins.modules import tomcat_context, tomcat_session_info

URL = "http://198.18.0.3:8080/roundrobin-manager"


@pytest.fixture
def run(tomcat, capsys, monkeypatch):
    for module in (tomcat_context, tomcat_session_info):
        monkeypatch.setattr(
            module, "connect", lambda options, requests: TomcatManager(options["manager_url"], tomcat.ask)
        )

    def call(check=False, module=tomcat_context, **options):
        given = {
            "base": str(tomcat.base),
            "name": "app",
            "manager_url": URL,
            "url_password": "not-a-password-in-a-test",
            **options,
        }
        with patch_module_args({"_ansible_check_mode": check, **given}), pytest.raises(SystemExit):
            module.main()
        return json.loads(capsys.readouterr().out.splitlines()[-1])

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


def test_sessions(run, tomcat):
    tomcat.link_to("", "1.0")
    tomcat.link_to("000001", "2.0")
    for version in ("", "000001"):
        run(context_version=version)
    tomcat.contexts = {version: (served, True, 3) for version, (served, _runs, _none) in tomcat.contexts.items()}
    found = run(module=tomcat_session_info, wait_older=0.2, interval=0.05)
    assert (found["sessions"], found["older_sessions"], found["healthy"], found["changed"]) == (6, 3, True, False)
    assert found["seconds"] >= 0.2
    tomcat.link("").unlink()
    found = run(module=tomcat_session_info, wait_older=60)
    assert (found["older_sessions"], found["healthy"]) == (0, False)
    # It did not wait, however busy the machine is.
    assert found["seconds"] < 30
    assert "which no link leads to any more" in found["problems"][0]
