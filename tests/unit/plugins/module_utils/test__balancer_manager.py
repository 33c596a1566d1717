# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pages in fixtures/balancer_manager were recorded from httpd 2.4.71."""

from __future__ import annotations

import pathlib
import re
from urllib.parse import parse_qs

import pytest

from ansible_collections.roundrobin.tomcat.plugins.module_utils import _balancer_manager as bm
from ansible_collections.roundrobin.tomcat.plugins.module_utils._balancer_manager import ManagerError, Response

PAGES = pathlib.Path(__file__).parent / "fixtures" / "balancer_manager"
URL = "http://127.0.0.1:9080/balancer-manager"


def page(name):
    return (PAGES / name).read_text()


class Clock:
    """A clock that only sleep() moves."""

    def __init__(self):
        self.now = 100.0

    def monotonic(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds


class Httpd:
    """Answers like httpd, from a recorded page; obedient unless told otherwise."""

    WORDS = {"D": "Dis", "N": "Drn", "S": "Stop"}

    def __init__(self, text, server_name="127.0.0.1", obeys=True, on_read=None):
        self.text = text
        self.server_name = server_name
        self.obeys = obeys
        self.on_read = on_read
        self.reads = 0
        self.posts = []

    def __call__(self, method, url, headers, body):
        if re.match(r"https?://([^:/]+)", headers.get("Referer", "")).group(1) != self.server_name:
            return Response(200, f"<html><h1>Load Balancer Manager for {self.server_name}</h1></html>")
        if method == "POST":
            form = {name: values[0] for name, values in parse_qs(body).items()}
            self.posts.append(form)
            if self.obeys:
                self.set_flags(form["w"], {k[-1]: v == "1" for k, v in form.items() if k.startswith("w_status_")})
        elif url.endswith("?xml=1"):
            self.reads += 1
            if self.on_read:
                self.on_read(self)
        else:
            return Response(200, page("no_referer.html"))
        return Response(200, self.text)

    def _sub(self, worker, tag, change):
        pattern = rf"(<httpd:name>{re.escape(worker)}</httpd:name>.*?<httpd:{tag}>)([^<]*)"
        self.text = re.sub(pattern, lambda m: m.group(1) + change(m.group(2)), self.text, count=1, flags=re.S)

    def set_flags(self, worker, flags):
        def change(status):
            words = [word for word in status.split() if word != "Ok"]
            for flag, on in flags.items():
                words = [word for word in words if word != self.WORDS[flag]] + ([self.WORDS[flag]] if on else [])
            out = {"Dis", "Stop", "Err"} & set(words)
            return " ".join(words + ([] if out else ["Ok"])) + " "

        self._sub(worker.replace("%25", "%"), "status", change)

    def set_count(self, worker, tag, number):
        self._sub(worker, tag, lambda _old: str(number))


def wanted(**options):
    defaults = {
        "balancer": None,
        "worker": None,
        "route": None,
        "state": None,
        "keep_usable": 0,
        "wait": None,
        "timeout": 10.0,
        "interval": 0.5,
        "stable_reads": 3,
        "on_timeout": "fail",
    }
    return bm.Wanted(**{**defaults, **options})


def run(httpd, check_mode=False, **options):
    want = wanted(**options)
    change = bm.apply(bm.BalancerManager(httpd, URL), want, check_mode=check_mode, clock=Clock())
    return bm.result(change, want, check_mode=check_mode)


# Reading


def test_reads_every_balancer_and_member():
    shop, blog = bm.parse_xml(page("fresh.xml"))
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


def test_the_nonce_is_never_shown():
    shop = bm.parse_xml(page("fresh.xml"))[0]
    assert shop.nonce not in repr(shop) + repr(shop.as_dict())


def test_states_and_usability():
    first, standby, third = bm.parse_xml(page("draining_and_error.xml"))[0].members
    assert (first.state, bm.usable(first)) == ("draining", False)
    assert (standby.state, bm.usable(standby), standby.as_dict()["standby"]) == ("disabled", False, True)
    assert (third.state, bm.usable(third), third.as_dict()["in_error"]) == ("enabled", False, True)


@pytest.mark.parametrize("cut", [20, 300, 2000, -20])
def test_a_page_cut_short_is_an_error(cut):
    with pytest.raises(ManagerError):
        bm.BalancerManager(Httpd(page("fresh.xml")[:cut]), URL).read()


@pytest.mark.parametrize(
    "text, part",
    [
        ("<html>Welcome</html>", "not with a balancer-manager's page"),
        ("<!DOCTYPE x [<!ENTITY a 'b'>]><httpd:manager xmlns:httpd='http://httpd.apache.org'/>", "document type"),
        ("<x:manager xmlns:x='urn:y'><!-- <httpd:manager --></x:manager>", "not a balancer-manager's"),
    ],
)
def test_another_page_is_an_error(text, part):
    with pytest.raises(ManagerError, match=part):
        bm.BalancerManager(Httpd(text), URL).read()


def test_a_number_that_is_none_is_an_error():
    with pytest.raises(ManagerError, match="number"):
        bm.parse_xml(page("fresh.xml").replace("<httpd:busy>0<", "<httpd:busy>many<"))


@pytest.mark.parametrize("status, part", [(401, "password"), (403, "does not let"), (404, "no balancer"), (502, "502")])
def test_other_answers_are_errors(status, part):
    with pytest.raises(ManagerError, match=part):
        bm.BalancerManager(lambda *_request: Response(status, ""), URL).read()


def test_takes_the_server_name_from_the_page_when_httpd_ignores_the_referer():
    httpd = Httpd(page("fresh.xml"), server_name="front.test")
    assert run(httpd, route="t2", state="disabled")["changed"]


def test_httpd_that_ignores_every_referer():
    def fetch(_method, _url, _headers, _body):
        return Response(200, page("no_referer.html"))

    with pytest.raises(ManagerError, match="ignores the parameters"):
        bm.BalancerManager(fetch, URL).read()


def test_nonces_come_from_the_html_view_where_the_xml_has_none():
    httpd = Httpd(re.sub("<httpd:nonce>.*?</httpd:nonce>", "", page("fresh.xml")))
    balancers = bm.BalancerManager(httpd, URL).read()
    assert [balancer.nonce for balancer in balancers] == list(bm.parse_nonces(page("no_referer.html")).values())
    assert all(balancer.nonce for balancer in balancers)


# Finding


@pytest.mark.parametrize(
    "key, worker",
    [
        ({"worker": "ajp://127.0.0.1:8009"}, "ajp://127.0.0.1:8009"),
        ({"worker": "ajp://127.0.0.1"}, "ajp://127.0.0.1:8009"),
        ({"worker": "AJP://127.0.0.1:8109"}, "ajp://127.0.0.1:8109"),
        ({"worker": "http://[::1]:8080"}, "http://[::1]:8080"),
        ({"route": "t2"}, "ajp://127.0.0.1:8109"),
        ({"route": "t1", "balancer": "balancer://blog"}, "http://127.0.0.1:8009/deep%20er"),
    ],
)
def test_finds_the_one_member(key, worker):
    balancers = bm.parse_xml(page("fresh.xml"))
    assert bm.find(balancers, key.get("balancer"), key.get("worker"), key.get("route"))[1].worker == worker


@pytest.mark.parametrize(
    "key, part",
    [
        ({"worker": "ajp://127.0.0.1:810"}, "not a member"),
        ({"worker": "ajp://127.0.0.10:8009"}, "not a member"),
        ({"route": "t1"}, "not one member but 2"),
        ({"route": "t"}, "not a member of any balancer"),
        ({"route": "t2", "balancer": "blog"}, "not a member of balancer 'blog'"),
        ({"route": "t2", "balancer": "sho"}, "no balancer 'sho'"),
        ({"worker": "ajp://127.0.0.1:8109", "route": "t1"}, "not a member"),
        ({"worker": "tomcat1"}, "not a URL"),
        ({"worker": "ajp://h:x"}, "not a URL"),
    ],
)
def test_never_takes_another_member(key, part):
    balancers = bm.parse_xml(page("fresh.xml"))
    with pytest.raises(ManagerError, match=part):
        bm.find(balancers, key.get("balancer"), key.get("worker"), key.get("route"))


# Writing


@pytest.mark.parametrize("before", list(bm.STATES))
@pytest.mark.parametrize("after", list(bm.STATES))
def test_every_state_can_follow_every_other(before, after):
    httpd = Httpd(page("fresh.xml"))
    run(httpd, route="t2", state=before)
    sent = len(httpd.posts)
    result = run(httpd, route="t2", state=after)
    assert (result["state_before"], result["state_after"]) == (before, after)
    assert result["changed"] == (before != after)
    assert len(httpd.posts) - sent == (before != after)
    assert result["member"]["standby"] is True


def test_sends_only_the_flags_that_change():
    httpd = Httpd(page("fresh.xml"))
    run(httpd, worker="http://127.0.0.1:8009/deep%20er", state="disabled")
    (form,) = httpd.posts
    assert form.pop("nonce") == bm.parse_xml(page("fresh.xml"))[1].nonce
    assert form == {"b": "blog", "w": "http://127.0.0.1:8009/deep%2520er", "w_status_D": "1"}


def test_fails_when_httpd_did_not_obey():
    httpd = Httpd(page("fresh.xml"), obeys=False)
    with pytest.raises(ManagerError, match="did not set") as error:
        run(httpd, route="t2", state="disabled")
    assert error.value.details == {"state_before": "enabled", "state_after": "enabled"}
    assert len(httpd.posts) == 1


def test_check_mode_sends_nothing():
    httpd = Httpd(page("fresh.xml"))
    result = run(httpd, check_mode=True, route="t2", state="disabled", wait="idle")
    assert httpd.posts == []
    assert (result["changed"], result["state_before"], result["state_after"]) == (True, "enabled", "disabled")
    assert result["diff"]["before"] == "state: enabled\n"
    assert result["diff"]["after"] == "state: disabled\n"
    assert not {"idle", "waited"} & set(result)


def test_a_balancer_without_a_nonce_cannot_be_managed():
    httpd = Httpd(re.sub("<httpd:nonce>.*?</httpd:nonce>", "", page("fresh.xml")).replace("blog", "news"))
    with pytest.raises(ManagerError, match="no nonce"):
        run(httpd, balancer="news", route="s1", state="disabled")
    assert httpd.posts == []


def test_a_change_too_long_for_httpd_is_refused():
    httpd = Httpd(page("fresh.xml").replace("http://[::1]:8080", "http://h/" + "x" * 1000))
    with pytest.raises(ManagerError, match="1024"):
        run(httpd, route="t3", state="disabled")


@pytest.mark.parametrize("state", ["draining", "disabled", "stopped"])
def test_keep_usable(state):
    httpd = Httpd(page("fresh.xml"))
    # The standby counts only when nobody else is left.
    with pytest.raises(ManagerError, match="1 usable"):
        run(httpd, route="t3", state=state, keep_usable=2)
    assert httpd.posts == []
    assert run(httpd, route="t3", state=state, keep_usable=1)["changed"]
    assert run(httpd, worker="ajp://127.0.0.1:8009", state=state, keep_usable=1)["changed"]
    with pytest.raises(ManagerError, match="0 usable"):
        run(httpd, route="t2", state=state, keep_usable=1)


def test_keep_usable_does_not_hinder_what_is_out_already_or_comes_back():
    httpd = Httpd(page("standby_disabled.xml"))
    assert not run(httpd, route="t2", state="disabled", keep_usable=9)["changed"]
    assert run(httpd, route="t2", state="enabled", keep_usable=9)["changed"]


# Waiting


def test_idle_needs_several_quiet_readings():
    busy = iter([1, 1, 0, 1, 0, 0, 0, 0])

    def on_read(httpd):
        if httpd.posts:
            httpd.set_count("ajp://127.0.0.1:8109", "busy", next(busy))

    httpd = Httpd(page("fresh.xml"), on_read=on_read)
    result = run(httpd, route="t2", state="disabled", wait="idle")
    # The read-back takes the first reading, then 1 0 1 0 0 0 half a second apart.
    assert (result["idle"], result["in_flight"], result["waited"]) == (True, 0, 2.5)


def test_a_member_that_still_gets_requests_is_not_idle():
    def on_read(httpd):
        httpd.set_count("ajp://127.0.0.1:8109", "elected", httpd.reads)

    httpd = Httpd(page("fresh.xml"), on_read=on_read)
    with pytest.raises(ManagerError, match="not idle") as error:
        run(httpd, route="t2", state="draining", wait="idle")
    assert error.value.details["state_after"] == "draining"


def test_on_timeout_proceed_tells_what_is_in_flight():
    httpd = Httpd(page("fresh.xml"), on_read=lambda httpd: httpd.set_count("ajp://127.0.0.1:8109", "busy", 2))
    result = run(httpd, route="t2", state="disabled", wait="idle", timeout=3, on_timeout="proceed")
    assert (result["changed"], result["idle"], result["in_flight"], result["waited"]) == (True, False, 2, 3.0)


def test_wait_ok():
    def on_read(httpd):
        if httpd.reads == 4:
            httpd.text = httpd.text.replace("Init Err ", "Init Ok ")

    httpd = Httpd(page("draining_and_error.xml"), on_read=on_read)
    result = run(httpd, route="t3", wait="ok")
    assert (result["changed"], result["member"]["usable"], httpd.posts) == (False, True, [])
    assert "idle" not in result


def test_wait_ok_in_vain():
    with pytest.raises(ManagerError, match="not usable: its status is 'Init Err'"):
        run(Httpd(page("draining_and_error.xml")), route="t3", wait="ok", timeout=1)


def test_a_flag_lost_while_waiting_is_set_again():
    def on_read(httpd):
        httpd.set_count("ajp://127.0.0.1:8109", "busy", 1 if httpd.reads < 6 else 0)
        if httpd.reads == 4:
            httpd.set_flags("ajp://127.0.0.1:8109", {"D": False})

    httpd = Httpd(page("fresh.xml"), on_read=on_read)
    result = run(httpd, route="t2", state="disabled", wait="idle")
    assert (len(httpd.posts), result["state_after"], result["idle"]) == (2, "disabled", True)


# Input


@pytest.mark.parametrize(
    "url",
    ["127.0.0.1:9080/balancer-manager", "ftp://h/x", "http:///x", URL + "?xml=1", "http://u:p@h/balancer-manager"],
)
def test_bad_manager_urls(url):
    with pytest.raises(ManagerError, match="manager_url"):
        bm.BalancerManager(Httpd(""), url)


@pytest.mark.parametrize("option", [{"interval": 0}, {"timeout": -1}, {"stable_reads": 0}, {"keep_usable": -1}])
def test_bad_numbers(option):
    with pytest.raises(ManagerError, match="at least"):
        wanted(**option)
