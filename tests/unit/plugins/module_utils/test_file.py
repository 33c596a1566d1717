# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from ansible_collections.roundrobin.tomcat.plugins.module_utils import _file
from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError
from ansible_collections.roundrobin.tomcat.plugins.module_utils._file import read_file, replace_file, write_lock


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


def test_writers_in_several_processes_lose_nothing(tmp_path):
    path = tmp_path / "server.xml"
    path.write_bytes(b"0")
    writers = [start_writer(path, text, rounds=25) for text in "abcd"]
    assert [writer.communicate() and writer.returncode for writer in writers] == [0] * 4
    assert sorted(path.read_text()) == sorted("0" + 25 * "abcd")
    assert os.listdir(tmp_path) == ["server.xml"]
