# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The record of the rollout that is going on, which is also its lock, and the history of those that ended.

On each balancer host, in one directory:

    rollout.json     who rolls out what, and how things were before; there while a rollout holds the lock, and
                     after one that ended without putting everything back
    history.jsonl    one line for each rollout that ended, the newest last

The file's time of modification is the holder's last sign of life: a renewal sets nothing else, so it needs no
space on the disk. All times are this host's; clocks of several hosts are never compared.
"""

# Private to this collection.

from __future__ import annotations

import calendar
import contextlib
import json
import os
import time
import typing as t
from dataclasses import dataclass, replace

from ansible_collections.roundrobin.tomcat.plugins.module_utils._duration import duration
from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError
from ansible_collections.roundrobin.tomcat.plugins.module_utils._file import remove_file, write_file, write_lock

DEFAULT_DIRECTORY = "/var/lib/roundrobin.tomcat"
HISTORY_LENGTH = 500
# How many of them are told to whom wants the lock.
ENDED_LENGTH = 50
# Of one file; a record of a hundred members has some 100 kB.
MAX_BYTES = 16 * 2**20
_TIME = "%Y-%m-%dT%H:%M:%SZ"
# What makes two runs two: the same id may be made twice in one second.
_PROCESS = ("boot_id", "pid_namespace", "pid", "pid_started")


@dataclass(frozen=True)
class Lock:
    """A rollout that is running, or that left with something still to be put back."""

    id: str
    status: str
    holder: dict[str, t.Any]
    lease: int
    started_at: str
    renewed: float
    record: dict[str, t.Any]
    outcome: dict[str, t.Any] | None = None

    def is_of(self, rollout: str, holder: dict[str, t.Any]) -> bool:
        """Whether this very run holds it."""
        return self.id == rollout and all(self.holder.get(key) == holder.get(key) for key in _PROCESS)

    def age(self, now: float) -> int:
        """Seconds since the rollout began."""
        return max(0, int(now - _seconds(self.started_at)))

    def idle(self, now: float) -> int:
        """Seconds since its last sign of life."""
        return max(0, int(now - self.renewed))

    def expired(self, now: float) -> bool:
        """Whether its holder counts as dead."""
        return self.idle(now) > self.lease

    def to_dict(self) -> dict[str, t.Any]:
        """Return what a module answers."""
        return {**self._stored(), "renewed_at": utc(self.renewed)}

    def to_json(self) -> bytes:
        """Return the file's content."""
        return json.dumps(self._stored(), indent=2).encode() + b"\n"

    def _stored(self) -> dict[str, t.Any]:
        return {
            "id": self.id,
            "status": self.status,
            "holder": self.holder,
            "lease": self.lease,
            "started_at": self.started_at,
            "record": self.record,
            "outcome": self.outcome,
        }


@dataclass(frozen=True)
class LockChange:
    """What is there after a change (or, in check mode, would be)."""

    changed: bool
    lock: Lock | None
    taken_over: Lock | None = None
    # The rollouts that came to their end here, the newest first; of those that were taken over another one is the end.
    ended: t.Sequence[str] = ()
    # What was found there, in a word: of two that are the same no rollout was there between them.
    seen: str = ""


class RolloutStore:
    """The two files of one directory."""

    def __init__(self, directory: str, *, check_mode: bool = False, now: t.Callable[[], float] = time.time) -> None:
        """Take the directory, which may not be there yet."""
        self.directory = os.path.realpath(directory)
        self._record = os.path.join(self.directory, "rollout.json")
        self._history = os.path.join(self.directory, "history.jsonl")
        self._check_mode = check_mode
        self._now = now

    def read(self) -> Lock | None:
        """Return the rollout that holds the lock."""
        found = _read(self._record)
        if found is None:
            return None
        try:
            return _parse_lock(*found)
        except ValueError as error:
            raise CollectionError(
                f"{self._record}: is not a record of a rollout ({error}); make sure that no rollout is running and that "
                "all members are as they should be, then move the file elsewhere"
            ) from error

    def read_history(self) -> list[dict[str, t.Any]]:
        """Return the rollouts that ended, the oldest first."""
        content, _dummy = _read(self._history) or (b"", 0.0)
        history = []
        for number, line in enumerate(content.splitlines(), 1):
            try:
                history.append(_parse_object(line, "id", "started_at"))
            except ValueError as error:
                raise CollectionError(
                    f"{self._history}: line {number} is not that of a rollout ({error}); remove the line, or move the "
                    "file elsewhere to begin a new one"
                ) from error
        return history

    def hold(
        self,
        rollout: str,
        holder: dict[str, t.Any],
        *,
        lease: int,
        record: dict[str, t.Any] | None,
        take_over: str | None = None,
        seen: str | None = None,
    ) -> LockChange:
        """Take the lock, or renew it; refuse where another rollout has it and seems alive.

        seen: what an earlier answer had found. Refuse where another rollout was there since: whoever takes the lock has a plan, and that is of then.
        """
        with self._exclusive():
            now = self._now()
            found = self.read()
            # Read in any case: a history that cannot be written to later is to be told now.
            history = self.read_history()
            ended = [line["id"] for line in reversed(history) if not line.get("taken_over_by")][:ENDED_LENGTH]
            if found is not None and found.is_of(rollout, holder):
                renewed = replace(
                    found,
                    status="running",
                    lease=lease,
                    renewed=now,
                    record=found.record if record is None else record,
                    outcome=None,
                )
                self._write(found, renewed)
                return LockChange(True, renewed, ended=ended)
            if found is not None and not (found.status == "left" or found.expired(now) or take_over == found.id):
                raise CollectionError(refusal(found, now), refused_by={"id": found.id, "holder": found.holder})
            now_seen = f"{found.id if found else '-'} {history[-1]['id'] if history else '-'}"
            if seen is not None and seen != now_seen:
                raise CollectionError(
                    f"another rollout was here since the plan was made ({seen} then, {now_seen} now); run it again"
                )
            if record is None:
                raise CollectionError(
                    f"rollout {rollout} does not hold the lock ({_holder_of(found)}), "
                    "and record, which is required to take it, is not given"
                )
            taken = Lock(rollout, "running", holder, lease, utc(now), now, record)
            if found is not None:
                self._append(_history_line(found, ended=found.renewed, outcome=found.outcome, taken_over_by=rollout))
            self._write(found, taken)
            return LockChange(True, taken, found, ended, now_seen)

    def leave(self, rollout: str, holder: dict[str, t.Any], outcome: dict[str, t.Any] | None) -> LockChange:
        """End the rollout, but keep its record for the next one to put things right."""
        with self._exclusive():
            found = self.read()
            if found is None or not found.is_of(rollout, holder):
                raise CollectionError(f"rollout {rollout} does not hold the lock ({_holder_of(found)})")
            if (found.status, found.outcome) == ("left", outcome):
                return LockChange(False, found)
            left = replace(found, status="left", renewed=self._now(), outcome=outcome)
            self._write(found, left)
            return LockChange(True, left)

    def release(self, rollout: str, holder: dict[str, t.Any], outcome: dict[str, t.Any] | None) -> LockChange:
        """End the rollout, and note its outcome in the history.

        Where it does not hold the lock there is nothing to do; without an outcome it did not take place.
        """
        with self._exclusive():
            found = self.read()
            if found is None or not found.is_of(rollout, holder):
                return LockChange(False, found)
            try:
                if outcome is not None:
                    self._append(_history_line(found, ended=self._now(), outcome=outcome))
            except CollectionError as error:
                # A full disk is no reason to keep the lock.
                self._remove()
                raise CollectionError(
                    f"{error.message}; the lock is released, but the history lacks {rollout}"
                ) from error
            self._remove()
            return LockChange(True, None)

    @contextlib.contextmanager
    def _exclusive(self) -> t.Iterator[None]:
        if self._check_mode:
            yield
            return
        try:
            os.makedirs(self.directory, mode=0o700, exist_ok=True)
        except OSError as error:
            raise CollectionError(f"{self.directory}: cannot be created: {error.strerror}") from error
        with write_lock(self._record):
            yield

    def _write(self, before: Lock | None, after: Lock) -> None:
        if self._check_mode:
            return
        if before is None or before.to_json() != after.to_json():
            _write(self._record, after.to_json())
        os.utime(self._record, (after.renewed, after.renewed))

    def _remove(self) -> None:
        if not self._check_mode:
            remove_file(self._record)

    def _append(self, line: dict[str, t.Any]) -> None:
        history = self.read_history()
        # A run that was killed between its line and the removal of its record has its line already.
        if history and all(history[-1][key] == line[key] for key in ("id", "started_at")):
            history.pop()
        lines = [json.dumps(each) + "\n" for each in [*history, line][-HISTORY_LENGTH:]]
        if not self._check_mode:
            _write(self._history, "".join(lines).encode())


def utc(seconds: float) -> str:
    """Return a time as it is written everywhere here."""
    return time.strftime(_TIME, time.gmtime(seconds))


def title(lock: Lock) -> str:
    """Return which rollout it is, in words."""
    kind, application, version = (lock.record.get(key) or "" for key in ("kind", "application", "version"))
    what = f"{kind} of {application} {version}".rstrip() if application else kind
    return f"rollout {lock.id}" + (f" ({what})" if what else "")


def refusal(lock: Lock, now: float) -> str:
    """Return why the lock is not to be had, and what to do."""
    return (
        f"{title(lock)} by {lock.holder.get('by') or 'somebody'} holds the lock since {lock.started_at} "
        f"({duration(lock.age(now))} ago, last sign of life {duration(lock.idle(now))} ago); wait for it, "
        f"or if it is dead: -e rolling_deploy_take_over={lock.id}"
    )


def _holder_of(lock: Lock | None) -> str:
    return "nobody does" if lock is None else f"{title(lock)} by {lock.holder.get('by') or 'somebody'} does"


def _history_line(
    lock: Lock, *, ended: float, outcome: dict[str, t.Any] | None, taken_over_by: str | None = None
) -> dict[str, t.Any]:
    return {
        "id": lock.id,
        **{key: lock.record.get(key) for key in ("kind", "application", "version")},
        "by": lock.holder.get("by"),
        "started_at": lock.started_at,
        "ended_at": utc(ended),
        "outcome": outcome,
        "taken_over_by": taken_over_by,
    }


def _read(path: str) -> tuple[bytes, float] | None:
    """Return the content, and when the file was modified."""
    try:
        with open(path, "rb") as handle:
            content, modified = handle.read(MAX_BYTES + 1), os.fstat(handle.fileno()).st_mtime
    except FileNotFoundError:
        return None
    except OSError as error:
        raise CollectionError(f"{path}: cannot be read: {error.strerror}") from error
    if len(content) > MAX_BYTES:
        raise CollectionError(f"{path}: has more than {MAX_BYTES} bytes; move it elsewhere")
    return content, modified


def _write(path: str, content: bytes) -> None:
    try:
        write_file(path, content)
    except OSError as error:
        raise CollectionError(f"{path}: cannot be written: {error.strerror}; it is as it was") from error


def _parse_object(content: bytes, *required: str) -> dict[str, t.Any]:
    data = json.loads(content)
    if not isinstance(data, dict):
        raise ValueError("no JSON object")
    for key in required:
        if not isinstance(data.get(key), str):
            raise ValueError(f"no {key}")
    return data


def _parse_lock(content: bytes, renewed: float) -> Lock:
    data = _parse_object(content, "id", "status", "started_at")
    if data["status"] not in ("running", "left"):
        raise ValueError(f"status {data['status']!r} is neither running nor left")
    outcome = data.get("outcome")
    for key, value, kind in (
        ("holder", data.get("holder"), dict),
        ("lease", data.get("lease"), int),
        ("record", data.get("record"), dict),
        ("outcome", {} if outcome is None else outcome, dict),
    ):
        if not isinstance(value, kind):
            raise ValueError(f"no {key}")
    _seconds(data["started_at"])
    return Lock(
        id=data["id"],
        status=data["status"],
        holder=data["holder"],
        lease=data["lease"],
        started_at=data["started_at"],
        renewed=renewed,
        record=data["record"],
        outcome=outcome,
    )


def _seconds(text: str) -> int:
    return calendar.timegm(time.strptime(text, _TIME))
