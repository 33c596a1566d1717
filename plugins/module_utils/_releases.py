# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The releases of one application on one instance: staged, activated, pruned.

Private to the collection.

On disk, below CATALINA_BASE:

    releases/NAME/VERSION/NAME.war        the WAR as it came
    releases/NAME/VERSION/exploded/       unpacked
    releases/NAME/VERSION/release.json    what is there; its directory appears whole, by one rename
    releases/NAME/history.json            what was active when, and who made it so
    webapps/NAME -> ../releases/NAME/VERSION/exploded

The link is the truth about what is active. An activation empties the work directory,
writes its line of history, then switches the link: a run that dies in between leaves
the old release active, and a last line of history that the link contradicts is
recognised as unfinished.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import re
import shutil
import stat
import tempfile
import typing as t
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError
from ansible_collections.roundrobin.tomcat.plugins.module_utils._war import (
    BLOCK,
    CHUNK,
    check_context_name,
    check_sha256,
    inspect_war,
    sha256_of,
    summarize_tree,
    unpack_war,
)

_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,63}")
# Left free beyond what a release takes, so that logs can go on.
SPARE_BYTES = 16 * 2**20
HISTORY_LENGTH = 200
# What a session manager keeps in the work directory: these are users, not leftovers of a release.
_SESSION_FILE = re.compile(r"SESSIONS\.ser|.*\.session")


@dataclass(frozen=True)
class Release:
    """One staged release, as release.json has it; problem says why it cannot be used."""

    version: str
    sha256: str
    war_bytes: int | None = None
    files: int | None = None
    unpacked_bytes: int | None = None
    staged_at: str = ""
    staged_by: str = ""
    problem: str | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Activation:
    """One line of history: version None means that the application was taken out."""

    at: str
    by: str
    version: str | None
    sha256: str | None
    replaced: str | None


@dataclass(frozen=True)
class State:
    """All that is known of one application on one instance."""

    active: str | None = None
    releases: dict[str, Release] = field(default_factory=dict)
    history: tuple[Activation, ...] = ()

    @property
    def previous(self) -> str | None:
        """The release that a rollback goes to, or None."""
        return previous_version(self.history, self.active, self.releases)

    @property
    def active_sha256(self) -> str | None:
        """The sha256 of the WAR of the active release, or None."""
        release = self.releases.get(self.active) if self.active is not None else None
        return release.sha256 if release else None

    def activated(self, activation: Activation) -> State:
        """Return this state after one more line of history."""
        history = (*settled_history(self.history, self.active), activation)
        return replace(self, active=activation.version, history=history[-HISTORY_LENGTH:])

    def with_release(self, release: Release) -> State:
        """Return this state with one more release."""
        return replace(self, releases={**self.releases, release.version: release})

    def without(self, versions: t.Collection[str]) -> State:
        """Return this state with fewer releases."""
        return replace(self, releases={v: r for v, r in self.releases.items() if v not in versions})


@dataclass(frozen=True)
class WarSource:
    """A WAR to stage. path is None where it is not on this machine yet and only its figures are known."""

    label: str
    path: str | None
    sha256: str
    war_bytes: int
    disk_bytes: int


@dataclass(frozen=True)
class Outcome:
    """What ensure() found and what it left (or, in check mode, would leave)."""

    before: State
    after: State
    pruned: tuple[str, ...] = ()
    needs_source: bool = False

    @property
    def changed(self) -> bool:
        """Whether anything differs."""
        return self.before != self.after


def check_version(version: str) -> str:
    """Return a version that can be the name of a directory, or say what one looks like."""
    if not _VERSION.fullmatch(version):
        raise CollectionError(
            f"version {version!r} is not accepted: 1 to 64 letters, digits and . _ + -, beginning with a letter or digit"
        )
    return version


def settled_history(history: t.Sequence[Activation], active: str | None) -> tuple[Activation, ...]:
    """Drop a last line that was written ahead of a switch that never came."""
    if history and history[-1].version != active and history[-1].replaced == active:
        return tuple(history[:-1])
    return tuple(history)


def previous_version(history: t.Sequence[Activation], active: str | None, available: t.Container[str]) -> str | None:
    """Return the release that was in use before the active one came.

    Going back is not a new release: after 1.0, 2.0 and back to 1.0 nothing is before 1.0,
    so that a rollback run twice does not bring the bad release again.
    """
    stack: list[str] = []
    versions = [line.version for line in settled_history(history, active)]
    # The link outranks the history: it may have been switched by hand.
    for version in versions if active is None else [*versions, active]:
        if version is None:
            del stack[-1:]
        elif version in stack:
            del stack[stack.index(version) + 1 :]
        else:
            stack.append(version)
    candidates = [version for version in stack if version != active and version in available]
    return candidates[-1] if candidates else None


def newest_first(releases: t.Mapping[str, Release]) -> list[Release]:
    """Return releases by the time they were staged, the last one first."""
    return sorted(releases.values(), key=lambda release: (release.staged_at, release.version), reverse=True)


def releases_to_prune(state: State, keep: int | None, named: str | None) -> tuple[str, ...]:
    """Return the versions beyond the newest `keep`; never the active one, the one before it, or the one just named."""
    if keep is None:
        return ()
    guarded = {state.active, state.previous, named}
    return tuple(release.version for release in newest_first(state.releases)[keep:] if release.version not in guarded)


class AppReleases:
    """The releases of one application below one CATALINA_BASE."""

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
        """Take the paths, the clock, and (for tests) what tells free bytes and inodes."""
        self.base = base
        self.name = check_context_name(name)
        self.webapps = os.path.join(base, "webapps")
        self.root = os.path.join(base, "releases")
        self.directory = os.path.join(self.root, name)
        self.link = os.path.join(self.webapps, name)
        self._now = now
        self._actor = actor
        self._free_space = free_space or free_space_at
        try:
            webapps = os.stat(self.webapps)
        except OSError as exc:
            raise CollectionError(f"base {base} is not a CATALINA_BASE: {self.webapps}: {exc.strerror}") from exc
        if not stat.S_ISDIR(webapps.st_mode):
            raise CollectionError(f"base {base} is not a CATALINA_BASE: {self.webapps} is not a directory")
        # A release is as readable as webapps itself and never writable but by its owner.
        self._uid = webapps.st_uid if owner is None else owner
        self._gid = webapps.st_gid if group is None else group
        self._directory_mode = (stat.S_IMODE(webapps.st_mode) & 0o755) | 0o700
        self._file_mode = self._directory_mode & 0o644

    # Reading

    def release_directory(self, version: str) -> str:
        """Return where a release lies."""
        return os.path.join(self.directory, version)

    def exploded(self, version: str) -> str:
        """Return the directory that Tomcat serves for a release."""
        return os.path.join(self.release_directory(version), "exploded")

    def read(self) -> State:
        """Read what is on disk."""
        releases = {}
        for version in self._staged_names():
            releases[version] = self._read_release(version)
        return State(active=self._read_link(), releases=releases, history=self._read_history())

    def _staged_names(self) -> list[str]:
        try:
            names = sorted(os.listdir(self.directory))
        except FileNotFoundError:
            return []
        except OSError as exc:
            raise CollectionError(f"{self.directory} cannot be read: {exc.strerror}") from exc
        return [
            name for name in names if _VERSION.fullmatch(name) and os.path.isdir(os.path.join(self.directory, name))
        ]

    def _read_release(self, version: str) -> Release:
        path = os.path.join(self.release_directory(version), "release.json")
        try:
            with open(path, encoding="utf-8") as source:
                data = json.load(source)
            release = Release(
                version=str(data["version"]),
                sha256=str(data["sha256"]),
                war_bytes=int(data["war_bytes"]),
                files=int(data["files"]),
                unpacked_bytes=int(data["unpacked_bytes"]),
                staged_at=str(data["staged_at"]),
                staged_by=str(data["staged_by"]),
            )
        except (OSError, ValueError, KeyError, TypeError) as exc:
            reason = exc.strerror if isinstance(exc, OSError) else "it is not what this collection writes"
            return Release(version=version, sha256="", problem=f"{path} cannot be read: {reason}")
        if release.version != version:
            return replace(release, version=version, problem=f"{path} says version {release.version}")
        return release

    def _read_link(self) -> str | None:
        war = self.link + ".war"
        if os.path.lexists(war):
            raise CollectionError(
                f"{war} is in the way: Tomcat would deploy it over the release; remove it (stage it as a release instead)"
            )
        try:
            target = os.readlink(self.link)
        except FileNotFoundError:
            return None
        except OSError as exc:
            if exc.errno != errno.EINVAL:
                raise CollectionError(f"{self.link} cannot be read: {exc.strerror}") from exc
            raise CollectionError(
                f"{self.link} is in the way: it is not a link to a release; move it elsewhere first"
            ) from exc
        match = re.fullmatch(rf"\.\./releases/{re.escape(self.name)}/([^/]+)/exploded", target)
        if not match or not _VERSION.fullmatch(match[1]):
            raise CollectionError(
                f"{self.link} is in the way: it links to {target}, not to a release; remove the link first"
            )
        return match[1]

    @property
    def _history_path(self) -> str:
        return os.path.join(self.directory, "history.json")

    def _read_history(self) -> tuple[Activation, ...]:
        path = self._history_path
        try:
            with open(path, encoding="utf-8") as source:
                return tuple(Activation(**line) for line in json.load(source))
        except FileNotFoundError:
            return ()
        except OSError as exc:
            raise CollectionError(f"{path} cannot be read: {exc.strerror}") from exc
        except (ValueError, TypeError) as exc:
            raise CollectionError(
                f"{path} is not a history that this collection wrote; move it elsewhere to begin a new one"
            ) from exc

    # Changing

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
        with contextlib.nullcontext() if check_mode else self._lock():
            if not check_mode:
                self._remove_leftovers()
            before = after = self.read()
            if state in ("staged", "active") and version is not None:
                staged = self._usable_release(before, version, source)
                if staged is None:
                    if source is None:
                        raise CollectionError(
                            f"release {version} of {self.name} is not staged in {self.directory}, and no src was given"
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
                    raise CollectionError(f"release {version} of {self.name} is active and cannot be removed")
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
            found = summarize_tree(self.exploded(version))
            if (found.files, found.unpacked_bytes) != (release.files, release.unpacked_bytes):
                problem = (
                    f"{self.exploded(version)} has {found.files} files of {found.unpacked_bytes} bytes, "
                    f"was unpacked with {release.files} of {release.unpacked_bytes}"
                )
        if problem:
            raise CollectionError(
                f"release {version} of {self.name} is damaged: {problem}; "
                "remove it (state: absent with this version) and stage it again, or stage another version"
            )
        if source is not None and source.sha256 != release.sha256:
            raise CollectionError(
                f"release {version} of {self.name} exists with another sha256: "
                f"staged {release.sha256}, {source.label} has {source.sha256}"
            )
        return release

    def _check_space(self, source: WarSource) -> None:
        place = self.root if os.path.isdir(self.root) else self.base
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
        self._make_directory(self.directory)
        building = tempfile.mkdtemp(prefix=".staging-", dir=self.directory)
        war = os.path.join(building, self.name + ".war")
        try:
            with open(source.path, "rb") as original, open(war, "xb") as copy:
                shutil.copyfileobj(original, copy, CHUNK)
                copy.flush()
                os.fsync(copy.fileno())
            # The copy is what gets unpacked: it must be the file that was judged.
            check_sha256(source.label, sha256_of(war), source.sha256)
            self._own(war, self._file_mode)
            report = inspect_war(war, max_unpacked_bytes=max_unpacked_bytes)
            unpack_war(
                war,
                report,
                os.path.join(building, "exploded"),
                directory_mode=self._directory_mode,
                file_mode=self._file_mode,
                own=self._own,
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
            self._write_json(os.path.join(building, "release.json"), data)
            self._own(building, self._directory_mode)
            os.rename(building, self.release_directory(version))
            _sync_directory(self.directory)
        except CollectionError as exc:
            # Name the file the user knows, not the copy.
            raise CollectionError(exc.message.replace(war, source.label), **exc.details) from exc
        except OSError as exc:
            raise CollectionError(
                f"{source.label} could not be staged in {self.directory}: {exc.strerror}; nothing was left there"
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
            self._clear_work()
            self._make_directory(self.directory)
            self._write_json(self._history_path, [asdict(line) for line in after.history])
            if release is None:
                os.unlink(self.link)
            else:
                # Made outside webapps, where a run that dies here would leave a second application.
                fresh = os.path.join(self.directory, ".link-new")
                os.symlink(f"../releases/{self.name}/{release.version}/exploded", fresh)
                os.lchown(fresh, self._uid, self._gid)
                os.replace(fresh, self.link)
            _sync_directory(self.webapps)
        except OSError as exc:
            target = f"to {release.version}" if release else "to no release"
            raise CollectionError(
                f"{self.link} could not be switched {target}: {_reason(exc)}; "
                f"{state.active or 'no release'} is still active"
            ) from exc
        return after

    def _drop(self, state: State, versions: t.Sequence[str], check_mode: bool) -> State:
        if not check_mode:
            for version in versions:
                try:
                    # Gone at once as a release, then deleted: never a half one.
                    doomed = os.path.join(self.directory, f".removed-{version}")
                    os.rename(self.release_directory(version), doomed)
                    shutil.rmtree(doomed)
                except OSError as exc:
                    raise CollectionError(
                        f"release {version} of {self.name} could not be removed: {_reason(exc)}"
                    ) from exc
        return state.without(versions)

    def _remove_application(self) -> None:
        try:
            if os.path.lexists(self.link):
                os.unlink(self.link)
            self._clear_work()
            if os.path.lexists(self.directory):
                shutil.rmtree(self.directory)
        except OSError as exc:
            raise CollectionError(f"{self.name} could not be removed: {_reason(exc)}") from exc

    def _clear_work(self) -> None:
        """Empty the application's work directory of all but sessions.

        The directory belongs to Tomcat's user and this runs as root: every step down is
        by file descriptor and refuses links, so that a planted one leads nowhere.
        """
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
        with contextlib.ExitStack() as stack:
            try:
                handle = os.open(os.path.join(self.base, "work"), os.O_RDONLY | os.O_DIRECTORY)
                stack.callback(os.close, handle)
                for part in ("Catalina", "localhost", self.name):
                    handle = os.open(part, flags, dir_fd=handle)
                    stack.callback(os.close, handle)
            except FileNotFoundError:
                return
            for directory, names, files, inside in os.fwalk(".", topdown=False, dir_fd=handle):
                for name in files:
                    if directory != "." or not _SESSION_FILE.fullmatch(name):
                        os.unlink(name, dir_fd=inside)
                for name in names:
                    if stat.S_ISLNK(os.stat(name, dir_fd=inside, follow_symlinks=False).st_mode):
                        os.unlink(name, dir_fd=inside)
                    else:
                        os.rmdir(name, dir_fd=inside)

    # Small parts

    @contextlib.contextmanager
    def _lock(self) -> t.Iterator[None]:
        """Keep two runs of the module out of each other's way on this instance."""
        handle = os.open(self.webapps, os.O_RDONLY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as exc:
            os.close(handle)
            raise CollectionError(f"another run is working on the releases in {self.base}; try again later") from exc
        try:
            yield
        finally:
            os.close(handle)

    def _remove_leftovers(self) -> None:
        """Delete what a killed run left; the lock is held, so nobody is at work on it."""
        for name in os.listdir(self.directory) if os.path.isdir(self.directory) else ():
            if name.startswith((".staging-", ".removed-")):
                shutil.rmtree(os.path.join(self.directory, name))
            elif name.startswith((".link-", ".json-")):
                os.unlink(os.path.join(self.directory, name))

    def _make_directory(self, path: str) -> None:
        if os.path.isdir(path):
            return
        if os.path.dirname(path) != self.base:
            self._make_directory(os.path.dirname(path))
        try:
            os.mkdir(path, 0o700)
            self._own(path, self._directory_mode)
        except OSError as exc:
            raise CollectionError(f"{path} could not be created: {exc.strerror}") from exc

    def _own(self, path: str, mode: int | None = None) -> None:
        os.chown(path, self._uid, self._gid)
        if mode is not None:
            os.chmod(path, mode)

    def _write_json(self, path: str, data: object) -> None:
        handle, fresh = tempfile.mkstemp(prefix=".json-", dir=os.path.dirname(path))
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as sink:
                json.dump(data, sink, indent=2)
                sink.write("\n")
                sink.flush()
                os.fsync(sink.fileno())
            self._own(fresh, self._file_mode)
            os.replace(fresh, path)
        except BaseException:
            os.unlink(fresh)
            raise

    def _timestamp(self) -> str:
        return self._now().strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def free_space_at(path: str) -> tuple[int, int | None]:
    """Return the free bytes and inodes at a path; inodes are None where the file system has no such limit."""
    found = os.statvfs(path)
    return found.f_bavail * found.f_frsize, found.f_favail if found.f_files else None


def applications_below(base: str) -> list[str]:
    """Return the names of the applications that have releases below a CATALINA_BASE."""
    root = os.path.join(base, "releases")
    try:
        names = sorted(os.listdir(root))
    except FileNotFoundError:
        return []
    except OSError as exc:
        raise CollectionError(f"{root} cannot be read: {exc.strerror}") from exc
    return [name for name in names if not name.startswith(".") and os.path.isdir(os.path.join(root, name))]


def _reason(exc: OSError) -> str:
    return f"{exc.filename}: {exc.strerror}" if exc.filename else str(exc.strerror)


def _sync_directory(path: str) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
