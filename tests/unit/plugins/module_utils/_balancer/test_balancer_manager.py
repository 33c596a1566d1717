# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pages in fixtures/balancer_manager were recorded from httpd 2.4.71."""

from __future__ import annotations

import pathlib
import re
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from ansible_collections.roundrobin.tomcat.plugins.module_utils._balancer.change import WantedMember, apply, result
from ansible_collections.roundrobin.tomcat.plugins.module_utils._balancer.manager import BalancerManager, Response
from ansible_collections.roundrobin.tomcat.plugins.module_utils._balancer.model import STATES, ManagerError, Unreachable
from ansible_collections.roundrobin.tomcat.plugins.module_utils._balancer.pages import parse_xml

PAGES = pathlib.Path(__file__).resolve().parents[3] / "fixtures" / "balancer_manager"
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

    WORDS = {"D": "Dis", "N": "Drn", "S": "Stop", "H": "Stby", "R": "Spar", "I": "Ign"}
    TAGS = {"w_lf": "loadfactor", "w_ls": "lbset", "w_wr": "route"}

    def __init__(self, text, obeys=True, on_read=None, on_post=None):
        self.text = text
        self.obeys = obeys
        self.on_read = on_read
        self.on_post = on_post
        self.reads = 0
        self.posts = []

    def __call__(self, method, url, headers, body):
        if method == "POST":
            assert headers["Referer"] == "http://127.0.0.1:9080/"
            form = {name: values[0] for name, values in parse_qs(body).items()}
            self.posts.append(form)
            if self.obeys:
                self.set_flags(form["w"], {k[-1]: v == "1" for k, v in form.items() if k.startswith("w_status_")})
                for name in self.TAGS.keys() & form.keys():
                    self.set_text(
                        form["w"], self.TAGS[name], unquote(form[name]).removesuffix("5" if name == "w_lf" else "")
                    )
            if self.on_post:
                self.on_post(self)
            return Response(200, f"<h3>Edit worker settings for {form['w']}</h3></html>")
        if "?b=" in url:
            return Response(200, f"<h3>Edit worker settings for {parse_qs(urlsplit(url).query)['w'][0]}</h3></html>")
        if url.endswith("?xml=1"):
            self.reads += 1
            if self.on_read:
                self.on_read(self)
            return Response(200, self.text)
        return Response(200, page("no_referer.html"))

    def _sub(self, worker, tag, change):
        pattern = rf"(<httpd:name>{re.escape(worker.replace('%25', '%'))}</httpd:name>.*?<httpd:{tag}>)([^<]*)"
        self.text = re.sub(pattern, lambda m: m.group(1) + change(m.group(2)), self.text, count=1, flags=re.S)

    def set_flags(self, worker, flags):
        def change(status):
            words = [word for word in status.split() if word != "Ok"]
            for flag, on in flags.items():
                words = [word for word in words if word != self.WORDS[flag]] + ([self.WORDS[flag]] if on else [])
            out = {"Dis", "Stop", "Err"} & set(words)
            return " ".join(words + ([] if out else ["Ok"])) + " "

        self._sub(worker, "status", change)

    def set_text(self, worker, tag, value):
        self._sub(worker, tag, lambda _old: str(value))


def wanted(**options):
    defaults = {
        "balancer": None,
        "worker": None,
        "route": None,
        "state": None,
        "standby": None,
        "spare": None,
        "ignore_errors": None,
        "load_factor": None,
        "lbset": None,
        "new_route": None,
        "keep_usable": 0,
        "wait": None,
        "timeout": 10.0,
        "interval": 0.5,
        "stable_reads": 3,
        "on_timeout": "fail",
    }
    return WantedMember(**{**defaults, **options})


def run(httpd, check_mode=False, **options):
    want = wanted(**options)
    return result(apply(BalancerManager(httpd, URL), want, check_mode=check_mode, clock=Clock()), want)


# Reading


@pytest.mark.parametrize(
    "text, error",
    [
        ("", Unreachable),
        ("<html><body>Welco", Unreachable),
        ("<html>Welcome</html>", ManagerError),
        (page("fresh.xml")[:300], Unreachable),
        (page("no_referer.html")[:2000], Unreachable),
    ],
)
def test_what_may_be_a_cut_page_may_be_read_again(text, error):
    with pytest.raises(ManagerError) as raised:
        BalancerManager(Httpd(text), URL).read()
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
def test_takes_the_server_name_from_the_page_when_httpd_ignores_the_referer(name, referer):
    asked = []

    def fetch(_method, _url, headers, _body):
        asked.append(headers["Referer"])
        known = page("fresh.xml"), f"<h1>Load Balancer Manager for {name}</h1></html>"
        return Response(200, known[headers["Referer"] != referer])

    assert len(BalancerManager(fetch, URL).read()) == 2
    assert asked == ["http://127.0.0.1:9080/", referer]


def test_without_an_xml_view_the_html_view_is_read():
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


def test_nonces_come_from_the_html_view_where_the_xml_has_none():
    httpd = Httpd(re.sub("<httpd:nonce>.*?</httpd:nonce>", "", page("fresh.xml")))
    shop, blog = BalancerManager(httpd, URL).read()
    assert shop.nonce and blog.nonce and shop.nonce != blog.nonce


# Writing


@pytest.mark.parametrize("before", list(STATES))
@pytest.mark.parametrize("after", list(STATES))
def test_every_state_can_follow_every_other(before, after):
    httpd = Httpd(page("fresh.xml"))
    run(httpd, route="t2", state=before)
    sent = len(httpd.posts)
    out = run(httpd, route="t2", state=after)
    assert (out["state_before"], out["state_after"]) == (before, after)
    assert out["changed"] == (before != after)
    assert len(httpd.posts) - sent == (before != after)
    assert out["member"]["standby"] is True


def test_sends_only_the_flags_that_change():
    httpd = Httpd(page("fresh.xml"))
    run(httpd, worker="http://127.0.0.1:8009/deep%20er", state="disabled")
    (form,) = httpd.posts
    assert form.pop("nonce") == parse_xml(page("fresh.xml"))[1].nonce
    assert form == {"b": "blog", "w": "http://127.0.0.1:8009/deep%2520er", "w_status_D": "1"}


def test_fails_when_httpd_did_not_obey():
    httpd = Httpd(page("fresh.xml"), obeys=False)
    with pytest.raises(
        ManagerError, match="did not set state disabled on ajp://127.0.0.1:8109 .* knows the member"
    ) as error:
        run(httpd, route="t2", state="disabled")
    assert error.value.details == {"state_before": "enabled", "state_after": "enabled"}
    assert len(httpd.posts) == 1


def test_check_mode_sends_nothing():
    httpd = Httpd(page("fresh.xml"))
    out = run(httpd, check_mode=True, route="t2", state="disabled", wait="idle")
    assert httpd.posts == []
    assert (out["changed"], out["state_before"], out["state_after"]) == (True, "enabled", "disabled")
    assert out["diff"]["before"] == "state: enabled\n"
    assert out["diff"]["after"] == "state: disabled\n"
    assert not {"idle", "waited"} & set(out)


def test_check_mode_fails_where_httpd_would_ignore_the_form():
    httpd = Httpd(page("fresh.xml"))

    def ignoring(method, url, headers, body):
        answer = httpd(method, url, headers, body)
        return Response(200, page("no_referer.html")) if "?b=" in url else answer

    with pytest.raises(ManagerError, match="httpd would not change ajp://.*: it ignored the whole form"):
        apply(BalancerManager(ignoring, URL), wanted(route="t2", state="disabled"), check_mode=True, clock=Clock())


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


def test_keep_usable_holds_when_another_task_acts_at_the_same_moment():
    def on_post(httpd):
        if len(httpd.posts) == 1:
            httpd.set_flags("http://[::1]:8080", {"D": True})

    httpd = Httpd(page("fresh.xml").replace("Stby ", ""), on_post=on_post)
    with pytest.raises(ManagerError, match="is enabled again: another member went out") as error:
        run(httpd, route="t2", state="disabled", keep_usable=2)
    assert [form["w_status_D"] for form in httpd.posts] == ["1", "0"]
    assert error.value.details == {"state_before": "enabled", "state_after": "enabled"}


SETTINGS = [
    ("standby", False, True, {"w_status_H": "0"}),
    ("spare", True, False, {"w_status_R": "1"}),
    ("ignore_errors", True, False, {"w_status_I": "1"}),
    ("load_factor", 1.15, 1.0, {"w_lf": "1.155"}),
    ("load_factor", 100.0, 1.0, {"w_lf": "100.005"}),
    ("lbset", 99, 0, {"w_ls": "99"}),
    ("new_route", "a%b c", "t2", {"w_wr": "a%25b c"}),
]


@pytest.mark.parametrize("name, value, was, sent", SETTINGS)
def test_each_setting_is_set_alone_and_once(name, value, was, sent):
    key = "route" if name == "new_route" else name
    httpd = Httpd(page("fresh.xml"))
    checked = run(httpd, check_mode=True, route="t2", **{name: value})
    assert httpd.posts == []
    out = run(httpd, route="t2", **{name: value})
    assert {field: httpd.posts[0][field] for field in httpd.posts[0] if field.startswith("w_")} == sent
    for result_ in (checked, out):
        assert (result_["changed"], result_["before"], result_["after"]) == (True, {key: was}, {key: value})
    assert checked["diff"] == out["diff"]
    assert (checked["route"], checked["state_after"]) == (out["route"], out["state_after"])
    again = run(httpd, route="t2", **{name: value})
    assert (again["changed"], again["before"], again["diff"]["after"], len(httpd.posts)) == (False, {}, "", 1)


def test_all_at_once_in_one_post():
    httpd = Httpd(page("fresh.xml"))
    out = run(httpd, route="t1", balancer="shop", state="draining", spare=True, load_factor=2.5, new_route="t9")
    (form,) = httpd.posts
    assert set(form) == {"b", "w", "nonce", "w_status_N", "w_status_R", "w_lf", "w_wr"}
    assert out["diff"]["before"] == "state: enabled\nspare: false\nload_factor: 1.0\nroute: t1\n"
    assert out["diff"]["after"] == "state: draining\nspare: true\nload_factor: 2.5\nroute: t9\n"
    assert out["route"] == out["member"]["route"] == "t9"


def test_a_route_that_another_member_has_is_refused():
    httpd = Httpd(page("fresh.xml"))
    with pytest.raises(ManagerError, match="8109 .* does not get the route 't3': http://.::1.:8080 has it"):
        run(httpd, worker="ajp://127.0.0.1:8109", new_route="t3")
    assert httpd.posts == []


def test_tells_when_the_nonce_was_stale():
    def on_post(httpd):
        httpd.text = re.sub("<httpd:nonce>", "<httpd:nonce>new-", httpd.text)

    with pytest.raises(ManagerError, match="nonce has changed meanwhile"):
        run(Httpd(page("fresh.xml"), obeys=False, on_post=on_post), route="t2", state="disabled")


def test_tells_that_an_only_member_keeps_its_load_factor():
    text = re.sub(r"(</httpd:worker>).*?(</httpd:workers>)", r"\1\2", page("fresh.xml"), count=1, flags=re.DOTALL)
    with pytest.raises(ManagerError, match="did not set load_factor 2.0 .* load factor of an only member"):
        run(Httpd(text, obeys=False), balancer="shop", route="t1", load_factor=2.0)


@pytest.mark.parametrize(
    "answer, reason",
    [
        ("<h1>Load Balancer Manager for a&amp;b</h1><h3>Edit balancer settings for x</h3>", "but not the member"),
        ("<h1>Load Balancer Manager for a&amp;b</h1>", "host is not its server name, 'a&b'"),
        ("<html>Bad request</html>", "is no balancer-manager's page"),
    ],
)
def test_how_far_httpd_followed(answer, reason):
    httpd = Httpd(page("fresh.xml"))

    def fetch(method, *request):
        return Response(200, answer) if method == "POST" else httpd(method, *request)

    with pytest.raises(ManagerError, match=reason):
        run(fetch, route="t2", state="disabled")


@pytest.mark.parametrize("obeys", [True, False])
def test_a_change_without_an_answer_is_looked_up_and_never_sent_again(obeys):
    def on_post(_httpd):
        raise Unreachable("the line is dead")

    httpd = Httpd(page("fresh.xml"), obeys=obeys, on_post=on_post)
    if obeys:
        assert run(httpd, route="t2", state="disabled")["changed"]
    else:
        with pytest.raises(ManagerError, match="did not set state disabled .*: the line is dead"):
            run(httpd, route="t2", state="disabled")
    assert len(httpd.posts) == 1


# Waiting


def test_idle_needs_several_quiet_readings():
    busy = iter([1, 1, 0, 1, 0, 0, 0, 0])

    def on_read(httpd):
        if httpd.posts:
            httpd.set_text("ajp://127.0.0.1:8109", "busy", next(busy))

    httpd = Httpd(page("fresh.xml"), on_read=on_read)
    out = run(httpd, route="t2", state="disabled", wait="idle")
    # The read-back takes the first reading, then 1 0 1 0 0 0 half a second apart.
    assert (out["idle"], out["in_flight"], out["waited"]) == (True, 0, 2.5)


def test_a_member_that_still_gets_requests_is_not_idle():
    def on_read(httpd):
        httpd.set_text("ajp://127.0.0.1:8109", "elected", httpd.reads)

    httpd = Httpd(page("fresh.xml"), on_read=on_read)
    with pytest.raises(ManagerError, match="not idle") as error:
        run(httpd, route="t2", state="draining", wait="idle")
    assert error.value.details["state_after"] == "draining"


def test_on_timeout_proceed_tells_what_is_in_flight():
    httpd = Httpd(page("fresh.xml"), on_read=lambda httpd: httpd.set_text("ajp://127.0.0.1:8109", "busy", 2))
    out = run(httpd, route="t2", state="disabled", wait="idle", timeout=3, on_timeout="proceed")
    assert (out["changed"], out["idle"], out["in_flight"], out["waited"]) == (True, False, 2, 3.0)


def test_wait_ok():
    def on_read(httpd):
        if httpd.reads == 4:
            httpd.text = httpd.text.replace("Init Err ", "Init Ok ")

    httpd = Httpd(page("draining_and_error.xml"), on_read=on_read)
    out = run(httpd, route="t3", wait="ok")
    assert (out["changed"], out["member"]["usable"], httpd.posts) == (False, True, [])
    assert "idle" not in out


def test_wait_ok_in_vain():
    with pytest.raises(ManagerError, match="not usable: its status is 'Init Err'"):
        run(Httpd(page("draining_and_error.xml")), route="t3", wait="ok", timeout=1)


def test_a_flag_lost_while_waiting_is_set_again():
    def on_read(httpd):
        httpd.set_text("ajp://127.0.0.1:8109", "busy", 1 if httpd.reads < 6 else 0)
        if httpd.reads == 4:
            httpd.set_flags("ajp://127.0.0.1:8109", {"D": False})

    httpd = Httpd(page("fresh.xml"), on_read=on_read)
    out = run(httpd, route="t2", state="disabled", wait="idle")
    assert (len(httpd.posts), out["state_after"], out["idle"]) == (2, "disabled", True)


class Weak:
    """An httpd whose readings fail while its clock is within the given seconds."""

    def __init__(self, httpd, first, last):
        self.httpd, self.first, self.last = httpd, first, last
        self.clock = Clock()

    def __call__(self, method, url, headers, body):
        if method == "GET" and self.first <= self.clock.now - 100 <= self.last:
            raise Unreachable("the manager cannot be reached: Connection refused")
        return self.httpd(method, url, headers, body)

    def run(self, check_mode=False, **options):
        want = wanted(**options)
        return result(apply(BalancerManager(self, URL), want, check_mode=check_mode, clock=self.clock), want)


def test_readings_that_fail_while_waiting_are_made_again():
    httpd = Httpd(page("fresh.xml"))
    out = Weak(httpd, 0.5, 2).run(route="t2", state="disabled", wait="idle")
    assert (out["idle"], out["waited"], len(httpd.posts)) == (True, 3.0, 1)


@pytest.mark.parametrize("on_timeout", ["fail", "proceed"])
def test_readings_that_fail_until_the_end_are_told(on_timeout):
    httpd = Weak(Httpd(page("fresh.xml")), 0.5, 99)
    with pytest.raises(ManagerError, match="Connection refused .so for 9.5 s, until the time-out"):
        httpd.run(route="t2", state="disabled", wait="idle", on_timeout=on_timeout)


@pytest.mark.parametrize("options, check_mode", [({}, False), ({"wait": "idle"}, True)])
def test_the_first_reading_must_not_fail_for_one_who_does_not_wait(options, check_mode):
    httpd = Weak(Httpd(page("fresh.xml")), 0, 0)
    with pytest.raises(ManagerError, match="refused$"):
        httpd.run(check_mode, route="t2", state="disabled", **options)
    assert (httpd.clock.now, httpd.httpd.posts) == (100, [])


def test_who_waits_waits_for_the_first_reading_too():
    httpd = Weak(Httpd(page("fresh.xml")), 0, 2)
    assert httpd.run(route="t2", state="disabled", wait="idle")["idle"]
    assert len(httpd.httpd.posts) == 1


def test_the_reading_after_a_change_may_take_until_the_time_out():
    httpd = Httpd(page("fresh.xml"))
    weak = Weak(httpd, 99, 99)
    httpd.on_post = lambda _httpd: setattr(weak, "first", 0) or setattr(weak, "last", 3)
    assert weak.run(route="t2", state="disabled")["changed"]
    assert (weak.clock.now, len(httpd.posts)) == (103.5, 1)


# Input


@pytest.mark.parametrize(
    "url",
    ["127.0.0.1:9080/balancer-manager", "ftp://h/x", "http:///x", URL + "?xml=1", "http://u:p@h/balancer-manager"],
)
def test_bad_manager_urls(url):
    with pytest.raises(ManagerError, match="manager_url"):
        BalancerManager(Httpd(""), url)


@pytest.mark.parametrize(
    "option, part",
    [
        ({"interval": 0}, "at least"),
        ({"timeout": -1}, "at least"),
        ({"stable_reads": 0}, "at least"),
        ({"keep_usable": -1}, "at least"),
        ({"load_factor": 0.99}, "1 to 100 with at most two decimals, not 0.99"),
        ({"load_factor": 100.01}, "1 to 100"),
        ({"load_factor": 1.001}, "1 to 100"),
        ({"load_factor": float("nan")}, "1 to 100"),
        ({"lbset": 100}, "0 to 99, not 100"),
        ({"lbset": -1}, "0 to 99"),
        ({"new_route": ""}, "1 to 63 bytes"),
        ({"new_route": "\u00fc" * 32}, "64 bytes"),
        ({"new_route": "a\nb"}, "printable"),
    ],
)
def test_bad_values(option, part):
    with pytest.raises(ManagerError, match=part):
        wanted(**option)
