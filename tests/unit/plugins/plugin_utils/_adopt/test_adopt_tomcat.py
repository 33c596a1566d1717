# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._adopt.notes import Notes, Secrets
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._adopt.tomcat import kind_of, variables_of

ALWAYS = ['<Server port="8005">', "the access log is kept for ever"]
LOG = 'suffix=".txt"'


@pytest.fixture
def read(read_one, server, context):
    def _read(text=None, inside="", scheme="ajp"):
        tomcat, _notes = read_one(text or server(), context(inside))
        tomcat.name = "jvm1"
        notes, secrets = Notes(), Secrets()
        files = {}
        variables = variables_of(tomcat, tomcat.first(scheme), files, notes, secrets)
        return (
            {name.removeprefix("tomcat_instance_"): value for name, value in variables.items()},
            [note.says for note in notes.found if note.says not in ALWAYS],
            secrets.values,
        )

    return _read


def test_tomcats_own_files(read):
    assert read() == ({}, [], {})


@pytest.mark.parametrize(
    ("old", "new", "variables"),
    [
        (
            'secretRequired="false"',
            'connectionTimeout="5000" maxPostSize="-1"',
            {"connection_timeout_ms": 5000, "max_form_bytes": -1},
        ),
        ('secretRequired="false"', 'packetSize="16384" URIEncoding="UTF-8"', {"max_header_bytes": 16384}),
        ('suffix=".txt"', 'suffix=".txt" maxDays="7"', {"access_log_days": 7}),
        (
            "</GlobalNamingResources>",
            '<Environment name="stage" type="java.lang.String" value="live"/></GlobalNamingResources>',
            {"environment_entries": [{"name": "stage", "value": "live", "scope": "server"}]},
        ),
    ],
)
def test_what_server_xml_says_becomes_variables(read, server, old, new, variables):
    assert old in server()
    assert read(server().replace(old, new, 1)) == (variables, [], {})


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('secretRequired="false"', 'maxThreads="500"', '<Connector port="8009" protocol="AJP/1.3" maxThreads="500">'),
        ('secretRequired="false"', 'packetSize="70000"', '<Connector port="8009" packetSize="70000">'),
        ("<Engine", '<Executor name="pool"/><Engine', '<Executor name="pool">'),
        ("<Engine", '<Connector port="8443" SSLEnabled="true"/><Engine', '<Connector port="8443" SSLEnabled="true">'),
        ("</Host>", '<Context path="/old" docBase="/srv/old"/></Host>', '<Context path="/old" docBase="/srv/old">'),
        ("</Host>", '<Valve className="x.SingleSignOn"/></Host>', '<Valve className="x.SingleSignOn">'),
        ('appBase="webapps"', 'appBase="/srv/apps"', '<Host name="localhost" appBase="/srv/apps">'),
        ("</Engine>", '<Realm className="org.apache.catalina.realm.JNDIRealm" connectionPassword="s3cr3t"/></Engine>',
         '<Realm className="org.apache.catalina.realm.JNDIRealm" connectionPassword="********">'),
        ("</Engine>", '<Valve className="org.apache.catalina.valves.RemoteIpValve"/></Engine>',
         '<Valve className="org.apache.catalina.valves.RemoteIpValve">'),
    ],
)  # fmt: skip
def test_what_no_variable_can_say_is_told(read, server, old, new, says):
    first, found, rest = server().rpartition(old)
    assert found
    assert read(first + new + rest) == ({}, [says], {})


def test_an_http_connector_beside_that_of_httpd_stays_open(read, server):
    assert read(server(1, 8009, 8080)) == ({"http_enabled": True}, [], {})


def test_resources_of_applications(read):
    resource = '<Resource name="jdbc/shop" type="javax.sql.DataSource" url="jdbc:x://db" password="s3cr3t"/>'
    more = '<Parameter name="currency" value="EUR"/><CookieProcessor sameSiteCookies="lax"/><Loader delegate="true"/>'
    variables, told, secrets = read(inside=resource + more)
    password = "{{ vault_jdbc_shop_password }}"
    assert variables == {
        "resources": [
            {
                "name": "jdbc/shop",
                "attributes": {"type": "javax.sql.DataSource", "url": "jdbc:x://db", "password": password},
            }
        ],
        "parameters": [{"name": "currency", "value": "EUR"}],
        "session_cookie_same_site": "lax",
    }
    assert told == ['<Loader delegate="true">']
    assert secrets == {"vault_jdbc_shop_password": "s3cr3t"}


def test_a_global_resource_and_its_link(read, server):
    there = '<Resource name="jdbc/shop" type="javax.sql.DataSource"/></GlobalNamingResources>'
    text = server().replace("</GlobalNamingResources>", there)
    variables, told, _secrets = read(
        text, '<ResourceLink name="jdbc/shop" global="jdbc/shop" type="javax.sql.DataSource"/>'
    )
    assert variables == {
        "resources": [{"name": "jdbc/shop", "attributes": {"type": "javax.sql.DataSource"}, "scope": "server"}]
    }
    assert told == []
    _variables, told, _secrets = read(text, '<ResourceLink name="jdbc/other" global="jdbc/shop" type="x"/>')
    assert told == ['<ResourceLink name="jdbc/other" global="jdbc/shop" type="x">']


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("<Server><Service>", "is not well-formed"),
        ("<Server/>", "has no Service with an Engine"),
    ],
)
def test_a_server_xml_that_is_none(read_one, text, says):
    tomcat, notes = read_one(text)
    assert tomcat is None
    assert says in notes.found[0].says


def test_a_context_xml_that_cannot_be_read_and_a_second_service(read_one, server):
    second = '<Service name="Other"><Engine name="Other"/></Service></Server>'
    tomcat, notes = read_one(server().replace("</Server>", second), "<Context>")
    assert tomcat.context is None
    assert notes.found[0].says == '<Service name="Other">'
    assert "is not well-formed XML" in notes.found[1].says


def test_kinds_of_connectors(read_one, server):
    text = server(1, 8009, 8080).replace(
        "</Service>", '<Connector port="8443" scheme="https" secure="true"/></Service>'
    )
    tomcat, _notes = read_one(text)
    assert [kind_of(one) for one in tomcat.connectors] == ["ajp", "http", "https"]
    assert tomcat.connector("http", 8080).line
    assert tomcat.connector("http", 8443) is None
