# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import hashlib
import os
import signal
import stat
import subprocess
import sys
import threading

import pytest

from ansible_collections.roundrobin.tomcat.plugins.module_utils import _file
from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError
from ansible_collections.roundrobin.tomcat.plugins.module_utils._file import (
    CHUNK,
    digest,
    read_file,
    remove_candidates,
    replace_file,
    write_file,
    write_lock,
)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: None, "cannot be read: No such file or directory; an existing file is expected"),
        (lambda path: path.mkdir(), "is a directory; the path of a file is expected"),
        (lambda path: path.write_bytes(b""), "is empty"),
        (lambda path: path.write_bytes(b" \n"), "is empty"),
        (lambda path: path.write_bytes(b"x" * 101), "has 101 bytes; at most 100 are accepted"),
        (lambda path: path.symlink_to("nowhere"), r"a symbolic link to a file that does not exist \(.*/nowhere\)"),
        (lambda path: path.symlink_to(path.name), "cannot be read"),
        (os.mkfifo, "is not a regular file"),
    ],
)
def test_what_cannot_be_read(tmp_path, make, message):
    path = tmp_path / "server.xml"
    make(path)
    with pytest.raises(CollectionError, match=f"^{path}: {message}"):
        read_file(str(path), 100)


def test_read(tmp_path):
    path = tmp_path / "server.xml"
    path.write_bytes(b"x" * 100)
    assert read_file(str(path), 100) == b"x" * 100


def test_a_symbolic_link_stays_one(tmp_path):
    real = tmp_path / "conf" / "server.xml"
    real.parent.mkdir()
    real.write_bytes(b"old")
    link = tmp_path / "link.xml"
    link.symlink_to("conf/server.xml")
    assert replace_file(str(link), b"old", b"new", os.rename) is None
    assert link.is_symlink()
    assert real.read_bytes() == b"new"
    assert os.listdir(real.parent) == ["server.xml"]


def test_the_candidate_is_complete_and_beside_the_file_when_it_is_checked(tmp_path):
    path = tmp_path / "server.xml"
    path.write_bytes(b"old")
    seen = []

    def check(candidate):
        with open(candidate, "rb") as handle:
            seen.append((os.path.dirname(candidate), handle.read(), path.read_bytes()))

    replace_file(str(path), b"old", b"new", os.rename, check=check, backup=lambda name: name + "~")
    assert seen == [(str(tmp_path), b"new", b"old")]


def refuse(candidate):
    raise CollectionError("refused")


def full(source, target):
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize(
    ("before", "move", "check", "message"),
    [
        (b"old", os.rename, refuse, "refused"),
        (b"old", full, None, "cannot be written: No space left on device; the file is as it was"),
        (b"other", os.rename, None, "was changed by someone else in the meantime; nothing was written"),
    ],
)
def test_a_failure_leaves_the_file_and_no_rest(tmp_path, before, move, check, message):
    path = tmp_path / "server.xml"
    path.write_bytes(b"old")
    with pytest.raises(CollectionError, match=message):
        replace_file(str(path), before, b"new", move, check=check)
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["server.xml"]


def test_a_directory_that_is_missing(tmp_path):
    with pytest.raises(CollectionError, match="cannot be written: No such file"):
        replace_file(str(tmp_path / "none" / "x"), b"", b"new", os.rename)
    with (
        pytest.raises(CollectionError, match="its directory cannot be opened"),
        write_lock(str(tmp_path / "none" / "x")),
    ):
        pass


def test_only_one_writer_at_a_time(tmp_path, monkeypatch):
    monkeypatch.setattr(_file, "LOCK_SECONDS", 0)
    path = str(tmp_path / "server.xml")
    with write_lock(path), pytest.raises(CollectionError, match="another process has held the lock"), write_lock(path):
        pass
    with write_lock(path):
        pass
    assert os.listdir(tmp_path) == []


def test_a_file_and_its_directory_are_one_lock(tmp_path, monkeypatch):
    monkeypatch.setattr(_file, "LOCK_SECONDS", 0)
    (tmp_path / "link").symlink_to(tmp_path)
    held = rf"^{tmp_path}/link: another process has held the lock on {tmp_path} for 0 seconds; try again when it has ended$"
    with (
        write_lock(str(tmp_path / "server.xml")),
        pytest.raises(CollectionError, match=held),
        write_lock(str(tmp_path / "link")),
    ):
        pass
    # Not that of the directory above it.
    with write_lock(str(tmp_path)), write_lock(str(tmp_path.parent)):
        pass


def test_another_writer_is_waited_for(tmp_path):
    holding, ended = threading.Event(), []

    def hold():
        with write_lock(str(tmp_path)):
            holding.set()
            threading.Event().wait(0.2)
            ended.append("first")

    first = threading.Thread(target=hold)
    first.start()
    assert holding.wait(30)
    with write_lock(str(tmp_path)):
        ended.append("second")
    first.join()
    assert ended == ["first", "second"]


@pytest.mark.parametrize("mode", [None, 0o640, 0o644])
def test_a_file_of_our_own(tmp_path, mode):
    path = tmp_path / "history.json"
    for data in (b"1", b"2"):
        write_file(str(path), data, mode=mode)
        assert path.read_bytes() == data
        assert stat.S_IMODE(path.stat().st_mode) == (0o600 if mode is None else mode)
        assert os.listdir(tmp_path) == ["history.json"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({"owner": 1234, "group": 2345}, (1234, 2345)),
        ({"owner": 1234}, (1234, os.getegid())),
        ({"group": 2345}, (0, 2345)),
    ],
)
def test_who_a_file_of_our_own_belongs_to(tmp_path, given, wanted):
    path = tmp_path / "history.json"
    write_file(str(path), b"1", **given)
    assert (path.stat().st_uid, path.stat().st_gid) == wanted


@pytest.mark.parametrize("call", ["fchmod", "fsync", "rename"])
def test_a_file_of_our_own_that_cannot_be_written_is_as_it_was(tmp_path, monkeypatch, call):
    path = tmp_path / "history.json"
    path.write_bytes(b"old")
    with monkeypatch.context() as patch:
        patch.setattr(os, call, lambda *_given: full(None, None))
        with pytest.raises(OSError, match="No space left on device"):
            write_file(str(path), b"new", mode=0o644)
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["history.json"]


def test_bytes_owner_and_mode_are_on_disk_before_the_name_changes_over_and_then_the_name_is(tmp_path, monkeypatch):
    path, calls = tmp_path / "history.json", []

    def watch(call):
        real = getattr(os, call)

        def watched(*given):
            directory = call == "fsync" and stat.S_ISDIR(os.fstat(given[0]).st_mode)
            calls.append("fsync of the directory" if directory else call)
            return real(*given)

        monkeypatch.setattr(os, call, watched)

    for call in ("fchown", "fchmod", "fsync", "rename"):
        watch(call)
    write_file(str(path), b"new", owner=os.geteuid(), group=os.getegid(), mode=0o644)
    assert calls == ["fchown", "fchmod", "fsync", "rename", "fsync of the directory"]


# Runs in a process of its own: `check` is called when the candidate is complete and the lock is held.
WRITER = """
import os, sys
sys.path[:] = {path!r}
from ansible_collections.roundrobin.tomcat.plugins.module_utils._file import read_file, replace_file, write_lock

def check(candidate):
    if {waits}:
        print(candidate, flush=True)
        sys.stdin.read()

for number in range({rounds}):
    with write_lock(sys.argv[1]):
        before = read_file(sys.argv[1], 10**6)
        replace_file(sys.argv[1], before, before + sys.argv[2].encode(), os.rename, check=check)
"""


def start_writer(path, text, waits=False, rounds=1):
    code = WRITER.format(path=sys.path, waits=waits, rounds=rounds)
    return subprocess.Popen(
        [sys.executable, "-c", code, str(path), text], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def test_the_candidate_of_a_killed_writer_goes_with_the_next_write(tmp_path):
    path = tmp_path / "server.xml"
    path.write_bytes(b"old")
    others = [".server.xml.swp", "server.xml.candidate-mine", ".context.xml.candidate-a1.xml"]
    for name in others:
        (tmp_path / name).write_bytes(b"")
    with start_writer(path, " new", waits=True) as writer:
        candidate = writer.stdout.readline().strip()
        writer.send_signal(signal.SIGKILL)
        assert writer.wait() == -signal.SIGKILL
    with open(candidate, "rb") as handle:
        assert handle.read() == b"old new"
    assert path.read_bytes() == b"old"
    with write_lock(str(path)):
        replace_file(str(path), b"old", b"newer", os.rename)
    assert path.read_bytes() == b"newer"
    assert sorted(os.listdir(tmp_path)) == sorted([*others, "server.xml"])
    (tmp_path / ".server.xml.candidate-b2").write_bytes(b"")
    remove_candidates(str(path))
    assert sorted(os.listdir(tmp_path)) == sorted([*others, "server.xml"])


def test_writers_in_several_processes_lose_nothing(tmp_path):
    path = tmp_path / "server.xml"
    path.write_bytes(b"0")
    writers = [start_writer(path, text, rounds=25) for text in "abcd"]
    assert [writer.communicate() and writer.returncode for writer in writers] == [0] * 4
    assert sorted(path.read_text()) == sorted("0" + 25 * "abcd")
    assert os.listdir(tmp_path) == ["server.xml"]


@pytest.mark.parametrize("size", [0, 1, CHUNK, CHUNK + 1])
def test_the_digest_is_of_all_pieces(tmp_path, size):
    path = tmp_path / "file"
    path.write_bytes(b"x" * size)
    assert digest(str(path)) == hashlib.sha256(b"x" * size).hexdigest()


def test_of_a_file_that_is_gone_the_caller_says_what_it_was_for(tmp_path):
    with pytest.raises(FileNotFoundError):
        digest(str(tmp_path / "file"))
