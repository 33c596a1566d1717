# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import pathlib
import xml.parsers.expat

import pytest

from ansible_collections.roundrobin.tomcat.plugins.module_utils._context_xml import ContextXml
from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError
from ansible_collections.roundrobin.tomcat.plugins.module_utils._xml_document import XmlDocument

HERE = pathlib.Path(__file__).resolve()
STOCK = (HERE.parents[2] / "fixtures" / "context.xml").read_bytes()
CORPUS = pathlib.Path(os.environ.get("TOMCAT_XML_CORPUS", HERE.parents[5] / "shared" / "corpus"))
CORPUS_FILES = sorted(CORPUS.glob("*-context-*.xml"))

MSM = {
    "class_name": "de.javakaffee.web.msm.MemcachedBackupSessionManager",
    "attributes": {"memcachedNodes": "n1:192.0.2.1:11211", "sticky": True, "sessionBackupTimeout": 100},
}
MSM_TEXT = (
    b'<Manager className="de.javakaffee.web.msm.MemcachedBackupSessionManager"\n'
    b'             memcachedNodes="n1:192.0.2.1:11211"\n'
    b'             sticky="true"\n'
    b'             sessionBackupTimeout="100" />'
)


def apply(options, data=STOCK):
    document = XmlDocument(data, "context.xml")
    changes = ContextXml(document, options).apply().changes
    document.prove()
    return document.to_bytes(), changes


def edited(options, data=STOCK):
    """Apply twice: the second time nothing may change."""
    once, changes = apply(options, data)
    assert bool(changes) == (once != data)
    assert apply(options, once) == (once, [])
    return once


def test_a_manager_is_added_at_the_end():
    assert edited({"manager": MSM}) == STOCK.replace(b"</Context>", b"    " + MSM_TEXT + b"\n</Context>")


def test_no_option_changes_nothing():
    assert edited({}) == STOCK
    assert edited({"manager_state": "absent"}) == STOCK
    assert edited({"manager_state": "disabled"}) == STOCK


def test_the_manager_of_another_store_is_replaced_with_all_it_contains():
    data = b'<Context>\n    <Manager className="a.B" old="1">\n      <Store x="1"/>\n    </Manager>\n    <x/>\n</Context>\n'
    assert (
        edited({"manager": MSM}, data)
        == b"<Context>\n    " + MSM_TEXT.replace(b" />", b"/>") + b"\n    <x/>\n</Context>\n"
    )


def test_attributes_of_the_manager_are_the_whole_set():
    data = b'<Context>\n  <Manager className="a.B" old="1" keep="2"><Store/></Manager>\n</Context>\n'
    options = {"manager": {"class_name": "a.B", "attributes": {"keep": 3, "new": 4}}}
    after = b'<Context>\n  <Manager className="a.B" keep="3" new="4"><Store/></Manager>\n</Context>\n'
    assert edited(options, data) == after


def test_disabled_and_back():
    data = edited({"manager": MSM})
    off = edited({"manager_state": "disabled"}, data)
    assert b"<!--\n    <Manager className" in off
    assert edited({"manager": MSM}, off) == data
    assert edited({"manager_state": "absent"}, data) == STOCK


def test_tomcats_own_manager_without_a_class():
    after = edited({"manager": {"attributes": {"pathname": ""}}})
    assert after == STOCK.replace(b'<!--\n    <Manager pathname="" />\n    -->', b'<Manager pathname="" />')
    assert b'<Manager className="a.B" />' in edited({"manager": {"class_name": "a.B"}}, after)


def test_elements():
    options = {
        "elements": [
            {"parent": "/Context", "tag": "Environment", "identify_by": {"name": "a'b\"c"}, "attributes": {"value": 1}},
            {"parent": "/Context", "tag": "Environment", "identify_by": {"name": "x"}, "attributes": {"value": 2.5}},
        ]
    }
    after = edited(options)
    assert b'\n    <Environment name="a\'b&quot;c" value="1" />\n    <Environment name="x" value="2.5" />\n' in after
    for item in options["elements"]:
        item["state"] = "absent"
    assert edited(options, after) == STOCK


@pytest.mark.parametrize(
    ("options", "data", "message"),
    [
        (
            {"manager": MSM},
            b"<Server/>",
            "context.xml:1: the root element is Server; a Tomcat context.xml begins with Context",
        ),
        (
            {"manager": MSM},
            b"<Context>\n<Manager/>\n<Manager/></Context>",
            r"Manager .* matches 2 elements \(lines 2, 3\); .* remove the others by hand",
        ),
        ({"manager": {"class_name": "a b"}}, STOCK, "manager: class_name: 'a b' is not a Java class name"),
        ({"manager": {"attributes": {"className": "a.B"}}}, STOCK, "use class_name"),
        ({"manager": {"attributes": {"x": None}}}, STOCK, "manager: attribute x has no value"),
        ({"manager": {"attributes": {"x": {}}}}, STOCK, "manager: attribute x is a dict"),
    ],
)
def test_bad_input(options, data, message):
    with pytest.raises(CollectionError, match=message):
        apply(options, data)


@pytest.mark.parametrize("file", CORPUS_FILES, ids=lambda file: file.stem)
def test_files_of_others(file):
    data = file.read_bytes()
    try:
        xml.parsers.expat.ParserCreate().Parse(data, True)
    except xml.parsers.expat.ExpatError:
        with pytest.raises(CollectionError, match=rf"^{file}:\d+:\d+: is not well-formed XML: "):
            XmlDocument(data, str(file))
        return
    resource = {"parent": "/Context", "tag": "Resource", "identify_by": {"name": "jdbc/new"}}
    for options in (
        {"manager": MSM},
        {"manager_state": "absent"},
        {"elements": [{**resource, "attributes": {"a": "<"}}]},
    ):
        edited(options, data)
