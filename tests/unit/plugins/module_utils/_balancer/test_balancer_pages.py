# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pages in fixtures/balancer_manager were recorded from httpd 2.4.71."""

from __future__ import annotations

import pytest

from ansible_collections.roundrobin.tomcat.plugins.module_utils._balancer import pages
from ansible_collections.roundrobin.tomcat.plugins.module_utils._balancer.model import ManagerError, Unreachable


def test_reads_every_balancer_and_member(page):
    shop, blog = pages.parse_xml(page("fresh.xml"))
    assert (shop.name, blog.name) == ("shop", "blog")
    assert [member.worker for member in shop.members + blog.members] == [
        "ajp://127.0.0.1:8009",  # httpd leaves the default port out
        "ajp://127.0.0.1:8109",
        "http://[::1]:8080",
        "http://127.0.0.1:8009/deep%20er",
        "unix:/run/shop/app.sock|http://localhost",
    ]
    assert shop.members[0].name == "ajp://127.0.0.1"
    assert [member.route for member in shop.members] == ["t1", "t2", "t3"]
    assert shop.nonce and shop.nonce != blog.nonce


def test_the_nonce_is_never_shown(page):
    shop = pages.parse_xml(page("fresh.xml"))[0]
    assert shop.nonce not in repr(shop) + repr(shop.as_dict())


def without(balancers, *names):
    """Plain data without the given keys, to compare what two views have in common."""
    data = [balancer.as_dict() | {"nonce": balancer.nonce} for balancer in balancers]
    for balancer in data:
        for entry in [balancer, *balancer["members"]]:
            for name in names:
                entry.pop(name, None)
    return data


def test_both_views_say_the_same(page):
    xml, html = pages.parse_xml(page("names_and_checks.xml")), pages.parse_html(page("names_and_checks.html"))
    only_one_has = ("retries", "health_check", "sticky_session", "max_attempts")
    assert without(xml, *only_one_has) == without(html, *only_one_has)
    assert [known.nonce for known in xml] == [known.nonce for known in html] != [""] * 3


@pytest.mark.parametrize("view", ["xml", "html"])
def test_names_that_httpd_does_not_escape(page, view):
    names, mixed, checked = getattr(pages, f"parse_{view}")(page(f"names_and_checks.{view}"))
    assert [known.name for known in (names, mixed, checked)] == ["names&more", "c%20d", "checked"]
    assert [(member.worker, member.route) for member in names.members + mixed.members] == [
        ("http://127.0.0.1:1001/x&y", "r&1[a]"),
        ("http://127.0.0.1:1001/p%26q", "r 2"),
        ("http://127.0.0.1:1001/it's+;z", "r%203"),
        ("unix:/run/shop one.sock|http://shop", "u1"),
        ("h2c://127.0.0.1:80", "t2"),
        ("fcgi://127.0.0.1:8000", "t4"),
        ("http://[2001:db8::1]:8080", "t11"),
    ]


def test_the_health_check_comes_from_the_html_view(page):
    balancers = pages.with_details(pages.parse_xml(page("names_and_checks.xml")), page("names_and_checks.html"))
    checked = balancers[2].as_dict()
    members = checked.pop("members")
    assert checked == {
        "name": "checked",
        "lbmethod": "bybusyness",
        "sticky_session": "JSESSIONID|jsessionid",
        "nofailover": True,
        "timeout": 7,
        "max_attempts": 3,
        "usable": 2,
    }
    assert members[0]["health_check"] == {
        "method": "GET",
        "interval": 2.0,
        "passes": 2,
        "fails": 3,
        "passed": 0,
        "failed": 1,
        "uri": "/health?a=1&b=2",
        "expression": "",
    }
    assert (members[0]["load_factor"], members[0]["lbset"], members[0]["retries"]) == (2.5, 1, 0)
    assert (members[1]["health_check"], members[1]["spare"]) == (None, True)


@pytest.mark.parametrize("cut", [20, 300, 2000, -20])
@pytest.mark.parametrize("view", ["xml", "html"])
def test_a_page_cut_short_is_an_error(page, view, cut):
    with pytest.raises(Unreachable, match="cut short"):
        getattr(pages, f"parse_{view}")(page(f"names_and_checks.{view}")[:cut])


@pytest.mark.parametrize(
    "text, part",
    [
        ("<!DOCTYPE x [<!ENTITY a 'b'>]><httpd:manager xmlns:httpd='http://httpd.apache.org'/>", "document type"),
        ("<x:manager xmlns:x='urn:y'><!-- <httpd:manager --></x:manager>", "not a balancer-manager's"),
    ],
)
def test_other_xml_is_an_error(text, part):
    with pytest.raises(ManagerError, match=part):
        pages.parse_xml(text)


@pytest.mark.parametrize(
    "old, new, part",
    [
        ("<td>bybusyness</td>", "", "not of the columns MaxMembers, "),
        ("<th>Busy</th>", "<th>Load now</th>", "no column 'Busy', only Worker URL, Route"),
        ('<a href="/manager?b=checked', '<a id="x" href="/manager?b=checked', "not built like"),
        ("<td>2000ms</td>", "<td>often</td>", "'often' where a number"),
    ],
)
def test_another_page_is_an_error(page, old, new, part):
    text = page("names_and_checks.html")
    assert old in text
    with pytest.raises(ManagerError, match=part):
        pages.parse_html(text.replace(old, new))


@pytest.mark.parametrize("tag, value", [("busy", "0"), ("loadfactor", "1.00")])
def test_a_number_that_is_none_is_an_error(page, tag, value):
    with pytest.raises(ManagerError, match="'many' where a number"):
        pages.parse_xml(page("fresh.xml").replace(f"<httpd:{tag}>{value}<", f"<httpd:{tag}>many<"))
