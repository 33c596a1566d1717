# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An instance without releases, WARs to stage on it, and how a test asks for a state."""

from __future__ import annotations

import os
import stat
import zipfile
from datetime import datetime, timedelta, timezone

import pytest

from ansible_collections.roundrobin.tomcat.plugins.module_utils._releases.store import AppReleases, WarSource
from ansible_collections.roundrobin.tomcat.plugins.module_utils._releases.war import inspect_war, sha256_of

GIB = 2**30


class Ticking:
    """A clock that goes on by a second each time it is asked."""

    def __init__(self):
        self.time = datetime(2026, 11, 23, 12, 0, 0, tzinfo=timezone.utc)

    def __call__(self):
        self.time += timedelta(seconds=1)
        return self.time


@pytest.fixture(scope="session")
def new_store():
    """Make what a run of the module has: with a clock of its own that ticks."""

    def make(base, name="app", **options):
        return AppReleases(str(base), name, now=Ticking(), actor="ann@ctl", **options)

    return make


@pytest.fixture
def base(tmp_path):
    for name in ("webapps", "work"):
        (tmp_path / "base" / name).mkdir(parents=True)
    return tmp_path / "base"


@pytest.fixture
def store(base, new_store):
    return new_store(base)


@pytest.fixture
def war(tmp_path):
    def make(version, content="x"):
        path = tmp_path / f"{version}.war"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(zipfile.ZipInfo("WEB-INF/web.xml"), "<web-app/>")
            archive.writestr(zipfile.ZipInfo("version.txt"), version + content)
        report = inspect_war(str(path), max_unpacked_bytes=GIB)
        return WarSource(
            label=f"ctl/{version}.war",
            path=str(path),
            sha256=sha256_of(str(path)),
            war_bytes=path.stat().st_size,
            disk_bytes=report.disk_bytes,
        )

    return make


@pytest.fixture(scope="session")
def ensure():
    """Bring a store into a state."""
    return _ensure


@pytest.fixture(scope="session")
def four_corners():
    """Check, run, check again, run again: the prediction holds, the second run changes nothing."""
    return _four_corners


@pytest.fixture(scope="session")
def snapshot():
    """Everything below a directory: names, modes, contents, link targets."""
    return _snapshot


def _ensure(store, state, version=None, source=None, keep=None, check=False, **options):
    return store.ensure(state, version, source, keep=keep, check_mode=check, max_unpacked_bytes=GIB, **options)


def _four_corners(store, *args, **kwargs):
    before = _snapshot(store.disk.base)
    predicted = _ensure(store, *args, check=True, **kwargs)
    assert _snapshot(store.disk.base) == before
    done = _ensure(store, *args, **kwargs)
    assert predicted.changed is done.changed
    assert predicted.after.contexts == done.after.contexts
    assert predicted.after.previous == done.after.previous
    assert predicted.pruned == done.pruned
    assert {v: r.sha256 for v, r in predicted.after.releases.items()} == {
        v: r.sha256 for v, r in done.after.releases.items()
    }
    assert store.read() == done.after
    left = _snapshot(store.disk.base)
    assert not _ensure(store, *args, check=True, **kwargs).changed
    assert not _ensure(store, *args, **kwargs).changed
    assert _snapshot(store.disk.base) == left
    return done


def _snapshot(base):
    found = {}
    for directory, names, files in os.walk(base):
        for name in names + files:
            path = os.path.join(directory, name)
            status = os.lstat(path)
            if stat.S_ISLNK(status.st_mode):
                content = os.readlink(path)
            elif stat.S_ISREG(status.st_mode):
                with open(path, "rb") as source:
                    content = source.read()
            else:
                content = None
            found[os.path.relpath(path, base)] = (status.st_mode, content)
    return found
