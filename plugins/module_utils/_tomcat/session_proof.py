# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the sessions of an application that runs are in their store, and come back to this instance.

Two questions. Tomcat is asked which Manager the application's context has: what an application brings along may have put
another in the place of the store's. And a session that one of its pages makes is looked for in the store itself.
"""

# Private to this collection.

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError
from ansible_collections.roundrobin.tomcat.plugins.module_utils._releases.disk import ReleasesDisk
from ansible_collections.roundrobin.tomcat.plugins.module_utils._stores import memcached, redis
from ansible_collections.roundrobin.tomcat.plugins.module_utils._stores.conversation import Login
from ansible_collections.roundrobin.tomcat.plugins.module_utils._stores.lookup import MANAGERS, has
from ansible_collections.roundrobin.tomcat.plugins.module_utils._wait import Clock, wait_until

from .ask import make_ask
from .health import Answer, Health, parse_url
from .manager import context_path
from .proof import Check
from .teller import CLASS, TELLER, ask_manager, why_silent

REQUEST_TIMEOUT = 5.0
STORE_TIMEOUT = 3.0
# How long a session may take to its store, where the answer does not wait for it.
PATIENCE = 2.0

ARGUMENTS: dict[str, t.Any] = {
    "store": {"type": "str", "required": True, "choices": sorted(MANAGERS)},
    "applications": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {"name": {"type": "str", "required": True}, "base_name": {"type": "str", "required": True}},
    },
    "url": {"type": "str", "required": True},
    "route": {"type": "str", "required": True},
    "cookies": {"type": "list", "elements": "str", "required": True},
    "any_cookie": {"type": "bool", "default": False},
    "entry_page": {"type": "bool", "default": False},
    "servers": {"type": "list", "elements": "raw", "default": []},
    "username": {"type": "str"},
    "password": {"type": "str", "no_log": True},
}

Told = dict[str, t.Any]


@dataclass(frozen=True)
class SessionProof:
    """What is to be proved, and who is asked."""

    base: str
    store: str
    # With the names that their health checks have them by.
    applications: t.Sequence[t.Mapping[str, str]]
    route: str
    # The names that httpd knows the session cookie by, and whether another is accepted.
    cookies: t.Sequence[str]
    any_cookie: bool
    # Whether the application's entry page is asked for where no health check made a session.
    entry_page: bool
    # Those of the store; without any a session is not looked for.
    servers: t.Sequence[t.Any]
    login: Login
    # Asks for a path of this instance.
    ask: t.Callable[[str], Answer]


def read_session_proof(base: str, given: t.Mapping[str, t.Any], secret: str | None) -> SessionProof:
    """Make it of the options in ARGUMENTS; raise for what cannot work, before anything is asked."""
    scheme = parse_url(given["url"]).scheme

    def ask(path: str) -> Answer:
        return make_ask(
            parse_url(given["url"] + path),
            headers={},
            secret=secret if scheme == "ajp" else None,
            timeout=REQUEST_TIMEOUT,
        )()

    parse: t.Callable[[t.Any], t.Any] = memcached.parse_node if given["store"] == "memcached" else redis.parse_server
    return SessionProof(
        base=base,
        store=given["store"],
        applications=given["applications"],
        route=given["route"],
        cookies=given["cookies"],
        any_cookie=given["any_cookie"],
        entry_page=given["entry_page"],
        servers=[parse(server) for server in given["servers"]],
        login=Login(given["username"], given["password"]),
        ask=ask,
    )


def prove_sessions(
    proof: SessionProof, checks: t.Sequence[Check], healths: t.Sequence[Health], clock: Clock
) -> list[Told]:
    """Return what was found out of each application; raise where its sessions are not as they must be."""
    found = []
    for application in proof.applications:
        answers = [health.last for check, health in zip(checks, healths) if check.application == application["name"]]
        found.append(_prove(proof, application["base_name"], answers, clock))
    return found


def _prove(proof: SessionProof, name: str, answers: t.Sequence[Answer], clock: Clock) -> Told:
    told: Told = {"application": name, "manager": None, "session": None, "problem": None}
    contexts = ReleasesDisk(proof.base, name).read().contexts
    # The one that new users get: an older one waits to be retired.
    version = contexts[-1].context_version if contexts else ""
    told["manager"], told["problem"] = _manager(proof, name, version)
    path = "" if name == "ROOT" else context_path(name)
    cookie = _session_of(proof, answers)
    if cookie is None and proof.entry_page:
        cookie = _session_of(proof, [proof.ask(path + "/")])
    if cookie:
        _judge_cookie(proof, name, path, cookie)
        told["session"] = "stored" if _is_stored(proof, name, cookie.value, clock) else "made"
    return told


def _manager(proof: SessionProof, name: str, context_version: str) -> tuple[str | None, str | None]:
    """Return the class of a context's Manager, or why it cannot be told."""
    found, answer = ask_manager(proof.ask, name, context_version, CLASS)
    wanted = MANAGERS[proof.store]
    if found == wanted:
        return wanted, None
    if found or "InstanceNotFoundException" in answer.body:
        has_it = f"The Manager of {name} is {found}" if found else f"{name} has no Manager that Tomcat knows"
        raise CollectionError(
            f"{has_it}, not {wanted}: its sessions are in no store (tomcat_instance_session_store is {proof.store}). Look for a "
            "<Manager>, or override, in its META-INF/context.xml, and for what Tomcat's log says of the Manager in conf/context.xml."
        )
    return None, f"{TELLER} does not say which Manager {name} has ({why_silent(answer)}): run rolling_restart once"


class _Cookie:
    """A cookie as a header Set-Cookie has it."""

    def __init__(self, header: str) -> None:
        first, *attributes = (part.strip() for part in header.split(";"))
        self.name, _equals, value = first.partition("=")
        self.value = value.strip('"')
        pairs = (attribute.partition("=") for attribute in attributes)
        self.attributes = {key.strip().lower(): text.strip() for key, _equals, text in pairs}

    def is_a_session(self, proof: SessionProof) -> bool:
        """Whether it is one of Tomcat's sessions, whatever its name is. One that is taken away is none."""
        if not self.value or self.attributes.get("max-age") == "0":
            return False
        return self.name in proof.cookies or bool(
            re.fullmatch(rf"[0-9A-Fa-f]{{16,}}(-[^.]*)?\.{re.escape(proof.route)}", self.value)
        )


def _session_of(proof: SessionProof, answers: t.Iterable[Answer]) -> _Cookie | None:
    cookies = (_Cookie(header) for answer in answers for header in answer.cookies)
    return next((cookie for cookie in cookies if cookie.is_a_session(proof)), None)


def _judge_cookie(proof: SessionProof, name: str, path: str, cookie: _Cookie) -> None:
    if proof.any_cookie:
        return
    problem = None
    sent_to = cookie.attributes.get("path", "/")
    if cookie.name not in proof.cookies:
        problem = f"is called {cookie.name}, and httpd looks for {' or '.join(proof.cookies)}"
    elif not cookie.value.endswith(f".{proof.route}"):
        problem = f"does not end in .{proof.route}, the route that httpd has for this instance"
    elif not reaches(sent_to, path):
        problem = f"is for {sent_to}, and no browser sends it to {path or '/'}"
    if problem:
        raise CollectionError(
            f"The session cookie of {name} {problem}: its users would not stay with their instance. See docs/rollouts.md, "
            "'What an application brings along'."
        )


def reaches(cookie_path: str, context: str) -> bool:
    """Whether a browser sends a cookie of this path to all of the context, whose path is empty for ROOT."""
    return (context + "/").startswith(cookie_path.rstrip("/") + "/")


def _is_stored(proof: SessionProof, name: str, session_id: str, clock: Clock) -> bool:
    """Whether the store is known to have the session; raise where it is known that it has not."""
    if not proof.servers:
        return False
    outcome = wait_until(
        lambda: has(proof.store, proof.servers, proof.login, STORE_TIMEOUT, session_id),
        bool,
        timeout=PATIENCE,
        interval=0.5,
        clock=clock,
    )
    if outcome.last is False:
        raise CollectionError(
            f"A session that a page of {name} made is not in {proof.store}, as it must be before the answer goes out: users would "
            "lose it with this instance. Tomcat's log may say why."
        )
    return bool(outcome.last)


def sentence(told: t.Sequence[Told]) -> str:
    """Say in one line what was proved."""
    return "; ".join(_sentence(one) for one in told)


def _sentence(one: Told) -> str:
    manager = one["problem"] or f"its Manager is {one['manager'].rpartition('.')[2]}"
    session = {
        "stored": "a session that its page made is in the store",
        "made": "its page made a session, and whether the store has it is not known",
        None: "no page made a session",
    }[one["session"]]
    return f"sessions of {one['application']}: {manager}, {session}"
