# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import difflib
import os
import pathlib
import xml.parsers.expat

import pytest

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError
from ansible_collections.roundrobin.tomcat.plugins.module_utils._xml.connectors import protocol_kind
from ansible_collections.roundrobin.tomcat.plugins.module_utils._xml.document import XmlDocument
from ansible_collections.roundrobin.tomcat.plugins.module_utils._xml.server import ServerXml

HERE = pathlib.Path(__file__).resolve()
STOCK = (HERE.parents[3] / "fixtures" / "server.xml").read_bytes()
# Real files that others own: they are read where they lie, the project keeps no copy.
CORPUS = pathlib.Path(os.environ.get("TOMCAT_XML_CORPUS", HERE.parents[6] / "shared" / "corpus"))
CORPUS_FILES = sorted(CORPUS.glob("*-server-*.xml"))

AJP = {"protocol": "AJP/1.3", "port": "8009"}
HTTP = {"protocol": "HTTP/1.1", "port": "8080"}
HTTP_OFF = {**HTTP, "state": "disabled"}
ROLE = {
    "shutdown_port": "-1",
    "jvm_route": "jvm1",
    "service": {"attributes": {"gracefulStopAwaitMillis": 15000}},
    "hosts": [{"attributes": {"autoDeploy": False}}],
    "connectors": [
        {
            "protocol": "ajp",
            "match": "protocol",
            "port": "8109",
            "attributes": {"address": "192.0.2.1", "secret": "s3"},
        },
        {"protocol": "http", "match": "protocol", "state": "disabled"},
    ],
}


def apply(options, data=STOCK):
    document = XmlDocument(data, "server.xml")
    editor = ServerXml(document, options).apply()
    document.prove()
    return document.to_bytes(), editor.changes, editor.warnings


def edited(options, data=STOCK):
    """Apply twice: the second time nothing may change."""
    once, changes, warnings = apply(options, data)
    assert bool(changes) == (once != data)
    assert apply(options, once) == (once, [], warnings)
    return once


def delta(before, after):
    """Return the lines of the diff; Latin-1 has a character for every byte."""
    old, new = ([line.decode("latin-1") for line in data.splitlines()] for data in (before, after))
    lines = difflib.unified_diff(old, new, n=0, lineterm="")
    return [line for line in lines if not line.startswith(("---", "+++", "@@"))]


def well_formed(data):
    """Ask another parser than the one under test."""
    try:
        xml.parsers.expat.ParserCreate().Parse(data, True)
    except xml.parsers.expat.ExpatError:
        return False
    return True


def server(connectors="", service="", host=""):
    return (
        f'<Server port="8005">\n  <Service name="S"{service}>\n{connectors}    <Engine name="E" defaultHost="h">\n'
        f'      <Host name="h"{host}/>\n    </Engine>\n  </Service>\n</Server>\n'
    ).encode()


@pytest.mark.parametrize(
    ("options", "lines"),
    [
        (
            {"jvm_route": "jvm1"},
            [
                '-    <Engine name="Catalina" defaultHost="localhost">',
                '+    <Engine name="Catalina" defaultHost="localhost" jvmRoute="jvm1">',
            ],
        ),
        (
            {"shutdown_port": "-1", "shutdown_command": "STOP", "port_offset": 100},
            [
                '-<Server port="8005" shutdown="SHUTDOWN">',
                '+<Server port="-1" shutdown="STOP" portOffset="100">',
            ],
        ),
        (
            {"connectors": [{**AJP, "attributes": {"address": "192.0.2.1", "secret": "s3", "bindOnInit": False}}]},
            [
                "-    <!--",
                '-               address="::1"',
                '+               address="192.0.2.1"',
                '+               secret="s3"',
                '+               bindOnInit="false"',
                "-    -->",
            ],
        ),
        ({"connectors": [HTTP_OFF]}, ["+    <!--", "+    -->"]),
        (
            {
                "connectors": [
                    {**HTTP, "attributes": {"redirectPort": 443}, "attributes_to_remove": ["connectionTimeout"]}
                ]
            },
            [
                '-               connectionTimeout="20000"',
                '-               redirectPort="8443"',
                '+               redirectPort="443"',
            ],
        ),
        (
            {"connectors": [{"protocol": "AJP/1.3", "port": "9009"}]},
            ['+    <Connector port="9009" protocol="AJP/1.3" />'],
        ),
        (
            {"connectors": [{"protocol": "AJP/1.3", "port": "9009", "match": "protocol"}]},
            ["-    <!--", '-               port="8009"', '+               port="9009"', "-    -->"],
        ),
        (
            {"hosts": [{"attributes": {"autoDeploy": False}}]},
            ['-            unpackWARs="true" autoDeploy="true">', '+            unpackWARs="true" autoDeploy="false">'],
        ),
        (
            {"hosts": [{"name": "b.example.com", "attributes": {"appBase": "b"}}]},
            ['+      <Host name="b.example.com" appBase="b" />'],
        ),
        (
            {"listeners": [{"class_name": "org.apache.catalina.security.SecurityListener"}]},
            [
                "-  <!-- Security listener. Documentation at /docs/config/listeners.html",
                "+  <!-- Security listener. Documentation at /docs/config/listeners.html -->",
                "-  -->",
            ],
        ),
        (
            {"listeners": [{"class_name": "a.B", "attributes": {"x": True}}]},
            ['+  <Listener className="a.B" x="true" />'],
        ),
        (
            {"valves": [{"class_name": "a.V", "attributes": {"pattern": '%{x}i "<&>"'}}]},
            ['+        <Valve className="a.V" pattern="%{x}i &quot;&lt;&amp;>&quot;" />'],
        ),
        (
            {"valves": [{"class_name": "a.V", "parent": "engine"}]},
            ['+      <Valve className="a.V" />'],
        ),
        (
            {"engine": {"attributes": {"backgroundProcessorDelay": 5}, "attributes_to_remove": ["missing"]}},
            [
                '-    <Engine name="Catalina" defaultHost="localhost">',
                '+    <Engine name="Catalina" defaultHost="localhost" backgroundProcessorDelay="5">',
            ],
        ),
        (
            {
                "elements": [
                    {"parent": "/Server/Service/Engine/Realm", "tag": "Realm", "state": "absent"},
                    {"parent": "/Server/Service", "tag": "Executor", "identify_by": {"name": "x"}, "state": "absent"},
                    {"parent": "/Server/None", "tag": "None", "state": "disabled"},
                ]
            },
            [
                '-        <Realm className="org.apache.catalina.realm.UserDatabaseRealm"',
                '-               resourceName="UserDatabase"/>',
            ],
        ),
        (
            {
                "elements": [
                    {"parent": "/Server/Service/Engine/Host", "tag": "Context", "identify_by": {"path": "/a"}},
                    {
                        "parent": "/Server/Service/Engine/Host/Context[@path='/a']",
                        "tag": "Resources",
                        "attributes": {"cachingAllowed": False},
                    },
                ]
            },
            [
                '+        <Context path="/a">',
                '+          <Resources cachingAllowed="false" />',
                "+        </Context>",
            ],
        ),
    ],
)
def test_what_an_administrator_would_have_changed(options, lines):
    assert delta(STOCK, edited(options)) == lines
    crlf = STOCK.replace(b"\n", b"\r\n")
    assert edited(options, crlf) == edited(options).replace(b"\n", b"\r\n")


def test_all_that_the_role_wants():
    after = edited(ROLE)
    ports = [
        (node.get("port"), protocol_kind(node.get("protocol")))
        for node in XmlDocument(after, "f").select("/Server/Service/Connector")
    ]
    assert ports == [("8109", "ajp")]
    back = {
        "shutdown_port": "8005",
        "engine": {"attributes_to_remove": ["jvmRoute"]},
        "service": {"attributes_to_remove": ["gracefulStopAwaitMillis"]},
        "hosts": [{"attributes": {"autoDeploy": True}}],
        "connectors": [
            {
                "protocol": "ajp",
                "match": "protocol",
                "port": "8009",
                "attributes": {"address": "::1"},
                "attributes_to_remove": ["secret"],
            },
            {**HTTP, "match": "protocol"},
        ],
    }
    restored = edited(back, after)
    assert edited({"connectors": [{**AJP, "state": "disabled"}]}, restored) == STOCK


def test_a_port_moves_and_leaves_no_stale_connector():
    for port in ("8109", "8209", "8009"):
        options = {**ROLE, "connectors": [{**ROLE["connectors"][0], "port": port}]}
        nodes = XmlDocument(edited(options, edited(ROLE)), "f").select("/Server/Service/Connector[@protocol='AJP/1.3']")
        assert [node.get("port") for node in nodes] == [port]


def test_two_connectors_swap_their_ports():
    data = server('    <Connector port="1" protocol="AJP/1.3"/>\n    <Connector port="2"/>\n')
    options = {
        "connectors": [
            {"protocol": "AJP/1.3", "port": "2", "match": "protocol"},
            {"protocol": "HTTP/1.1", "port": "1", "match": "protocol"},
        ]
    }
    after = edited(options, data)
    assert after == server('    <Connector port="2" protocol="AJP/1.3"/>\n    <Connector port="1"/>\n')


def test_an_executor_stands_before_the_connectors():
    data = server('    <Connector port="1"/>\n')
    item = {"parent": "/Server/Service", "tag": "Executor", "identify_by": {"name": "x"}}
    after = edited({"elements": [item]}, data)
    assert after == server('    <Executor name="x"/>\n    <Connector port="1"/>\n')


def test_plain_and_tls_connectors_do_not_meet():
    options = {
        "connectors": [
            {**HTTP_OFF, "match": "protocol"},
            {"protocol": "HTTP/1.1", "port": "8443", "match": "protocol", "attributes": {"SSLEnabled": True}},
        ]
    }
    after = edited(options)
    assert [node.get("port") for node in XmlDocument(after, "f").select("//Connector")] == ["8443"]
    assert b"<SSLHostConfig>" in after


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        (None, "http"),
        ("HTTP/1.1", "http"),
        ("org.apache.coyote.http11.Http11Nio2Protocol", "http"),
        ("AJP/1.3", "ajp"),
        ("org.apache.coyote.ajp.AjpNioProtocol", "ajp"),
        ("org.example.Mine", "org.example.Mine"),
    ],
)
def test_protocol_kind(given, kind):
    assert protocol_kind(given) == kind


def test_a_generic_protocol_accepts_the_class_that_is_there():
    data = server('    <Connector port="1" protocol="org.apache.coyote.http11.Http11Nio2Protocol"/>\n')
    assert edited({"connectors": [{"protocol": "HTTP/1.1", "port": "1"}]}, data) == data
    wanted = "org.apache.coyote.http11.Http11NioProtocol"
    assert wanted.encode() in edited({"connectors": [{"protocol": wanted, "port": "1"}]}, data)


def test_a_connector_without_protocol_is_http():
    data = server('    <Connector port="1"/>\n')
    assert edited({"connectors": [{"protocol": "http", "port": "1", "state": "absent"}]}, data) == server()


def test_match_port_changes_the_protocol():
    data = server('    <Connector port="1" protocol="HTTP/1.1"/>\n')
    after = edited({"connectors": [{"protocol": "AJP/1.3", "port": "1", "match": "port"}]}, data)
    assert after == server('    <Connector port="1" protocol="AJP/1.3"/>\n')


def test_match_protocol_leaves_tls_alone():
    data = server('    <Connector port="1" SSLEnabled="true"/>\n    <Connector port="2"/>\n')
    after = edited({"connectors": [{"protocol": "http", "match": "protocol", "state": "absent"}]}, data)
    assert after == server('    <Connector port="1" SSLEnabled="true"/>\n')
    options = {
        "connectors": [{"protocol": "http", "match": "protocol", "port": "3", "attributes": {"SSLEnabled": True}}]
    }
    assert b'<Connector port="3" SSLEnabled="true"' in edited(options, data)


def test_match_protocol_takes_the_one_that_has_the_port():
    data = server('    <Connector port="1"/>\n    <Connector port="2"/>\n')
    options = {"protocol": "http", "match": "protocol", "port": "2", "attributes": {"maxThreads": 7}}
    after = edited({"connectors": [options]}, data)
    assert after == data.replace(b'"2"', b'"2" maxThreads="7"')
    for changed in ({"port": "3"}, {"state": "absent"}, {"state": "disabled"}):
        with pytest.raises(CollectionError, match=r"matches 2 elements \(lines 3, 4\); .* give the port"):
            apply({"connectors": [{**options, **changed}]}, data)


def test_of_two_commented_connectors_the_similar_one_comes_back():
    once = edited({"connectors": [HTTP_OFF]})
    assert edited({"connectors": [HTTP]}, once) == STOCK
    pool = {**HTTP, "attributes": {"executor": "tomcatThreadPool"}}
    assert delta(once, edited({"connectors": [pool]}, once)) == ["-    <!--", "-    -->"]


def test_services_are_told_apart_by_name():
    data = b"""<Server><Service name="A"><Engine name="x"/></Service><Service name="B"><Engine name="y"/></Service></Server>"""
    with pytest.raises(CollectionError, match=r"one Service is expected, known are: 'A' \(line 1\), 'B' \(line 1\)"):
        apply({"jvm_route": "r"}, data)
    after = edited({"jvm_route": "r", "service": {"name": "B"}}, data)
    assert after == data.replace(b'"y"', b'"y" jvmRoute="r"')


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"shutdown_port": "0"},
            "shutdown_port: 0 is not a port; a number from 1 to 65535, or -1 for none, is expected",
        ),
        ({"shutdown_port": "65536"}, "65536 is not a port"),
        ({"shutdown_port": "8005 "}, "'8005 ' is not a port"),
        ({"shutdown_command": ""}, "shutdown_command is empty"),
        ({"port_offset": -1}, "port_offset"),
        ({"jvm_route": "a.b"}, "'a.b' is not a route; 1 to 63 letters"),
        ({"jvm_route": "a;b"}, "is not a route"),
        ({"jvm_route": "a" * 64}, "is not a route"),
        ({"jvm_route": ""}, "is not a route"),
        ({"jvm_route": "a\n"}, "is not a route"),
        ({"jvm_route": "a", "engine": {"attributes": {"jvmRoute": "b"}}}, "differ"),
        (
            {"service": {"name": "X", "attributes": {"a": 1}}},
            r"one Service named 'X' is expected, known are: 'Catalina'",
        ),
        ({"connectors": [{"protocol": "http", "port": "http"}]}, r"connectors\[0\]: port: 'http' is not a port"),
        ({"connectors": [{"protocol": "http", "port": "-1"}]}, "-1 is not a port"),
        ({"connectors": [{"protocol": "http"}]}, "port is missing"),
        ({"connectors": [{"protocol": "http", "match": "protocol"}]}, "port is missing"),
        ({"connectors": [{"protocol": "no protocol", "port": "1"}]}, "'no protocol' is not a Java class name"),
        ({"connectors": [{**HTTP, "attributes": {"port": 1}}]}, "attributes cannot hold port"),
        ({"connectors": [{**HTTP, "attributes": {"x": None}}]}, "attribute x has no value"),
        ({"connectors": [{**HTTP, "attributes": {"x": [1]}}]}, "attribute x is a list"),
        (
            {"connectors": [{**HTTP, "attributes": {"x": "a\0b"}}]},
            r"attribute x holds the character U\+0000 in 'a\\x00b'",
        ),
        ({"connectors": [{**HTTP, "attributes": {"x": "\ud800"}}]}, r"U\+D800"),
        ({"connectors": [{**HTTP, "attributes": {"a b": "1"}}]}, "'a b' cannot be the name of an attribute"),
        ({"connectors": [{**HTTP, "attributes": {"xmlns": "1"}}]}, "'xmlns' cannot be"),
        (
            {"connectors": [{**HTTP, "attributes": {"x": 1}, "attributes_to_remove": ["x"]}]},
            "both to be set and to be removed",
        ),
        ({"connectors": [HTTP, HTTP_OFF]}, r"connectors\[1\] \(.*\) and connectors\[0\] \(.*\) mean the same element"),
        (
            {"connectors": [HTTP, {**HTTP, "port": "1", "match": "protocol"}]},
            "mean the same element; each needs one of its own: give the port",
        ),
        ({"connectors": [HTTP, {**AJP, "port": "8080", "match": "port"}]}, "mean the same element"),
        (
            {"connectors": [{"protocol": "AJP/1.3", "port": "8080"}]},
            r"port 8080 is used twice .* HTTP/1.1 connector in line \d+",
        ),
        ({"connectors": [{"protocol": "AJP/1.3", "port": "8005"}]}, "port 8005 is used twice .* the shutdown port"),
        ({"shutdown_port": "8080"}, "port 8080 is used twice"),
        (
            {"hosts": [{"name": "a"}, {"name": "a"}]},
            r"hosts\[0\] \(Host with name='a'\) and hosts\[1\] \(Host with name='a'\) mean the same",
        ),
        ({"listeners": [{"class_name": "not a class"}]}, "is not a Java class name"),
        ({"valves": [{"class_name": "a.V", "host": "x"}]}, "one Host named 'x' is expected, known are: 'localhost'"),
        ({"valves": [{"class_name": "a.V", "host": "x", "parent": "engine"}]}, "choose one"),
        ({"elements": [{"parent": "/Server/X", "tag": "Y"}]}, "selects 0 elements"),
        ({"elements": [{"parent": "//Listener", "tag": "Y"}]}, r"selects 2 elements \(lines 4, 8\)"),
        ({"elements": [{"parent": "/Server[", "tag": "Y"}]}, "is not a valid XPath"),
        ({"elements": [{"parent": "/Server", "tag": "a b"}]}, "'a b' cannot be the name of an element"),
        ({"elements": [{"parent": "/Server", "tag": "Listener"}]}, r"matches 2 elements \(lines 4, 8\)"),
        (
            {"elements": [{"parent": "/Server", "tag": "X", "identify_by": {"a": 1}, "attributes": {"a": 2}}]},
            "attribute a is given two values, '1' and '2'",
        ),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(CollectionError, match=message):
        apply(options)


def test_a_secret_is_in_no_message():
    options = {"connectors": [{**HTTP, "attributes": {"secret": "hush\0hush"}}]}
    with pytest.raises(CollectionError) as caught:
        apply(options)
    assert "hush" not in str(caught.value)


def test_changes_are_told_without_secrets():
    data = server('    <Connector port="1" protocol="AJP/1.3" secret="old-hush"/>\n')
    options = {
        "jvm_route": "r",
        "connectors": [
            {"protocol": "ajp", "port": "1", "attributes": {"secret": "hush"}},
            {"protocol": "http", "port": "2", "attributes": {"keystorePass": "hush", "myKey": "hush"}},
        ],
        "secret_attributes": ["mykey"],
    }
    _data, changes, _warnings = apply(options, data)
    assert "hush" not in str(changes)
    assert changes == [
        {
            "action": "set",
            "element": 'Server/Service[@name="S"]/Engine[@name="E"]',
            "attribute": "jvmRoute",
            "before": None,
            "after": "r",
        },
        {
            "action": "set",
            "element": 'Server/Service[@name="S"]/Connector[@port="1"]',
            "attribute": "secret",
            "before": "********",
            "after": "********",
        },
        {
            "action": "added",
            "element": 'Server/Service[@name="S"]/Connector[@port="2"]',
            "attributes": {"port": "2", "protocol": "HTTP/1.1", "keystorePass": "********", "myKey": "********"},
        },
    ]


def test_ports_that_clashed_before_are_a_warning_unless_they_are_wanted():
    data = server('    <Connector port="1"/>\n    <Connector port="1" address="::1" protocol="AJP/1.3"/>\n')
    _data, changes, warnings = apply({"jvm_route": "r"}, data)
    assert len(changes) == 1
    assert "port 1 is used twice" in warnings[0]
    with pytest.raises(CollectionError, match="port 1 is used twice"):
        apply({"connectors": [{"protocol": "ajp", "port": "1"}]}, data)
    assert apply({"connectors": [{"protocol": "ajp", "port": "1", "state": "absent"}]}, data)[2] == []


def test_one_port_on_two_addresses_is_fine():
    data = server('    <Connector port="1" address="192.0.2.1"/>\n')
    options = {"connectors": [{"protocol": "ajp", "port": "1", "attributes": {"address": "192.0.2.2"}}]}
    assert b'address="192.0.2.2"' in edited(options, data)


@pytest.mark.parametrize(
    "data", [b"<Context/>", b"<web-app/>", b'<x:Server xmlns:x="urn:x"/>', b'<!DOCTYPE Server><server port="8005"/>']
)
def test_another_kind_of_file(data):
    with pytest.raises(CollectionError, match="server.xml:1: the root element is .* begins with Server"):
        apply({"jvm_route": "r"}, data)


def test_a_server_without_parts():
    with pytest.raises(CollectionError, match="Server has no Service"):
        apply({"jvm_route": "r"}, b"<Server/>")
    with pytest.raises(CollectionError, match="Service 'S' has 0 Engine elements"):
        apply({"jvm_route": "r"}, b'<Server><Service name="S"/></Server>')
    with pytest.raises(CollectionError, match="known are: 'a', 'b'"):
        hosts = b'<Host name="a"/><Host name="b"/>'
        apply(
            {"hosts": [{"attributes": {"x": 1}}]},
            b'<Server><Service><Engine defaultHost="c">' + hosts + b"</Engine></Service></Server>",
        )


# Each with the number of lines that it may take away and add at most.
EDITS = [
    ({"shutdown_port": "-1"}, 1, 1),
    ({"jvm_route": "jvm1"}, 1, 1),
    ({"service": {"attributes": {"gracefulStopAwaitMillis": 15000}}}, 1, 1),
    ({"connectors": [{"protocol": "AJP/1.3", "port": "18009", "match": "protocol"}]}, 3, 3),
    ({"connectors": [{"protocol": "HTTP/1.1", "port": "18080", "attributes": {"maxThreads": 7}}]}, 1, 2),
    ({"valves": [{"class_name": "org.example.Valve", "parent": "engine", "attributes": {"x": "<&\">'"}}]}, 1, 3),
    ({"listeners": [{"class_name": "org.apache.catalina.security.SecurityListener"}]}, 3, 3),
    ({"executors": [{"name": "org.example.pool", "attributes": {"maxThreads": 9}}]}, 0, 1),
    ({"realms": [{"class_name": "org.example.Realm", "children": [{"tag": "Realm"}]}]}, 1, 4),
    ({"clusters": [{"class_name": "org.example.Cluster", "attributes": {"x": 1}}]}, 3, 3),
    ({"global_resources": [{"name": "jdbc/org.example", "attributes": {"x": 1}}]}, 1, 5),
    ({"purge": ["listeners"], "listeners": [{"class_name": "org.example.Listener"}]}, 60, 1),
]


@pytest.mark.parametrize("file", CORPUS_FILES, ids=lambda file: file.stem)
def test_files_of_others(file):
    data = file.read_bytes()
    if not well_formed(data):
        with pytest.raises(CollectionError, match=rf"^{file}:\d+:\d+: is not well-formed XML: "):
            XmlDocument(data, str(file))
        return
    names = [service.get("name") for service in XmlDocument(data, str(file)).root.elements("Service")]
    for options, removed, added in EDITS:
        if not names and not {"shutdown_port", "listeners", "global_resources"} & set(options):
            continue
        service = {**options.get("service", {}), "name": names[0]} if names else None
        after = edited({**options, "service": service}, data)
        lines = delta(data, after)
        assert len([line for line in lines if line.startswith("-")]) <= removed, options
        assert len([line for line in lines if line.startswith("+")]) <= added, options
