# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is read from a file, given back to the module for it, changes nothing."""

from __future__ import annotations

import json
import os
import pathlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError
from ansible_collections.roundrobin.tomcat.plugins.module_utils._xml.context import ContextXml
from ansible_collections.roundrobin.tomcat.plugins.module_utils._xml.document import XmlDocument
from ansible_collections.roundrobin.tomcat.plugins.module_utils._xml.server import ServerXml

HERE = pathlib.Path(__file__).resolve()
FIXTURES = HERE.parents[3] / "fixtures"
CORPUS = sorted(pathlib.Path(os.environ.get("TOMCAT_XML_CORPUS", HERE.parents[6] / "shared" / "corpus")).glob("*.xml"))
# ./run test --full looks much further.
TIMES = 20 if os.environ.get("RUN_FULL") else 1
NO_WAY_TO_TELL = "nothing that may be shown tells it from another {} beside it"


# -- real files ------------------------------------------------------------


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.name)
def test_files_of_others(read, path):
    try:
        document = XmlDocument(path.read_bytes(), str(path))
    except CollectionError:
        # Refused by the modules that edit, too; see the tests of these.
        return
    for service in document.root.elements("Service") or [None]:
        read(path.read_bytes(), service and service.get("name"))


BLANK = '<Server><Service name="Catalina"><Engine name="Catalina"/></Service></Server>'


@pytest.mark.parametrize(
    ("name", "blank"), [("server.xml", BLANK), ("context.xml", "<Context/>")], ids=["server", "context"]
)
def test_another_file_can_be_made_the_same(read, name, blank):
    options, _findings = read((FIXTURES / name).read_bytes())
    document = XmlDocument(blank.encode(), name)
    (ServerXml if name == "server.xml" else ContextXml)(document, options).apply()
    document.prove()
    copied, _findings = read(document.to_bytes())
    assert copied == options


# -- one thing at a time ---------------------------------------------------


SECRETS = [
    {"connectors": '<Connector port="1" secret="hush"/>'},
    {"engine": '<Realm className="a.R"><X className="a.Y" pin="hush" connectionPassword="hush"/></Realm>'},
    {"host": '<Valve className="a.V" url="jdbc:x://u:hush@h/?password=hush"/>'},
    {"host": '<Odd name="a"/><Odd pin="hush"/><!-- <Odd pin="hush"/> -->'},
    {"top": '<pin>hush</pin><x password="hush"/><x password="hush"/>'},
    b'<Context pin="hush"><Manager className="a.M" password="hush"/></Context>',
    b'<Context><Resource name="x" url="jdbc:x?user=a&amp;password=hush" password="hush"/></Context>',
]


@pytest.mark.parametrize("data", SECRETS)
def test_secrets_are_not_shown(read, data):
    options, findings = read(data, also=["PIN"])
    assert "hush" not in json.dumps([options, findings])
    assert findings["secrets"] or findings["left_out"]


@pytest.mark.parametrize(
    ("data", "left_out"),
    [
        ({"host": "<Odd/><Odd/>"}, [NO_WAY_TO_TELL.format("Odd")] * 2),
        ({"host": "<Odd/><Odd>x</Odd>"}, [NO_WAY_TO_TELL.format("Odd")]),
        ({"host": "<Odd>x</Odd><Odd>x</Odd>"}, [NO_WAY_TO_TELL.format("Odd")] * 2),
        ({"host": "<Odd>x<Even/></Odd>"}, ["it has text, which no option holds"]),
        ({"host": "x"}, ["it has text, which no option holds"]),
        ({"top": "<!-- x -->\n<?p?><![CDATA[ x ]]>"}, ["it has text, which no option holds"]),
        ({"host": '<Odd x="********"/>'}, ["attribute x holds ********, which stands for a secret"]),
        ({"host": '<o:dd xmlns:o="urn:o"/>'}, ["'o:dd' is not a plain name"]),
        ({"host": '<Odd xmlns:o="urn:o" o:x="1"/>'}, ["attribute 'o:x' has no plain name"]),
        ({"top_of_file": '<!DOCTYPE Server [<!ENTITY e "<Odd/>">]>', "host": "&e;"}, ["it holds an entity reference"]),
    ],
)
def test_what_cannot_be_said(read, data, left_out):
    _options, findings = read(data)
    assert [item["reason"] for item in findings["left_out"]] == left_out


# -- any file --------------------------------------------------------------

NAMES = st.sampled_from(["name", "className", "port", "path", "a", "x:a", "secret", "protocol", "url", "xmlBase"])
VALUES = st.sampled_from(
    ["", "a", "b", "a.B", "/a", "1", "8080", "0", "AJP/1.3", "${x}", "it's", 'b"', "a'\"b", "jdbc:x?password=p", " a "]
)
TEXTS = st.sampled_from(["", "", " ", "t", "<![CDATA[t]]>", "&lt;", "\u00a0t", "<!-- <Odd a='1'/> -->", "<?p?>", "&e;"])
TAGS = {
    "Server": ["Listener", "GlobalNamingResources", "Service", "Odd"],
    "GlobalNamingResources": ["Resource", "Environment", "Odd"],
    "Service": ["Executor", "Connector", "Engine", "Odd"],
    "Connector": ["UpgradeProtocol", "Odd"],
    "Engine": ["Host", "Valve", "Realm", "Cluster"],
    "Host": ["Valve", "Realm", "Cluster", "Context", "Alias", "Host"],
    "Context": ["Manager", "Resource", "Parameter", "Valve", "WatchedResource", "x:Odd"],
}


@st.composite
def trees(draw, tag, depth=5):
    attributes = draw(st.dictionaries(NAMES, VALUES, max_size=3))
    if tag == "Service":
        attributes["name"] = draw(st.sampled_from(["one", "two", "'\""]))
    text = "".join(' {}="{}"'.format(name, value.replace('"', "&quot;")) for name, value in attributes.items())
    if tag in ("Server", "Context") and depth == 5:
        text += ' xmlns:x="urn:x"'
    inner = draw(TEXTS)
    if depth:
        for child in draw(st.lists(st.sampled_from(TAGS.get(tag, ["Odd"])), max_size=3)):
            inner += draw(trees(child, depth - 1)) + draw(TEXTS)
    return f"<{tag}{text}>{inner}</{tag}>"


@settings(max_examples=100 * TIMES, deadline=None)
@given(st.one_of(trees("Server"), trees("Context")), st.booleans())
def test_any_file(read, text, pins):
    data = f"<!DOCTYPE x [<!ENTITY e 'v'>]>{text}".encode()
    names = [service.get("name") for service in XmlDocument(data, "some.xml").root.elements("Service")]
    for name in [name for name in names if names.count(name) == 1] or ([] if names else [None]):
        read(data, name, ["a"] if pins else [])
