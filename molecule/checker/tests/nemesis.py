# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes wrong while browsers work: drawn by a seed, one act after another, so that a schedule can be run again.

At least one member is always well, and of two nodes of the store one. Between an act on the store and one on a Tomcat all users have made requests:
docs/sessions.md says what is lost where both die at once.
"""

from __future__ import annotations

import contextlib
import json
import random
import time
import typing as t
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from by_hand import Agent
from chain import Chain

START_SECONDS = 60
REST_SECONDS = 1.0
# Nobody works while the store or Tomcat changes.
AT_ONCE = {
    "rolling_deploy_serial": "100%",
    "rolling_deploy_min_available": 0,
    "rolling_deploy_allow_same_machine": True,
}


@dataclass(frozen=True)
class Store:
    """A value of tomcat_instance_session_store, and its servers."""

    hosts: tuple[str, ...]
    unit: str
    port: str
    #: How long a Tomcat may stand still. Others wait for a request of it for 5 seconds, or with Redis for 3, of which 1 may be over. What
    #: is done in a request that they did not wait for is lost, by docs/sessions.md.
    pauses: tuple[float, float]


STORES = {
    "memcached": Store(("cache1", "cache2"), "memcached-node@11211", "11211", (0.5, 3)),
    "redis": Store(("redis1",), "redis-node", "6379", (0.5, 1.5)),
}


@dataclass(frozen=True)
class Kept:
    """What keeps the sessions."""

    store: str
    tomcat: str

    def __str__(self) -> str:
        return f"{self.store}-{self.tomcat}"


class Site:
    """The hosts of the scenario, with a connection to each that is kept open."""

    def __init__(self, chain: Chain, httpds: t.Sequence[str], members: t.Sequence[str], kept: Kept) -> None:
        self.chain, self.httpds, self.members, self.kept = chain, httpds, members, kept
        self._agents = {name: Agent(chain.ssh_config, chain.addresses[name]) for name in httpds}
        self._pool = ThreadPoolExecutor(len(httpds))

    def close(self) -> None:
        for agent in self._agents.values():
            agent.close()
        self._pool.shutdown()

    @property
    def store(self) -> Store:
        return STORES[self.kept.store]

    def play(self, playbook: str, *arguments: str) -> None:
        settings = {"tomcat_instance_session_store": self.kept.store, "tomcat_instance_version": self.kept.tomcat}
        play = self.chain.play(playbook, "-e", json.dumps(settings), *arguments)
        assert play.returncode == 0, play.stdout

    def keep(self, kept: Kept) -> None:
        """From now on sessions are kept there, on that Tomcat. As an operator does it, but of all members at once."""
        if kept != self.kept:
            self.kept = kept
            self.play("rolling_restart", "-e", json.dumps(AT_ONCE))

    def at_all_httpds(self, name: str, *arguments: object) -> None:
        list(self._pool.map(lambda httpd: self._agents[httpd](name, *arguments), self.httpds))

    def out(self, member: str) -> None:
        self.at_all_httpds("set_disabled", member, True)

    def back(self, member: str) -> None:
        self.at_all_httpds("set_disabled", member, False)

    def signal(self, host: str, unit: str, signal: str) -> None:
        self.chain.command(host, f"systemctl kill --signal={signal} {unit}")

    def start(self, host: str, unit: str) -> None:
        self.chain.command(host, f"systemctl reset-failed {unit} 2>/dev/null; systemctl start {unit}")

    def await_service(self, member: str) -> None:
        """Until the application answers through each httpd by the member's route."""
        self.at_all_httpds("see", "/version", member, f"instance={member}")

    @contextlib.contextmanager
    def cut_off(self, host: str, ports: str) -> t.Iterator[None]:
        """Lose every packet between a host and these ports, in both directions."""
        rules = [f"{chain} -p tcp -m multiport --dports {ports} -j DROP" for chain in ("OUTPUT", "INPUT")]
        self.chain.command(host, " && ".join(f"iptables -I {rule}" for rule in rules))
        try:
            yield
        finally:
            self.chain.command(host, " && ".join(f"iptables -D {rule}" for rule in rules))


def tomcat(member: str) -> str:
    return f"tomcat@{member}"


# The acts. Each ends with everything as it was. --------------------------------------------------------------------------------


def drain(site: Site, chance: random.Random) -> None:
    """Out and back, not restarted."""
    member = chance.choice(site.members)
    site.out(member)
    time.sleep(chance.uniform(0.2, 2))
    site.back(member)


def turns(site: Site, chance: random.Random) -> None:
    """Each is out for a moment, several times."""
    for _round in range(3):
        for member in chance.sample(list(site.members), len(site.members)):
            site.out(member)
            time.sleep(chance.uniform(0.1, 0.4))
            site.back(member)


def restart(site: Site, chance: random.Random) -> None:
    """As a rollout does: out, stopped, started, healthy, back. Tomcat's own stop waits for the requests that it has."""
    member = chance.choice(site.members)
    site.out(member)
    site.chain.command(member, f"systemctl restart {tomcat(member)}")
    _await_its_own(site, member)
    site.back(member)
    site.await_service(member)


def two_go(site: Site, chance: random.Random) -> None:
    """While one is out, another one goes too, and the first one is back before it."""
    first, second = chance.sample(list(site.members), 2)
    site.out(first)
    time.sleep(chance.uniform(0.1, 0.5))
    site.out(second)
    time.sleep(chance.uniform(0.1, 0.5))
    site.back(first)
    time.sleep(chance.uniform(0.1, 0.5))
    site.back(second)


def kill(site: Site, chance: random.Random) -> None:
    """From one moment to the next."""
    member = chance.choice(site.members)
    site.signal(member, tomcat(member), "KILL")
    time.sleep(chance.uniform(0.5, 3))
    site.start(member, tomcat(member))
    site.await_service(member)


def freeze(site: Site, chance: random.Random) -> None:
    """It stands still, as with a full disk or a long garbage collection, and goes on before others take its sessions."""
    member = chance.choice(site.members)
    site.signal(member, tomcat(member), "STOP")
    time.sleep(chance.uniform(*site.store.pauses))
    site.signal(member, tomcat(member), "CONT")


def kill_store(site: Site, chance: random.Random) -> None:
    """One node of the store."""
    host = chance.choice(site.store.hosts)
    site.signal(host, site.store.unit, "KILL")
    time.sleep(chance.uniform(0.5, 3))
    site.start(host, site.store.unit)


def freeze_store(site: Site, chance: random.Random) -> None:
    """One node of the store stands still."""
    host = chance.choice(site.store.hosts)
    site.signal(host, site.store.unit, "STOP")
    time.sleep(chance.uniform(0.5, 3))
    site.signal(host, site.store.unit, "CONT")


def cut_network(site: Site, chance: random.Random) -> None:
    """Between one machine of Tomcats and the store."""
    with site.cut_off(chance.choice(site.members), site.store.port):
        time.sleep(chance.uniform(0.5, 3))


def reload(site: Site, _chance: random.Random) -> None:
    """Of all httpds, as logrotate does it."""
    for httpd in site.httpds:
        site.chain.command(httpd, "systemctl reload apache2")


def _await_its_own(site: Site, member: str) -> None:
    """Until it answers on its own connector: nobody is sent to it yet."""
    deadline = time.monotonic() + START_SECONDS
    # It has a port when its applications are up (bindOnInit="false").
    listens = f'ss -Hltnp | sed -n "/pid=$(systemctl show --property=MainPID --value {tomcat(member)}),/p" | wc -l'
    while site.chain.command(member, listens) == "0":
        if time.monotonic() > deadline:
            raise RuntimeError(f"{member} does not start")
        time.sleep(0.2)


Act = t.Callable[[Site, random.Random], None]
#: Nobody may notice any of them in a session.
OF_TOMCATS: tuple[Act, ...] = (drain, restart, two_go, turns, kill, freeze)
OF_STORES: tuple[Act, ...] = (kill_store, freeze_store, cut_network)
OF_HTTPDS: tuple[Act, ...] = (reload,)


@dataclass(frozen=True)
class Schedule:
    """Acts in their order, each with a seed of its own."""

    seed: int
    acts: tuple[Act, ...]

    @classmethod
    def of(cls, seed: int, length: int) -> Schedule:
        """Draw one: half of its acts are on Tomcats."""
        chance = random.Random(seed)
        kinds = (OF_TOMCATS, OF_TOMCATS, OF_STORES, OF_HTTPDS)
        return cls(seed, tuple(chance.choice(chance.choice(kinds)) for _act in range(length)))

    @property
    def name(self) -> str:
        return f"{self.seed}: {', '.join(act.__name__ for act in self.acts)}"

    def run(self, site: Site) -> list[str]:
        """Do all of them; when each began and ended, by the clock of the users, for whom looks for the cause of a fault."""
        told = []
        for number, act in enumerate(self.acts):
            began = time.monotonic()
            act(site, random.Random(f"{self.seed}-{number}"))
            told.append(f"{act.__name__}: {began:.3f} to {time.monotonic():.3f}")
            time.sleep(REST_SECONDS)
        return told
