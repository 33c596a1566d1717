# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import getpass
import grp
import os
import stat
import tempfile

import pytest

from ansible_collections.roundrobin.tomcat.plugins.module_utils import _wanted_files
from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError
from ansible_collections.roundrobin.tomcat.plugins.module_utils._wanted_files import WantedFile, apply, plan, validate


@pytest.fixture
def at(tmp_path):
    """A path below the test's directory, as text."""
    return lambda name: str(tmp_path / name)


def make(*wanted):
    """Have them as wanted; return the paths that were changed."""
    changes = plan(wanted, check_mode=False)
    apply(changes, lambda path: None)
    return [change.wanted.path for change in changes]


def mode_of(path):
    return stat.S_IMODE(os.stat(path).st_mode)


def test_what_is_as_wanted_is_left_alone(at):
    wanted = [
        WantedFile(at("d"), "directory", mode="0750"),
        WantedFile(at("d/file"), content="text\n", mode="0640"),
        WantedFile(at("d/copy"), source=__file__, mode="0600"),
        WantedFile(at("link"), "link", target="d/file"),
        WantedFile(at("none"), "absent"),
    ]
    assert make(*wanted) == [one.path for one in wanted[:4]]
    inode = os.stat(at("d/file")).st_ino
    assert make(*wanted) == []
    assert os.stat(at("d/file")).st_ino == inode
    assert (mode_of(at("d")), mode_of(at("d/file")), mode_of(at("d/copy"))) == (0o750, 0o640, 0o600)
    with open(at("d/copy")) as copy, open(__file__) as source:
        assert copy.read() == source.read()


def test_only_what_differs_is_changed(at):
    wanted = [WantedFile(at(name), content=name, mode="0644") for name in ("a", "b", "c")]
    make(*wanted)
    with open(at("b"), "w") as file:
        file.write("else")
    os.chmod(at("c"), 0o600)
    changes = plan(wanted, check_mode=False)
    assert [change.diff for change in changes] == [
        {"before_header": at("b"), "after_header": at("b"), "before": "else", "after": "b"},
        {"before_header": at("c"), "after_header": at("c"), "before": "mode: 0600\n", "after": "mode: 0644\n"},
    ]
    apply(changes, lambda path: None)
    assert plan(wanted, check_mode=False) == []


def test_check_mode_says_the_same_and_changes_nothing(at, tmp_path):
    wanted = [WantedFile(at("d"), "directory", mode="0750"), WantedFile(at("d/file"), content="text\n", mode="0640")]
    said = [change.diff for change in plan(wanted, check_mode=True)]
    assert list(tmp_path.iterdir()) == []
    assert [change.diff for change in plan(wanted, check_mode=False)] == said


def test_in_check_mode_an_earlier_task_may_be_about_to_make_it(at):
    wanted = [
        WantedFile(at("soon/file"), content="", mode="0640", owner="nobody-yet", group="none-yet"),
        WantedFile(at("soon/copy"), source=at("soon/source"), mode="0640"),
    ]
    assert [change.wanted for change in plan(wanted, check_mode=True)] == wanted
    with pytest.raises(CollectionError, match="there is no user nobody-yet on this host"):
        plan(wanted[:1], check_mode=False)
    with pytest.raises(CollectionError, match="cannot be read"):
        plan(wanted[1:], check_mode=False)


def test_a_user_that_is_about_to_come_is_a_change(at):
    make(WantedFile(at("file"), content="", mode="0640"))
    (change,) = plan([WantedFile(at("file"), content="", mode="0640", owner="nobody-yet")], check_mode=True)
    assert change.after == "owner: the new nobody-yet\n"


def test_owner_and_group_by_name(at):
    group = grp.getgrgid(os.getgid()).gr_name
    wanted = WantedFile(at("file"), content="", mode="0640", owner=getpass.getuser(), group=group)
    make(wanted)
    assert plan([wanted], check_mode=False) == []


def test_owner_and_mode_stay_without_a_wish_for_them(at, monkeypatch):
    make(WantedFile(at("file"), content="1", mode="0640"))
    given = {}
    monkeypatch.setattr(_wanted_files, "write_file", lambda path, data, **options: given.update(options))
    make(WantedFile(at("file"), content="2", mode="0640"))
    assert given == {"owner": os.getuid(), "group": os.getgid(), "mode": 0o640}


def test_directories_above_are_made_like_the_one_that_is_wanted(at):
    wanted = [WantedFile(at("a/b/c"), "directory", mode="0700"), WantedFile(at("a/file"), content="", mode="0600")]
    assert make(*wanted) == [at("a/b/c"), at("a/file")]
    assert mode_of(at("a")) == 0o700


def test_nothing_is_changed_where_one_cannot_be(at, tmp_path):
    (tmp_path / "directory").mkdir()
    first = WantedFile(at("first"), content="", mode="0640")
    for one, message in (
        (WantedFile(at("directory"), content="", mode="0640"), "is not a regular file"),
        (WantedFile(at("none/file"), content="", mode="0640"), "the directory .*/none does not exist"),
        (WantedFile(at("copy"), source=at("none"), mode="0640"), "cannot be read"),
        (WantedFile(at("directory"), "link", target="x"), "is not a symbolic link"),
        (WantedFile("relative", content="", mode="0640"), "an absolute path is expected"),
        (WantedFile(at("file"), content="", mode="u=rw"), "octal digits"),
        (WantedFile(at("file"), content=""), "a file has mode"),
        (WantedFile(at("file"), content="", source="/x", mode="0640"), "one of content"),
        (WantedFile(at("file"), "directory"), "a directory has mode"),
        (WantedFile(at("file"), "link"), "a link has target"),
        (WantedFile(at("file"), "absent", content=""), "what is absent has none"),
        (WantedFile(at("file"), content="", mode="0640", validate="true"), "has no %s"),
        (WantedFile(at("first"), content="else", mode="0640"), "in two different ways"),
    ):
        with pytest.raises(CollectionError, match=message):
            make(first, one)
        assert not os.path.exists(at("first"))


def test_a_file_is_no_directory(at):
    make(WantedFile(at("file"), content="", mode="0640"))
    with pytest.raises(CollectionError, match="is not a directory"):
        make(WantedFile(at("file"), "directory", mode="0750"))


def test_links(at):
    make(WantedFile(at("file"), content="1", mode="0640"), WantedFile(at("link"), "link", target=at("file")))
    # A file that is reached by a link is replaced, the link stays.
    assert make(WantedFile(at("link"), content="2", mode="0640")) == [at("link")]
    assert os.readlink(at("link")) == at("file")
    with open(at("file")) as file:
        assert file.read() == "2"
    assert make(WantedFile(at("link"), "link", target="elsewhere")) == [at("link")]
    assert os.readlink(at("link")) == "elsewhere"
    with pytest.raises(CollectionError, match="a symbolic link to what does not exist"):
        make(WantedFile(at("link"), content="3", mode="0640"))
    assert make(WantedFile(at("link"), "absent")) == [at("link")]
    assert not os.path.lexists(at("link"))


def test_a_masked_unit_is_not_written_through(at):
    os.symlink("/dev/null", at("unit"))
    with pytest.raises(CollectionError, match="is not a regular file"):
        make(WantedFile(at("unit"), content="x", mode="0644"))


def test_a_directory_goes_with_all_that_lies_in_it(at):
    make(WantedFile(at("d"), "directory", mode="0700"), WantedFile(at("d/file"), content="", mode="0600"))
    assert make(WantedFile(at("d"), "absent")) == [at("d")]
    assert not os.path.lexists(at("d"))


def test_a_secret_is_not_shown(at):
    for content in ("open-sesame", "close-sesame"):
        wanted = WantedFile(at("file"), content=content, mode="0600", secret=True)
        assert "sesame" not in str(plan([wanted], check_mode=True)[0].diff)
        make(wanted)


def test_a_new_content_is_judged_first(at, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    wanted = WantedFile(at("file"), content="good", mode="0600", validate="judge %s")
    judged = []

    def judge(command):
        with open(command.split()[1]) as candidate:
            judged.append(candidate.read())
        return int(judged[-1] == "bad"), "", "line 1 is wrong"

    validate(plan([wanted], check_mode=False), judge)
    make(wanted)
    validate(plan([wanted], check_mode=False), judge)
    assert judged == ["good"]
    bad = WantedFile(at("file"), content="bad", mode="0600", validate="judge %s")
    with pytest.raises(
        CollectionError, match="file: its new content was refused, nothing was changed: line 1 is wrong"
    ):
        validate(plan([bad], check_mode=False), judge)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_what_was_changed_before_a_failure_is_told(at, monkeypatch):
    def full(path, *_arguments, **_options):
        raise OSError(28, "No space left on device")

    wanted = [WantedFile(at("d"), "directory", mode="0700"), WantedFile(at("d/file"), content="", mode="0600")]
    monkeypatch.setattr(_wanted_files, "write_file", full)
    with pytest.raises(
        CollectionError, match="d/file: cannot be changed: No space left on device; changed before it: .*/d"
    ) as told:
        make(*wanted)
    assert told.value.details == {"changed_paths": [at("d")]}


def test_what_was_written_is_settled(at):
    settled = []
    changes = plan(
        [WantedFile(at("file"), content="", mode="0600"), WantedFile(at("none"), "absent")], check_mode=False
    )
    apply(changes, settled.append)
    assert settled == [at("file")]
