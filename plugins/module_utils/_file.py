# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read a file, replace or remove it in one step or leave it as it was, and keep other writers out meanwhile."""

# Private to this collection.

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import stat
import tempfile
import time
import typing as t

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError

# Another writer needs milliseconds to seconds; who holds the lock longer is stuck, or waits for a Tomcat that deploys.
LOCK_SECONDS = 30.0
_LOCK_POLL_SECONDS = 0.05
# What is read of a file at a time, in bytes.
CHUNK = 1024 * 1024


def read_file(path: str, max_bytes: int) -> bytes:
    """Return the bytes of a regular file that is neither empty nor too large."""
    try:
        info = os.stat(path)
    except OSError as error:
        if error.errno == errno.ENOENT and os.path.islink(path):
            raise CollectionError(
                f"{path}: a symbolic link to a file that does not exist ({os.path.realpath(path)})"
            ) from error
        raise CollectionError(f"{path}: cannot be read: {reason(error)}; an existing file is expected") from error
    if stat.S_ISDIR(info.st_mode):
        raise CollectionError(f"{path}: is a directory; the path of a file is expected")
    if not stat.S_ISREG(info.st_mode):
        raise CollectionError(f"{path}: is not a regular file; the path of a file is expected")
    if info.st_size > max_bytes:
        raise CollectionError(f"{path}: has {info.st_size} bytes; at most {max_bytes} are accepted")
    try:
        with open(path, "rb") as handle:
            # One byte more than allowed: the file may have grown since stat().
            data = handle.read(max_bytes + 1)
    except OSError as error:
        raise CollectionError(f"{path}: cannot be read: {reason(error)}") from error
    if not data.strip():
        raise CollectionError(f"{path}: is empty; start from the file of Tomcat's own distribution")
    if len(data) > max_bytes:
        raise CollectionError(f"{path}: has more than {max_bytes} bytes; at most {max_bytes} are accepted")
    return data


def digest(path: str) -> str:
    """Return the sha256 of a file, read in pieces. Of an OSError the caller says what the file was for."""
    found = hashlib.sha256()
    with open(path, "rb") as source:
        for chunk in iter(lambda: source.read(CHUNK), b""):
            found.update(chunk)
    return found.hexdigest()


@contextlib.contextmanager
def write_lock(path: str) -> t.Iterator[None]:
    """Keep other writers of this collection out of a directory: the one at the path, or that of the file at the path.

    The lock is on the directory itself: a file is replaced, so a lock on it
    would be a lock on a file that no longer has the name; and no lock file stays.
    """
    target = os.path.realpath(path)
    directory = target if os.path.isdir(target) else os.path.dirname(target)
    try:
        fd = os.open(directory, os.O_RDONLY)
    except OSError as error:
        raise CollectionError(f"{path}: its directory cannot be opened: {reason(error)}") from error
    try:
        deadline = time.monotonic() + LOCK_SECONDS
        while True:
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as error:
                if time.monotonic() > deadline:
                    raise CollectionError(
                        f"{path}: another process has held the lock on {directory} for {LOCK_SECONDS:.0f} seconds; "
                        "try again when it has ended"
                    ) from error
                time.sleep(_LOCK_POLL_SECONDS)
        yield
    finally:
        os.close(fd)


def replace_file(
    path: str,
    before: bytes,
    after: bytes,
    atomic_move: t.Callable[[str, str], None],
    check: t.Callable[[str], None] | None = None,
    backup: t.Callable[[str], str] | None = None,
) -> str | None:
    """Replace the file by `after` in one step; return the name of the backup, if one was asked for.

    To be called with the write_lock held: a candidate that is there already is then that of a writer that was killed.
    It is removed, as it may hold secrets.

    The new bytes are complete on disk, and `check` has accepted them, before the
    name changes over. A symbolic link stays one: the file it points to is replaced.
    `atomic_move` keeps owner, mode and SELinux context (AnsibleModule.atomic_move does).
    """
    target = os.path.realpath(path)
    try:
        # Some commands that validate a file look at how its name ends.
        with _candidate(target, after, suffix=".xml") as candidate:
            if check is not None:
                check(candidate)
            with open(target, "rb") as handle:
                if handle.read() != before:
                    raise CollectionError(f"{path}: was changed by someone else in the meantime; nothing was written")
            backup_file = backup(target) if backup is not None else None
            atomic_move(candidate, target)
            sync_directory(os.path.dirname(target))
    except OSError as error:
        raise CollectionError(f"{path}: cannot be written: {reason(error)}; the file is as it was") from error
    return backup_file


def write_file(
    path: str, data: bytes, *, owner: int | None = None, group: int | None = None, mode: int | None = None
) -> None:
    """Write a file of this collection's own in one step, there or not, for its owner only unless a mode is given.

    To be called with the write_lock held, as replace_file(). An OSError leaves the file as it was; the caller knows
    what was to become of it, and says so.
    """
    with _candidate(path, data, owner=owner, group=group, mode=mode) as candidate:
        os.rename(candidate, path)
        sync_directory(os.path.dirname(path))


def remove_file(path: str) -> None:
    """Remove a file for good, also if the power is cut right afterwards."""
    try:
        os.unlink(path)
        sync_directory(os.path.dirname(path))
    except OSError as error:
        raise CollectionError(f"{path}: cannot be removed: {reason(error)}") from error


def sync_directory(directory: str) -> None:
    """Make renames in a directory survive a power cut."""
    fd = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def remove_candidates(path: str) -> None:
    """Remove what killed writers of a file left beside it. To be called with the write_lock held, too."""
    directory, prefix = _place_of_candidates(path)
    for entry in os.listdir(directory):
        if entry.startswith(prefix):
            os.unlink(os.path.join(directory, entry))


def _place_of_candidates(path: str) -> tuple[str, str]:
    directory, name = os.path.split(path)
    return directory, f".{name}.candidate-"


@contextlib.contextmanager
def _candidate(
    path: str,
    data: bytes,
    *,
    suffix: str = "",
    owner: int | None = None,
    group: int | None = None,
    mode: int | None = None,
) -> t.Iterator[str]:
    """Have the bytes complete on disk beside the file that they are to become; nothing of them stays."""
    remove_candidates(path)
    directory, prefix = _place_of_candidates(path)
    fd, candidate = tempfile.mkstemp(prefix=prefix, suffix=suffix, dir=directory)
    try:
        with os.fdopen(fd, "wb") as handle:
            handle.write(data)
            handle.flush()
            if owner is not None or group is not None:
                os.fchown(fd, -1 if owner is None else owner, -1 if group is None else group)
            if mode is not None:
                os.fchmod(fd, mode)
            os.fsync(handle.fileno())
        yield candidate
    finally:
        if os.path.exists(candidate):
            os.unlink(candidate)


def reason(error: OSError) -> str:
    """What the system says of it."""
    return error.strerror or str(error)
