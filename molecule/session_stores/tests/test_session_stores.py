# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What users of a session see with each store on each Tomcat, and that a running cluster changes both. docs/sessions.md has the figures.

The short form is memcached on Tomcat 9.0, then Redis on 11.0, then delta on 10.1.
"""

from __future__ import annotations

import collections
import json
import time
from concurrent.futures import ThreadPoolExecutor
from xml.etree import ElementTree as ET

import pytest
import requests
from conftest import INVENTORY
from lengths import FULL, at_length
from stores import CLUSTERS, STORES, WHAT_HAPPENS, cut_off
from ways import (
    USERS,
    WAYS,
    User,
    asks_in_parallel,
    each,
    goes_on_counting,
    stays_known_by_basic_authentication,
    stays_logged_in,
    walk,
)

testinfra_hosts = ["web"]
HOSTS = ("ta", "tb")
NEWEST = "11.0.24"
VERSIONS = (NEWEST, "10.1.59", "9.0.117")
CASES = [INVENTORY, ("redis", NEWEST), ("delta", "10.1.59")]
if FULL:
    # Without a store all Tomcats are the same.
    every = ((store, version) for version in VERSIONS for store in STORES if store != "none" or version == NEWEST)
    CASES = list(dict.fromkeys((INVENTORY, *every)))
FILES = ("context", "server")
PASSWORD = "password-of-memcached"
MANY = 10_000


def with_each(cases):
    return pytest.mark.parametrize("cluster", cases, indirect=True, ids="-".join)


def with_each_that(has):
    return with_each([case for case in CASES if has(case[0]) and (case[1] == NEWEST or not FULL)])


def keeps(cluster):
    return cluster.kept[0] != "none"


def noticed(users):
    """As text, by what the probe says of its users."""
    totals = users.report["totals"]
    seen = {"failed": totals["failed"], "lost": totals["lost"], "fallen back": totals["regressed"]}
    return ", ".join(f"{count} {name}" for name, count in seen.items() if count) or "0"


def noticed_and_waited(users):
    return f"{noticed(users)}; longest wait {users.report['latency_ms']['max'] / 1000:.1f} s"


def of(wrong, among=USERS):
    return f"{wrong} of {among:,}" if wrong else "0"


def answers(users, ask):
    """Of each user, None where there was none that a user can use."""

    def try_to(user):
        try:
            return ask(user)
        except (AssertionError, KeyError, ValueError, requests.RequestException):
            return None

    return each(users, try_to)


def not_equal(expected, values):
    return sum(value != expected for value in values)


@with_each(CASES)
def test_nothing_is_left_of_the_store_before(cluster):
    store, _version = cluster.kept
    for host in HOSTS:
        base = f"/var/opt/tomcat/{host}"
        context, server = (ET.fromstring(cluster.command(host, f"cat {base}/conf/{name}.xml")) for name in FILES)
        managers = [manager.get("className") for manager in context.iter("Manager")]
        made = [listener.get("manager") for listener in context.iter("Listener")]
        wanted = [STORES[store].manager] if STORES[store].manager else []
        assert (managers, made) == (([], wanted) if STORES[store].jars else (wanted, []))
        clusters = [found.get("clusterName") for found in server.iter("Cluster")]
        assert clusters == (["roundrobin"] if store in CLUSTERS else [])
        library, jars = STORES[store].jars, cluster.command(host, f"ls {base}/lib").split()
        assert jars == (["roundrobin-session-store.jar"] if library else [])
        jars = cluster.command(host, f"cd {base} && ls -d session-store/*.jar || [ ! -e session-store ]").split()
        assert bool(jars) == bool(library)
        assert all(library in jar for jar in jars if jar != "session-store/roundrobin-session-manager.jar")


@with_each(CASES)
def test_the_tomcat_and_java_that_run(cluster):
    _store, version = cluster.kept
    for host, java in (("ta", 17), ("tb", cluster.java_of_b)):
        main = cluster.command(host, f"systemctl show --property=MainPID --value tomcat@{host}")
        assert f"/java-{java}-" in cluster.command(host, f"readlink /proc/{main}/exe")
        assert f"tomcat-{version}/" in cluster.command(host, f"cat /proc/{main}/cmdline")


@with_each(CASES)
def test_users_who_move(cluster):
    store = STORES[cluster.kept[0]]
    wrong = walk(cluster, ways=store.ways)
    counts = {way.__name__: len(wrong[way.__name__]) for way in store.ways}
    for way in store.ways:
        cluster.note(WHAT_HAPPENS[way.__name__], of(counts[way.__name__]))
    may_be_wrong = {way.__name__ for way in store.not_kept}
    assert {way: complaints for way, complaints in wrong.items() if complaints and way not in may_be_wrong} == {}
    if not keeps(cluster):
        # The test of the test.
        assert counts[goes_on_counting.__name__] == USERS


@pytest.fixture
def users(cluster):
    """On ta, with both in service: some who have counted to 5, the last four at once where that is kept, and some who are logged in."""
    counting, logged_in = cluster.users(), cluster.users()
    cluster.move("a")
    assert each(counting, User.count) == [1] * USERS
    each(logged_in, lambda user: user.get("account"))
    each(logged_in, User.log_in)
    cluster.move("tomcat")
    if asks_in_parallel in STORES[cluster.kept[0]].not_kept:
        assert [each(counting, User.count) for _click in range(4)] == [[n] * USERS for n in (2, 3, 4, 5)]
    else:
        assert each(counting, lambda user: user.count_in_parallel(4)) == [[2, 3, 4, 5]] * USERS
    return counting, logged_in


def wrong_answers(users, number):
    """How many do not count to this number, or do not know who they are any more; the greater of the two."""
    counting, logged_in = users
    names = answers(logged_in, lambda user: user.get("account").json()["user"])
    return max(not_equal(number, answers(counting, User.count)), not_equal("ann", names))


@with_each(CASES)
def test_killed_tomcats(cluster, users):
    """One after the other; the second as soon as the first one is back."""
    wrong = []
    for number, side in enumerate("ab", 6):
        cluster.kill_tomcat(side)
        wrong.append(wrong_answers(users, number))
        cluster.await_tomcat(side)
    cluster.note("`kill -9` of one Tomcat, then of the other", of(max(wrong)))
    assert any(wrong) != keeps(cluster), wrong


@with_each([case for case in CASES if case[0] == "memcached"])
def test_a_killed_node_and_a_killed_tomcat(cluster, users):
    """What lay on the dead node lies on the other one after a request, and is there when its Tomcat dies."""
    node = STORES["memcached"].service
    cluster.command("cache", f"systemctl kill --signal=KILL {node}; systemctl stop {node}")
    # What MSM knows of a node may be a second old: docs/sessions.md tells what a request in that second risks.
    time.sleep(2)
    wrong = [wrong_answers(users, 6)]
    cluster.kill_tomcat("a")
    wrong.append(wrong_answers(users, 7))
    cluster.await_tomcat("a")
    cluster.command("cache", f"systemctl start {node}")
    cluster.note("`kill -9` of a memcached node, a request, `kill -9` of a Tomcat", of(max(wrong)))
    assert wrong == [0, 0]


@at_length
@with_each(CASES)
def test_a_planned_restart(cluster):
    """In the short form, the test of a killed server has one too."""
    with cluster.chain.load("web", users=30, min_requests=1000) as users:
        cluster.restart()
    cluster.note("`rolling_restart` under load", noticed(users))
    assert (noticed(users) == "0") == keeps(cluster), users.noticed


@with_each([case for case in CASES if STORES[case[0]].service and case[1] == NEWEST])
def test_a_killed_server_of_the_store(cluster):
    """It is killed while users work, and systemd starts it again; then the Tomcats are restarted one after the other.

    In the short form with Redis; test_a_killed_node_and_a_killed_tomcat has memcached.
    """
    with cluster.chain.load("web", users=20, min_requests=1000) as users:
        time.sleep(3)
        cluster.command("cache", f"systemctl kill --signal=KILL {STORES[cluster.kept[0]].service}")
        time.sleep(15)
        restarts = cluster.command("cache", f"systemctl show --property=NRestarts {STORES[cluster.kept[0]].service}")
        cluster.restart()
    cluster.note("`kill -9` of a server of the store, then a rolling restart", noticed_and_waited(users))
    assert restarts != "NRestarts=0"
    assert users.noticed == {}


@with_each_that(lambda store: store == "redis")
def test_another_password_of_redis(cluster):
    """As docs/sessions.md says it: site with the former one beside the new one, and once more without it. There and back, while users work."""
    ours, theirs = "not-a-secret-in-a-test", "the-password-of-tomorrow"
    with cluster.chain.load("web", users=20, min_requests=1000) as users:
        for now, former in ((theirs, ours), (ours, theirs), (ours, "")):
            passwords = json.dumps({"redis_password": now, "redis_former_password": former})
            play = cluster.chain.play("site", *cluster.settings, "-e", passwords)
            assert play.returncode == 0, play.stdout
    cluster.note("another password of the server, brought by `site`", noticed_and_waited(users))
    assert users.noticed == {}


@with_each_that(lambda store: store == "delta")
def test_nobody_with_another_key_is_heard(cluster):
    conf = "/var/opt/tomcat/tb/conf/server.xml"
    swap = "sed -i 's/encryptionKey=\"{}/encryptionKey=\"{}/' {} && systemctl restart tomcat@tb"
    cluster.command("tb", swap.format("00", "ff", conf))
    cluster.move("a")
    user = User(cluster)
    assert [user.count(), user.count()] == [1, 2]
    cluster.move("b")
    assert user.count() == 1
    cluster.command("tb", swap.format("ff", "00", conf))


@with_each_that(lambda store: store == "delta")
def test_another_key_is_refused(cluster):
    """Instances that get it one after another would lose the sessions."""
    another = json.dumps({"tomcat_instance_cluster_key": "f" * 64})
    play = cluster.chain.play("site", *cluster.settings, "-e", another)
    assert play.returncode == 2
    assert "tomcat_instance_cluster_key is not the one that" in play.stdout
    assert "f" * 64 not in cluster.command("ta", "cat /var/opt/tomcat/ta/conf/server.xml")


@at_length
@with_each_that(lambda store: STORES[store].ports)
def test_a_cut_between_a_tomcat_and_the_store(cluster):
    """Nothing in the short form is like it."""
    store = STORES[cluster.kept[0]]
    with cluster.chain.load("web", users=20, min_requests=1000) as users:
        time.sleep(2)
        with cut_off(cluster, "ta", store.ports):
            time.sleep(10)
        # A request of each user, then all of them move.
        time.sleep(15)
        cluster.move("b")
        time.sleep(3)
        cluster.move("tomcat")
    what = "network between a Tomcat and the store (or the other one) cut for 10 s, later a move"
    cluster.note(what, noticed_and_waited(users))
    if not store.not_kept:
        assert (users.report["totals"]["lost"], users.report["totals"]["regressed"]) == (0, 0)


@at_length
@with_each_that(lambda store: store != "none")
def test_a_release_with_another_class(cluster):
    """What the release before has put into the session is of a class that this one has changed: what becomes of the rest?

    Nothing in the short form is like it.
    """
    with_basket, without = cluster.users(), cluster.users()
    cluster.move("a")
    assert each(with_basket, User.count) == each(without, User.count) == [1] * USERS
    assert each(with_basket, lambda user: user.get("basket").json()["kept"]) == [False] * USERS
    number = int(time.time())
    release = cluster.chain.release(f"1.{number}", serial_version=number)
    cluster.move("tomcat")
    play = cluster.chain.play("rolling_deploy", *release, *cluster.settings)
    assert play.returncode == 0, play.stdout
    statuses = collections.Counter(each(with_basket, lambda user: user._ask("counter").status_code))
    counts = answers(with_basket, User.count)
    baskets = answers(with_basket, lambda user: user.get("basket").json()["kept"])
    others = not_equal(2, answers(without, User.count))
    figure = {
        "session lost": sum(count is not None and count < 3 for count in counts),
        "answered with an error": sum(statuses.values()) - statuses[200],
        "page with the object answered with an error": baskets.count(None),
        "session without such an object lost": others,
    }
    told = "; ".join(f"{what}: {count} of {USERS}" for what, count in figure.items() if count)
    cluster.note("a release has changed a class incompatibly that is in the session", told or "only the object is gone")
    # A DeltaManager that starts takes over all sessions in one message, or none.
    assert others == (USERS if cluster.kept[0] == "delta" else 0)
    assert True not in baskets


@at_length
@with_each_that(lambda store: store != "none")
def test_large_sessions(cluster):
    """In the short form sessions are small."""
    users = cluster.users()
    cluster.move("a")
    before = each(users, lambda user: (user.get("ballast?kb=1024").json()["checksum"], user.count()))
    cluster.move("b")
    after = answers(users, lambda user: (user.get("ballast").json()["checksum"], user.count() - 1))
    wrong = sum(a != b for a, b in zip(before, after, strict=True))
    cluster.note("sessions of 1 MB, then a move", of(wrong))
    assert wrong == 0


@at_length
@with_each_that(lambda store: store != "none")
def test_many_sessions(cluster):
    """In the short form the users of the probe keep theirs."""
    url = f"{cluster.url}counter"

    def ask(cookie):
        try:
            answer = requests.get(url, headers={"Cookie": f"JSESSIONID={cookie}"} if cookie else {}, timeout=60)
            return answer.cookies.get("JSESSIONID", cookie), answer.json()["counter"]
        except (KeyError, ValueError, requests.RequestException):
            return cookie, None

    with ThreadPoolExecutor(16) as pool:
        cookies, counters = zip(*pool.map(ask, [None] * MANY), strict=True)
        assert set(counters) == {1}
        cluster.restart()
        wrong = not_equal(2, [counter for _cookie, counter in pool.map(ask, cookies)])
    cluster.note("10,000 sessions, then a rolling restart", of(wrong, MANY))
    assert wrong == 0


@at_length
@with_each([case for case in CASES if case[0] == "memcached" and case[1] != NEWEST])
def test_memcached_session_manager_alone_fails(cluster):
    """The test of the tests: what they prove is not there by itself. On Tomcat 11 it makes no session at all."""
    ours, plain = STORES["memcached"].manager, "de.javakaffee.web.msm.MemcachedBackupSessionManager"

    def swap(before, after):
        for host in HOSTS:
            context = f"/var/opt/tomcat/{host}/conf/context.xml"
            cluster.command(host, f"sed -i s/{before}/{after}/ {context} && systemctl restart tomcat@{host}")

    swap(ours, plain)
    wrong = walk(cluster)
    swap(plain, ours)
    for way in WAYS:
        cluster.note(f"memcached-session-manager alone: {WHAT_HAPPENS[way.__name__]}", of(len(wrong[way.__name__])))
    everybody = {way for way, complaints in wrong.items() if len(complaints) == USERS}
    kept = (asks_in_parallel, stays_logged_in, stays_known_by_basic_authentication)
    assert everybody == {way.__name__ for way in WAYS if way not in kept}


def a_memcached_that_wants_to_know_who_asks(cluster, *ports):
    """As somebody else runs it: the role memcached has no SASL."""
    commands = [
        "DEBIAN_FRONTEND=noninteractive apt-get -qq install sasl2-bin libsasl2-modules >/dev/null",
        "install -d /etc/memcached-sasl",
        f"echo {PASSWORD} | saslpasswd2 -p -c -f /etc/memcached-sasl/users -a memcached tomcat",
        "printf 'mech_list: plain\\nsasldb_path: /etc/memcached-sasl/users\\n' >/etc/memcached-sasl/memcached.conf",
        "chown -R memcache: /etc/memcached-sasl",
        *(
            f"systemd-run --quiet --unit=memcached-sasl-{port} --setenv=SASL_CONF_PATH=/etc/memcached-sasl"
            f" /usr/bin/memcached -S -U 0 -u memcache -l {cluster.chain.addresses['cache']} -p {port}"
            for port in ports
        ),
    ]
    cluster.command("cache", " && ".join(commands))


@at_length
@with_each_that(lambda store: store == "memcached")
def test_a_memcached_that_asks_for_a_password(cluster):
    """Nothing in the short form is like it. It comes last: the cluster keeps its sessions there until the next store."""
    ports = (11311, 11312)
    a_memcached_that_wants_to_know_who_asks(cluster, *ports)
    nodes = [f"n{number}:{cluster.chain.addresses['cache']}:{port}" for number, port in enumerate(ports, 1)]
    options = {"memcachedProtocol": "binary", "username": "tomcat", "password": PASSWORD}
    settings = {"tomcat_instance_memcached_nodes": ",".join(nodes), "tomcat_instance_memcached_options": options}

    wrong = {**settings, "tomcat_instance_memcached_options": {**options, "password": "never-heard-of"}}
    play = cluster.chain.play("rolling_restart", *cluster.settings, "-e", json.dumps(wrong))
    assert play.returncode == 2
    assert f"memcached {nodes[0].partition(':')[2]} does not answer: refuses the name or the password" in play.stdout

    play = cluster.chain.play("rolling_restart", "--diff", *cluster.settings, "-e", json.dumps(settings))
    assert play.returncode == 0, play.stdout
    assert "memcachedProtocol" in play.stdout
    assert PASSWORD not in play.stdout
    assert walk(cluster) == {}
    cluster.note("a memcached that asks for a password: all of the ways above", "0")
