# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the releases of one application lie below one CATALINA_BASE, how they are read, and the small steps of writing.

    releases/NAME/VERSION/NAME.war        the WAR as it came
    releases/NAME/VERSION/exploded/       unpacked
    releases/NAME/VERSION/release.json    what is there; its directory appears whole, by one rename
    releases/NAME/VERSION/health.json     how it was asked when it proved healthy
    releases/NAME/history.json            what was active when, and who made it so
    webapps/NAME -> ../releases/NAME/VERSION/exploded
    webapps/NAME##000001 -> ...           beside it after a parallel activation; the highest is active

The links are the truth about what is active.
"""

# Private to this collection.

from __future__ import annotations

import contextlib
import errno
import json
import os
import re
import shutil
import stat
from dataclasses import replace

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError
from ansible_collections.roundrobin.tomcat.plugins.module_utils._file import remove_candidates, write_file, write_lock

from .model import (
    CONTEXT_VERSION,
    VERSION,
    Activation,
    Context,
    Release,
    State,
)
from .war import check_context_name

# What a session manager keeps in the work directory: these are users, not leftovers of a release.
_SESSION_FILE = re.compile(r"SESSIONS\.ser|.*\.session")


class ReleasesDisk:
    """The files of one application's releases. What it makes belongs to one owner and is as readable as webapps is."""

    def __init__(self, base: str, name: str, *, owner: int | None = None, group: int | None = None) -> None:
        """Find the places; owner and group are those of webapps unless they are given."""
        self.base = base
        self.name = check_context_name(name)
        self.webapps = os.path.join(base, "webapps")
        self.root = os.path.join(base, "releases")
        self.directory = os.path.join(self.root, name)
        try:
            webapps = os.stat(self.webapps)
        except OSError as error:
            raise CollectionError(f"base {base} is not a CATALINA_BASE: {self.webapps}: {error.strerror}") from error
        if not stat.S_ISDIR(webapps.st_mode):
            raise CollectionError(f"base {base} is not a CATALINA_BASE: {self.webapps} is not a directory")
        # A release is as readable as webapps itself and never writable but by its owner.
        self.uid = webapps.st_uid if owner is None else owner
        self.gid = webapps.st_gid if group is None else group
        self.directory_mode = (stat.S_IMODE(webapps.st_mode) & 0o755) | 0o700
        self.file_mode = self.directory_mode & 0o644

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
        return State(releases=releases, history=self._read_history()).with_contexts(self._read_contexts())

    def _staged_names(self) -> list[str]:
        try:
            names = sorted(os.listdir(self.directory))
        except FileNotFoundError:
            return []
        except OSError as error:
            raise CollectionError(f"{self.directory} cannot be read: {error.strerror}") from error
        return [name for name in names if VERSION.fullmatch(name) and os.path.isdir(os.path.join(self.directory, name))]

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
                health=self._read_health(version),
            )
        except (OSError, ValueError, KeyError, TypeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not what this collection writes"
            return Release(version=version, sha256="", problem=f"{path} cannot be read: {reason}")
        if release.version != version:
            return replace(release, version=version, problem=f"{path} says version {release.version}")
        return release

    def health_path(self, version: str) -> str:
        return os.path.join(self.release_directory(version), "health.json")

    def _read_health(self, version: str) -> dict[str, object] | None:
        """Read how the release was asked; what cannot be read is as good as none."""
        try:
            with open(self.health_path(version), encoding="utf-8") as source:
                health = json.load(source)
        except (OSError, ValueError):
            return None
        return health if isinstance(health, dict) else None

    def link(self, context_version: str) -> str:
        """Return the link that Tomcat takes a context from."""
        return os.path.join(self.webapps, f"{self.name}##{context_version}" if context_version else self.name)

    def _read_contexts(self) -> list[Context]:
        """Read the links; whatever else Tomcat would take for this application is in the way."""
        contexts = []
        for entry in sorted(os.listdir(self.webapps)):
            name, mark, context_version = entry.partition("##")
            path = os.path.join(self.webapps, entry)
            if entry == f"{self.name}.war" or (name == self.name and entry.endswith(".war")):
                raise CollectionError(
                    f"{path} is in the way: Tomcat would deploy it over the release; remove it (stage it as a release instead)"
                )
            if name != self.name:
                continue
            if mark and not CONTEXT_VERSION.fullmatch(context_version):
                raise CollectionError(
                    f"{path} is in the way: Tomcat would take it for a version of the application; move it elsewhere first"
                )
            contexts.append(Context(context_version, self._read_link(path)))
        return contexts

    def _read_link(self, path: str) -> str:
        try:
            target = os.readlink(path)
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise CollectionError(f"{path} cannot be read: {error.strerror}") from error
            raise CollectionError(
                f"{path} is in the way: it is not a link to a release; move it elsewhere first"
            ) from error
        match = re.fullmatch(rf"\.\./releases/{re.escape(self.name)}/([^/]+)/exploded", target)
        if not match or not VERSION.fullmatch(match[1]):
            raise CollectionError(
                f"{path} is in the way: it links to {target}, not to a release; remove the link first"
            )
        return match[1]

    @property
    def history_path(self) -> str:
        return os.path.join(self.directory, "history.json")

    def _read_history(self) -> tuple[Activation, ...]:
        path = self.history_path
        try:
            with open(path, encoding="utf-8") as source:
                return tuple(Activation(**line) for line in json.load(source))
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise CollectionError(f"{path} cannot be read: {error.strerror}") from error
        except (ValueError, TypeError) as error:
            raise CollectionError(
                f"{path} is not a history that this collection wrote; move it elsewhere to begin a new one"
            ) from error

    # Writing

    def lock(self) -> contextlib.AbstractContextManager[None]:
        """Keep two runs of the module out of each other's way on this instance."""
        return write_lock(self.webapps)

    def remove_leftovers(self) -> None:
        """Delete what a killed run left; the lock is held, so nobody is at work on it."""
        if not os.path.isdir(self.directory):
            return
        for name in os.listdir(self.directory):
            if name.startswith((".staging-", ".removed-")):
                shutil.rmtree(os.path.join(self.directory, name))
            elif name.startswith(".link-"):
                os.unlink(os.path.join(self.directory, name))
        remove_candidates(self.history_path)
        for version in self._staged_names():
            remove_candidates(self.health_path(version))

    def clear_work(self, context_version: str) -> None:
        """Empty a context's work directory of all but sessions.

        The directory belongs to Tomcat's user and this runs as root: every step down is
        by file descriptor and refuses links, so that a planted one leads nowhere.
        """
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
        with contextlib.ExitStack() as stack:
            try:
                handle = os.open(os.path.join(self.base, "work"), os.O_RDONLY | os.O_DIRECTORY)
                stack.callback(os.close, handle)
                for part in ("Catalina", "localhost", os.path.basename(self.link(context_version))):
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

    def switch(self, context_version: str, version: str) -> None:
        """Let a link lead to a release, by one atomic rename."""
        # Made outside webapps, where a run that dies here would leave a second application.
        fresh = os.path.join(self.directory, ".link-new")
        os.symlink(f"../releases/{self.name}/{version}/exploded", fresh)
        os.lchown(fresh, self.uid, self.gid)
        os.replace(fresh, self.link(context_version))

    def make_directory(self, path: str) -> None:
        if os.path.isdir(path):
            return
        if os.path.dirname(path) != self.base:
            self.make_directory(os.path.dirname(path))
        try:
            os.mkdir(path, 0o700)
            self.own(path, self.directory_mode)
        except OSError as error:
            raise CollectionError(f"{path} could not be created: {error.strerror}") from error

    def own(self, path: str, mode: int | None = None) -> None:
        os.chown(path, self.uid, self.gid)
        if mode is not None:
            os.chmod(path, mode)

    def write_json(self, path: str, data: object) -> None:
        text = json.dumps(data, indent=2) + "\n"
        write_file(path, text.encode(), owner=self.uid, group=self.gid, mode=self.file_mode)


def applications_below(base: str) -> list[str]:
    """Return the names of the applications that have releases below a CATALINA_BASE."""
    root = os.path.join(base, "releases")
    try:
        names = sorted(os.listdir(root))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise CollectionError(f"{root} cannot be read: {error.strerror}") from error
    return [name for name in names if not name.startswith(".") and os.path.isdir(os.path.join(root, name))]
