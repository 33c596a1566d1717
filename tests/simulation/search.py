# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The search through the simulated world: every step of every rollout, and what may go wrong at it.

    python tests/simulation/search.py                      one minute, as in CI
    python tests/simulation/search.py --states 1000000     the long form; RUN_FULL=1 pytest tests/simulation does it too

A *state* is all that is on the hosts together with how far the run is. The search goes breadth first. It begins with each case (instances,
httpds, applications, kind, strategy, policy, min_available, serial, a release that is bad on some hosts) where all is well. There it makes the
run once with nothing wrong, and then once for each fault at each point. What the hosts look like after a run is a *rest*; of two rests that are
the same but for names and times one is looked at. From each rest the search proves that a repair, and that the same run again, end whole. And it
begins there again: a repair, or the same run, with each fault at each of its points.

What must never be is in controllers.py (while it runs) and in ``judge`` and ``heal`` here (at its end). A finding is the way that leads to it, as
arguments for ``replay``.
"""

from __future__ import annotations

import argparse
import collections
import dataclasses
import itertools
import math
import random
import sys
import time
import typing as t
from dataclasses import dataclass
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2] / ".collections"))

from controllers import BrokenError, Driver, Fault, Order, Playbook
from world import HISTORY, MENDED, NEW, OLD, Shape, World, ended_by, in_place

# The states of the short form, and of the long one.
IN_CI, AT_LENGTH = 20_000, 1_000_000
# How many faults are tried at a start in a round, and how many runs may go wrong before all is to be put right.
AT_A_TIME = 3
LONGEST_WAY = 3

Step = tuple[Order, tuple[tuple[int, Fault], ...]]


@dataclass(frozen=True)
class Case:
    """Where a search begins."""

    shape: Shape
    order: Order
    bad: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Finding:
    """What must never be, and the way to it."""

    what: str
    case: Case
    steps: tuple[Step, ...]


def cases() -> list[Case]:
    """All cases, the smaller ones first."""
    found = []
    policies = ("rollback_member", "rollback_all", "stop")
    for instances, httpds, applications, serial, least in itertools.product((3, 4), (1, 2), (1, 2), (1, 2), (1, 2)):
        shape = Shape(instances, httpds, applications)
        if serial + least > instances:
            continue
        for strategy, policy in itertools.product(("restart", "reload", "parallel"), policies):
            if (strategy, policy) == ("parallel", "stop"):
                continue
            order = Order("deploy", NEW, strategy, policy, serial, least)
            for bad in ((), ((NEW, "app1"),), ((NEW, "app2"),)):
                found.append(Case(shape, order, bad))
        for policy in policies:
            found.append(Case(shape, Order("restart", policy=policy, serial=serial, min_available=least)))
    # An instance that was added. Who has nothing to serve cannot be restarted into service, so only releases are rolled.
    for httpds, strategy, policy in itertools.product(
        (1, 2), ("restart", "reload", "parallel"), ("rollback_member", "rollback_all")
    ):
        for version, bad in ((NEW, ()), (NEW, ((NEW, "app1"),)), (NEW, ((NEW, "app3"),)), (OLD, ())):
            found.append(Case(Shape(3, httpds, newcomer=True), Order("deploy", version, strategy, policy), bad))
    found.sort(key=lambda case: (case.shape.instances, case.shape.httpds, case.shape.applications))
    return found


def faults_at(world: World, what: str, host: str, touches: bool) -> t.Iterator[Fault]:
    """What may go wrong at a point.

    touches: whether the run touches hosts at this point, and not only looks. What another hand does before that is a world of its own.
    """
    yield Fault("killed")
    if what != "call":
        return
    yield Fault("unreachable")
    yield Fault("down")
    if not touches:
        yield Fault("overtaken")
        return
    yield Fault("lost")
    for httpd in world.shape.names:
        yield Fault("new httpd", httpd)
        for who in dict.fromkeys([host if host in world.shape.hosts else "app1", "app2"]):
            yield Fault("person", httpd, who, "disabled")
            yield Fault("person", httpd, who, "enabled")
    yield Fault("restarted", who=host if host in world.shape.hosts else "app1")
    for kind in ("other", "expired"):
        yield Fault(kind, state="repair")


@dataclass
class Start:
    """Where runs begin: a world, the way to it, and what is asked for there."""

    case: Case
    world: World
    way: tuple[Step, ...]
    order: Order
    # The faults that were not tried yet; None before the first run.
    left: list[tuple[int, Fault]] | None = None


class Search:
    """What was seen so far."""

    def __init__(self, *, limit: int, seconds: float = math.inf, seed: int = 1) -> None:
        self.limit, self.ends = limit, time.monotonic() + seconds
        self.random = random.Random(seed)
        self.states: set[int] = set()
        self.rests: set[int] = set()
        self.whole: set[int] = set()
        self.runs = self.rounds = self.exhausted = 0
        self.starts: list[Start] = []
        self.fresh: list[Start] = []
        self.findings: dict[str, Finding] = {}
        self.faults: collections.Counter[str] = collections.Counter()

    @property
    def over(self) -> bool:
        return len(self.states) >= self.limit or time.monotonic() > self.ends

    # One run -----------------------------------------------------------------------

    def seen(self, playbook: Playbook, what: tuple[t.Any, ...]) -> None:
        """Count a state."""
        self.states.add(hash((playbook.world.key(), playbook.control(), what)))

    def run(self, world: World, order: Order, faults: t.Mapping[int, Fault]) -> tuple[Playbook, Driver]:
        """Run once."""
        self.runs += 1
        # Up to the first fault it is the run with nothing wrong, which was counted.
        driver = Driver(faults, self.seen, counts_from=min(faults, default=0))
        return Playbook(world, order, driver).go(), driver

    def find(self, error: BrokenError, case: Case, steps: t.Sequence[Step]) -> None:
        """Keep the shortest way to each thing that must never be."""
        self.findings.setdefault(sort_of(str(error)), Finding(str(error), case, tuple(steps)))

    # In rounds ---------------------------------------------------------------------

    def explore(self, beginning: t.Sequence[Case]) -> None:
        """Go through all cases in rounds: in each a part of the faults that are left to try at each, then rests of the round before."""
        for case in beginning:
            self.starts.append(Start(case, World.new(case.shape, case.bad), (), case.order))
        while self.starts and not self.over:
            starts, self.starts = self.starts, []
            self.random.shuffle(starts)
            for start in starts:
                if self.over:
                    return
                self._some_of(start)
                if start.left:
                    self.starts.append(start)
                else:
                    self.exhausted += 1
            self.rounds += 1
            self.random.shuffle(self.fresh)
            self.starts += self.fresh[: len(starts)]
            del self.fresh[: len(starts)]

    def _some_of(self, start: Start) -> None:
        """Run once with nothing wrong, the first time; then with some faults, one at a time, and with two at once."""
        if start.left is None:
            points = self._once(start, {})
            begun = next((index for index, point in enumerate(points) if point[0] != "call"), len(points))
            start.left = [
                (index, fault)
                for index, (what, host, _detail) in enumerate(points)
                for fault in faults_at(start.world, what, host, index >= begun - 1)
            ]
            self.random.shuffle(start.left)
        for index, fault in [start.left.pop() for _turn in range(min(AT_A_TIME, len(start.left)))]:
            self._once(start, {index: fault})
        if start.left:
            two = self.random.sample(start.left, min(2, len(start.left)))
            self._once(start, dict(two))

    def _once(self, start: Start, faults: dict[int, Fault]) -> list[tuple[str, str, t.Any]]:
        case, after = start.case, start.world.copy()
        way = (*start.way, (start.order, tuple(faults.items())))
        self.faults.update(fault.kind for fault in faults.values())
        try:
            playbook, driver = self.run(after, start.order, faults)
            judge(start.world, after, playbook)
            after.down.clear()
            key = hash((after.key(), start.order))
            if key not in self.rests:
                self.rests.add(key)
                self._heal(case, after, way, finished=noted_as_done(after, playbook))
                if len(way) < LONGEST_WAY:
                    self.fresh += [Start(case, after, way, order) for order in (repair_of(case.order), case.order)]
            return driver.points
        except BrokenError as error:
            self.find(error, case, way)
            return []

    def _heal(self, case: Case, world: World, way: tuple[Step, ...], *, finished: bool) -> None:
        """A repair, and the same run again, end whole.

        finished: whether the run before was noted as done, be it by one httpd alone.
        """
        order = case.order
        for orders in ((repair_of(order), again(case)), (again(case),)):
            healed = world.copy()
            for one in orders:
                key = hash((healed.key(), one, finished))
                if key in self.whole:
                    break
                before = healed.copy()
                playbook, _driver = self.run(healed, one, {})
                try:
                    judge(before, healed, playbook)
                    heal(before, healed, playbook)
                    if finished and one.kind == "repair" and healed.served != before.served:
                        raise BrokenError("what a rollout has done everywhere is undone")
                except BrokenError as error:
                    raise BrokenError(f"{error} (by a {one.kind} where nothing went wrong)") from error
                self.whole.add(key)


def noted_as_done(world: World, playbook: Playbook) -> bool:
    """Whether a run has brought its release to all members, and one httpd at least knows so."""
    rollout = playbook.run.facts[world.shape.hosts[0]].get("__rolling_deploy_id")
    histories = [content for (_host, path), (content, _when) in world.files.items() if path == HISTORY]
    return playbook.outcome.get("result") == "done" and any(rollout in ended_by(content) for content in histories)


def sort_of(text: str) -> str:
    """Findings that are the same but for names."""
    for word in ("app1", "app2", "app3", "app4"):
        text = text.replace(word, "app")
    for word in ("web1", "web2"):
        text = text.replace(word, "web")
    return text


def repair_of(order: Order) -> Order:
    return dataclasses.replace(order, kind="repair", version="", strategy="restart")


def again(case: Case) -> Order:
    """The same run; with the next release where that one cannot get well."""
    return dataclasses.replace(case.order, version=MENDED) if case.bad else case.order


# What a run must have done at its end --------------------------------------------------


def judge(before: World, after: World, playbook: Playbook) -> None:
    """A run that ended has said what it left; one that ended green has done what it was asked for."""
    if not playbook.ended or playbook.problems:
        if playbook.problems and after.key() != before.key() and playbook.calm and not before.down and not after.down:
            raise BrokenError("a run that did not begin has changed something")
        return
    outcome = playbook.outcome
    if playbook.plan and not outcome:
        # Ansible gave up all hosts of a batch: nothing ran after that, and the record is what is left.
        return
    told = set(outcome.get("left_out", ()))
    for (httpd, balancer, host), state in after.states.items():
        place = (httpd, balancer, host)
        excused = place in after.taken_out or host in told or after.waits(host)
        if state != "enabled" and not excused and playbook.plan.get("begins"):
            raise BrokenError(f"{host} is {state} at {httpd}, and the run that ended does not say so")
    if told and playbook.calm and not playbook.outlived:
        for httpd in after.shape.names:
            if httpd not in after.down and not playbook.driver.faults and after.lock(httpd) is None:
                raise BrokenError(f"{', '.join(sorted(told))} is left out, and {httpd} has no record of it")
    if told and playbook.outlived:
        # Its record has ended by the run that took over, so its last words are all that is known of it: a person has to put the member back.
        after.taken_out.update(
            place for place, state in after.states.items() if state != "enabled" and place[2] in told
        )
    if playbook.green and playbook.order.kind in ("deploy", "rollback") and playbook.calm and not playbook.outlived:
        wanted = playbook.plan["version"]
        for host in after.shape.hosts:
            contexts = [one.version for one in after.served[host, "ROOT"]]
            if contexts != [wanted]:
                raise BrokenError(f"the run ended green with {wanted}, and {host} serves {', '.join(contexts)}")
    if playbook.order.policy == "rollback_all" and playbook.order.kind == "deploy" and not playbook.green and not told:
        stayed = {host for host in after.shape.hosts if after.serves(host, "ROOT") == playbook.order.version}
        begun_with = {host for host in before.shape.hosts if before.serves(host, "ROOT") == playbook.order.version}
        untold = stayed - begun_with - set(outcome.get("failures", ()))
        if 0 < len(stayed) < after.shape.instances and untold and not playbook.outlived:
            raise BrokenError(
                f"rollback_all ended with {playbook.order.version} on {', '.join(untold)}, and does not say so"
            )


def heal(before: World, after: World, playbook: Playbook) -> None:
    """All in service and well, one release each, no record left; where a release was asked for all have it."""
    if playbook.problems:
        if before.taken_out and all("rolling_deploy_min_available" in problem for problem in playbook.problems):
            return
        # The strategies that change a running Tomcat cannot begin with one that stands still; a repair can.
        if playbook.order.strategy != "restart" and all(
            "Tomcat's own manager" in problem for problem in playbook.problems
        ):
            return
        raise BrokenError(f"it does not begin: {'; '.join(playbook.problems)}")
    if not playbook.green:
        raise BrokenError(f"it fails: {' '.join(playbook.outcome.get('last_words', ()))}")
    for httpd in after.shape.names:
        if after.lock(httpd):
            raise BrokenError(f"{httpd} still has a record")
    for place, state in after.states.items():
        waits = playbook.order.kind != "deploy" and after.waits(place[2])
        if state != "enabled" and place not in after.taken_out and not waits:
            raise BrokenError(f"{place[2]} stays {state} at {place[0]}")
        if state == "enabled" and not after.well(place[2]) and not (place in after.put_in and after.waits(place[2])):
            raise BrokenError(f"{place[2]} is enabled and not well")
    # A repair that ends with different releases leaves what is beside them, for a run to come; so does one that finds no record.
    different = len({after.serves(host, "ROOT") for host in after.shape.hosts}) > 1
    different = different or not any(map(before.lock, before.shape.names))
    for (host, name), contexts in after.served.items():
        excused = playbook.order.kind != "deploy" and after.waits(host)
        if len(contexts) != 1 and not excused and not (different and playbook.order.kind == "repair"):
            raise BrokenError(f"{host} serves {len(contexts)} releases of {name}")
    if playbook.order.kind == "deploy":
        for host in after.shape.hosts:
            if after.serves(host, "ROOT") != playbook.order.version:
                raise BrokenError(f"{host} has {after.serves(host, 'ROOT')}")


def replay(finding: Finding) -> list[Playbook]:
    """Go the way to a finding again."""
    world = World.new(finding.case.shape, finding.case.bad)
    done = []
    for order, faults in finding.steps:
        done.append(Playbook(world, order, Driver(dict(faults))).go())
        world.down.clear()
    return done


def main() -> int:
    """Search, and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--states", type=int, default=IN_CI, help="stop after so many")
    parser.add_argument("--seconds", type=float, default=math.inf, help="or after so long")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    search = Search(limit=given.states, seconds=given.seconds, seed=given.seed)
    began = time.monotonic()
    with in_place():
        search.explore(cases())
    for finding in search.findings.values():
        print(f"NEVER: {finding.what}\n  {finding.case}")
        for step in finding.steps:
            print(f"    {step}")
    print(report(search, time.monotonic() - began))
    return 1 if search.findings else 0


def report(search: Search, seconds: float) -> str:
    """The figures in a line."""
    return (
        f"simulation: states={len(search.states)} runs={search.runs} faults={sum(search.faults.values())} "
        f"rests={len(search.rests)} rounds={search.rounds} findings={len(search.findings)} seconds={seconds:.0f}"
    )


if __name__ == "__main__":
    sys.exit(main())
