# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tomcat's own archives, as the role installs them: fetched once by the machine's mvn, verified, kept in the user's cache.

Run as a program it fetches all that the role does.
"""

from __future__ import annotations

import fcntl
import hashlib
import subprocess
import tarfile
import tempfile
from pathlib import Path

import venvs
import yaml

ROOT = Path(__file__).resolve().parents[2]
ARTIFACTS = ROOT / "roles/tomcat_instance/vars/artifacts.yml"


def releases() -> dict[str, str]:
    """The versions that the role knows, with the sha512 of each."""
    found: dict[str, str] = yaml.safe_load(ARTIFACTS.read_text())["__tomcat_instance_releases"]
    return found


def archive(version: str) -> Path:
    """The archive of this version, in the place where the role looks for it too."""
    path = cached(f"org.apache.tomcat:tomcat:{version}:tar.gz")
    with path.open("rb") as data:
        found = hashlib.file_digest(data, "sha512").hexdigest()
    if found != releases()[version]:
        raise SystemExit(f"{path} has the sha512 {found}, expected was {releases()[version]}")
    return path


def cached(coordinates: str) -> Path:
    _group, name, version, kind = coordinates.split(":")
    path = venvs.CACHE / f"{name}-{version}.{kind}"
    path.parent.mkdir(parents=True, exist_ok=True)
    with (path.parent / "archives.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            with tempfile.TemporaryDirectory(dir=path.parent) as directory:
                fetch(coordinates, Path(directory)).rename(path)
    return path


def fetch(coordinates: str, directory: Path) -> Path:
    # Not where somebody else's pom.xml lies.
    copy = [
        "mvn",
        "--batch-mode",
        "--quiet",
        "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy",
        f"-Dartifact={coordinates}",
    ]
    subprocess.run([*copy, f"-DoutputDirectory={directory}"], cwd=directory, check=True)
    (fetched,) = directory.iterdir()
    return fetched


def unpack(version: str, directory: Path) -> Path:
    """A CATALINA_HOME of this version below the directory."""
    with tarfile.open(archive(version)) as tar:
        tar.extractall(directory, filter="data")
    return directory / f"apache-tomcat-{version}"


def read(version: str, name: str) -> bytes:
    """One file of the archive, such as conf/server.xml."""
    with tarfile.open(archive(version)) as tar:
        member = tar.extractfile(f"apache-tomcat-{version}/{name}")
        assert member is not None
        return member.read()


if __name__ == "__main__":
    for release in releases():
        archive(release)
    for jars in yaml.safe_load(ARTIFACTS.read_text())["__tomcat_instance_session_jars"].values():
        for jar in jars:
            cached(jar["coordinates"])
