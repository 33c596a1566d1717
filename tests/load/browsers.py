# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Users who send requests as browsers do, and the history of what they saw.

A user opens a page, then the page sends four to six requests at once, all with the cookie of that moment. A page that stays open (polling, a
single-page application, a double click) sends such requests again without being opened. The browser keeps the cookie of the answer that came
last. The requests of a page go to all httpds in turn. Now and then a request takes its time, the session is given another id, or the user ends it
and begins a new one, in some cases by a login.

What changes anything is sent by POST: httpd may send a GET a second time where a member does not answer, and it would count twice.
"""

from __future__ import annotations

import collections
import http.client
import http.cookies
import itertools
import json
import random
import threading
import time
import typing as t
import urllib.parse
from concurrent.futures import ThreadPoolExecutor

from judge import COUNT, END, LOG_IN, LOOK, Operation

COOKIE = "JSESSIONID"
#: Of the requests of a page, those that only look.
LOOKS = 0.2
#: Of the pages, those that are opened anew.
OPENED_ANEW = 0.5
#: Of Tomcat's realm.
LOGIN = {"j_username": "ann", "j_password": "a-password"}
#: To read a login page and type takes a person longer. Tomcat sends that page before the session is stored.
TYPING_S = 0.2
SLOW_MS = 700
#: So often a user looks whether a session that he has ended is still there, once with each page.
LOOKS_BACK = 3
PATIENCE_S = 60.0
#: Of httpd itself: nobody knows whether such a request did its work.
NO_ANSWER = {502, 503, 504}
#: A connection that lies idle for longer is not used again: httpd may close it in that moment (KeepAliveTimeout, 5 s).
IDLE_S = 3.0


class Browser:
    """One user, with one session. Not for several threads but for those that it makes itself."""

    #: between two pages, in seconds
    PAUSE = (0.0, 0.1)
    #: how many requests a page sends
    AT_ONCE = (4, 6)
    #: of the requests that count, those that take SLOW_MS
    SLOW = 0.005
    #: of the pages, those after which the session has another id, those after which it is ended, and of the sessions those that begin with a login
    RENEWED, ENDED, WITH_LOGIN = 0.02, 0.02, 0.3

    def __init__(self, name: str, sites: t.Sequence[tuple[str, int]], chance: random.Random) -> None:
        """Nothing is sent yet. sites: address and port of each httpd."""
        self.name = name
        self.history: list[Operation] = []
        self.failures: list[str] = []
        self._chance = chance
        self._sites = itertools.cycle(sites)
        self._cookie = ""
        self._sessions = 0
        #: sessions that were ended, with their last cookies
        self._ended: collections.deque[tuple[str, str]] = collections.deque(maxlen=LOOKS_BACK)
        self._lock = threading.Lock()
        #: to each site, with the time since when each lies idle
        self._connections: dict[tuple[str, int], list[tuple[float, http.client.HTTPConnection]]] = {}
        self._pool = ThreadPoolExecutor(self.AT_ONCE[1])

    @property
    def session(self) -> str:
        """What the present session is called in the history."""
        return f"{self.name}-{self._sessions}"

    def use_page(self) -> None:
        """Open it, or not, and once it is there, send its requests at once. Then do what is done now and then."""
        if not self._cookie and self._chance.random() < self.WITH_LOGIN:
            self._log_in()
        if not self._cookie or self._chance.random() < OPENED_ANEW:
            self._ask(COUNT, self._cookie)
        if not self._cookie:
            # No answer, no session. Each of several requests would begin one of its own.
            self._begin_anew()
            return
        kinds = [
            LOOK if self._chance.random() < LOOKS else COUNT for _one in range(self._chance.randint(*self.AT_ONCE))
        ]
        slow = [kind == COUNT and self._chance.random() < self.SLOW for kind in kinds]
        cookie = self._cookie
        list(self._pool.map(lambda kind, slow: self._ask(kind, cookie, slow), kinds, slow))
        for session, last_cookie in self._ended:
            self._look_back(session, last_cookie)
        if self._cookie and self._chance.random() < self.RENEWED:
            self._renew()
        if self._cookie and self._chance.random() < self.ENDED:
            self._end()

    def work(self, ended: threading.Event) -> None:
        """Use one page after the other."""
        while not ended.is_set():
            self.use_page()
            ended.wait(self._chance.uniform(*self.PAUSE))
        self.leave()
        self._pool.shutdown()
        for _since, connection in itertools.chain(*self._connections.values()):
            connection.close()

    def leave(self) -> None:
        """What the user does last."""
        self._ask(LOOK, self._cookie)

    def _ask(self, kind: str, cookie: str, slow: bool = False) -> None:
        sent = time.monotonic()
        method, path = ("POST", "/counter") if kind == COUNT else ("GET", "/whoami")
        answer, given = self._json(method, f"{path}?ms={SLOW_MS}" if slow else path, cookie)
        if given:
            self._cookie = given
        self._note(self.session, kind, sent, answer and (answer["counter"] or 0), answer)

    def _log_in(self) -> None:
        """By Tomcat's own login page: the session begins with it, and has another id afterwards."""
        self._sessions += 1
        page = self._try("GET", "/account", "")
        if not page or page[0] != 200 or not page[2]:
            return
        time.sleep(TYPING_S)
        sent = time.monotonic()
        entered = self._try("POST", "/j_security_check", page[2], LOGIN)
        if not entered or entered[0] in NO_ANSWER:
            return
        status, _text, self._cookie = entered
        self._note(self.session, LOG_IN, sent, int(status in (302, 303) and bool(self._cookie)), None)

    def _renew(self) -> None:
        answer, given = self._json("POST", "/renew", self._cookie)
        # Without an answer nobody knows which id the session has now.
        self._cookie = given
        if not answer or not given:
            self._begin_anew()

    def _end(self) -> None:
        sent = time.monotonic()
        answer, _given = self._json("POST", "/logout", self._cookie)
        self._note(self.session, END, sent, answer and int(answer["logged_out"]), answer)
        if answer:
            self._ended.append((self.session, self._cookie))
        self._begin_anew()

    def _begin_anew(self) -> None:
        self._cookie = ""
        self._sessions += 1

    def _look_back(self, session: str, cookie: str) -> None:
        sent = time.monotonic()
        answer, _given = self._json("GET", "/whoami", cookie)
        self._note(session, LOOK, sent, answer and (answer["counter"] or 0), answer)

    def _note(self, session: str, kind: str, sent: float, number: int | None, answer: t.Any) -> None:
        instance = answer["instance"] if answer else ""
        self.history.append(Operation(session, kind, sent, time.monotonic(), number, instance))

    def _json(self, method: str, path: str, cookie: str) -> tuple[t.Any, str]:
        """What the application answered, or None, and the new cookie."""
        sent = self._try(method, path, cookie)
        if not sent or sent[0] != 200:
            return None, ""
        try:
            return json.loads(sent[1]), sent[2]
        except ValueError:
            self.failures.append("no JSON")
            return None, ""

    def _try(
        self, method: str, path: str, cookie: str, form: t.Mapping[str, str] | None = None
    ) -> tuple[int, bytes, str] | None:
        """None, noted, if the connection broke."""
        try:
            answer = self._send(method, path, cookie, form)
        except (OSError, http.client.HTTPException) as error:
            self.failures.append(type(error).__name__)
            return None
        if answer[0] not in (200, 302, 303):
            self.failures.append(f"{answer[0]}")
        return answer

    def _send(
        self, method: str, path: str, cookie: str, form: t.Mapping[str, str] | None = None
    ) -> tuple[int, bytes, str]:
        """Status, body and new cookie of an answer, on a connection that is kept."""
        with self._lock:
            site = next(self._sites)
            kept = self._connections.setdefault(site, [])
            since, connection = kept.pop() if kept else (0.0, None)
        if not connection or time.monotonic() - since > IDLE_S:
            connection = http.client.HTTPConnection(*site, timeout=PATIENCE_S)
        headers = {"Cookie": f"{COOKIE}={cookie}"} if cookie else {}
        if form:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        connection.request(method, path, urllib.parse.urlencode(form) if form else None, headers)
        response = connection.getresponse()
        text = response.read()
        if response.will_close:
            connection.close()
        else:
            with self._lock:
                kept.append((time.monotonic(), connection))
        found = http.cookies.SimpleCookie(response.headers.get("Set-Cookie", "")).get(COOKIE)
        return response.status, text, found.value if found else ""


class Crowd:
    """Many users, each in a thread of its own, while a with block runs."""

    def __init__(
        self, sites: t.Sequence[tuple[str, int]], users: int, seed: int, kind: type[Browser] = Browser
    ) -> None:
        """The seed decides what they do, not when."""
        self.browsers = [kind(f"user{number}", sites, random.Random(f"{seed}-{number}")) for number in range(users)]
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=browser.work, args=[self._ended]) for browser in self.browsers]

    def __enter__(self) -> Crowd:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_raised: object) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join()

    @property
    def history(self) -> list[Operation]:
        return [operation for browser in self.browsers for operation in browser.history]

    @property
    def operations(self) -> int:
        return sum(len(browser.history) for browser in self.browsers)

    @property
    def failures(self) -> list[str]:
        return [failure for browser in self.browsers for failure in browser.failures]
