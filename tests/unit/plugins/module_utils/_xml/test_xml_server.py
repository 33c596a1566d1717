# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The parts of a server.xml that have options of their own, and purge."""

from __future__ import annotations

import os
import pathlib
import xml.parsers.expat

import pytest

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError
from ansible_collections.roundrobin.tomcat.plugins.module_utils._xml.connectors import protocol_kind
from ansible_collections.roundrobin.tomcat.plugins.module_utils._xml.document import XmlDocument

HERE = pathlib.Path(__file__).resolve()
# Real files that others own: they are read where they lie, the project keeps no copy.
CORPUS = pathlib.Path(os.environ.get("TOMCAT_XML_CORPUS", HERE.parents[6] / "shared" / "corpus"))
CORPUS_FILES = sorted(CORPUS.glob("*-server-*.xml"))

LOCK_OUT = "org.apache.catalina.realm.LockOutRealm"
USERS = "org.apache.catalina.realm.UserDatabaseRealm"
CLUSTER = "org.apache.catalina.ha.tcp.SimpleTcpCluster"
STATES = ["present", "absent", "disabled"]
ALIAS = {"tag": "Alias", "text": "www.example.com"}

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


def well_formed(data):
    """Ask another parser than the one under test."""
    try:
        xml.parsers.expat.ParserCreate().Parse(data, True)
    except xml.parsers.expat.ExpatError:
        return False
    return True


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
        (
            {"executors": [{"name": "pool", "attributes": {"maxThreads": 9}}]},
            ['+    <Executor name="pool" maxThreads="9" />'],
        ),
        (
            {"connectors": [{"protocol": "http", "port": "81", "identify_by": {"executor": "pool"}}]},
            ['+    <Connector port="81" protocol="HTTP/1.1" executor="pool" />'],
        ),
        (
            {"connectors": [{"protocol": "http", "port": "81", "identify_by": {"redirectPort": 8443}}]},
            ['-    <Connector port="8080" protocol="HTTP/1.1"', '+    <Connector port="81" protocol="HTTP/1.1"'],
        ),
        (
            {"hosts": [{"children": [ALIAS, {**ALIAS, "text": "b<&"}]}]},
            ["+        <Alias>www.example.com</Alias>", "+        <Alias>b&lt;&amp;</Alias>"],
        ),
        (
            {
                "contexts": [
                    {
                        "path": "/shop",
                        "attributes": {"docBase": "shop"},
                        "children": [{"tag": "Resources", "children": [{"tag": "PreResources"}]}],
                    }
                ]
            },
            [
                '+        <Context path="/shop" docBase="shop">',
                "+          <Resources>",
                "+            <PreResources />",
                "+          </Resources>",
                "+        </Context>",
            ],
        ),
        (
            {
                "realms": [
                    {
                        "class_name": LOCK_OUT,
                        "attributes": {"failureCount": 3},
                        "children": [
                            {
                                "tag": "Realm",
                                "identify_by": {"className": USERS},
                                "attributes_to_remove": ["resourceName"],
                                "children": [{"tag": "CredentialHandler", "attributes": {"iterations": 1}}],
                            }
                        ],
                    }
                ]
            },
            [
                f'-      <Realm className="{LOCK_OUT}">',
                f'-        <Realm className="{USERS}"',
                '-               resourceName="UserDatabase"/>',
                f'+      <Realm className="{LOCK_OUT}" failureCount="3">',
                f'+        <Realm className="{USERS}">',
                '+          <CredentialHandler iterations="1" />',
                "+        </Realm>",
            ],
        ),
        (
            {"realms": [{"class_name": USERS, "parent": "host", "host": "localhost"}]},
            [f'+        <Realm className="{USERS}" />'],
        ),
        (
            {"clusters": [{"class_name": CLUSTER, "children": [{"tag": "Manager", "attributes": {"a": 1}}]}]},
            [f'+      <Cluster className="{CLUSTER}">', '+        <Manager a="1" />', "+      </Cluster>"],
        ),
        (
            {"global_resources": [{"name": "jdbc/shop"}, {"name": "n", "tag": "Environment", "attributes": {"v": 1}}]},
            ['+    <Resource name="jdbc/shop" />', '+    <Environment name="n" v="1" />'],
        ),
        (
            {
                "valves": [
                    {"class_name": "a.V", "identify_by": {"prefix": "one"}},
                    {"class_name": "a.V", "identify_by": {"prefix": "two"}, "attributes": {"x": 2}},
                ],
                "listeners": [
                    {"class_name": "a.L", "identify_by": {"id": 1}},
                    {"class_name": "a.L", "identify_by": {"id": 2}},
                ],
            },
            [
                '+  <Listener className="a.L" id="1" />',
                '+  <Listener className="a.L" id="2" />',
                '+        <Valve className="a.V" prefix="one" />',
                '+        <Valve className="a.V" prefix="two" x="2" />',
            ],
        ),
        (
            {
                "connectors": [
                    {
                        "protocol": "org.apache.coyote.http11.Http11NioProtocol",
                        "port": "8443",
                        "children": [
                            {
                                "tag": "SSLHostConfig",
                                "children": [{"tag": "Certificate", "identify_by": {"type": "RSA"}, "state": "absent"}],
                            }
                        ],
                    }
                ]
            },
            [
                "-    <!--",
                '-            <Certificate certificateKeystoreFile="conf/localhost-rsa.jks"',
                '-                         certificateKeystorePassword="changeit" type="RSA" />',
                "-    -->",
            ],
        ),
        (
            {"elements": [{"parent": "//Engine", "tag": "Cluster", "children": [{"tag": "Channel"}]}]},
            ["+      <Cluster>", "+        <Channel />", "+      </Cluster>"],
        ),
    ],
)
def test_what_an_administrator_would_have_changed(edited, delta, stock, options, lines):
    assert delta(stock, edited(options)) == lines
    crlf = stock.replace(b"\n", b"\r\n")
    assert edited(options, crlf) == edited(options).replace(b"\n", b"\r\n")


def test_all_that_the_role_wants(edited, stock):
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
    assert edited({"connectors": [{**AJP, "state": "disabled"}]}, restored) == stock


def test_a_port_moves_and_leaves_no_stale_connector(edited):
    for port in ("8109", "8209", "8009"):
        options = {**ROLE, "connectors": [{**ROLE["connectors"][0], "port": port}]}
        nodes = XmlDocument(edited(options, edited(ROLE)), "f").select("/Server/Service/Connector[@protocol='AJP/1.3']")
        assert [node.get("port") for node in nodes] == [port]


def test_services_are_told_apart_by_name(apply, edited):
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
        ({"listeners": [{"class_name": "not a class"}]}, "is not a Java class name"),
        ({"valves": [{"class_name": "a.V", "host": "x"}]}, "one Host named 'x' is expected, known are: 'localhost'"),
        ({"valves": [{"class_name": "a.V", "host": "x", "parent": "engine"}]}, "choose one"),
        ({"valves": [{"class_name": "a.V", "identify_by": {"className": "b"}}]}, "className is given two values"),
        ({"contexts": [{"path": "shop"}]}, r"contexts\[0\]: 'shop' is not the path of a context; /name is expected"),
        ({"contexts": [{"path": "/"}]}, "'/' is not the path"),
        ({"contexts": [{"path": "/a", "host": "x"}]}, r"one Host named 'x' is expected.*contexts\[0\]: host"),
        ({"realms": [{"class_name": "a b"}]}, r"realms\[0\]: 'a b' is not a Java class name"),
        ({"realms": [{"class_name": "a.B", "host": "x"}]}, r"realms\[0\]: host is given although parent is engine"),
    ],
)
def test_bad_options(apply, options, message):
    with pytest.raises(CollectionError, match=message):
        apply(options)


def test_a_secret_is_in_no_message(apply):
    options = {"connectors": [{**HTTP, "attributes": {"secret": "hush\0hush"}}]}
    with pytest.raises(CollectionError) as caught:
        apply(options)
    assert "hush" not in str(caught.value)


def test_a_server_without_parts(apply):
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


EACH = {
    "executors": {"name": "x"},
    "hosts": {"name": "b"},
    "contexts": {"path": "/x"},
    "listeners": {"class_name": "a.B"},
    "valves": {"class_name": "a.B", "parent": "engine"},
    "realms": {"class_name": "a.B", "parent": "host"},
    "clusters": {"class_name": "a.B"},
    "global_resources": {"name": "x"},
    "connectors": {"protocol": "http", "port": "1", "identify_by": {"executor": "x"}},
}


@pytest.mark.parametrize("kind", EACH)
def test_each_kind_goes_and_comes_back(edited, stock, kind):
    there = edited({kind: [{**EACH[kind], "attributes": {"a": 1}}]})
    off = edited({kind: [{**EACH[kind], "state": "disabled"}]}, there)
    assert off.count(b"<!--") == there.count(b"<!--") + 1
    assert edited({kind: [EACH[kind]]}, off) == there
    assert edited({kind: [{**EACH[kind], "state": "absent"}]}, there) == stock
    assert edited({kind: [{**EACH[kind], "attributes_to_remove": ["a"]}]}, there) == edited({kind: [EACH[kind]]})


@pytest.mark.parametrize("kind", EACH)
def test_purge_leaves_what_an_entry_names(apply, edited, kind):
    there = edited({kind: [EACH[kind]]})
    named = {kind: [EACH[kind]], "purge": [kind]}
    once = edited(named)
    assert edited(named, there) == once
    none = edited({kind: [], "purge": [kind]}, there)
    assert none == edited({kind: [], "purge": [kind]}, once)
    assert XmlDocument(none, "f").root.get("port") == "8005"
    with pytest.raises(CollectionError, match=f"purge: {kind} is named but the option {kind} is not given"):
        apply({"purge": [kind]})
    with pytest.raises(CollectionError, match="is not given"):
        apply({"purge": [kind], kind: None})


def test_purge_stays_where_the_options_are(edited):
    data = b"""<Server>
  <GlobalNamingResources>
    <Resource name="a"/>
    <Transaction/>
  </GlobalNamingResources>
  <Service name="S">
    <Connector port="1"/>
    <Connector port="2"/>
    <!-- <Connector port="3"/> -->
    <Engine name="E" defaultHost="h">
      <Valve className="a.E"/>
      <Host name="h">
        <Context path="/a"><Valve className="a.C"/></Context>
        <Valve className="a.H"/>
        <Valve className="a.K"/>
        <Valve className="a.J"/>
      </Host>
    </Engine>
  </Service>
  <Service name="T">
    <Connector port="4"/>
  </Service>
</Server>
"""
    options = {
        "service": {"name": "S"},
        "connectors": [{"protocol": "http", "port": "2", "state": "disabled"}],
        "valves": [],
        "global_resources": [],
        # Named, be it in another option.
        "hosts": [{"children": [{"tag": "Valve", "identify_by": {"className": "a.H"}}]}],
        "elements": [{"parent": "//Host", "tag": "Valve", "identify_by": {"className": "a.K"}}],
        "purge": ["connectors", "valves", "global_resources"],
    }
    gone = (b'    <Resource name="a"/>\n', b'    <Connector port="1"/>\n')
    gone += (b'      <Valve className="a.E"/>\n', b'        <Valve className="a.J"/>\n')
    after = data.replace(b'<Connector port="2"/>', b'<!-- <Connector port="2"/> -->')
    for line in gone:
        after = after.replace(line, b"")
    assert edited(options, data) == after


def test_purged_hosts_take_with_them_what_is_inside(apply, edited):
    data = edited({"hosts": [{"name": "b", "children": [{"tag": "Valve", "attributes": {"className": "a.V"}}]}]})
    _after, changes, _warnings = apply({"hosts": [{}], "valves": [], "purge": ["valves", "hosts"]}, data)
    assert [change["element"].rpartition("Catalina")[2] for change in changes] == [
        '"]/Host[@name="b"]',
        '"]/Host[@name="localhost"]/Valve[@className="org.apache.catalina.valves.AccessLogValve"]',
    ]


def test_global_naming_resources_are_created_where_they_belong(edited):
    data = b'<Server>\n  <Listener className="a.L"/>\n  <Service name="S"/>\n</Server>\n'
    assert edited({"global_resources": [{"name": "a", "state": "absent"}]}, data) == data
    assert edited({"global_resources": [{"name": "a"}]}, data) == data.replace(
        b"  <Service",
        b'  <GlobalNamingResources>\n    <Resource name="a"/>\n  </GlobalNamingResources>\n  <Service',
    )


def test_another_cluster_gets_the_class(edited, delta):
    data = edited({"clusters": [{"class_name": "a.B", "children": [{"tag": "Channel"}]}]})
    assert delta(data, edited({"clusters": [{"class_name": "a.C"}]}, data)) == [
        '-      <Cluster className="a.B">',
        '+      <Cluster className="a.C">',
    ]


@pytest.mark.parametrize("options", [{"global_resources": [{"name": "a"}]}, {"listeners": [{"class_name": "a.L"}]}])
def test_what_belongs_to_the_server_needs_no_service(edited, options):
    assert edited(options, b"<Server/>") != b"<Server/>"


def test_two_global_naming_resources(apply):
    data = b"<Server><GlobalNamingResources/><GlobalNamingResources/></Server>"
    with pytest.raises(CollectionError, match="one GlobalNamingResources is expected"):
        apply({"global_resources": [{"name": "a"}]}, data)


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
def test_files_of_others(edited, delta, file):
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
