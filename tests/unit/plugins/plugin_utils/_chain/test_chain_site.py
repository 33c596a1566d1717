# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What applications need of httpd, and the lines that give it; that httpd does what they say is shown by tests/loopback/test_needs.py."""

from __future__ import annotations

import pytest

from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._chain.inventory import TopologyError
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._chain.site import httpd_site
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._chain.topology import derive


def site(*applications, **options):
    found = httpd_site(applications or ({"path": "/"},), **options)
    assert found["problems"] == []
    return found


def test_an_application_that_needs_nothing_has_nothing():
    found = site()
    assert {key: lines for key, lines in found.items() if lines and key != "headers"} == {}
    assert [line for line in found["headers"] if not line.startswith("#")] == [
        'RequestHeader set X-Forwarded-Proto "http"',
        'RequestHeader set X-Forwarded-Port "80"',
    ]


def test_directives_inside_and_beside_a_path():
    found = site(
        {"path": "/shop/", "httpd_directives": "Require ip 198.18.0.0/15\n\nHeader set X-A b  "},
        {"path": "/", "httpd_directives": ["Header set X-A c"], "httpd_site_directives": ["MergeSlashes Off"]},
    )
    # What holds for a longer path comes later, and so wins.
    assert found["site"] == [
        "MergeSlashes Off",
        '<Location "/">',
        "  Header set X-A c",
        "</Location>",
        '<Location "/shop">',
        "  Require ip 198.18.0.0/15",
        "  Header set X-A b",
        "</Location>",
    ]


def test_excluded_paths_are_no_members():
    acme = {"path": "/.well-known/acme-challenge", "directory": "/var/www/acme"}
    found = site({"path": "/", "excluded_paths": ["/static", acme]})
    assert found["site"] == ['ProxyPass "/static" "!"', 'ProxyPass "/.well-known/acme-challenge" "!"']
    assert 'Alias "/.well-known/acme-challenge" "/var/www/acme"' in found["last"]
    # The plain port of a site with TLS serves the directory too, and leads no request for it elsewhere.
    assert found["plain"] == found["last"]
    assert found["not_redirected"] == r"/\.well\-known/acme\-challenge"


def test_limits_of_headers_are_those_of_the_server():
    found = site(header_bytes=32768)
    assert found["server"] == ["LimitRequestFieldSize 32768", "LimitRequestLine 32768"]
    assert found["site"] == ["ProxyIOBufferSize 32768"]


def test_encoded_slashes_are_let_through_where_one_application_wants_them():
    assert site({"path": "/"}, {"path": "/rest", "encoded_slashes": True})["site"] == ["AllowEncodedSlashes NoDecode"]


def test_names_of_the_site_hold_for_the_plain_port_too():
    found = site(aliases=["www.example.com", "*.example.org"])
    assert found["aliases"] == found["plain"] == ["ServerAlias www.example.com", "ServerAlias *.example.org"]


def test_what_proxies_in_front_say_is_believed_from_them_alone():
    found = site(trusted_proxies=["198.18.0.9", "198.18.1.0/24", "2001:db8::/32"])
    assert found["modules"] == ["remoteip"]
    assert "RemoteIPInternalProxy 198.18.0.9 198.18.1.0/24 2001:db8::/32" in found["headers"]
    (https,) = (line for line in found["headers"] if line.endswith(" RoundrobinHttps"))
    for proxy in ("198.18.0.9", "198.18.1.0/24", "2001:db8::/32"):
        assert f"%{{CONN_REMOTE_ADDR}} -ipmatch '{proxy}'" in https
    # What a client says for itself is overwritten before that.
    lines = found["headers"]
    assert lines.index('RequestHeader set X-Forwarded-Proto "http"') < lines.index(
        'RequestHeader set X-Forwarded-Proto "https" env=RoundrobinHttps'
    )


@pytest.mark.parametrize(
    ("application", "words"),
    [
        ({"httpd_directives": 7}, "httpd_directives is 7, it must be lines"),
        ({"httpd_directives": ["a\nb"]}, "httpd_directives has a control character"),
        ({"httpd_directives": "</Location>"}, "httpd_directives has </Location>: a section must begin and end in it"),
        ({"httpd_site_directives": ["<If true>"]}, "httpd_site_directives has <if> without its end"),
        ({"excluded_paths": "/static"}, "excluded_paths is '/static', it must be a list"),
        ({"excluded_paths": ["static"]}, "excluded_paths has 'static'"),
        ({"excluded_paths": ["/a/../b"]}, "excluded_paths has '/a/../b'"),
        ({"excluded_paths": [{"path": "/a", "directory": 'x"'}]}, "excluded_paths has {'path': '/a'"),
        ({"excluded_paths": [{"path": "/a", "dir": "/x"}]}, "excluded_paths has {'path': '/a'"),
        ({"encoded_slashes": "maybe"}, "encoded_slashes is 'maybe', it must be true or false"),
        ({"websocket": 7}, "websocket is 7"),
    ],
)
def test_what_is_not_accepted_is_told(with_changes, groups, application, words):
    entry = {"path": "/", **application}
    with pytest.raises(TopologyError) as caught:
        derive(with_changes(lb={"tomcat_applications": [entry]}), groups)
    assert f"tomcat_applications[0]: {words}" in caught.value.message
    # By the role's own variable where there is no inventory of the whole chain.
    assert f"apache_balancer_applications[0]: {words}" in httpd_site([entry])["problems"][0]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"aliases": ["a b"]}, "apache_balancer_server_aliases has 'a b'"),
        ({"trusted_proxies": "198.18.0.9"}, "apache_balancer_trusted_proxies is '198.18.0.9', it must be a list"),
        ({"trusted_proxies": ["lb.example.com"]}, "apache_balancer_trusted_proxies has 'lb.example.com'"),
        ({"trusted_proxies": ["0.0.0.0/0"]}, "apache_balancer_trusted_proxies has '0.0.0.0/0': whoever asks"),
        ({"header_bytes": 100}, "apache_balancer_max_header_bytes is 100, it must be from 8192 to 65536"),
    ],
)
def test_what_is_not_accepted_of_the_site_is_told(options, words):
    assert words in httpd_site([{"path": "/"}], **options)["problems"][0]


def test_ajp_carries_no_websocket(with_changes, groups):
    entry = {"path": "/", "websocket": True}
    with pytest.raises(TopologyError) as caught:
        derive(with_changes(lb={"tomcat_applications": [entry]}), groups)
    assert (
        "application 'ROOT': websocket is true, and AJP, which tc-1, tc-2, tc.3 speak, cannot" in caught.value.message
    )
    assert "tomcat_instance_protocol" in caught.value.message
