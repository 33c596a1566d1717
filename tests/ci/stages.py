# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stages of ./run test: each timed, all of them run, a table and one closing line at the end."""

from __future__ import annotations

import argparse
import dataclasses
import functools
import os
import shutil
import subprocess
import sys
import time
import typing as t
from pathlib import Path

import ansible_test

ROOT = ansible_test.ROOT
COPIES = ROOT / "build" / "copy"
LOGS = ROOT / "build" / "logs"
LINES_OF_A_FAILURE = 80

Command = t.Sequence[t.Union[str, Path]]


@dataclasses.dataclass(frozen=True)
class Stage:
    """Commands that all run, even if one of them fails; none of them prints to the screen."""

    name: str
    commands: t.Sequence[Command]
    directory: Path = ROOT
    environment: t.Mapping[str, str] = dataclasses.field(default_factory=lambda: os.environ)
    clean_up: tuple[str, ...] = ()

    def run(self) -> bool:
        passed = True
        with self.log.open("w") as log:
            try:
                for command in self.commands:
                    print("$", *command, file=log, flush=True)
                    passed = self._call(command, log) and passed
            except KeyboardInterrupt:
                if self.clean_up:
                    self._call(self.clean_up, log)
                raise
        return passed

    @property
    def log(self) -> Path:
        return LOGS / f"{self.name}.log"

    def _call(self, command: Command, log: t.IO[str]) -> bool:
        done = subprocess.run(
            command,
            cwd=self.directory,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            check=False,
        )
        return done.returncode == 0


def lint(copy: Path) -> Stage:
    commands: list[Command] = [
        ["yamllint", "--strict", "."],
        ["ruff", "check", "."],
        ["ruff", "format", "--check", "."],
        ["mypy", "--package", "ansible_collections.roundrobin.tomcat.plugins.module_utils"],
        ["mypy", "molecule/shared", "tests/ci"],
        ["ansible-lint", "--offline"],
        ["antsibull-changelog", "lint"],
        [
            *("antsibull-docs", "lint-collection-docs", "--plugin-docs", "--check-extra-docs-refs"),
            *("--validate-collection-refs", "all", "--skip-rstcheck", "."),
        ],
    ]
    environment = {"ANSIBLE_COLLECTIONS_PATH": str(COPIES), "MYPYPATH": str(COPIES), "NO_COLOR": "1"}
    return Stage("lint", commands, copy, {**os.environ, **environment})


def package(copy: Path) -> Stage:
    """What Galaxy would be given, and what Galaxy would say to it."""
    output = ROOT / "build" / "package"
    shutil.rmtree(output, ignore_errors=True)
    build = ("ansible-galaxy", "collection", "build", "--output-path", output, copy)
    importer = (sys.executable, ROOT / "tests/ci/import_package.py", output)
    return Stage("package", [build, importer])


def sanity(core: str, copy: Path) -> Stage:
    venv, _python = ansible_test.environment(core)
    command = (venv / "bin" / "ansible-test", "sanity", "--color", "no")
    return Stage(f"sanity-{core}", [command], copy, ansible_test.variables(venv))


def units(core: str, copy: Path) -> Stage:
    venv, python = ansible_test.environment(core)
    command = (venv / "bin" / "ansible-test", "units", "--color", "no", "--python", python, "--num-workers", "2")
    return Stage(f"units-{core}", [command], copy, ansible_test.variables(venv))


def tools(_copy: Path) -> Stage:
    """The tests that need neither hosts nor ansible-test: of the load generator, the example inventories, ..."""
    # ansible-test lets no variable through: the long forms of unit tests run here.
    ignored = () if os.environ.get("RUN_FULL") else ("--ignore=tests/unit",)
    return Stage("tools", [("pytest", "-q", "tests", *ignored)])


def images(_copy: Path) -> Stage:
    """The test hosts' images, so that no scenario's seconds hold their building."""
    return Stage("images", [(sys.executable, "molecule/shared/hosts.py", "images")])


def scenario(name: str, _copy: Path) -> Stage:
    environment = {
        "ANSIBLE_HOME": str(ROOT / ".ansible"),  # of this checkout, also where another has the same folder name
        "MOLECULE_GLOB": "molecule/*/molecule.yml",
        "NO_COLOR": "1",
    }
    molecule = ["molecule", "test", "--scenario-name", name]
    clean_up = ("molecule", "destroy", "--scenario-name", name)
    return Stage(name, [molecule], environment={**os.environ, **environment}, clean_up=clean_up)


def all_stages() -> dict[str, t.Callable[[Path], Stage]]:
    """In order; what makes one from the copy of the collection is called when its turn comes."""
    stages: dict[str, t.Callable[[Path], Stage]] = {"lint": lint, "package": package}
    for core in ansible_test.usable_cores():
        stages[f"sanity-{core}"] = functools.partial(sanity, core)
        stages[f"units-{core}"] = functools.partial(units, core)
    stages |= {"tools": tools, "images": images}
    for config in sorted(ROOT.glob("molecule/*/molecule.yml")):
        stages[config.parent.name] = functools.partial(scenario, config.parent.name)
    return stages


def chosen(stages: t.Collection[str], names: list[str]) -> list[str]:
    """`sanity` means the sanity stage of every core."""
    matches = {name: [stage for stage in stages if name in (stage, stage.split("-")[0])] for name in names}
    unknown = [name for name, found in matches.items() if not found]
    if unknown:
        sys.exit(f"No stage or scenario {', '.join(unknown)}; there are {', '.join(stages)}.")
    return [stage for stage in stages if not names or any(stage in found for found in matches.values())]


def report(results: list[tuple[str, bool, float]]) -> int:
    failed = sum(not passed for _name, passed, _seconds in results)
    width = max(len(name) for name, _passed, _seconds in results)
    print()
    for name, passed, seconds in results:
        print(f"{name:{width}}  {'passed' if passed else 'FAILED'}  {seconds:7.1f} s")
    print(f"\n{len(results) - failed} passed, {failed} failed")
    return 1 if failed else 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="./run test")
    parser.add_argument("--full", action="store_true", help="the long forms of tests too: RUN_FULL=1")
    parser.add_argument("names", nargs="*", metavar="NAME", help="stages and molecule scenarios; default: all")
    options = parser.parse_args()
    if options.full:
        os.environ["RUN_FULL"] = "1"
    LOGS.mkdir(parents=True, exist_ok=True)
    results = []
    stages = all_stages()
    names = chosen(stages, options.names)
    copy = ansible_test.copy_collection(COPIES)
    for name in names:
        print(f"{name} ...", flush=True)
        start = time.monotonic()
        stage = stages[name](copy)
        passed = stage.run()
        results.append((name, passed, time.monotonic() - start))
        if not passed:
            print(*stage.log.read_text(errors="replace").splitlines()[-LINES_OF_A_FAILURE:], sep="\n")
            print(f"{name} failed; the whole log: {stage.log.relative_to(ROOT)}", flush=True)
    return report(results)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("interrupted")
