# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One ansible-playbook in the simulated world: what it does, what goes wrong, and what must never be."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field
from pathlib import Path

from ansible.errors import AnsibleConnectionFailure, AnsibleError
from plays import Expressions, Run, Scope, Variables
from world import ACTIONS, RECORD, VARIABLES, At, World, at, here

from ansible_collections.roundrobin.tomcat.plugins.filter import rollout_outcome as outcome_filters
from ansible_collections.roundrobin.tomcat.plugins.filter import rollout_plan as plan_filters

Result = dict[str, t.Any]
ROOT = Path(__file__).resolve().parents[2]
PLAYBOOKS = {"deploy": "rolling_deploy", "rollback": "rollback", "restart": "rolling_restart", "repair": "repair"}
ROLES = {"roundrobin.tomcat.rolling_deploy": ROOT / "roles/rolling_deploy"}
# What touches no host, or nothing that another run looks at.
SILENT = {
    "ansible.builtin.validate_argument_spec",
    "ansible.builtin.debug",
    "ansible.builtin.copy",
    "ansible.builtin.template",
    "roundrobin.tomcat.rollout_event",
}
CALLS_OF_A_ROLE = "ansible.builtin.include_role"


class KilledError(BaseException):
    """The process is no more."""


class BrokenError(Exception):
    """Something happened that must never be."""


@dataclass(frozen=True)
class Order:
    """What a person asks for."""

    kind: str = "deploy"
    version: str = ""
    strategy: str = "restart"
    policy: str = "rollback_member"
    serial: int = 1
    min_available: int = 1
    take_over: str = ""
    times: tuple[tuple[str, float], ...] = ()

    @property
    def extra(self) -> dict[str, t.Any]:
        """Its variables."""
        about_one = {"release_app": "ROOT"} if self.kind in ("deploy", "rollback") else {}
        of_deploy = {"release_war": "/releases/ROOT.war"} if self.kind == "deploy" else {}
        version = {"release_version": self.version} if self.version else {}
        return {
            **about_one,
            **of_deploy,
            **version,
            "rolling_deploy_strategy": self.strategy,
            "rolling_deploy_on_failure": self.policy,
            "rolling_deploy_serial": self.serial,
            "rolling_deploy_min_available": self.min_available,
            "rolling_deploy_take_over": self.take_over,
            "rolling_deploy_health_successes": 1,
            **{f"rolling_deploy_{name}": value for name, value in self.times},
        }


@dataclass(frozen=True)
class Fault:
    """What goes wrong at one point of a run."""

    kind: str
    where: str = ""
    who: str = ""
    state: str = ""


@dataclass
class Driver:
    """What watches a run and lets things go wrong: the number of each point, and what happens there."""

    faults: t.Mapping[int, Fault] = field(default_factory=dict)
    # Called at each point.
    seen: t.Callable[[Playbook, tuple[t.Any, ...]], None] = lambda playbook, what: None
    points: list[tuple[str, str, t.Any]] = field(default_factory=list)
    counts_from: int = 0


class Playbook:
    """One run, from the beginning to its end or its death."""

    number = 0
    expressions: t.ClassVar[Expressions]

    def __init__(
        self,
        world: World,
        order: Order,
        driver: Driver,
        *,
        slow: bool = False,
        others: t.Mapping[int, Playbook] | None = None,
    ) -> None:
        """Take what is asked for. others: those that live, by their number."""
        type(self).number += 1
        self.number = type(self).number
        self.world, self.order, self.driver, self.slow = world, order, driver, slow
        self.others = dict(others or {})
        self.holder = {
            "by": f"person{self.number}@ctl",
            "controller": "ctl",
            "boot_id": "b",
            "pid_namespace": "p",
            "pid": self.number,
            "pid_started": self.number,
        }
        self.lives = True
        # Whether another one got the lock because this one seemed dead.
        self.outlived = False
        self.answers_lost: str = ""
        chain = world.chain
        self.run = Run(
            ROOT / "playbooks" / f"{PLAYBOOKS[order.kind]}.yml",
            ROLES,
            self.expressions,
            self,
            chain.groups,
            chain.inventory,
            {**order.extra, "__number": self.number, "__chain": chain},
        )
        self.plan: Result = {}
        self.outcome: Result = {}
        self.refused = False
        self.calm = True

    # The run -------------------------------------------------------------------------

    def go(self) -> Playbook:
        """Run until the end, or until it is killed."""
        with at(At(self)):
            try:
                self.run.go()
                self.ended = True
            except KilledError:
                self.ended = False
        self.lives = False
        facts = self.run.facts[self.world.shape.hosts[0]]
        self.plan = facts.get("__rolling_deploy_plan", {})
        self.outcome = facts.get("__rolling_deploy_outcome", {})
        return self

    @property
    def problems(self) -> list[str]:
        """Why it did not begin."""
        return list(self.plan.get("problems", ()))

    @property
    def green(self) -> bool:
        """Whether it ended as a person wants it."""
        return self.ended and not self.run.given_up and not self.problems and not self.outcome.get("last_words")

    def control(self) -> tuple[t.Any, ...]:
        """How far it is, without names and times."""
        facts = self.run.facts
        local = facts["localhost"]
        plan = facts[self.world.shape.hosts[0]].get("__rolling_deploy_plan")
        return (
            self.order,
            self.run.position,
            tuple((host, facts[host].get("__rolling_deploy_result")) for host in self.world.shape.hosts),
            tuple(local.get("__rolling_deploy_failed_hosts", ())),
            local.get("__rolling_deploy_all_go_back"),
            local.get("__rolling_deploy_one_is_out"),
            tuple(sorted(self.run.given_up)),
            tuple((host, member["version_before"], member["version_after"]) for host, member in plan["members"].items())
            + tuple(plan["order"])
            if plan
            else None,
        )

    # What it does --------------------------------------------------------------------

    def act(self, name: str, arguments: t.Any, host: str, scope: Scope, task: Variables) -> Result:
        """Run an action of the playbook."""
        if name in SILENT:
            return {}
        given = self.run.expressions.value(arguments, scope)
        try:
            if name == CALLS_OF_A_ROLE:
                return self.call(given["tasks_from"], host, lambda: self._role(given["tasks_from"], host))
            action = ACTIONS[name.rpartition(".")[2]]
            return action(name, given, host, bool(task.get("check_mode", False))).run(None, VARIABLES)
        except AnsibleConnectionFailure as error:
            return {"unreachable": True, "msg": str(error)}
        except AnsibleError as error:
            return {"failed": True, "msg": error.message}

    def _role(self, part: str, host: str) -> Result:
        """The role of an instance: its settings, which are brought while it is stopped."""
        if part == "setup":
            self.point("settings", host)
        return {}

    # What the ends ask of it -----------------------------------------------------------

    def call(self, module: str, host: str, make: t.Callable[[], Result]) -> Result:
        """Reach a host, or not."""
        self.answers_lost = ""
        self.point("call", host, module)
        lost = self.answers_lost
        if host in self.world.down or lost == "unreachable":
            raise AnsibleConnectionFailure("Failed to connect to the host via ssh")
        answer = make()
        self.world.now += 1.0
        if lost == "lost":
            raise AnsibleConnectionFailure("the connection was cut")
        return answer

    def at_once(self, jobs: t.Sequence[t.Callable[[], None]]) -> None:
        """One after another; where time matters, as if they had begun together."""
        began = ended = self.world.now
        for job in jobs:
            if self.slow:
                self.world.now = began
            job()
            ended = max(ended, self.world.now)
        self.world.now = ended

    def point(self, what: str, host: str, detail: t.Any = None) -> None:
        """Something is about to happen."""
        index = len(self.driver.points)
        self.driver.points.append((what, host, detail))
        if index >= self.driver.counts_from:
            self.driver.seen(self, (what, host, detail))
        fault = self.driver.faults.get(index)
        # Between a look at the lock and the change after it nothing can be kept from happening: that is a moment, in one process.
        if fault is not None and (fault.kind == "killed" or what == "call"):
            self._goes_wrong(fault, host)
        self._watch(what, host, detail)

    def is_gone(self, holder: Result) -> bool:
        """Whether a holder's process does not live any more."""
        other = self.others.get(holder["pid"])
        return other is None or not other.lives

    def _goes_wrong(self, fault: Fault, host: str) -> None:
        world = self.world
        if fault.kind == "killed":
            raise KilledError
        if fault.kind in ("unreachable", "lost"):
            self.answers_lost = fault.kind
        elif fault.kind == "down":
            world.down.add(host)
        elif fault.kind == "person":
            self.calm = False
            world.by_person(fault.where, fault.who, fault.state)
        elif fault.kind == "restarted":
            self.calm = False
            world.start(fault.who)
        elif fault.kind == "new httpd":
            self.calm = False
            world.new_httpd(fault.where)
        elif fault.kind in ("other", "expired"):
            self._meets_another(Order(fault.state, policy=self.order.policy), expired=fault.kind == "expired")
        elif fault.kind == "overtaken":
            self._is_overtaken()
        else:
            raise AssertionError(fault)

    def _meets_another(self, order: Order, *, expired: bool) -> None:
        """Another controller runs from its beginning to its end, just now."""
        if expired:
            self.world.now += 10_000.0
            self.outlived = True
        before = self.world.copy()
        other = Playbook(self.world, order, Driver(seen=self.driver.seen), others={self.number: self, **self.others})
        other.go()
        held = [lock for lock in map(before.lock, before.shape.names) if lock and lock.holder == self.holder]
        if held and not expired and other.world.key() != before.key():
            raise BrokenError("another run did something while this one had the lock")

    def _is_overtaken(self) -> None:
        """Another controller begins here and takes its first member out; there it is killed."""
        self.calm = False

        def dies(playbook: Playbook, what: tuple[t.Any, ...]) -> None:
            self.driver.seen(playbook, what)
            if what[0] in ("stop", "switch"):
                raise KilledError

        Playbook(self.world, self.order, Driver(seen=dies), others={self.number: self, **self.others}).go()

    # What must never be ----------------------------------------------------------------

    def _watch(self, what: str, host: str, detail: t.Any) -> None:
        world = self.world
        if what == "member":
            place, state = detail
            if state == "enabled":
                if self.outlived and world.waits(host):
                    # A repair has taken its only release away meanwhile. What a run without its lease does counts as somebody else's hand.
                    world.put_in.add(place)
                elif not world.well(host):
                    raise BrokenError(f"{host} is put in service and is not well")
            else:
                # Where another one took over amid the beginning, some httpds have the lock of this run all the same.
                # And one that has failed in the hands of this run is better out, whoever has the lock.
                if not self.outlived or self.run.facts[host].get("rolling_deploy_failure") is None:
                    self._holds_lock(host, [place[0]] if self.outlived else world.shape.names)
                up = world.usable(*place[:2])
                if host in up and len(up) - 1 < self.order.min_available:
                    raise BrokenError(f"{host} is taken out at {place[0]}: {len(up) - 1} would be left")
        elif what == "stop" or (what in ("switch", "context") and not self._beside):
            if not self.outlived:
                self._holds_lock(host, world.shape.names)
            for place, state in world.states.items():
                excused = place in world.put_in or self.outlived
                if place[2] == host and state == "enabled" and not excused:
                    raise BrokenError(f"{what} of {host} while {place[0]} gives it users")
        elif what in ("write", "remove") and detail == RECORD:
            lock = world.lock(host)
            other = self.others.get(lock.holder["pid"]) if lock else None
            if lock and other and other.lives and lock.status == "running" and not lock.expired(world.now):
                raise BrokenError(f"{host}: the lock is taken from a run that lives")
        if self.slow:
            for httpd in world.shape.names:
                lock = world.lock(httpd)
                if lock and lock.holder == self.holder and lock.expired(world.now):
                    raise BrokenError(f"{httpd}: the lease ran out while the run was at {self.run.position}")

    @property
    def _beside(self) -> bool:
        return self.order.strategy == "parallel" or self.run.position[0] >= 4

    def _holds_lock(self, host: str, httpds: t.Sequence[str]) -> None:
        for httpd in httpds:
            lock = self.world.lock(httpd)
            if not lock or lock.holder != self.holder or lock.status != "running":
                raise BrokenError(f"{host} is changed and {httpd} does not have the lock of this run")


def expressions() -> Expressions:
    """The filters of the collection, and what a template may call."""
    filters = {
        f"roundrobin.tomcat.{name}": made
        for module in (plan_filters, outcome_filters)
        for name, made in module.FilterModule().filters().items()
    }
    filters["roundrobin.tomcat.topology"] = lambda hostvars, groups, **names: here().controller.world.chain.topology
    filters["roundrobin.tomcat.rollout_report"] = lambda journal: {"summary": []}
    return Expressions(
        filters,
        {"lookup": lambda *given: "", "now": lambda **how: f"20261124T{Playbook.number:09d}Z"},
    )


Playbook.expressions = expressions()
