# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What users of a session do, while all traffic of the two instances, ta and tb, moves to one of them.

A way to use a session is a generator: it asserts what its user sees, and at each yield all traffic moves to the other side. All ways are
walked at the same time, by several users each.
"""

from __future__ import annotations

import collections
import itertools
import subprocess
import threading
import time
import typing as t
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import requests
from chain import Chain
from lengths import FULL

USERS = 20 if FULL else 10
# The user of Tomcat's realm, by converge.yml.
ANN = ("ann", "a-password")
# What all users together take between two moves, and some more. With memcached some of them wait for their slow request for 5 s each.
SECONDS_OF_THE_USERS = 20
Answer = t.TypeVar("Answer")
Way: t.TypeAlias = "t.Callable[[User], t.Iterator[None]]"


class User:
    """A browser: it keeps the last cookie it was given."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.cookies = requests.cookies.RequestsCookieJar()
        self.side: str | None = None

    def get(self, path: str, auth: tuple[str, str] | None = None) -> requests.Response:
        return self._keep(self._ask(path, auth))

    def post(self, path: str, **form: str) -> requests.Response:
        # What is answered with a redirect and a new cookie is followed with that one alone.
        with requests.Session() as browser:
            browser.cookies = self.cookies
            return self._keep(browser.post(f"{self.site.url}{path}", form, timeout=60))

    def count(self) -> int:
        counter: int = self.get("counter").json()["counter"]
        return counter

    def count_in_parallel(self, requests_at_once: int) -> list[int]:
        """All of them carry the cookie of before."""
        with ThreadPoolExecutor(requests_at_once) as pool:
            answers = list(pool.map(self._ask, ["counter"] * requests_at_once))
        self._keep(answers[-1])
        return sorted(answer.json()["counter"] for answer in answers)

    def count_slowly(self, moves: int) -> threading.Thread:
        """On its way when this returns, and for longer than so many moves and the users' requests between them take.

        That is less than a request may take. On a quick machine the users take longer than the moves.
        """
        milliseconds = min(1000 * (moves * self.site.seconds_of_a_move + SECONDS_OF_THE_USERS), 55_000)
        slow = threading.Thread(target=self._ask, args=[f"counter?ms={milliseconds:.0f}"])
        slow.start()
        time.sleep(1)
        return slow

    def log_in(self) -> requests.Response:
        return self.post("j_security_check", j_username=ANN[0], j_password=ANN[1])

    def _ask(self, path: str, auth: tuple[str, str] | None = None) -> requests.Response:
        return requests.get(f"{self.site.url}{path}", cookies=self.cookies, auth=auth, timeout=60)

    def _keep(self, answer: requests.Response) -> requests.Response:
        self.cookies.update(answer.cookies)
        assert answer.status_code == 200, f"{answer.request.method} {answer.url} was answered with {answer.status_code}"
        if self.side and answer.headers["Content-Type"].startswith("application/json"):
            assert answer.json()["instance"] == f"t{self.side}"
        return answer


def goes_on_counting(user: User) -> t.Iterator[None]:
    for visit in range(4):
        if visit:
            yield
        assert [user.count() for _click in range(3)] == [3 * visit + 1, 3 * visit + 2, 3 * visit + 3]


def moves_with_every_request(user: User) -> t.Iterator[None]:
    for visit in range(4):
        if visit:
            yield
        assert user.count() == visit + 1


def logs_out_and_stays_so(user: User) -> t.Iterator[None]:
    user.post("login", user="ann", password="any")
    yield
    assert user.get("whoami").json()["user"] == "ann"
    assert user.get("logout").json()["logged_out"] is True
    yield
    assert user.get("whoami").json()["user"] is None


def asks_in_parallel_after_a_move(user: User) -> t.Iterator[None]:
    assert user.count() == 1
    for visit in range(4):
        if visit:
            yield
        assert user.count_in_parallel(4) == [4 * visit + n for n in (2, 3, 4, 5)]


def asks_in_parallel(user: User) -> t.Iterator[None]:
    assert user.count() == 1
    assert user.count_in_parallel(4) == [2, 3, 4, 5]
    assert user.count() == 6
    yield
    assert user.count() == 7


def moves_during_a_slow_request(user: User) -> t.Iterator[None]:
    assert user.count() == 1
    slow = user.count_slowly(moves=3)
    yield
    # What the slow request does is lost, what is done here is not.
    assert [user.count() for _click in range(3)] == [2, 3, 4]
    assert slow.is_alive()
    slow.join()
    yield
    assert [user.count(), user.count()] == [5, 6]


def shares_with_a_slow_request(user: User) -> t.Iterator[None]:
    assert user.count() == 1
    slow = user.count_slowly(moves=3)
    yield
    # What the slow request has done is there too.
    assert [user.count() for _click in range(3)] == [3, 4, 5]
    assert slow.is_alive()
    slow.join()
    yield
    assert [user.count(), user.count()] == [6, 7]


def comes_back_to_a_slow_request(user: User) -> t.Iterator[None]:
    assert user.count() == 1
    slow = user.count_slowly(moves=8)
    yield
    assert user.count() == 3
    yield
    # What the slow request has read is old by now, and not what the others are told.
    assert slow.is_alive()
    assert user.count() == 4
    slow.join()


def logs_in_with_a_page_from_the_other_side(user: User) -> t.Iterator[None]:
    assert "j_password" in user.get("account").text
    yield
    assert user.log_in().json()["user"] == "ann"
    yield
    assert user.get("account").json()["user"] == "ann"


def stays_logged_in(user: User) -> t.Iterator[None]:
    user.get("account")
    assert user.log_in().json()["user"] == "ann"
    yield
    assert user.get("account").json()["user"] == "ann"
    yield
    assert user.get("account").json()["user"] == "ann"


def stays_known_by_basic_authentication(user: User) -> t.Iterator[None]:
    """Who is not known yet gets a new session id when he proves himself."""
    for visit in range(3):
        if visit:
            yield
        assert user.get("basic/account", auth=ANN).json()["user"] == "ann"
        assert user.get("basic/counter").json()["counter"] == visit + 1


def logs_out_of_the_realm(user: User) -> t.Iterator[None]:
    user.get("account")
    user.log_in()
    yield
    assert user.get("account").json()["user"] == "ann"
    user.get("logout")
    yield
    assert "j_password" in user.get("account").text


def gets_a_new_session_id(user: User) -> t.Iterator[None]:
    assert user.count() == 1
    user.get("renew")
    yield
    assert user.count() == 2
    user.get("renew")
    yield
    assert user.count() == 3


WAYS: tuple[Way, ...] = (
    goes_on_counting,
    moves_with_every_request,
    logs_out_and_stays_so,
    asks_in_parallel_after_a_move,
    asks_in_parallel,
    moves_during_a_slow_request,
    logs_in_with_a_page_from_the_other_side,
    stays_logged_in,
    stays_known_by_basic_authentication,
    logs_out_of_the_realm,
    gets_a_new_session_id,
)
#: Where no instance has a copy of its own, what a slow request does is seen at once.
WAYS_OF_ONE_COPY: tuple[Way, ...] = (
    *(way for way in WAYS if way is not moves_during_a_slow_request),
    shares_with_a_slow_request,
    comes_back_to_a_slow_request,
)


class Site:
    """The two instances behind httpd."""

    def __init__(self, chain: Chain) -> None:
        self.chain = chain
        self.url = chain.url("web")
        self.seconds_of_a_move = 0.0

    def users(self) -> list[User]:
        return [User(self) for _number in range(USERS)]

    def move(self, to: str) -> None:
        """To the side a or b, or to both: tomcat."""
        began = time.monotonic()
        play = Path(__file__).with_name("move.yml")
        moved = subprocess.run(
            self.chain.argv("ansible-playbook", str(play), "-e", f"to={to}"),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert moved.returncode == 0, moved.stdout
        self.seconds_of_a_move = max(self.seconds_of_a_move, time.monotonic() - began)

    def command(self, host: str, command: str) -> str:
        return self.chain.command(host, command)

    def kill_tomcat(self, side: str) -> None:
        self.command(f"t{side}", f"systemctl kill --signal=KILL tomcat@t{side}")

    def await_tomcat(self, side: str) -> None:
        """Systemd starts again what was killed."""
        self.command(f"t{side}", f"systemctl start tomcat@t{side}")

    def warm_up(self) -> None:
        """Every page of both instances is compiled."""
        for side in "ab":
            self.move(side)
            for path in ("counter", "whoami", "login", "logout", "renew", "account"):
                User(self).get(path)
            User(self).get("basic/account", auth=ANN)
            User(self).get("basic/counter")


def walk(site: Site, ways: t.Iterable[Way] = WAYS) -> dict[str, list[str]]:
    """Return what went wrong: way -> complaints."""
    walks = [(way.__name__, user, way(user)) for way in ways for user in site.users()]
    wrong: dict[str, list[str]] = collections.defaultdict(list)
    sides = itertools.cycle("ab")

    def step(walk: tuple[str, User, t.Iterator[None]]) -> bool:
        way, user, steps = walk
        user.side = side
        try:
            next(steps)
        except StopIteration:
            return False
        except (AssertionError, KeyError, ValueError, requests.RequestException) as error:
            wrong[way].append(str(error).partition("\n")[0])
            return False
        return True

    while walks:
        side = next(sides)
        site.move(side)
        with ThreadPoolExecutor(16) as pool:
            walks = [walk for walk, goes_on in zip(walks, list(pool.map(step, walks)), strict=True) if goes_on]
    return wrong


def each(users: t.Iterable[User], action: t.Callable[[User], Answer]) -> list[Answer]:
    with ThreadPoolExecutor(16) as pool:
        return list(pool.map(action, users))
