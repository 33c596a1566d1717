# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Releases are staged, activated, gone back from and pruned, whatever happens in between."""

from __future__ import annotations

import errno
import json
import os
import shutil

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError
from ansible_collections.roundrobin.tomcat.plugins.module_utils._releases import store as _releases
from ansible_collections.roundrobin.tomcat.plugins.module_utils._releases.model import HISTORY_LENGTH, State, WarSource
from ansible_collections.roundrobin.tomcat.plugins.module_utils._releases.store import free_space_at
from ansible_collections.roundrobin.tomcat.plugins.module_utils._releases.war import inspect_war, sha256_of

GIB = 2**30


def test_stage(four_corners, store, base, war):
    done = four_corners(store, "staged", "1.0", war("1.0"))
    assert done.changed
    directory = base / "releases/app/1.0"
    assert sorted(os.listdir(directory)) == ["app.war", "exploded", "release.json"]
    assert (directory / "exploded/version.txt").read_text() == "1.0x"
    told = json.loads((directory / "release.json").read_text())
    assert told == {
        "version": "1.0",
        "sha256": war("1.0").sha256,
        "war_bytes": war("1.0").war_bytes,
        "files": 2,
        "unpacked_bytes": 14,
        "staged_at": "2026-11-23T12:00:02.000000Z",
        "staged_by": "ann@ctl",
    }
    assert os.listdir(base / "webapps") == []


def test_staging_the_same_version_without_the_war(ensure, four_corners, store, war):
    ensure(store, "staged", "1.0", war("1.0"))
    assert not four_corners(store, "staged", "1.0").changed


def test_other_war_under_the_same_version(ensure, snapshot, store, base, war):
    ensure(store, "staged", "1.0", war("1.0"))
    before = snapshot(base)
    other = war("1.0", "y")
    for check in (True, False):
        with pytest.raises(CollectionError, match="release 1.0 of app exists with another sha256") as caught:
            ensure(store, "staged", "1.0", other, check=check)
        assert other.sha256 in caught.value.message
    assert snapshot(base) == before


def test_war_that_is_not_here_yet_is_asked_for(ensure, store, base, war):
    elsewhere = WarSource(**{**vars(war("1.0")), "path": None})
    assert ensure(store, "staged", "1.0", elsewhere, check=True).changed
    asked = ensure(store, "staged", "1.0", elsewhere)
    assert asked.needs_source
    assert not asked.changed
    assert not (base / "releases").exists()
    ensure(store, "staged", "1.0", war("1.0"))
    assert not ensure(store, "staged", "1.0", elsewhere).needs_source


def test_nothing_to_stage_or_activate(ensure, store):
    with pytest.raises(CollectionError, match="release 1.0 of app is not staged in .*, and no src was given$"):
        ensure(store, "active", "1.0")


def test_what_is_staged_is_named(ensure, store, war):
    ensure(store, "staged", "1.0", war("1.0"))
    with pytest.raises(CollectionError, match=r"\(staged: 1.0\)"):
        ensure(store, "active", "2.0")


def test_activate_and_go_back(four_corners, store, base, war):
    link = base / "webapps/app"
    first = four_corners(store, "active", "1.0", war("1.0"))
    assert (first.before.active, first.after.active, first.after.previous) == (None, "1.0", None)
    assert os.readlink(link) == "../releases/app/1.0/exploded"
    second = four_corners(store, "active", "2.0", war("2.0"))
    assert (second.before.active, second.after.active, second.after.previous) == ("1.0", "2.0", "1.0")
    assert (link / "version.txt").read_text() == "2.0x"
    back = four_corners(store, "active", "1.0")
    assert (back.before.active, back.after.active, back.after.previous) == ("2.0", "1.0", None)
    lines = json.loads((base / "releases/app/history.json").read_text())
    assert [(line["replaced"], line["version"], line["by"]) for line in lines] == [
        (None, "1.0", "ann@ctl"),
        ("1.0", "2.0", "ann@ctl"),
        ("2.0", "1.0", "ann@ctl"),
    ]
    assert lines[1]["sha256"] == war("2.0").sha256


def test_inactive_and_absent(ensure, four_corners, store, base, war):
    assert not four_corners(store, "inactive").changed
    assert not four_corners(store, "absent").changed
    ensure(store, "active", "1.0", war("1.0"))
    ensure(store, "staged", "2.0", war("2.0"))
    with pytest.raises(CollectionError, match="release 1.0 of app is active and cannot be removed"):
        ensure(store, "absent", "1.0")
    assert four_corners(store, "absent", "2.0").changed
    assert four_corners(store, "inactive").after.active is None
    assert not os.path.lexists(base / "webapps/app")
    assert (base / "releases/app/1.0/exploded").is_dir()
    ensure(store, "active", "1.0")
    assert four_corners(store, "absent").changed
    assert os.listdir(base / "webapps") == []
    assert os.listdir(base / "releases") == []


def test_keep_removes_the_oldest(ensure, four_corners, store, base, war):
    for version in ("1.0", "2.0", "3.0"):
        ensure(store, "active", version, war(version))
    done = four_corners(store, "active", "4.0", war("4.0"), keep=2)
    assert done.pruned == ("2.0", "1.0")
    assert sorted(os.listdir(base / "releases/app")) == ["3.0", "4.0", "history.json"]


def test_keep_counts_a_release_that_is_only_staged(ensure, four_corners, store, war):
    for version in ("1.0", "2.0", "3.0"):
        ensure(store, "staged", version, war(version))
    assert four_corners(store, "staged", "4.0", war("4.0"), keep=2).pruned == ("2.0", "1.0")


PLAIN, ONE, TWO = "", "000001", "000002"


def contexts(state):
    return [(context.context_version, context.version) for context in state.contexts]


def links(base):
    """What Tomcat would find, by name."""
    return {path.name: os.readlink(path).split("/")[3] for path in (base / "webapps").iterdir()}


@pytest.fixture
def beside(ensure, store, war):
    """Release 1.0, and beside it 2.0 and 3.0."""
    ensure(store, "active", "1.0", war("1.0"))
    for version in ("2.0", "3.0"):
        ensure(store, "active", version, war(version), parallel=True)
    return store


def test_a_release_beside_the_active_one(four_corners, store, base, war):
    # Where nothing is active there is nothing to be beside.
    first = four_corners(store, "active", "1.0", war("1.0"), parallel=True)
    assert contexts(first.after) == [(PLAIN, "1.0")]
    second = four_corners(store, "active", "2.0", war("2.0"), parallel=True)
    assert contexts(second.after) == [(PLAIN, "1.0"), (ONE, "2.0")]
    assert (second.after.active, second.after.previous, second.after.context_version) == ("2.0", "1.0", ONE)
    assert links(base) == {"app": "1.0", "app##000001": "2.0"}
    # The way back beside it: a third one, of the first one's release.
    back = four_corners(store, "active", "1.0", parallel=True)
    assert contexts(back.after) == [(PLAIN, "1.0"), (ONE, "2.0"), (TWO, "1.0")]
    assert (back.after.active, back.after.previous) == ("1.0", None)
    assert [line.version for line in store.read().history] == ["1.0", "2.0", "1.0"]


def test_a_new_instance_joins_others(four_corners, store, base, war):
    done = four_corners(store, "active", "1.0", war("1.0"), context_version="000007")
    assert contexts(done.after) == [("000007", "1.0")]
    # Another release goes under its name, and the next one beside it has the next.
    assert contexts(four_corners(store, "active", "2.0", war("2.0")).after) == [("000007", "2.0")]
    beside = four_corners(store, "active", "3.0", war("3.0"), parallel=True)
    assert contexts(beside.after) == [("000007", "2.0"), ("000008", "3.0")]
    named = four_corners(store, "active", "1.0", parallel=True, context_version="000020")
    assert contexts(named.after)[-1] == ("000020", "1.0")


@pytest.mark.parametrize("context_version", [PLAIN, ONE, TWO])
@pytest.mark.parametrize("check", [True, False])
def test_a_context_that_would_not_be_the_newest(ensure, snapshot, beside, base, war, context_version, check):
    before = snapshot(base)
    staged = war("1.0")
    with pytest.raises(CollectionError, match="is not newer than '000002' of the active release 3.0 .* give 000003"):
        ensure(beside, "active", "1.0", staged, parallel=True, context_version=context_version, check=check)
    assert snapshot(base) == before


@pytest.mark.parametrize("context_version", ["1", "0000001", "00000a", " ", "-00001", "00000\u0661"])
def test_names_that_tomcat_would_sort_otherwise(ensure, store, war, context_version):
    with pytest.raises(CollectionError, match="is not accepted: 6 digits"):
        ensure(store, "active", "1.0", war("1.0"), context_version=context_version)


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        # What is there keeps its name, what is not gets the newest's.
        ("1.0", {"app": "1.0"}),
        ("2.0", {"app##000001": "2.0"}),
        ("3.0", {"app##000002": "3.0"}),
        ("4.0", {"app##000002": "4.0"}),
    ],
)
def test_an_activation_that_is_not_parallel_leaves_one(four_corners, beside, base, war, version, expected):
    done = four_corners(beside, "active", version, war(version))
    assert links(base) == expected
    assert done.after.active == version
    history = [line.version for line in beside.read().history]
    assert history == ["1.0", "2.0", "3.0", *([version] if version != "3.0" else [])]


def test_retired(ensure, four_corners, beside, base):
    # One of them, the newest of them, all that are left.
    assert contexts(four_corners(beside, "retired", context_version=ONE).after) == [(PLAIN, "1.0"), (TWO, "3.0")]
    withdrawn = four_corners(beside, "retired", context_version=TWO)
    assert (withdrawn.before.active, withdrawn.after.active) == ("3.0", "1.0")
    with pytest.raises(CollectionError, match="is the only context of app and cannot be retired"):
        ensure(beside, "retired", context_version=PLAIN)
    assert not four_corners(beside, "retired").changed
    assert links(base) == {"app": "1.0"}
    # Nothing of the releases is lost.
    assert sorted(beside.read().releases) == ["1.0", "2.0", "3.0"]


def test_all_older_are_retired(four_corners, beside, base):
    done = four_corners(beside, "retired")
    assert (done.before.active, done.after.active) == ("3.0", "3.0")
    assert links(base) == {"app##000002": "3.0"}
    assert [line.version for line in beside.read().history] == ["1.0", "2.0", "3.0"]


def test_what_is_served_is_neither_removed_nor_pruned(ensure, four_corners, beside, base):
    with pytest.raises(CollectionError, match="2.0 of app still has users of its own, by .*app##000001"):
        ensure(beside, "absent", "2.0")
    assert four_corners(beside, "staged", "3.0", keep=1).pruned == ()
    four_corners(beside, "retired")
    assert four_corners(beside, "staged", "3.0", keep=1).pruned == ("1.0",)
    four_corners(beside, "inactive")
    assert links(base) == {}
    four_corners(beside, "absent")
    assert not (base / "releases/app").exists()


def test_work_of_a_context_is_emptied_when_its_name_is_used_again(ensure, beside, base, war):
    work = {
        name: base / f"work/Catalina/localhost/{name}" for name in ("app", "app##000001", "app##000002", "app##000003")
    }
    for directory in work.values():
        (directory / "org").mkdir(parents=True)
        (directory / "SESSIONS.ser").write_text("users")
    ensure(beside, "active", "4.0", war("4.0"), parallel=True)
    assert [(directory / "org").exists() for directory in work.values()] == [True, True, True, False]
    assert all((directory / "SESSIONS.ser").exists() for directory in work.values())


def test_killed_before_the_second_link(ensure, four_corners, store, base, war, monkeypatch):
    ensure(store, "active", "1.0", war("1.0"))

    class Killed(BaseException):
        pass

    def die(*arguments):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(store.disk, "switch", die)
        with pytest.raises(Killed):
            ensure(store, "active", "2.0", war("2.0"), parallel=True)
    assert links(base) == {"app": "1.0"}
    assert (store.read().active, store.read().previous) == ("1.0", None)
    assert contexts(four_corners(store, "active", "2.0", parallel=True).after) == [(PLAIN, "1.0"), (ONE, "2.0")]


steps = st.lists(
    st.one_of(
        st.tuples(st.just("active"), st.sampled_from("123"), st.booleans()),
        st.tuples(st.sampled_from(["retired", "inactive"]), st.none(), st.just(False)),
    ),
    max_size=8,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=25)
@given(steps=steps)
def test_any_life(new_store, ensure, tmp_path_factory, war, steps):
    """After any steps the newest link is what was wanted last, and only parallel activations have left others."""
    base = tmp_path_factory.mktemp("any")
    (base / "webapps").mkdir()
    store = new_store(base)
    for version in "123":
        ensure(store, "staged", version, war(version))
    for state, version, parallel in steps:
        before = store.read()
        foretold = ensure(store, state, version, check=True, parallel=parallel)
        after = ensure(store, state, version, parallel=parallel).after
        assert foretold.after.contexts == after.contexts == store.read().contexts
        assert contexts(after) == sorted(contexts(after))
        assert after.active == {"active": version, "retired": before.active, "inactive": None}[state]
        assert links(base) == {f"app##{name}" if name else "app": served for name, served in contexts(after)}
        if parallel and before.active is not None:
            assert contexts(after)[: len(before.contexts)] == contexts(before)
        else:
            assert len(after.contexts) <= 1


def test_dangling_link_is_replaced(ensure, four_corners, store, base, war):
    ensure(store, "active", "1.0", war("1.0"))
    shutil.rmtree(base / "releases/app/1.0")
    done = four_corners(store, "active", "2.0", war("2.0"))
    assert done.before.active == "1.0"
    assert done.after.previous is None


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda release: (release / "exploded/version.txt").unlink(), "has 1 files of 10 bytes"),
        (lambda release: (release / "exploded/version.txt").write_text(""), "has 2 files of 10 bytes"),
        (lambda release: (release / "exploded/more.txt").write_text("m"), "has 3 files of 15 bytes"),
        (lambda release: shutil.rmtree(release / "exploded"), "has 0 files"),
        (lambda release: (release / "release.json").unlink(), "No such file"),
        (lambda release: (release / "release.json").write_text("{"), "not what this collection writes"),
        (lambda release: (release / "release.json").write_text("[]"), "not what this collection writes"),
    ],
)
@pytest.mark.parametrize("check", [True, False])
def test_damaged_release(ensure, store, base, war, damage, words, check):
    ensure(store, "staged", "1.0", war("1.0"))
    damage(base / "releases/app/1.0")
    for state in ("staged", "active"):
        with pytest.raises(CollectionError, match=words) as caught:
            ensure(store, state, "1.0", war("1.0"), check=check)
        assert "release 1.0 of app is damaged" in caught.value.message
    ensure(store, "absent", "1.0")
    ensure(store, "staged", "1.0", war("1.0"))


def test_not_enough_space_is_told_before_anything_is_written(new_store, ensure, snapshot, base, war):
    store = new_store(base, free_space=lambda dummy: (2**20, 1000))
    before = snapshot(base)
    for source in (war("1.0"), WarSource(**{**vars(war("1.0")), "path": None})):
        for check in (True, False):
            with pytest.raises(CollectionError, match="1 MiB are free, 17 MiB are wanted"):
                ensure(store, "staged", "1.0", source, check=check)
    assert snapshot(base) == before


def test_not_enough_inodes(new_store, ensure, base, war):
    store = new_store(base, free_space=lambda dummy: (GIB, 1))
    with pytest.raises(CollectionError, match="not enough inodes"):
        ensure(store, "staged", "1.0", war("1.0"))


def test_disk_that_fills_up_leaves_nothing_half(ensure, snapshot, store, base, war, monkeypatch):
    ensure(store, "active", "1.0", war("1.0"))
    before = snapshot(base)

    def full(*dummy, **dummies):
        raise OSError(errno.ENOSPC, "No space left on device")

    for part in ("unpack_war", "sha256_of"):
        with monkeypatch.context() as patch:
            patch.setattr(_releases, part, full)
            with pytest.raises(CollectionError, match="No space left on device; nothing was left there"):
                ensure(store, "active", "2.0", war("2.0"))
        assert snapshot(base) == before


def test_killed_while_staging(ensure, store, base, war, monkeypatch):
    class Killed(BaseException):
        pass

    def die(*dummy, **dummies):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(_releases, "unpack_war", die)
        # SIGKILL runs no clean-up.
        patch.setattr(shutil, "rmtree", lambda dummy: None)
        with pytest.raises(Killed):
            ensure(store, "staged", "1.0", war("1.0"))
    assert [name[:9] for name in os.listdir(base / "releases/app")] == [".staging-"]
    assert store.read() == State()
    ensure(store, "staged", "1.0", war("1.0"))
    assert os.listdir(base / "releases/app") == ["1.0"]


def test_killed_while_writing_the_history(ensure, store, base, war, monkeypatch):
    class Killed(BaseException):
        pass

    def die(*dummy, **dummies):
        raise Killed

    ensure(store, "active", "1.0", war("1.0"))
    ensure(store, "staged", "2.0", war("2.0"))
    with monkeypatch.context() as patch:
        # SIGKILL runs no clean-up.
        patch.setattr(os, "rename", die)
        patch.setattr(os, "unlink", lambda dummy: None)
        with pytest.raises(Killed):
            ensure(store, "active", "2.0")
    left = [name for name in os.listdir(base / "releases/app") if name.startswith(".")]
    assert len(left) == 1 and left[0].startswith(".history.json.candidate-")
    assert store.read().active == "1.0"
    # The next run removes it, whatever that run is for.
    assert not ensure(store, "staged", "1.0").changed
    assert sorted(os.listdir(base / "releases/app")) == ["1.0", "2.0", "history.json"]


def test_history_on_a_full_disk(ensure, snapshot, store, base, war, monkeypatch):
    ensure(store, "active", "1.0", war("1.0"))
    ensure(store, "staged", "2.0", war("2.0"))
    before = snapshot(base)

    def full(*dummy):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(
            CollectionError, match="app could not be switched to 2.0: No space left on device; 1.0 is still active"
        ):
            ensure(store, "active", "2.0")
    assert snapshot(base) == before


@pytest.mark.parametrize("call", ["replace", "symlink"])
def test_killed_before_the_link_is_switched(ensure, four_corners, store, base, war, monkeypatch, call):
    ensure(store, "active", "1.0", war("1.0"))
    ensure(store, "staged", "2.0", war("2.0"))
    real = getattr(os, call)

    class Killed(BaseException):
        pass

    def die(source, target, **options):
        if "webapps" in str(target) or call == "symlink":
            raise Killed
        return real(source, target, **options)

    with monkeypatch.context() as patch:
        patch.setattr(os, call, die)
        with pytest.raises(Killed):
            ensure(store, "active", "2.0")
    # The old release is active, the line written ahead does not count, and nothing new is in webapps.
    state = store.read()
    assert (state.active, state.previous) == ("1.0", None)
    assert os.listdir(base / "webapps") == ["app"]
    done = four_corners(store, "active", "2.0")
    assert done.after.previous == "1.0"
    assert [line.version for line in store.read().history] == ["1.0", "2.0"]
    assert sorted(os.listdir(base / "releases/app")) == ["1.0", "2.0", "history.json"]


def test_war_that_changes_while_it_is_staged(ensure, store, base, war):
    source = war("1.0")
    with open(source.path, "ab") as changed:
        changed.write(b"more")
    with pytest.raises(CollectionError, match="ctl/1.0.war has sha256"):
        ensure(store, "staged", "1.0", source)
    assert os.listdir(base / "releases/app") == []


def test_damaged_war_is_called_by_its_own_name(ensure, store, base, tmp_path, war):
    path = tmp_path / "1.0.war"
    war("1.0")
    path.write_bytes(path.read_bytes().replace(b"<web-app/>", b"<web+app/>"))
    report = inspect_war(str(path), max_unpacked_bytes=GIB)
    source = WarSource("ctl/1.0.war", str(path), sha256_of(str(path)), path.stat().st_size, report.disk_bytes)
    with pytest.raises(CollectionError, match="^ctl/1.0.war is damaged"):
        ensure(store, "staged", "1.0", source)
    assert os.listdir(base / "releases/app") == []


@pytest.mark.parametrize("version", ["", ".", "..", "a/b", "-1", "1 0", "1\n", "a" * 65, ".hidden", "\u0661"])
def test_bad_versions(ensure, store, base, version):
    for state in ("staged", "active", "absent"):
        with pytest.raises(CollectionError, match="is not accepted: 1 to 64 letters"):
            ensure(store, state, version)
    assert not (base / "releases").exists()


def test_history_is_bounded(ensure, store, war):
    ensure(store, "staged", "1.0", war("1.0"))
    ensure(store, "staged", "2.0", war("2.0"))
    for _dummy in range(HISTORY_LENGTH // 2 + 5):
        ensure(store, "active", "1.0")
        ensure(store, "active", "2.0")
    assert len(store.read().history) == HISTORY_LENGTH
    assert store.read().previous == "1.0"


def test_free_space_is_that_of_the_file_system(tmp_path):
    free, inodes = free_space_at(str(tmp_path))
    assert free > 0
    assert inodes is None or inodes > 0


HEALTH = {"health_path": "/health", "health_status": 200, "health_pattern": "v{version}", "health_headers": {}}


def test_how_a_release_was_asked_when_it_was_healthy_stays_beside_it(ensure, store, base, war):
    ensure(store, "active", "1.0", war("1.0"))
    assert store.read().releases["1.0"].health is None
    assert [store.remember("1.0", HEALTH), store.remember("1.0", HEALTH)] == [True, False]
    assert store.read().releases["1.0"].health == HEALTH
    # It is no part of the release: the same again is no change, and another release has its own.
    assert not ensure(store, "active", "1.0", war("1.0")).changed
    ensure(store, "active", "2.0", war("2.0"))
    releases = store.read().releases
    assert (releases["1.0"].health, releases["2.0"].health) == (HEALTH, None)
    path = base / "releases/app/1.0/health.json"
    assert path.stat().st_mode & 0o007 == 0 or path.stat().st_mode & 0o777 == 0o644


def test_of_a_release_that_is_gone_nothing_is_remembered(ensure, store, base, war):
    ensure(store, "active", "1.0", war("1.0"))
    assert store.remember("2.0", HEALTH) is False
    assert not (base / "releases/app/2.0").exists()


@pytest.mark.parametrize("content", ["", "[]", "{", "null"])
def test_what_was_remembered_and_cannot_be_read_bars_no_way(ensure, store, base, war, content):
    ensure(store, "active", "1.0", war("1.0"))
    (base / "releases/app/1.0/health.json").write_text(content)
    release = store.read().releases["1.0"]
    assert (release.health, release.problem) == (None, None)
    assert store.remember("1.0", HEALTH) is True
