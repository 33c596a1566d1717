# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A store is invisible to applications, and keeps their sessions all the same. docs/sessions.md cites this.

Real Tomcats with the session manager of each store, made as the role makes it.
"""

from __future__ import annotations

import base64
import contextlib
import os
import re
import shutil
import sys
import urllib.request
import zipfile

import archives
import loopback_store
import loopback_tomcat
import pytest
from loopback import ROOT
from loopback_memcached import needs_memcached
from loopback_store import needs_redis

sys.path += [str(ROOT / "tests/sample_app"), str(ROOT / "tests/bench")]

from make_war import make_war
from startup import spring_boot_war

FULL = os.environ.get("RUN_FULL")
VERSIONS = sorted(archives.releases(), key=lambda version: int(version.split(".")[0]), reverse=True)
CASES = [
    pytest.param((store, version), id=f"{store}-{version}", marks=needs)
    # The newest has what the others have; ./run test --full goes through all.
    for version in (VERSIONS if FULL else VERSIONS[:1])
    for store, needs in (("memcached", needs_memcached), ("redis", needs_redis))
]
# Of each of the names that the WAR brings along: what of its class the application finds, by its own loader and by that of the thread.
PAGE = """<%@ page session="false" contentType="application/json; charset=UTF-8" import="java.util.*" %><%
Set<String> seen = new TreeSet<>();
ClassLoader[] loaders = {application.getClassLoader(), Thread.currentThread().getContextClassLoader()};
try (Scanner names = new Scanner(application.getResourceAsStream("/WEB-INF/names"))) {
    while (names.hasNext()) {
        String name = names.next();
        for (ClassLoader loader : loaders) {
            boolean found = loader.getResource(name.replace('.', '/') + ".class") != null;
            try {
                Class.forName(name, false, loader);
                found = true;
            } catch (LinkageError needsAnother) {
                found = true;
            } catch (ClassNotFoundException unseen) {
                // As it is to be.
            }
            if (found) {
                seen.add("\\"" + name + "\\"");
            }
        }
    }
}
%>{"seen": <%= seen %>, "loaders": <%= loaders.length %>}
"""


def one_of_each_package(jars):
    """Names of classes: of each package of the jars the first that is no inner class."""
    found = {}
    for jar in sorted(jars.glob("*.jar")):
        with zipfile.ZipFile(jar) as archive:
            for name in archive.namelist():
                package, _slash, simple = name.rpartition("/")
                if (
                    re.fullmatch(r"\w+\.class", simple)
                    and simple != "package-info.class"
                    and not name.startswith("META-INF")
                ):
                    found.setdefault((jar, package), name[: -len(".class")].replace("/", "."))
    return list(found.values())


@pytest.fixture(scope="module", params=CASES)
def made(request, tmp_path_factory):
    """A store, a Tomcat that it was made for, the WAR that looks for their classes, and the names of these."""
    store, version = request.param
    home = loopback_store.unpack(version, store, tmp_path_factory.mktemp("home"))
    names = one_of_each_package(loopback_store.made_for(home) / "session-store")
    war = home.parent / "application.war"
    make_war(war, "1.0")
    with zipfile.ZipFile(war, "a") as archive:
        archive.writestr("seen.jsp", PAGE)
        archive.writestr("WEB-INF/names", " ".join(names))
    return store, version, home, war, names


@pytest.fixture
def settings(made, tmp_path, memcached):
    """Of the store's session manager, with a server of the test's own."""
    with contextlib.ExitStack() as stack:
        if made[0] == "redis":
            yield loopback_store.settings_of_redis(stack.enter_context(loopback_store.redis_running()), tmp_path)
        else:
            yield loopback_store.settings_of_memcached(memcached().address, memcached().address)


@pytest.fixture
def instance(made, tmp_path, settings):
    """Make an instance with the application and the store; bring says where its jars lie."""
    store, version, home, war, _names = made

    def make(name, bring=loopback_store.bring, **more):
        new = loopback_tomcat.Instance(version, home, tmp_path, name)
        bring(new, store, **settings, **more)
        with zipfile.ZipFile(war) as archive:
            archive.extractall(new.base / "webapps/ROOT")
        return new

    return make


def seen_by(instance):
    """What the application finds of the names that the WAR brings along."""
    answer = instance.get("/seen.jsp")
    assert answer["loaders"] == 2
    return answer["seen"]


def count(instance, session=None):
    answer = instance.get("/counter", session)
    return answer["counter"], answer["session"]


def keeps_basket(instance, session):
    """An object of a class that the WAR alone has."""
    return instance.get("/basket", session)["kept"]


def test_applications_see_nothing_of_it(made, instance):
    """And their sessions move, with objects of their own classes."""
    first, second = instance("jvm1"), instance("jvm2")
    with first.running(), second.running():
        assert (seen_by(first), seen_by(second)) == ([], [])
        number, session = count(first)
        assert (number, keeps_basket(first, session)) == (1, False)
        for number, member in enumerate((first, second, second, first), 2):
            counted, session = count(member, session)
            assert (counted, keeps_basket(member, session)) == (number, True)
    for member in (first, second):
        assert "SEVERE" not in member.log()
        assert "WARNING" not in member.log()


def test_while_a_site_is_updated(made, instance):
    """A member that has all of it in lib, as before there was a session-store, and one that has not: the test of the test above, too."""
    *_others, names = made
    before, after = instance("jvm1", loopback_store.bring_as_before), instance("jvm2")
    with before.running(), after.running():
        assert (seen_by(before), seen_by(after)) == (sorted(names), [])
        number, session = count(before)
        assert (number, keeps_basket(before, session)) == (1, False)
        for number, member in enumerate((after, before, after), 2):
            counted, session = count(member, session)
            assert (counted, keeps_basket(member, session)) == (number, True)


def test_what_applications_and_administrators_say(made, instance):
    """A Manager of an application's own stays; a setting that there is not is told; without the session manager no application starts."""
    store, *_others = made
    member = instance("jvm1", nonsense="1")
    own = member.base / "webapps/own"
    shutil.copytree(member.base / "webapps/ROOT", own)
    (own / "META-INF").mkdir()
    (own / "META-INF/context.xml").write_text('<Context><Manager pathname=""/></Context>')
    (member.base / "conf/Catalina/localhost/sick.xml").write_text(
        f'<Context docBase="{own}" override="true"><Listener className="{loopback_store.LISTENER}" manager="no.such.Class"/></Context>'
    )
    with member.running():
        assert member.get("/counter")["counter"] == 1
        assert member.get("/own/counter")["counter"] == 1
        assert member.get("/sick/counter") == 404
    log = member.log()
    assert f"{loopback_store.MANAGERS[store]} has no setting nonsense" in log
    assert (
        "own has a Manager of its own, so its sessions are not in the store: org.apache.catalina.session.StandardManager"
        in log
    )
    assert f"The session manager no.such.Class cannot be made from the jars in {member.base}/session-store" in log


def ask_manager(instance, command):
    token = base64.b64encode(f"roundrobin:{loopback_tomcat.PASSWORD}".encode()).decode()
    url = f"{instance.manager()['manager_url']}/text/{command}"
    with urllib.request.urlopen(urllib.request.Request(url, headers={"Authorization": f"Basic {token}"})) as answer:
        return answer.read().decode()


def test_reloads(instance):
    """Sessions go on, and of a release that is gone no thread stays, and no class but those of the last one."""
    member = instance("jvm1")
    with member.running():
        _number, session = count(member)
        for number in (2, 3, 4):
            assert ask_manager(member, "reload?path=/").startswith("OK")
            counted, session = count(member, session)
            assert counted == number
        leaks = ask_manager(member, "findleaks")
    assert leaks.splitlines().count("/") <= 1
    assert "has failed to stop it" not in member.log()


@pytest.fixture(scope="module")
def spring_boot(tmp_path_factory):
    return spring_boot_war(tmp_path_factory.mktemp("spring_boot"))


@pytest.mark.skipif(not FULL, reason="it is built with what Maven fetches: ./run test --full")
def test_spring_boot(made, instance, spring_boot):
    """It brings Jackson and SnakeYAML, and looks for classes to switch on what goes with them."""
    if made[1].startswith("9."):
        pytest.skip("Spring Boot 3 needs Tomcat 10.1")
    first, second = instance("jvm1"), instance("jvm2")
    for member in (first, second):
        shutil.rmtree(member.base / "webapps/ROOT")
        with zipfile.ZipFile(spring_boot) as archive:
            archive.extractall(member.base / "webapps/ROOT")
    with first.running(), second.running():
        number, session = count(first)
        assert number == 1
        for number, member in enumerate((first, second, second, first), 2):
            counted, session = count(member, session)
            assert counted == number
