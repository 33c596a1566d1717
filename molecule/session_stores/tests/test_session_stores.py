# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What users of a session see when Tomcat itself keeps it, and that a running cluster changes its store.

The short form is delta on Tomcat 11. The longer one goes on from there, from one store and Tomcat to the next by rolling_restart.
"""

from __future__ import annotations

import collections

import pytest
from chain import Chain
from lengths import at_length
from ways import (
    USERS,
    WAYS,
    Site,
    User,
    asks_in_parallel,
    asks_in_parallel_after_a_move,
    each,
    moves_during_a_slow_request,
    names,
    walk,
)

testinfra_hosts = ["web"]
HOSTS = {"ta": "a", "tb": "b"}
# What Tomcat's own cluster does not keep: a request that others overtake, or that goes on elsewhere, overwrites what they did.
NOT_KEPT = [asks_in_parallel, asks_in_parallel_after_a_move, moves_during_a_slow_request]
KEPT = [way for way in WAYS if way not in NOT_KEPT]
MANAGERS = {
    "memcached": "org.roundrobin.tomcat.MemcachedSessionManager",
    "delta": "org.apache.catalina.ha.session.DeltaManager",
    "backup": "org.apache.catalina.ha.session.BackupManager",
}
CLUSTERED = ("delta", "backup")


@pytest.fixture(scope="module")
def site():
    site = Site(Chain.of_scenario(), {"t": ""})
    site.warm_up()
    return site


@pytest.fixture(scope="module")
def wrong(site):
    return walk(site, ways=KEPT)


@pytest.mark.parametrize("way", [way.__name__ for way in KEPT])
def test_a_user_who_moves(wrong, way):
    assert wrong[way, "t"] == []


def kill_one_after_the_other(site):
    """Count on a, kill a, count on b; start a and kill b at once, count on a."""
    site.move("a")
    counting, logged_in = site.users(), site.users()
    each(logged_in, lambda user: user.get("account"))
    each(logged_in, User.log_in)
    assert [each(counting, User.count)[0] for _click in range(3)] == [1, 2, 3]
    site.move("tomcat")
    site.kill_tomcats("a")
    assert each(counting, User.count) == [4] * USERS
    assert names(logged_in) == {"ann"}
    site.start_tomcats("a")
    site.kill_tomcats("b")
    assert each(counting, User.count) == [5] * USERS
    assert names(logged_in) == {"ann"}
    site.start_tomcats("b")


def test_a_killed_tomcat_loses_neither_session_nor_update(site):
    kill_one_after_the_other(site)


def restart_under_load(site, *arguments):
    site.move("tomcat")
    with site.chain.load("web", users=30, min_requests=500) as users:
        play = site.chain.play("rolling_restart", *arguments)
    assert play.returncode == 0, play.stdout
    return users.noticed


def test_a_rolling_restart_that_nobody_notices(site):
    assert restart_under_load(site) == {}


@at_length
def test_nobody_with_another_key_is_heard(site):
    conf = "/var/opt/tomcat/tb/conf/server.xml"
    swap = "sed -i 's/encryptionKey=\"{}/encryptionKey=\"{}/' {} && systemctl restart tomcat@tb"
    site.command("tb", swap.format("00", "ff", conf))
    site.move("a")
    user = User(site, "t")
    assert [user.count(), user.count()] == [1, 2]
    site.move("b")
    assert user.count() == 1
    site.command("tb", swap.format("ff", "00", conf))


@at_length
@pytest.mark.parametrize("version", ["11.0.24", "10.1.59", "9.0.117"])
@pytest.mark.parametrize("store", ["delta", "backup", "memcached", "none"])
def test_each_store_on_each_tomcat(site, store, version, record_property):
    settings = ["-e", f"tomcat_instance_session_store={store}", "-e", f"tomcat_instance_version={version}"]
    site.move("tomcat")
    play = site.chain.play("rolling_restart", *settings)
    assert play.returncode == 0, play.stdout
    for host in HOSTS:
        conf = f"/var/opt/tomcat/{host}/conf"
        managers = site.command(
            host, f"grep -v '<!--' {conf}/context.xml | grep -o '<Manager className=[^ >]*' || true"
        )
        assert managers == (f'<Manager className="{MANAGERS[store]}"' if store in MANAGERS else "")
        clusters = site.command(host, f"grep -c '<Cluster .*clusterName=\"roundrobin\"' {conf}/server.xml || true")
        assert clusters == str(int(store in CLUSTERED))
        jars = site.command(host, f"ls {conf}/../lib").split()
        assert bool(jars) == (store == "memcached")
    site.warm_up()
    wrong = walk(site)
    counts = collections.Counter({way: len(complaints) for (way, _pair), complaints in wrong.items()})
    print(f"{store} on {version}, users of {USERS} who saw a wrong value: {dict(counts)}")
    if store in CLUSTERED:
        assert not [way for way in KEPT if counts[way.__name__]]
        kill_one_after_the_other(site)
        assert restart_under_load(site, *settings) == {}
    if store == "memcached":
        assert not counts
