# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a context.xml says becomes the options that say it."""

from __future__ import annotations

import pathlib

import pytest

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError

FIXTURES = pathlib.Path(__file__).resolve().parents[3] / "fixtures"
NO_WAY_TO_TELL = "nothing that may be shown tells it from another {} beside it"


def test_tomcats_context_xml(read):
    options, findings = read((FIXTURES / "context.xml").read_bytes())
    texts = ["WEB-INF/web.xml", "${catalina.base}/conf/web.xml"]
    assert options == {"elements": [{"parent": "/Context", "tag": "WatchedResource", "text": text} for text in texts]}
    assert findings["disabled"] == [{"element": "Context", "tag": "Manager", "attributes": {"pathname": ""}}]


def test_each_kind_of_context_xml(read):
    options, findings = read(
        b'<Context path="/a"><Manager className="a.M" x="1"><Store className="a.S"/></Manager><Valve className="a.V"/>'
        b'<Resource name="r" auth="x"/><ResourceLink name="r"/><Parameter name="p" value="1"/><Loader/></Context>'
    )
    assert findings["left_out"] == []
    assert options == {
        "context": {"attributes": {"path": "/a"}},
        "manager": {
            "class_name": "a.M",
            "attributes": {"x": "1"},
            "children": [{"tag": "Store", "identify_by": {"className": "a.S"}}],
        },
        "valves": [{"class_name": "a.V"}],
        "resources": [
            {"tag": "Resource", "name": "r", "attributes": {"auth": "x"}},
            {"tag": "ResourceLink", "name": "r"},
        ],
        "parameters": [{"name": "p", "attributes": {"value": "1"}}],
        "elements": [{"parent": "/Context", "tag": "Loader"}],
    }


def test_the_wrong_root(read):
    with pytest.raises(CollectionError, match="begins with Context"):
        read(b"<web-app/>")


def test_secrets_are_listed(read):
    options, findings = read(
        b'<Context pin="hush"><Manager className="a.M" password="hush"/></Context>',
        also=["pin"],
    )
    # Not as the option manager, which would remove the password.
    assert options == {
        "elements": [{"parent": "/Context", "tag": "Manager", "identify_by": {"className": "a.M"}}],
    }
    assert findings["secrets"] == [
        {"element": "Context", "attribute": "pin"},
        {"element": 'Context/Manager[@className="a.M"]', "attribute": "password"},
    ]


def test_two_managers_are_left_out(read):
    _options, findings = read(b"<Context><Manager/><Manager/></Context>")
    assert [item["reason"] for item in findings["left_out"]] == [NO_WAY_TO_TELL.format("Manager")] * 2


@pytest.mark.parametrize(
    ("data", "tag"),
    [
        (b'<Context xmlns="urn:x"><Loader/></Context>', "Loader"),
        (b"<Context><Manager>text</Manager></Context>", "Manager"),
    ],
)
def test_what_only_elements_can_say(read, data, tag):
    options, _findings = read(data)
    assert tag in {item["tag"] for item in options["elements"]}
