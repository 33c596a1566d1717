# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read a configuration file and replace it in one step, or leave it as it was."""

# Private to this collection.

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import stat
import tempfile
import time
import typing as t

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError

# Another writer needs milliseconds; who holds the lock longer is stuck.
LOCK_SECONDS = 30.0
_LOCK_POLL_SECONDS = 0.05


def read_file(path: str, max_bytes: int) -> bytes:
    """Return the bytes of a regular file that is neither empty nor too large."""
    try:
        info = os.stat(path)
    except OSError as error:
        if error.errno == errno.ENOENT and os.path.islink(path):
            raise CollectionError(
                f"{path}: a symbolic link to a file that does not exist ({os.path.realpath(path)})"
            ) from error
        raise CollectionError(f"{path}: cannot be read: {_reason(error)}; an existing file is expected") from error
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
        raise CollectionError(f"{path}: cannot be read: {_reason(error)}") from error
    if not data.strip():
        raise CollectionError(f"{path}: is empty; start from the file of Tomcat's own distribution")
    if len(data) > max_bytes:
        raise CollectionError(f"{path}: has more than {max_bytes} bytes; at most {max_bytes} are accepted")
    return data


@contextlib.contextmanager
def write_lock(path: str, clock: t.Callable[[], float] = time.monotonic) -> t.Iterator[None]:
    """Keep other writers of this collection out of the file's directory.

    The lock is on the directory itself: the file is replaced, so a lock on it
    would be a lock on a file that no longer has the name; and no lock file stays.
    """
    directory = os.path.dirname(os.path.realpath(path))
    try:
        fd = os.open(directory, os.O_RDONLY)
    except OSError as error:
        raise CollectionError(f"{path}: its directory cannot be opened: {_reason(error)}") from error
    try:
        deadline = clock() + LOCK_SECONDS
        while True:
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as error:
                if clock() > deadline:
                    raise CollectionError(
                        f"{path}: another process has held the lock on {directory} for {LOCK_SECONDS:.0f} seconds"
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
            _sync_directory(os.path.dirname(target))
    except OSError as error:
        raise CollectionError(f"{path}: cannot be written: {_reason(error)}; the file is as it was") from error
    return backup_file


def write_file(path: str, data: bytes) -> None:
    """Write a file of this collection's own in one step, there or not, for its owner only.

    To be called with the write_lock held, as replace_file().
    """
    try:
        with _candidate(path, data) as candidate:
            os.rename(candidate, path)
            _sync_directory(os.path.dirname(path))
    except OSError as error:
        raise CollectionError(f"{path}: cannot be written: {_reason(error)}; it is as it was") from error


def remove_file(path: str) -> None:
    """Remove a file for good, also if the power is cut right afterwards."""
    try:
        os.unlink(path)
        _sync_directory(os.path.dirname(path))
    except OSError as error:
        raise CollectionError(f"{path}: cannot be removed: {_reason(error)}") from error


@contextlib.contextmanager
def _candidate(path: str, data: bytes, suffix: str = "") -> t.Iterator[str]:
    """Have the bytes complete on disk beside the file that they are to become; nothing of them stays."""
    directory, name = os.path.split(path)
    prefix = f".{name}.candidate-"
    for entry in os.listdir(directory):
        if entry.startswith(prefix):
            os.unlink(os.path.join(directory, entry))
    fd, candidate = tempfile.mkstemp(prefix=prefix, suffix=suffix, dir=directory)
    try:
        with os.fdopen(fd, "wb") as handle:
            handle.write(data)
            handle.flush()
            os.fsync(handle.fileno())
        yield candidate
    finally:
        if os.path.exists(candidate):
            os.unlink(candidate)


def _sync_directory(directory: str) -> None:
    """Make the rename itself survive a power cut."""
    fd = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _reason(error: OSError) -> str:
    return error.strerror or str(error)
