# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import errno
import json
import os
import signal
import stat
import subprocess
import sys
from types import SimpleNamespace

import pytest

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError
from ansible_collections.roundrobin.tomcat.plugins.module_utils._rollout_record import (
    HISTORY_LENGTH,
    MAX_BYTES,
    RolloutStore,
)

START = 1795497300.25  # 2026-11-24T05:15:00Z and a quarter
RECORD = {"kind": "deploy", "application": "ROOT", "version": "1.4.2", "members": {"app1": {"states": []}}}
ANN = {"by": "ann@ctl", "controller": "ctl", "boot_id": "b", "pid_namespace": "n", "pid": 10, "pid_started": 77}
BOB = {**ANN, "by": "bob@ctl", "pid": 11}


@pytest.fixture
def host(tmp_path):
    """A store whose clock stands until it is moved, and its directory."""
    clock = SimpleNamespace(time=START)
    directory = tmp_path / "lib" / "roundrobin.tomcat"
    store = RolloutStore(str(directory), now=lambda: clock.time)
    return SimpleNamespace(store=store, clock=clock, directory=directory, record=directory / "rollout.json")


def hold(store, rollout="A", holder=None, **options):
    return store.hold(rollout, holder or ANN, **{"lease": 60, "record": RECORD, **options})


def left_in(directory):
    return sorted(os.listdir(directory))


def test_take_renew_release(host):
    assert host.store.read() is None
    taken = hold(host.store)
    assert taken.changed and taken.taken_over is None
    assert taken.lock.to_dict() == {
        "id": "A",
        "status": "running",
        "holder": ANN,
        "lease": 60,
        "started_at": "2026-11-24T05:15:00Z",
        "renewed_at": "2026-11-24T05:15:00Z",
        "record": RECORD,
        "outcome": None,
    }
    assert host.store.read() == taken.lock
    host.clock.time += 50
    renewed = hold(host.store, record=None)
    assert renewed.changed
    assert host.store.read() == renewed.lock
    assert (renewed.lock.record, renewed.lock.started_at) == (RECORD, taken.lock.started_at)
    assert (renewed.lock.idle(host.clock.time), renewed.lock.age(host.clock.time)) == (0, 50)
    assert hold(host.store, record={"kind": "restart"}).lock.record == {"kind": "restart"}
    assert host.store.read().record == {"kind": "restart"}
    released = host.store.release("A", ANN, {"result": "done"})
    assert (released.changed, released.lock) == (True, None)
    assert left_in(host.directory) == ["history.jsonl"]
    assert host.store.read_history() == [
        {
            "id": "A",
            "kind": "restart",
            "application": None,
            "version": None,
            "by": "ann@ctl",
            "started_at": "2026-11-24T05:15:00Z",
            "ended_at": "2026-11-24T05:15:50Z",
            "outcome": {"result": "done"},
            "taken_over_by": None,
        }
    ]


def test_only_the_owner_may_look(host):
    hold(host.store)
    assert stat.S_IMODE(host.directory.stat().st_mode) == 0o700
    assert stat.S_IMODE(host.record.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("record", "title"),
    [
        (RECORD, "rollout A (deploy of ROOT 1.4.2)"),
        ({"kind": "restart", "application": "", "version": ""}, "rollout A (restart)"),
        ({"kind": "rollback", "application": "a#b"}, "rollout A (rollback of a#b)"),
        ({}, "rollout A"),
    ],
)
def test_the_second_is_told_who_has_it(host, record, title):
    hold(host.store, record=record)
    host.clock.time += 9
    hold(host.store, record=None)
    host.clock.time += 3
    before = host.record.read_bytes()
    with pytest.raises(CollectionError) as refused:
        hold(host.store, "B", BOB)
    assert refused.value.message == (
        f"{title} by ann@ctl holds the lock since 2026-11-24T05:15:00Z (12 s ago, last sign of life 3 s ago); "
        "wait for it, or if it is dead: -e rolling_deploy_take_over=A"
    )
    assert refused.value.details == {"refused_by": {"id": "A", "holder": ANN}}
    assert host.record.read_bytes() == before


@pytest.mark.parametrize("take_over", [None, "C"])
def test_a_lease_is_the_holder_s_own(host, take_over):
    hold(host.store, lease=60)
    host.clock.time += 60
    with pytest.raises(CollectionError, match="holds the lock"):
        hold(host.store, "B", BOB, lease=1, take_over=take_over)
    host.clock.time += 1
    taken = hold(host.store, "B", BOB)
    assert taken.taken_over.to_dict()["renewed_at"] == "2026-11-24T05:15:00Z"
    assert taken.taken_over.record == RECORD
    assert taken.lock.started_at == "2026-11-24T05:16:01Z"
    (line,) = host.store.read_history()
    assert (line["id"], line["outcome"], line["taken_over_by"]) == ("A", None, "B")
    assert line["ended_at"] == "2026-11-24T05:15:00Z"


def test_a_clock_that_is_set_back_kills_nobody(host):
    hold(host.store, lease=1)
    host.clock.time -= 3600
    with pytest.raises(CollectionError, match=r"\(0 s ago, last sign of life 0 s ago\)"):
        hold(host.store, "B", BOB)


def test_taken_by_name_though_it_seems_alive(host):
    hold(host.store)
    assert hold(host.store, "B", BOB, take_over="A").taken_over.id == "A"
    with pytest.raises(CollectionError, match="^rollout B .* by bob@ctl holds the lock"):
        hold(host.store, record=None)
    assert host.store.release("A", ANN, {}).changed is False
    assert host.store.read().id == "B"


def test_what_was_left_is_taken_without_asking(host):
    hold(host.store)
    host.clock.time += 5
    outcome = {"result": "failed", "left_out": ["app2"]}
    left = host.store.leave("A", ANN, outcome)
    assert left.changed and (left.lock.status, left.lock.outcome) == ("left", outcome)
    assert host.store.read() == left.lock
    assert host.store.leave("A", ANN, outcome).changed is False
    assert host.store.read_history() == []
    taken = hold(host.store, "B", BOB)
    assert taken.taken_over == left.lock
    assert taken.lock.outcome is None
    (line,) = host.store.read_history()
    assert (line["outcome"], line["ended_at"], line["taken_over_by"]) == (outcome, "2026-11-24T05:15:05Z", "B")


def test_who_takes_the_lock_learns_what_ended_here(host):
    """A came to its end, B was taken over."""
    hold(host.store)
    host.store.release("A", ANN, {"result": "done"})
    hold(host.store, "B", BOB)
    taken = hold(host.store, "C", take_over="B")
    assert list(taken.ended) == ["A"]
    host.store.release("C", ANN, {"result": "done"})
    assert list(hold(host.store, "D").ended) == ["C", "A"]


def test_a_plan_from_before_another_rollout_gets_no_lock(host):
    def look():
        return RolloutStore(str(host.directory), check_mode=True, now=lambda: host.clock.time).hold(
            "C", BOB, lease=60, record=RECORD
        )

    before = look().seen
    hold(host.store)
    host.store.leave("A", ANN, {"result": "failed"})
    with pytest.raises(CollectionError, match="another rollout was here since the plan was made .* run it again"):
        hold(host.store, "C", BOB, seen=before)
    # What is there stays: its record says how things were.
    assert (host.store.read().id, host.store.read_history()) == ("A", [])
    assert hold(host.store, "C", BOB, seen=look().seen).taken_over.id == "A"
    # Who has the lock has it, whatever it had seen.
    assert hold(host.store, "C", BOB, seen=before).lock.id == "C"
    between = hold(host.store, "C", BOB).seen
    host.store.release("C", BOB, {"result": "done"})
    assert (between, look().seen not in ("", before)) == ("", True)
    with pytest.raises(CollectionError, match="since the plan was made"):
        hold(host.store, "D", BOB, seen=before)


def test_a_rollout_that_left_may_go_on(host):
    hold(host.store)
    host.store.leave("A", ANN, {"result": "failed"})
    again = hold(host.store, record=None)
    assert (again.lock.status, again.lock.outcome, again.taken_over) == ("running", None, None)
    assert host.store.read() == again.lock


def test_the_same_name_from_another_process_is_another_rollout(host):
    """Two pipelines that start in the same second make the same id."""
    hold(host.store)
    with pytest.raises(CollectionError, match="holds the lock"):
        hold(host.store, "A", BOB)
    with pytest.raises(CollectionError, match="does not hold the lock"):
        host.store.leave("A", BOB, {})
    assert host.store.release("A", BOB, {}).changed is False
    assert host.store.read().holder == ANN


def test_a_controller_may_change_its_name(host):
    hold(host.store)
    assert hold(host.store, holder={**ANN, "controller": "vpn", "by": "ann@vpn"}, record=None).changed


@pytest.mark.parametrize("others", [False, True])
def test_what_needs_the_lock_and_does_not_have_it(host, others):
    if others:
        hold(host.store, "B", BOB)
        host.store.leave("B", BOB, {})
    who = r"\(rollout B \(deploy of ROOT 1.4.2\) by bob@ctl does\)" if others else r"\(nobody does\)"
    with pytest.raises(CollectionError, match=f"rollout A does not hold the lock {who}"):
        host.store.leave("A", ANN, {})
    with pytest.raises(CollectionError, match=f"rollout A does not hold the lock {who}, and record, which is required"):
        hold(host.store, record=None)
    assert host.store.release("A", ANN, {}).changed is False
    assert host.store.read_history() == []


def test_the_history_has_an_end(host):
    host.directory.mkdir(parents=True)
    lines = [json.dumps({"id": f"old{number}", "started_at": "x"}) + "\n" for number in range(HISTORY_LENGTH)]
    (host.directory / "history.jsonl").write_text("".join(lines))
    hold(host.store)
    host.store.release("A", ANN, {})
    ids = [line["id"] for line in host.store.read_history()]
    assert (len(ids), ids[0], ids[-1]) == (HISTORY_LENGTH, "old1", "A")


def test_a_rollout_that_did_not_take_place_has_no_history(host):
    """The lock was there on one balancer and refused on the next one."""
    hold(host.store)
    assert host.store.release("A", ANN, None).changed
    assert left_in(host.directory) == []


def test_a_release_that_was_killed_half_way_leaves_one_line(host):
    hold(host.store)
    before = host.record.read_bytes()
    host.store.release("A", ANN, {"result": "done"})
    # As if the line had been written and the record not yet removed.
    host.record.write_bytes(before)
    host.store.release("A", ANN, {"result": "done"})
    assert [line["id"] for line in host.store.read_history()] == ["A"]


def stored(**changes):
    lock = {"id": "A", "status": "left", "started_at": "2026-11-24T05:15:00Z", "holder": {}, "lease": 1, "record": {}}
    return json.dumps({**lock, **changes}).encode()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "Expecting value"),
        (b"{", "Expecting property name"),
        (b'{"id": "A"', "delimiter"),
        (b"\xff", "decode"),
        (b"[]", "no JSON object"),
        (b"{}", "no id"),
        (stored(status="done"), "status 'done' is neither running nor left"),
        (stored(started_at="yesterday"), "yesterday"),
        (stored(holder=None), "no holder"),
        (stored(lease="1"), "no lease"),
        (stored(record=[]), "no record"),
        (stored(outcome="red"), "no outcome"),
    ],
)
def test_a_damaged_record_is_named_and_kept(host, content, words):
    host.directory.mkdir(parents=True)
    host.record.write_bytes(content)
    for action in (
        lambda: hold(host.store),
        lambda: hold(host.store, "B", BOB, take_over="A"),
        lambda: host.store.leave("A", ANN, {}),
        lambda: host.store.release("A", ANN, {}),
        host.store.read,
    ):
        with pytest.raises(
            CollectionError, match=f"^{host.record}: is not a record of a rollout .*{words}.* move the file"
        ):
            action()
    assert host.record.read_bytes() == content
    assert left_in(host.directory) == ["rollout.json"]


def test_an_undamaged_record_is_not_refused(host):
    host.directory.mkdir(parents=True)
    host.record.write_bytes(stored())
    assert hold(host.store, "B", BOB).taken_over.id == "A"


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda path: path.mkdir(), "cannot be read: Is a directory"),
        (lambda path: path.write_bytes(b" " * (MAX_BYTES + 1)), "has more than 16777216 bytes"),
    ],
)
def test_a_record_that_cannot_be_read(host, make, words):
    host.directory.mkdir(parents=True)
    make(host.record)
    with pytest.raises(CollectionError, match=f"^{host.record}: {words}"):
        hold(host.store)


@pytest.mark.parametrize("line", [b"{", b"{}", b"[]", b"", b'{"id": 1, "started_at": ""}', b"\xff"])
def test_a_damaged_history_is_told_before_a_rollout_begins(host, line):
    host.directory.mkdir(parents=True)
    history = host.directory / "history.jsonl"
    content = b'{"id": "old", "started_at": ""}\n' + line + b"\n"
    history.write_bytes(content)
    with pytest.raises(
        CollectionError, match=f"^{history}: line 2 is not that of a rollout .* move the file elsewhere"
    ):
        hold(host.store)
    assert left_in(host.directory) == ["history.jsonl"]
    assert history.read_bytes() == content


def test_a_history_damaged_meanwhile_does_not_keep_the_lock(host):
    hold(host.store)
    (host.directory / "history.jsonl").write_text("{\n")
    with pytest.raises(CollectionError, match=r"history.jsonl: line 1 is not .*; the lock is released, but"):
        host.store.release("A", ANN, {})
    assert host.store.read() is None


def no_space(*dummy):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_full_disk(host, monkeypatch):
    taken = hold(host.store)
    host.clock.time += 30
    with monkeypatch.context() as full:
        full.setattr(os, "fsync", no_space)
        with pytest.raises(CollectionError, match=r"rollout.json: cannot be written: No space left on device"):
            hold(host.store, record={"kind": "repair"})
        with pytest.raises(CollectionError, match=r"rollout.json: cannot be written: No space left on device"):
            host.store.leave("A", ANN, {})
        with pytest.raises(CollectionError, match=r"history.jsonl: cannot be written: No space left on device"):
            hold(host.store, "B", BOB, take_over="A")
        assert host.store.read() == taken.lock
        assert left_in(host.directory) == ["rollout.json"]
        # A sign of life needs no space.
        assert hold(host.store, record=None).changed
        assert host.store.read().idle(host.clock.time) == 0


def test_a_full_disk_does_not_keep_the_lock(host, monkeypatch):
    hold(host.store)
    real = os.fsync
    with monkeypatch.context() as full:
        # What is written does not fit; that a name is gone does.
        full.setattr(os, "fsync", lambda fd: real(fd) if stat.S_ISDIR(os.fstat(fd).st_mode) else no_space())
        with pytest.raises(
            CollectionError, match=r"history.jsonl: .*No space .* the lock is released, but the history lacks A"
        ):
            host.store.release("A", ANN, {})
    assert left_in(host.directory) == []


def test_a_directory_that_cannot_be(tmp_path):
    (tmp_path / "file").write_text("")
    for directory in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(CollectionError, match=f"^{directory}: cannot be created"):
            hold(RolloutStore(str(directory)))


# One of two processes that go for the lock at the same moment, round after round.
RACER = """
import json, sys
sys.path[:] = {path!r}
from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError
from ansible_collections.roundrobin.tomcat.plugins.module_utils._rollout_record import RolloutStore

me = int(sys.argv[2])
store = RolloutStore(sys.argv[1])
print("ready", flush=True)
for line in sys.stdin:
    order = json.loads(line)
    holder = {{"by": sys.argv[2], "pid": me}}
    if order["do"] == "release":
        print(json.dumps(store.release(order["id"], holder, {{}}).changed), flush=True)
        continue
    try:
        change = store.hold(order["id"], holder, lease=60, record={{}})
        print(json.dumps(change.taken_over.id if change.taken_over else True), flush=True)
    except CollectionError as error:
        print(json.dumps(error.details["refused_by"]["holder"]["pid"] == me), flush=True)
"""


class Racer:
    def __init__(self, directory, number):
        code = RACER.format(path=sys.path)
        command = [sys.executable, "-c", code, str(directory), str(number)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout.readline() == "ready\n"

    def send(self, **order):
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()

    def answer(self):
        return json.loads(self.process.stdout.readline())


@pytest.fixture
def racers(tmp_path):
    racers = [Racer(tmp_path, number) for number in (1, 2)]
    yield racers
    for racer in racers:
        racer.process.communicate()


@pytest.mark.parametrize(("names", "dead", "rounds"), [("ab", False, 50), ("ab", True, 20), ("aa", False, 10)])
def test_of_two_at_once_exactly_one_wins(tmp_path, racers, names, dead, rounds):
    store = RolloutStore(str(tmp_path))
    for number in range(rounds):
        ids = [f"{name}{number}" for name in names]
        if dead:
            hold(store, "dead", lease=1)
            os.utime(tmp_path / "rollout.json", (0, 0))
        for racer, each in zip(racers, ids):
            racer.send(do="hold", id=each)
        answers = [racer.answer() for racer in racers]
        won = "dead" if dead else True
        assert answers in ([won, False], [False, won]), number
        winner = answers.index(won)
        assert (store.read().id, store.read().holder["pid"]) == (ids[winner], winner + 1)
        for racer, each in zip(racers, ids):
            racer.send(do="release", id=each)
        assert [racer.answer() for racer in racers] == [index == winner for index in (0, 1)]
    assert len(store.read_history()) == rounds * (2 if dead else 1)
    assert left_in(tmp_path) == ["history.jsonl"]


def test_a_writer_that_is_killed_leaves_the_old_record(tmp_path):
    """SIGKILL while the new record is complete but does not have its name yet."""
    store = RolloutStore(str(tmp_path))
    before = hold(store).lock
    code = (
        f"import os, signal, sys; sys.path[:] = {sys.path!r}\n"
        "from ansible_collections.roundrobin.tomcat.plugins.module_utils._rollout_record import RolloutStore\n"
        "os.rename = lambda *names: os.kill(os.getpid(), signal.SIGKILL)\n"
        f"RolloutStore({str(tmp_path)!r}).hold('B', {{}}, lease=1, record={{}}, take_over='A')\n"
    )
    # The history's line comes first: let it pass, and the next rename kill.
    (tmp_path / "history.jsonl").write_text("")
    done = subprocess.run([sys.executable, "-c", code], check=False)
    assert done.returncode == -signal.SIGKILL
    assert len(left_in(tmp_path)) == 3  # the candidate too
    assert store.read() == before
    assert hold(store, record={"kind": "repair"}).changed
    store.release("A", ANN, {})
    assert left_in(tmp_path) == ["history.jsonl"]
