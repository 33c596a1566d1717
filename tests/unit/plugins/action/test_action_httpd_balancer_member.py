# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A wait in slices ends as one long wait does; the module's own logic runs, against an httpd made of a page and a clock."""

from __future__ import annotations

import pathlib
import re
from types import SimpleNamespace
from urllib.parse import parse_qs

import pytest

from ansible_collections.roundrobin.tomcat.plugins.action import httpd_balancer_member
from ansible_collections.roundrobin.tomcat.plugins.module_utils._balancer.change import WantedMember, apply, result
from ansible_collections.roundrobin.tomcat.plugins.module_utils._balancer.connections import Connections
from ansible_collections.roundrobin.tomcat.plugins.module_utils._balancer.manager import BalancerManager, Response
from ansible_collections.roundrobin.tomcat.plugins.module_utils._balancer.model import Unreachable
from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError
from ansible_collections.roundrobin.tomcat.plugins.modules.httpd_balancer_member import ARGUMENTS

PAGES = pathlib.Path(__file__).resolve().parents[2] / "fixtures/balancer_manager"
PAGE = (PAGES / "fresh.xml").read_text()
MEMBER = "ajp://127.0.0.1:8109"
STARTED = 0.5  # what calling a module costs


class Clock:
    """A clock that only sleep() moves."""

    now = 0.0

    def monotonic(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds


class Httpd:
    """Its member is busy until a moment; within others it does not answer; at another it forgets what it was told.

    From then on the other members may be in error. Until another moment a connection to the member is established.
    """

    def __init__(self, busy_until=0.0, away=(0, 0), forgets_at=None, alone=False, connected_until=0.0):
        self.clock = Clock()
        self.busy_until, self.away, self.forgets_at = busy_until, away, forgets_at
        self.connected_until = connected_until
        self.alone, self.others = alone, "Ok "
        self.status = "Ok "
        self.posts = 0

    def __call__(self, method, url, headers, body):
        now = self.clock.now
        if self.away[0] < now < self.away[1]:
            raise Unreachable("the manager cannot be reached: Connection refused")
        if self.forgets_at is not None and now >= self.forgets_at:
            self.forgets_at, self.status, self.others = None, "Ok ", "Err " if self.alone else "Ok "
        if method == "POST":
            assert parse_qs(body)["w_status_D"] == ["1"]
            self.status, self.posts = "Dis ", self.posts + 1
            return Response(200, f"<h3>Edit worker settings for {MEMBER}</h3></html>")
        if not url.endswith("?xml=1"):
            return Response(200, (PAGES / "no_referer.html").read_text())
        start = PAGE.index(f"<httpd:name>{MEMBER}</httpd:name>")
        own = PAGE[start:]
        own = re.sub("(?<=<httpd:status>)[^<]*", f"Init {self.status}", own, count=1)
        own = re.sub("(?<=<httpd:busy>)[^<]*", "2" if now < self.busy_until else "0", own, count=1)
        return Response(200, PAGE[:start].replace("Init Ok ", f"Init {self.others}") + own)

    def connected(self):
        """Count the connections."""
        return Connections(int(self.clock.now < self.connected_until), 0)

    def module(self, arguments):
        """Run the module's logic as its main() does."""
        given = dict(arguments)
        progress = given.pop("progress", {})
        manager = BalancerManager(self, "http://127.0.0.1:9080/m")
        defaults = {name: option.get("default") for name, option in ARGUMENTS.items()}
        try:
            wanted = WantedMember(**{**defaults, **given}, **progress)
            change = apply(manager, wanted, check_mode=False, clock=self.clock, watch=lambda _worker: self.connected)
        except CollectionError as error:
            return {"failed": True, "msg": error.message, **error.details}
        return result(change, wanted)


class Action(httpd_balancer_member.ActionModule):
    """The action, with the module's logic instead of a host."""

    def __init__(self, httpd, arguments, **task):
        task = {"args": arguments, "check_mode": False, "async_val": 0, "delegate_to": None, **task}
        self._task = SimpleNamespace(**task)
        self._connection = SimpleNamespace(has_native_async=False)
        self.httpd = httpd
        self.calls = []

    def _execute_module(self, module_name, task_vars, module_args=None, wrap_async=False):
        assert module_name == "roundrobin.tomcat.httpd_balancer_member"
        self.calls.append((module_args, wrap_async))
        if self.calls[1:]:
            self.httpd.clock.sleep(STARTED)
        return self.httpd.module(module_args or self._task.args)

    def go(self):
        return self.run(None, {"inventory_hostname": "app1", "ansible_play_hosts_all": ["app1", "app2"]})


@pytest.fixture(autouse=True)
def shown(monkeypatch):
    lines = []
    monkeypatch.setattr("ansible.plugins.action.ActionBase.run", lambda *dummy: {})
    monkeypatch.setattr(httpd_balancer_member, "display", SimpleNamespace(display=lines.append))
    return lines


def in_slices(monkeypatch, httpd, arguments, **task):
    monkeypatch.setattr(httpd_balancer_member, "monotonic", httpd.clock.monotonic)
    action = Action(httpd, arguments, **task)
    return action.go(), action


WAIT = {"route": "t2", "state": "disabled", "wait": "idle", "timeout": 30.0}


@pytest.mark.parametrize("on_timeout", ["fail", "proceed"])
@pytest.mark.parametrize(
    "httpd",
    [
        {},
        {"busy_until": 3},
        {"busy_until": 17},
        {"busy_until": 29},
        {"busy_until": 99},
        {"busy_until": 12, "away": (2, 8)},
        {"busy_until": 12, "away": (4.9, 5.4)},
        {"busy_until": 12, "away": (5.1, 7)},
        {"away": (0.1, 99)},
        {"busy_until": 99, "away": (12, 99)},
        {"busy_until": 99, "away": (12, 29.8)},
        {"busy_until": 14, "forgets_at": 7},
        {"busy_until": 14, "forgets_at": 5.2},
    ],
)
def test_slices_end_as_one_long_wait_does(monkeypatch, shown, httpd, on_timeout):
    arguments = {**WAIT, "on_timeout": on_timeout}
    whole, sliced = Httpd(**httpd), Httpd(**httpd)
    expected = whole.module(arguments)
    answer, action = in_slices(monkeypatch, sliced, arguments)
    # How long it took to see it may differ by a call, and by the readings that a slice begins anew.
    moving = ("waited", "msg")
    assert {key: answer[key] for key in answer if key not in moving} == {
        key: expected[key] for key in expected if key not in moving
    }
    assert answer.get("waited", 0) == pytest.approx(expected.get("waited", 0), abs=2)
    assert _without_seconds(answer.get("msg", "")) == _without_seconds(expected.get("msg", ""))
    assert sliced.clock.now == pytest.approx(whole.clock.now, abs=2)
    assert sliced.posts == whole.posts
    assert len(shown) == len(action.calls) - 1


def _without_seconds(message):
    return re.sub(r"\d+\.\d s", "some s", message)


def test_member_that_is_idle_soon_costs_one_call(monkeypatch, shown):
    _answer, action = in_slices(monkeypatch, Httpd(busy_until=4), WAIT)
    assert (len(action.calls), shown) == (1, [])


def test_what_is_in_flight_is_shown_between_slices(monkeypatch, shown):
    in_slices(monkeypatch, Httpd(busy_until=12), WAIT, delegate_to="web1")
    assert [line[10:] for line in shown] == [
        "app1      drain     2 requests in flight on web1:shop, 25 s left",
        "app1      drain     2 requests in flight on web1:shop, 20 s left",
    ]


def test_connections_are_shown_between_slices_where_they_are_counted(monkeypatch, shown):
    httpd = Httpd(busy_until=99, connected_until=12)
    answer, _action = in_slices(monkeypatch, httpd, {**WAIT, "count_connections": True}, delegate_to="web1")
    assert [line[10:] for line in shown] == [
        "app1      drain     2 requests in flight, 1 connection on web1:shop, 25 s left",
        "app1      drain     2 requests in flight, 1 connection on web1:shop, 20 s left",
    ]
    assert (answer["idle"], answer["in_flight"], answer["connections"]) == (True, 2, 0)


def test_without_delegation_the_member_goes_by_its_route(monkeypatch, shown):
    in_slices(monkeypatch, Httpd(busy_until=7), WAIT)
    assert [line[10:] for line in shown] == ["t2        drain     2 requests in flight on app1:shop, 25 s left"]


def test_many_readings_get_a_slice_that_is_long_enough(monkeypatch, shown):
    answer, action = in_slices(monkeypatch, Httpd(), {**WAIT, "stable_reads": 40, "interval": 0.2})
    assert (answer["idle"], len(action.calls)) == (True, 1)


@pytest.mark.parametrize("forgets_at", [2, 5.2])
def test_enough_others_are_asked_for_before_the_member_is_out_and_not_again(monkeypatch, shown, forgets_at):
    httpd = Httpd(busy_until=14, forgets_at=forgets_at, alone=True)
    answer, action = in_slices(monkeypatch, httpd, {**WAIT, "keep_usable": 2})
    assert (answer["idle"], answer["before"], httpd.posts) == (True, {"state": "enabled"}, 2)
    assert len(action.calls) > 1
    assert "keep_usable" in Httpd().module({**WAIT, "keep_usable": 3})["msg"]


@pytest.mark.parametrize(
    "arguments, task, in_background",
    [
        ({"route": "t2", "state": "disabled"}, {}, False),
        ({"route": "t2", "wait": "ok"}, {}, False),
        (WAIT, {"check_mode": True}, False),
        (WAIT, {"async_val": 60}, True),
    ],
)
def test_without_a_wait_to_be_told_of_the_module_runs_as_it_is(monkeypatch, shown, arguments, task, in_background):
    _answer, action = in_slices(monkeypatch, Httpd(), arguments, **task)
    assert (action.calls, shown) == ([(None, in_background)], [])


def test_answer_without_figures_ends_it(monkeypatch, shown):
    monkeypatch.setattr(Httpd, "module", lambda *dummy: {"failed": True, "msg": "requests is missing"})
    answer, action = in_slices(monkeypatch, Httpd(), WAIT)
    assert (answer["msg"], len(action.calls), shown) == ("requests is missing", 1, [])
