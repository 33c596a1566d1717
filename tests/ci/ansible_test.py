# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ansible-test on a copy of this checkout, laid where a collection has to lie."""

from __future__ import annotations

import functools
import os
import re
import shutil
import subprocess
import urllib.request
from pathlib import Path

import venvs

ROOT = Path(__file__).resolve().parents[2]
# The oldest and the newest supported ansible-core, and the Pythons that a controller may have for each.
CORES = {"2.19": ("3.11", "3.12", "3.13"), "2.21": ("3.12", "3.13", "3.14")}
# What Debian 12 has, and the oldest that is supported; no newer Python has wheels of it.
OLDEST_LXML = {"3.11": ["lxml==4.9.2"]}
STAND_IN = "import ensurepip\nensurepip.bootstrap(upgrade=True)\n"


def copy_collection(root: Path) -> Path:
    """A git tree of what is or would be tracked. ansible-test refuses a checkout that lies elsewhere."""
    copy = root / "ansible_collections" / "roundrobin" / "tomcat"
    shutil.rmtree(root, ignore_errors=True)
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    for name in set(listing.stdout.decode().split("\0")) - {""}:
        source = ROOT / name
        # The links by which a checkout finds itself as a collection lead nowhere in the copy.
        if source.is_file() and not name.startswith(".collections/"):
            target = copy / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
    for command in (["init", "--quiet"], ["add", "--all"]):
        subprocess.run(["git", *command], cwd=copy, check=True)
    return copy


@functools.cache
def python_directories() -> dict[str, Path]:
    """Real interpreters by version: a pyenv shim runs only the version that happens to be chosen."""
    directories = [Path(entry) for entry in os.environ.get("PATH", "").split(os.pathsep)]
    directories += sorted(Path("~/.pyenv/versions").expanduser().glob("*/bin"), reverse=True)
    found: dict[str, Path] = {}
    for directory in directories:
        for python in directory.glob("python3.*"):
            version = python.name.removeprefix("python")
            if re.fullmatch(r"3\.\d+", version) and version not in found and runs(python, version):
                found[version] = directory
    return found


def runs(python: Path, version: str) -> bool:
    if "shims" in python.parts:
        return False
    command = (python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip() == version


def usable_cores() -> dict[str, str]:
    """The cores that this machine's Pythons can run: the oldest core with the oldest of those, any other with the newest."""
    pythons = python_directories()
    usable = {core: [version for version in supported if version in pythons] for core, supported in CORES.items()}
    return {core: versions[0 if core == min(CORES) else -1] for core, versions in usable.items() if versions}


def environment(core: str) -> tuple[Path, str]:
    """A virtual environment with this core, and its Python version."""
    version = usable_cores()[core]
    python = python_directories()[version] / f"python{version}"
    needed = [f"ansible-core~={core}.0", "pytest", "pytest-mock", "pytest-xdist"]
    needed += OLDEST_LXML.get(version, [])
    venv = venvs.ensure(str(python), *needed, ROOT / "tests/unit/requirements.txt")
    offer_pip(venv)
    return venv, version


def offer_pip(venv: Path) -> None:
    """ansible-test downloads get-pip for its own environments; where it cannot, Python's own pip stands in."""
    (package,) = venv.glob("lib/python3.*/site-packages/ansible_test")
    versions = re.findall(r"pip='([\d.]+)'", (package / "_internal/python_requirements.py").read_text())
    (url,) = re.findall(r"url = '(\S+)' % pip", (package / "_util/target/setup/requirements.py").read_text())
    for version in set(versions):
        cached = Path("~/.ansible/test/cache").expanduser() / f"get_pip_{version.replace('.', '_')}.py"
        if not cached.exists():
            cached.parent.mkdir(parents=True, exist_ok=True)
            try:
                with urllib.request.urlopen(url % version, timeout=10) as answer:
                    cached.write_bytes(answer.read())
            except OSError:
                cached.write_text(STAND_IN)


def variables(venv: Path) -> dict[str, str]:
    """Each Python's real directory first, for the tests that run on all of them."""
    directories = [venv / "bin", *python_directories().values()]
    path = [*map(str, directories), os.environ.get("PATH", "")]
    return {**os.environ, "PATH": os.pathsep.join(path)}
