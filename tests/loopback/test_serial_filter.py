# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whoever writes to a session store runs nothing in a Tomcat: what tomcat_instance_serial_filter refuses is not read. docs/sessions.md cites this.

Two real Tomcats with an application for each store. The first one has no filter, to show what the second one is spared.
"""

from __future__ import annotations

import contextlib
import re
import time
import types
import urllib.parse
import urllib.request

import archives
import loopback_store
import loopback_stores
import loopback_tomcat
import pytest
from loopback import ROOT, wait_until
from loopback_memcached import Memcached, needs_memcached
from loopback_store import needs_redis
from loopback_stores import User
from test_one_session import FULL, MemcachedSessions, RedisSessions

pytestmark = [needs_memcached, needs_redis]

BRANCHES = sorted(archives.releases(), key=lambda version: int(version.split(".")[0]))
VERSIONS = BRANCHES if FULL else BRANCHES[1:2]
RAN = "the gadget ran"
REFUSED = "jdk.serialFilter refuses bsh.Gadget"
#: A java.lang.Integer, and how its class is named again in the same stream.
INTEGER = (
    b"sr\x00\x11java.lang.Integer\x12\xe2\xa0\xa4\xf7\x81\x878\x02\x00\x01I\x00\x05valuexr\x00\x10java.lang.Number"
    b"\x86\xac\x95\x1d\x0b\x94\xe0\x8b\x02\x00\x00xp"
)
AGAIN = b"sq\x00~\x00\x00"
GADGET = b"sr\x00\x0absh.Gadget" + (1).to_bytes(8, "big") + b"\x02\x00\x00xp"
HUGE = b"ur\x00\x02[B\xac\xf3\x17\xf8\x06\x08T\xe0\x02\x00\x00xp\x7f\xff\xff\xff"


class StoreOfMemcached(MemcachedSessions):
    """Not sticky, memcached has beside a session what its validity is, and who locks it."""

    def keys(self, cookie):
        return ((node, key) for node, key in super().keys(cookie) if not re.search(r"(validity|lock|bak):", key))


class StoreOfRedis(RedisSessions):
    def key(self, cookie):
        return f"tomcat:session:localhost/redis:{cookie}"


def prepare(pair):
    """The second one is told to name the classes of what is no session in memcached or Redis."""
    pair.instances[0].options = ""
    with (pair.instances[1].base / "conf/logging.properties").open("a") as properties:
        properties.write("\njava.io.serialization.level = FINE\n")


@pytest.fixture(scope="module", params=VERSIONS)
def pair(request, tmp_path_factory):
    memcached = Memcached()
    try:
        with loopback_stores.running(request.param, tmp_path_factory.mktemp("pair"), memcached, prepare) as pair:
            pair.memcached = StoreOfMemcached([memcached])
            pair.redis = StoreOfRedis(pair.redis_port)
            yield pair
    finally:
        memcached.stop()


def begun(pair, store):
    user = User(pair, store)
    user.ask(0, "begin")
    assert user.ask(0, "count")["n"] == 1
    return user


def log(pair, number, since=0):
    return pair.instances[number].log()[since:]


def refused(pair, application):
    """How often the second Tomcat says that something of this application was not read."""
    bean = urllib.parse.quote(f"Catalina:type=Manager,host=localhost,context=/{application}", safe="")
    address = f"http://127.0.0.1:{pair.instances[1].http}/roundrobin-sessions/?get={bean}&att=notStored"
    with urllib.request.urlopen(address) as answer:
        return int(answer.read().split()[-1])


def lay(pair, user, value):
    """Put an object where the store has an attribute of this user's session."""
    if user.store == "redis":
        pair.redis.ask("HSET", pair.redis.key(user.cookie), "=held", b"\xac\xed\x00\x05" + value)
        pair.redis.ask("HINCRBY", pair.redis.key(user.cookie), "version", "1")
        return

    def change(stored):
        fields = int.from_bytes(stored[2:4], "big")
        attributes = INTEGER + (2).to_bytes(4, "big") + b"t\x00\x04held" + value
        return stored[:fields] + b"\xac\xed\x00\x05" + attributes + b"t\x00\x01n" + AGAIN + (1).to_bytes(4, "big")

    pair.memcached.change(user.cookie, False, change)


@pytest.mark.parametrize("store", ["memcached", "loose", "redis"])
def test_an_object_that_somebody_lays_into_the_store(pair, store):
    user, other = begun(pair, store), begun(pair, store)
    before, seen = refused(pair, store), len(log(pair, 1))
    lay(pair, user, GADGET)
    # All else of the session is there.
    assert user.ask(1, "count")["n"] == 2
    looked = user.ask(1, "look")
    assert looked == 500 if store == "redis" else looked["held"] is False
    said = log(pair, 1, seen)
    assert RAN not in said
    assert any(REFUSED in line and "held" in line and user.cookie[:16] in line for line in said.splitlines())
    assert refused(pair, store) > before
    assert other.ask(1, "count")["n"] == 2


@pytest.mark.parametrize("store", ["memcached", "redis"])
def test_without_the_filter_it_runs(pair, store):
    user = begun(pair, store)
    user.ask(1, "count")
    seen = len(log(pair, 0))
    lay(pair, user, GADGET)
    user.ask(0, "look")
    assert RAN in log(pair, 0, seen)


@pytest.mark.parametrize("store", ["memcached", "redis"])
def test_an_array_that_no_memory_is_enough_for(pair, store):
    """With ExitOnOutOfMemoryError it would be the end of the Tomcat, and of whoever takes the session over after it."""
    user, other = begun(pair, store), begun(pair, store)
    before, seen = refused(pair, store), len(log(pair, 1))
    lay(pair, user, HUGE)
    looked = user.ask(1, "look")
    assert looked == 500 if store == "redis" else looked == {"session": False}
    assert "OutOfMemoryError" not in log(pair, 1, seen)
    assert refused(pair, store) > before
    assert other.ask(1, "count")["n"] == 2


@pytest.mark.parametrize("store", ["delta", "backup"])
def test_what_the_other_tomcat_sends(pair, store):
    """Its message is not read; the session goes on as it was before, and those of others as ever."""
    user, other = begun(pair, store), begun(pair, store)
    seen = len(log(pair, 1))
    user.ask(0, "hold", name="bsh.Gadget")
    wait_until(lambda: "filter status: REJECTED" in log(pair, 1, seen), 20, lambda: log(pair, 1, seen))
    said = log(pair, 1, seen)
    assert RAN not in said
    assert any("REJECTED" in line and "bsh.Gadget" in line for line in said.splitlines())
    assert other.ask(1, "count")["n"] == 2
    assert user.ask(1, "look")["held"] is False


@pytest.mark.skipif(not FULL, reason="Maven builds the applications for minutes")
@pytest.mark.parametrize("store", ["memcached", "redis"])
def test_sessions_of_frameworks_hold_nothing_that_is_refused(tmp_path, monkeypatch, store):
    """Spring Boot with Spring Security, and Faces with CDI (tests/frameworks): the requests of their users go to both Tomcats in turn."""
    for folder in ("frameworks", "load"):
        monkeypatch.syspath_prepend(str(ROOT / "tests" / folder))
    monkeypatch.setattr(loopback_tomcat, "START_SECONDS", 600)
    import shoppers
    import wars
    from browsers import Crowd

    version = BRANCHES[1]
    home = loopback_store.unpack(version, store, tmp_path / "home")
    with contextlib.ExitStack() as stack:
        if store == "redis":
            settings = loopback_store.settings_of_redis(stack.enter_context(loopback_store.redis_running()), tmp_path)
        else:
            node = Memcached()
            stack.callback(node.stop)
            settings = loopback_store.settings_of_memcached(node.address)
        instances = [loopback_tomcat.Instance(version, home, tmp_path, name) for name in ("jvm1", "jvm2")]
        for instance in instances:
            loopback_store.bring(instance, store, **settings)
            for name in wars.NAMES:
                wars.release(name, "1.0", instance.base / f"webapps/{name}.war")
            stack.enter_context(instance.running())
        sites = [("127.0.0.1", instance.http) for instance in instances]
        crowds = {
            name: stack.enter_context(Crowd(sites, 4, 0, kind))
            for name, kind in (("spring", shoppers.SpringShopper), ("faces", shoppers.FacesShopper))
        }
        wait_until(lambda: all(len(shopper.added) > 5 for crowd in crowds.values() for shopper in crowd.browsers), 300)
        time.sleep(1)
        for name in crowds:
            assert refused(types.SimpleNamespace(instances=instances), name) == 0
            assert refused(types.SimpleNamespace(instances=instances[::-1]), name) == 0
    assert not [fault for crowd in crowds.values() for shopper in crowd.browsers for fault in shopper.faults]
    for instance in instances:
        assert "jdk.serialFilter refuses" not in instance.log()
        assert "filter status" not in instance.log()
