# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""WARs of the applications in this folder: each built once for what it is made from, and kept in the user's cache.

Run as a program it builds them all.
"""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER.parent / "ci"))

import venvs  # noqa: E402

NAMES = ("faces", "spring")


def built(name: str) -> Path:
    """The WAR as Maven makes it, without a version."""
    digest = hashlib.sha256()
    for source in sorted(path for path in (FOLDER / name).rglob("*") if path.is_file()):
        digest.update(f"{source.relative_to(FOLDER)}\0".encode() + source.read_bytes())
    war = venvs.CACHE / f"framework-{name}-{digest.hexdigest()[:12]}.war"
    war.parent.mkdir(parents=True, exist_ok=True)
    with (war.parent / "frameworks.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not war.exists():
            with tempfile.TemporaryDirectory(dir=war.parent) as target:
                build = ["mvn", "--batch-mode", "--quiet", f"--file={FOLDER / name}", f"-Dtarget={target}"]
                subprocess.run([*build, "-Dmaven.test.skip=true", "package"], check=True)
                Path(target, "application.war").rename(war)
    return war


def release(name: str, version: str, out: Path) -> Path:
    """A release: the WAR with a version, which its health page shows."""
    shutil.copyfile(built(name), out)
    with zipfile.ZipFile(out, "a") as archive:
        # A release depends on its version alone.
        archive.writestr(zipfile.ZipInfo("WEB-INF/release.properties"), f"version={version}\n")
    return out


if __name__ == "__main__":
    for application in NAMES:
        print(built(application))
