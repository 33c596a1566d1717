# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One session never costs another: not serializable, broken in its store, of a class that is gone. docs/sessions.md cites this.

Two real Tomcats and each store. While something is wrong with one user's session, others count in theirs all the time.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import socket
import time
import urllib.parse
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import archives
import loopback_redis
import loopback_store
import loopback_tomcat
import pytest
from loopback import wait_until
from loopback_memcached import Memcached, needs_memcached
from loopback_redis import User
from loopback_store import needs_redis

BRANCHES = sorted(archives.releases(), key=lambda version: int(version.split(".")[0]))
FULL = os.environ.get("RUN_FULL")
VERSIONS = BRANCHES if FULL else BRANCHES[1:2]
OTHERS = 4
CASES = {
    store: [pytest.param((store, version), id=f"{store}-{version}", marks=needs) for version in VERSIONS]
    for store, needs in (("memcached", needs_memcached), ("redis", needs_redis))
}
with_memcached = pytest.mark.parametrize("pair", CASES["memcached"], indirect=True)
with_redis = pytest.mark.parametrize("pair", CASES["redis"], indirect=True)
LEASE_SECONDS = 3


class MemcachedSessions:
    """What two nodes hold of a session, for a test that breaks it."""

    def __init__(self, nodes):
        self.nodes = nodes

    def ask(self, node, question, last=b"END\r\n"):
        with node.connect() as connection:
            connection.sendall(question)
            received = b""
            while not received.endswith(last):
                piece = connection.recv(65536)
                assert piece, received
                received += piece
        return received

    def keys(self, cookie):
        """Those of this session, and where they are."""
        for node in self.nodes:
            for found in re.findall(rb"key=(\S+)", self.ask(node, b"lru_crawler metadump all\r\n")):
                key = urllib.parse.unquote(found.decode())
                if re.split("[-.]", cookie)[0] in key:
                    yield node, key

    def change(self, cookie, of_record, change):
        ((node, key),) = ((node, key) for node, key in self.keys(cookie) if ("owner:" in key) is of_record)
        head, _end, rest = self.ask(node, f"get {key}\r\n".encode()).partition(b"\r\n")
        flags, size = head.split()[2:4]
        value = change(rest[: int(size)])
        answer = self.ask(node, b"set %s %s 0 %d\r\n%b\r\n" % (key.encode(), flags, len(value), value), b"\r\n")
        assert answer == b"STORED\r\n"


class RedisSessions:
    """What a server holds of a session, for a test that breaks it."""

    def __init__(self, port):
        self.port = port

    def ask(self, *words):
        words = [word if isinstance(word, bytes) else str(word).encode() for word in words]
        question = b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%b\r\n" % (len(word), word) for word in words)
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as connection:
            connection.sendall(question)
            return connection.recv(65536)

    def key(self, cookie):
        return f"tomcat:session:localhost:{cookie}"

    def change(self, cookie, field, value):
        assert self.ask("HSET", self.key(cookie), field, value) == b":0\r\n"


class Pair:
    """Two Tomcats with the same store; the second one may serve a changed application."""

    def __init__(self, store, version, home, directory, settings):
        self.store, self.version, self.home, self.directory = store, version, home, directory
        self.instances = [loopback_tomcat.Instance(version, home, directory, name) for name in ("jvm1", "jvm2")]
        for instance in self.instances:
            loopback_store.bring(instance, store, processExpiresFrequency="1", **settings)
            loopback_store.start_quickly(instance)
            server = instance.base / "conf/server.xml"
            server.write_text(server.read_text().replace(' jvmRoute="', ' backgroundProcessorDelay="1" jvmRoute="'))
            for application in ("same", "gone", "changed"):
                shutil.copytree(home.parent / "same", instance.base / "webapps" / application)
        shutil.copytree(home.parent / "same", self.instances[0].base / "webapps/ROOT")
        shutil.copytree(home.parent / "same", self.instances[1].base / "webapps/ROOT")
        (self.instances[1].base / "webapps/gone/WEB-INF/classes/SessionPage$Own.class").unlink()
        shutil.rmtree(self.instances[1].base / "webapps/changed")
        shutil.copytree(home.parent / "changed", self.instances[1].base / "webapps/changed")

    def log(self, number):
        return self.instances[number].log()

    def not_stored(self, number, path):
        """What Tomcat says of its sessions that are not in the store."""
        context = urllib.parse.quote(path.rpartition("/")[0] or "/", safe="")
        bean = f"Catalina%3Atype%3DManager%2Chost%3Dlocalhost%2Ccontext%3D{context}"
        address = f"http://127.0.0.1:{self.instances[number].http}/roundrobin-sessions/?get={bean}&att=notStored"
        with urllib.request.urlopen(address) as answer:
            said = answer.read().decode().strip()
        assert said.startswith("OK - Attribute get"), said
        return said.rpartition("= ")[2]


def change_class(page):
    before = "Own implements Serializable {\n        private static final long serialVersionUID = 1L"
    assert before in page
    return page.replace(before, before.replace("1L", "2L"))


@pytest.fixture(scope="module", params=[case for cases in CASES.values() for case in cases])
def pair(request, tmp_path_factory):
    store, version = request.param
    home = loopback_store.unpack(version, store, tmp_path_factory.mktemp("home"))
    loopback_redis.make_application(version, home, home.parent / "same")
    loopback_redis.make_application(version, home, home.parent / "changed", changed=change_class)
    directory = tmp_path_factory.mktemp("bases")
    with contextlib.ExitStack() as stack:
        if store == "redis":
            port = stack.enter_context(loopback_store.redis_running())
            settings, sessions = loopback_store.settings_of_redis(port, directory), RedisSessions(port)
        else:
            nodes = [Memcached(), Memcached()]
            for node in nodes:
                stack.callback(node.stop)
            settings = loopback_store.settings_of_memcached(*(node.address for node in nodes))
            sessions = MemcachedSessions(nodes)
        two = Pair(store, version, home, directory, settings)
        two.sessions = sessions
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(stack.enter_context, [instance.running() for instance in two.instances]))
        yield two


@contextlib.contextmanager
def others_at_work(pair):
    """Users whose sessions go from one Tomcat to the other with every second request."""
    over = False

    def work(user):
        user.ask(0, "begin")
        counted = 0
        while not over or counted < 4:
            answer = user.ask(counted // 2 % 2, "count")
            assert isinstance(answer, dict) and answer.get("n") == counted + 1, (counted, answer)
            counted += 1
        assert user.ask(0, "look")["n"] == user.ask(1, "look")["n"] == counted
        return counted

    with ThreadPoolExecutor(OTHERS) as pool:
        working = [pool.submit(work, User(pair)) for _user in range(OTHERS)]
        try:
            yield
        finally:
            over = True
    assert all(work.result() > 1 for work in working)


def user_who_counted(pair, path="/page"):
    user = User(pair)
    user.ask(0, "begin", path=path)
    assert user.ask(0, "count", path=path)["n"] == 1
    return user


def said(pair, number, user, *words):
    """The lines of a Tomcat's log that name this user's session and all of the words."""
    session = re.split("[-.]", user.cookie)[0]
    return [line for line in pair.log(number).splitlines() if all(word in line for word in (session, *words))]


@pytest.mark.parametrize("what", ["nested", "deep"])
def test_an_attribute_that_cannot_be_serialized(pair, what):
    """Its Tomcat keeps it, the store gets all that is beside it, and the log names both."""
    with others_at_work(pair):
        user = user_who_counted(pair)
        assert user.ask(0, "hold", name=what)["n"] == 1
        shown = user.ask(0, "count"), user.ask(0, "look")
        assert (shown[0]["n"], shown[1]["held"]) == (2, True)
        moved = user.ask(1, "look")
        assert (moved.get("n"), moved.get("held")) == (2, False)
        assert user.ask(1, "count")["n"] == 3
        assert pair.not_stored(0, "/page") == "0 0 1 0"
        user.ask(0, "log out")
        assert pair.not_stored(0, "/page") == "0 0 0 0"
    assert len(said(pair, 0, user, "held")) == 1


@with_memcached
def test_a_session_that_is_too_large(pair):
    """The figures of those that a release would lose."""
    with others_at_work(pair):
        users = [user_who_counted(pair) for _user in range(2)]
        for user in users:
            user.ask(0, "hold", name="large")
            assert user.ask(0, "count")["n"] == 2
        sessions, largest, incomplete, refused = map(int, pair.not_stored(0, "/page").split())
        assert (sessions, incomplete, refused) == (2, 0, 0)
        assert 1_500_000 < largest < 1_510_000
        for user in users:
            assert user.ask(0, "hold", name="own")["n"] == 2
        assert pair.not_stored(0, "/page") == "0 0 0 0"
        assert user.ask(1, "count")["n"] == 3
    assert said(pair, 0, users[0], "object too large for cache")


def test_a_list_that_parallel_requests_add_to(pair):
    """It is written while it is added to, which fails in that moment."""
    user = user_who_counted(pair)
    user.ask(0, "share")
    for _time in range(20):
        user.ask_at_once([0], "list")
    assert user.ask(1)["list"] == 20_000 + 20 * 6
    assert "ConcurrentModificationException" not in pair.log(0)


def test_an_attribute_that_is_not_serializable(pair):
    """Redis refuses it where it is set, so that the user sees an error, and nothing else."""
    user = user_who_counted(pair)
    held = user.ask(0, "hold", name="plain")
    assert held == 500 if pair.store == "redis" else held["n"] == 1
    assert user.ask(1, "count")["n"] == 2
    assert len(said(pair, 0, user, "held")) == (0 if pair.store == "redis" else 1)


def test_a_tomcat_with_such_a_session_still_owns_those_of_others(pair):
    """A request of another user takes longer than a lease, and one that meets the other Tomcat waits for it."""
    bad, user = user_who_counted(pair), user_who_counted(pair)
    bad.ask_later(0, "hold", name="deep")
    slow = user.ask_later(0, "set late", name="late", ms=1000 * LEASE_SECONDS + 1200)
    time.sleep(0.3)
    answer = user.ask(1, "count")
    assert slow.done()
    assert "late" in answer["names"]


@pytest.mark.parametrize("application", ["gone", "changed"])
def test_a_class_that_the_other_release_does_not_have(pair, application):
    path = f"/{application}/page"
    with others_at_work(pair):
        user = user_who_counted(pair, path)
        user.ask(0, "hold", name="own", path=path)
        assert user.ask(1, "count", path=path).get("n") == 2
        there = user.ask(1, "look", path=path)
        if pair.store == "memcached":
            assert there["held"] is False
        else:
            # A page that reads it is answered with an error, and the release that has the class still finds it.
            assert there == 500
            assert user.ask(0, "look", path=path)["held"] is True
        assert user.ask(1, "count", path=path)["n"] == 3
        assert user.ask(0, "count", path=path)["n"] == 4
    assert said(pair, 1, user, "held", "SessionPage$Own")


def garbage(_value):
    return b"\xff\x00garbage" * 5


def cut(value):
    return value[: len(value) // 2]


def another_version(value):
    return b"\x00\x09" + value[2:]


def huge(value):
    """The length of an array of bytes, for which no memory is enough: an attribute of the test's own making."""
    stream = b"\xac\xed\x00\x05sr\x00\x11java.lang.Integer\x12\xe2\xa0\xa4\xf7\x81\x878\x02\x00\x01I\x00\x05valuexr\x00\x10java.lang.Number"
    stream += b"\x86\xac\x95\x1d\x0b\x94\xe0\x8b\x02\x00\x00xp\x00\x00\x00\x01t\x00\x04hugeur\x00\x02[B\xac\xf3\x17\xf8\x06\x08T\xe0"
    fields = int.from_bytes(value[2:4], "big")
    return value[:fields] + stream + b"\x02\x00\x00xp\x7f\xff\xff\xff"


@with_memcached
@pytest.mark.parametrize("change", [garbage, huge, *([cut, another_version] if FULL else [])])
def test_memcached_has_broken_bytes(pair, change):
    """Where the session is in memory it goes on as before. Elsewhere its user begins anew."""
    with others_at_work(pair):
        user = user_who_counted(pair)
        pair.sessions.change(user.cookie, False, change)
        assert user.ask(0, "look")["n"] == 1
        pair.sessions.change(user.cookie, False, change)
        moved = User(pair)
        moved.cookie = user.cookie
        assert moved.ask(1, "look") == {"session": False}
        # Its owner has it still, and stores it anew.
        assert user.ask(0, "count")["n"] == 2
        assert user.ask(1, "count")["n"] == 3
    assert said(pair, 1, user)


@with_memcached
def test_memcached_has_a_broken_record(pair):
    """Of a session that moves, and of one that its owner goes on with: that one cuts the connection, and goes to the other node."""
    with others_at_work(pair):
        moves = user_who_counted(pair)
        pair.sessions.change(moves.cookie, True, garbage)
        assert moves.ask(1, "count")["n"] == 2
        assert moves.ask(0, "count")["n"] == 3
    assert said(pair, 1, moves, "record")
    stays = user_who_counted(pair)
    pair.sessions.change(stays.cookie, True, garbage)
    assert [stays.ask(0, "count")["n"] for _time in range(3)] == [2, 3, 4]
    wait_until(lambda: pair.not_stored(0, "/page").startswith("0 0 "), 20)
    assert stays.ask(1, "count")["n"] == 5


@with_redis
def test_redis_has_a_broken_attribute(pair):
    """A page that reads it is answered with an error; all others of the session are there."""
    with others_at_work(pair):
        user = user_who_counted(pair)
        user.ask(0, "hold", name="own")
        pair.sessions.change(user.cookie, "=held", garbage(b""))
        pair.sessions.ask("HINCRBY", pair.sessions.key(user.cookie), "version", "1")
        assert user.ask(1, "count")["n"] == 2
        assert user.ask(1, "look") == 500
        assert user.ask(1, "hold", name="own")["n"] == 2
        assert user.ask(0, "look")["held"] is True
    assert said(pair, 1, user, "held")


@with_redis
@pytest.mark.parametrize("field", ["accessed", *(["timeout", "created", "version"] if FULL else [])])
def test_redis_has_a_broken_session(pair, field):
    """It counts as ended, and every other session ends in its time."""
    with others_at_work(pair):
        users = [User(pair) for _user in range(8)]
        for number, user in enumerate(users):
            user.ask(0, "begin", name=f"{field}{number}", timeout=3)
        for user in users[::2]:
            pair.sessions.change(user.cookie, field, garbage(b""))
        broken = users[0]
        assert broken.ask(1) == {"session": False}
        assert user_who_counted(pair).ask(1, "count")["n"] == 2
        wait_until(
            lambda: (
                {f"{field}{number}" for number in range(1, 8, 2)}
                <= set(re.findall(r"^destroyed (\S+) ", pair.log(0) + pair.log(1), re.MULTILINE))
            ),
            20,
            lambda: pair.log(0),
        )
    assert said(pair, 1, broken)


@with_redis
def test_redis_has_something_else(pair):
    """Under the key of the session."""
    with others_at_work(pair):
        user = user_who_counted(pair)
        ends = User(pair)
        ends.ask(0, "begin", name="beside", timeout=3)
        pair.sessions.ask("SET", pair.sessions.key(user.cookie), "something else")
        assert [user.ask(number) for number in (1, 0)] == [{"session": False}] * 2
        wait_until(lambda: "destroyed beside" in pair.log(0), 20)
    assert said(pair, 1, user)
