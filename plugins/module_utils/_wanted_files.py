# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files, directories and links as they are wanted: look at all of them first, then change those that differ."""

# Private to this collection.

from __future__ import annotations

import grp
import os
import pwd
import re
import shutil
import stat
import tempfile
import typing as t
from dataclasses import dataclass, field

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError
from ansible_collections.roundrobin.tomcat.plugins.module_utils._file import (
    reason,
    remove_file,
    write_file,
    write_lock,
)

STATES = ("file", "directory", "link", "absent")
MODE = re.compile(r"0?[0-7]{3,4}")

Command = t.Callable[[str], tuple[int, str, str]]


@dataclass(frozen=True)
class WantedFile:
    """One path as it is to be."""

    path: str
    state: str = "file"
    #: of a file: its content, or the file of this host that it is a copy of
    content: str | None = None
    source: str | None = None
    #: of a link
    target: str | None = None
    owner: str | None = None
    group: str | None = None
    mode: str | None = None
    #: the command that judges a new content, with %s for its file
    validate: str | None = None
    #: whether its content is not to be shown
    secret: bool = False


@dataclass(frozen=True)
class FileChange:
    """What is to be done to one path, and what is to be shown of it."""

    wanted: WantedFile
    before: str
    after: str
    uid: int | None = None
    gid: int | None = None
    #: of a file whose content changes
    data: bytes | None = None

    @property
    def diff(self) -> dict[str, str]:
        """Return it as Ansible shows it."""
        path = self.wanted.path
        return {"before_header": path, "after_header": path, "before": self.before, "after": self.after}


@dataclass
class _Looking:
    """What is known while the paths are looked at, one after another."""

    check_mode: bool
    #: directories that will be there when the later paths are changed
    coming: set[str] = field(default_factory=set)


def plan(wanted: t.Sequence[WantedFile], check_mode: bool) -> list[FileChange]:
    """Return the changes that the paths need. Nothing is changed, and what cannot be done is told.

    In check mode a missing directory, user or source is one that an earlier task makes in a real run.
    """
    looking = _Looking(check_mode)
    changes = []
    by_path: dict[str, WantedFile] = {}
    for one in wanted:
        _check_options(one)
        if by_path.setdefault(one.path, one) != one:
            raise CollectionError(f"{one.path}: is wanted in two different ways")
        change = _LOOKS[one.state](one, looking)
        if change is not None:
            changes.append(change)
    return changes


def validate(changes: t.Sequence[FileChange], run: Command) -> None:
    """Have the commands judge the new contents, each in a file for its owner alone."""
    for change in changes:
        command, data = change.wanted.validate, change.data
        if command is None or data is None:
            continue
        fd, candidate = tempfile.mkstemp()
        try:
            with os.fdopen(fd, "wb") as handle:
                handle.write(data)
            code, out, err = run(command.replace("%s", candidate))
        finally:
            os.unlink(candidate)
        if code:
            raise CollectionError(
                f"{change.wanted.path}: its new content was refused, nothing was changed: {(err.strip() or out.strip())}",
                rc=code,
            )


def apply(changes: t.Sequence[FileChange], settle: t.Callable[[str], object]) -> None:
    """Make the changes, each in one step.

    settle: called with each path that was written, for what belongs to the system, such as its SELinux context.
    """
    done: list[str] = []
    for change in changes:
        path = change.wanted.path
        try:
            _APPLIES[change.wanted.state](change)
            if change.wanted.state != "absent":
                settle(path)
        except OSError as error:
            also = f"; changed before it: {', '.join(done)}" if done else ""
            raise CollectionError(f"{path}: cannot be changed: {reason(error)}{also}", changed_paths=done) from error
        done.append(path)


def _check_options(one: WantedFile) -> None:
    needs = {
        "file": (one.content is None) != (one.source is None) and one.mode is not None and one.target is None,
        "directory": one.mode is not None and (one.content, one.source, one.target) == (None, None, None),
        "link": one.target is not None and (one.content, one.source, one.mode) == (None, None, None),
        "absent": (one.content, one.source, one.target, one.mode) == (None, None, None, None),
    }
    if not needs[one.state]:
        raise CollectionError(
            f"{one.path}: a file has mode and one of content, secret_content and source; a directory has mode; a link has target; "
            f"what is absent has none of them"
        )
    if not os.path.isabs(one.path):
        raise CollectionError(f"{one.path}: an absolute path is expected")
    if one.mode is not None and not MODE.fullmatch(one.mode):
        raise CollectionError(f'{one.path}: mode is "{one.mode}"; octal digits such as "0640" are expected')
    if one.validate is not None and "%s" not in one.validate:
        raise CollectionError(f"{one.path}: validate has no %s, which stands for the file that it is to judge")


def _look_at_file(one: WantedFile, looking: _Looking) -> FileChange | None:
    uid, gid = _owners(one, looking)
    info = _stat(one.path)
    if info is not None and not stat.S_ISREG(info.st_mode):
        raise CollectionError(f"{one.path}: is not a regular file; a file or nothing is expected there")
    data = _wanted_data(one, looking)
    if info is None:
        _check_parent(one, looking)
        return FileChange(one, "", _shown(one, data), uid, gid, data if data is not None else b"")
    now = _read(one.path)
    if now != data:
        before = "" if one.secret or one.source else now.decode("utf-8", "replace")
        return FileChange(one, before, _shown(one, data), uid, gid, data)
    return _attributes(one, info, uid, gid)


def _look_at_directory(one: WantedFile, looking: _Looking) -> FileChange | None:
    uid, gid = _owners(one, looking)
    info = _stat(one.path)
    if info is None:
        looking.coming.update(missing_directories(one.path))
        return FileChange(one, "", "directory\n", uid, gid)
    if not stat.S_ISDIR(info.st_mode):
        raise CollectionError(f"{one.path}: is not a directory; a directory or nothing is expected there")
    return _attributes(one, info, uid, gid)


def _look_at_link(one: WantedFile, looking: _Looking) -> FileChange | None:
    after = f"link to {one.target}\n"
    if os.path.islink(one.path):
        now = os.readlink(one.path)
        return None if now == one.target else FileChange(one, f"link to {now}\n", after)
    if os.path.lexists(one.path):
        raise CollectionError(f"{one.path}: is not a symbolic link; a link or nothing is expected there")
    _check_parent(one, looking)
    return FileChange(one, "", after)


def _look_at_absent(one: WantedFile, looking: _Looking) -> FileChange | None:
    del looking  # what is missing needs nothing
    if not os.path.lexists(one.path):
        return None
    is_directory = os.path.isdir(one.path) and not os.path.islink(one.path)
    return FileChange(one, f"{'directory' if is_directory else 'file'}\n", "absent\n")


_LOOKS: dict[str, t.Callable[[WantedFile, _Looking], t.Optional[FileChange]]] = {
    "file": _look_at_file,
    "directory": _look_at_directory,
    "link": _look_at_link,
    "absent": _look_at_absent,
}


def _check_parent(one: WantedFile, looking: _Looking) -> None:
    parent = os.path.dirname(one.path)
    if not (looking.check_mode or parent in looking.coming or os.path.isdir(parent)):
        raise CollectionError(f"{one.path}: the directory {parent} does not exist")


def _owners(one: WantedFile, looking: _Looking) -> tuple[int | None, int | None]:
    def number(name: str | None, kind: str, find: t.Callable[[str], int]) -> int | None:
        if name is None:
            return None
        try:
            return find(name)
        except KeyError as error:
            if looking.check_mode:
                return None
            raise CollectionError(f"{one.path}: there is no {kind} {name} on this host") from error

    uid = number(one.owner, "user", lambda name: pwd.getpwnam(name).pw_uid)
    return uid, number(one.group, "group", lambda name: grp.getgrnam(name).gr_gid)


def _wanted_data(one: WantedFile, looking: _Looking) -> bytes | None:
    if one.content is not None:
        return one.content.encode()
    source = t.cast(str, one.source)  # _check_options has seen to it
    if looking.check_mode and not os.path.exists(source):
        return None
    return _read(source)


def _shown(one: WantedFile, data: bytes | None) -> str:
    if one.secret:
        return "a content that is not shown\n"
    if one.source is not None:
        return f"copy of {one.source}\n"
    return (data or b"").decode("utf-8", "replace")


def _attributes(one: WantedFile, info: os.stat_result, uid: int | None, gid: int | None) -> FileChange | None:
    """What differs beside the content, or nothing."""
    pairs = [
        ("owner", info.st_uid, uid),
        ("group", info.st_gid, gid),
        ("mode", f"{stat.S_IMODE(info.st_mode):04o}", f"{_mode(one):04o}"),
    ]
    different = [(name, now, then) for name, now, then in pairs if then is not None and now != then]
    # In check mode: a user or group that is about to come.
    different += [
        (name, now, f"the new {text}")
        for (name, now, _then), text, number in zip(pairs, (one.owner, one.group), (uid, gid))
        if text is not None and number is None
    ]
    if not different:
        return None
    before = "".join(f"{name}: {now}\n" for name, now, _then in different)
    after = "".join(f"{name}: {then}\n" for name, _now, then in different)
    return FileChange(one, before, after, uid, gid)


def _mode(one: WantedFile) -> int:
    return int(t.cast(str, one.mode), 8)  # _check_options has seen to it


def _stat(path: str) -> os.stat_result | None:
    """Of what the path leads to, or None where nothing is."""
    try:
        return os.stat(path)
    except (FileNotFoundError, NotADirectoryError) as error:
        if os.path.islink(path):
            raise CollectionError(
                f"{path}: a symbolic link to what does not exist ({os.path.realpath(path)})"
            ) from error
        return None
    except OSError as error:
        raise CollectionError(f"{path}: cannot be looked at: {reason(error)}") from error


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as source:
            return source.read()
    except OSError as error:
        raise CollectionError(f"{path}: cannot be read: {reason(error)}; an existing file is expected") from error


def _apply_file(change: FileChange) -> None:
    # A symbolic link stays one: the file it points to is replaced.
    path = os.path.realpath(change.wanted.path)
    if change.data is None:
        _set_attributes(path, change)
        return
    info = _stat(path)
    with write_lock(path):
        write_file(
            path,
            change.data,
            owner=change.uid if change.uid is not None or info is None else info.st_uid,
            group=change.gid if change.gid is not None or info is None else info.st_gid,
            mode=_mode(change.wanted),
        )


def _apply_directory(change: FileChange) -> None:
    for path in missing_directories(change.wanted.path):
        # For its owner alone until it is as wanted.
        os.mkdir(path, 0o700)
        _set_attributes(path, change)
    _set_attributes(change.wanted.path, change)


def missing_directories(path: str) -> list[str]:
    """Return those of a directory and of the directories above it that do not exist, the highest first."""
    found: list[str] = []
    while not os.path.isdir(path):
        found.insert(0, path)
        path = os.path.dirname(path)
    return found


def _set_attributes(path: str, change: FileChange) -> None:
    if change.uid is not None or change.gid is not None:
        os.chown(path, -1 if change.uid is None else change.uid, -1 if change.gid is None else change.gid)
    os.chmod(path, _mode(change.wanted))


def _apply_link(change: FileChange) -> None:
    path = change.wanted.path
    # Beside its place, then in place of what was there.
    candidate = os.path.join(os.path.dirname(path), f".{os.path.basename(path)}.candidate-link")
    if os.path.lexists(candidate):
        os.unlink(candidate)
    os.symlink(t.cast(str, change.wanted.target), candidate)  # _check_options has seen to it
    os.rename(candidate, path)


def _apply_absent(change: FileChange) -> None:
    path = change.wanted.path
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path)
    else:
        remove_file(path)


_APPLIES: dict[str, t.Callable[[FileChange], None]] = {
    "file": _apply_file,
    "directory": _apply_directory,
    "link": _apply_link,
    "absent": _apply_absent,
}
