# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What users see who keep their session in Redis: as they would with one Tomcat alone.

Three real Tomcats with the role's session manager, and a Redis. docs/sessions.md cites this. Each way is walked by several users at a time.
"""

from __future__ import annotations

import os
import re
import time
from concurrent.futures import ThreadPoolExecutor

import archives
import loopback_store
import pytest
from loopback import wait_until
from loopback_redis import ANN, Tomcats, User
from loopback_store import needs_redis, redis_running

pytestmark = needs_redis

BRANCHES = sorted(archives.releases(), key=lambda version: int(version.split(".")[0]))
# The one in the middle: no other test on loopback has it.
VERSIONS = [BRANCHES[1], BRANCHES[0], BRANCHES[2]] if os.environ.get("RUN_FULL") else BRANCHES[1:2]
USERS = 20 if os.environ.get("RUN_FULL") else 5
LEASE_SECONDS = 3
PATIENCE_SECONDS = 5


@pytest.fixture(scope="module", params=VERSIONS)
def tomcats(request, tmp_path_factory):
    home = loopback_store.unpack(request.param, "redis", tmp_path_factory.mktemp("home"))
    with redis_running() as port:
        three = Tomcats(request.param, home, tmp_path_factory.mktemp("bases"), port)
        with three.stack:
            three.start(0, 1, 2)
            yield three


def parallel_attributes(user, *numbers):
    user.ask(numbers[0], "begin")
    user.ask_at_once(numbers, "set")
    assert set("abcdef") <= set(user.ask(numbers[0])["names"].split())


def parallel_counts(user, *numbers):
    user.ask(numbers[0], "begin")
    for round_number in (1, 2):
        counted = user.ask_at_once(numbers, "count")
        assert sorted(answer["n"] for answer in counted)[-1] == 6 * round_number
    assert user.ask(numbers[-1])["n"] == 12


def parallel_list(user, *numbers):
    user.ask(numbers[0], "begin")
    user.ask_at_once(numbers, "list")
    assert user.ask(numbers[0])["list"] == 6
    user.ask_at_once(numbers, "list")
    assert user.ask(numbers[-1])["list"] == 12


def parallel_bean(user, *numbers):
    user.ask(numbers[0], "begin")
    user.ask_at_once(numbers, "click")
    assert user.ask(numbers[0])["clicks"] == 6
    user.ask_at_once(numbers, "click")
    assert user.ask(numbers[-1])["clicks"] == 12


def moves(user):
    """All kinds of changes, and each is there on the next Tomcat."""
    user.ask(0, "begin")
    for visit in range(1, 7):
        for change in ("count", "list", "click"):
            user.ask(visit % 3, change, name=change)
        shown = user.ask((visit + 1) % 3)
        assert (shown["n"], shown["list"], shown["clicks"]) == (visit, visit, visit)


def logs_out_during_a_request(user):
    """The request has the session; the logout waits for its end, and nothing brings the session back."""
    user.ask(0, "begin")
    slow = user.ask_later(0, "set late", name="late", ms=700)
    time.sleep(0.3)
    user.ask(1, "log out")
    slow.result()
    assert [user.ask(number)["session"] for number in range(3)] == [False] * 3


def logs_out_during_a_long_request(user):
    """Nobody waits for that one. It ends when the session is gone already, and does not bring it back."""
    user.ask(0, "begin")
    slow = user.ask_later(0, "set late", name="late", ms=1000 * (PATIENCE_SECONDS + 4))
    time.sleep(0.3)
    user.ask(1, "log out")
    assert not slow.done()
    slow.result()
    assert [user.ask(number)["session"] for number in range(3)] == [False] * 3


def goes_on_during_a_long_request(user):
    """Nobody waits longer than for the patience, what the request has done is there, and what it does at its end is added."""
    user.ask(0, "begin")
    early = user.ask_later(0, "set", name="early", ms=1000 * (PATIENCE_SECONDS + 4))
    late = user.ask_later(0, "set late", name="late", ms=1000 * (PATIENCE_SECONDS + 4))
    time.sleep(0.3)
    began = time.monotonic()
    shown = user.ask(1, "count")
    assert time.monotonic() - began < PATIENCE_SECONDS + 2
    assert shown["n"] == 1 and "early" in shown["names"]
    assert user.ask(0, "count")["n"] == 2
    assert user.ask(2, "count")["n"] == 3
    assert not early.done() and not late.done()
    early.result(), late.result()
    shown = user.ask(1, "count")
    assert shown["n"] == 4 and {"early", "late"} <= set(shown["names"].split())


def is_known_to_one_application_only(user):
    user.ask(0, "begin")
    for number in range(2):
        assert user.ask(number, path="/shop/page") == {"session": False}
        user.ask(number, "log out", path="/shop/page")
    assert user.ask(0, "count")["n"] == 1


def logs_in(user):
    """FORM: each step is answered by another Tomcat."""
    assert user.ask(0, path="/account")["user"] is None
    assert user.ask(1, path="/j_security_check", **ANN) in (302, 303)
    assert user.ask(2, path="/account")["user"] == "ann"
    assert user.ask(0, path="/account")["user"] == "ann"
    user.ask(1, "log out")
    assert user.ask(0, path="/account")["user"] is None


def gets_a_new_id(user):
    user.ask(0, "begin")
    for visit in range(1, 4):
        before = user.cookie
        user.ask(visit % 3, "renew")
        assert user.cookie != before
        assert user.ask((visit + 1) % 3, "count")["n"] == visit


WAYS = [
    *(
        pytest.param(way, numbers, id=f"{way.__name__}-{where}")
        for way in (parallel_attributes, parallel_counts, parallel_list, parallel_bean)
        for where, numbers in (("one", (0,)), ("three", (0, 1, 2)))
    ),
    *(
        pytest.param(way, (), id=way.__name__)
        for way in (
            moves,
            logs_out_during_a_request,
            *([logs_out_during_a_long_request] if os.environ.get("RUN_FULL") else []),
            goes_on_during_a_long_request,
            is_known_to_one_application_only,
            logs_in,
            gets_a_new_id,
        )
    ),
]


def walk(tomcats, way, numbers=()):
    """What went wrong, for each user who saw something wrong."""

    def complaint(user):
        try:
            way(user, *numbers)
        except (AssertionError, KeyError, TypeError) as error:
            return f"{type(error).__name__}: {error}"
        return None

    with ThreadPoolExecutor(USERS if "long" in way.__name__ else 4) as pool:
        return [found for found in pool.map(complaint, [User(tomcats) for _user in range(USERS)]) if found]


@pytest.mark.parametrize(("way", "numbers"), WAYS)
def test_every_user_sees_his_session(tomcats, way, numbers):
    assert walk(tomcats, way, numbers) == []


def test_a_session_ends_once(tomcats):
    """All Tomcats have it in memory, and it ends when none of them has been asked for it any more."""
    users = {f"user{number}": User(tomcats) for number in range(USERS)}
    for name, user in users.items():
        user.ask(0, "begin", name=name, timeout=3)
    for _second in range(5):
        time.sleep(1)
        for user in users.values():
            assert user.ask(1)["session"] and user.ask(2)["session"]
    assert all(user.ask(0)["session"] for user in users.values())

    def ended():
        logs = "".join(instance.log() for instance in tomcats.instances)
        return sorted(re.findall(r"^destroyed (user\d+) ", logs, re.MULTILINE))

    assert ended() == []
    wait_until(lambda: len(ended()) >= USERS, 20, lambda: str(ended()))
    time.sleep(2)
    assert ended() == sorted(users)


def test_a_tomcat_is_killed(tomcats):
    """In the middle of a request. What was answered before is kept; nobody waits for longer than the dead Tomcat's lease."""
    users = [User(tomcats) for _user in range(USERS)]
    for user in users:
        user.ask(0, "begin")
        for change in ("count", "list", "click"):
            user.ask(0, change, name=change)
        user.ask_later(0, "set late", name="late", ms=20_000)
    time.sleep(1)
    tomcats.kill(0)

    def go_on(user):
        began = time.monotonic()
        shown = user.ask(1, "count")
        return (shown["n"], shown["list"], shown["clicks"]), time.monotonic() - began < LEASE_SECONDS + 1

    try:
        with ThreadPoolExecutor(USERS) as pool:
            assert list(pool.map(go_on, users)) == [((2, 1, 1), True)] * USERS
    finally:
        tomcats.start(0)
    assert [user.ask(0, "count")["n"] for user in users] == [3] * USERS
