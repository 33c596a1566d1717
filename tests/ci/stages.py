# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stages of ./run test: each timed, all of them run, a table and one closing line at the end.

Two run at a time, since most of them wait for something half of their time. Scenarios that put load on their hosts come last, one after
another. Beside them only checks run, with what they leave of the machine: what users notice of a release is not to hang on what else it does.
"""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import functools
import os
import shutil
import sys
import time
import typing as t
from pathlib import Path

import ansible_test

ROOT = ansible_test.ROOT
COPIES = ROOT / "build" / "copy"
LOGS = ROOT / "build" / "logs"
LINES_OF_A_FAILURE = 80
AT_ONCE = 2
# Scenarios whose tests put users to work while something happens to the hosts.
UNDER_LOAD = {"adoption", "checker", "cluster", "rollouts", "session_stores", "two_balancers"}
# Those that run by their name, and with --full.
LONG = {"adoption"}
# No clock is in them: they can wait.
CHECKS = {"lint", "models", "package", "sanity", "units"}
PATIENT = ("nice", "-n", "19")
MODELS = ("tests/fuzz", "tests/simulation")

Command = t.Sequence[t.Union[str, Path]]


@dataclasses.dataclass(frozen=True)
class Stage:
    """Commands that all run, even if one of them fails; none of them prints to the screen."""

    name: str
    commands: t.Sequence[Command]
    directory: Path = ROOT
    environment: t.Mapping[str, str] = dataclasses.field(default_factory=lambda: os.environ)
    clean_up: tuple[str, ...] = ()
    #: what each command is called with
    prefix: Command = ()

    async def run(self) -> bool:
        passed = True
        with self.log.open("w") as log:
            try:
                for command in self.commands:
                    print("$", *command, file=log, flush=True)
                    passed = await self._call(command, log) and passed
            except asyncio.CancelledError:
                if self.clean_up:
                    await self._call(self.clean_up, log)
                raise
        return passed

    @property
    def log(self) -> Path:
        return LOGS / f"{self.name}.log"

    async def _call(self, command: Command, log: t.IO[str]) -> bool:
        process = await asyncio.create_subprocess_exec(
            *self.prefix,
            *command,
            cwd=self.directory,
            env=self.environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=asyncio.subprocess.STDOUT,
        )
        try:
            return await process.wait() == 0
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()


def copy_for(stage: str) -> Path:
    """Of the collection, where a collection has to lie; of one's own, since tools leave their caches and results in it."""
    return ansible_test.copy_collection(COPIES / stage)


def lint() -> Stage:
    copy = copy_for("lint")
    commands: list[Command] = [
        ["yamllint", "--strict", "."],
        ["ruff", "check", "."],
        ["ruff", "format", "--check", "."],
        ["mypy", "--package", "ansible_collections.roundrobin.tomcat.plugins"],
        ["mypy", "molecule/shared", "tests/ci"],
        ["ansible-lint", "--offline"],
        ["antsibull-changelog", "lint"],
        [
            *("antsibull-docs", "lint-collection-docs", "--plugin-docs", "--check-extra-docs-refs"),
            *("--validate-collection-refs", "all", "--skip-rstcheck", "."),
        ],
    ]
    environment = {"ANSIBLE_COLLECTIONS_PATH": str(COPIES / "lint"), "MYPYPATH": str(COPIES / "lint"), "NO_COLOR": "1"}
    return Stage("lint", commands, copy, {**os.environ, **environment})


def package() -> Stage:
    """What Galaxy would be given, and what Galaxy would say to it."""
    output = ROOT / "build" / "package"
    shutil.rmtree(output, ignore_errors=True)
    build = ("ansible-galaxy", "collection", "build", "--output-path", output, copy_for("package"))
    importer = (sys.executable, ROOT / "tests/ci/import_package.py", output)
    return Stage("package", [build, importer])


def sanity(core: str) -> Stage:
    name = f"sanity-{core}"
    venv, _python = ansible_test.environment(core)
    command = (venv / "bin" / "ansible-test", "sanity", "--color", "no")
    return Stage(name, [command], copy_for(name), ansible_test.variables(venv))


def units(core: str) -> Stage:
    name = f"units-{core}"
    venv, python = ansible_test.environment(core)
    command = (venv / "bin" / "ansible-test", "units", "--color", "no", "--python", python, "--num-workers", "2")
    return Stage(name, [command], copy_for(name), ansible_test.variables(venv))


def tools() -> Stage:
    """The tests that need neither hosts nor ansible-test: of the load generator, the example inventories, ..."""
    # ansible-test lets no variable through: the long forms of unit tests run here.
    ignored = () if os.environ.get("RUN_FULL") else ("--ignore=tests/unit",)
    return Stage(
        "tools", [("pytest", "-q", "--durations=10", "tests", *(f"--ignore={one}" for one in MODELS), *ignored)]
    )


def models() -> Stage:
    """The simulated world, and odd values for every option: much work, and nothing real in it."""
    return Stage("models", [("pytest", "-q", *MODELS)])


def images() -> Stage:
    """The test hosts' images, what the role fetches, and what Maven builds: no scenario's seconds hold that, and no two scenarios fetch the same at once."""
    # Only the longer form releases applications of frameworks.
    wars = [["tests/frameworks/wars.py"]] if os.environ.get("RUN_FULL") else []
    programs = (["molecule/shared/hosts.py", "images"], ["tests/ci/archives.py"], *wars)
    return Stage("images", [(sys.executable, *program) for program in programs])


def scenario(name: str) -> Stage:
    environment = {
        "ANSIBLE_HOME": str(ROOT / ".ansible"),  # of this checkout, also where another has the same folder name
        "MOLECULE_GLOB": "molecule/*/molecule.yml",
        "NO_COLOR": "1",
    }
    molecule = ["molecule", "test", "--scenario-name", name]
    clean_up = ("molecule", "destroy", "--scenario-name", name)
    return Stage(name, [molecule], environment={**os.environ, **environment}, clean_up=clean_up)


def all_stages() -> dict[str, t.Callable[[], Stage]]:
    """In order; what makes one is called when its turn comes."""
    stages: dict[str, t.Callable[[], Stage]] = {"images": images, "lint": lint, "package": package}
    for core in ansible_test.usable_cores():
        stages[f"sanity-{core}"] = functools.partial(sanity, core)
        stages[f"units-{core}"] = functools.partial(units, core)
    stages["models"] = models
    stages["tools"] = tools
    for config in sorted(ROOT.glob("molecule/*/molecule.yml")):
        stages[config.parent.name] = functools.partial(scenario, config.parent.name)
    return stages


def chosen(stages: t.Collection[str], names: list[str]) -> list[str]:
    """`sanity` means the sanity stage of every core."""
    matches = {name: [stage for stage in stages if name in (stage, stage.split("-")[0])] for name in names}
    unknown = [name for name, found in matches.items() if not found]
    if unknown:
        sys.exit(f"No stage or scenario {', '.join(unknown)}; there are {', '.join(stages)}.")
    if names:
        return [stage for stage in stages if any(stage in found for found in matches.values())]
    return [stage for stage in stages if stage not in LONG or os.environ.get("RUN_FULL")]


def report(results: list[tuple[str, bool, float]], in_all: float) -> int:
    failed = sum(not passed for _name, passed, _seconds in results)
    width = max(len(name) for name, _passed, _seconds in results)
    print()
    for name, passed, seconds in results:
        print(f"{name:{width}}  {'passed' if passed else 'FAILED'}  {seconds:7.1f} s")
    print(f"{'in all':{width}}          {in_all:7.1f} s")
    print(f"\n{len(results) - failed} passed, {failed} failed")
    return 1 if failed else 0


def is_check(name: str) -> bool:
    return name.split("-")[0] in CHECKS


def batches(names: t.Collection[str]) -> list[list[list[str]]]:
    """One batch after another; its lanes run beside each other, and each takes the next stage of its list, which two may share."""
    first = [name for name in names if name == "images"]
    loaded = [name for name in names if name in UNDER_LOAD]
    checks = [name for name in names if is_check(name)]
    others = [name for name in names if name not in (*first, *loaded, *checks)]
    # Without scenarios under load the checks have nothing to wait for.
    if not loaded:
        others, checks = [*checks, *others], []
    return [[first], [others] * AT_ONCE, [loaded, checks]]


async def run(stages: t.Mapping[str, t.Callable[[], Stage]]) -> list[tuple[str, bool, float]]:
    """What became of each, in their order."""
    results: dict[str, tuple[str, bool, float]] = {}

    async def run_one(name: str) -> None:
        print(f"{name} ...", flush=True)
        start = time.monotonic()
        stage = stages[name]()
        if is_check(name):
            stage = dataclasses.replace(stage, prefix=PATIENT)
        passed = await stage.run()
        results[name] = (name, passed, time.monotonic() - start)
        if not passed:
            print(*stage.log.read_text(errors="replace").splitlines()[-LINES_OF_A_FAILURE:], sep="\n")
            print(f"{name} failed; the whole log: {stage.log.relative_to(ROOT)}", flush=True)

    async def drain(waiting: list[str]) -> None:
        while waiting:
            await run_one(waiting.pop(0))

    for lanes in batches(stages):
        async with asyncio.TaskGroup() as group:
            for lane in lanes:
                group.create_task(drain(lane))
    return [results[name] for name in stages]


def main() -> int:
    parser = argparse.ArgumentParser(prog="./run test")
    parser.add_argument("--full", action="store_true", help="the long forms of tests too: RUN_FULL=1")
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help="stages and molecule scenarios; default: all but the long ones"
    )
    options = parser.parse_args()
    if options.full:
        os.environ["RUN_FULL"] = "1"
    LOGS.mkdir(parents=True, exist_ok=True)
    stages = all_stages()
    names = chosen(stages, options.names)
    start = time.monotonic()
    results = asyncio.run(run({name: stages[name] for name in names}))
    return report(results, time.monotonic() - start)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("interrupted")
