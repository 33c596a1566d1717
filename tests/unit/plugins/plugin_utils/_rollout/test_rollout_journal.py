# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import errno
import json
import multiprocessing
import os
import stat
from datetime import datetime, timedelta, timezone

import pytest

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._rollout import journal

NOW = datetime(2026, 11, 24, 5, 15, 2, 114567, tzinfo=timezone.utc)


def event(**given):
    defaults = {"type": "phase", "host": "app1", "phase": "drain", "direction": "forward", "text": "", "data": {}}
    return journal.event(NOW, **{**defaults, **given})


def test_time_is_utc_wherever_the_controller_is():
    elsewhere = NOW.astimezone(timezone(timedelta(hours=-5)))
    entry = journal.event(elsewhere, type="note", host="app1", phase=None, direction="forward", text="", data={})
    assert entry["at"] == "2026-11-24T05:15:02.114Z"


@pytest.mark.parametrize("type, host", [("phase", "app1"), ("note", "app1"), ("batch", None), ("rollout", None)])
def test_only_what_concerns_one_host_names_it(type, host):
    assert event(type=type, phase="drain" if type == "phase" else None)["host"] == host


@pytest.mark.parametrize("type, phase", [("phase", None), ("note", "drain"), ("batch", "done"), ("rollout", "done")])
def test_phase_without_type_and_type_without_phase_are_refused(type, phase):
    with pytest.raises(CollectionError, match="phase is given with type=phase and only then"):
        event(type=type, phase=phase)


def test_journal_is_private_and_reads_back_as_written(tmp_path):
    path = tmp_path / "rollouts" / "one" / "events.jsonl"
    written = [event(text="a\nb \u2028 \udc80 <script>", data={"n": 1, "when": None}), event(phase="stop")]
    for entry in written:
        journal.append(str(path), entry)
    assert [stat.S_IMODE(os.stat(part).st_mode) for part in (path.parent, path)] == [0o700, 0o600]
    assert journal.parse(path.read_text()) == [{**written[0], "text": "a\nb \u2028 ? <script>"}, written[1]]


def test_directory_that_is_there_stays_as_it_is(tmp_path):
    tmp_path.chmod(0o755)
    journal.append(str(tmp_path / "events.jsonl"), event())
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755


def _append_many(path, number):
    for count in range(100):
        journal.append(path, event(host=f"app{number}", text="x" * 5000, data={"count": count}))


def test_lines_of_processes_that_append_at_once_are_whole(tmp_path):
    path = tmp_path / "events.jsonl"
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=_append_many, args=(str(path), number)) for number in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    entries = [json.loads(line) for line in path.read_text().split("\n")[:-1]]
    for number in range(4):
        counts = [entry["data"]["count"] for entry in entries if entry["host"] == f"app{number}"]
        assert counts == list(range(100))


def test_file_in_the_way_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(CollectionError, match=r"file/events.jsonl: an event cannot be written: "):
        journal.append(str(tmp_path / "file" / "events.jsonl"), event())


def _no_space(descriptor, line):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize(
    "write, reason", [(_no_space, "No space left on device"), (lambda descriptor, line: 7, "the line was cut")]
)
def test_full_disk_is_told(tmp_path, monkeypatch, write, reason):
    monkeypatch.setattr(os, "write", write)
    with pytest.raises(CollectionError, match=reason):
        journal.append(str(tmp_path / "events.jsonl"), event())


@pytest.mark.parametrize(
    "given, line",
    [
        ({"text": "out of web1:tomcat"}, "05:15:02  app1      drain     out of web1:tomcat"),
        ({"direction": "back", "phase": "stop"}, "05:15:02  app1      stop      way back"),
        ({"direction": "back", "text": "1.4.1"}, "05:15:02  app1      drain     way back: 1.4.1"),
        ({"type": "batch", "phase": None, "text": "1 of 2: app1"}, "05:15:02  batch               1 of 2: app1"),
        ({"text": "two\nlines\x1b[31m and\ta bell\a"}, "05:15:02  app1      drain     two lines [31m and a bell"),
    ],
)
def test_progress_is_one_line_in_columns(given, line):
    assert journal.progress_line(event(**given)) == line


def test_line_that_was_cut_when_the_controller_died_is_left_out():
    whole = json.dumps(event())
    assert journal.parse(f"{whole}\n{whole[:-5]}") == [event()]
    assert journal.parse(f"{whole}\n{whole}") == [event(), event()]
    assert journal.parse("") == []


@pytest.mark.parametrize(
    "line, message",
    [("{", "line 2 of the journal is not JSON"), ('{"at": 1}', "line 2 of the journal is not an event")],
)
def test_damaged_line_is_named(line, message):
    whole = json.dumps(event())
    with pytest.raises(CollectionError, match=message):
        journal.parse(f"{whole}\n{line}\n{whole}\n")
