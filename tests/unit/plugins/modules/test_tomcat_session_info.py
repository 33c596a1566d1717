# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sessions of a Tomcat that is told what to answer; a real one is in tests/loopback/test_releases_taken_up.py."""

from __future__ import annotations

import pytest

from ansible_collections.roundrobin.tomcat.plugins.modules import tomcat_context, tomcat_session_info


def test_sessions(run_on_tomcat, tomcat):
    tomcat.link_to("", "1.0")
    tomcat.link_to("000001", "2.0")
    for version in ("", "000001"):
        run_on_tomcat(tomcat_context, context_version=version)
    tomcat.contexts = {version: (served, True, 3) for version, (served, _runs, _none) in tomcat.contexts.items()}
    found = run_on_tomcat(tomcat_session_info, wait_older=0.2, interval=0.05)
    assert (found["sessions"], found["older_sessions"], found["healthy"], found["changed"]) == (6, 3, True, False)
    assert found["seconds"] >= 0.2
    tomcat.link("").unlink()
    found = run_on_tomcat(tomcat_session_info, wait_older=60)
    assert (found["older_sessions"], found["healthy"]) == (0, False)
    # It did not wait, however busy the machine is.
    assert found["seconds"] < 30
    assert "which no link leads to any more" in found["problems"][0]


def test_all_applications_or_the_one_that_is_named(run_on_tomcat, tomcat):
    tomcat.link_to("", "1.0")
    for check in (True, False):
        for name in (None, "app"):
            found = run_on_tomcat(tomcat_session_info, check, name=name)
            assert [(one["name"], one["path"], one["running"]) for one in found["contexts"]] == [("app", "/app", False)]
            assert found["problems"] == [f"Tomcat does not serve release 1.0, which {tomcat.base}/webapps/app links to"]
    assert {command for command, _version in tomcat.asked} == {"list"}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"name": "/app"}, "name '/app' is not"),
        ({"base": "/nowhere"}, "base /nowhere is not a CATALINA_BASE"),
        ({"wait_older": "long"}, "wait_older"),
    ],
)
def test_bad_input(run_on_tomcat, options, words):
    told = run_on_tomcat(tomcat_session_info, **options)
    assert told["failed"]
    assert words in told["msg"]
