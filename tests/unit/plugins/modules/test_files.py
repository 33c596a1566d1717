# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

import pytest
from ansible.module_utils.testing import patch_module_args

from ansible_collections.roundrobin.tomcat.plugins.modules import files


@pytest.fixture
def run(capsys):
    """Run the module as Ansible does and return what it prints."""

    def _run(wanted, **options):
        with patch_module_args({"files": wanted, **options}), pytest.raises(SystemExit):
            files.main()
        return json.loads(capsys.readouterr().out.splitlines()[-1])

    return _run


def test_check_run_check_run(run, tmp_path):
    wanted = [
        {"path": str(tmp_path / "d"), "state": "directory", "mode": "0750"},
        {"path": str(tmp_path / "d/file"), "content": "text\n", "mode": "0640", "validate": "grep -q text %s"},
    ]
    paths = [one["path"] for one in wanted]
    checked = run(wanted, _ansible_check_mode=True)
    assert not (tmp_path / "d").exists()
    made = run(wanted)
    assert (tmp_path / "d/file").read_text() == "text\n"
    for said in (checked, made):
        assert said["changed"]
        assert said["changed_paths"] == paths
        assert [diff["after_header"] for diff in said["diff"]] == paths
    for check in (True, False):
        said = run(wanted, _ansible_check_mode=check)
        assert (said["changed"], said["changed_paths"], said["diff"]) == (False, [], [])


def test_a_refused_content_changes_nothing(run, tmp_path):
    said = run(
        [
            {"path": str(tmp_path / "first"), "content": "", "mode": "0640"},
            {"path": str(tmp_path / "file"), "content": "text\n", "mode": "0640", "validate": "grep -q else %s"},
        ]
    )
    assert said["failed"]
    assert "its new content was refused" in said["msg"]
    assert not (tmp_path / "first").exists()


def test_a_secret_is_nowhere_in_the_answer(run, tmp_path):
    said = run([{"path": str(tmp_path / "file"), "secret_content": "open-sesame", "mode": "0600"}], _ansible_diff=True)
    assert said["changed"]
    assert "open-sesame" not in json.dumps(said)
    assert (tmp_path / "file").read_text() == "open-sesame"


def test_one_content_only(run, tmp_path):
    said = run([{"path": str(tmp_path / "file"), "secret_content": "open-sesame", "content": "b", "mode": "0600"}])
    assert said["failed"]
    assert "mutually exclusive" in said["msg"]


def test_the_log_of_the_system_gets_no_content(run, tmp_path, monkeypatch):
    logged = []
    monkeypatch.setattr(files.AnsibleModule, "log", lambda module, text, **options: logged.append(text))
    path = str(tmp_path / "file")
    run([{"path": path, "content": "-Dpassword=open-sesame", "mode": "0600"}])
    assert logged == [f"Invoked with {path}"]
