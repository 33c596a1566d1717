# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a server.xml says becomes the options that say it."""

from __future__ import annotations

import pathlib

import pytest

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError

FIXTURES = pathlib.Path(__file__).resolve().parents[3] / "fixtures"
NO_WAY_TO_TELL = "nothing that may be shown tells it from another {} beside it"


def test_tomcats_server_xml(read):
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


def test_each_kind_of_server_xml(read):
    options, findings = read(
        {
            "top": '<Listener className="a.L"/><Listener className="a.L" x="1"/><GlobalNamingResources>'
            '<Environment name="e" value="1"/><Transaction factory="f"/></GlobalNamingResources>',
            "connectors": '<Executor name="pool" maxThreads="5"/><Connector port="${ajp.port}" protocol="ajp">'
            '<UpgradeProtocol className="a.U"/></Connector>',
            "engine": '<Cluster className="a.C"><Channel className="a.G"/></Cluster><Valve className="a.V"/>',
            "host": '<Alias>www</Alias><Alias>w3</Alias><Context path="" docBase="x"><Manager/></Context>'
            '<Realm className="a.R"/><Valve className="a.V" xmlBase="y"/>',
            "engine_attributes": ' jvmRoute="jvm1"',
        }
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


def test_one_of_several_services(read):
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


def test_what_no_option_says_of_the_server(read):
    _options, findings = read(b'<Server port="0" portOffset="007" address="x"/>')
    assert [item["reason"] for item in findings["left_out"]] == [
        f"no option sets attribute {name} of Server to this value" for name in ("port", "portOffset", "address")
    ]


@pytest.mark.parametrize(
    ("data", "tag"),
    [
        # No option takes these, though elements do.
        ({"connectors": '<Connector port="1"/><Connector port="1" address="::1"/>'}, "Connector"),
        ({"connectors": '<Connector port="8005" address="x"/>'}, "Connector"),
        ({"connectors": '<Connector port="0"/>'}, "Connector"),
        ({"connectors": '<Connector port="08080"/>'}, "Connector"),
        ({"connectors": "<Connector/>"}, "Connector"),
        ({"connectors": '<Connector port="1" protocol="not a class"/>'}, "Connector"),
        ({"connectors": '<Connector port="1" protocol=" org.apache.coyote.ajp.AjpNioProtocol"/>'}, "Connector"),
        ({"connectors": '<Connector port="1">text</Connector>'}, "Connector"),
        ({"connectors": '<Executor name="e"><Odd/></Executor>'}, "Executor"),
        ({"connectors": "<Executor/>"}, "Executor"),
        ({"connectors": "<Engine/>"}, "Engine"),
        ({"engine": '<Cluster className="a.C"/><Cluster className="a.D"/>'}, "Cluster"),
        ({"engine": "<Cluster/>"}, "Cluster"),
        ({"engine": '<Host name=""><Valve className="a.V"/></Host>'}, "Host"),
        ({"engine": '<Valve className="not a class"/>'}, "Valve"),
        ({"engine": '<Valve className="a.V">text</Valve>'}, "Valve"),
        ({"top": "<GlobalNamingResources/>"}, "GlobalNamingResources"),
        ({"top": '<GlobalNamingResources><Resource name=""/></GlobalNamingResources>'}, "Resource"),
    ],
)
def test_what_only_elements_can_say(read, data, tag):
    options, _findings = read(data)
    assert tag in {item["tag"] for item in options["elements"]}
