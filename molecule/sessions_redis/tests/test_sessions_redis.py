# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What users of a session in Redis see through httpd while the traffic moves between living instances, and when something dies.

The ways are those of molecule/shared/ways.py and some more, and every way is a test of its own on each of the three Tomcats.
"""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from chain import Chain
from lengths import at_length
from ways import (
    USERS,
    WAYS,
    Site,
    User,
    asks_in_parallel_after_a_move,
    each,
    logs_in_with_a_page_from_the_other_side,
    moves_during_a_slow_request,
    names,
    walk,
)

testinfra_hosts = ["web"]
PAIRS = ("t9", "t10", "t11")
PLAIN = "org.redisson.tomcat.RedissonSessionManager"
OURS = "org.roundrobin.tomcat.RedisSessionManager"


def has_a_slow_request_while_moving(user):
    assert user.count() == 1
    slow = threading.Thread(target=user._ask, args=[f"counter?ms={3000 * user.site.seconds_of_a_move:.0f}"])
    slow.start()
    time.sleep(1)
    yield
    # What the slow request has done is there too.
    assert [user.count() for _click in range(3)] == [3, 4, 5]
    assert slow.is_alive()
    slow.join()
    yield
    assert [user.count(), user.count()] == [6, 7]


def comes_back_to_a_slow_request(user):
    assert user.count() == 1
    slow = threading.Thread(target=user._ask, args=[f"counter?ms={4000 * user.site.seconds_of_a_move:.0f}"])
    slow.start()
    time.sleep(1)
    yield
    assert user.count() == 3
    yield
    # What the slow request has read is old by now, and not what the others are told.
    assert slow.is_alive()
    assert user.count() == 4
    slow.join()


def logs_out_of_the_realm(user):
    user.get("account")
    user.log_in()
    yield
    assert user.get("account").json()["user"] == "ann"
    user.get("logout")
    yield
    assert "j_password" in user.get("account").text


OUR_WAYS = [
    *(way for way in WAYS if way is not moves_during_a_slow_request),
    has_a_slow_request_while_moving,
    comes_back_to_a_slow_request,
    logs_out_of_the_realm,
]


@pytest.fixture(scope="module")
def site():
    site = Site(Chain.of_scenario(), {pair: f"{pair}/" for pair in PAIRS})
    site.warm_up()
    return site


@pytest.fixture(scope="module")
def wrong(site):
    return walk(site, ways=OUR_WAYS)


@pytest.fixture
def users(site):
    """On the a side, with both open: some who have counted to 5, the last four at once, and some who are logged in to Tomcat's realm."""
    counting, logged_in = site.users(), site.users()
    site.move("a")
    assert each(counting, User.count) == [1] * len(counting)
    each(logged_in, lambda user: user.get("account"))
    each(logged_in, User.log_in)
    site.move("tomcat")
    assert each(counting, lambda user: user.count_in_parallel(4)) == [[2, 3, 4, 5]] * len(counting)
    return counting, logged_in


@pytest.mark.parametrize("pair", PAIRS)
@pytest.mark.parametrize("way", [way.__name__ for way in OUR_WAYS])
def test_a_user_who_moves(wrong, way, pair):
    assert wrong[way, pair] == []


def test_a_killed_tomcat_loses_neither_session_nor_update(site, users):
    counting, logged_in = users
    site.kill_tomcats("a")
    assert each(counting, User.count) == [6] * len(counting)
    assert names(logged_in) == {"ann"}
    site.start_tomcats("a")
    site.move("a")
    assert each(counting, User.count) == [7] * len(counting)
    assert names(logged_in) == {"ann"}


def longest_wait(counting, event):
    """Let all of them count, one request after another, from before the event until after it, and return the longest wait."""
    over = threading.Event()
    waits = []

    def work(user):
        number = user.count()
        while not over.is_set():
            began = time.monotonic()
            assert user.count() == number + 1
            waits.append(time.monotonic() - began)
            number += 1

    with ThreadPoolExecutor(len(counting)) as pool:
        work_done = [pool.submit(work, user) for user in counting]
        try:
            time.sleep(1)
            event()
            time.sleep(3)
        finally:
            over.set()
        for work in work_done:
            work.result()
    return max(waits)


def test_users_wait_while_redis_restarts(site, users):
    counting, logged_in = users
    for event in ("restart", "kill --signal=KILL"):
        wait = longest_wait(
            counting[:: USERS // 5], lambda event=event: site.command("store", f"systemctl {event} redis-node")
        )
        print(f"systemctl {event}: the longest wait was {wait:.1f} s")
        assert wait < 12
    assert names(logged_in) == {"ann"}


def test_without_redis_users_see_errors_and_keep_their_session(site, users):
    counting, logged_in = users
    site.command("store", "systemctl stop redis-node")
    began = time.monotonic()
    answers = each([user for user in counting if user.pair == "t9"], lambda user: user._ask("counter"))
    print(f"without Redis: the longest wait was {time.monotonic() - began:.1f} s")
    assert {answer.status_code for answer in answers} == {500}
    # A Tomcat that starts meanwhile is up, and serves what needs no session.
    site.start_tomcats("b")
    site.command("store", "systemctl start redis-node")
    assert each(counting, User.count) == [6] * len(counting)
    assert names(logged_in) == {"ann"}
    site.move("b")
    assert each(counting, User.count) == [7] * len(counting)


@at_length
def test_redisson_alone_fails(site):
    """The test of the tests: what they prove is not there by itself."""
    for before, after in ((OURS, PLAIN), (PLAIN, OURS)):
        for pair in PAIRS:
            for side in "ab":
                change = f"sed -i s/{before}/{after}/ /var/opt/tomcat/{pair}{side}/conf/context.xml"
                site.command(f"{pair}{side}", f"{change} && systemctl restart tomcat@{pair}{side}")
        if after == PLAIN:
            wrong = walk(site, ways=OUR_WAYS)
    failed = {way for way, _pair in wrong}
    assert failed >= {
        way.__name__
        for way in (asks_in_parallel_after_a_move, logs_in_with_a_page_from_the_other_side, logs_out_of_the_realm)
    }
