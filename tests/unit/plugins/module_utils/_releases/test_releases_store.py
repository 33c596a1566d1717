# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import errno
import fcntl
import json
import os
import shutil
import stat
import zipfile
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ansible_collections.roundrobin.tomcat.plugins.module_utils import _file
from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError
from ansible_collections.roundrobin.tomcat.plugins.module_utils._releases import store as _releases
from ansible_collections.roundrobin.tomcat.plugins.module_utils._releases.disk import applications_below
from ansible_collections.roundrobin.tomcat.plugins.module_utils._releases.model import (
    HISTORY_LENGTH,
    Activation,
    Release,
    State,
    WarSource,
    previous_version,
    releases_to_prune,
    settled_history,
)
from ansible_collections.roundrobin.tomcat.plugins.module_utils._releases.store import AppReleases, free_space_at
from ansible_collections.roundrobin.tomcat.plugins.module_utils._releases.war import inspect_war, sha256_of

GIB = 2**30


class Ticking:
    """A clock that goes on by a second each time it is asked."""

    def __init__(self):
        self.time = datetime(2026, 11, 23, 12, 0, 0, tzinfo=timezone.utc)

    def __call__(self):
        self.time += timedelta(seconds=1)
        return self.time


@pytest.fixture
def base(tmp_path):
    for name in ("webapps", "work"):
        (tmp_path / "base" / name).mkdir(parents=True)
    return tmp_path / "base"


@pytest.fixture
def store(base):
    return AppReleases(str(base), "app", now=Ticking(), actor="ann@ctl")


@pytest.fixture
def war(tmp_path):
    def make(version, content="x"):
        path = tmp_path / f"{version}.war"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(zipfile.ZipInfo("WEB-INF/web.xml"), "<web-app/>")
            archive.writestr(zipfile.ZipInfo("version.txt"), version + content)
        report = inspect_war(str(path), max_unpacked_bytes=GIB)
        return WarSource(
            label=f"ctl/{version}.war",
            path=str(path),
            sha256=sha256_of(str(path)),
            war_bytes=path.stat().st_size,
            disk_bytes=report.disk_bytes,
        )

    return make


def ensure(store, state, version=None, source=None, keep=None, check=False, **options):
    return store.ensure(state, version, source, keep=keep, check_mode=check, max_unpacked_bytes=GIB, **options)


def four_corners(store, *args, **kwargs):
    """Check, run, check again, run again: the prediction holds, the second run changes nothing."""
    before = snapshot(store.disk.base)
    predicted = ensure(store, *args, check=True, **kwargs)
    assert snapshot(store.disk.base) == before
    done = ensure(store, *args, **kwargs)
    assert predicted.changed is done.changed
    assert predicted.after.contexts == done.after.contexts
    assert predicted.after.previous == done.after.previous
    assert predicted.pruned == done.pruned
    assert {v: r.sha256 for v, r in predicted.after.releases.items()} == {
        v: r.sha256 for v, r in done.after.releases.items()
    }
    assert store.read() == done.after
    left = snapshot(store.disk.base)
    assert not ensure(store, *args, check=True, **kwargs).changed
    assert not ensure(store, *args, **kwargs).changed
    assert snapshot(store.disk.base) == left
    return done


def snapshot(base):
    """Everything below a directory: names, modes, contents, link targets."""
    found = {}
    for directory, names, files in os.walk(base):
        for name in names + files:
            path = os.path.join(directory, name)
            status = os.lstat(path)
            if stat.S_ISLNK(status.st_mode):
                content = os.readlink(path)
            elif stat.S_ISREG(status.st_mode):
                with open(path, "rb") as source:
                    content = source.read()
            else:
                content = None
            found[os.path.relpath(path, base)] = (status.st_mode, content)
    return found


def history(*lines):
    return tuple(Activation(at="", by="", version=new, sha256=None, replaced=old) for old, new in lines)


@pytest.mark.parametrize(
    ("lines", "active", "expected"),
    [
        ([], None, None),
        ([(None, "1")], "1", None),
        ([(None, "1"), ("1", "2")], "2", "1"),
        # A rollback is not a new release: nothing is before 1.
        ([(None, "1"), ("1", "2"), ("2", "1")], "1", None),
        ([(None, "1"), ("1", "2"), ("2", "1"), ("1", "2")], "2", "1"),
        ([(None, "1"), ("1", "2"), ("2", "1"), ("1", "3")], "3", "1"),
        ([(None, "1"), ("1", "2"), ("2", "3"), ("3", "1")], "1", None),
        # Taken out: what was before the one that was taken out.
        ([(None, "1"), ("1", None)], None, None),
        ([(None, "1"), ("1", "2"), ("2", None)], None, "1"),
        # Written ahead of a switch that never came.
        ([(None, "1"), ("1", "2")], "1", None),
        ([(None, "1"), ("1", "2"), ("2", "3")], "2", "1"),
        ([(None, "1")], None, None),
        # Switched by hand.
        ([(None, "1"), ("1", "2")], "3", "2"),
        ([], "1", None),
        # The release before is no longer there: the one before that.
        ([(None, "1"), ("1", "gone"), ("gone", "3")], "3", "1"),
    ],
)
def test_previous_version(lines, active, expected):
    assert previous_version(history(*lines), active, {"1", "2", "3"}) == expected


def test_settled_history_keeps_what_the_link_confirms():
    lines = history((None, "1"), ("1", "2"))
    assert settled_history(lines, "2") == lines
    assert settled_history(lines, "1") == lines[:1]
    assert settled_history(lines, "9") == lines


def state_with(active, *versions, lines=()):
    return State(
        active=active,
        releases={v: Release(version=v, sha256=v, staged_at=f"2026-{index:02}") for index, v in enumerate(versions, 1)},
        history=history(*lines),
    )


@pytest.mark.parametrize(
    ("state", "keep", "named", "expected"),
    [
        (state_with("3", "1", "2", "3"), None, "3", ()),
        (state_with("3", "1", "2", "3"), 3, "3", ()),
        (state_with("3", "1", "2", "3"), 2, "3", ("1",)),
        (state_with("3", "1", "2", "3"), 1, "3", ("2", "1")),
        (state_with("1", "1", "2", "3"), 1, "3", ("2",)),
        (state_with("3", "1", "2", "3", lines=[(None, "1"), ("1", "3")]), 1, "3", ("2",)),
        (state_with("3", "1", "2", "3"), 1, "2", ("1",)),
    ],
)
def test_releases_to_prune(state, keep, named, expected):
    assert releases_to_prune(state, keep, named) == expected


def test_stage(store, base, war):
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


def test_staging_the_same_version_without_the_war(store, war):
    ensure(store, "staged", "1.0", war("1.0"))
    assert not four_corners(store, "staged", "1.0").changed


def test_other_war_under_the_same_version(store, base, war):
    ensure(store, "staged", "1.0", war("1.0"))
    before = snapshot(base)
    other = war("1.0", "y")
    for check in (True, False):
        with pytest.raises(CollectionError, match="release 1.0 of app exists with another sha256") as caught:
            ensure(store, "staged", "1.0", other, check=check)
        assert other.sha256 in caught.value.message
    assert snapshot(base) == before


def test_war_that_is_not_here_yet_is_asked_for(store, base, war):
    elsewhere = WarSource(**{**vars(war("1.0")), "path": None})
    assert ensure(store, "staged", "1.0", elsewhere, check=True).changed
    asked = ensure(store, "staged", "1.0", elsewhere)
    assert asked.needs_source
    assert not asked.changed
    assert not (base / "releases").exists()
    ensure(store, "staged", "1.0", war("1.0"))
    assert not ensure(store, "staged", "1.0", elsewhere).needs_source


def test_nothing_to_stage_or_activate(store):
    with pytest.raises(CollectionError, match="release 1.0 of app is not staged in .*, and no src was given$"):
        ensure(store, "active", "1.0")


def test_what_is_staged_is_named(store, war):
    ensure(store, "staged", "1.0", war("1.0"))
    with pytest.raises(CollectionError, match=r"\(staged: 1.0\)"):
        ensure(store, "active", "2.0")


def test_activate_and_go_back(store, base, war):
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


def test_inactive_and_absent(store, base, war):
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


def test_keep_removes_the_oldest(store, base, war):
    for version in ("1.0", "2.0", "3.0"):
        ensure(store, "active", version, war(version))
    done = four_corners(store, "active", "4.0", war("4.0"), keep=2)
    assert done.pruned == ("2.0", "1.0")
    assert sorted(os.listdir(base / "releases/app")) == ["3.0", "4.0", "history.json"]


def test_keep_counts_a_release_that_is_only_staged(store, war):
    for version in ("1.0", "2.0", "3.0"):
        ensure(store, "staged", version, war(version))
    assert four_corners(store, "staged", "4.0", war("4.0"), keep=2).pruned == ("2.0", "1.0")


def test_work_is_emptied_but_for_sessions(store, base, war):
    ensure(store, "active", "1.0", war("1.0"))
    work = base / "work/Catalina/localhost/app"
    (work / "org/apache/jsp").mkdir(parents=True)
    (work / "org/apache/jsp/index_jsp.class").write_text("old")
    (work / "org/SESSIONS.ser").write_text("not one of ours")
    (work / "SESSIONS.ser").write_text("users")
    (work / "ABC.session").write_text("user")
    (work / "upload.tmp").write_text("")
    (base / "work/Catalina/localhost/other").mkdir()
    ensure(store, "active", "1.0")
    assert (work / "upload.tmp").exists()
    ensure(store, "active", "2.0", war("2.0"))
    assert sorted(os.listdir(work)) == ["ABC.session", "SESSIONS.ser"]
    assert (base / "work/Catalina/localhost/other").is_dir()


def test_planted_links_in_work_lead_nowhere(store, base, war, tmp_path):
    ensure(store, "active", "1.0", war("1.0"))
    outside = tmp_path / "outside"
    (outside / "app").mkdir(parents=True)
    (outside / "app/precious").write_text("")
    work = base / "work/Catalina/localhost/app"
    work.mkdir(parents=True)
    (work / "directory").symlink_to(outside)
    (work / "file").symlink_to(outside / "app/precious")
    ensure(store, "active", "2.0", war("2.0"))
    assert os.listdir(work) == []
    work.rmdir()
    (base / "work/Catalina/localhost").rmdir()
    (base / "work/Catalina/localhost").symlink_to(outside)
    with pytest.raises(CollectionError, match="could not be switched to 1.0: localhost: .*; 2.0 is still active"):
        ensure(store, "active", "1.0")
    assert store.read().active == "2.0"
    assert (outside / "app/precious").exists()


PLAIN, ONE, TWO = "", "000001", "000002"


def contexts(state):
    return [(context.context_version, context.version) for context in state.contexts]


def links(base):
    """What Tomcat would find, by name."""
    return {path.name: os.readlink(path).split("/")[3] for path in (base / "webapps").iterdir()}


@pytest.fixture
def beside(store, war):
    """Release 1.0, and beside it 2.0 and 3.0."""
    ensure(store, "active", "1.0", war("1.0"))
    for version in ("2.0", "3.0"):
        ensure(store, "active", version, war(version), parallel=True)
    return store


def test_a_release_beside_the_active_one(store, base, war):
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


def test_a_new_instance_joins_others(store, base, war):
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
def test_a_context_that_would_not_be_the_newest(beside, base, war, context_version, check):
    before = snapshot(base)
    staged = war("1.0")
    with pytest.raises(CollectionError, match="is not newer than '000002' of the active release 3.0 .* give 000003"):
        ensure(beside, "active", "1.0", staged, parallel=True, context_version=context_version, check=check)
    assert snapshot(base) == before


@pytest.mark.parametrize("context_version", ["1", "0000001", "00000a", " ", "-00001", "00000\u0661"])
def test_names_that_tomcat_would_sort_otherwise(store, war, context_version):
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
def test_an_activation_that_is_not_parallel_leaves_one(beside, base, war, version, expected):
    done = four_corners(beside, "active", version, war(version))
    assert links(base) == expected
    assert done.after.active == version
    history = [line.version for line in beside.read().history]
    assert history == ["1.0", "2.0", "3.0", *([version] if version != "3.0" else [])]


def test_retired(beside, base):
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


def test_all_older_are_retired(beside, base):
    done = four_corners(beside, "retired")
    assert (done.before.active, done.after.active) == ("3.0", "3.0")
    assert links(base) == {"app##000002": "3.0"}
    assert [line.version for line in beside.read().history] == ["1.0", "2.0", "3.0"]


def test_what_is_served_is_neither_removed_nor_pruned(beside, base):
    with pytest.raises(CollectionError, match="2.0 of app still has users of its own, by .*app##000001"):
        ensure(beside, "absent", "2.0")
    assert four_corners(beside, "staged", "3.0", keep=1).pruned == ()
    four_corners(beside, "retired")
    assert four_corners(beside, "staged", "3.0", keep=1).pruned == ("1.0",)
    four_corners(beside, "inactive")
    assert links(base) == {}
    four_corners(beside, "absent")
    assert not (base / "releases/app").exists()


def test_work_of_a_context_is_emptied_when_its_name_is_used_again(beside, base, war):
    work = {
        name: base / f"work/Catalina/localhost/{name}" for name in ("app", "app##000001", "app##000002", "app##000003")
    }
    for directory in work.values():
        (directory / "org").mkdir(parents=True)
        (directory / "SESSIONS.ser").write_text("users")
    ensure(beside, "active", "4.0", war("4.0"), parallel=True)
    assert [(directory / "org").exists() for directory in work.values()] == [True, True, True, False]
    assert all((directory / "SESSIONS.ser").exists() for directory in work.values())


@pytest.mark.parametrize("name", ["app##2", "app##000001.war", "app##"])
def test_a_version_of_somebody_else_is_in_the_way(store, base, war, name):
    (base / "webapps" / name).symlink_to("../releases/app/1.0/exploded")
    with pytest.raises(CollectionError, match="is in the way"):
        ensure(store, "active", "1.0", war("1.0"), parallel=True)


def test_an_application_with_a_similar_name_is_another(store, base, war):
    (base / "webapps/app2##000009").mkdir()
    assert contexts(four_corners(store, "active", "1.0", war("1.0"), parallel=True).after) == [(PLAIN, "1.0")]


def test_killed_before_the_second_link(store, base, war, monkeypatch):
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
def test_any_life(tmp_path_factory, war, steps):
    """After any steps the newest link is what was wanted last, and only parallel activations have left others."""
    base = tmp_path_factory.mktemp("any")
    (base / "webapps").mkdir()
    store = AppReleases(str(base), "app", now=Ticking())
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


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda webapps: (webapps / "app").mkdir(), "it is not a link to a release"),
        (lambda webapps: (webapps / "app").write_text(""), "it is not a link to a release"),
        (lambda webapps: (webapps / "app").symlink_to("/srv/app"), "it links to /srv/app, not to a release"),
        (lambda webapps: (webapps / "app").symlink_to("../releases/app/../../x/exploded"), "not to a release"),
        (lambda webapps: (webapps / "app.war").write_text(""), "app.war is in the way"),
    ],
)
@pytest.mark.parametrize("check", [True, False])
def test_foreign_things_in_webapps(store, base, war, spoil, words, check):
    spoil(base / "webapps")
    before = snapshot(base)
    with pytest.raises(CollectionError, match=words):
        ensure(store, "active", "1.0", war("1.0"), check=check)
    assert snapshot(base) == before


def test_dangling_link_is_replaced(store, base, war):
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
def test_damaged_release(store, base, war, damage, words, check):
    ensure(store, "staged", "1.0", war("1.0"))
    damage(base / "releases/app/1.0")
    for state in ("staged", "active"):
        with pytest.raises(CollectionError, match=words) as caught:
            ensure(store, state, "1.0", war("1.0"), check=check)
        assert "release 1.0 of app is damaged" in caught.value.message
    ensure(store, "absent", "1.0")
    ensure(store, "staged", "1.0", war("1.0"))


def test_not_enough_space_is_told_before_anything_is_written(base, war):
    store = AppReleases(str(base), "app", now=Ticking(), free_space=lambda dummy: (2**20, 1000))
    before = snapshot(base)
    for source in (war("1.0"), WarSource(**{**vars(war("1.0")), "path": None})):
        for check in (True, False):
            with pytest.raises(CollectionError, match="1 MiB are free, 17 MiB are wanted"):
                ensure(store, "staged", "1.0", source, check=check)
    assert snapshot(base) == before


def test_not_enough_inodes(base, war):
    store = AppReleases(str(base), "app", now=Ticking(), free_space=lambda dummy: (GIB, 1))
    with pytest.raises(CollectionError, match="not enough inodes"):
        ensure(store, "staged", "1.0", war("1.0"))


def test_disk_that_fills_up_leaves_nothing_half(store, base, war, monkeypatch):
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


def test_killed_while_staging(store, base, war, monkeypatch):
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


def test_killed_while_writing_the_history(store, base, war, monkeypatch):
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


def test_history_on_a_full_disk(store, base, war, monkeypatch):
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
def test_killed_before_the_link_is_switched(store, base, war, monkeypatch, call):
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


def test_war_that_changes_while_it_is_staged(store, base, war):
    source = war("1.0")
    with open(source.path, "ab") as changed:
        changed.write(b"more")
    with pytest.raises(CollectionError, match="ctl/1.0.war has sha256"):
        ensure(store, "staged", "1.0", source)
    assert os.listdir(base / "releases/app") == []


def test_damaged_war_is_called_by_its_own_name(store, base, tmp_path, war):
    path = tmp_path / "1.0.war"
    war("1.0")
    path.write_bytes(path.read_bytes().replace(b"<web-app/>", b"<web+app/>"))
    report = inspect_war(str(path), max_unpacked_bytes=GIB)
    source = WarSource("ctl/1.0.war", str(path), sha256_of(str(path)), path.stat().st_size, report.disk_bytes)
    with pytest.raises(CollectionError, match="^ctl/1.0.war is damaged"):
        ensure(store, "staged", "1.0", source)
    assert os.listdir(base / "releases/app") == []


def test_two_runs_at_once(store, base, war, monkeypatch):
    monkeypatch.setattr(_file, "LOCK_SECONDS", 0)
    handle = os.open(base / "webapps", os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    try:
        with pytest.raises(CollectionError, match=f"^{base}/webapps: another process has held the lock .* try again"):
            ensure(store, "staged", "1.0", war("1.0"))
        assert ensure(store, "staged", "1.0", war("1.0"), check=True).changed
    finally:
        os.close(handle)
    ensure(store, "staged", "1.0", war("1.0"))


@pytest.mark.parametrize(
    ("mode", "directory", "file"), [(0o750, 0o750, 0o640), (0o755, 0o755, 0o644), (0o775, 0o755, 0o644)]
)
def test_modes_follow_webapps(base, war, mode, directory, file):
    (base / "webapps").chmod(mode)
    ensure(AppReleases(str(base), "app", now=Ticking()), "active", "1.0", war("1.0"))
    for path, wanted in {
        "": directory,
        "app": directory,
        "app/history.json": file,
        "app/1.0": directory,
        "app/1.0/app.war": file,
        "app/1.0/release.json": file,
        "app/1.0/exploded": directory,
        "app/1.0/exploded/WEB-INF": directory,
        "app/1.0/exploded/WEB-INF/web.xml": file,
    }.items():
        assert stat.S_IMODE((base / "releases" / path).stat().st_mode) == wanted, path


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_owner_follows_webapps_or_the_option(base, war):
    os.chown(base / "webapps", 1234, 2345)
    ensure(AppReleases(str(base), "app", now=Ticking()), "active", "1.0", war("1.0"))
    ensure(AppReleases(str(base), "app", now=Ticking(), owner=11, group=22), "active", "2.0", war("2.0"))
    for version, wanted in {"1.0": (1234, 2345), "2.0": (11, 22)}.items():
        for directory, names, files in os.walk(base / "releases/app" / version):
            for name in [*names, *files, "."]:
                status = os.lstat(os.path.join(directory, name))
                assert (status.st_uid, status.st_gid) == wanted


@pytest.mark.parametrize("name", ["a#b", "ROOT"])
def test_names_with_a_hash(base, war, name):
    store = AppReleases(str(base), name, now=Ticking())
    four_corners(store, "active", "1.0", war("1.0"))
    assert os.readlink(base / "webapps" / name) == f"../releases/{name}/1.0/exploded"
    assert applications_below(str(base)) == [name]


@pytest.mark.parametrize("version", ["", ".", "..", "a/b", "-1", "1 0", "1\n", "a" * 65, ".hidden", "\u0661"])
def test_bad_versions(store, base, version):
    for state in ("staged", "active", "absent"):
        with pytest.raises(CollectionError, match="is not accepted: 1 to 64 letters"):
            ensure(store, state, version)
    assert not (base / "releases").exists()


def test_base_without_webapps(tmp_path):
    with pytest.raises(CollectionError, match="is not a CATALINA_BASE"):
        AppReleases(str(tmp_path), "app", now=Ticking())
    (tmp_path / "webapps").write_text("")
    with pytest.raises(CollectionError, match="webapps is not a directory"):
        AppReleases(str(tmp_path), "app", now=Ticking())


def test_crooked_history(store, base, war):
    ensure(store, "active", "1.0", war("1.0"))
    for text in ("{", '[{"no": "line"}]', "[1]", "3"):
        (base / "releases/app/history.json").write_text(text)
        with pytest.raises(CollectionError, match="is not a history that this collection wrote"):
            ensure(store, "active", "1.0")


def test_history_is_bounded(store, war):
    ensure(store, "staged", "1.0", war("1.0"))
    ensure(store, "staged", "2.0", war("2.0"))
    for _dummy in range(HISTORY_LENGTH // 2 + 5):
        ensure(store, "active", "1.0")
        ensure(store, "active", "2.0")
    assert len(store.read().history) == HISTORY_LENGTH
    assert store.read().previous == "1.0"


def test_applications_below_nothing(tmp_path):
    assert applications_below(str(tmp_path)) == []


def test_free_space_is_that_of_the_file_system(tmp_path):
    free, inodes = free_space_at(str(tmp_path))
    assert free > 0
    assert inodes is None or inodes > 0
