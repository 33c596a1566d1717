# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The releases of one application on one instance: staged, activated, pruned.

Private to the collection. What is on disk stands in _releases_disk.py.

An activation empties the work directory, writes its line of history, then switches
the link: a run that dies in between leaves the old release active, and a last line of
history that the link contradicts is recognised as unfinished.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import typing as t
from dataclasses import asdict
from datetime import datetime

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError
from ansible_collections.roundrobin.tomcat.plugins.module_utils._releases_disk import (
    ReleasesDisk,
    applications_below,
    sync_directory,
)
from ansible_collections.roundrobin.tomcat.plugins.module_utils._releases_model import (
    HISTORY_LENGTH,
    Activation,
    Outcome,
    Release,
    State,
    WarSource,
    check_version,
    newest_first,
    previous_version,
    releases_to_prune,
    settled_history,
)
from ansible_collections.roundrobin.tomcat.plugins.module_utils._war import (
    BLOCK,
    CHUNK,
    check_sha256,
    inspect_war,
    sha256_of,
    summarize_tree,
    unpack_war,
)

__all__ = [
    "HISTORY_LENGTH",
    "Activation",
    "AppReleases",
    "Outcome",
    "Release",
    "State",
    "WarSource",
    "applications_below",
    "free_space_at",
    "newest_first",
    "previous_version",
    "releases_to_prune",
    "settled_history",
]

# Left free beyond what a release takes, so that logs can go on.
SPARE_BYTES = 16 * 2**20


class AppReleases:
    """Brings the releases of one application below one CATALINA_BASE to a wanted state."""

    def __init__(
        self,
        base: str,
        name: str,
        *,
        now: t.Callable[[], datetime],
        actor: str = "",
        owner: int | None = None,
        group: int | None = None,
        free_space: t.Callable[[str], tuple[int, int | None]] | None = None,
    ) -> None:
        """Take the places, the clock, and (for tests) what tells free bytes and inodes."""
        self.disk = ReleasesDisk(base, name, owner=owner, group=group)
        self._now = now
        self._actor = actor
        self._free_space = free_space or free_space_at

    def read(self) -> State:
        """Read what is on disk."""
        return self.disk.read()

    def ensure(
        self,
        state: str,
        version: str | None,
        source: WarSource | None,
        *,
        keep: int | None,
        check_mode: bool,
        max_unpacked_bytes: int,
    ) -> Outcome:
        """Bring the application to the wanted state, or only tell what that would change."""
        if version is not None:
            check_version(version)
        with contextlib.nullcontext() if check_mode else self.disk.lock():
            if not check_mode:
                self.disk.remove_leftovers()
            before = after = self.read()
            if state in ("staged", "active") and version is not None:
                staged = self._usable_release(before, version, source)
                if staged is None:
                    if source is None:
                        raise CollectionError(
                            f"release {version} of {self.disk.name} is not staged in {self.disk.directory}, and no src was given"
                            + (f" (staged: {', '.join(before.releases)})" if before.releases else "")
                        )
                    self._check_space(source)
                    if source.path is None and not check_mode:
                        return Outcome(before, before, needs_source=True)
                    staged = (
                        Release(version=version, sha256=source.sha256, staged_at=self._timestamp())
                        if check_mode
                        else self._stage(version, source, max_unpacked_bytes)
                    )
                    after = after.with_release(staged)
                if state == "active" and after.active != version:
                    after = self._switch(after, staged, check_mode)
            elif state == "inactive":
                if after.active is not None:
                    after = self._switch(after, None, check_mode)
            elif version is not None:
                if version == after.active:
                    raise CollectionError(f"release {version} of {self.disk.name} is active and cannot be removed")
                after = self._drop(after, [version] if version in after.releases else [], check_mode)
            else:
                after = State()
                if before != after and not check_mode:
                    self._remove_application()
            pruned = releases_to_prune(after, keep, version)
            after = self._drop(after, pruned, check_mode)
        return Outcome(before, after, pruned)

    def _usable_release(self, state: State, version: str, source: WarSource | None) -> Release | None:
        """Return the staged release if it is there and whole; fail if it is another one under the same version."""
        release = state.releases.get(version)
        if release is None:
            return None
        problem = release.problem
        if problem is None:
            found = summarize_tree(self.disk.exploded(version))
            if (found.files, found.unpacked_bytes) != (release.files, release.unpacked_bytes):
                problem = (
                    f"{self.disk.exploded(version)} has {found.files} files of {found.unpacked_bytes} bytes, "
                    f"was unpacked with {release.files} of {release.unpacked_bytes}"
                )
        if problem:
            raise CollectionError(
                f"release {version} of {self.disk.name} is damaged: {problem}; "
                "remove it (state: absent with this version) and stage it again, or stage another version"
            )
        if source is not None and source.sha256 != release.sha256:
            raise CollectionError(
                f"release {version} of {self.disk.name} exists with another sha256: "
                f"staged {release.sha256}, {source.label} has {source.sha256}"
            )
        return release

    def _check_space(self, source: WarSource) -> None:
        place = self.disk.root if os.path.isdir(self.disk.root) else self.disk.base
        free_bytes, free_inodes = self._free_space(place)
        wanted = source.war_bytes + source.disk_bytes + SPARE_BYTES
        if free_bytes < wanted:
            raise CollectionError(
                f"not enough space in {place} to stage {source.label}: {free_bytes // 2**20} MiB are free, "
                f"{-(-wanted // 2**20)} MiB are wanted"
            )
        # A file takes at least a block, so this over-counts inodes, on the safe side for small WARs only.
        if free_inodes is not None and free_inodes < min(source.disk_bytes // BLOCK, 1000):
            raise CollectionError(f"not enough inodes in {place} to stage {source.label}: {free_inodes} are free")

    def _stage(self, version: str, source: WarSource, max_unpacked_bytes: int) -> Release:
        """Build the release beside its place and move it there whole."""
        if source.path is None:
            raise CollectionError(f"{source.label} is not on this machine")
        self.disk.make_directory(self.disk.directory)
        building = tempfile.mkdtemp(prefix=".staging-", dir=self.disk.directory)
        war = os.path.join(building, self.disk.name + ".war")
        try:
            with open(source.path, "rb") as original, open(war, "xb") as copy:
                shutil.copyfileobj(original, copy, CHUNK)
                copy.flush()
                os.fsync(copy.fileno())
            # The copy is what gets unpacked: it must be the file that was judged.
            check_sha256(source.label, sha256_of(war), source.sha256)
            self.disk.own(war, self.disk.file_mode)
            report = inspect_war(war, max_unpacked_bytes=max_unpacked_bytes)
            unpack_war(
                war,
                report,
                os.path.join(building, "exploded"),
                directory_mode=self.disk.directory_mode,
                file_mode=self.disk.file_mode,
                own=self.disk.own,
            )
            release = Release(
                version=version,
                sha256=source.sha256,
                war_bytes=source.war_bytes,
                files=report.files,
                unpacked_bytes=report.unpacked_bytes,
                staged_at=self._timestamp(),
                staged_by=self._actor,
            )
            data = {name: value for name, value in asdict(release).items() if name != "problem"}
            self.disk.write_json(os.path.join(building, "release.json"), data)
            self.disk.own(building, self.disk.directory_mode)
            os.rename(building, self.disk.release_directory(version))
            sync_directory(self.disk.directory)
        except CollectionError as exc:
            # Name the file the user knows, not the copy.
            raise CollectionError(exc.message.replace(war, source.label), **exc.details) from exc
        except OSError as exc:
            raise CollectionError(
                f"{source.label} could not be staged in {self.disk.directory}: {exc.strerror}; nothing was left there"
            ) from exc
        finally:
            if os.path.isdir(building):
                shutil.rmtree(building)
        return release

    def _switch(self, state: State, release: Release | None, check_mode: bool) -> State:
        """Make a release (or none) the active one."""
        after = state.activated(
            Activation(
                at=self._timestamp(),
                by=self._actor,
                version=release.version if release else None,
                sha256=release.sha256 if release else None,
                replaced=state.active,
            )
        )
        if check_mode:
            return after
        try:
            self.disk.clear_work()
            self.disk.make_directory(self.disk.directory)
            self.disk.write_json(self.disk.history_path, [asdict(line) for line in after.history])
            if release is None:
                os.unlink(self.disk.link)
            else:
                # Made outside webapps, where a run that dies here would leave a second application.
                fresh = os.path.join(self.disk.directory, ".link-new")
                os.symlink(f"../releases/{self.disk.name}/{release.version}/exploded", fresh)
                os.lchown(fresh, self.disk.uid, self.disk.gid)
                os.replace(fresh, self.disk.link)
            sync_directory(self.disk.webapps)
        except OSError as exc:
            target = f"to {release.version}" if release else "to no release"
            raise CollectionError(
                f"{self.disk.link} could not be switched {target}: {_reason(exc)}; "
                f"{state.active or 'no release'} is still active"
            ) from exc
        return after

    def _drop(self, state: State, versions: t.Sequence[str], check_mode: bool) -> State:
        if not check_mode:
            for version in versions:
                try:
                    # Gone at once as a release, then deleted: never a half one.
                    doomed = os.path.join(self.disk.directory, f".removed-{version}")
                    os.rename(self.disk.release_directory(version), doomed)
                    shutil.rmtree(doomed)
                except OSError as exc:
                    raise CollectionError(
                        f"release {version} of {self.disk.name} could not be removed: {_reason(exc)}"
                    ) from exc
        return state.without(versions)

    def _remove_application(self) -> None:
        try:
            if os.path.lexists(self.disk.link):
                os.unlink(self.disk.link)
            self.disk.clear_work()
            if os.path.lexists(self.disk.directory):
                shutil.rmtree(self.disk.directory)
        except OSError as exc:
            raise CollectionError(f"{self.disk.name} could not be removed: {_reason(exc)}") from exc

    def _timestamp(self) -> str:
        return self._now().strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def free_space_at(path: str) -> tuple[int, int | None]:
    """Return the free bytes and inodes at a path; inodes are None where the file system has no such limit."""
    found = os.statvfs(path)
    return found.f_bavail * found.f_frsize, found.f_favail if found.f_files else None


def _reason(exc: OSError) -> str:
    return f"{exc.filename}: {exc.strerror}" if exc.filename else str(exc.strerror)
