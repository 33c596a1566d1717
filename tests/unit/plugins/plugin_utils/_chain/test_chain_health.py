# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An application is asked by the name and the scheme that its users have for it."""

from __future__ import annotations

import pytest

from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._chain.health import read_health
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._chain.inventory import Problems, TopologyError
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._chain.topology import derive

TLS = {"apache_balancer_tls_certificate": "/etc/ssl/shop.pem", "apache_balancer_server_name": "shop.example.com"}
BY_TLS = {"X-Forwarded-Proto": "https", "X-Forwarded-Port": "443"}


@pytest.fixture
def headers(with_changes, groups):
    def of(entry, **balancer):
        balancer["tomcat_applications"] = [{"path": "/", **entry}]
        return derive(with_changes(lb=balancer), groups)["applications"][0]["health_headers"]

    return of


def test_a_site_without_a_name_is_asked_by_its_address(headers):
    assert headers({}) == {}


def test_a_member_is_asked_as_the_site_is(headers):
    assert headers({}, **TLS) == {"Host": "shop.example.com", **BY_TLS}
    assert headers({}, **TLS, apache_balancer_tls_port=8443)["X-Forwarded-Port"] == "8443"


def test_what_the_application_says_comes_first(headers):
    entry = {"health_host": "api.example.com:8443", "health_scheme": "http", "health_headers": {"X-Key": 7}}
    assert headers(entry, **TLS) == {"Host": "api.example.com:8443", "X-Key": "7"}
    # Where TLS ends before httpd.
    assert headers({"health_scheme": "https"}) == BY_TLS


def test_a_member_believes_its_own_machine_where_it_is_asked_as_by_tls(with_changes, groups):
    changes = {"tc_1": {"tomcat_instance_protocol": "http"}, "lb": {"tomcat_applications": [{"path": "/"}], **TLS}}
    instances = derive(with_changes(**changes), groups)["instances"]
    assert instances[0]["internal_proxies"] == ["198.18.0.2", "198.18.0.3"]
    # By AJP the packet says it.
    assert (instances[1]["internal_proxies"], instances[1]["connect_url_base"]) == ([], instances[1]["worker"])


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"health_host": "a b"}, "health_host is 'a b'"),
        ({"health_host": 7}, "health_host is 7"),
        ({"health_scheme": "ajp"}, "health_scheme is 'ajp', it must be one of http, https"),
        ({"health_headers": ["X"]}, "health_headers must be a dictionary"),
        ({"health_headers": {"X Y": "1"}}, "health_headers has the name 'X Y'"),
        ({"health_headers": {"Host": "h"}}, "health_headers has Host, which is not accepted: health_host says it"),
        ({"health_headers": {"cookie": "a=b"}}, "health_headers has cookie, which is not accepted"),
        ({"health_headers": {"X-Key": "secret\nX: y"}}, "health_headers has a value of X-Key that is not accepted"),
    ],
)
def test_what_cannot_be_sent_is_told(headers, entry, words):
    with pytest.raises(TopologyError) as caught:
        headers(entry)
    assert words in caught.value.message
    assert "secret" not in caught.value.message


def test_all_that_is_wrong_is_told_at_once():
    problems = Problems()
    assert read_health({"health_path": "x", "health_status": 1, "health_host": "-"}, "here", problems) is None
    assert len(problems.lines) == 3
