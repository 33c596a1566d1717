# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os

import pytest

from ansible_collections.roundrobin.tomcat.plugins.module_utils._releases.war import sha256_of
from ansible_collections.roundrobin.tomcat.plugins.modules import tomcat_webapp, tomcat_webapp_info


@pytest.fixture
def run(run_on_base):
    def call(module=tomcat_webapp, check=False, **options):
        return run_on_base(module, check, **({"name": "app", **options} if module is tomcat_webapp else options))

    return call


def test_a_release_s_life(run, base, war):
    first = war("1.0")
    for check, changed in ((True, True), (False, True), (True, False), (False, False)):
        staged = run(check=check, version="1.0", src=first, remote_src=True, state="staged", checksum=sha256_of(first))
        assert staged["changed"] is changed
        assert (staged["version_before"], staged["version_after"]) == (None, None)
    assert staged["releases"] == ["1.0"]
    assert staged["release_directory"] == str(base / "releases/app/1.0")
    run(version="1.0", actor="ann@ctl")
    done = run(version="2.0", src=war("2.0"), remote_src=True)
    assert (done["version_before"], done["version_after"], done["previous_version"]) == ("1.0", "2.0", "1.0")
    assert (done["sha256_before"], done["sha256_after"]) == (sha256_of(first), sha256_of(war("2.0")))
    assert done["diff"]["before"] == f"active: 1.0\nprevious: \nreleases:\n  1.0: {sha256_of(first)}\n"
    assert done["diff"]["after"].startswith("active: 2.0\nprevious: 1.0\nreleases:\n  2.0: ")
    info = run(tomcat_webapp_info)
    assert list(info["applications"]) == ["app"]
    app = info["applications"]["app"]
    assert (app["active_version"], app["previous_version"]) == ("2.0", "1.0")
    assert app["active_sha256"] == done["sha256_after"]
    assert [release["version"] for release in app["releases"]] == ["2.0", "1.0"]
    assert [(line["by"], line["replaced"], line["version"]) for line in app["history"]] == [
        ("ann@ctl", None, "1.0"),
        ("", "1.0", "2.0"),
    ]
    assert run(state="absent")["changed"]
    assert run(tomcat_webapp_info)["applications"] == {}


def test_two_releases_side_by_side(run, war):
    run(version="1.0", src=war("1.0"), remote_src=True)
    for check, changed in ((True, True), (False, True), (True, False), (False, False)):
        done = run(check=check, version="2.0", src=war("2.0"), remote_src=True, parallel=True)
        assert done["changed"] is changed
        assert (done["version_after"], done["context_version_after"]) == ("2.0", "000001")
        assert done["older_after"] == [{"context_version": "", "version": "1.0"}]
        assert done["older_before"] == ([] if changed else done["older_after"])
    assert "contexts:\n  '': 1.0\n  '000001': 2.0\n" in done["diff"]["after"]
    assert run(tomcat_webapp_info)["applications"]["app"]["contexts"] == [
        {"context_version": "", "version": "1.0"},
        {"context_version": "000001", "version": "2.0"},
    ]
    retired = run(state="retired")
    assert (retired["version_before"], retired["version_after"], retired["older_after"]) == ("2.0", "2.0", [])


def test_the_file_is_asked_for_only_where_the_release_is_not(run, war):
    path = war("1.0")
    figures = {"label": "ctl/1.0.war", "sha256": sha256_of(path), "war_bytes": os.path.getsize(path), "disk_bytes": 99}
    assert run(check=True, version="1.0", state="staged", src_info=figures)["changed"]
    asked = run(version="1.0", state="staged", src_info=figures)
    assert (asked["changed"], asked["needs_source"]) == (False, True)
    assert run(version="1.0", state="staged", src_info=figures, src=path)["changed"]
    again = run(version="1.0", state="staged", src_info=figures)
    assert not again["changed"]
    assert "needs_source" not in again


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "version"),
        ({"state": "staged"}, "version"),
        ({"version": "1.0"}, "is not staged"),
        ({"version": "1.0", "src": "/nowhere.war", "remote_src": True}, "/nowhere.war does not exist"),
        ({"version": "../1"}, "version '../1' is not accepted"),
        ({"version": "1.0", "name": "/app"}, "name '/app' is not"),
        ({"version": "1.0", "keep": 0}, "keep 0 is not accepted"),
        ({"version": "1.0", "owner": "no-such-user"}, "owner 'no-such-user' does not exist"),
        ({"version": "1.0", "group": "no-such-group"}, "group 'no-such-group' does not exist"),
        ({"version": "1.0", "state": "staged", "parallel": True}, "parallel goes with state active, not with staged"),
        ({"version": "1.0", "context_version": "2"}, "context_version '2' is not accepted: 6 digits as 000002"),
        ({"version": "1.0", "base": "/nowhere"}, "base /nowhere is not a CATALINA_BASE"),
    ],
)
@pytest.mark.parametrize("check", [True, False])
def test_bad_input_changes_nothing(run, base, options, words, check):
    told = run(check=check, **options)
    assert told["failed"]
    assert words in told["msg"]
    assert os.listdir(base) == ["webapps"]


def test_other_checksum(run, base, war):
    told = run(version="1.0", src=war("1.0"), remote_src=True, checksum="0" * 64)
    assert f"1.0.war has sha256 {sha256_of(war('1.0'))}, but checksum says {'0' * 64}" in told["msg"]
    assert os.listdir(base) == ["webapps"]
