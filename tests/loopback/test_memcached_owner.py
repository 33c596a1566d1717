# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Three Tomcats or more and sessions in memcached: requests of one page meet any of them, as httpd elects a member for each of them.

docs/sessions.md cites this. ./run test --full has all three Tomcats, and four members.
"""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor, wait

import archives
import loopback_store
import pytest
from loopback_memcached import Memcached, needs_memcached
from loopback_sessions import Member, burst, complaints, log_in, start_all

pytestmark = needs_memcached

FULL = bool(os.environ.get("RUN_FULL"))
VERSIONS = [version for version in archives.releases() if FULL or version.startswith("10.1.")]


class Cluster:
    def __init__(self, members, nodes, pool):
        self.members, self.nodes, self.pool = members, nodes, pool
        self.a, self.b, self.c = members[:3]

    def burst(self, users, *members):
        wait(burst(self.pool, users, members))


@pytest.fixture(
    scope="module", params=[(version, count) for version in VERSIONS for count in ((3, 4) if FULL else (3,))]
)
def cluster(request, tmp_path_factory):
    version, count = request.param
    directory = tmp_path_factory.mktemp("cluster")
    home = loopback_store.unpack(version, "memcached", directory)
    nodes = [Memcached(), Memcached()]
    members = [Member(version, home, directory, f"t{'abcd'[number]}", nodes) for number in range(count)]
    try:
        start_all(members)
        with ThreadPoolExecutor(128) as pool:
            yield Cluster(members, nodes, pool)
    finally:
        for member in members:
            member.stop()
        for node in nodes:
            node.stop()


def test_one_tomcat_alone(cluster):
    """The control: what is counted in a session under its lock is kept."""
    users = log_in(cluster.a)
    cluster.burst(users, *[cluster.a] * 5)
    assert complaints(users, cluster.a) == []


def test_the_requests_of_a_page_meet_all_that_are_left(cluster):
    users = log_in(cluster.a)
    others = cluster.members[1:]
    cluster.burst(users, *others * 2)
    cluster.burst(users, *reversed(others * 2))
    assert complaints(users, cluster.b) == []


def test_a_request_is_being_served_when_its_member_is_drained(cluster):
    users = log_in(cluster.a)
    slow = [cluster.pool.submit(user.count, cluster.a, user.cookie, 300) for user in users]
    time.sleep(0.1)
    cluster.burst(users, *cluster.members[1:] * 2)
    wait(slow)
    assert complaints(users, cluster.c) == []


def test_a_member_is_put_back_amid_the_requests_of_a_page(cluster):
    """Not restarted: it has the sessions of before in memory."""
    users = log_in(cluster.a)
    for user in users:
        user.count(cluster.a)
    for _times in range(3):
        cluster.burst(users, *cluster.members[1:] * 2)
        cluster.burst(users, *cluster.members * 2)
    assert complaints(users, cluster.a) == []


def test_several_requests_in_one_millisecond(cluster):
    """MSM compares the milliseconds of accesses, and would not store what the second request did."""
    users = log_in(cluster.a)
    for _times in range(40):
        for member in (cluster.a, cluster.b):
            cluster.burst(users, member, member)
    assert complaints(users, cluster.a) == []


def test_another_one_with_every_request(cluster):
    users = log_in(cluster.a)
    for user in users:
        for member in cluster.members * 3:
            user.count(member)
    assert complaints(users, cluster.a) == []


def test_a_cookie_of_long_ago(cluster):
    """Whatever the route in a cookie is, it finds the session as it is now."""
    users = log_in(cluster.a)
    for user in users:
        first = user.cookie
        for member in (cluster.b, cluster.a, cluster.c, cluster.a):
            user.count(member, first)
    assert complaints(users, cluster.c) == []


def test_a_logout_is_one_for_all(cluster):
    users = log_in(cluster.a)
    for user in users:
        first = user.cookie
        user.count(cluster.b)
        assert cluster.b.ask("/logout", user.cookie)[1]["logged_out"] is True
        for member in cluster.members:
            assert [user.look(member, cookie)["user"] for cookie in (first, user.cookie)] == [None, None]


def test_a_logout_outlives_a_node(cluster):
    """The Tomcat of before has a copy in memory, and the node that knew of the end has lost all it had."""
    for node in cluster.nodes:
        users = log_in(cluster.a)
        first = [user.cookie for user in users]
        for user in users:
            user.count(cluster.b)
            assert cluster.b.ask("/logout", user.cookie)[1]["logged_out"] is True
        node.forget()
        for user, cookie in zip(users, first, strict=True):
            assert [user.look(member, cookie)["user"] for member in cluster.members] == [None] * len(cluster.members)


def test_a_node_that_was_restarted_is_filled_again(cluster):
    """So that users go on at another Tomcat, also those who have sent no request since then."""
    users = log_in(cluster.a)
    moved = log_in(cluster.a)
    for user in moved:
        user.count(cluster.a)
        user.count(cluster.b)
    for node in cluster.nodes:
        node.forget()
    time.sleep(5)
    cluster.burst(users + moved, cluster.c)
    assert complaints(users + moved, cluster.a) == []


def test_a_new_session_id_and_the_one_of_before(cluster):
    """After a login nobody gets in with the id of before it."""
    users = log_in(cluster.a)
    for user in users:
        user.count(cluster.a)
        first, user.cookie = user.cookie, cluster.a.ask("/renew", user.cookie)[2]
        assert [member.ask("/whoami", first)[1]["user"] for member in cluster.members] == [None] * len(cluster.members)
    cluster.burst(users, *cluster.members)
    assert complaints(users, cluster.b) == []


def test_two_applications_do_not_know_each_others_sessions(cluster):
    users = log_in(cluster.a)
    for user in users:
        for member in cluster.members:
            assert member.ask("/shop/whoami", user.cookie)[1]["user"] is None
            assert member.ask("/shop/logout", user.cookie)[1]["logged_out"] is False
        user.count(cluster.b)
    assert complaints(users, cluster.c) == []


def test_a_session_that_is_too_large_costs_others_nothing(cluster):
    """Requests of others are under way all the time."""
    users = log_in(cluster.a)
    large = log_in(cluster.a, 3)
    others = burst(cluster.pool, users, [cluster.a] * 10)
    for user in large:
        assert cluster.a.ask("/ballast?kb=1500", user.cookie)[0] == 200
    wait(others)
    cluster.burst(users, *cluster.members)
    assert complaints(users, cluster.b) == []
    assert [user.look(cluster.a)["user"] for user in large] == [user.name for user in large]
    assert "object too large for cache" in cluster.a.log()


def test_kill_9(cluster):
    """Idle users, and users whose request is cut off, which may have been counted or not; and the member is started anew meanwhile."""
    idle, busy = log_in(cluster.a), log_in(cluster.a)
    for user in idle + busy:
        user.count(cluster.a)
    cut = [cluster.pool.submit(user.count, cluster.a, user.cookie, 2000) for user in busy]
    time.sleep(0.5)
    cluster.a.kill()
    wait(cut)
    others = cluster.members[1:]
    cluster.burst(idle, *others * 2)
    # These wait for the requests that nobody serves any more.
    began = time.monotonic()
    cluster.burst(busy, *others * 2)
    assert time.monotonic() - began < 15
    starting = cluster.pool.submit(cluster.a.start)
    while not starting.done():
        cluster.burst(idle + busy, *others)
        time.sleep(0.5)
    starting.result()
    cluster.burst(idle + busy, *cluster.members * 2)
    assert complaints(idle, cluster.a) == []
    assert complaints(busy, cluster.a, surplus=1) == []
