# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The same member in the balancers of several httpds: everywhere changed first, then waited for.

All of them wait at the same time: the clock of the tests goes on when nobody does anything else.
"""

from __future__ import annotations

import threading

import pytest

from ansible_collections.roundrobin.tomcat.plugins.module_utils._balancer.change import result
from ansible_collections.roundrobin.tomcat.plugins.module_utils._balancer.manager import BalancerManager
from ansible_collections.roundrobin.tomcat.plugins.module_utils._balancer.model import ManagerError, Unreachable
from ansible_collections.roundrobin.tomcat.plugins.module_utils._balancer.several import Task, apply_all
from ansible_collections.roundrobin.tomcat.plugins.module_utils._wait import SystemClock

URL = "http://127.0.0.1:9080/balancer-manager"
MEMBER = "ajp://127.0.0.1:8109"


class SharedClock:
    """A clock for several threads: it goes on to where the first of them wakes up."""

    #: in which those that do not sleep do something
    GRACE = 0.002

    def __init__(self):
        self.now, self._wakes, self._changed = 0.0, [], threading.Condition()

    def monotonic(self):
        return self.now

    def sleep(self, seconds):
        with self._changed:
            wake = self.now + seconds
            self._wakes.append(wake)
            while self.now < wake:
                if not self._changed.wait(self.GRACE) and wake == min(self._wakes):
                    self.now = wake
            self._wakes.remove(wake)
            self._changed.notify_all()


@pytest.fixture
def httpds(new_httpd, page):
    """Two httpds and a clock; what is done to them is in the list, with the seconds that had gone by."""

    class Httpds:
        def __init__(self):
            self.clock, self.done = SharedClock(), []
            self.all = {name: self.new(name) for name in ("web1", "web2")}
            self.busy_until = {}

        def new(self, name):
            def note(what):
                return lambda httpd: self.done.append((self.clock.now, name, what))

            def read(httpd):
                busy = "2" if self.clock.now < self.busy_until.get(name, 0) else "0"
                httpd.set_text(MEMBER, "busy", busy)
                note("read")(httpd)

            return new_httpd(page("fresh.xml"), on_read=read, on_post=note("changed"))

        def go(self, wanted, check_mode=False, **of_one):
            tasks = [
                Task(name, BalancerManager(fetch, URL), of_one.get(name, wanted)) for name, fetch in self.all.items()
            ]
            changes = apply_all(tasks, check_mode=check_mode, clock=self.clock)
            return [result(change, task.wanted) for task, change in zip(tasks, changes)]

    return Httpds()


@pytest.fixture
def out(wanted):
    return lambda **more: wanted(
        **{"worker": MEMBER, "state": "disabled", "wait": "idle", "interval": 0.0625, "timeout": 30.0, **more}
    )


def test_all_are_changed_before_the_first_is_waited_for(httpds, out):
    httpds.busy_until = {"web1": 4.0, "web2": 6.0}
    one, two = httpds.go(out())
    changes = [(seconds, name) for seconds, name, what in httpds.done if what == "changed"]
    assert sorted(changes) == [(0.0, "web1"), (0.0, "web2")]
    assert [answer["idle"] for answer in (one, two)] == [True, True]
    # Counted from the beginning, for both.
    assert one["waited"] == pytest.approx(4.1, abs=0.4)
    assert two["waited"] == pytest.approx(6.1, abs=0.4)
    for answer in (one, two):
        assert (answer["changed"], answer["state_before"], answer["state_after"]) == (True, "enabled", "disabled")
        assert (answer["before"], answer["after"]) == ({"state": "enabled"}, {"state": "disabled"})


def test_the_time_out_of_each_counts_from_the_beginning(httpds, out):
    httpds.busy_until = {"web1": 20.0, "web2": 99.0}
    with pytest.raises(ManagerError, match="after 30.0 s .* is not idle: 2 request") as caught:
        httpds.go(out())
    assert httpds.clock.now == pytest.approx(30.0, abs=0.4)
    # The message has the member only, which is the same in both.
    assert caught.value.details == {"httpd": "web2", "state_before": "enabled", "state_after": "disabled"}


def test_what_proceeds_at_the_time_out_proceeds_everywhere(httpds, out):
    httpds.busy_until = {"web1": 99.0, "web2": 99.0}
    answers = httpds.go(out(on_timeout="proceed"))
    assert [(answer["idle"], answer["in_flight"]) for answer in answers] == [(False, 2), (False, 2)]
    assert httpds.clock.now == pytest.approx(30.5, abs=0.5)


def test_a_slice_is_one_for_all_of_them(httpds, out):
    """However many there are, what is waited for is told after a slice."""
    httpds.busy_until = {"web1": 99.0, "web2": 99.0}
    one, two = httpds.go(out(every=5.0))
    assert httpds.clock.now == pytest.approx(5.0, abs=0.4)
    assert one["left"] == pytest.approx(25.0, abs=0.4)
    assert two["left"] == pytest.approx(25.0, abs=0.4)
    assert (one["changed"], two["changed"]) == (True, True)


def test_a_later_slice_judges_and_changes_nothing_again(httpds, out):
    httpds.busy_until = {"web1": 6.0, "web2": 99.0}
    httpds.go(out(every=5.0, keep_usable=2))
    seen = len(httpds.done)
    # Meanwhile the others went out: that does not put the member back in.
    for httpd in httpds.all.values():
        httpd.set_flags("ajp://127.0.0.1:8009", {"D": True})
    one, two = httpds.go(out(every=5.0, keep_usable=2, waited=httpds.clock.now))
    assert [what for _seconds, _name, what in httpds.done[seen:] if what == "changed"] == []
    assert (one["idle"], "left" in one, "left" in two) == (True, False, True)


def test_who_would_miss_it_keeps_it_and_is_named(httpds, out):
    with pytest.raises(ManagerError, match="is not taken out") as caught:
        httpds.go(out(), web2=out(keep_usable=3))
    assert caught.value.details["httpd"] == "web2"
    assert [name for _seconds, name, what in httpds.done if what == "changed"] == ["web1"]


def test_one_alone_is_done_in_one_go(httpds, out):
    del httpds.all["web2"]
    (answer,) = httpds.go(out())
    assert (answer["idle"], answer["changed"]) == (True, True)
    # Looked for, seen changed, and three readings: no first round without a wait.
    assert [what for _seconds, _name, what in httpds.done].count("read") <= 5


def test_one_that_is_not_to_be_waited_for_is_not(httpds, wanted):
    """A member that a person had taken out keeps its state while the other one is put back."""
    out_still = wanted(worker=MEMBER, state="disabled")
    one, two = httpds.go(wanted(worker=MEMBER, state="enabled", wait="ok"), web2=out_still)
    assert ("waited" in one, "waited" in two) == (True, False)
    assert (one["changed"], two["state_after"]) == (False, "disabled")


def test_no_httpd_waits_for_the_answers_of_another_one(out, new_httpd, page):
    """Ten of them take no longer than one: each is asked while the others are."""

    class Together:
        """Answers once all have been asked."""

        def __init__(self, name):
            self.httpd = new_httpd(page("fresh.xml"), on_read=lambda _httpd: all_of_them.wait())

    count = 10
    all_of_them = threading.Barrier(count, timeout=30)
    tasks = [Task(str(name), BalancerManager(Together(name).httpd, URL), out(interval=0.001)) for name in range(count)]
    changes = apply_all(tasks, check_mode=False, clock=SystemClock())
    assert [change.waited.done for change in changes] == [True] * count


def test_check_mode_changes_nothing_and_waits_for_nothing(httpds, out):
    httpds.busy_until = {"web1": 99.0, "web2": 99.0}
    answers = httpds.go(out(), check_mode=True)
    assert [answer["changed"] for answer in answers] == [True, True]
    assert [httpd.posts for httpd in httpds.all.values()] == [[], []]
    assert httpds.clock.now == 0
    done = httpds.go(out(on_timeout="proceed", timeout=1.0))
    assert [answer["diff"] for answer in answers] == [answer["diff"] for answer in done]
    assert [answer["changed"] for answer in httpds.go(out(), check_mode=True)] == [False, False]


def test_an_httpd_that_cannot_be_read_is_named(httpds, out):
    def gone(method, url, headers, body):
        raise Unreachable("the manager cannot be reached: Connection refused")

    httpds.all["web2"] = gone
    with pytest.raises(Unreachable, match="Connection refused") as caught:
        httpds.go(out())
    assert caught.value.details["httpd"] == "web2"


def test_what_is_undone_during_the_wait_counts_as_a_change(httpds, out, wanted):
    """A reload of httpd gives the member back; it was out before."""
    for httpd in httpds.all.values():
        httpd.set_flags(MEMBER, {"D": True})
    httpds.busy_until = {"web1": 1.0, "web2": 2.0}
    read = httpds.all["web2"].on_read

    def forget_once(httpd):
        if httpds.clock.now > 1.5 and not httpd.posts:
            httpd.set_flags(MEMBER, {"D": False})
        read(httpd)

    httpds.all["web2"].on_read = forget_once
    one, two = httpds.go(out())
    assert (one["changed"], two["changed"], two["idle"]) == (False, True, True)
    assert two["state_before"] == "disabled"
