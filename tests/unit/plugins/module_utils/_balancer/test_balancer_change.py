# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A task on one member: refused where it would harm, done in one go, waited for."""

from __future__ import annotations

import pytest

from ansible_collections.roundrobin.tomcat.plugins.module_utils._balancer.change import diff, join
from ansible_collections.roundrobin.tomcat.plugins.module_utils._balancer.connections import Connections
from ansible_collections.roundrobin.tomcat.plugins.module_utils._balancer.model import ManagerError, Unreachable


def test_check_mode_sends_nothing(new_httpd, page, run):
    httpd = new_httpd(page("fresh.xml"))
    out = run(httpd, check_mode=True, route="t2", state="disabled", wait="idle")
    assert httpd.posts == []
    assert (out["changed"], out["state_before"], out["state_after"]) == (True, "enabled", "disabled")
    assert out["diff"]["before"] == "state: enabled\n"
    assert out["diff"]["after"] == "state: disabled\n"
    assert not {"idle", "waited"} & set(out)


@pytest.mark.parametrize("state", ["draining", "disabled", "stopped"])
def test_keep_usable(new_httpd, page, run, state):
    httpd = new_httpd(page("fresh.xml"))
    # The standby counts only when nobody else is left.
    with pytest.raises(ManagerError, match="1 usable"):
        run(httpd, route="t3", state=state, keep_usable=2)
    assert httpd.posts == []
    assert run(httpd, route="t3", state=state, keep_usable=1)["changed"]
    assert run(httpd, worker="ajp://127.0.0.1:8009", state=state, keep_usable=1)["changed"]
    with pytest.raises(ManagerError, match="0 usable"):
        run(httpd, route="t2", state=state, keep_usable=1)


def test_keep_usable_does_not_hinder_what_is_out_already_or_comes_back(new_httpd, page, run):
    httpd = new_httpd(page("standby_disabled.xml"))
    assert not run(httpd, route="t2", state="disabled", keep_usable=9)["changed"]
    assert run(httpd, route="t2", state="enabled", keep_usable=9)["changed"]


def test_keep_usable_holds_when_another_task_acts_at_the_same_moment(new_httpd, page, run):
    def on_post(httpd):
        if len(httpd.posts) == 1:
            httpd.set_flags("http://[::1]:8080", {"D": True})

    httpd = new_httpd(page("fresh.xml").replace("Stby ", ""), on_post=on_post)
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
def test_each_setting_is_set_alone_and_once(new_httpd, page, run, name, value, was, sent):
    key = "route" if name == "new_route" else name
    httpd = new_httpd(page("fresh.xml"))
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


def test_all_at_once_in_one_post(new_httpd, page, run):
    httpd = new_httpd(page("fresh.xml"))
    out = run(httpd, route="t1", balancer="shop", state="draining", spare=True, load_factor=2.5, new_route="t9")
    (form,) = httpd.posts
    assert set(form) == {"b", "w", "nonce", "w_status_N", "w_status_R", "w_lf", "w_wr"}
    assert out["diff"]["before"] == "state: enabled\nspare: false\nload_factor: 1.0\nroute: t1\n"
    assert out["diff"]["after"] == "state: draining\nspare: true\nload_factor: 2.5\nroute: t9\n"
    assert out["route"] == out["member"]["route"] == "t9"


def test_a_route_that_another_member_has_is_refused(new_httpd, page, run):
    httpd = new_httpd(page("fresh.xml"))
    with pytest.raises(ManagerError, match="8109 .* does not get the route 't3': http://.::1.:8080 has it"):
        run(httpd, worker="ajp://127.0.0.1:8109", new_route="t3")
    assert httpd.posts == []


def test_idle_needs_several_quiet_readings(new_httpd, page, run):
    busy = iter([1, 1, 0, 1, 0, 0, 0, 0])

    def on_read(httpd):
        if httpd.posts:
            httpd.set_text("ajp://127.0.0.1:8109", "busy", next(busy))

    httpd = new_httpd(page("fresh.xml"), on_read=on_read)
    out = run(httpd, route="t2", state="disabled", wait="idle")
    # The read-back takes the first reading, then 1 0 1 0 0 0 half a second apart.
    assert (out["idle"], out["in_flight"], out["waited"]) == (True, 0, 2.5)


def test_a_member_that_still_gets_requests_is_not_idle(new_httpd, page, run):
    def on_read(httpd):
        httpd.set_text("ajp://127.0.0.1:8109", "elected", httpd.reads)

    httpd = new_httpd(page("fresh.xml"), on_read=on_read)
    with pytest.raises(ManagerError, match="not idle") as error:
        run(httpd, route="t2", state="draining", wait="idle")
    assert error.value.details["state_after"] == "draining"


def test_on_timeout_proceed_tells_what_is_in_flight(new_httpd, page, run):
    httpd = new_httpd(page("fresh.xml"), on_read=lambda httpd: httpd.set_text("ajp://127.0.0.1:8109", "busy", 2))
    out = run(httpd, route="t2", state="disabled", wait="idle", timeout=3, on_timeout="proceed")
    assert (out["changed"], out["idle"], out["in_flight"], out["waited"]) == (True, False, 2, 3.0)


# A leaked counter: what the connections do then is given by the second, half a second a reading.


def counted(new_httpd, page, run, new_clock, connections, **options):
    """Wait for a member whose counter has leaked, and return the answer and whose connections were counted."""
    clock, watched = new_clock(), []
    httpd = new_httpd(page("fresh.xml"), on_read=lambda httpd: httpd.set_text("ajp://127.0.0.1:8109", "busy", 3))

    def watch(worker):
        watched.append(worker)
        return lambda: connections(clock.now)

    options = {"route": "t2", "state": "disabled", "wait": "idle", "count_connections": True, **options}
    return run(httpd, clock=clock, watch=watch, **options), watched


def test_a_member_without_connections_is_idle_whatever_was_counted(new_httpd, page, run, new_clock):
    out, watched = counted(new_httpd, page, run, new_clock, lambda now: Connections(0 if now >= 3 else 2, 0))
    assert (out["idle"], out["in_flight"], out["connections"], out["waited"]) == (True, 3, 0, 4.0)
    assert watched == ["ajp://127.0.0.1:8109"]


def test_what_is_still_connected_is_told_at_the_end(new_httpd, page, run, new_clock):
    with pytest.raises(ManagerError) as error:
        counted(new_httpd, page, run, new_clock, lambda _now: Connections(2, 0))
    assert "is not idle: 3 request(s) in flight by httpd's counter, 2 connection(s) established, " in str(error.value)
    out, _watched = counted(new_httpd, page, run, new_clock, lambda _now: Connections(2, 0), on_timeout="proceed")
    assert (out["idle"], out["in_flight"], out["connections"], out["waited"]) == (False, 3, 2, 10.0)


def test_where_the_kernel_does_not_know_the_counter_decides(new_httpd, page, run, new_clock):
    with pytest.raises(ManagerError, match=r"is not idle: 3 request\(s\) in flight, "):
        counted(new_httpd, page, run, new_clock, lambda _now: None)
    out, _watched = counted(new_httpd, page, run, new_clock, lambda _now: None, on_timeout="proceed")
    assert (out["idle"], out["connections"]) == (False, None)


@pytest.mark.parametrize("options", [{"count_connections": False}, {"wait": "ok", "state": "enabled"}])
def test_connections_are_counted_only_for_who_asks(new_httpd, page, run, new_clock, options):
    out, watched = counted(new_httpd, page, run, new_clock, None, on_timeout="proceed", **options)
    assert ("connections" in out, watched) == (False, [])


def test_wait_ok(new_httpd, page, run):
    def on_read(httpd):
        if httpd.reads == 4:
            httpd.text = httpd.text.replace("Init Err ", "Init Ok ")

    httpd = new_httpd(page("draining_and_error.xml"), on_read=on_read)
    out = run(httpd, route="t3", wait="ok")
    assert (out["changed"], out["member"]["usable"], httpd.posts) == (False, True, [])
    assert "idle" not in out


def test_wait_ok_in_vain(new_httpd, page, run):
    with pytest.raises(ManagerError, match="not usable: its status is 'Init Err'"):
        run(new_httpd(page("draining_and_error.xml")), route="t3", wait="ok", timeout=1)


def test_a_flag_lost_while_waiting_is_set_again(new_httpd, page, run):
    def on_read(httpd):
        httpd.set_text("ajp://127.0.0.1:8109", "busy", 1 if httpd.reads < 6 else 0)
        if httpd.reads == 4:
            httpd.set_flags("ajp://127.0.0.1:8109", {"D": False})

    httpd = new_httpd(page("fresh.xml"), on_read=on_read)
    out = run(httpd, route="t2", state="disabled", wait="idle")
    assert (len(httpd.posts), out["state_after"], out["idle"]) == (2, "disabled", True)


class Weak:
    """An httpd whose readings fail while its clock is within the given seconds."""

    def __init__(self, httpd, first, last, clock, run):
        self.httpd, self.first, self.last = httpd, first, last
        self.clock, self._run = clock, run

    def __call__(self, method, url, headers, body):
        if method == "GET" and self.first <= self.clock.now <= self.last:
            raise Unreachable("the manager cannot be reached: Connection refused")
        return self.httpd(method, url, headers, body)

    def run(self, check_mode=False, **options):
        return self._run(self, check_mode, self.clock, **options)


@pytest.fixture
def weak(new_clock, run):
    def make(httpd, first, last):
        return Weak(httpd, first, last, new_clock(), run)

    return make


def test_readings_that_fail_while_waiting_are_made_again(weak, new_httpd, page):
    httpd = new_httpd(page("fresh.xml"))
    out = weak(httpd, 0.5, 2).run(route="t2", state="disabled", wait="idle")
    assert (out["idle"], out["waited"], len(httpd.posts)) == (True, 3.0, 1)


@pytest.mark.parametrize("on_timeout", ["fail", "proceed"])
def test_readings_that_fail_until_the_end_are_told(weak, new_httpd, page, on_timeout):
    httpd = weak(new_httpd(page("fresh.xml")), 0.5, 99)
    with pytest.raises(ManagerError, match="Connection refused .so for 9.5 s, until the time-out"):
        httpd.run(route="t2", state="disabled", wait="idle", on_timeout=on_timeout)


@pytest.mark.parametrize("options, check_mode", [({}, False), ({"wait": "idle"}, True)])
def test_the_first_reading_must_not_fail_for_one_who_does_not_wait(weak, new_httpd, page, options, check_mode):
    httpd = weak(new_httpd(page("fresh.xml")), 0, 0)
    with pytest.raises(ManagerError, match="refused$"):
        httpd.run(check_mode, route="t2", state="disabled", **options)
    assert (httpd.clock.now, httpd.httpd.posts) == (0, [])


def test_who_waits_waits_for_the_first_reading_too(weak, new_httpd, page):
    httpd = weak(new_httpd(page("fresh.xml")), 0, 2)
    assert httpd.run(route="t2", state="disabled", wait="idle")["idle"]
    assert len(httpd.httpd.posts) == 1


def test_the_reading_after_a_change_may_take_until_the_time_out(weak, new_httpd, page):
    httpd = new_httpd(page("fresh.xml"))
    late = weak(httpd, 99, 99)
    httpd.on_post = lambda _httpd: setattr(late, "first", 0) or setattr(late, "last", 3)
    assert late.run(route="t2", state="disabled")["changed"]
    assert (late.clock.now, len(httpd.posts)) == (3.5, 1)


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
def test_bad_values(wanted, option, part):
    with pytest.raises(ManagerError, match=part):
        wanted(**option)


# How a wait in slices is judged


def test_a_slice_is_long_enough_to_see_an_idle_member_in(wanted):
    assert wanted(timeout=60, every=5, interval=0.5).slice == 5
    assert wanted(timeout=60, every=5, interval=1, stable_reads=4).slice == 12
    # A rest that is too short is not left over.
    assert wanted(timeout=60, every=5, waited=51).slice == 9
    assert wanted(timeout=60, every=5, waited=50).slice == 5
    assert wanted(timeout=60, every=5, waited=61).slice == 0
    assert wanted(timeout=60).slice == 60


FIRST = {
    "changed": True,
    "worker": "ajp://127.0.0.1:8109",
    "balancer": "shop",
    "state_before": "enabled",
    "before": {"state": "enabled"},
    "after": {"state": "disabled"},
}


def test_two_slices_are_told_as_one():
    """Of what both changed, the first one knows what was there."""
    later = {
        **FIRST,
        "state_before": "disabled",
        "before": {"state": "draining", "lbset": 1},
        "after": {"state": "disabled", "lbset": 0},
        "idle": True,
    }
    told = join(FIRST, later)
    assert (told["changed"], told["state_before"], told["idle"]) == (True, "enabled", True)
    assert told["before"] == {"state": "enabled", "lbset": 1}
    assert told["after"] == {"state": "disabled", "lbset": 0}
    assert told["diff"] == diff("ajp://127.0.0.1:8109", "shop", told["before"], told["after"])
    assert told["diff"]["before"] == "state: enabled\nlbset: 1\n"
    assert told["diff"]["before_header"] == "ajp://127.0.0.1:8109 in balancer shop"


def test_a_later_slice_that_changes_nothing_leaves_the_change():
    later = {**FIRST, "changed": False, "state_before": "disabled", "before": {}, "after": {}}
    told = join(FIRST, later)
    assert {key: told[key] for key in FIRST} == FIRST


def test_a_later_slice_that_fails_is_the_failure():
    failed = {"failed": True, "msg": "it is not idle", "state_before": "disabled", "state_after": "disabled"}
    assert join(FIRST, failed) == {**failed, "state_before": "enabled"}
    assert join(FIRST, {"failed": True, "msg": "no answer"}) == {"failed": True, "msg": "no answer"}
