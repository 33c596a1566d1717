# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The releases of one application on one instance: staged, activated, pruned.

What is on disk stands in disk.py.

An activation empties the work directory, writes its line of history, then switches
the link: a run that dies in between leaves the old release active, and a last line of
history that the link contradicts is recognised as unfinished.
"""

# Private to this collection.

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import typing as t
from dataclasses import asdict, replace
from datetime import datetime

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError
from ansible_collections.roundrobin.tomcat.plugins.module_utils._file import CHUNK, sync_directory

from .disk import ReleasesDisk
from .model import (
    Activation,
    Context,
    Release,
    ReleaseChange,
    State,
    WarSource,
    check_context_version,
    check_version,
    next_context_version,
    releases_to_prune,
)
from .war import (
    BLOCK,
    check_sha256,
    inspect_war,
    sha256_of,
    summarize_tree,
    unpack_war,
)

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

    def remember(self, version: str, health: t.Mapping[str, t.Any]) -> bool:
        """Keep how a release was asked when it proved healthy; return whether that is new. One that is gone has nothing to keep."""
        release = self.read().releases.get(version)
        if release is None or release.problem or release.health == health:
            return False
        path = self.disk.health_path(version)
        try:
            with self.disk.lock():
                self.disk.write_json(path, dict(health))
        except OSError as error:
            raise CollectionError(f"{path} could not be written: {_reason(error)}") from error
        return True

    def ensure(
        self,
        state: str,
        version: str | None,
        source: WarSource | None,
        *,
        keep: int | None,
        check_mode: bool,
        max_unpacked_bytes: int,
        parallel: bool = False,
        context_version: str | None = None,
    ) -> ReleaseChange:
        """Bring the application to the wanted state, or only tell what that would change."""
        if version is not None:
            check_version(version)
        if context_version is not None:
            check_context_version(context_version)
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
                        return ReleaseChange(before, before, needs_source=True)
                    staged = (
                        Release(version=version, sha256=source.sha256, staged_at=self._timestamp())
                        if check_mode
                        else self._stage(version, source, max_unpacked_bytes)
                    )
                    after = after.with_release(staged)
                if state == "active":
                    after = self._relink(
                        after, self._with_active(after, version, parallel, context_version), check_mode
                    )
            elif state == "retired":
                after = self._relink(after, self._without_retired(after, context_version), check_mode)
            elif state == "inactive":
                after = self._relink(after, (), check_mode)
            elif version is not None:
                linked = [context for context in after.contexts if context.version == version]
                if linked:
                    raise CollectionError(
                        f"release {version} of {self.disk.name} is active and cannot be removed"
                        if version == after.active
                        else f"release {version} of {self.disk.name} still has users of its own, by "
                        f"{self.disk.link(linked[0].context_version)}, and cannot be removed: retire it first"
                    )
                after = self._drop(after, [version] if version in after.releases else [], check_mode)
            else:
                after = State()
                if before != after and not check_mode:
                    self._remove_application(before)
            pruned = releases_to_prune(after, keep, version)
            after = self._drop(after, pruned, check_mode)
        return ReleaseChange(before, after, pruned)

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
            data = {name: value for name, value in asdict(release).items() if name not in ("problem", "health")}
            self.disk.write_json(os.path.join(building, "release.json"), data)
            self.disk.own(building, self.disk.directory_mode)
            os.rename(building, self.disk.release_directory(version))
            sync_directory(self.disk.directory)
        except CollectionError as error:
            # Name the file the user knows, not the copy.
            raise CollectionError(error.message.replace(war, source.label), **error.details) from error
        except OSError as error:
            raise CollectionError(
                f"{source.label} could not be staged in {self.disk.directory}: {error.strerror}; nothing was left there"
            ) from error
        finally:
            if os.path.isdir(building):
                shutil.rmtree(building)
        return release

    def _with_active(
        self, state: State, version: str, parallel: bool, context_version: str | None
    ) -> tuple[Context, ...]:
        """Return the contexts with a release as the active one: beside what is there, or instead of all of it."""
        if state.active is None:
            return (Context(context_version or "", version),)
        if not parallel:
            # The name under which it is served, else that of the active one, stays: a session store may have sessions under it.
            served = [context for context in state.contexts if context.version == version]
            return (served[-1] if served else Context(state.context_version, version),)
        if state.active == version:
            return state.contexts
        fresh = next_context_version(state.contexts) if context_version is None else context_version
        if fresh <= state.context_version:
            raise CollectionError(
                f"context_version {fresh!r} is not newer than {state.context_version!r} of the active release "
                f"{state.active} of {self.disk.name}: give {next_context_version(state.contexts)} or higher"
            )
        return (*state.contexts, Context(fresh, version))

    def _without_retired(self, state: State, context_version: str | None) -> tuple[Context, ...]:
        """Return the contexts without the older ones, or without the one named."""
        left = (
            state.contexts[-1:]
            if context_version is None
            else tuple(context for context in state.contexts if context.context_version != context_version)
        )
        if not left and state.contexts:
            raise CollectionError(
                f"{self.disk.link(state.context_version)} is the only context of {self.disk.name} and cannot be retired: "
                "that would be state inactive"
            )
        return left

    def _relink(self, state: State, contexts: tuple[Context, ...], check_mode: bool) -> State:
        """Let the links be these. Another active release is a line of history."""
        after = state.with_contexts(contexts)
        if after.contexts == state.contexts:
            return state
        release = after.releases.get(after.active) if after.active is not None else None
        if after.active != state.active:
            line = Activation(
                at=self._timestamp(),
                by=self._actor,
                version=after.active,
                sha256=release.sha256 if release else None,
                replaced=state.active,
            )
            after = replace(after, history=state.noted(line).history)
        if check_mode:
            return after
        try:
            # The newest last: only with it another release is active.
            wanted = [context for context in after.contexts if context not in state.contexts]
            names = {context.context_version for context in after.contexts}
            for context in wanted:
                self.disk.clear_work(context.context_version)
            if not after.contexts:
                self.disk.clear_work(state.context_version)
            self.disk.make_directory(self.disk.directory)
            if after.history != state.history:
                self.disk.write_json(self.disk.history_path, [asdict(line) for line in after.history])
            for context in state.contexts:
                if context.context_version not in names:
                    os.unlink(self.disk.link(context.context_version))
            for context in wanted:
                self.disk.switch(context.context_version, context.version)
            sync_directory(self.disk.webapps)
        except OSError as error:
            target = f"to {after.active}" if after.active else "to no release"
            raise CollectionError(
                f"{self.disk.link(after.context_version)} could not be switched {target}: {_reason(error)}; "
                f"{state.active or 'no release'} is still active"
            ) from error
        return after

    def _drop(self, state: State, versions: t.Sequence[str], check_mode: bool) -> State:
        if not check_mode:
            for version in versions:
                try:
                    # Gone at once as a release, then deleted: never a half one.
                    doomed = os.path.join(self.disk.directory, f".removed-{version}")
                    os.rename(self.disk.release_directory(version), doomed)
                    shutil.rmtree(doomed)
                except OSError as error:
                    raise CollectionError(
                        f"release {version} of {self.disk.name} could not be removed: {_reason(error)}"
                    ) from error
        return state.without(versions)

    def _remove_application(self, state: State) -> None:
        try:
            for context in state.contexts or (Context("", ""),):
                if os.path.lexists(self.disk.link(context.context_version)):
                    os.unlink(self.disk.link(context.context_version))
                self.disk.clear_work(context.context_version)
            if os.path.lexists(self.disk.directory):
                shutil.rmtree(self.disk.directory)
        except OSError as error:
            raise CollectionError(f"{self.disk.name} could not be removed: {_reason(error)}") from error

    def _timestamp(self) -> str:
        return self._now().strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def free_space_at(path: str) -> tuple[int, int | None]:
    """Return the free bytes and inodes at a path; inodes are None where the file system has no such limit."""
    found = os.statvfs(path)
    return found.f_bavail * found.f_frsize, found.f_favail if found.f_files else None


def _reason(error: OSError) -> str:
    return f"{error.filename}: {error.strerror}" if error.filename else str(error.strerror)
