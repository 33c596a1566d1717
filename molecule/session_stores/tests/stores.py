# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stores of the scenario: what each has to keep, where it is, and the figures of what it kept."""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import typing as t
from dataclasses import dataclass, field
from pathlib import Path

from ways import (
    WAYS,
    WAYS_OF_ONE_COPY,
    Way,
    asks_in_parallel,
    asks_in_parallel_after_a_move,
    moves_during_a_slow_request,
)


@dataclass(frozen=True)
class Store:
    """A value of tomcat_instance_session_store, unless the settings say another."""

    #: the Manager's class, in context.xml by itself or as what the Listener of the role makes
    manager: str = ""
    #: what it brings into session-store, beside the role's own jar
    jars: str = ""
    #: where a Tomcat reaches it
    ports: str = ""
    #: the service on the host "cache" that is killed
    service: str = ""
    ways: t.Sequence[Way] = WAYS
    #: may lose something, by docs/sessions.md
    not_kept: t.Sequence[Way] = ()
    settings: t.Mapping[str, object] = field(default_factory=dict)


# Tomcat's own cluster: a request that others overtake, or that goes on elsewhere, overwrites what they did.
OVERTAKEN = (asks_in_parallel, asks_in_parallel_after_a_move, moves_during_a_slow_request)
MEMCACHED = Store("org.roundrobin.tomcat.MemcachedSessionManager", "memcached", "11211,11212", "memcached-node@11211")
STORES = {
    "memcached": MEMCACHED,
    "memcached_not_sticky": dataclasses.replace(
        MEMCACHED,
        # A lock ends before such a request does, and it overwrites what others stored meanwhile.
        not_kept=(moves_during_a_slow_request,),
        settings={"tomcat_instance_session_store": "memcached", "tomcat_instance_memcached_sticky": False},
    ),
    "redis": Store("org.roundrobin.tomcat.RedisSessionManager", "redisson", "6379", "redis-node", WAYS_OF_ONE_COPY),
    "delta": Store("org.apache.catalina.ha.session.DeltaManager", ports="4000", not_kept=OVERTAKEN),
    "backup": Store("org.apache.catalina.ha.session.BackupManager", ports="4000", not_kept=OVERTAKEN),
    # Nobody expects it to keep anything; it is measured with the others.
    "none": Store(not_kept=WAYS),
}
CLUSTERS = ("delta", "backup")

#: What happens, by the name of the way, as the table of docs/sessions.md has it.
WHAT_HAPPENS = {
    "goes_on_counting": "traffic goes to the other instance and comes back, neither restarted",
    "moves_with_every_request": "the same with every request",
    "logs_out_and_stays_so": "logout on the other instance, then traffic comes back",
    "asks_in_parallel_after_a_move": "4 parallel requests with the cookie of before the move",
    "asks_in_parallel": "4 parallel requests, then a move",
    "moves_during_a_slow_request": "a slow request is being served while the session moves on: what is done there",
    "shares_with_a_slow_request": "a slow request is being served while the session moves on: what is done there",
    "comes_back_to_a_slow_request": "the same, and the session comes back",
    "logs_in_with_a_page_from_the_other_side": "login page (FORM) from one instance, posted to the other",
    "stays_logged_in": "login (FORM, Tomcat's realm), then moves",
    "stays_known_by_basic_authentication": "BASIC authentication (Tomcat's realm) and a counter, then moves",
    "logs_out_of_the_realm": "logout of Tomcat's realm, then a move",
    "gets_a_new_session_id": "`request.changeSessionId()`, then a move",
}


@dataclass
class Figures:
    """A table: what happens, and how it went with each store, on each Tomcat where they differ."""

    path: Path
    _rows: dict[str, dict[str, dict[str, str]]] = field(
        default_factory=lambda: collections.defaultdict(lambda: collections.defaultdict(dict))
    )

    def note(self, what: str, kept: tuple[str, str], figure: str) -> None:
        store, version = kept
        self._rows[what][store][".".join(version.split(".")[:2])] = figure
        names = list(STORES)
        lines = [f"| what happens | {' | '.join(names)} |", f"| --- |{' --- |' * len(names)}"]
        for row, cells in self._rows.items():
            lines.append(f"| {row} | {' | '.join(_cell(cells[name]) for name in names)} |")
        self.path.parent.mkdir(exist_ok=True)
        self.path.write_text("\n".join(lines) + "\n")


def _cell(by_version: dict[str, str]) -> str:
    if len(set(by_version.values())) <= 1:
        return next(iter(by_version.values()), "")
    return "; ".join(f"{version}: {figure}" for version, figure in by_version.items())


@contextlib.contextmanager
def cut_off(site, host: str, ports: str) -> t.Iterator[None]:
    """Every packet between a host and these ports is lost, in both directions, without a word."""
    site.command(host, "command -v iptables >/dev/null || apt-get -qq install iptables >/dev/null")
    rules = [f"{chain} -p tcp -m multiport --dports {ports} -j DROP" for chain in ("OUTPUT", "INPUT")]
    site.command(host, " && ".join(f"iptables -I {rule}" for rule in rules))
    try:
        yield
    finally:
        site.command(host, " && ".join(f"iptables -D {rule}" for rule in rules))
