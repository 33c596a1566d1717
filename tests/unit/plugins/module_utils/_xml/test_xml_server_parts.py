# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The parts of a server.xml that have options of their own, what is inside them, and purge."""

from __future__ import annotations

import difflib
import pathlib

import pytest

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError
from ansible_collections.roundrobin.tomcat.plugins.module_utils._xml.document import XmlDocument
from ansible_collections.roundrobin.tomcat.plugins.module_utils._xml.server import ServerXml

STOCK = (pathlib.Path(__file__).resolve().parents[3] / "fixtures" / "server.xml").read_bytes()
LOCK_OUT = "org.apache.catalina.realm.LockOutRealm"
USERS = "org.apache.catalina.realm.UserDatabaseRealm"
CLUSTER = "org.apache.catalina.ha.tcp.SimpleTcpCluster"
STATES = ["present", "absent", "disabled"]
HTTP = {"protocol": "HTTP/1.1", "port": "8080"}
ALIAS = {"tag": "Alias", "text": "www.example.com"}


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


def delta(options, data=STOCK):
    old, new = (text.decode().splitlines() for text in (data, edited(options, data)))
    lines = difflib.unified_diff(old, new, n=0, lineterm="")
    return [line for line in lines if not line.startswith(("---", "+++", "@@"))]


@pytest.mark.parametrize(
    ("options", "lines"),
    [
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
def test_what_an_administrator_would_have_changed(options, lines):
    assert delta(options) == lines
    crlf = STOCK.replace(b"\n", b"\r\n")
    assert edited(options, crlf) == edited(options).replace(b"\n", b"\r\n")


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
def test_each_kind_goes_and_comes_back(kind):
    there = edited({kind: [{**EACH[kind], "attributes": {"a": 1}}]})
    off = edited({kind: [{**EACH[kind], "state": "disabled"}]}, there)
    assert off.count(b"<!--") == there.count(b"<!--") + 1
    assert edited({kind: [EACH[kind]]}, off) == there
    assert edited({kind: [{**EACH[kind], "state": "absent"}]}, there) == STOCK
    assert edited({kind: [{**EACH[kind], "attributes_to_remove": ["a"]}]}, there) == edited({kind: [EACH[kind]]})


@pytest.mark.parametrize("kind", EACH)
def test_purge_leaves_what_an_entry_names(kind):
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


def test_purge_stays_where_the_options_are():
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


def test_purged_hosts_take_with_them_what_is_inside():
    data = edited({"hosts": [{"name": "b", "children": [{"tag": "Valve", "attributes": {"className": "a.V"}}]}]})
    _after, changes, _warnings = apply({"hosts": [{}], "valves": [], "purge": ["valves", "hosts"]}, data)
    assert [change["element"].rpartition("Catalina")[2] for change in changes] == [
        '"]/Host[@name="b"]',
        '"]/Host[@name="localhost"]/Valve[@className="org.apache.catalina.valves.AccessLogValve"]',
    ]


def test_global_naming_resources_are_created_where_they_belong():
    data = b'<Server>\n  <Listener className="a.L"/>\n  <Service name="S"/>\n</Server>\n'
    assert edited({"global_resources": [{"name": "a", "state": "absent"}]}, data) == data
    assert edited({"global_resources": [{"name": "a"}]}, data) == data.replace(
        b"  <Service",
        b'  <GlobalNamingResources>\n    <Resource name="a"/>\n  </GlobalNamingResources>\n  <Service',
    )


def test_another_cluster_gets_the_class():
    data = edited({"clusters": [{"class_name": "a.B", "children": [{"tag": "Channel"}]}]})
    assert delta({"clusters": [{"class_name": "a.C"}]}, data) == [
        '-      <Cluster className="a.B">',
        '+      <Cluster className="a.C">',
    ]


def test_a_purged_cluster_has_what_its_children_name():
    channel = {"tag": "Channel", "children": [{"tag": "Member", "identify_by": {"port": 1}}]}
    wanted = {"clusters": [{"class_name": "a.B", "children": [channel], "purge": True}]}
    data = edited(wanted)
    more = {"tag": "Channel", "children": [{"tag": "Member", "identify_by": {"port": 2}}, {"tag": "Sender"}]}
    longer = edited({"clusters": [{"class_name": "a.B", "children": [more, {"tag": "Valve"}]}]}, data)
    assert longer.count(b"<Member") == 2 and b"<Sender" in longer and b"<Valve/>" in longer.replace(b" />", b"/>")
    assert edited(wanted, longer) == data
    wanted["clusters"][0]["purge"] = False
    assert edited(wanted, longer) == longer


def test_a_text_tells_elements_apart():
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


def test_a_text_is_set_where_attributes_tell():
    data = edited({"hosts": [{"children": [{"tag": "X", "identify_by": {"id": 1}, "text": "old"}]}]})
    options = {"hosts": [{"children": [{"tag": "X", "identify_by": {"id": 1}, "text": 5}]}]}
    assert delta(options, data) == ['-        <X id="1">old</X>', '+        <X id="1">5</X>']
    _after, changes, _warnings = apply(options, data)
    assert changes == [
        {
            "action": "set_text",
            "element": 'Server/Service[@name="Catalina"]/Engine[@name="Catalina"]/Host[@name="localhost"]/X',
            "before": "old",
            "after": "5",
        }
    ]


def nested(**child):
    return {"hosts": [{"children": [{"tag": "A", "children": [{"tag": "B", **child}]}]}]}


PLACE = r"hosts\[0\].children\[0\].children\[0\]"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (nested(atributes={}), PLACE + ": the option: 'atributes' is not known; did you mean 'attributes'. accepted"),
        (nested(name="x"), PLACE + ": the option: 'name' is not known; accepted are: tag, identify_by, attributes,"),
        (nested(state="presnt"), PLACE + ": state: 'presnt' is not known; did you mean 'present'. accepted are"),
        (nested(attributes=["a"]), PLACE + ": attributes is a list; a dictionary is expected"),
        (nested(children={"tag": "C"}), PLACE + ": children is a dict; a list is expected"),
        (nested(attributes_to_remove=[1]), PLACE + ": attributes_to_remove holds 1; names"),
        (nested(text=["a"]), PLACE + ": text is a list"),
        (nested(text="a\0"), PLACE + r": text holds the character U\+0000"),
        (nested(text="a", children=[{"tag": "C"}]), PLACE + ": text and children are given"),
        (nested(tag="a b"), f"'a b' cannot be the name of an element .{PLACE}"),
        (nested(tag=""), PLACE + ": tag is missing"),
        (nested(attributes={"x": "a ********"}), PLACE + r": attribute x holds \*\*\*\*\*\*\*\*, which stands for"),
        ({"hosts": [{"children": ["Alias"]}]}, r"hosts\[0\].children\[0\]: is a str; a dictionary"),
        ({"hosts": [{"children": [ALIAS, ALIAS]}]}, r"children\[0\] .* and .*children\[1\] .* mean the same element"),
        (
            {"hosts": [{"children": [ALIAS, {**ALIAS, "state": "absent"}]}]},
            "with the text 'www.example.com'.* mean the same element",
        ),
        (
            {"valves": [{"class_name": "a.V"}, {"class_name": "a.V", "identify_by": {"x": 1}, "state": "present"}]},
            r"valves\[0\] .* and valves\[1\] .*x='1'.* mean the same element",
        ),
        (
            {
                "valves": [{"class_name": "a.V", "attributes": {"x": 1}}],
                "elements": [{"parent": "//Host", "tag": "Valve", "identify_by": {"x": 1}}],
            },
            r"valves\[0\] .* and elements\[0\] .* mean the same element",
        ),
        (
            {
                "jvm_route": "a",
                "elements": [{"parent": "//Service", "tag": "Engine", "attributes": {"jvmRoute": "b"}}],
            },
            r"contradict each other, each run would change the file again \(set jvmRoute: Server/Service.*/Engine",
        ),
        ({"connectors": [{**HTTP, "match": "port", "identify_by": {"a": 1}}]}, "match and identify_by are given"),
        (
            {"connectors": [{**HTTP, "identify_by": {"port": 81}}]},
            "attribute port is given two values, '8080' and '81'",
        ),
        ({"connectors": [{"protocol": "http", "identify_by": {"a": 1}}]}, "port is missing"),
        ({"valves": [{"class_name": "a.V", "identify_by": {"className": "b"}}]}, "className is given two values"),
        ({"contexts": [{"path": "shop"}]}, r"contexts\[0\]: 'shop' is not the path of a context; /name is expected"),
        ({"contexts": [{"path": "/"}]}, "'/' is not the path"),
        ({"contexts": [{"path": "/a", "host": "x"}]}, r"one Host named 'x' is expected.*contexts\[0\]: host"),
        ({"realms": [{"class_name": "a b"}]}, r"realms\[0\]: 'a b' is not a Java class name"),
        ({"realms": [{"class_name": "a.B", "host": "x"}]}, r"realms\[0\]: host is given although parent is engine"),
        ({"clusters": [{"class_name": "a.B"}, {"class_name": "a.C"}]}, "mean the same element"),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(CollectionError, match=message):
        apply(options)


def test_text_is_not_put_over_elements():
    options = {
        "elements": [{"parent": "//Service", "tag": "Engine", "identify_by": {"name": "Catalina"}, "text": "hello"}]
    }
    with pytest.raises(
        CollectionError, match=r"server.xml:\d+: elements\[0\] .* gives text to an element that holds other"
    ):
        apply(options)


@pytest.mark.parametrize("options", [{"global_resources": [{"name": "a"}]}, {"listeners": [{"class_name": "a.L"}]}])
def test_what_belongs_to_the_server_needs_no_service(options):
    assert edited(options, b"<Server/>") != b"<Server/>"


def test_two_global_naming_resources():
    data = b"<Server><GlobalNamingResources/><GlobalNamingResources/></Server>"
    with pytest.raises(CollectionError, match="one GlobalNamingResources is expected"):
        apply({"global_resources": [{"name": "a"}]}, data)


def test_an_unknown_attribute_is_a_warning():
    options = {
        "engine": {"attributes": {"jvmroute": "a"}},
        "connectors": [{**HTTP, "attributes": {"maxthreads": 5}}],
        "valves": [{"class_name": "org.example.Mine", "attributes": {"maxthreads": 5}}],
    }
    _after, _changes, warnings = apply(options)
    service = 'server.xml: Server/Service[@name="Catalina"]/'
    unknown = "is not known to Tomcat 9, 10.1 or 11; did you mean"
    assert warnings == [
        service + f"Engine[@name=\"Catalina\"]: Engine: attribute 'jvmroute' {unknown} 'jvmRoute'?",
        service + f"Connector[@port=\"8080\"]: Connector: attribute 'maxthreads' {unknown} 'maxThreads'?",
    ]


def test_secrets_of_all_depths_are_in_no_change_and_no_message():
    child = {
        "tag": "Store",
        "identify_by": {"pin": "hush1"},
        "attributes": {"password": "hush2"},
        "children": [{"tag": "Pin", "text": "hush3"}],
    }
    options = {"secret_attributes": ["pin"], "hosts": [{"children": [child]}]}
    once, changes, _warnings = apply(options)
    assert once.count(b"hush") == 3
    assert "hush" not in str(changes)
    for bad in (
        {**child, "attributes": {"pin": "hush4"}},
        {**child, "identify_by": {}, "text": "hush5", "tag": "Pin", "children": [{"tag": "X"}]},
        {"tag": "Pin", "text": "hush\0"},
    ):
        with pytest.raises(CollectionError) as caught:
            apply({**options, "hosts": [{"children": [bad]}]}, once)
        assert "hush" not in str(caught.value)
    with pytest.raises(CollectionError, match="mean the same element") as caught:
        apply({**options, "hosts": [{"children": [child["children"][0], child["children"][0]]}]})
    assert "hush" not in str(caught.value)
