# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import pathlib
import xml.parsers.expat

import pytest

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError
from ansible_collections.roundrobin.tomcat.plugins.module_utils._xml.context import ContextXml
from ansible_collections.roundrobin.tomcat.plugins.module_utils._xml.document import XmlDocument

HERE = pathlib.Path(__file__).resolve()
STOCK = (HERE.parents[3] / "fixtures" / "context.xml").read_bytes()
CORPUS = pathlib.Path(os.environ.get("TOMCAT_XML_CORPUS", HERE.parents[6] / "shared" / "corpus"))
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


def test_what_is_inside_the_manager():
    store = {"tag": "Store", "identify_by": {"className": "a.S"}, "attributes": {"directory": "s"}}
    once = edited({"manager": {**MSM, "children": [store]}})
    inside = b'>\n        <Store className="a.S" directory="s" />\n    </Manager>'
    assert once == edited({"manager": MSM}).replace(
        b' sessionBackupTimeout="100" />', b' sessionBackupTimeout="100"' + inside
    )
    # The Manager of another class takes along what is in it.
    other = {"class_name": "a.B", "children": [{**store, "attributes": {}}]}
    assert edited({"manager": other}, once) == STOCK.replace(
        b"</Context>",
        b'    <Manager className="a.B">\n        <Store className="a.S" />\n    </Manager>\n</Context>',
    )


def test_the_context_itself():
    after = edited({"context": {"attributes": {"sessionCookieName": "S"}}})
    assert after == STOCK.replace(b"<Context>", b'<Context sessionCookieName="S">')
    assert edited({"context": {"attributes_to_remove": ["sessionCookieName"]}}, after) == STOCK


PARTS = {
    "resources": [{"name": "jdbc/a"}, {"name": "e", "tag": "Environment", "attributes": {"value": 1}}],
    "parameters": [{"name": "p", "attributes": {"value": "v"}}],
    "valves": [{"class_name": "a.V"}, {"class_name": "a.W", "identify_by": {"x": 1}}],
}


def test_parts():
    lines = [
        '<Resource name="jdbc/a" />',
        '<Environment name="e" value="1" />',
        '<Parameter name="p" value="v" />',
        '<Valve className="a.V" />',
        '<Valve className="a.W" x="1" />',
    ]
    after = edited(PARTS)
    assert after == STOCK.replace(b"</Context>", "".join(f"    {line}\n" for line in lines).encode() + b"</Context>")
    for option, entries in PARTS.items():
        off = edited({option: [{**entry, "state": "disabled"} for entry in entries]}, after)
        assert off.count(b"<!--") == after.count(b"<!--") + len(entries)
        assert edited({option: entries}, off) == after
    assert edited({option: [] for option in PARTS} | {"purge": list(PARTS)}, after) == STOCK


def test_purge_leaves_what_an_entry_names():
    after = edited(PARTS)
    resource = {"parent": "/Context", "tag": "Resource", "identify_by": {"name": "jdbc/a"}}
    options = {"resources": [], "valves": PARTS["valves"][:1], "elements": [resource], "purge": ["valves", "resources"]}
    gone = edited(options, after)
    for line in (b'    <Environment name="e" value="1" />\n', b'    <Valve className="a.W" x="1" />\n'):
        after = after.replace(line, b"")
    assert gone == after


def test_watched_resources_are_known_by_their_text():
    item = {"parent": "/Context", "tag": "WatchedResource", "text": "WEB-INF/web.xml"}
    watched = b"    <WatchedResource>WEB-INF/web.xml</WatchedResource>\n"
    off = edited({"elements": [{**item, "state": "disabled"}]})
    assert off == STOCK.replace(watched, b"    <!-- <WatchedResource>WEB-INF/web.xml</WatchedResource> -->\n")
    assert edited({"elements": [item]}, off) == STOCK
    assert edited({"elements": [{**item, "state": "absent"}]}) == STOCK.replace(watched, b"")
    other = watched.replace(b"web.xml", b"a&lt;b")
    last = b"    <WatchedResource>${catalina.base}/conf/web.xml</WatchedResource>\n"
    assert edited({"elements": [{**item, "text": "WEB-INF/a<b"}]}) == STOCK.replace(last, last + other)


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
        (
            {"manager": {"children": [{"tga": "Store"}]}},
            STOCK,
            r"manager.children\[0\]: the option: 'tga' .* mean 'tag'",
        ),
        ({"context": {"attributes": {"x": "********"}}}, STOCK, "context: attribute x holds"),
        ({"valves": [{"class_name": "a b"}]}, STOCK, r"valves\[0\]: 'a b' is not a Java class name"),
        (
            {"resources": [{"name": "a"}, {"name": "a"}]},
            STOCK,
            r"resources\[0\] .* and resources\[1\] .* mean the same",
        ),
        ({"purge": ["valves"]}, STOCK, "purge: valves is named but the option valves is not given"),
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
        {"context": {"attributes": {"reloadable": False}}},
        {"valves": [{"class_name": "org.example.Valve"}]},
        {"resources": [{"name": "jdbc/shop", "attributes": {"maxTotal": 20}}]},
        {"elements": [{**resource, "attributes": {"a": "<"}}]},
    ):
        edited(options, data)
