# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Balancers and members as httpd's balancer-manager shows them: their flags, settings, verdicts, and how one is found."""

# Private to this collection.

from __future__ import annotations

import typing as t
from dataclasses import asdict, dataclass, field
from urllib.parse import urlsplit

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError
from ansible_collections.roundrobin.tomcat.plugins.module_utils._net import in_url

from .connections import Connections

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

# The three flags that make up a state.
STATES: t.Mapping[str, t.Mapping[str, bool]] = {
    "enabled": {"D": False, "N": False, "S": False},
    "draining": {"D": False, "N": True, "S": False},
    "disabled": {"D": True, "N": False, "S": False},
    "stopped": {"D": False, "N": False, "S": True},
}

# The flags that are settings of their own.
SWITCHES = {"standby": "H", "spare": "R", "ignore_errors": "I"}

# httpd leaves these out of a member's URL.
DEFAULT_PORTS = {
    "ajp": 8009,
    "fcgi": 8000,
    "h2": 443,
    "h2c": 80,
    "http": 80,
    "https": 443,
    "scgi": 4000,
    "ws": 80,
    "wss": 443,
}

Setting = t.Union[str, bool, int, float]
MemberSettings = t.Mapping[str, Setting]


class ManagerError(CollectionError):
    """The manager could not be reached, understood, or made to obey."""


class Unreachable(ManagerError):
    """There was no whole answer: httpd may be restarting, so a reader may try again."""


@dataclass(frozen=True)
class HealthCheck:
    """What mod_proxy_hcheck does with a member, as the HTML view shows it."""

    method: str
    interval: float
    passes: int
    fails: int
    passed: int
    failed: int
    uri: str
    expression: str


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
    # Only the XML view has the first, only the HTML view the second.
    retries: t.Optional[int] = None
    health_check: t.Optional[HealthCheck] = None

    @property
    def state(self) -> str:
        """The strongest of the three state flags, by its name."""
        if "S" in self.flags:
            return "stopped"
        if "D" in self.flags:
            return "disabled"
        return "draining" if "N" in self.flags else "enabled"

    @property
    def settings(self) -> MemberSettings:
        """All that can be set."""
        switches = {name: flag in self.flags for name, flag in SWITCHES.items()}
        return {
            "state": self.state,
            **switches,
            "load_factor": self.load_factor,
            "lbset": self.lbset,
            "route": self.route,
        }

    def differences(self, wanted: MemberSettings) -> MemberSettings:
        """The wanted settings that the member does not have yet."""
        return {name: value for name, value in wanted.items() if self.settings[name] != value}

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
            "health_check": None if self.health_check is None else asdict(self.health_check),
        }


@dataclass(frozen=True)
class Balancer:
    """One balancer with its members; the nonce is a secret and never leaves the module."""

    name: str
    members: tuple[Member, ...]
    lbmethod: str = ""
    sticky_session: str = ""
    nofailover: bool = False
    timeout: int = 0
    max_attempts: t.Optional[int] = None
    nonce: str = field(default="", repr=False)

    def as_dict(self) -> dict[str, object]:
        """Plain data for a module's result, without the nonce."""
        return {
            "name": self.name,
            "lbmethod": self.lbmethod,
            "sticky_session": self.sticky_session,
            "nofailover": self.nofailover,
            "timeout": self.timeout,
            "max_attempts": self.max_attempts,
            "usable": sum(usable(member) for member in self.members),
            "members": [member.as_dict() for member in self.members],
        }


# Verdicts -------------------------------------------------------------------


def parse_flags(status: str) -> frozenset[str]:
    """Turn "Init Drn Ok " into the letters of the flags that are set."""
    return frozenset(FLAG_WORDS[word] for word in status.split() if word in FLAG_WORDS)


def usable(member: Member) -> bool:
    """Whether httpd would give this member a new session now (or when the others are gone, for a standby or spare)."""
    return not member.flags & frozenset("DNSECU")


@dataclass(frozen=True)
class Sighting:
    """A member at one moment, and the connections to it, where they are known."""

    member: Member
    connections: t.Optional[Connections] = None


def idle(history: t.Sequence[Sighting], reads: int) -> bool:
    """Whether the last ``reads`` readings prove that the member answers no request.

    No request was handed out between them, and one of two witnesses saw none in flight: httpd's counter, which is
    wrong at times and then stays so, for httpd counts without a lock; or the kernel, which has a connection for each.
    The counter is not believed while the kernel shows a request or an answer under way.
    """
    last = history[-reads:]
    if len(last) < reads or any(seen.member.elected != last[0].member.elected for seen in last):
        return False
    connections = [seen.connections for seen in last]
    contradicted = any(known is not None and known.active for known in connections)
    by_counter = all(seen.member.busy == 0 for seen in last) and not contradicted
    by_kernel = all(known is not None and known.established == 0 for known in connections)
    return by_counter or by_kernel


def usable_without(balancer: Balancer, member: Member) -> int:
    """How many members could serve if this one were out.

    A hot standby (H) only counts when nobody else is left, for only then does httpd use it. A hot spare (R) counts:
    it takes the place of one that is out.
    """
    others = [other for other in balancer.members if other.worker != member.worker and usable(other)]
    active = [other for other in others if "H" not in other.flags]
    return len(active) or len(others)


# Finding --------------------------------------------------------------------


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
    return f"{parts.scheme}://{in_url(parts.hostname)}" + (f":{port}" if port else "") + parts.path


def balancer_name(name: str) -> str:
    """Write a balancer's name as httpd does: without balancer:// and in lower case."""
    return name.lower().removeprefix(SCHEME)


def find(
    balancers: t.Sequence[Balancer],
    balancer: t.Optional[str],
    worker: t.Optional[str],
    route: t.Optional[str],
    new_route: t.Optional[str] = None,
) -> tuple[Balancer, Member]:
    """Find the one member that is meant, by exact comparison; anything but one is an error.

    A member whose route is to be new_route has it already when the task runs again.
    """
    wanted = None if balancer is None else balancer_name(balancer)
    if wanted is not None and wanted not in [known.name for known in balancers]:
        raise ManagerError(
            f"there is no balancer {wanted!r} on this manager, which knows {_listed(known.name for known in balancers)}"
        )
    wanted_worker = None if worker is None else canonical(worker)
    pool = [known for known in balancers if wanted is None or known.name == wanted]
    routes = [None] if route is None else [route] if new_route is None else [route, new_route]
    for name in routes:
        found = [
            (known, member)
            for known in pool
            for member in known.members
            if wanted_worker in (None, member.worker) and name in (None, member.route)
        ]
        if found:
            break
    key = f"worker {wanted_worker!r}" if wanted_worker is not None else f"route {route!r}"
    if len(found) == 1:
        return found[0]
    if found:
        named = _listed(f"{known.name}: {member.worker}" for known, member in found)
        raise ManagerError(f"{key} is not one member but {len(found)} ({named}), so name the balancer and the worker")
    there = _listed(f"{member.worker} (route {member.route or 'none'})" for known in pool for member in known.members)
    where = f"balancer {wanted!r}" if wanted is not None else "any balancer"
    raise ManagerError(f"{key} is not a member of {where} on this manager, which knows {there}")


def _listed(names: t.Iterable[str]) -> str:
    return ", ".join(names) or "none"
