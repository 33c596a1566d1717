# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What users of a session see through httpd while the traffic moves between living instances, and when something dies.

A way to use a session is a generator: it asserts what its user sees, and at each yield all traffic moves to the other side. All ways are
walked at the same time on the pairs of all three Tomcats, by several users each, and every way is a test of its own.
"""

from __future__ import annotations

import collections
import itertools
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests
from chain import Chain
from lengths import FULL, at_length

testinfra_hosts = ["web"]
PAIRS = ("t9", "t10", "t11")
USERS = 40 if FULL else 10
PLAIN = "de.javakaffee.web.msm.MemcachedBackupSessionManager"
OURS = "org.roundrobin.tomcat.MemcachedSessionManager"


class User:
    """A browser: it keeps the last cookie it was given."""

    def __init__(self, site, pair):
        self.site = site
        self.url = f"{site.url}{pair}"
        self.pair = pair
        self.cookies = requests.cookies.RequestsCookieJar()
        self.side = None

    def get(self, path):
        return self._keep(self._ask(path))

    def post(self, path, **form):
        # What is answered with a redirect and a new cookie is followed with that one alone.
        with requests.Session() as browser:
            browser.cookies = self.cookies
            return self._keep(browser.post(f"{self.url}/{path}", form, timeout=60))

    def count(self):
        return self.get("counter").json()["counter"]

    def count_in_parallel(self, requests_at_once):
        """All of them carry the cookie of before."""
        with ThreadPoolExecutor(requests_at_once) as pool:
            answers = list(pool.map(self._ask, ["counter"] * requests_at_once))
        self._keep(answers[-1])
        return sorted(answer.json()["counter"] for answer in answers)

    def log_in(self):
        return self.post("j_security_check", j_username="ann", j_password="a-password")

    def _ask(self, path):
        return requests.get(f"{self.url}/{path}", cookies=self.cookies, timeout=60)

    def _keep(self, answer):
        self.cookies.update(answer.cookies)
        assert answer.status_code == 200, f"{answer.request.method} {answer.url} was answered with {answer.status_code}"
        if self.side and answer.headers["Content-Type"].startswith("application/json"):
            assert answer.json()["instance"] == self.pair + self.side
        return answer


def goes_on_counting(user):
    for visit in range(4):
        if visit:
            yield
        assert [user.count() for _click in range(3)] == [3 * visit + 1, 3 * visit + 2, 3 * visit + 3]


def moves_with_every_request(user):
    for visit in range(4):
        if visit:
            yield
        assert user.count() == visit + 1


def logs_out_and_stays_so(user):
    user.post("login", user="ann", password="any")
    yield
    assert user.get("whoami").json()["user"] == "ann"
    assert user.get("logout").json()["logged_out"] is True
    yield
    assert user.get("whoami").json()["user"] is None


def asks_in_parallel_after_a_move(user):
    assert user.count() == 1
    for visit in range(4):
        if visit:
            yield
        assert user.count_in_parallel(4) == [4 * visit + n for n in (2, 3, 4, 5)]


def asks_in_parallel(user):
    assert user.count() == 1
    assert user.count_in_parallel(4) == [2, 3, 4, 5]
    assert user.count() == 6
    yield
    assert user.count() == 7


def moves_during_a_slow_request(user):
    assert user.count() == 1
    slow = threading.Thread(target=user._ask, args=[f"counter?ms={3000 * user.site.seconds_of_a_move:.0f}"])
    slow.start()
    time.sleep(1)
    yield
    # What the slow request does is lost, what is done here is not.
    assert [user.count() for _click in range(3)] == [2, 3, 4]
    assert slow.is_alive()
    slow.join()
    yield
    assert [user.count(), user.count()] == [5, 6]


def logs_in_with_a_page_from_the_other_side(user):
    assert "j_password" in user.get("account").text
    yield
    assert user.log_in().json()["user"] == "ann"
    yield
    assert user.get("account").json()["user"] == "ann"


def stays_logged_in(user):
    user.get("account")
    assert user.log_in().json()["user"] == "ann"
    yield
    assert user.get("account").json()["user"] == "ann"
    yield
    assert user.get("account").json()["user"] == "ann"


def gets_a_new_session_id(user):
    assert user.count() == 1
    user.get("renew")
    yield
    assert user.count() == 2
    user.get("renew")
    yield
    assert user.count() == 3


WAYS = [
    goes_on_counting,
    moves_with_every_request,
    logs_out_and_stays_so,
    asks_in_parallel_after_a_move,
    asks_in_parallel,
    moves_during_a_slow_request,
    logs_in_with_a_page_from_the_other_side,
    stays_logged_in,
    gets_a_new_session_id,
]


class Site:
    """The three pairs behind httpd."""

    def __init__(self, chain):
        self.chain = chain
        self.url = chain.url("web")
        self.seconds_of_a_move = 0

    def users(self, pairs=PAIRS):
        return [User(self, pair) for pair in pairs for _number in range(USERS)]

    def move(self, side):
        began = time.monotonic()
        play = Path(__file__).parents[1] / "move.yml"
        moved = subprocess.run(
            self.chain.argv("ansible-playbook", str(play), "-e", f"to={side}"),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert moved.returncode == 0, moved.stdout
        self.seconds_of_a_move = max(self.seconds_of_a_move, time.monotonic() - began)

    def command(self, host, command):
        self.chain.command(host, command)

    def kill_tomcats(self, side):
        self.command(f"t9{side}", "systemctl kill --signal=KILL 'tomcat@*'")

    def start_tomcats(self, side):
        self.command(f"t9{side}", "systemctl restart " + " ".join(f"tomcat@{pair}{side}" for pair in PAIRS))

    def warm_up(self):
        """Every page of every instance is compiled."""
        for side in "ab":
            self.move(side)
            for pair in PAIRS:
                for path in ("counter", "whoami", "login", "logout", "renew", "account"):
                    User(self, pair).get(path)


def walk(site, pairs=PAIRS):
    """Return what went wrong: (way, pair) -> complaints."""
    walks = [(way.__name__, user.pair, user, way(user)) for way in WAYS for user in site.users(pairs)]
    wrong = collections.defaultdict(list)
    sides = itertools.cycle("ab")

    def step(walk):
        way, pair, user, steps = walk
        user.side = side
        try:
            next(steps)
        except StopIteration:
            return False
        except (AssertionError, KeyError, ValueError, requests.RequestException) as error:
            wrong[way, pair].append(str(error).splitlines()[0])
            return False
        return True

    while walks:
        side = next(sides)
        site.move(side)
        with ThreadPoolExecutor(16) as pool:
            walks = [walk for walk, goes_on in zip(walks, list(pool.map(step, walks)), strict=True) if goes_on]
    return wrong


@pytest.fixture(scope="module")
def site():
    site = Site(Chain.of_scenario())
    site.warm_up()
    return site


@pytest.fixture(scope="module")
def wrong(site):
    return walk(site)


@pytest.mark.parametrize("pair", PAIRS)
@pytest.mark.parametrize("way", [way.__name__ for way in WAYS])
def test_a_user_who_moves(wrong, way, pair):
    assert wrong[way, pair] == []


def each(users, action):
    with ThreadPoolExecutor(16) as pool:
        return list(pool.map(action, users))


def names(users):
    return {answer.json()["user"] for answer in each(users, lambda user: user.get("account"))}


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
