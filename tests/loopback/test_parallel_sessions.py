# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What becomes of sessions in memcached while two releases are served side by side. docs/strategies.md cites this.

Two real Tomcats with the role's session manager, and a memcached; two releases on each.
"""

from __future__ import annotations

import os
import subprocess
import sys

import archives
import loopback_tomcat
import pytest
import yaml
from loopback import ROOT
from loopback_memcached import needs_memcached

from ansible_collections.roundrobin.tomcat.plugins.modules import tomcat_context, tomcat_webapp

pytestmark = needs_memcached

# Of the branches the newest, which no scenario under load has; ./run test --full has the oldest too.
BRANCHES = sorted(archives.releases(), key=lambda version: int(version.split(".")[0]))
VERSIONS = [BRANCHES[-1], BRANCHES[0]] if os.environ.get("RUN_FULL") else BRANCHES[-1:]
SOURCE = ROOT / "roles/tomcat_instance/files/MemcachedSessionManager.java"
MANAGER = "org.roundrobin.tomcat.MemcachedSessionManager"


@pytest.fixture(scope="module", params=VERSIONS)
def home(request, tmp_path_factory):
    """A Tomcat with the session manager in its lib, made as the role makes it."""
    home = archives.unpack(request.param, tmp_path_factory.mktemp("home"))
    java = ["java", "-cp", f"{home}/lib/*:{home}/bin/tomcat-juli.jar"]
    for jar in yaml.safe_load(archives.ARTIFACTS.read_text())["__tomcat_instance_session_jars"]["memcached"]:
        source = archives.cached(jar["coordinates"])
        if jar.get("javax") and not request.param.startswith("9."):
            migrate = ["org.apache.tomcat.jakartaee.MigrationCLI", "-profile=TOMCAT"]
            subprocess.run([*java, *migrate, str(source), f"{home}/lib/{source.name}"], check=True)
        else:
            (home / "lib" / source.name).write_bytes(source.read_bytes())
    compiler = ["org.eclipse.jdt.internal.compiler.batch.Main", "-source", "8", "-target", "8", "-d"]
    classes = tmp_path_factory.mktemp("classes")
    subprocess.run([*java, *compiler, str(classes), str(SOURCE)], check=True)
    archive = ["zipfile", "--create", f"{home}/lib/roundrobin-session-manager.jar", "org"]
    subprocess.run([sys.executable, "-m", *archive], cwd=classes, check=True)
    return request.param, home


@pytest.fixture
def pair(home, tmp_path, memcached, stage):
    """Make two running Tomcats on release 1.0, with these attributes of their session manager, and what adds and retires a release."""

    def make(**attributes):
        given = {
            "memcachedNodes": f"n1:{memcached().address}",
            "sessionBackupAsync": "false",
            "sessionBackupTimeout": "5000",
            "operationTimeout": "5000",
            **attributes,
        }
        element = " ".join(f'{name}="{value}"' for name, value in given.items())
        instances = [loopback_tomcat.Instance(*home, tmp_path, name) for name in ("jvm1", "jvm2")]
        for instance in instances:
            (instance.base / "conf/context.xml").write_text(
                f'<Context><Manager className="{MANAGER}" {element}/></Context>'
            )
            stage(instance, "1.0", "2.0")
        return instances

    return make


@pytest.fixture
def release(run_here):
    def call(instance, **options):
        webapp = {"base": str(instance.base), "name": "ROOT", **options}
        assert run_here(tomcat_webapp, **webapp)["changed"] is True
        return instance

    return call


@pytest.fixture
def follow(run_here):
    def call(instance, **options):
        assert run_here(tomcat_context, **instance.manager(), name="ROOT", **options)["changed"]

    return call


@pytest.mark.parametrize(
    ("prefix", "found"),
    [
        pytest.param({"storageKeyPrefix": ""}, True, id="as the role sets it"),
        pytest.param({}, False, id="its own default"),
    ],
)
def test_users_of_the_older_release(pair, release, follow, prefix, found):
    """They stay while their instance serves it; when it is retired or another instance takes over, the newest finds their session or not."""
    first, second = pair(**prefix)
    for instance in (first, second):
        release(instance, version="1.0")
    with first.running(), second.running():
        stays, moves = (first.get("/?begin=1")["id"] for _user in range(2))
        follow(release(first, version="2.0", parallel=True))
        follow(release(second, version="2.0", parallel=True))
        for count in (2, 3):
            answer = first.get(session=stays)
            assert (answer["release"], answer["began"], answer["n"]) == ("1.0", "1.0", count)
        assert first.get()["release"] == "2.0"
        fresh = first.get("/?begin=1")
        assert (fresh["release"], first.get(session=fresh["id"])["n"]) == ("2.0", 2)

        # Another instance takes over: it gives the newest.
        moved = second.get(session=moves)
        assert moved["release"] == "2.0"
        assert moved.get("began") == ("1.0" if found else None)

        release(first, state="retired")
        follow(first, state="absent")
        after = first.get(session=stays)
        assert after["release"] == "2.0"
        assert (after.get("began"), after.get("n")) == (("1.0", 4) if found else (None, None))
        assert first.get(session=fresh["id"])["n"] == 3


def test_a_session_of_the_new_release_where_the_rollout_has_not_come_yet(pair, release, follow):
    first, second = pair(storageKeyPrefix="")
    for instance in (first, second):
        release(instance, version="1.0")
    with first.running(), second.running():
        follow(release(first, version="2.0", parallel=True))
        user = first.get("/?begin=1")
        assert user["release"] == "2.0"
        moved = second.get(session=user["id"])
        assert (moved["release"], moved["began"], moved["n"]) == ("1.0", "2.0", 2)


def test_not_sticky_nobody_stays(pair, release, follow):
    """Why the plan refuses it: sessions are in memory during a request only, and Tomcat looks there alone."""
    first, _second = pair(storageKeyPrefix="", sticky="false", lockingMode="auto")
    release(first, version="1.0")
    with first.running():
        user = first.get("/?begin=1")["id"]
        follow(release(first, version="2.0", parallel=True))
        answer = first.get(session=user)
        assert (answer["release"], answer["began"], answer["n"]) == ("2.0", "1.0", 2)


def test_a_swap_keeps_the_sessions(pair, release, follow):
    """Strategy reload: the context of the same name finds them again."""
    first, _second = pair(storageKeyPrefix="")
    release(first, version="1.0")
    with first.running():
        user = first.get("/?begin=1")["id"]
        follow(release(first, version="2.0"))
        answer = first.get(session=user)
        assert (answer["release"], answer["began"], answer["n"]) == ("2.0", "1.0", 2)
