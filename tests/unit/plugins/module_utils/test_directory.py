# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import grp
import hashlib
import os
import pwd

import pytest

from ansible_collections.roundrobin.tomcat.plugins.module_utils._directory import entries
from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError


@pytest.fixture
def directory(tmp_path):
    (tmp_path / "lib").mkdir(mode=0o750)
    (tmp_path / "lib/below.jar").write_bytes(b"not looked at")
    (tmp_path / "a.jar").write_bytes(b"jar")
    (tmp_path / "a.jar").chmod(0o640)
    (tmp_path / ".hidden").write_bytes(b"")
    (tmp_path / "dangling.jar").symlink_to("nowhere")
    os.mkfifo(tmp_path / "pipe.jar")
    return tmp_path


def test_what_lies_in_it_by_name(directory):
    found = entries(str(directory), ["*.jar"])
    assert [(os.path.basename(entry["path"]), entry["type"]) for entry in found] == [
        (".hidden", "file"),
        ("a.jar", "file"),
        ("dangling.jar", "link"),
        ("lib", "directory"),
        ("pipe.jar", "other"),
    ]
    assert all(entry["path"].startswith(f"{directory}/") for entry in found)


def test_modes_and_owners(directory):
    found = {os.path.basename(entry["path"]): entry for entry in entries(str(directory))}
    assert found["a.jar"]["mode"] == "0640"
    assert found["lib"]["mode"] == "0750"
    assert found["lib"]["owner"] == pwd.getpwuid(os.getuid()).pw_name
    assert found["lib"]["group"] == grp.getgrgid(os.getgid()).gr_name


def test_an_owner_without_a_name_is_a_number(directory, monkeypatch):
    def unknown(number):
        raise KeyError(number)

    monkeypatch.setattr(pwd, "getpwuid", unknown)
    monkeypatch.setattr(grp, "getgrgid", unknown)
    assert {(entry["owner"], entry["group"]) for entry in entries(str(directory))} == {
        (str(os.getuid()), str(os.getgid()))
    }


def test_checksums_of_the_files_asked_for_alone(directory):
    assert [entry["checksum"] for entry in entries(str(directory), ["*.jar"]) if entry["checksum"]] == [
        hashlib.sha256(b"jar").hexdigest()
    ]
    assert not any(entry["checksum"] for entry in entries(str(directory)))


def test_no_such_directory_is_an_answer(directory):
    assert entries(str(directory / "none")) is None
    assert entries(str(directory / "none/below")) is None
    (directory / "empty").mkdir()
    assert entries(str(directory / "empty")) == []


def test_a_link_to_a_directory_is_followed(directory):
    (directory / "link").symlink_to("lib")
    assert [entry["path"] for entry in entries(str(directory / "link"))] == [f"{directory}/link/below.jar"]


def test_what_is_no_directory_is_refused(directory):
    with pytest.raises(CollectionError, match=r"a.jar: Not a directory; a directory that can be read is expected"):
        entries(str(directory / "a.jar"))


def test_what_is_taken_away_meanwhile_is_left_out(directory, monkeypatch):
    monkeypatch.setattr(os, "listdir", lambda path: ["a.jar", "gone.jar"])
    assert [entry["path"] for entry in entries(str(directory), ["*.jar"])] == [f"{directory}/a.jar"]
