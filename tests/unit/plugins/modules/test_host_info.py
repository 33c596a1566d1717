# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import socket

import pytest
from ansible.module_utils.testing import patch_module_args

from ansible_collections.roundrobin.tomcat.plugins.modules import host_info


@pytest.fixture
def run(capsys):
    """Run the module as Ansible does and return what it prints."""

    def _run(**options):
        with patch_module_args(options), pytest.raises(SystemExit):
            host_info.main()
        return json.loads(capsys.readouterr().out.splitlines()[-1])

    return _run


def test_several_directories_in_their_order_without_a_warning(run, tmp_path):
    for name in ("z/1.jar", "a/2.jar", "a/3.txt"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(name)
    paths = [str(tmp_path / name) for name in ("z", "none", "a")]
    for check in (True, False):
        said = run(paths=paths, checksum_of=["*.jar"], _ansible_check_mode=check)
        assert not said["changed"]
        assert "warnings" not in said
        assert said["missing"] == [str(tmp_path / "none")]
        assert [(entry["path"][len(str(tmp_path)) :], bool(entry["checksum"])) for entry in said["entries"]] == [
            ("/z/1.jar", True),
            ("/a/2.jar", True),
            ("/a/3.txt", False),
        ]


def test_what_cannot_be_listed_is_a_failure(run, tmp_path):
    (tmp_path / "file").write_text("")
    said = run(paths=[str(tmp_path / "file")])
    assert said["failed"]
    assert "Not a directory" in said["msg"]


def test_contents_users_and_distribution(run, tmp_path):
    (tmp_path / "ports.conf").write_text("Listen 80\n")
    asked = [str(tmp_path / name) for name in ("ports.conf", "none")]
    said = run(contents_of=asked, users=["root", "nobody-of-this-name"])
    assert said["contents"] == {asked[0]: "Listen 80\n"}
    assert list(said["users"]) == ["root"]
    assert said["distribution"]["names"]
    assert "packages_missing" not in said


def test_an_unknown_distribution_is_a_failure(run):
    said = run(packages={"Plan9": []})
    assert said["failed"]
    assert "is not supported: known are Plan9" in said["msg"]


def test_packages_of_this_distribution(run, monkeypatch):
    monkeypatch.setattr(host_info, "missing", lambda names, family, run: [family, *names])
    names = run()["distribution"]["names"]
    said = run(packages={"Plan9": ["x"], names[-1]: ["a", "b"]})
    assert said["platform"] == names[-1]
    assert said["packages_missing"][1:] == ["a", "b"]


def test_what_is_in_use(run, tmp_path, monkeypatch):
    (tmp_path / "httpd.conf").write_text("Listen 192.0.2.1:80\nInclude mine.conf\n")
    (tmp_path / "mine.conf").write_text("Listen 9080\n")
    monkeypatch.setattr(host_info, "units", lambda names, run: {key: {} for key in names})
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        said = run(
            groups=["root", "nobodys-group"],
            units=["tomcat.service"],
            listening=True,
            names=["127.0.0.1"],
            python_modules=["json"],
            httpd=[str(tmp_path / "none.conf"), str(tmp_path / "httpd.conf")],
            httpd_without=["*/mine.conf"],
        )
    assert (said["groups"], said["units"], said["resolved"]) == (["root"], {"tomcat.service": {}}, {})
    assert said["python"]["missing"] == []
    assert [listen["address"] for listen in said["httpd"]["listens"]] == ["192.0.2.1"]
    (mine,) = [entry for entry in said["listening"] if entry["port"] == port]
    assert (mine["address"], mine["ours"]) == ("127.0.0.1", False)


def test_a_host_without_httpd(run, tmp_path):
    said = run(httpd=[str(tmp_path / "httpd.conf")])
    assert said["httpd"] is None
    assert "listening" not in said
