# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where releases lie, who may read them, and what is in the way."""

from __future__ import annotations

import fcntl
import json
import os
import stat

import pytest

from ansible_collections.roundrobin.tomcat.plugins.module_utils import _file
from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError
from ansible_collections.roundrobin.tomcat.plugins.module_utils._releases.disk import ReleasesDisk, applications_below
from ansible_collections.roundrobin.tomcat.plugins.module_utils._releases.model import Context


def test_work_is_emptied_but_for_sessions(ensure, store, base, war):
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


def test_planted_links_in_work_lead_nowhere(ensure, store, base, war, tmp_path):
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


@pytest.mark.parametrize("name", ["app##2", "app##000001.war", "app##"])
def test_a_version_of_somebody_else_is_in_the_way(ensure, store, base, war, name):
    (base / "webapps" / name).symlink_to("../releases/app/1.0/exploded")
    with pytest.raises(CollectionError, match="is in the way"):
        ensure(store, "active", "1.0", war("1.0"), parallel=True)


def test_an_application_with_a_similar_name_is_another(four_corners, store, base, war):
    (base / "webapps/app2##000009").mkdir()
    done = four_corners(store, "active", "1.0", war("1.0"), parallel=True)
    assert done.after.contexts == (Context("", "1.0"),)


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
def test_foreign_things_in_webapps(ensure, snapshot, store, base, war, spoil, words, check):
    spoil(base / "webapps")
    before = snapshot(base)
    with pytest.raises(CollectionError, match=words):
        ensure(store, "active", "1.0", war("1.0"), check=check)
    assert snapshot(base) == before


@pytest.mark.parametrize(
    ("mode", "directory", "file"), [(0o750, 0o750, 0o640), (0o755, 0o755, 0o644), (0o775, 0o755, 0o644)]
)
def test_modes_follow_webapps(new_store, ensure, base, war, mode, directory, file):
    (base / "webapps").chmod(mode)
    ensure(new_store(base), "active", "1.0", war("1.0"))
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
def test_owner_follows_webapps_or_the_option(new_store, ensure, base, war):
    os.chown(base / "webapps", 1234, 2345)
    ensure(new_store(base), "active", "1.0", war("1.0"))
    ensure(new_store(base, owner=11, group=22), "active", "2.0", war("2.0"))
    for version, wanted in {"1.0": (1234, 2345), "2.0": (11, 22)}.items():
        for directory, names, files in os.walk(base / "releases/app" / version):
            for name in [*names, *files, "."]:
                status = os.lstat(os.path.join(directory, name))
                assert (status.st_uid, status.st_gid) == wanted


@pytest.mark.parametrize("name", ["a#b", "ROOT"])
def test_names_with_a_hash(new_store, four_corners, base, war, name):
    store = new_store(base, name)
    four_corners(store, "active", "1.0", war("1.0"))
    assert os.readlink(base / "webapps" / name) == f"../releases/{name}/1.0/exploded"
    assert applications_below(str(base)) == [name]


def test_base_without_webapps(new_store, tmp_path):
    with pytest.raises(CollectionError, match="is not a CATALINA_BASE"):
        new_store(tmp_path)
    (tmp_path / "webapps").write_text("")
    with pytest.raises(CollectionError, match="webapps is not a directory"):
        new_store(tmp_path)


def test_crooked_history(ensure, store, base, war):
    ensure(store, "active", "1.0", war("1.0"))
    for text in ("{", '[{"no": "line"}]', "[1]", "3"):
        (base / "releases/app/history.json").write_text(text)
        with pytest.raises(CollectionError, match="is not a history that this collection wrote"):
            ensure(store, "active", "1.0")


def test_applications_below_nothing(tmp_path):
    assert applications_below(str(tmp_path)) == []


@pytest.fixture
def disk(base):
    return ReleasesDisk(str(base), "app")


def test_only_directories_with_the_name_of_a_version_are_releases(disk, base):
    for name in ("1.0", ".staging-x", "a b"):
        (base / "releases/app" / name).mkdir(parents=True)
    (base / "releases/app/2.0").write_text("")
    assert list(disk.read().releases) == ["1.0"]


def test_a_release_that_says_another_version(disk, base, war, store, ensure):
    ensure(store, "staged", "1.0", war("1.0"))
    (base / "releases/app/1.0").rename(base / "releases/app/2.0")
    release = disk.read().releases["2.0"]
    assert release.version == "2.0"
    assert release.problem == f"{base}/releases/app/2.0/release.json says version 1.0"


def test_leftovers_go_and_all_else_stays(disk, base):
    directory = base / "releases/app"
    disk.remove_leftovers()
    for name in (".staging-1", ".removed-1.0", "1.0"):
        (directory / name / "exploded").mkdir(parents=True)
    for name in (".link-new", ".history.json.candidate-x", "history.json", ".other"):
        (directory / name).write_text("")
    disk.remove_leftovers()
    assert sorted(os.listdir(directory)) == [".other", "1.0", "history.json"]


def test_a_link_is_replaced_at_once(disk, base):
    disk.make_directory(disk.directory)
    for version in ("1.0", "2.0"):
        disk.switch("000003", version)
        assert os.readlink(base / "webapps/app##000003") == f"../releases/app/{version}/exploded"
    assert os.listdir(base / "webapps") == ["app##000003"]
    assert os.listdir(disk.directory) == []


def test_what_cannot_be_written_whole_is_not_there(disk):
    disk.make_directory(disk.directory)
    disk.write_json(disk.history_path, [])
    with pytest.raises(TypeError):
        disk.write_json(disk.history_path, [object()])
    assert os.listdir(disk.directory) == ["history.json"]
    with open(disk.history_path) as written:
        assert json.load(written) == []


def test_a_directory_that_cannot_be_made_is_named(disk, base):
    (base / "releases").write_text("")
    with pytest.raises(CollectionError, match=f"{base}/releases could not be created: File exists"):
        disk.make_directory(disk.directory)


def test_no_work_directory_is_no_error(disk, base):
    disk.clear_work("")
    (base / "work").rmdir()
    disk.clear_work("000001")
    assert os.listdir(base) == ["webapps"]


def test_applications_below(base):
    for name in ("shop", "ROOT", ".hidden"):
        (base / "releases" / name).mkdir(parents=True)
    (base / "releases/file").write_text("")
    assert applications_below(str(base)) == ["ROOT", "shop"]


def test_applications_below_what_cannot_be_read(base):
    (base / "releases").write_text("")
    with pytest.raises(CollectionError, match=f"{base}/releases cannot be read: Not a directory"):
        applications_below(str(base))


def test_two_runs_at_once(ensure, store, base, war, monkeypatch):
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
