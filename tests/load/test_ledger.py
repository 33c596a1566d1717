# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The probe's verdicts, answer by answer."""

from __future__ import annotations

import itertools
import json

import ledger
import pytest
from ledger import FAILED, LOST, OK, REGRESSED, Answer, Ledger

SESSION = "5A3F-n1.jvm1"


class Story:
    """One user's answers, told shortly."""

    def __init__(self, user="u1", book=None):
        self.user, self.book, self.session = user, book or Ledger(), ""
        self.clock = itertools.count(1)

    def tell(self, kind, **changes):
        fields = {
            "at": next(self.clock) * 0.1,
            "ms": 5.0,
            "user": self.user,
            "kind": kind,
            "request": f"GET /{kind}",
            "status": 200,
            "session_before": self.session,
            "session_after": self.session,
        }
        return self.book.record(Answer(**{**fields, **changes}))

    def login(self, session=SESSION):
        self.session = session
        return self.tell("login", status=302, location="/", session_before="")

    def count(self, value, session=None, **fields):
        self.session = session or self.session
        body = {"user": self.user, "counter": value, "version": "1.0", "instance": "a", "session": self.session}
        return self.tell("counter", body=json.dumps({**body, **fields}))

    def fail(self, kind="counter", error="closed", **changes):
        return self.tell(kind, status=0, error=error, **changes)

    def totals(self):
        return {name: count for name, count in self.book.report()["totals"].items() if count}


def counting(*values):
    story = Story()
    story.login()
    for value in values:
        assert story.count(value) == OK
    return story


def test_a_good_run_counts_nothing_bad():
    story = counting(1, 2, 3)
    assert story.totals() == {"requests": 4, "ok": 4, "sessions": 1, "counted": 3}
    assert story.book.report()["events"] == []


def test_a_counter_below_the_acknowledged_value_has_regressed():
    story = counting(1, 2, 3, 4)
    assert story.count(3) == REGRESSED
    assert story.count(4) == OK  # the user goes on from what the server has now
    assert story.totals()["regressed"] == 1
    assert story.book.report()["events"][0]["reason"] == "the counter answered 3 after 4"


def test_the_same_value_again_has_regressed_too():
    assert counting(1, 2).count(2) == REGRESSED


def test_falling_back_by_one_from_one_is_a_regression_and_no_loss():
    assert counting(1).count(1) == REGRESSED


def test_a_counter_that_starts_again_is_a_lost_session():
    story = counting(1, 2, 3)
    assert story.count(1) == LOST
    assert not story.book.logged_in("u1")


@pytest.mark.parametrize(
    "fields, reason",
    [
        ({"user": None}, "logged out: the answer is for user None"),
        ({"user": "u2"}, "logged out: the answer is for user 'u2'"),
        ({"session": "77AA-n1.jvm1"}, "the session id changed from 5A3F to 77AA"),
        ({"new": True}, "the server calls the session new"),
    ],
)
def test_a_lost_session_is_told_from_a_regressed_one(fields, reason):
    story = counting(1, 2, 3)
    assert story.count(2, **fields) == LOST
    assert story.book.report()["events"][0]["reason"] == reason
    assert "regressed" not in story.totals()


def test_a_cookie_with_another_session_is_a_lost_session_on_any_page():
    story = counting(1)
    assert story.tell("slow", session_after="77AA.jvm1") == LOST


def test_a_session_that_moves_keeps_its_base():
    story = counting(1, 2)
    assert story.count(3, session="5A3F-n2.jvm2", instance="b") == OK
    assert story.count(4, session="5A3F-n2.jvm2", instance="b") == OK
    assert story.totals()["moves"] == 1


def test_a_move_is_seen_by_the_route_when_the_answer_names_no_instance():
    story = counting()
    story.count(1, instance=None)
    story.count(2, session="5A3F.jvm2", instance=None)
    assert story.totals()["moves"] == 1


def test_one_loss_is_counted_once_and_the_next_login_starts_anew():
    story = counting(1, 2, 3)
    assert story.count(1, session="77AA.jvm2", user=None) == LOST
    assert story.login("88BB.jvm2") == OK
    assert story.count(1) == OK
    assert story.totals() == {"requests": 7, "ok": 6, "lost": 1, "sessions": 2, "counted": 4}


def test_a_redirect_to_the_login_is_a_loss_and_no_failure():
    assert counting(1).tell("counter", status=302, location="http://h/login") == LOST


def test_another_redirect_is_a_failure():
    assert counting(1).tell("counter", status=302, location="http://h/elsewhere") == FAILED


def test_a_page_that_does_not_know_the_user_is_a_loss():
    story = counting(1)
    assert story.tell("page", body="Logged in as <b>u1</b>") == OK
    assert story.tell("page", body="Log in") == LOST


@pytest.mark.parametrize("status", [201, 204, 400, 404, 500, 502, 503])
def test_any_other_status_than_200_is_a_failure(status):
    story = counting(1)
    assert story.tell("counter", status=status) == FAILED
    assert story.book.report()["failed_by"] == {f"status_{status}": 1}


def test_a_200_that_is_not_the_applications_answer_is_a_failure():
    story = counting(1)
    assert story.tell("counter", body="<html>sorry</html>") == FAILED
    assert story.tell("counter", body="[1]") == FAILED
    assert story.tell("slow", body='{"slept_ms": 1}', expected={"slept_ms": 1000}) == FAILED
    assert story.tell("static", body="body {}") == OK
    assert story.book.report()["failed_by"] == {"wrong_answer": 3}


def test_closed_on_a_reused_connection_is_a_failure_with_its_own_column():
    story = counting(1)
    assert story.fail(error="closed_reused") == FAILED
    assert story.fail(error="closed") == FAILED
    totals = story.totals()
    assert (totals["failed"], totals["closed_reused"]) == (2, 1)
    assert story.book.report()["timeline"][0]["closed_reused"] == 1


@pytest.mark.parametrize("executed", [0, 1, 2])
def test_after_unanswered_requests_the_counter_may_have_gone_on_or_not(executed):
    story = counting(1, 2, 3)
    story.fail()
    story.fail()
    assert story.count(3 + executed + 1) == OK
    assert "repeated" not in story.totals()


def test_an_unanswered_request_excuses_no_regression():
    story = counting(1, 2, 3)
    story.fail()
    assert story.count(3) == REGRESSED


def test_a_request_executed_twice_is_reported():
    story = counting(1, 2)
    assert story.count(5) == OK
    assert story.totals()["repeated"] == 2


def test_a_login_may_go_on_with_the_session_that_a_loss_has_left_behind():
    story = counting(1, 2, 3)
    assert story.count(1, session="77AA.jvm2", user=None) == LOST
    story.login("77AA.jvm2")
    assert story.count(2) == OK
    assert "repeated" not in story.totals()


def test_login_without_redirect_or_without_cookie_is_a_failure():
    story = Story()
    assert story.tell("login", status=503) == FAILED
    assert story.tell("login", status=200) == FAILED
    assert story.tell("login", status=302, location="/login?error") == FAILED
    assert story.tell("login", status=302, location="/") == FAILED
    assert not story.book.logged_in("u1")


def test_every_request_has_exactly_one_verdict():
    story = counting(1, 2, 3)
    story.fail()
    story.count(2)
    story.count(1, user=None)
    totals = story.totals()
    assert totals["requests"] == totals["ok"] + totals["failed"] + totals["lost"] + totals["regressed"] == 7


def test_users_are_judged_apart():
    book = Ledger()
    one, two = Story("u1", book), Story("u2", book)
    one.login("AAAA.jvm1")
    two.login("BBBB.jvm2")
    assert [one.count(1), one.count(2), two.count(1), one.count(3), two.count(2)] == [OK] * 5


def test_ready_are_the_users_with_a_counted_answer():
    story = Story()
    story.login()
    assert story.book.ready_users() == 0
    story.count(1)
    assert story.book.ready_users() == 1


def test_versions_and_instances_are_told_over_time():
    story = counting()
    story.count(1, at=0.2)
    story.count(2, version="1.1", instance="b")
    report = story.book.report()
    assert [(row["instance"], row["version"], row["requests"]) for row in report["versions"]] == [
        ("a", "1.0", 1),
        ("b", "1.1", 1),
    ]
    assert report["timeline"][0]["versions"] == {"1.0": 1, "1.1": 1}


def test_the_timeline_is_by_the_second():
    story = Story()
    story.login()
    for at in (1.1, 1.9, 3.0):
        story.tell("static", at=at, ms=at)
    seconds = [(second["t"], second["requests"], second["max_ms"]) for second in story.book.report()["timeline"]]
    assert seconds == [(0, 1, 5.0), (1, 2, 1.9), (3, 1, 3.0)]


def test_a_failure_says_when_who_what_and_where():
    story = counting(1)
    story.tell("counter", status=503, body="x" * 999, at=7.0004)
    event = story.book.report()["events"][0]
    assert event == {
        "at": 7.0,
        "ms": 5.0,
        "verdict": "failed",
        "cause": "status_503",
        "reason": "status 503",
        "user": "u1",
        "request": "GET /counter",
        "status": 503,
        "address": "",
        "instance": "",
        "route_sent": "jvm1",
        "session_before": SESSION,
        "session_after": SESSION,
        "body": "x" * 200,
    }


def test_the_list_of_events_is_bounded_but_the_counts_are_not(monkeypatch):
    monkeypatch.setattr(ledger, "EVENTS_KEPT", 2)
    story = counting(1)
    for _unused in range(5):
        story.fail()
    report = story.book.report()
    assert (len(report["events"]), report["events_dropped"], report["totals"]["failed"]) == (2, 3, 5)


def test_latencies_leave_out_requests_meant_to_be_slow_and_those_without_answer():
    story = counting(1)
    story.tell("slow", ms=1500.0)
    story.fail(ms=30000.0)
    report = story.book.report()
    assert report["latency_ms"] == {"n": 2, "median": 5.0, "p95": 5.0, "p99": 5.0, "max": 5.0}
    assert report["latency_ms_by_kind"]["slow"]["max"] == 1500.0


def test_percentiles_are_by_nearest_rank():
    values = [float(value) for value in range(1, 101)]
    assert ledger.latencies(values) == {"n": 100, "median": 50.0, "p95": 95.0, "p99": 99.0, "max": 100.0}
    assert ledger.latencies([7.0]) == {"n": 1, "median": 7.0, "p95": 7.0, "p99": 7.0, "max": 7.0}
    assert ledger.latencies([]) == {"n": 0}


def test_session_ids_fall_into_base_node_and_route():
    assert ledger.session_base("5A3F-n1.jvm_1") == ledger.session_base("5A3F") == "5A3F"
    assert ledger.session_route("5A3F-n1.jvm_1") == "jvm_1"
    assert ledger.session_route("5A3F") == ""


def test_the_report_is_json_and_its_summary_ends_with_the_figures():
    story = counting(1, 2)
    story.fail(error="closed_reused", detail="gone")
    report = {
        "verdict": "red",
        "incomplete": "",
        "users": 1,
        "duration_s": 2.0,
        "ended_by": "min-requests",
        **story.book.report(),
    }
    lines = ledger.summary(json.loads(json.dumps(report))).splitlines()
    assert lines[0] == "1 users, 4 requests in 2.0 s (2/s), ended by min-requests"
    assert "failed by: closed_reused 1" in lines
    assert lines[-1] == (
        "probe: requests=4 failed=1 closed_reused=1 sessions=1 lost=0 regressed=0 repeated=0 moves=0 verdict=red"
    )
