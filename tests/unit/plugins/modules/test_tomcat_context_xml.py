# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module on real files; what each option does to a context.xml is tested with module_utils/_xml."""

from __future__ import annotations

import pytest

from ansible_collections.roundrobin.tomcat.plugins.module_utils._xml import run as xml_run
from ansible_collections.roundrobin.tomcat.plugins.modules import tomcat_context_xml

CONTEXT = {"manager": {"class_name": "a.B", "attributes": {"password": "hush-hush", "sticky": True}}}


CONTEXT_PARTS = {
    "context": {"attributes": {"reloadable": False}},
    "manager": {"children": [{"tag": "Store", "attributes": {"connectionPassword": "hush-hush"}}]},
    "resources": [{"name": "jdbc/shop"}, {"name": "x", "tag": "Environment"}],
    "parameters": [{"name": "x", "attributes": {"value": 1}}],
    "valves": [{"class_name": "a.V"}],
    "purge": ["resources", "parameters", "valves"],
    "elements": [{"parent": "/Context", "tag": "WatchedResource", "text": "WEB-INF/shop.xml"}],
}


@pytest.mark.parametrize("options", [CONTEXT, CONTEXT_PARTS])
def test_check_run_and_run_again(edit_thrice, options):
    edit_thrice(tomcat_context_xml, options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"manager": {"class_name": "a b"}}, "manager: class_name: 'a b' is not a Java class name"),
        ({"manager": {"children": [{"tga": "Store"}]}}, "manager.children[0]: the option: 'tga' is not known"),
        ({"manager_state": "off"}, "value of manager_state must be one of"),
        ({"purge": ["valves"]}, "purge: valves is named but the option valves is not given"),
        ({"purge": ["hosts"]}, "value of purge must be one or more of"),
        ({"resources": [{"name": "a", "tag": "Resorce"}]}, "value of tag must be one of"),
        ({"parameters": [{"attributes": {"value": 1}}]}, "name"),
        ({"path": "/nowhere/context.xml"}, "/nowhere"),
    ],
)
@pytest.mark.parametrize("check", [True, False])
def test_failures_leave_the_file_alone(edit, options, message, check):
    before = edit(tomcat_context_xml, {}, check=True)[1].read_bytes()
    result, path = edit(tomcat_context_xml, options, check=check)
    assert result["failed"]
    assert message in result["msg"]
    assert path.read_bytes() == before


def test_warnings(edit, warned):
    result, path = edit(tomcat_context_xml, {"context": {"attributes": {"reloadble": True}}})
    assert result["changed"]
    assert warned == [
        f"{path}: Context: Context: attribute 'reloadble' is not known to Tomcat 9, 10.1 or 11; did you mean 'reloadable'?"
    ]


def test_lxml_is_missing(edit, monkeypatch):
    monkeypatch.setattr(xml_run, "LXML_IMPORT_ERROR", "Traceback")
    result, _path = edit(tomcat_context_xml, {})
    assert result["failed"]
    assert "lxml" in result["msg"]
