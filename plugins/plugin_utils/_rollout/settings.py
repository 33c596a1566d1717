# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person asked of a rollout, checked."""

# Private to this collection.

from __future__ import annotations

import math
import re
import typing as t
from dataclasses import dataclass

from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._chain.inventory import (
    FALSE_WORDS,
    TRUE_WORDS,
    as_integer,
)

from .batches import Serial
from .findings import Findings
from .leases import Times

KINDS = ("deploy", "rollback", "restart", "repair")
STRATEGIES = ("restart", "reload", "parallel")
POLICIES = ("rollback_member", "rollback_all", "stop")
# What rolling_deploy_accept may have.
ACCEPTABLE = ("store", "cookie", "proof")
KEEP_RELEASES = 3
# Spans of time: what is accepted as one, and the role's default.
TIMES = {
    "drain_timeout": ("a number of seconds, more than 0", 60.0),
    "health_timeout": ("a number of seconds, more than 0", 120.0),
    "soak": ("a number of seconds, or 0 for none", 0.0),
    "retire_timeout": ("a whole number of seconds, 1 or more", 1800.0),
    "lease": ("a whole number of seconds, 1 or more", 300.0),
}
HOOKS = (
    "before_rollout",
    "before_batch",
    "after_drain",
    "before_activate",
    "after_healthy",
    "after_batch",
    "on_failure",
    "after_rollout",
    "notify",
)


@dataclass(frozen=True)
class Settings:
    """What was asked for."""

    kind: str
    application: str
    version: str
    hosts: t.Sequence[str]
    serial: Serial
    min_available: int
    allow_same_machine: bool
    strategy: str
    policy: str
    take_over: str
    memcached_sticky: bool
    storage_key_prefix: str
    keep_releases: int
    # How many hosts Ansible works on at a time; 0 where that is not known.
    forks: int
    times: Times
    warm_up: t.Sequence[str]
    accept: t.Sequence[str] = ()

    @property
    def changes_running(self) -> bool:
        """Whether a member goes on running while it changes. A restart and a repair always restart it."""
        return self.strategy != "restart" and self.kind in ("deploy", "rollback")

    @property
    def beside(self) -> bool:
        """Whether a member has the new release beside the one before."""
        return self.strategy == "parallel" and self.changes_running

    @property
    def strategies(self) -> dict[str, str]:
        """How a member changes on each way.

        The way back and a repair want a known state, whatever they find: a restart. What was only added is taken away again.
        """
        return {
            "forward": self.strategy if self.changes_running else "restart",
            "back": "parallel" if self.beside else "restart",
        }

    @property
    def takes_members_out(self) -> bool:
        """Whether a member is out of service while it changes."""
        return not self.beside

    @classmethod
    def of(cls, given: t.Mapping[str, t.Any], findings: Findings) -> Settings:
        """Read the settings; what is not accepted becomes a problem and the strictest value takes its place."""
        problems = findings.problems
        if not isinstance(given.get("version", ""), str):
            problems.add(
                f"release_version is the number {given['version']}: YAML and JSON drop zeros of a number, so that 1.10 becomes 1.1. "
                "Write it in quotes."
            )

        def choice(variable: str, value: t.Any, choices: t.Sequence[str]) -> str:
            if value not in choices:
                problems.add(f"{variable} is {value!r}, it must be one of {', '.join(choices)}.")
                return choices[0]
            return str(value)

        kind = choice("kind", given.get("kind"), KINDS)
        version = str(given.get("version") or "")
        if kind == "deploy" and not version:
            problems.add("release_version is not given: -e release_version=1.4.2")
        if kind == "deploy" and not given.get("war"):
            problems.add("release_war is not given: -e release_war=shop-1.4.2.war")
        if given.get("war_problem"):
            problems.add(str(given["war_problem"]))
        for name in given.get("hooks") or {}:
            if name not in HOOKS:
                problems.add(f"rolling_deploy_hooks has {name!r}, it may have {', '.join(HOOKS)}.")
        for path in given.get("hooks_missing") or ():
            problems.add(f"{path} is not there: rolling_deploy_hooks names it.")

        min_available = read_min_available(given, findings)
        times = {}
        for name, (wanted, default) in TIMES.items():
            times[name] = default
            if name in given and _is_time(name, given[name]):
                times[name] = float(given[name])
            elif name in given:
                problems.add(f"rolling_deploy_{name} is {given[name]!r}, it must be {wanted}.")
        # That one is the tasks' alone.
        del times["drain_timeout"]
        keep_releases = as_integer(given.get("keep_releases", KEEP_RELEASES))
        if keep_releases is None or keep_releases < 1:
            problems.add(f"rolling_deploy_keep_releases is {given['keep_releases']!r}, it must be 1 or more.")
            keep_releases = KEEP_RELEASES
        word = str(given.get("allow_same_machine", False)).lower()
        if word not in TRUE_WORDS | FALSE_WORDS:
            problems.add(f"rolling_deploy_allow_same_machine is {word!r}, it must be true or false.")
        return cls(
            kind=kind,
            application=str(given.get("application") or ""),
            version=version,
            hosts=tuple(given["hosts"]),
            serial=_serial(given.get("serial", 1), findings),
            min_available=min_available,
            allow_same_machine=word in TRUE_WORDS,
            strategy=choice("rolling_deploy_strategy", given.get("strategy", STRATEGIES[0]), STRATEGIES),
            policy=choice("rolling_deploy_on_failure", given.get("policy", POLICIES[0]), POLICIES),
            take_over=str(given.get("take_over") or ""),
            memcached_sticky=str(given.get("memcached_sticky", True)).lower() in TRUE_WORDS,
            storage_key_prefix=str(given.get("storage_key_prefix") or ""),
            keep_releases=keep_releases,
            forks=as_integer(given.get("forks")) or 0,
            times=Times(**times),
            warm_up=_paths(given.get("warm_up") or (), findings),
            accept=_accepted(given.get("accept") or (), findings),
        )


def read_min_available(given: t.Mapping[str, t.Any], findings: Findings) -> int:
    """Read rolling_deploy_min_available; what is not accepted becomes a problem, and 1 takes its place."""
    number = as_integer(given.get("min_available", 1))
    if number is None or number < 0:
        findings.problems.add(f"rolling_deploy_min_available is {given['min_available']!r}, it must be 0 or more.")
        return 1
    return number


def _is_time(name: str, value: t.Any) -> bool:
    """Whether a value is accepted; a string will do, as -e VARIABLE=1 gives one."""
    if name in ("retire_timeout", "lease"):
        return (as_integer(value) or 0) > 0
    try:
        seconds = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        return False
    return math.isfinite(seconds) and (seconds > 0 or (name == "soak" and seconds == 0))


def _paths(value: t.Any, findings: Findings) -> t.Sequence[str]:
    if isinstance(value, str) or not isinstance(value, t.Iterable):
        findings.problems.add(f'rolling_deploy_warm_up is {value!r}, it must be a list of paths, as ["/shop/"].')
        return ()
    paths = tuple(value)
    wrong = [path for path in paths if not re.fullmatch(r"/[!-~]*", str(path))]
    for path in wrong:
        findings.problems.add(
            f"rolling_deploy_warm_up has {path!r}, it must be a path that begins with / and has no blank, as /shop/?page=1."
        )
    return () if wrong else paths


def _accepted(value: t.Any, findings: Findings) -> t.Sequence[str]:
    # -e rolling_deploy_accept=store gives a string.
    words = value.split(",") if isinstance(value, str) else value if isinstance(value, (list, tuple)) else [value]
    names = [str(word).strip(" []") for word in words]
    wrong = [name for name in names if name not in ACCEPTABLE]
    if wrong:
        findings.problems.add(f"rolling_deploy_accept has {wrong[0]!r}, it may have {', '.join(ACCEPTABLE)}.")
    return tuple(name for name in names if name in ACCEPTABLE)


def _serial(value: t.Any, findings: Findings) -> Serial:
    steps = value if isinstance(value, (list, tuple)) else [value]
    for step in steps:
        if as_integer(step) is None and not re.fullmatch(r"[0-9]{1,9}%", str(step)):
            findings.problems.add(
                f'rolling_deploy_serial is {value!r}, it must be a number, a percentage as "25%", or a list of these.'
            )
            return (1,)
    return tuple(steps)
