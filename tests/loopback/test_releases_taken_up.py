# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Releases that a running Tomcat takes up by its manager: swapped, added beside the active one, retired. docs/strategies.md cites this.

Runs as the user who owns the releases: what would delete or change them, could.
"""

from __future__ import annotations

import os
import urllib.error
import urllib.request

import archives
import loopback_tomcat
import pytest

from ansible_collections.roundrobin.tomcat.plugins.modules import (
    tomcat_context,
    tomcat_session_info,
    tomcat_webapp,
)

# One of each branch; without ./run test --full the oldest and the newest.
BRANCHES = {version.rpartition(".")[0]: version for version in archives.releases()}
VERSIONS = [BRANCHES["9.0"], BRANCHES["11.0"], *([BRANCHES["10.1"]] if os.environ.get("RUN_FULL") else [])]


@pytest.fixture(scope="module", params=VERSIONS)
def home(request, tmp_path_factory):
    return request.param, archives.unpack(request.param, tmp_path_factory.mktemp("home"))


@pytest.fixture
def instance(home, tmp_path):
    return loopback_tomcat.Instance(*home, tmp_path)


@pytest.fixture
def run(run_here, instance):
    def call(module, check=False, over="http", **options):
        base = instance.manager(over) if module is not tomcat_webapp else {"base": str(instance.base)}
        return run_here(module, check, **{**base, "name": "ROOT", **options})

    return call


def four_corners(run, module, **options):
    """Check mode, run, check mode, run: the same changed and the same diff."""
    foretold, done = run(module, check=True, **options), run(module, **options)
    assert (foretold["changed"], done["changed"]) == (True, True), (foretold, done)
    assert foretold["diff"] == done["diff"]
    assert [run(module, check=check, **options)["changed"] for check in (True, False)] == [False, False]
    return done


def test_a_context_is_swapped(run, stage, instance):
    stage(instance, "1.0", "2.0", "3.0")
    run(tomcat_webapp, version="1.0")
    with instance.running():
        files = instance.release_files()
        assert instance.get() == {"release": "1.0", "parameter": "1.0"}
        session = instance.get("/?begin=1")["id"]
        assert run(tomcat_context, check=True)["changed"] is False
        run(tomcat_webapp, version="2.0")
        # Tomcat does not see it by itself, and the module that reads says so.
        assert instance.get()["release"] == "1.0"
        info = run(tomcat_session_info)
        assert (info["healthy"], info["contexts"][0]["running"]) == (False, False)
        assert any("does not serve release 2.0" in problem for problem in info["problems"])
        done = four_corners(run, tomcat_context)
        assert (done["version"], done["context_version"]) == ("2.0", "")
        assert instance.get() == {"release": "2.0", "parameter": "2.0"}
        # The session was in this JVM only: it went with the context.
        assert instance.get(session=session) == {"release": "2.0", "parameter": "2.0"}
        # The way back, and over AJP.
        run(tomcat_webapp, version="1.0")
        four_corners(run, tomcat_context, over="ajp")
        assert instance.get() == {"release": "1.0", "parameter": "1.0"}
        for check in (True, False):
            assert run(tomcat_context, check=check, state="reloaded")["changed"] is True
        assert instance.get()["release"] == "1.0"
        assert instance.release_files() == files
        assert os.listdir(instance.base / "webapps") == ["ROOT"]
    assert "SEVERE" not in instance.log()


def test_a_release_that_does_not_start(run, stage, instance):
    stage(instance, "1.0")
    stage(instance, "bad", broken=True)
    run(tomcat_webapp, version="1.0")
    with instance.running():
        run(tomcat_webapp, version="bad")
        failed = run(tomcat_context)
        assert failed["failed"] and "does not run" in failed["msg"]
        assert any("no.such.Class" in line for line in failed["log_lines"])
        assert instance.get() == 404
        assert "failed to start, or was stopped" in run(tomcat_session_info)["problems"][0]
        run(tomcat_webapp, version="1.0")
        assert run(tomcat_context)["changed"] is True
        assert instance.get()["release"] == "1.0"
        # Beside the active one it harms nobody.
        run(tomcat_webapp, version="bad", parallel=True)
        assert run(tomcat_context)["failed"]
        assert instance.get()["release"] == "1.0"
        withdrawn = run(tomcat_webapp, state="retired", context_version="000001")
        assert (withdrawn["version_before"], withdrawn["version_after"]) == ("bad", "1.0")
        assert run(tomcat_context, state="absent")["changed"] is True
        assert run(tomcat_session_info)["healthy"] is True


def test_users_stay_on_the_release_they_began_with(run, stage, instance):
    stage(instance, "1.0", "2.0", "3.0")
    run(tomcat_webapp, version="1.0")
    with instance.running():
        files = instance.release_files()
        old = instance.get("/?begin=1")["id"]
        four_corners(run, tomcat_webapp, version="2.0", parallel=True)
        four_corners(run, tomcat_context)
        new = instance.get("/?begin=1")["id"]
        for _again in range(3):
            assert instance.get(session=old)["release"] == "1.0"
            assert instance.get(session=new)["release"] == "2.0"
            assert instance.get()["release"] == "2.0"
        info = run(tomcat_session_info)
        assert [(one["context_version"], one["version"], one["sessions"]) for one in info["contexts"]] == [
            ("", "1.0", 1),
            ("000001", "2.0", 1),
        ]
        assert (info["sessions"], info["older_sessions"], info["healthy"]) == (2, 1, True)
        waited = run(tomcat_session_info, wait_older=0.5, interval=0.1)
        assert (waited["older_sessions"], waited["seconds"] >= 0.5) == (1, True)
        # What is linked is not taken away.
        assert run(tomcat_context, state="absent")["changed"] is False
        assert instance.get(session=old)["release"] == "1.0"
        instance.get("/?end=1", session=old)
        assert run(tomcat_session_info, wait_older=10, interval=0.1)["older_sessions"] == 0
        four_corners(run, tomcat_webapp, state="retired")
        assert run(tomcat_session_info)["healthy"] is False
        four_corners(run, tomcat_context, state="absent")
        assert run(tomcat_session_info)["healthy"] is True
        assert (instance.get(session=new)["release"], instance.get()["release"]) == ("2.0", "2.0")
        assert instance.release_files() == files
        # A swap keeps the name, and a way back beside is a third one.
        run(tomcat_webapp, version="3.0")
        assert run(tomcat_context)["context_version"] == "000001"
        assert instance.get() == {"release": "3.0", "parameter": "3.0"}
        run(tomcat_webapp, version="2.0", parallel=True)
        assert run(tomcat_context)["context_version"] == "000002"
        assert instance.get()["release"] == "2.0"
    assert "SEVERE" not in instance.log()


def test_a_restart_serves_what_was_there(run, stage, instance):
    stage(instance, "1.0", "2.0")
    run(tomcat_webapp, version="1.0")
    run(tomcat_webapp, version="2.0", parallel=True)
    with instance.running():
        assert instance.get()["release"] == "2.0"
        assert [one["running"] for one in run(tomcat_session_info)["contexts"]] == [True, True]


def test_the_same_release_twice(run, stage, instance):
    """After a way back beside the newer one, two contexts serve one directory: the manager's list does not tell them apart."""
    stage(instance, "1.0", "2.0")
    run(tomcat_webapp, version="1.0")
    with instance.running():
        first = instance.get("/?begin=1")["id"]
        for release in ("2.0", "1.0"):
            run(tomcat_webapp, version=release, parallel=True)
            run(tomcat_context)
        third = instance.get("/?begin=1")["id"]
        info = run(tomcat_session_info)
        assert [(one["version"], one["sessions"]) for one in info["contexts"]] == [("1.0", 1), ("2.0", 0), ("1.0", 1)]
        run(tomcat_webapp, state="retired")
        four_corners(run, tomcat_context, state="absent")
        assert run(tomcat_session_info)["healthy"] is True
        assert "began" not in instance.get(session=first)
        assert instance.get(session=third)["began"] == "1.0"


def test_paths_with_more_than_one_part(run, instance, tmp_path):
    war = loopback_tomcat.war(tmp_path / "1.0.war", instance.version, "1.0")
    run(tomcat_webapp, name="a#b", version="1.0", src=str(war), remote_src=True)
    with instance.running():
        run(tomcat_webapp, name="a#b", version="2.0", src=str(war), remote_src=True, parallel=True)
        assert run(tomcat_context, name="a#b")["changed"] is True
        assert instance.get("/a/b/")["release"] == "1.0"
        assert [one["path"] for one in run(tomcat_session_info)["contexts"]] == []
        assert [one["path"] for one in run(tomcat_session_info, name=None)["contexts"]] == ["/a/b", "/a/b"]


def test_the_manager_is_closed(run, instance):
    with instance.running():
        assert "user name or password" in run(tomcat_session_info, url_password="wrong")["msg"]
        over_ajp = run(tomcat_session_info, over="ajp", ajp_secret="wrong")
        assert "status 403" in over_ajp["msg"]
        wrong = instance.manager()["manager_url"] + "s"
        assert "set tomcat_instance_manager_enabled" in run(tomcat_session_info, manager_url=wrong)["msg"]
        assert "cannot be asked" in run(tomcat_session_info, manager_url="http://127.0.0.1:1/roundrobin-manager")["msg"]
        # The text interface alone.
        login = urllib.request.HTTPBasicAuthHandler()
        url = instance.manager()["manager_url"]
        login.add_password("Tomcat Manager Application", url, "roundrobin", loopback_tomcat.PASSWORD)
        opener = urllib.request.build_opener(login)
        assert opener.open(url + "/text/list", timeout=10).status == 200
        for page in ("/html", "/jmxproxy/", "/status", "/WEB-INF/web.xml"):
            with pytest.raises(urllib.error.HTTPError) as refused:
                opener.open(url + page, timeout=10)
            assert refused.value.code == 404
        # Who is not of this machine, by what httpd tells of him over AJP.
        assert ask_from(instance, "198.18.0.9") == 403
        assert ask_from(instance, "127.0.0.1") == 401


def ask_from(instance, address):
    """The status that the manager gives a client of this address, as httpd forwards it by AJP, without a password."""
    import socket

    from ansible_collections.roundrobin.tomcat.plugins.module_utils._tomcat import ajp as _ajp

    request = _ajp.build_request(
        "GET",
        "/roundrobin-manager/text/list",
        None,
        server_name="localhost",
        server_port=80,
        headers={},
        secret=loopback_tomcat.SECRET,
    )
    # The address of the client, a string after method, protocol and URI.
    known, other = (b"\0" + bytes([len(text)]) + text.encode() for text in ("127.0.0.1", address))
    assert request.count(known) == 1
    payload = request[4:].replace(known, other)
    with socket.create_connection(("127.0.0.1", instance.ajp), timeout=20) as connection:
        packet = b"\x12\x34" + len(payload).to_bytes(2, "big") + payload
        return _ajp.exchange(connection, packet, max_body=10000).status
