# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which connector an entry means, and the ports that two would open."""

from __future__ import annotations

import pytest

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError
from ansible_collections.roundrobin.tomcat.plugins.module_utils._xml.connectors import protocol_kind
from ansible_collections.roundrobin.tomcat.plugins.module_utils._xml.document import XmlDocument

AJP = {"protocol": "AJP/1.3", "port": "8009"}
HTTP = {"protocol": "HTTP/1.1", "port": "8080"}
HTTP_OFF = {**HTTP, "state": "disabled"}


def test_two_connectors_swap_their_ports(edited, server):
    data = server('    <Connector port="1" protocol="AJP/1.3"/>\n    <Connector port="2"/>\n')
    options = {
        "connectors": [
            {"protocol": "AJP/1.3", "port": "2", "match": "protocol"},
            {"protocol": "HTTP/1.1", "port": "1", "match": "protocol"},
        ]
    }
    after = edited(options, data)
    assert after == server('    <Connector port="2" protocol="AJP/1.3"/>\n    <Connector port="1"/>\n')


def test_plain_and_tls_connectors_do_not_meet(edited):
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


def test_a_generic_protocol_accepts_the_class_that_is_there(edited, server):
    data = server('    <Connector port="1" protocol="org.apache.coyote.http11.Http11Nio2Protocol"/>\n')
    assert edited({"connectors": [{"protocol": "HTTP/1.1", "port": "1"}]}, data) == data
    wanted = "org.apache.coyote.http11.Http11NioProtocol"
    assert wanted.encode() in edited({"connectors": [{"protocol": wanted, "port": "1"}]}, data)


def test_a_connector_without_protocol_is_http(edited, server):
    data = server('    <Connector port="1"/>\n')
    assert edited({"connectors": [{"protocol": "http", "port": "1", "state": "absent"}]}, data) == server()


def test_match_port_changes_the_protocol(edited, server):
    data = server('    <Connector port="1" protocol="HTTP/1.1"/>\n')
    after = edited({"connectors": [{"protocol": "AJP/1.3", "port": "1", "match": "port"}]}, data)
    assert after == server('    <Connector port="1" protocol="AJP/1.3"/>\n')


def test_match_protocol_leaves_tls_alone(edited, server):
    data = server('    <Connector port="1" SSLEnabled="true"/>\n    <Connector port="2"/>\n')
    after = edited({"connectors": [{"protocol": "http", "match": "protocol", "state": "absent"}]}, data)
    assert after == server('    <Connector port="1" SSLEnabled="true"/>\n')
    options = {
        "connectors": [{"protocol": "http", "match": "protocol", "port": "3", "attributes": {"SSLEnabled": True}}]
    }
    assert b'<Connector port="3" SSLEnabled="true"' in edited(options, data)


def test_match_protocol_takes_the_one_that_has_the_port(apply, edited, server):
    data = server('    <Connector port="1"/>\n    <Connector port="2"/>\n')
    options = {"protocol": "http", "match": "protocol", "port": "2", "attributes": {"maxThreads": 7}}
    after = edited({"connectors": [options]}, data)
    assert after == data.replace(b'"2"', b'"2" maxThreads="7"')
    for changed in ({"port": "3"}, {"state": "absent"}, {"state": "disabled"}):
        with pytest.raises(CollectionError, match=r"matches 2 elements \(lines 3, 4\); .* give the port"):
            apply({"connectors": [{**options, **changed}]}, data)


def test_ports_that_clashed_before_are_a_warning_unless_they_are_wanted(apply, server):
    data = server('    <Connector port="1"/>\n    <Connector port="1" address="::1" protocol="AJP/1.3"/>\n')
    _data, changes, warnings = apply({"jvm_route": "r"}, data)
    assert len(changes) == 1
    assert "port 1 is used twice" in warnings[0]
    with pytest.raises(CollectionError, match="port 1 is used twice"):
        apply({"connectors": [{"protocol": "ajp", "port": "1"}]}, data)
    assert apply({"connectors": [{"protocol": "ajp", "port": "1", "state": "absent"}]}, data)[2] == []


def test_one_port_on_two_addresses_is_fine(edited, server):
    data = server('    <Connector port="1" address="192.0.2.1"/>\n')
    options = {"connectors": [{"protocol": "ajp", "port": "1", "attributes": {"address": "192.0.2.2"}}]}
    assert b'address="192.0.2.2"' in edited(options, data)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"connectors": [{"protocol": "http", "port": "http"}]}, r"connectors\[0\]: port: 'http' is not a port"),
        ({"connectors": [{"protocol": "http", "port": "-1"}]}, "-1 is not a port"),
        ({"connectors": [{"protocol": "http"}]}, "port is missing"),
        ({"connectors": [{"protocol": "http", "match": "protocol"}]}, "port is missing"),
        ({"connectors": [{"protocol": "no protocol", "port": "1"}]}, "'no protocol' is not a Java class name"),
        ({"connectors": [{**HTTP, "attributes": {"port": 1}}]}, "attributes cannot hold port"),
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
        ({"connectors": [{**HTTP, "match": "port", "identify_by": {"a": 1}}]}, "match and identify_by are given"),
        (
            {"connectors": [{**HTTP, "identify_by": {"port": 81}}]},
            "attribute port is given two values, '8080' and '81'",
        ),
        ({"connectors": [{"protocol": "http", "identify_by": {"a": 1}}]}, "port is missing"),
    ],
)
def test_bad_connectors(apply, options, message):
    with pytest.raises(CollectionError, match=message):
        apply(options)
