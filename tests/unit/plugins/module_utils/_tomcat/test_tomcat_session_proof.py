# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an instance says of its sessions, and what is made of it; tests/loopback/test_parallel_sessions.py has a real Tomcat."""

from __future__ import annotations

import re
from types import SimpleNamespace
from urllib.parse import unquote

import pytest

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError
from ansible_collections.roundrobin.tomcat.plugins.module_utils._stores.lookup import MANAGERS
from ansible_collections.roundrobin.tomcat.plugins.module_utils._tomcat import session_proof
from ansible_collections.roundrobin.tomcat.plugins.module_utils._tomcat.health import Answer

ID = "E342E9A9B542BACAC4E4FFE73FD0D1BC-n1.app1"
COOKIE = f"JSESSIONID={ID}; Path=/app; HttpOnly"
OPTIONS = {
    "store": "memcached",
    "applications": [{"name": "shop", "base_name": "app"}],
    "url": "http://198.18.0.3:8080",
    "route": "app1",
    "cookies": ["JSESSIONID"],
    "any_cookie": False,
    "entry_page": True,
    "servers": ["198.18.0.5:11211"],
    "username": None,
    "password": None,
}


class Instance:
    """A Tomcat with the release 1.0 of app, and its store."""

    def __init__(self, tomcat, monkeypatch, new_clock):
        self.base, self.link = tomcat.base, tomcat.link_to
        self.clock = new_clock()
        self.manager = MANAGERS["memcached"]
        self.teller = None
        self.entry = Answer(0.1, 200, "hello", cookies=("theme=dark", COOKIE))
        self.stored = {ID}
        self.asked = []
        tomcat.link_to("", "1.0")
        monkeypatch.setattr(session_proof, "has", self._has)
        monkeypatch.setattr(session_proof, "make_ask", self._make_ask)

    def _has(self, store, servers, login, timeout, session_id):
        self.asked.append((store, [str(server) for server in servers], session_id))
        return None if self.stored is None else session_id in self.stored

    def _make_ask(self, target, *, headers, secret, timeout):
        def ask():
            self.asked.append(target.url[len(OPTIONS["url"]) :])
            if not target.path.startswith("/roundrobin-sessions"):
                return self.entry
            if self.teller:
                return self.teller
            bean = unquote(re.search("get=(.*)&att=className$", target.query)[1])
            return Answer(0.1, 200, f"OK - Attribute get '{bean}' - className = {self.manager}\r\n")

        return ask

    def prove(self, *healths, **options):
        """Healths are the last answers of checks of shop."""
        proof = session_proof.read_session_proof(str(self.base), {**OPTIONS, **options}, None)
        checks = [SimpleNamespace(application="shop") for dummy in healths]
        return session_proof.prove_sessions(
            proof, checks, [SimpleNamespace(last=health) for health in healths], self.clock
        )

    def complaint(self, **options):
        with pytest.raises(CollectionError) as told:
            self.prove(**options)
        return told.value.message


@pytest.fixture
def instance(tomcat, monkeypatch, new_clock):
    return Instance(tomcat, monkeypatch, new_clock)


def test_all_is_well(instance):
    told = {"application": "app", "manager": MANAGERS["memcached"], "session": "stored", "problem": None}
    assert instance.prove() == [told]
    assert instance.asked == [
        "/roundrobin-sessions/?get=Catalina%3Atype%3DManager%2Chost%3Dlocalhost%2Ccontext%3D%2Fapp&att=className",
        "/app/",
        ("memcached", ["198.18.0.5:11211"], ID),
    ]
    assert session_proof.sentence([told]) == (
        "sessions of app: its Manager is MemcachedSessionManager, a session that its page made is in the store"
    )


def test_a_session_of_the_health_check_will_do(instance):
    instance.prove(Answer(0.1, 200, cookies=(COOKIE,)))
    assert "/app/" not in instance.asked


def test_the_release_that_new_users_get_is_asked_for(instance):
    instance.link("000001", "2.0")
    instance.prove()
    assert "context%3D%2Fapp%23%23000001&" in instance.asked[0]


def test_another_manager_is_a_failure(instance):
    instance.manager = "org.apache.catalina.session.StandardManager"
    assert instance.complaint().startswith(
        "The Manager of app is org.apache.catalina.session.StandardManager, not org.roundrobin.tomcat.MemcachedSessionManager: "
        "its sessions are in no store (tomcat_instance_session_store is memcached). "
    )


def test_no_manager_at_all_is_a_failure(instance):
    instance.teller = Answer(0.1, 200, "Error - javax.management.InstanceNotFoundException: Catalina:type=Manager")
    assert instance.complaint().startswith("app has no Manager that Tomcat knows, not org.roundrobin")


@pytest.mark.parametrize(
    ("answer", "why"),
    [(Answer(0.1, 404, "no"), "status 404, 'no'"), (Answer(0.1, error="Connection refused"), "Connection refused")],
)
def test_an_instance_that_does_not_say_it_yet_is_told(instance, answer, why):
    instance.teller = answer
    (told,) = instance.prove()
    assert (told["manager"], told["session"]) == (None, "stored")
    assert told["problem"] == (
        f"/roundrobin-sessions does not say which Manager app has ({why}): run rolling_restart once"
    )
    assert told["problem"] in session_proof.sentence([told])


def test_a_page_that_makes_no_session_proves_nothing(instance):
    instance.entry = Answer(0.1, 302, cookies=("theme=dark", "JSESSIONID=; Max-Age=0", f"JSESSIONID={ID}; Max-Age=0"))
    assert instance.prove()[0]["session"] is None


def test_the_entry_page_is_asked_for_where_it_is_wanted(instance):
    assert instance.prove(entry_page=False)[0]["session"] is None
    assert "/app/" not in instance.asked


def test_a_session_that_is_not_in_the_store_is_a_failure(instance):
    instance.stored = set()
    assert instance.complaint().startswith("A session that a page of app made is not in memcached")
    assert sum(instance.clock.slept) == pytest.approx(session_proof.PATIENCE)


def test_a_store_that_cannot_say_it_is_no_failure(instance):
    """The preflight has asked every store; that it cannot list its keys says nothing of the release."""
    instance.stored = None
    (told,) = instance.prove()
    assert told["session"] == "made"
    assert session_proof.sentence([told]).endswith("made a session, and whether the store has it is not known")


@pytest.mark.parametrize("store", ["delta", "backup", "memcached"])
def test_without_servers_no_session_is_looked_for(instance, store):
    instance.manager = MANAGERS[store]
    assert instance.prove(store=store, servers=[])[0] == {
        "application": "app",
        "manager": MANAGERS[store],
        "session": "made",
        "problem": None,
    }


@pytest.mark.parametrize(
    ("cookie", "problem"),
    [
        (f"SHOP={ID}; Path=/app", "is called SHOP, and httpd looks for JSESSIONID"),
        ("JSESSIONID=E342E9A9B542BACAC4E4FFE73FD0D1BC; Path=/app", "does not end in .app1, the route"),
        (f"JSESSIONID={ID}; Path=/other", "is for /other, and no browser sends it to /app"),
    ],
)
def test_a_cookie_that_does_not_bring_its_user_back_is_a_failure(instance, cookie, problem):
    instance.entry = Answer(0.1, 200, cookies=(cookie,))
    assert instance.complaint().startswith(f"The session cookie of app {problem}")
    # Accepted, it is looked for all the same.
    instance.stored = {ID, ID.partition("-")[0]}
    assert instance.prove(any_cookie=True)[0]["session"] == "stored"


@pytest.mark.parametrize(
    ("cookie_path", "context", "whether"),
    [
        *[("/", "", True), ("/", "/app", True), ("/app", "/app", True), ("/app/", "/app", True), ("/a", "/a/b", True)],
        *[("/app", "", False), ("/ap", "/app", False), ("/app/x", "/app", False)],
    ],
)
def test_which_paths_reach_a_context(cookie_path, context, whether):
    assert session_proof.reaches(cookie_path, context) is whether


@pytest.mark.parametrize("options", [{"url": "ftp://x"}, {"servers": ["x"]}, {"store": "redis", "servers": ["x:1"]}])
def test_what_cannot_work_is_refused_before_anything_is_asked(instance, options):
    instance.complaint(**options)
    assert instance.asked == []
