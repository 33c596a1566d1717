# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What becomes of sessions in memcached while two releases are served side by side. docs/strategies.md cites this.

And how an instance proves, before it is back in service, that the sessions of a release are there.

Two real Tomcats with the role's session manager, and a memcached; two releases on each.
"""

from __future__ import annotations

import os
import re
import urllib.error
import urllib.request

import archives
import loopback_store
import loopback_tomcat
import pytest
from loopback_memcached import needs_memcached

from ansible_collections.roundrobin.tomcat.plugins.module_utils._stores.lookup import MANAGERS
from ansible_collections.roundrobin.tomcat.plugins.modules import rollout_instance, tomcat_context, tomcat_webapp

pytestmark = needs_memcached

# Of the branches the newest, which no scenario under load has; ./run test --full has the oldest too.
BRANCHES = sorted(archives.releases(), key=lambda version: int(version.split(".")[0]))
VERSIONS = [BRANCHES[-1], BRANCHES[0]] if os.environ.get("RUN_FULL") else BRANCHES[-1:]


@pytest.fixture(scope="module", params=VERSIONS)
def home(request, tmp_path_factory):
    """A Tomcat, and the session manager that goes with it."""
    return request.param, loopback_store.unpack(request.param, "memcached", tmp_path_factory.mktemp("home"))


@pytest.fixture
def pair(home, tmp_path, memcached, stage):
    """Make two running Tomcats on release 1.0, with these attributes of their session manager, and what adds and retires a release."""

    def make(**attributes):
        version, tomcat = home
        given = {
            "memcachedNodes": f"n1:{memcached().address}",
            "sessionBackupAsync": "false",
            "sessionBackupTimeout": "5000",
            "operationTimeout": "5000",
            **attributes,
        }
        instances = [loopback_tomcat.Instance(version, tomcat, tmp_path, name) for name in ("jvm1", "jvm2")]
        for instance in instances:
            loopback_store.bring(instance, "memcached", **given)
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
        answer = run_here(tomcat_context, **instance.manager(), name="ROOT", **options)
        assert answer.get("changed"), answer["msg"]

    return call


def test_users_of_the_older_release(pair, release, follow):
    """They stay while their instance serves it; when it is retired or another instance takes over, the newest finds their session."""
    first, second = pair()
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
        assert moved.get("began") == "1.0"

        release(first, state="retired")
        follow(first, state="absent")
        after = first.get(session=stays)
        assert after["release"] == "2.0"
        assert (after.get("began"), after.get("n")) == ("1.0", 4)
        assert first.get(session=fresh["id"])["n"] == 3


def test_a_session_of_the_new_release_where_the_rollout_has_not_come_yet(pair, release, follow):
    first, second = pair()
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
    first, _second = pair(sticky="false", lockingMode="auto")
    release(first, version="1.0")
    with first.running():
        user = first.get("/?begin=1")["id"]
        follow(release(first, version="2.0", parallel=True))
        answer = first.get(session=user)
        assert (answer["release"], answer["began"], answer["n"]) == ("2.0", "1.0", 2)


def test_a_swap_keeps_the_sessions(pair, release, follow):
    """Strategy reload: the context of the same name finds them again."""
    first, _second = pair()
    release(first, version="1.0")
    with first.running():
        user = first.get("/?begin=1")["id"]
        follow(release(first, version="2.0"))
        answer = first.get(session=user)
        assert (answer["release"], answer["began"], answer["n"]) == ("2.0", "1.0", 2)


# -- what an application brings along ------------------------------------------

STANDARD = "org.apache.catalina.session.StandardManager"


@pytest.fixture
def prove(run_here):
    """An instance's answer to the last step of a release, whose health check makes a session."""

    def call(instance, over="http", **options):
        manager = instance.manager(over)
        (element,) = re.findall(r"memcachedNodes=\"n1:([^\"]*)", (instance.base / "conf/context.xml").read_text())
        base_url = manager["manager_url"].rpartition("/")[0]
        return run_here(
            rollout_instance,
            base=str(instance.base),
            service="tomcat@none.service",
            checks=[{"application": "main", "url": base_url + "/?begin=1"}],
            successes=1,
            timeout=60.0,
            sessions={
                "store": "memcached",
                "applications": [{"name": "main", "base_name": "ROOT"}],
                "url": base_url,
                "route": instance.base.name,
                "cookies": ["JSESSIONID"],
                "servers": [element],
                **options,
            },
            **({"ajp_secret": manager["ajp_secret"]} if over == "ajp" else {}),
        )

    return call


@pytest.mark.parametrize("over", ["http", "ajp"])
def test_an_instance_proves_its_sessions(pair, release, prove, over):
    first, _second = pair(storageKeyPrefix="")
    release(first, version="1.0")
    with first.running():
        assert prove(first, over)["sessions"] == [
            {"application": "ROOT", "manager": MANAGERS["memcached"], "session": "stored", "problem": None}
        ]
        if over == "ajp":
            return
        assert "is called JSESSIONID, and httpd looks for SHOP" in prove(first, cookies=["SHOP"])["msg"]
        assert "does not end in .other" in prove(first, route="other")["msg"]
        # No other question is answered, whatever it is.
        teller = f"http://127.0.0.1:{first.http}/roundrobin-sessions/"
        good = "get=Catalina%3Atype%3DManager%2Chost%3Dlocalhost%2Ccontext%3D%2F&att=className"
        assert urllib.request.urlopen(f"{teller}?{good}", timeout=10).status == 200
        for query in ("", "qry=*%3A*", f"{good}&set=x", f"set=x&{good}", "get=Catalina%3Atype%3DServer&att=port"):
            with pytest.raises(urllib.error.HTTPError) as refused:
                urllib.request.urlopen(f"{teller}?{query}", timeout=10)
            assert refused.value.code == 403, query


def test_what_a_release_brings_along_fails_the_proof(pair, stage, release, follow, prove):
    """Each of them is served, and healthy; a context.xml that is not well-formed is not even served."""
    first, _second = pair(storageKeyPrefix="")
    stage(first, "3.0", context='<Context><Manager pathname=""/></Context>')
    stage(first, "4.0", context='<Context override="true"/>')
    stage(first, "5.0", context="<Context>")
    release(first, version="3.0")
    with first.running():
        for version in ("3.0", "4.0"):
            if version != "3.0":
                follow(release(first, version=version))
            assert first.get()["release"] == version
            assert f"The Manager of ROOT is {STANDARD}, not {MANAGERS['memcached']}" in prove(first)["msg"], version
        release(first, version="5.0")
        with pytest.raises(AssertionError, match="does not run"):
            follow(first)
    # Where an administrator has a file for the application, that of the WAR is not read.
    release(first, version="3.0")
    own = first.base / "conf/Catalina/localhost/ROOT.xml"
    own.write_text("<Context/>")
    with first.running():
        proved = prove(first)
        assert [one["manager"] for one in proved["sessions"]] == [MANAGERS["memcached"]], proved
    own.unlink()
    release(first, version="1.0")
    (own.parent / "context.xml.default").write_text("<Context><Manager/></Context>")
    with first.running():
        assert f"The Manager of ROOT is {STANDARD}, not {MANAGERS['memcached']}" in prove(first)["msg"]
