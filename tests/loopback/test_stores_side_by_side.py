# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What differs by store: when a session ends and how often the application is told, and what is stored of it. docs/sessions.md cites this.

Two real Tomcats with an application for each store. All ways are walked at the same time, as they mostly wait.
"""

from __future__ import annotations

import itertools
import os
import time
from concurrent.futures import ThreadPoolExecutor

import archives
import loopback_stores
import pytest
from loopback_memcached import Memcached, needs_memcached
from loopback_redis import ANN
from loopback_store import needs_redis
from loopback_stores import STORES, User

pytestmark = [needs_memcached, needs_redis]

BRANCHES = sorted(archives.releases(), key=lambda version: int(version.split(".")[0]))
VERSIONS = BRANCHES if os.environ.get("RUN_FULL") else BRANCHES[1:2]
#: Seconds. Short, and long enough for a busy machine.
TIMEOUT = 5
#: Longer than memcached takes a number of seconds for one.
MONTH = 31 * 24 * 3600
IMAGE = "/page.jpg"
#: Not sticky: a session is in no memory, and so nobody sees that it is over.
TELLS_TIMEOUTS = set(STORES) - {"loose"}
CLUSTERS = {"delta", "backup"}


@pytest.fixture(scope="module", params=VERSIONS)
def pair(request, tmp_path_factory):
    memcached = Memcached()
    try:
        with loopback_stores.running(request.param, tmp_path_factory.mktemp("pair"), memcached) as pair:
            pair.memcached = memcached
            yield pair
    finally:
        memcached.stop()


# -- when a session ends -------------------------------------------------------


def is_left_alone(user):
    user.ask(0, "begin", name=user.name, timeout=TIMEOUT)
    return time.time() + TIMEOUT


def is_left_alone_after_a_move(user):
    user.ask(0, "begin", name=user.name, timeout=TIMEOUT)
    time.sleep(TIMEOUT / 2)
    moved = time.time()
    assert user.ask(1)["session"]
    return moved + TIMEOUT


def is_only_read(user):
    user.ask(0, "begin", name=user.name, timeout=TIMEOUT)
    for _visit in range(12):
        time.sleep(TIMEOUT / 4)
        assert user.ask(0)["session"]
    moved = time.time()
    assert user.ask(1)["session"]
    return moved + TIMEOUT


def has_a_shorter_timeout(user):
    """Nothing else of the session changes with it."""
    user.ask(0, "begin", name=user.name)
    user.ask(0, "look at nothing", timeout=TIMEOUT)
    moved = time.time()
    assert user.ask(1)["session"]
    return moved + TIMEOUT


def is_in_use_elsewhere(user):
    """For longer than the copy here lasts, which may be twice the timeout. Then it is ended there."""
    user.ask(0, "begin", name=user.name, timeout=TIMEOUT)
    for visit in range(1, 13):
        time.sleep(TIMEOUT / 4)
        assert user.ask(1, "count")["n"] == visit
    assert user.ask(0, "count")["n"] == 13
    ended = time.time()
    user.ask(1, "log out")
    return ended


def is_ended_elsewhere(user):
    user.ask(0, "begin", name=user.name, timeout=TIMEOUT)
    assert [user.ask(number, "count")["n"] for number in (1, 0)] == [1, 2]
    ended = time.time()
    user.ask(1, "log out")
    assert [user.ask(number)["session"] for number in (0, 1)] == [False, False]
    return ended


TIMES_OUT = (is_left_alone, is_left_alone_after_a_move, is_only_read, has_a_shorter_timeout)
IS_ENDED = (is_in_use_elsewhere, is_ended_elsewhere)


def never_ends(user, timeout):
    """It begins with a short timeout, which is then changed alone."""
    user.ask(0, "begin", name=user.name, timeout=TIMEOUT)
    user.ask(0, "look at nothing", timeout=timeout)
    user.ask(1, "count")
    time.sleep(TIMEOUT * 2.5)
    assert [user.ask(number, "count")["n"] for number in (1, 0, 1, 0)] == [2, 3, 4, 5]


def walk(pair, store, way, *arguments):
    """The user who walked a way, and what it returned. A machine that was too slow for the timeout proves nothing: it is walked again."""
    for attempt in range(5):
        user = User(pair, store, ":".join(map(str, (way.__name__, *arguments, attempt))))
        error = returned = None
        try:
            returned = way(user, *arguments)
        except (AssertionError, KeyError, TypeError) as caught:
            error = caught
        if user.slowest < TIMEOUT / 4:
            break
    assert error is None, f"{user}, slowest request {user.slowest:.1f} s: {error!r}"
    return user, returned


def test_when_sessions_end(pair):
    with ThreadPoolExecutor(64) as pool:
        # The first requests to a Tomcat take longer than the others.
        for first in [pool.submit(User(pair, store).ask, number, "begin") for store in STORES for number in (0, 1)]:
            first.result()
        ends = [
            (way, pool.submit(walk, pair, store, way)) for store, way in itertools.product(STORES, TIMES_OUT + IS_ENDED)
        ]
        stay = [
            pool.submit(walk, pair, store, never_ends, timeout)
            for store, timeout in itertools.product(STORES, (-1, 0, MONTH))
        ]
    # Until every copy is over too.
    time.sleep(2 * TIMEOUT + 2)
    for result in stay:
        user, _none = result.result()
        assert pair.destroyed(user.name) == []
    for way, result in ends:
        user, ended = result.result()
        destroyed = pair.destroyed(user.name)
        assert len(destroyed) == (1 if way in IS_ENDED or user.store in TELLS_TIMEOUTS else 0), user
        assert all(when >= ended - 0.1 for _number, when in destroyed), user
        assert [user.ask(number)["session"] for number in (0, 1)] == [False, False], user


# -- what is stored ------------------------------------------------------------


def names(user, number):
    return set((user.ask(number).get("names") or "").split())


@pytest.mark.parametrize("store", STORES)
def test_an_object_is_changed_in_place(pair, store):
    user = User(pair, store)
    user.ask(0, "begin")
    user.ask(0, "list", name="any")
    user.ask(0, "click")
    shown = user.ask(1)
    assert (shown["list"], shown["clicks"]) == ((0, 0) if store in CLUSTERS else (1, 1))


@pytest.mark.parametrize("store", STORES)
def test_a_filter_sets_all_attributes_again(pair, store):
    user = User(pair, store)
    user.ask(0, "begin")
    user.ask(0, "list", "/again", name="any")
    user.ask(0, "click", "/again")
    shown = user.ask(1)
    assert (shown["list"], shown["clicks"]) == (1, 1)


@pytest.mark.parametrize("store", STORES)
def test_a_request_that_matches_the_pattern_changes_the_session(pair, store):
    """It is kept at once, or, with the clusters, with the next request that does not match."""
    user = User(pair, store)
    user.ask(0, "begin")
    user.ask(0, "set", IMAGE, name="here")
    assert "here" in names(user, 0)
    user.ask(1, "set", IMAGE, name="there")
    assert {"here", "there"} <= names(user, 1)
    user.ask(1, "set", IMAGE, name="last")
    assert ("last" in names(user, 0)) == (store not in CLUSTERS)


@pytest.mark.parametrize("store", STORES)
def test_a_request_that_matches_the_pattern_begins_a_session(pair, store):
    user = User(pair, store)
    user.ask(0, "begin", IMAGE)
    shown = user.ask(1)
    assert shown["session"]
    assert (shown["n"] == 0) == (store not in CLUSTERS)


@pytest.mark.parametrize("store", STORES)
def test_a_request_that_matches_the_pattern_needs_a_login(pair, store):
    user = User(pair, store)
    user.ask(0, path="/account")
    # Tomcat sends the login page before the session is stored: docs/sessions.md, "A login page".
    time.sleep(0.5)
    assert user.ask(0, path="/j_security_check", **ANN) in (302, 303)
    for path in ("/account.jpg", IMAGE):
        # Not sticky, Tomcat does not look for a login where nothing asks for one.
        name = None if store == "loose" and path == IMAGE else "ann"
        assert [user.ask(number, path=path)["user"] for number in (0, 1, 0)] == [name] * 3


@pytest.mark.parametrize("store", ["memcached", "loose"])
def test_a_picture_costs_nothing(pair, store):
    """Not sticky, the end of a request at which nobody looked for the session would ask for it."""
    user = User(pair, store)
    user.ask(0, "begin")
    time.sleep(0.5)

    def commands(path):
        before = pair.memcached.commands()
        for _picture in range(50):
            assert user.ask(0, path=path) == 404
        time.sleep(0.5)
        return pair.memcached.commands() - before

    # Each Tomcat asks each node something once in a second.
    assert commands("/picture.jpg") < 50 <= commands("/picture")


# -- the end of a Tomcat -------------------------------------------------------


def test_a_tomcat_stops(pair):
    """Which of the sessions the listeners there run for: those that began there, and those that it has a copy of."""
    users = {}
    for store in STORES:
        for first in (0, 1):
            user = users[store, first] = User(pair, store, f"at_a_stop:{first}")
            user.ask(first, "begin", name=user.name)
            user.ask(first, "count")
    pair.stop(0)
    for (store, _first), user in users.items():
        told = [0] if store == "delta" else []
        assert [number for number, _when in pair.destroyed(user.name)] == told, user.name
        assert user.ask(1, "count")["n"] == 2, user.name
        user.ask(1, "log out")
        assert [number for number, _when in pair.destroyed(user.name)] == [*told, 1], user.name
