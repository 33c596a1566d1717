# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pages in fixtures/balancer_manager were recorded from httpd 2.4.71."""

from __future__ import annotations

import re

import pytest

from ansible_collections.roundrobin.tomcat.plugins.module_utils._balancer.manager import BalancerManager, Response
from ansible_collections.roundrobin.tomcat.plugins.module_utils._balancer.model import STATES, ManagerError, Unreachable
from ansible_collections.roundrobin.tomcat.plugins.module_utils._balancer.pages import parse_xml

URL = "http://127.0.0.1:9080/balancer-manager"


# Reading


@pytest.mark.parametrize(
    "text, error",
    [
        (lambda _page: "", Unreachable),
        (lambda _page: "<html><body>Welco", Unreachable),
        (lambda _page: "<html>Welcome</html>", ManagerError),
        (lambda page: page("fresh.xml")[:300], Unreachable),
        (lambda page: page("no_referer.html")[:2000], Unreachable),
    ],
)
def test_what_may_be_a_cut_page_may_be_read_again(new_httpd, page, text, error):
    with pytest.raises(ManagerError) as raised:
        BalancerManager(new_httpd(text(page)), URL).read()
    assert raised.type is error


@pytest.mark.parametrize(
    "status, error, part",
    [
        (401, ManagerError, "401: the user name or the password"),
        (403, ManagerError, "403 Forbidden & so on: httpd does not let"),
        (404, ManagerError, "404: there is no balancer-manager"),
        (503, Unreachable, "503: a balancer-manager answers 200"),
    ],
)
def test_other_answers_are_errors(status, error, part):
    text = "<title>403 Forbidden &amp; so on</title>"
    with pytest.raises(ManagerError, match=part) as raised:
        BalancerManager(lambda *_request: Response(status, text), URL).read()
    assert raised.type is error


@pytest.mark.parametrize("name, referer", [("front.test", "http://front.test/"), ("::1", "http://[::1]/")])
def test_takes_the_server_name_from_the_page_when_httpd_ignores_the_referer(page, name, referer):
    asked = []

    def fetch(_method, _url, headers, _body):
        asked.append(headers["Referer"])
        known = page("fresh.xml"), f"<h1>Load Balancer Manager for {name}</h1></html>"
        return Response(200, known[headers["Referer"] != referer])

    assert len(BalancerManager(fetch, URL).read()) == 2
    assert asked == ["http://127.0.0.1:9080/", referer]


def test_without_an_xml_view_the_html_view_is_read(page):
    """A filter before httpd takes the query away."""
    asked = []

    def fetch(_method, url, headers, _body):
        asked.append((url, headers["Referer"]))
        return Response(200, page("names_and_checks.html"))

    manager = BalancerManager(fetch, URL)
    assert [known.name for known in manager.read()] == ["names&more", "c%20d", "checked"]
    assert asked == [(URL + "?xml=1", "http://127.0.0.1:9080/"), (URL + "?xml=1", "http://127.0.0.1/")]
    assert all(known.nonce for known in manager.read())
    assert len(asked) == 3


def test_nonces_come_from_the_html_view_where_the_xml_has_none(new_httpd, page):
    httpd = new_httpd(re.sub("<httpd:nonce>.*?</httpd:nonce>", "", page("fresh.xml")))
    shop, blog = BalancerManager(httpd, URL).read()
    assert shop.nonce and blog.nonce and shop.nonce != blog.nonce


# Writing


@pytest.mark.parametrize("before", list(STATES))
@pytest.mark.parametrize("after", list(STATES))
def test_every_state_can_follow_every_other(new_httpd, page, run, before, after):
    httpd = new_httpd(page("fresh.xml"))
    run(httpd, route="t2", state=before)
    sent = len(httpd.posts)
    out = run(httpd, route="t2", state=after)
    assert (out["state_before"], out["state_after"]) == (before, after)
    assert out["changed"] == (before != after)
    assert len(httpd.posts) - sent == (before != after)
    assert out["member"]["standby"] is True


def test_sends_only_the_flags_that_change(new_httpd, page, run):
    httpd = new_httpd(page("fresh.xml"))
    run(httpd, worker="http://127.0.0.1:8009/deep%20er", state="disabled")
    (form,) = httpd.posts
    assert form.pop("nonce") == parse_xml(page("fresh.xml"))[1].nonce
    assert form == {"b": "blog", "w": "http://127.0.0.1:8009/deep%2520er", "w_status_D": "1"}


def test_fails_when_httpd_did_not_obey(new_httpd, page, run):
    httpd = new_httpd(page("fresh.xml"), obeys=False)
    with pytest.raises(
        ManagerError, match="did not set state disabled on ajp://127.0.0.1:8109 .* knows the member"
    ) as error:
        run(httpd, route="t2", state="disabled")
    assert error.value.details == {"state_before": "enabled", "state_after": "enabled"}
    assert len(httpd.posts) == 1


def test_check_mode_fails_where_httpd_would_ignore_the_form(new_httpd, page, run):
    httpd = new_httpd(page("fresh.xml"))

    def ignoring(method, url, headers, body):
        answer = httpd(method, url, headers, body)
        return Response(200, page("no_referer.html")) if "?b=" in url else answer

    with pytest.raises(ManagerError, match="httpd would not change ajp://.*: it ignored the whole form"):
        run(ignoring, check_mode=True, route="t2", state="disabled")


def test_a_balancer_without_a_nonce_cannot_be_managed(new_httpd, page, run):
    httpd = new_httpd(re.sub("<httpd:nonce>.*?</httpd:nonce>", "", page("fresh.xml")).replace("blog", "news"))
    with pytest.raises(ManagerError, match="no nonce"):
        run(httpd, balancer="news", route="s1", state="disabled")
    assert httpd.posts == []


def test_a_change_too_long_for_httpd_is_refused(new_httpd, page, run):
    httpd = new_httpd(page("fresh.xml").replace("http://[::1]:8080", "http://h/" + "x" * 1000))
    with pytest.raises(ManagerError, match="1024"):
        run(httpd, route="t3", state="disabled")


def test_tells_when_the_nonce_was_stale(new_httpd, page, run):
    def on_post(httpd):
        httpd.text = re.sub("<httpd:nonce>", "<httpd:nonce>new-", httpd.text)

    with pytest.raises(ManagerError, match="nonce has changed meanwhile"):
        run(new_httpd(page("fresh.xml"), obeys=False, on_post=on_post), route="t2", state="disabled")


def test_tells_that_an_only_member_keeps_its_load_factor(new_httpd, page, run):
    text = re.sub(r"(</httpd:worker>).*?(</httpd:workers>)", r"\1\2", page("fresh.xml"), count=1, flags=re.DOTALL)
    with pytest.raises(ManagerError, match="did not set load_factor 2.0 .* load factor of an only member"):
        run(new_httpd(text, obeys=False), balancer="shop", route="t1", load_factor=2.0)


@pytest.mark.parametrize(
    "answer, reason",
    [
        ("<h1>Load Balancer Manager for a&amp;b</h1><h3>Edit balancer settings for x</h3>", "but not the member"),
        ("<h1>Load Balancer Manager for a&amp;b</h1>", "host is not its server name, 'a&b'"),
        ("<html>Bad request</html>", "is no balancer-manager's page"),
    ],
)
def test_how_far_httpd_followed(new_httpd, page, run, answer, reason):
    httpd = new_httpd(page("fresh.xml"))

    def fetch(method, *request):
        return Response(200, answer) if method == "POST" else httpd(method, *request)

    with pytest.raises(ManagerError, match=reason):
        run(fetch, route="t2", state="disabled")


@pytest.mark.parametrize("obeys", [True, False])
def test_a_change_without_an_answer_is_looked_up_and_never_sent_again(new_httpd, page, run, obeys):
    def on_post(_httpd):
        raise Unreachable("the line is dead")

    httpd = new_httpd(page("fresh.xml"), obeys=obeys, on_post=on_post)
    if obeys:
        assert run(httpd, route="t2", state="disabled")["changed"]
    else:
        with pytest.raises(ManagerError, match="did not set state disabled .*: the line is dead"):
            run(httpd, route="t2", state="disabled")
    assert len(httpd.posts) == 1


@pytest.mark.parametrize(
    "url",
    ["127.0.0.1:9080/balancer-manager", "ftp://h/x", "http:///x", URL + "?xml=1", "http://u:p@h/balancer-manager"],
)
def test_bad_manager_urls(new_httpd, url):
    with pytest.raises(ManagerError, match="manager_url"):
        BalancerManager(new_httpd(""), url)
