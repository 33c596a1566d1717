# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Virtual environments, each made once per content of what it is made from, and kept in the user's cache."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "roundrobin.tomcat"
KEPT_SECONDS = 30 * 24 * 3600


def ensure(python: str, *requirements: str | Path) -> Path:
    """The directory of a virtual environment with these requirements: files (Path) and specifiers (str)."""
    version = subprocess.run([python, "-c", "import sys; print(sys.version)"], capture_output=True, check=True).stdout
    digest = hashlib.sha256(version)
    arguments: list[str] = []
    for requirement in requirements:
        if isinstance(requirement, Path):
            digest.update(requirement.read_bytes())
            arguments += ["--requirement", str(requirement)]
        else:
            digest.update(requirement.encode())
            arguments.append(requirement)
    venv = CACHE / f"venv-{digest.hexdigest()[:12]}"
    done = venv / "complete"
    venv.parent.mkdir(parents=True, exist_ok=True)
    with Path(f"{venv}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            print(f"Installing {' '.join(map(str, requirements))} into {venv} ...", file=sys.stderr, flush=True)
            subprocess.run([python, "-m", "venv", "--clear", venv], check=True)
            pip = [f"{venv}/bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
            subprocess.run([*pip, *arguments], check=True, stdout=sys.stderr)
        done.touch()
    forget_unused()
    return venv


def forget_unused() -> None:
    for done in CACHE.glob("venv-*/complete"):
        if time.time() - done.stat().st_mtime > KEPT_SECONDS:
            shutil.rmtree(done.parent, ignore_errors=True)


if __name__ == "__main__":
    print(ensure(sys.executable, *map(Path, sys.argv[1:])))
