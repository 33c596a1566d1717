# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a member is asked; the plan's own tests have whole members."""

from __future__ import annotations

import pytest

from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._rollout.checks import (
    expected,
    health_of,
    on_the_member,
    served_by,
    through_httpd,
    to_warm_up,
)

SHOP = {
    "name": "shop",
    "balancer": "tomcat",
    "context_path": "/shop",
    "health_path": "/health",
    "health_status": [200, 204],
    "health_pattern": "",
    "health_headers": {},
    "base_name": "shop",
}
BLOG = {**SHOP, "name": "blog", "context_path": "", "health_pattern": "blog {version}", "health_status": 200}
HTTPD = {
    "inventory_host": "web1",
    "local_url": "http://127.0.0.1:9080",
    "headers": {"Host": "shop.example"},
    "sticky_cookie": "SID",
}
STATE = {"httpd": "web1", "balancer": "tomcat", "state": "enabled"}


def test_a_version_is_asked_for_where_the_page_shows_it():
    assert expected(BLOG, "1.1", "http://h:1", {}) == {
        "application": "blog",
        "url": "http://h:1/health",
        "headers": {},
        "status": 200,
        "pattern": "blog {version}",
        "version": "1.1",
    }
    assert expected(SHOP, "1.1", "ajp://h:1", {}) == {
        "application": "shop",
        "url": "ajp://h:1/shop/health",
        "headers": {},
        "status": [200, 204],
        "pattern": "",
        "version": "",
    }


def test_what_never_had_a_release_has_nothing_to_prove():
    assert on_the_member([SHOP, BLOG], {"shop": None, "blog": None}, "", "ajp://h:1", {}) == []


def test_the_application_that_is_rolled_back_to_none_must_be_gone():
    (check,) = on_the_member([SHOP, BLOG], {"blog": None}, "blog", "ajp://h:1", {})
    assert check == {
        "application": "blog",
        "url": "ajp://h:1/health",
        "headers": {},
        "status": [404],
        "pattern": "",
        "version": "",
    }


def test_through_httpd_with_its_name_and_the_members_route():
    (check,) = through_httpd([SHOP, BLOG], {"shop": "1.1"}, HTTPD, [STATE], "app1", {})
    assert (check["application"], check["url"]) == ("shop", "http://127.0.0.1:9080/shop/health")
    assert check["headers"] == {"Host": "shop.example", "Cookie": "SID=health.app1"}
    # What the topology has is as it was.
    assert HTTPD["headers"] == {"Host": "shop.example"}


@pytest.mark.parametrize("more", [{"state": "disabled"}, {"balancer": "other"}, {"httpd": "web2"}])
def test_a_member_that_stays_out_is_not_asked_for(more):
    assert through_httpd([SHOP], {"shop": "1.1"}, HTTPD, [{**STATE, **more}], "app1", {}) == []


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/shop", "shop"),
        ("/shop/cart.jsp", "shop"),
        ("/shop?page=1", "shop"),
        ("/shop;jsessionid=1", "shop"),
        ("/shopping", "blog"),
        ("/", "blog"),
    ],
)
def test_a_path_belongs_to_the_longest_context(path, name):
    owner = served_by(path, [BLOG, SHOP])
    assert owner is not None and owner["name"] == name


def test_a_path_of_no_application():
    assert served_by("/shopping", [SHOP]) is None


def test_only_what_has_a_release_is_warmed_up():
    paths = ["/shop/", "/", "/shop/cart.jsp"]
    base = "http://198.18.0.3:8080"
    assert to_warm_up(paths, [SHOP, BLOG], {"shop": "1.1", "blog": None}, base) == [
        f"{base}/shop/",
        f"{base}/shop/cart.jsp",
    ]
    assert to_warm_up(paths, [BLOG], {"shop": "1.1"}, base) == []


OF_1_0 = {"health_path": "/old", "health_status": 204, "health_pattern": "v{version}", "health_headers": {"X-Old": "1"}}


def test_a_release_that_was_healthy_before_may_be_so_in_the_way_it_was_then():
    """The inventory's health may be that of a release that is sick: whoever goes back must not fail by it."""
    (check,) = on_the_member([SHOP], {"shop": "1.0"}, "shop", "ajp://h:1", {"shop": {"1.0": OF_1_0}})
    assert (check["url"], check["or_else"]["url"]) == ("ajp://h:1/shop/health", "ajp://h:1/shop/old")
    before = {"headers": {"X-Old": "1"}, "status": 204, "pattern": "v{version}", "version": "1.0"}
    assert {key: check["or_else"][key] for key in before} == before
    # What is remembered is the inventory's, should that be what it is healthy by.
    assert check["remember"] == {"base_name": "shop", "version": "1.0", "health": health_of(SHOP)}
    (check,) = through_httpd([SHOP], {"shop": "1.0"}, HTTPD, [STATE], "app1", {"shop": {"1.0": OF_1_0}})
    assert check["or_else"]["headers"] == {"X-Old": "1", "Host": "shop.example", "Cookie": "SID=health.app1"}


@pytest.mark.parametrize(
    "remembered", [{}, {"shop": {"0.9": OF_1_0}}, {"blog": {"1.0": OF_1_0}}, {"shop": {"1.0": health_of(SHOP)}}]
)
def test_a_release_that_never_was_healthy_has_the_inventorys_health_alone(remembered):
    (check,) = on_the_member([SHOP], {"shop": "1.0"}, "shop", "ajp://h:1", remembered)
    assert "or_else" not in check


def test_the_applications_own_headers_are_sent_too():
    application = {**SHOP, "health_headers": {"Host": "other.example", "X-Key": "k"}}
    (check,) = on_the_member([application], {"shop": "1.0"}, "", "ajp://h:1", {})
    assert check["headers"] == {"Host": "other.example", "X-Key": "k"}
    # Through httpd too; one that has no name of its own is asked for by httpd's.
    (check,) = through_httpd([application], {"shop": "1.1"}, HTTPD, [STATE], "app1", {})
    assert check["headers"] == {"Host": "other.example", "X-Key": "k", "Cookie": "SID=health.app1"}
    (check,) = through_httpd([{**SHOP, "health_headers": {}}], {"shop": "1.1"}, HTTPD, [STATE], "app1", {})
    assert check["headers"] == {"Host": "shop.example", "Cookie": "SID=health.app1"}
