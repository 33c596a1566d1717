# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The scenario's site: its members, its users, and what they noticed."""

from __future__ import annotations

import contextlib
import itertools
import time
import typing as t
from concurrent.futures import Future, ThreadPoolExecutor

from chain import ROOT, Chain, Load
from play import Play

BALANCER = "web1"
MACHINES = {"app1": "one", "app2": "one", "app3": "two", "app4": "two"}
HOSTS = list(MACHINES)
ALL_IN = dict.fromkeys(HOSTS, "enabled")
USERS = 20
FIGURES = ROOT / "build/rollouts_measured.md"
HEADER = "| what happens | requests | failed | lost | fallen back |\n| --- | --: | --: | --: | --: |\n"


class Site:
    """One httpd, four instances on two machines, and the users."""

    def __init__(self, chain: Chain) -> None:
        self.chain = chain
        # Hosts may be those of an earlier run of the tests.
        self._versions = (f"{time.strftime('%H%M')}.{number}" for number in itertools.count(1))
        self._pool = ThreadPoolExecutor()
        self.failures_seen = 0
        FIGURES.parent.mkdir(exist_ok=True)
        FIGURES.write_text(HEADER)

    def new_version(self) -> str:
        """A version that no test before has used."""
        return next(self._versions)

    @contextlib.contextmanager
    def load(self, what_happens: str, min_requests: int = 500) -> t.Iterator[Load]:
        """Users who work while the block runs; what they noticed becomes a line of the figures."""
        with self.chain.load(BALANCER, users=USERS, min_requests=min_requests) as users:
            yield users
        totals = users.report["totals"]
        figures = (f"{totals[name]:,}" for name in ("requests", "failed", "lost", "regressed"))
        with FIGURES.open("a") as table:
            table.write(f"| {' | '.join([what_happens, *figures])} |\n")

    @contextlib.contextmanager
    def without_ssh(self, host: str) -> t.Iterator[None]:
        """Nobody logs in to the host's machine while the block runs, and who was logged in is cut off."""
        # pkill fails where nobody is logged in, which is as well.
        self.chain.aside(host, "systemctl stop ssh.socket ssh.service; pkill sshd || true")
        try:
            yield
        finally:
            self.chain.aside(host, "systemctl start ssh.service")

    def heal(self) -> None:
        """After a test that failed: the next one begins with a site that is whole."""
        self.chain.play("repair")
        self.chain.deploy(self.new_version())

    def in_flight(self, ask, *arguments) -> Future:
        """A request of a browser's, on its way while other things happen."""
        return self._pool.submit(ask, *arguments)

    @property
    def versions(self) -> dict[str, str]:
        """What each instance in service answers with."""
        return self.chain.versions(BALANCER, HOSTS)

    @property
    def version(self) -> str:
        """The one that all instances have."""
        (version,) = set(self.versions.values())
        return version

    @property
    def states(self) -> dict[str, str]:
        return self.chain.member_states(BALANCER)

    @property
    def lock(self) -> dict | None:
        return self.chain.module(BALANCER, "rollout_info")[BALANCER]["lock"]

    @property
    def history(self) -> list[dict]:
        """Newest first."""
        return self.chain.module(BALANCER, "rollout_info")[BALANCER]["history"]

    def started(self) -> dict[str, str]:
        """When each instance was started last: the same again means that it was never touched."""
        command = "systemctl show --property=ActiveEnterTimestampMonotonic,MainPID tomcat@{}"
        return {host: self.chain.command(host, command.format(host)) for host in HOSTS}

    def running(self) -> dict[str, str]:
        """The command line of each instance's Java."""
        command = "tr '\\0' ' ' </proc/$(systemctl show --property=MainPID --value tomcat@{})/cmdline"
        return {host: self.chain.command(host, command.format(host)) for host in HOSTS}

    def must_be_whole(self, **versions: str) -> None:
        """Every member is in service with its version, and no rollout holds the lock."""
        assert self.states == ALL_IN
        assert self.versions == versions
        assert self.lock is None


def everywhere(version: str) -> dict[str, str]:
    return dict.fromkeys(HOSTS, version)


def results(play: Play) -> dict[str, str]:
    """What became of each member, by the report."""
    return {member["host"]: member["result"] for member in play.report["members"]}


def never_out_together(play: Play) -> bool:
    """Whether no machine had both of its instances out at the same time."""
    out = [
        (MACHINES[member["host"]], member["host"], stay["from"], stay["to"])
        for member in play.report["members"]
        for stay in member["out"]
    ]
    return not any(
        machine == other_machine and host < other and begin < other_end and other_begin < end
        for machine, host, begin, end in out
        for other_machine, other, other_begin, other_end in out
    )
