# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What users of a session see through httpd while the traffic moves between living instances, and when something dies.

The ways are those of molecule/shared/ways.py, and every way is a test of its own on each of the three Tomcats.
"""

from __future__ import annotations

import time

import pytest
from chain import Chain
from lengths import at_length
from ways import USERS, WAYS, Site, User, asks_in_parallel, each, names, stays_logged_in, walk

testinfra_hosts = ["web"]
PAIRS = ("t9", "t10", "t11")
PLAIN = "de.javakaffee.web.msm.MemcachedBackupSessionManager"
OURS = "org.roundrobin.tomcat.MemcachedSessionManager"


@pytest.fixture(scope="module")
def site():
    site = Site(Chain.of_scenario(), {pair: f"{pair}/" for pair in PAIRS})
    site.warm_up()
    return site


@pytest.fixture(scope="module")
def wrong(site):
    return walk(site)


@pytest.mark.parametrize("pair", PAIRS)
@pytest.mark.parametrize("way", [way.__name__ for way in WAYS])
def test_a_user_who_moves(wrong, way, pair):
    assert wrong[way, pair] == []


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


def test_a_killed_tomcat_loses_neither_session_nor_update(site, users):
    counting, logged_in = users
    site.kill_tomcats("a")
    assert each(counting, User.count) == [6] * len(counting)
    assert names(logged_in) == {"ann"}
    site.start_tomcats("a")
    site.move("a")
    assert each(counting, User.count) == [7] * len(counting)
    assert names(logged_in) == {"ann"}


def test_a_killed_memcached_loses_neither_session_nor_update(site, users):
    counting, logged_in = users
    site.command("cache", "systemctl kill --signal=KILL memcached-node@11211; systemctl stop memcached-node@11211")
    # What MSM knows of a node may be a second old: docs/sessions.md tells what a request in that second risks.
    time.sleep(2)
    assert each(counting, User.count) == [6] * len(counting)
    assert names(logged_in) == {"ann"}
    # The sessions of the dead node lie on the other one by now.
    site.kill_tomcats("a")
    assert each(counting, User.count) == [7] * len(counting)
    assert names(logged_in) == {"ann"}
    site.start_tomcats("a")
    site.command("cache", "systemctl start memcached-node@11211")


@at_length
def test_memcached_session_manager_alone_fails(site):
    """The test of the tests: what they prove is not there by itself."""
    pairs = ["t9", "t10"]  # on Tomcat 11 it makes no session at all
    for before, after in ((OURS, PLAIN), (PLAIN, OURS)):
        for pair in pairs:
            for side in "ab":
                change = f"sed -i s/{before}/{after}/ /var/opt/tomcat/{pair}{side}/conf/context.xml"
                site.command(f"{pair}{side}", f"{change} && systemctl restart tomcat@{pair}{side}")
        if after == PLAIN:
            wrong = walk(site, pairs)
    everybody = {key for key, complaints in wrong.items() if len(complaints) == USERS}
    assert everybody == {
        (way.__name__, pair) for way in WAYS for pair in pairs if way not in (asks_in_parallel, stays_logged_in)
    }
