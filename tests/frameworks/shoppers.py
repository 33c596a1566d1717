# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Users of the applications in this folder: they log in, fill a basket as browsers do, and note each answer that cannot be right.

A page that is open sends several requests at once, all with the cookie of that moment; half of the time it is opened anew before that.
An entry that was added by an answered request is in each answer to a request that was sent later, and in the basket at the end.
A status of httpd's own (502, 503, 504) and a broken connection are no answer: nobody knows whether such a request did its work.
"""

from __future__ import annotations

import collections
import http.client
import json
import re
import sys
import threading
import time
import typing as t
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "load"))

from browsers import NO_ANSWER, OPENED_ANEW, Browser

LOGGED_OUT, CSRF, EXPIRED, ERROR = "logged out", "CSRF error", "view expired", "error"
#: An entry is not in a later answer, not in the basket at the end, or the bean of a view has forgotten a click.
MISSING, LOST, VIEW = "entry missing", "entry lost", "click lost"
KINDS = (LOGGED_OUT, CSRF, EXPIRED, ERROR, MISSING, LOST, VIEW)


@dataclass(frozen=True)
class Fault:
    """What a user saw and should not have seen."""

    user: str
    kind: str
    #: when the request was sent; seconds of time.monotonic()
    sent: float
    reason: str


@dataclass(frozen=True)
class Answer:
    """What was asked, and what came."""

    path: str
    sent: float
    status: int
    text: str


class Shopper(Browser):
    """One user of one application, logged in by the first page."""

    # What counts is what a page sends at once; frameworks need more of a small machine than the sample application.
    PAUSE = (0.3, 1.0)

    def __init__(self, *arguments: t.Any) -> None:
        super().__init__(*arguments)
        self.faults: list[Fault] = []
        #: entries of which the answer was there
        self.added: set[str] = set()
        self._number = 0
        self._token = ""

    def work(self, ended: threading.Event) -> None:
        """Log in, use one page after the other, and look into the basket at the end."""
        self._log_in()
        super().work(ended)

    def ask(self, path: str, cookie: str | None = None, **form: str) -> Answer | None:
        """One request, a POST if there is a form. None without an answer."""
        sent = time.monotonic()
        try:
            method = "POST" if form else "GET"
            status, body, given = self._send(method, path, self._cookie if cookie is None else cookie, form)
        except (OSError, http.client.HTTPException) as error:
            self.failures.append(type(error).__name__)
            return None
        if status in NO_ANSWER:
            self.failures.append(str(status))
            return None
        if given:
            self._cookie = given
        return Answer(path, sent, status, body.decode())

    def new_entry(self) -> str:
        with self._lock:
            self._number += 1
            return f"{self.name}-{self._number}"

    def fault(self, kind: str, sent: float, reason: str) -> None:
        self.faults.append(Fault(self.name, kind, sent, reason))

    def check_basket(self, answer: Answer, known: t.AbstractSet[str], entries: t.Collection[str], where: str) -> None:
        """known: what had been answered when the request was sent."""
        missing = known - set(entries)
        if missing:
            self.fault(MISSING, answer.sent, f"{len(missing)} of {len(known)} in {where}, {sorted(missing)[:3]}")

    def check_end(self, entries: t.Collection[str], where: str) -> None:
        lost = self.added - set(entries)
        if lost:
            self.fault(LOST, time.monotonic(), f"{len(lost)} of {len(self.added)} in {where}, {sorted(lost)[:3]}")

    def _at_once(self, *requests: t.Callable[[], object]) -> None:
        list(self._pool.map(lambda request: request(), requests))

    def _log_in(self) -> None:
        raise NotImplementedError

    def _must(self, answer: Answer | None, pattern: str) -> str:
        """What the pattern's group is in an answer with which the user comes in."""
        found = answer and re.search(pattern, answer.text)
        if not found:
            raise RuntimeError(f"{self.name} cannot log in: {answer}")
        return found[1]


class SpringShopper(Shopper):
    """Of Spring Boot with Spring Security. A request without a login is sent to the login page, one without its token gets 403."""

    TOKEN = r'name="_csrf" type="hidden" value="([^"]*)"'

    def _log_in(self) -> None:
        token = self._must(self.ask("/spring/login"), self.TOKEN)
        answer = self.ask("/spring/login", username=self.name, password="secret", _csrf=token)
        if not answer or answer.status != 302:
            raise RuntimeError(f"{self.name} cannot log in: {answer}")
        self._token = self._must(self.ask("/spring/"), self.TOKEN)

    def use_page(self) -> None:
        if self._chance.random() < OPENED_ANEW:
            page = self.ask("/spring/")
            if not page or not self._served(page):
                return
            self._token = self._must(page, self.TOKEN)
        cookie = self._cookie
        looks = [lambda: self._look(cookie)] * 2
        self._at_once(*looks, *[lambda: self._add(self._token, cookie)] * self._chance.randint(2, 4))

    def leave(self) -> None:
        answer = self.ask("/spring/basket")
        if answer and self._served(answer):
            content = json.loads(answer.text)
            self.check_end(content["entries"], "the session-scoped bean")
            self.check_end(content["notes"], "the list of an attribute")

    def _look(self, cookie: str) -> None:
        known = frozenset(self.added)
        self._judge(self.ask("/spring/basket", cookie), known)

    def _add(self, token: str, cookie: str) -> None:
        known, entry = frozenset(self.added), self.new_entry()
        answer = self.ask("/spring/basket", cookie, entry=entry, _csrf=token)
        if self._judge(answer, known | {entry}):
            self.added.add(entry)

    def _judge(self, answer: Answer | None, known: t.AbstractSet[str]) -> bool:
        if not answer or not self._served(answer):
            return False
        content = json.loads(answer.text)
        self.check_basket(answer, known, content["entries"], "the session-scoped bean")
        self.check_basket(answer, known, content["notes"], "the list of an attribute")
        return True

    def _served(self, answer: Answer) -> bool:
        if answer.status == 200:
            return True
        kinds = {302: LOGGED_OUT, 401: LOGGED_OUT, 403: CSRF}
        self.fault(kinds.get(answer.status, ERROR), answer.sent, f"{answer.status} for {answer.path}")
        return False


class FacesShopper(Shopper):
    """Of Jakarta Faces: several tabs, each with a view of its own, whose requests are sent one after another as faces.js does it."""

    PATH = "/faces/index.xhtml"
    TABS = 3
    STATE = r'jakarta\.faces\.ViewState[^>]*(?:value="|><!\[CDATA\[)([^"\]]+)'
    SEEN = re.compile(r"user=(\S*) clicks=(\d+) entries=(\d+) instance=(\S+?)<")

    def __init__(self, *arguments: t.Any) -> None:
        super().__init__(*arguments)
        #: the state of each tab's view, the one that was opened last at the end, and how often a button of it was answered
        self._views: collections.deque[str] = collections.deque(maxlen=self.TABS)
        self._clicks: collections.Counter[str] = collections.Counter()

    def _log_in(self) -> None:
        state = self._must(self.ask(self.PATH), self.STATE)
        self._must(self._press("login", state, self.name, self._cookie), rf"user=({self.name}) ")
        for _tab in range(self.TABS):
            self._open_tab()

    def use_page(self) -> None:
        if self._chance.random() < OPENED_ANEW:
            self._open_tab()
        cookie = self._cookie
        adds = [lambda view=view: self._add(view, cookie) for view in self._views]
        self._at_once(*adds, lambda: self._look(cookie), lambda: self._look(cookie))

    def leave(self) -> None:
        answer = self.ask("/faces/visit")
        if answer and (fields := self._visit(answer)):
            self.check_end(fields["entries"].split(","), "the session-scoped bean")

    def _open_tab(self) -> None:
        answer = self.ask(self.PATH)
        if answer and self._seen(answer):
            self._views.append(self._must(answer, self.STATE))

    def _press(self, button: str, view: str, text: str, cookie: str, **more: str) -> Answer | None:
        form = {"form": "form", "form:text": text, f"form:{button}": button, "jakarta.faces.ViewState": view}
        return self.ask(self.PATH, cookie, **form, **more)

    def _add(self, view: str, cookie: str) -> None:
        """By a script of the page, or by the browser itself where it has none."""
        script = {
            "jakarta.faces.partial.ajax": "true",
            "jakarta.faces.source": "form:add",
            "jakarta.faces.behavior.event": "action",
            "jakarta.faces.partial.event": "click",
            "jakarta.faces.partial.execute": "form",
            "jakarta.faces.partial.render": "form",
        }
        known, entry = len(self.added), self.new_entry()
        answer = self._press("add", view, entry, cookie, **(script if self._chance.random() < 0.7 else {}))
        seen = answer and self._seen(answer)
        if not answer or not seen:
            return
        self.added.add(entry)
        self._clicks[view] += 1
        if int(seen[2]) < self._clicks[view]:
            self.fault(VIEW, answer.sent, f"{seen[2]} of {self._clicks[view]} in the view-scoped bean")
        if int(seen[3]) < known + 1:
            self.fault(MISSING, answer.sent, f"{seen[3]} entries, after {known} had been answered")
        state = self._must(answer, self.STATE)
        if state != view:
            self._clicks[state] = self._clicks.pop(view)
            self._views[self._views.index(view)] = state

    def _look(self, cookie: str) -> None:
        known = frozenset(self.added)
        answer = self.ask("/faces/visit", cookie)
        if answer and (fields := self._visit(answer)):
            self.check_basket(answer, known, fields["entries"].split(","), "the session-scoped bean")

    def _visit(self, answer: Answer) -> dict[str, str] | None:
        if answer.status != 200:
            self.fault(ERROR, answer.sent, f"{answer.status} for {answer.path}")
            return None
        fields = dict(line.split("=", 1) for line in answer.text.splitlines())
        if fields["user"] != self.name:
            self.fault(LOGGED_OUT, answer.sent, f"user {fields['user']!r} for {answer.path}, by {fields['instance']}")
            return None
        return fields

    def _seen(self, answer: Answer) -> re.Match[str] | None:
        seen = self.SEEN.search(answer.text)
        if "ViewExpiredException" in answer.text:
            self.fault(EXPIRED, answer.sent, f"{answer.status} for {answer.path}")
        elif answer.status != 200 or not seen:
            self.fault(ERROR, answer.sent, f"{answer.status} for {answer.path}: {answer.text[:200]}")
        elif seen[1] != self.name:
            self.fault(LOGGED_OUT, answer.sent, f"user {seen[1]!r} for {answer.path}, by {seen[4]}")
        else:
            return seen
        return None
