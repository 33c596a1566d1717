# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What httpd's balancer-manager says and obeys.

httpd answers 200 to every change it ignores (no Referer, another server name, a
stale nonce, an unknown worker), so nothing here trusts an answer to a write: the
manager is read again and the flags are compared.

Pure but for the ``fetch`` callable that is passed in.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from html import unescape
from typing import Optional, Protocol
from urllib.parse import parse_qs, quote, urlencode, urlsplit, urlunsplit
from xml.etree import ElementTree

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError
from ansible_collections.roundrobin.tomcat.plugins.module_utils._wait import Clock, Outcome, wait_until

NAMESPACE = "{http://httpd.apache.org}"
SCHEME = "balancer://"

# Words of the status column (httpd's proxy_util.c) and the letter of the flag each stands for.
FLAG_WORDS = {
    "Dis": "D",
    "Drn": "N",
    "Stop": "S",
    "Stby": "H",
    "Spar": "R",
    "Ign": "I",
    "HcFl": "C",
    "Err": "E",
    "Shut": "U",
}

# The three flags that make up a state. The others are the administrator's and are never sent.
STATES: Mapping[str, Mapping[str, bool]] = {
    "enabled": {"D": False, "N": False, "S": False},
    "draining": {"D": False, "N": True, "S": False},
    "disabled": {"D": True, "N": False, "S": False},
    "stopped": {"D": False, "N": False, "S": True},
}

# httpd leaves these out of a member's URL.
DEFAULT_PORTS = {"ajp": 8009, "h2c": 80, "http": 80, "https": 443, "h2": 443}

# httpd's own limit on the body of a change (mod_proxy_balancer.c).
MAX_FORM = 1024


class ManagerError(CollectionError):
    """The manager could not be reached, understood, or made to obey."""


@dataclass(frozen=True)
class Response:
    """What fetch returns."""

    status: int
    text: str


class Fetch(Protocol):
    """One HTTP request; raises ManagerError when there is no answer."""

    def __call__(self, method: str, url: str, headers: Mapping[str, str], body: Optional[str]) -> Response:
        """Send it."""


@dataclass(frozen=True)
class Member:
    """One BalancerMember as the manager shows it."""

    balancer: str
    # httpd's own name for it, and the same with its port always written out.
    name: str
    worker: str
    route: str
    status: str
    flags: frozenset[str]
    elected: int
    busy: int
    load_factor: float
    lbset: int
    retries: int

    @property
    def state(self) -> str:
        """The strongest of the three state flags, by its name."""
        if "S" in self.flags:
            return "stopped"
        if "D" in self.flags:
            return "disabled"
        return "draining" if "N" in self.flags else "enabled"

    def as_dict(self) -> dict[str, object]:
        """Plain data for a module's result."""
        return {
            "balancer": self.balancer,
            "worker": self.worker,
            "route": self.route,
            "state": self.state,
            "status": self.status,
            "usable": usable(self),
            "standby": "H" in self.flags,
            "spare": "R" in self.flags,
            "ignore_errors": "I" in self.flags,
            "health_check_failed": "C" in self.flags,
            "in_error": "E" in self.flags,
            "elected": self.elected,
            "busy": self.busy,
            "load_factor": self.load_factor,
            "lbset": self.lbset,
            "retries": self.retries,
        }


@dataclass(frozen=True)
class Balancer:
    """One balancer with its members; the nonce is a secret and never leaves this module."""

    name: str
    members: tuple[Member, ...]
    nonce: str = field(default="", repr=False)

    def as_dict(self) -> dict[str, object]:
        """Plain data for a module's result, without the nonce."""
        return {"name": self.name, "members": [member.as_dict() for member in self.members]}


# Predicates -----------------------------------------------------------------


def usable(member: Member) -> bool:
    """Whether httpd would give this member a new session now (or when the others are gone, for a standby)."""
    return not member.flags & frozenset("DNSECU")


def obeys(member: Member, state: str) -> bool:
    """Whether the member's flags are exactly those of the wanted state."""
    return not changed_flags(member, state)


def idle(history: Sequence[Member], reads: int) -> bool:
    """Whether the last ``reads`` readings all show nothing in flight and no request handed out between them.

    One reading is not enough: httpd counts Busy without a lock, so it may show 0 for
    an instant while requests still come in.
    """
    last = history[-reads:]
    return len(last) == reads and all(member.busy == 0 and member.elected == last[0].elected for member in last)


def usable_without(balancer: Balancer, member: Member) -> int:
    """How many members could serve if this one were out.

    Hot standbys (H) only count when nobody else is left, for only then does httpd use them.
    """
    others = [other for other in balancer.members if other.worker != member.worker and usable(other)]
    active = [other for other in others if "H" not in other.flags]
    return len(active) or len(others)


# Reading --------------------------------------------------------------------


def parse_flags(status: str) -> frozenset[str]:
    """Turn "Init Drn Ok " into the letters of the flags that are set."""
    return frozenset(FLAG_WORDS[word] for word in status.split() if word in FLAG_WORDS)


def parse_xml(text: str) -> tuple[Balancer, ...]:
    """Read the XML view."""
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise ManagerError("the manager's XML has a document type, which httpd never sends")
    try:
        # The document comes from httpd as text; its declaration names UTF-8 whatever was sent.
        root = ElementTree.fromstring(text.encode("utf-8"))
    except ElementTree.ParseError as error:
        raise ManagerError(f"the manager's XML is damaged or cut short ({error})") from error
    if root.tag != NAMESPACE + "manager":
        raise ManagerError(f"the answer is XML, but not a balancer-manager's (its root is {root.tag})")
    return tuple(_balancer(element) for element in root.iter(NAMESPACE + "balancer"))


def _text(element: ElementTree.Element, tag: str, default: str = "") -> str:
    return (element.findtext(NAMESPACE + tag) or default).strip()


def _balancer(element: ElementTree.Element) -> Balancer:
    name = _text(element, "name").removeprefix(SCHEME)
    return Balancer(
        name=name,
        members=tuple(_member(name, worker) for worker in element.iter(NAMESPACE + "worker")),
        nonce=_text(element, "nonce"),
    )


def _member(balancer: str, element: ElementTree.Element) -> Member:
    status = _text(element, "status")
    try:
        return Member(
            balancer=balancer,
            name=_text(element, "name"),
            worker=canonical(_text(element, "name")),
            route=_text(element, "route"),
            status=status,
            flags=parse_flags(status),
            elected=int(_text(element, "elected", "0")),
            busy=int(_text(element, "busy", "0")),
            load_factor=float(_text(element, "loadfactor", "1")),
            lbset=int(_text(element, "lbset", "0")),
            retries=int(_text(element, "retries", "0")),
        )
    except ValueError as error:
        raise ManagerError(f"the manager's XML has a number that is none ({error})") from error


def parse_nonces(page: str) -> dict[str, str]:
    """Read each balancer's nonce from the links of the HTML view (httpd before 2.4.71 has it only there)."""
    nonces = {}
    for link in re.findall(r'<a href=["\']([^"\']*)["\']', page):
        query = parse_qs(urlsplit(unescape(link)).query)
        if "b" in query and "nonce" in query and "w" not in query:
            nonces[query["b"][0]] = query["nonce"][0]
    return nonces


def parse_server_name(page: str) -> Optional[str]:
    """Read the server name that httpd compares the Referer with, from the head line of the HTML view."""
    found = re.search(r"<h1>Load Balancer Manager for ([^<]+)</h1>", page)
    return unescape(found.group(1)).strip() if found else None


def canonical(url: str) -> str:
    """Write a member's URL with its port, and scheme and host in lower case, so that two spellings compare equal."""
    if url.startswith("unix:"):
        return url
    try:
        parts = urlsplit(url)
        port = parts.port or DEFAULT_PORTS.get(parts.scheme)
    except ValueError as error:
        raise ManagerError(f"the worker {url!r} is not a URL ({error})") from error
    if not parts.hostname:
        raise ManagerError(f"the worker {url!r} is not a URL like ajp://198.18.0.3:8009")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}" + (f":{port}" if port else "") + parts.path


# Finding --------------------------------------------------------------------


def find(
    balancers: Sequence[Balancer], balancer: Optional[str], worker: Optional[str], route: Optional[str]
) -> tuple[Balancer, Member]:
    """Find the one member that is meant, by exact comparison; anything but one is an error."""
    wanted = None if balancer is None else balancer.removeprefix(SCHEME)
    if wanted is not None and wanted not in [known.name for known in balancers]:
        raise ManagerError(
            f"there is no balancer {wanted!r} on this manager, which knows {_listed(known.name for known in balancers)}"
        )
    wanted_worker = None if worker is None else canonical(worker)
    pool = [known for known in balancers if wanted is None or known.name == wanted]
    found = [
        (known, member)
        for known in pool
        for member in known.members
        if (wanted_worker is None or member.worker == wanted_worker) and (route is None or member.route == route)
    ]
    key = f"worker {wanted_worker!r}" if wanted_worker is not None else f"route {route!r}"
    if len(found) == 1:
        return found[0]
    if found:
        named = _listed(f"{known.name}: {member.worker}" for known, member in found)
        raise ManagerError(f"{key} is not one member but {len(found)} ({named}), so name the balancer and the worker")
    there = _listed(f"{member.worker} (route {member.route or 'none'})" for known in pool for member in known.members)
    where = f"balancer {wanted!r}" if wanted is not None else "any balancer"
    raise ManagerError(f"{key} is not a member of {where} on this manager, which knows {there}")


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names) or "none"


# Writing --------------------------------------------------------------------


def changed_flags(member: Member, state: str) -> dict[str, bool]:
    """The state flags that differ from the wanted ones; every other flag stays as it is."""
    return {flag: on for flag, on in STATES[state].items() if (flag in member.flags) != on}


def form(balancer: Balancer, member: Member, flags: Mapping[str, bool]) -> str:
    """The body of the POST that sets these flags."""
    fields = {
        "b": balancer.name,
        # httpd unescapes the worker's name a second time after the form's own escaping.
        "w": member.name.replace("%", "%25"),
        "nonce": balancer.nonce,
    }
    fields.update({f"w_status_{flag}": "1" if on else "0" for flag, on in flags.items()})
    body = urlencode(fields, quote_via=quote)
    if len(body) > MAX_FORM:
        raise ManagerError(f"the change of {member.worker} takes {len(body)} bytes, and httpd reads {MAX_FORM} at most")
    return body


class BalancerManager:
    """One balancer-manager page: read it, change a member and see that it obeyed."""

    def __init__(self, fetch: Fetch, url: str) -> None:
        """Check the URL; nothing is sent yet."""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise ManagerError(
                f"manager_url {url!r} is not usable: write http(s)://host[:port]/path without a query, "
                "as in http://127.0.0.1:9080/balancer-manager"
            )
        if parts.username or parts.password:
            raise ManagerError("manager_url holds a user name: put it into url_username and url_password")
        self._fetch = fetch
        self._url = url
        self._referer = urlunsplit((parts.scheme, parts.netloc, "/", "", ""))

    def read(self) -> tuple[Balancer, ...]:
        """Read all balancers, with what is needed to change them."""
        page = self._get("?xml=1")
        name = parse_server_name(page)
        if name is not None:
            # HTML for ?xml=1: the Referer's host is not the server's name (UseCanonicalName On). The page names it.
            self._referer = f"http://{name}/"
            page = self._get("?xml=1")
        if parse_server_name(page) is not None:
            raise ManagerError(
                f"httpd ignores the parameters sent to {self._url}: its server name is {name!r}, "
                "so use that name as the host of manager_url"
            )
        if "<httpd:manager" not in page:
            raise ManagerError(f"{self._url} answers, but not with a balancer-manager's page")
        balancers = parse_xml(page)
        if all(balancer.nonce for balancer in balancers):
            return balancers
        nonces = parse_nonces(self._get(""))
        return tuple(
            Balancer(balancer.name, balancer.members, balancer.nonce or nonces.get(balancer.name, ""))
            for balancer in balancers
        )

    def write(self, balancer: Balancer, member: Member, state: str) -> tuple[Balancer, Member]:
        """Set the flags that must change and return what the manager then shows; fail if that is not the state."""
        if not balancer.nonce:
            raise ManagerError(
                f"balancer {balancer.name!r} cannot be managed: the manager gives it no nonce "
                "(nonce=None in its configuration turns every change off)"
            )
        answer = self._fetch(
            "POST",
            self._url,
            {"Referer": self._referer, "Content-Type": "application/x-www-form-urlencoded"},
            form(balancer, member, changed_flags(member, state)),
        )
        self._check(answer)
        balancer_after, after = find(self.read(), balancer.name, member.worker, None)
        if not obeys(after, state):
            raise ManagerError(
                f"httpd answered {answer.status} but did not set {member.worker} of balancer {balancer.name!r} "
                f"to {state}: its status is still {after.status!r} (httpd's error log may say why: a Referer that is "
                "not its server name, or a nonce that a reload has changed)",
                state_before=member.state,
                state_after=after.state,
            )
        return balancer_after, after

    def _get(self, query: str) -> str:
        answer = self._fetch("GET", self._url + query, {"Referer": self._referer}, None)
        self._check(answer)
        return answer.text

    def _check(self, answer: Response) -> None:
        if answer.status == 200:
            return
        hints = {
            401: "the user name or the password is wrong or missing",
            403: "httpd does not let this client in; the manager is usually open to the machine itself only",
            404: "there is no balancer-manager at this path",
        }
        hint = hints.get(answer.status, "a balancer-manager answers 200")
        raise ManagerError(f"{self._url} answered {answer.status}: {hint}")


# The whole of a change ------------------------------------------------------


@dataclass(frozen=True)
class Wanted:
    """What a task asks of one member."""

    balancer: Optional[str]
    worker: Optional[str]
    route: Optional[str]
    state: Optional[str]
    keep_usable: int
    wait: Optional[str]
    timeout: float
    interval: float
    stable_reads: int
    on_timeout: str

    def __post_init__(self) -> None:
        """Refuse numbers that make no sense, before anything is sent."""
        if self.interval <= 0 or self.timeout < 0 or self.stable_reads < 1 or self.keep_usable < 0:
            raise ManagerError(
                "interval must be above 0, timeout and keep_usable at least 0 and stable_reads at least 1, "
                f"not {self.interval}, {self.timeout}, {self.keep_usable} and {self.stable_reads}"
            )


@dataclass(frozen=True)
class Change:
    """What became of it."""

    changed: bool
    before: Member
    after: Member
    waited: Optional[Outcome[Member]]


def refuse_if_too_few(balancer: Balancer, member: Member, wanted: Wanted) -> None:
    """Raise when taking the member out would leave fewer usable ones than asked for."""
    if wanted.state in (None, "enabled"):
        return
    left = usable_without(balancer, member)
    if left < wanted.keep_usable:
        raise ManagerError(
            f"{member.worker} of balancer {balancer.name!r} is not taken out: {left} usable "
            f"member(s) would remain and keep_usable asks for {wanted.keep_usable}",
            state_before=member.state,
            state_after=member.state,
        )


def apply(manager: BalancerManager, wanted: Wanted, *, check_mode: bool, clock: Clock) -> Change:
    """Bring the member to the wanted state and wait as asked; in check mode only say what would change."""
    balancer, before = find(manager.read(), wanted.balancer, wanted.worker, wanted.route)
    after = before
    changed = wanted.state is not None and not obeys(before, wanted.state)
    if changed:
        refuse_if_too_few(balancer, before, wanted)
        if not check_mode:
            balancer, after = manager.write(balancer, before, str(wanted.state))
    if check_mode or wanted.wait is None:
        return Change(changed, before, after, None)

    history: list[Member] = []

    def look() -> Member:
        nonlocal changed
        now, member = find(manager.read(), balancer.name, before.worker, None)
        if wanted.state is not None and not obeys(member, wanted.state):
            # A reload or another hand has undone it: what is being waited for would never come.
            changed = True
            member = manager.write(now, member, wanted.state)[1]
        history.append(member)
        return member

    def enough(member: Member) -> bool:
        return idle(history, wanted.stable_reads) if wanted.wait == "idle" else usable(member)

    outcome = wait_until(look, enough, timeout=wanted.timeout, interval=wanted.interval, clock=clock)
    if not outcome.done and wanted.on_timeout == "fail":
        raise ManagerError(_timed_out(wanted, outcome), state_before=before.state, state_after=outcome.last.state)
    return Change(changed, before, outcome.last, outcome)


def _timed_out(wanted: Wanted, outcome: Outcome[Member]) -> str:
    member = outcome.last
    waited = f"after {outcome.seconds:.1f} s {member.worker} of balancer {member.balancer!r}"
    if wanted.wait == "idle":
        return (
            f"{waited} is not idle: {member.busy} request(s) in flight, {member.elected} handed out so far; "
            f"it stays {member.state}"
        )
    return f"{waited} is not usable: its status is {member.status!r}"


def result(change: Change, wanted: Wanted, *, check_mode: bool) -> dict[str, object]:
    """What the module returns."""
    before, after = change.before, change.after
    state_after = wanted.state if check_mode and change.changed and wanted.state else after.state
    header = f"{before.worker} in balancer {before.balancer}"
    outcome: dict[str, object] = {
        "changed": change.changed,
        "balancer": before.balancer,
        "worker": before.worker,
        "route": before.route,
        "state_before": before.state,
        "state_after": state_after,
        "member": after.as_dict(),
        "diff": {
            "before_header": header,
            "after_header": header,
            "before": f"state: {before.state}\n",
            "after": f"state: {state_after}\n",
        },
    }
    if change.waited is not None:
        outcome["waited"] = round(change.waited.seconds, 3)
        if wanted.wait == "idle":
            outcome["idle"] = change.waited.done
            outcome["in_flight"] = after.busy
    return outcome
