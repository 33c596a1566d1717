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
from ansible_collections.roundrobin.tomcat.plugins.modules import tomcat_context_xml, tomcat_context_xml_info

FIXTURE = pathlib.Path(__file__).resolve().parents[2] / "fixtures" / "context.xml"


def test_what_was_read_changes_nothing_when_it_is_given_back(run_module, tmp_path):
    path = str(shutil.copy(FIXTURE, tmp_path))
    for check in (True, False):
        said = run_module(tomcat_context_xml_info, check, path=path)
        assert not said["changed"]
        done = run_module(tomcat_context_xml, check, path=path, **said["context_xml"])
        assert (done["changed"], done["changes"]) == (False, [])
        assert done.get("warnings", []) == []
    assert pathlib.Path(path).read_bytes() == FIXTURE.read_bytes()


def test_no_secret_is_told(run_module, tmp_path):
    path = tmp_path / "context.xml"
    path.write_text('<Context><Manager className="a.M" password="hush"/><Resource name="r" pin="hush"/></Context>')
    said = run_module(tomcat_context_xml_info, path=str(path), secret_attributes=["pin"])
    assert [found["attribute"] for found in said["secrets"]] == ["password", "pin"]
    assert "hush" not in json.dumps(said)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<Context", "is not well-formed XML"),
        ("<Server/>", "the root element is Server; a Tomcat context.xml begins with Context"),
    ],
)
def test_a_clear_error(run_module, tmp_path, text, message):
    path = tmp_path / "context.xml"
    path.write_text(text)
    said = run_module(tomcat_context_xml_info, path=str(path))
    assert said["failed"]
    assert str(path) in said["msg"]
    assert message in said["msg"]


def test_lxml_is_missing(run_module, monkeypatch):
    monkeypatch.setattr(xml_run, "LXML_IMPORT_ERROR", "Traceback")
    said = run_module(tomcat_context_xml_info, path="/nowhere")
    assert said["failed"]
    assert "lxml" in said["msg"]
