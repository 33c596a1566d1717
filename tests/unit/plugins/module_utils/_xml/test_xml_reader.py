# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is read from a file, given back to the module for it, changes nothing."""

from __future__ import annotations

import json
import os
import pathlib
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError
from ansible_collections.roundrobin.tomcat.plugins.module_utils._xml.context import ContextXml
from ansible_collections.roundrobin.tomcat.plugins.module_utils._xml.context_reader import ContextInfo
from ansible_collections.roundrobin.tomcat.plugins.module_utils._xml.document import XmlDocument
from ansible_collections.roundrobin.tomcat.plugins.module_utils._xml.server import ServerXml
from ansible_collections.roundrobin.tomcat.plugins.module_utils._xml.server_reader import ServerInfo

HERE = pathlib.Path(__file__).resolve()
FIXTURES = HERE.parents[3] / "fixtures"
CORPUS = sorted(pathlib.Path(os.environ.get("TOMCAT_XML_CORPUS", HERE.parents[6] / "shared" / "corpus")).glob("*.xml"))
# ./run test --full looks much further.
TIMES = 20 if os.environ.get("RUN_FULL") else 1
NO_WAY_TO_TELL = "nothing that may be shown tells it from another {} beside it"


def read(data, service=None, also=()):
    """Return the options, and what the modules return beside them; make sure that they change nothing."""
    document = XmlDocument(data, "some.xml")
    server = document.root.tag == "Server"
    info = ServerInfo(document, service, also) if server else ContextInfo(document, also)
    options = info.read()
    # As Ansible hands them on.
    options = json.loads(json.dumps(options))
    again = XmlDocument(data, "some.xml")
    plan = (ServerXml if server else ContextXml)(again, {**options, "secret_attributes": also})
    assert plan.apply().changes == []
    assert again.to_bytes() == data
    findings = info.reader.findings()
    if not findings["left_out"]:
        said = Counter(leaves(options))
        # The name of the only Service is that of any.
        said.update(node.get("name") for node in document.root.elements("Service"))
        assert not Counter(contents(info.reader, document.root)) - said
    return options, findings


def leaves(options):
    """All values in options."""
    if isinstance(options, (dict, list)):
        for item in options.values() if isinstance(options, dict) else options:
            yield from leaves(item)
    else:
        yield str(options)


def contents(reader, node):
    """All values in a file that may be shown."""
    yield from reader.usable(node).values()
    if node.text:
        yield node.text
    for child in node.children:
        if child.kind == "element":
            yield from contents(reader, child)


def server(connectors="", engine="", host="", top=""):
    return (
        f'<Server port="8005">{top}<Service name="Catalina">{connectors}<Engine name="Catalina" defaultHost="localhost">'
        f'{engine}<Host name="localhost">{host}</Host></Engine></Service></Server>'
    ).encode()


def reasons(findings):
    return [item["reason"] for item in findings["left_out"]]


# -- real files ------------------------------------------------------------


def test_tomcats_server_xml():
    options, findings = read((FIXTURES / "server.xml").read_bytes())
    assert findings["left_out"] == findings["secrets"] == []
    assert "elements" not in options
    assert options["shutdown_port"] == "8005"
    assert options["connectors"] == [
        {
            "protocol": "HTTP/1.1",
            "port": "8080",
            "attributes": {"connectionTimeout": "20000", "redirectPort": "8443"},
        }
    ]
    assert options["realms"] == [
        {
            "parent": "engine",
            "class_name": "org.apache.catalina.realm.LockOutRealm",
            "children": [
                {
                    "tag": "Realm",
                    "identify_by": {"className": "org.apache.catalina.realm.UserDatabaseRealm"},
                    "attributes": {"resourceName": "UserDatabase"},
                }
            ],
        }
    ]
    disabled = [(item["tag"], item["attributes"].get("port")) for item in findings["disabled"]]
    assert ("Connector", "8009") in disabled
    # What stands inside of a commented-out element is not another one.
    assert "Certificate" not in dict(disabled)


def test_tomcats_context_xml():
    options, findings = read((FIXTURES / "context.xml").read_bytes())
    texts = ["WEB-INF/web.xml", "${catalina.base}/conf/web.xml"]
    assert options == {"elements": [{"parent": "/Context", "tag": "WatchedResource", "text": text} for text in texts]}
    assert findings["disabled"] == [{"element": "Context", "tag": "Manager", "attributes": {"pathname": ""}}]


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.name)
def test_files_of_others(path):
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
def test_another_file_can_be_made_the_same(name, blank):
    options, _findings = read((FIXTURES / name).read_bytes())
    document = XmlDocument(blank.encode(), name)
    (ServerXml if name == "server.xml" else ContextXml)(document, options).apply()
    document.prove()
    copied, _findings = read(document.to_bytes())
    assert copied == options


# -- one thing at a time ---------------------------------------------------


def test_each_kind_of_server_xml():
    options, findings = read(
        server(
            top='<Listener className="a.L"/><Listener className="a.L" x="1"/><GlobalNamingResources>'
            '<Environment name="e" value="1"/><Transaction factory="f"/></GlobalNamingResources>',
            connectors='<Executor name="pool" maxThreads="5"/><Connector port="${ajp.port}" protocol="ajp">'
            '<UpgradeProtocol className="a.U"/></Connector>',
            engine='<Cluster className="a.C"><Channel className="a.G"/></Cluster><Valve className="a.V"/>',
            host='<Alias>www</Alias><Alias>w3</Alias><Context path="" docBase="x"><Manager/></Context>'
            '<Realm className="a.R"/><Valve className="a.V" xmlBase="y"/>',
        ).replace(b'name="Catalina" d', b'name="Catalina" jvmRoute="jvm1" d')
    )
    # The first listener has no attribute that the second has not.
    assert findings["left_out"] == [
        {"element": 'Server/Listener[@className="a.L"]', "line": 1, "reason": NO_WAY_TO_TELL.format("Listener")}
    ]
    assert options == {
        "shutdown_port": "8005",
        "listeners": [{"class_name": "a.L", "identify_by": {"x": "1"}}],
        "global_resources": [{"tag": "Environment", "name": "e", "attributes": {"value": "1"}}],
        "elements": [{"parent": "/Server/GlobalNamingResources", "tag": "Transaction", "attributes": {"factory": "f"}}],
        "executors": [{"name": "pool", "attributes": {"maxThreads": "5"}}],
        "connectors": [
            {
                "protocol": "ajp",
                "port": "${ajp.port}",
                "children": [{"tag": "UpgradeProtocol", "identify_by": {"className": "a.U"}}],
            }
        ],
        "jvm_route": "jvm1",
        "engine": {"attributes": {"name": "Catalina", "defaultHost": "localhost"}},
        "clusters": [
            {
                "parent": "engine",
                "class_name": "a.C",
                "children": [{"tag": "Channel", "identify_by": {"className": "a.G"}}],
            }
        ],
        "hosts": [{"name": "localhost", "children": [{"tag": "Alias", "text": "www"}, {"tag": "Alias", "text": "w3"}]}],
        "contexts": [
            {"host": "localhost", "path": "", "attributes": {"docBase": "x"}, "children": [{"tag": "Manager"}]}
        ],
        "realms": [{"parent": "host", "host": "localhost", "class_name": "a.R"}],
        "valves": [
            {"parent": "engine", "class_name": "a.V"},
            {"parent": "host", "host": "localhost", "class_name": "a.V", "attributes": {"xmlBase": "y"}},
        ],
    }


def test_each_kind_of_context_xml():
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


def test_one_of_several_services():
    data = (
        b'<Server><Service name="a"><Connector port="1"/></Service>'
        b'<Service name="b"><Connector port="2"/><Odd x="it\'s"/></Service></Server>'
    )
    options, _findings = read(data, "b")
    assert options["service"] == {"name": "b"}
    assert [item["port"] for item in options["connectors"]] == ["2"]
    assert options["elements"] == [
        {
            "parent": "/Server",
            "tag": "Service",
            "identify_by": {"name": "a"},
            "children": [{"tag": "Connector", "identify_by": {"port": "1"}}],
        },
        {"parent": "/Server/Service[@name='b']", "tag": "Odd", "attributes": {"x": "it's"}},
    ]
    with pytest.raises(CollectionError, match=r"one Service is expected, known are: 'a' \(line 1\), 'b' \(line 1\)"):
        read(data)
    with pytest.raises(CollectionError, match="one Service named 'c' is expected"):
        read(data, "c")


def test_the_wrong_root():
    with pytest.raises(CollectionError, match="begins with Context"):
        read(b"<web-app/>")


SECRETS = [
    server(connectors='<Connector port="1" secret="hush"/>'),
    server(engine='<Realm className="a.R"><X className="a.Y" pin="hush" connectionPassword="hush"/></Realm>'),
    server(host='<Valve className="a.V" url="jdbc:x://u:hush@h/?password=hush"/>'),
    server(host='<Odd name="a"/><Odd pin="hush"/><!-- <Odd pin="hush"/> -->'),
    server(top='<pin>hush</pin><x password="hush"/><x password="hush"/>'),
    b'<Context pin="hush"><Manager className="a.M" password="hush"/></Context>',
    b'<Context><Resource name="x" url="jdbc:x?user=a&amp;password=hush" password="hush"/></Context>',
]


@pytest.mark.parametrize("data", SECRETS)
def test_secrets_are_not_shown(data):
    options, findings = read(data, also=["PIN"])
    assert "hush" not in json.dumps([options, findings])
    assert findings["secrets"] or findings["left_out"]


def test_secrets_are_listed():
    options, findings = read(SECRETS[-2], also=["pin"])
    # Not as the option manager, which would remove the password.
    assert options == {
        "elements": [{"parent": "/Context", "tag": "Manager", "identify_by": {"className": "a.M"}}],
    }
    assert findings["secrets"] == [
        {"element": "Context", "attribute": "pin"},
        {"element": 'Context/Manager[@className="a.M"]', "attribute": "password"},
    ]


@pytest.mark.parametrize(
    ("data", "left_out"),
    [
        (server(host="<Odd/><Odd/>"), [NO_WAY_TO_TELL.format("Odd")] * 2),
        (server(host="<Odd/><Odd>x</Odd>"), [NO_WAY_TO_TELL.format("Odd")]),
        (server(host="<Odd>x</Odd><Odd>x</Odd>"), [NO_WAY_TO_TELL.format("Odd")] * 2),
        (server(host="<Odd>x<Even/></Odd>"), ["it has text, which no option holds"]),
        (server(host="x"), ["it has text, which no option holds"]),
        (server(top="<!-- x -->\n<?p?><![CDATA[ x ]]>"), ["it has text, which no option holds"]),
        (server(host='<Odd x="********"/>'), ["attribute x holds ********, which stands for a secret"]),
        (server(host='<o:dd xmlns:o="urn:o"/>'), ["'o:dd' is not a plain name"]),
        (server(host='<Odd xmlns:o="urn:o" o:x="1"/>'), ["attribute 'o:x' has no plain name"]),
        (b'<!DOCTYPE Server [<!ENTITY e "<Odd/>">]>' + server(host="&e;"), ["it holds an entity reference"]),
        (
            b'<Server port="0" portOffset="007" address="x"/>',
            ["no option sets attribute {} of Server to this value"] * 3,
        ),
        (b"<Context><Manager/><Manager/></Context>", [NO_WAY_TO_TELL.format("Manager")] * 2),
    ],
)
def test_what_cannot_be_said(data, left_out):
    _options, findings = read(data)
    names = iter(["port", "portOffset", "address"])
    assert reasons(findings) == [reason.format(next(names)) if "{}" in reason else reason for reason in left_out]


@pytest.mark.parametrize(
    ("data", "tag"),
    [
        # No option takes these, though elements do.
        (server(connectors='<Connector port="1"/><Connector port="1" address="::1"/>'), "Connector"),
        (server(connectors='<Connector port="8005" address="x"/>'), "Connector"),
        (server(connectors='<Connector port="0"/>'), "Connector"),
        (server(connectors='<Connector port="08080"/>'), "Connector"),
        (server(connectors="<Connector/>"), "Connector"),
        (server(connectors='<Connector port="1" protocol="not a class"/>'), "Connector"),
        (server(connectors='<Connector port="1" protocol=" org.apache.coyote.ajp.AjpNioProtocol"/>'), "Connector"),
        (server(connectors='<Connector port="1">text</Connector>'), "Connector"),
        (server(connectors='<Executor name="e"><Odd/></Executor>'), "Executor"),
        (server(connectors="<Executor/>"), "Executor"),
        (server(connectors="<Engine/>"), "Engine"),
        (server(engine='<Cluster className="a.C"/><Cluster className="a.D"/>'), "Cluster"),
        (server(engine="<Cluster/>"), "Cluster"),
        (server(engine='<Host name=""><Valve className="a.V"/></Host>'), "Host"),
        (server(engine='<Valve className="not a class"/>'), "Valve"),
        (server(engine='<Valve className="a.V">text</Valve>'), "Valve"),
        (server(top="<GlobalNamingResources/>"), "GlobalNamingResources"),
        (server(top='<GlobalNamingResources><Resource name=""/></GlobalNamingResources>'), "Resource"),
        (b'<Context xmlns="urn:x"><Loader/></Context>', "Loader"),
        (b"<Context><Manager>text</Manager></Context>", "Manager"),
    ],
)
def test_what_only_elements_can_say(data, tag):
    options, _findings = read(data)
    assert tag in {item["tag"] for item in options["elements"]}


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
def test_any_file(text, pins):
    data = f"<!DOCTYPE x [<!ENTITY e 'v'>]>{text}".encode()
    names = [service.get("name") for service in XmlDocument(data, "some.xml").root.elements("Service")]
    for name in [name for name in names if names.count(name) == 1] or ([] if names else [None]):
        read(data, name, ["a"] if pins else [])
