# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module on real files; what becomes of each element is tested with module_utils/_xml."""

from __future__ import annotations

import json
import pathlib
import shutil

import pytest

from ansible_collections.roundrobin.tomcat.plugins.module_utils._xml import run as xml_run
from ansible_collections.roundrobin.tomcat.plugins.modules import tomcat_server_xml, tomcat_server_xml_info

FIXTURE = pathlib.Path(__file__).resolve().parents[2] / "fixtures" / "server.xml"


def test_what_was_read_changes_nothing_when_it_is_given_back(run_module, tmp_path):
    path = str(shutil.copy(FIXTURE, tmp_path))
    for check in (True, False):
        said = run_module(tomcat_server_xml_info, check, path=path)
        assert not said["changed"]
        done = run_module(tomcat_server_xml, check, path=path, **said["server_xml"])
        assert (done["changed"], done["changes"]) == (False, [])
        assert done.get("warnings", []) == []
    assert pathlib.Path(path).read_bytes() == FIXTURE.read_bytes()


def test_read_by_who_may_only_read(run_module, tmp_path):
    path = tmp_path / "server.xml"
    path.write_text('<Server><Service name="a"/><Service name="b"><Connector port="1" pin="hush"/></Service></Server>')
    path.chmod(0o444)
    tmp_path.chmod(0o555)
    said = run_module(tomcat_server_xml_info, path=str(path), service="b", secret_attributes=["pin"])
    tmp_path.chmod(0o755)
    assert said["server_xml"]["service"] == {"name": "b"}
    assert said["secrets"] == [{"element": 'Server/Service[@name="b"]/Connector[@port="1"]', "attribute": "pin"}]
    assert "hush" not in json.dumps(said)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<Server", "is not well-formed XML"),
        ("<web-app/>", "the root element is web-app; a Tomcat server.xml begins with Server"),
        ('<Server><Service name="a"/><Service name="b"/></Server>', "service says which is meant"),
    ],
)
def test_a_clear_error(run_module, tmp_path, text, message):
    path = tmp_path / "server.xml"
    path.write_text(text)
    said = run_module(tomcat_server_xml_info, path=str(path))
    assert said["failed"]
    assert str(path) in said["msg"]
    assert message in said["msg"]


def test_lxml_is_missing(run_module, monkeypatch):
    monkeypatch.setattr(xml_run, "LXML_IMPORT_ERROR", "Traceback")
    said = run_module(tomcat_server_xml_info, path="/nowhere")
    assert said["failed"]
    assert "lxml" in said["msg"]
