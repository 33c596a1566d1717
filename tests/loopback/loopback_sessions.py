# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real Tomcats with their sessions in memcached, and users of the sample application whose requests go to chosen ones, without an httpd."""

from __future__ import annotations

import contextlib
import http.client
import http.cookies
import json
import sys
import threading
import urllib.parse
from concurrent.futures import ThreadPoolExecutor

import loopback_store
import loopback_tomcat
from loopback import ROOT

sys.path.insert(0, str(ROOT / "tests/sample_app"))
import make_war

IGNORED = r".*\.(ico|png|gif|jpg|css|js)$"
USER_SECONDS = 60
PAGES = ("/counter", "/whoami", "/login", "/logout", "/renew", "/ballast")


class Member(loopback_tomcat.Instance):
    """One that serves the sample application as ROOT and as /shop."""

    def __init__(self, version, home, directory, name, nodes, **attributes):
        super().__init__(version, home, directory, name)
        settings = loopback_store.settings_of_memcached(*(node.address for node in nodes))
        loopback_store.bring(self, "memcached", **{**settings, "requestUriIgnorePattern": IGNORED, **attributes})
        loopback_store.start_quickly(self)
        for application in ("ROOT", "shop"):
            make_war.make_war(self.base / f"webapps/{application}.war", "1.0")
        server = self.base / "conf/server.xml"
        # What Tomcat does every ten seconds, it does each second.
        server.write_text(server.read_text().replace(' jvmRoute="', ' backgroundProcessorDelay="1" jvmRoute="'))
        self.stack = contextlib.ExitStack()

    def start(self):
        self.process = self.stack.enter_context(self.running())
        # Every page is compiled before users come.
        for application in ("", "/shop"):
            for page in PAGES:
                self.ask(application + page)

    def stop(self):
        self.stack.close()

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.stack.close()

    def ask(self, path, cookie=None, **form):
        """The status, what the page says, and the cookie that it sets."""
        connection = http.client.HTTPConnection("127.0.0.1", self.http, timeout=USER_SECONDS)
        headers = {"Cookie": f"JSESSIONID={cookie}"} if cookie else {}
        try:
            if form:
                headers["Content-Type"] = "application/x-www-form-urlencoded"
                connection.request("POST", path, urllib.parse.urlencode(form), headers)
            else:
                connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            text = answer.read().decode()
        finally:
            connection.close()
        is_json = answer.getheader("Content-Type", "").startswith("application/json")
        cookies = http.cookies.SimpleCookie(answer.getheader("Set-Cookie", ""))
        return (
            answer.status,
            json.loads(text) if is_json else {"user": None},
            cookies["JSESSIONID"].value if "JSESSIONID" in cookies else None,
        )


def start_all(members):
    """At once, as each takes seconds."""
    with ThreadPoolExecutor(len(members)) as pool:
        list(pool.map(Member.start, members))


class User:
    """A browser that counts up: it keeps the last cookie it was given, and notes what was wrong with the answers."""

    def __init__(self, name, at):
        self.name, self.counted, self.complaints = name, 0, []
        self.lock = threading.Lock()
        status, _page, self.cookie = at.ask("/login", user=name, password="any")
        assert status == 302

    def count(self, at, cookie=None, milliseconds=0):
        """A request that may not be answered, as its Tomcat is killed, is not counted."""
        try:
            status, page, new = at.ask(f"/counter?ms={milliseconds}", cookie or self.cookie)
        except (OSError, http.client.HTTPException):
            return
        with self.lock:
            if status != 200 or page["user"] != self.name:
                self.complaints.append(f"{self.name} at {at.base.name}: status {status}, user {page['user']}")
                return
            self.counted += 1
            self.cookie = new or self.cookie

    def look(self, at, cookie=None):
        status, page, new = at.ask("/whoami", cookie or self.cookie)
        assert status == 200
        self.cookie = new or self.cookie
        return page

    def check(self, at, surplus=0):
        """The counter is what was counted; a request that got no answer may have counted too."""
        page = self.look(at)
        if page["user"] != self.name:
            self.complaints.append(f"{self.name} is nobody at {at.base.name}")
        elif not self.counted <= page["counter"] <= self.counted + surplus:
            self.complaints.append(f"{self.name} counted {self.counted} times, and the counter is {page['counter']}")


def log_in(at, users=20):
    return [User(f"user{number}", at) for number in range(users)]


def burst(pool, users, members):
    """The requests of a page: each user's at once, with the cookie of before, each to one of the members."""
    return [pool.submit(user.count, member, user.cookie) for user in users for member in members]


def complaints(users, at, surplus=0):
    """Of all users, after a last look at this member."""
    for user in users:
        user.check(at, surplus)
    return [complaint for user in users for complaint in user.complaints]
