# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What applications need in server.xml and context.xml, and that it goes again when it is taken out."""

from __future__ import annotations

import re

import pytest

from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._chain.instance_xml import problems_of_xml, settings

DATA_SOURCE = {"type": "javax.sql.DataSource", "maxTotal": 20, "testOnBorrow": True}
ALL = {
    "resources": [{"name": "jdbc/shop", "scope": "server", "attributes": DATA_SOURCE}],
    "environment_entries": [
        {"name": "shop/stage", "value": "test"},
        {"name": "n", "value": 7, "type": "java.lang.Integer"},
    ],
    "parameters": [{"name": "currency", "value": "EUR"}],
    "max_header_bytes": 32768,
    "max_form_bytes": -1,
    "encoded_slashes": True,
    "session_cookie_name": "SHOP",
    "session_cookie_path": "/",
    "session_cookie_same_site": "strict",
    "internal_proxies": ["198.18.0.2"],
}


def of(applied=None, **variables):
    return settings({f"tomcat_instance_{name}": value for name, value in variables.items()}, applied or {})


def test_where_nothing_is_asked_for_an_administrators_own_stays():
    found = of()
    assert found["connectors"] == {
        protocol: {"attributes": {}, "attributes_to_remove": []} for protocol in ("ajp", "http")
    }
    assert found["context"] == {"attributes": {}, "attributes_to_remove": []}
    assert [found[key] for key in ("resources", "global_resources", "parameters", "elements")] == [[], [], [], []]
    (access_log,) = found["valves"]
    assert access_log["attributes"] == {"maxDays": 90}
    assert found["applied"] == found["at_work"] == {}


def test_everything_and_then_nothing():
    found = of(**ALL)
    assert found["connectors"]["ajp"]["attributes"] == {
        "packetSize": 32768,
        "maxPostSize": -1,
        "encodedSolidusHandling": "passthrough",
    }
    assert found["connectors"]["http"]["attributes"]["maxHttpHeaderSize"] == 32768
    assert found["context"]["attributes"] == {"sessionCookieName": "SHOP", "sessionCookiePath": "/"}
    assert found["global_resources"] == [
        {
            "tag": "Resource",
            "name": "jdbc/shop",
            "attributes": {**DATA_SOURCE, "maxTotal": "20", "testOnBorrow": "true"},
        }
    ]
    link, stage, number = found["resources"]
    assert link["tag"] == "ResourceLink"
    assert link["attributes"] == {"global": "jdbc/shop", "type": "javax.sql.DataSource"}
    assert (stage["tag"], stage["attributes"]) == ("Environment", {"type": "java.lang.String", "value": "test"})
    assert number["attributes"] == {"type": "java.lang.Integer", "value": "7"}
    assert found["elements"][0]["attributes"] == {"sameSiteCookies": "strict"}

    gone = of(found["applied"])
    assert gone["connectors"]["ajp"]["attributes_to_remove"] == ["encodedSolidusHandling", "maxPostSize", "packetSize"]
    assert gone["connectors"]["http"]["attributes_to_remove"][1] == "maxHttpHeaderSize"
    assert gone["context"]["attributes_to_remove"] == ["sessionCookieName", "sessionCookiePath"]
    assert gone["global_resources"] == [{"tag": "Resource", "name": "jdbc/shop", "state": "absent"}]
    assert {entry["tag"] for entry in gone["resources"]} == {"ResourceLink", "Environment"}
    assert {entry["state"] for entry in [*gone["resources"], *gone["parameters"], *gone["elements"]]} == {"absent"}
    valve, access_log = gone["valves"]
    assert valve == {"class_name": "org.apache.catalina.valves.RemoteIpValve", "parent": "engine", "state": "absent"}
    assert access_log["attributes_to_remove"] == ["requestAttributesEnabled"]
    # A run that dies before they are out finds them in the list again.
    assert (gone["applied"], gone["at_work"]) == ({}, found["applied"])


def test_the_list_has_no_values():
    assert "EUR" not in str(of(**ALL)["applied"])


def test_httpd_alone_is_believed():
    valve = of(internal_proxies=["198.18.0.2", "2001:db8::5"])["valves"][0]["attributes"]
    assert valve["protocolHeader"] == "X-Forwarded-Proto"
    for address, believed in (
        ("198.18.0.2", True),
        ("198x18x0x2", False),
        ("198.18.0.22", False),
        ("2001:db8::5", True),
    ):
        assert bool(re.fullmatch(valve["internalProxies"], address)) is believed


def test_by_ajp_httpd_is_whoever_knows_the_name_of_the_headers():
    valve, access_log = of(forwarded_header="X-Roundrobin-0123", internal_proxies=[])["valves"]
    assert valve["attributes"] == {
        "internalProxies": ".*",
        "remoteIpHeader": "X-Roundrobin-0123-For",
        "protocolHeader": "X-Roundrobin-0123-Proto",
        "portHeader": "X-Roundrobin-0123-Port",
    }
    assert access_log["attributes"]["requestAttributesEnabled"] is True


def test_an_access_log_that_nobody_wants_is_commented_out():
    (valve,) = of(access_log=False)["valves"]
    assert valve == {"class_name": "org.apache.catalina.valves.AccessLogValve", "state": "disabled"}
    assert of(access_log="true", access_log_days="7")["valves"][0]["attributes"] == {"maxDays": 7}


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("resources", {"name": "x"}, "must be a list of dictionaries with name and attributes, and if wanted scope"),
        ("resources", [{"name": "x"}], "must be a list of dictionaries with name and attributes"),
        ("resources", [{"name": "a b", "attributes": {"type": "t"}}], "has the name 'a b'"),
        ("resources", [{"name": "x", "attributes": {"password": "s3cret"}}], "has no attributes with a type for x"),
        ("resources", [{"name": "x", "scope": "all", "attributes": {"type": "t"}}], "has the scope 'all' for x"),
        ("resources", [{"name": "x", "attributes": {"type": "t"}}] * 2, "has x twice"),
        ("environment_entries", [{"name": "x", "value": "s3cret", "kind": 1}], "must be a list of dictionaries"),
        ("parameters", [{"name": "x", "value": "s3cret", "scope": "server"}], "must be a list of dictionaries"),
        ("session_cookie_name", "a b", "is 'a b', it must be of letters"),
        ("session_cookie_path", "x", "is 'x', it must be a path"),
        ("session_cookie_same_site", "yes", "is 'yes', it must be one of unset, none, lax, strict"),
    ],
)
def test_what_is_not_accepted_is_told(variable, value, words):
    lines = problems_of_xml("app1", {f"tomcat_instance_{variable}": value})
    assert lines[0].startswith(f"app1: tomcat_instance_{variable} ")
    assert words in lines[0]
    assert "s3cret" not in lines[0]


def test_what_is_right_is_not_told():
    assert problems_of_xml("app1", {f"tomcat_instance_{name}": value for name, value in ALL.items()}) == []
