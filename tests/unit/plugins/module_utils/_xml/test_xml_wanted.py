# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From an entry of an option to the wanted state of an element and of those inside it."""

from __future__ import annotations

import pytest

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError


def nested(**child):
    return {"hosts": [{"children": [{"tag": "A", "children": [{"tag": "B", **child}]}]}]}


PLACE = r"hosts\[0\].children\[0\].children\[0\]"


def test_a_text_tells_elements_apart(edited):
    hosts = (
        b'<Server><Service><Engine><Host name="h"><Alias>a</Alias><Alias> b </Alias></Host></Engine></Service></Server>'
    )
    for state, after in (
        ("present", hosts),
        ("absent", hosts.replace(b"<Alias> b </Alias>", b"")),
        ("disabled", hosts.replace(b"<Alias> b </Alias>", b"<!-- <Alias> b </Alias> -->")),
    ):
        child = {"tag": "Alias", "text": "\n b", "state": state}
        assert edited({"hosts": [{"children": [child]}]}, hosts) == after
        assert edited({"hosts": [{"children": [{**child, "state": "present"}]}]}, after).count(b"<Alias>") == 2


def test_attributes_that_nobody_names_go_where_that_is_asked_for(edited):
    before = b'<Server><Listener className="a.B" old="1" kept="2"><X z="4"/></Listener></Server>'
    entry = {
        "parent": "/Server",
        "tag": "Listener",
        "identify_by": {"className": "a.B"},
        "attributes": {"kept": 3},
        "children": [{"tag": "X", "attributes": {"y": 5}, "purge_attributes": True}],
    }
    after = before.replace(b'kept="2"', b'kept="3"').replace(b'z="4"', b'y="5"')
    assert edited({"elements": [entry]}, before) == after
    assert edited({"elements": [{**entry, "purge_attributes": True}]}, before) == after.replace(b' old="1"', b"")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (nested(atributes={}), PLACE + ": the option: 'atributes' is not known; did you mean 'attributes'. accepted"),
        (nested(name="x"), PLACE + ": the option: 'name' is not known; accepted are: tag, identify_by, attributes,"),
        (nested(state="presnt"), PLACE + ": state: 'presnt' is not known; did you mean 'present'. accepted are"),
        (nested(attributes=["a"]), PLACE + ": attributes is a list; a dictionary is expected"),
        (nested(children={"tag": "C"}), PLACE + ": children is a dict; a list is expected"),
        (nested(attributes_to_remove=[1]), PLACE + ": attributes_to_remove holds 1; names"),
        (nested(purge_attributes="a"), PLACE + ": purge_attributes is a str; a boolean is expected"),
        (nested(text=["a"]), PLACE + ": text is a list"),
        (nested(text="a\0"), PLACE + r": text holds the character U\+0000"),
        (nested(text="a", children=[{"tag": "C"}]), PLACE + ": text and children are given"),
        (nested(tag="a b"), f"'a b' cannot be the name of an element .{PLACE}"),
        (nested(tag=""), PLACE + ": tag is missing"),
        (nested(attributes={"x": "a ********"}), PLACE + r": attribute x holds \*\*\*\*\*\*\*\*, which stands for"),
        ({"hosts": [{"children": ["Alias"]}]}, r"hosts\[0\].children\[0\]: is a str; a dictionary"),
        (
            {"elements": [{"parent": "/Server", "tag": "X", "identify_by": {"a": 1}, "attributes": {"a": 2}}]},
            "attribute a is given two values, '1' and '2'",
        ),
    ],
)
def test_bad_entries(apply, options, message):
    with pytest.raises(CollectionError, match=message):
        apply(options)
