# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Several applications are asked at the same time, and all must prove healthy."""

from __future__ import annotations

import threading

import pytest

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError
from ansible_collections.roundrobin.tomcat.plugins.module_utils._tomcat.health import Answer, build_expectation
from ansible_collections.roundrobin.tomcat.plugins.module_utils._tomcat.proof import (
    Check,
    Terms,
    Way,
    complaints,
    prove,
    read_check,
    results,
)
from ansible_collections.roundrobin.tomcat.plugins.module_utils._wait import SystemClock

GIVEN = {"application": "shop", "url": "", "headers": {}, "status": [200], "pattern": "", "version": ""}
GOOD, SICK = Answer(latency=0.0, status=200, body="fine"), Answer(latency=0.0, status=503, body="sick")
QUICK = Terms(successes=2, timeout=0.0, interval=0.01)


def check(ask, name="shop"):
    return Check(name, (Way(f"http://h/{name}", ask, build_expectation([200], None, None)),))


def read(**given):
    secret = given.pop("secret", None)
    return read_check({**GIVEN, **given}, secret)


def test_a_check_of_a_page(web):
    one = read(url=web + "/health", headers={"Host": "shop"}, pattern="version={version} host=shop", version="1.4.2")
    (health,) = prove([one], Terms(3, 20.0, 0.01), SystemClock())
    assert (health.healthy, health.tries) == (True, 3)


def test_a_check_over_ajp_has_the_secret_and_one_over_http_has_not(web, ajp, ajp_secret):
    """An instance may have checks of both; the secret is the connector's."""
    checks = [read(url=ajp + "/health", secret=ajp_secret), read(url=web + "/health", secret=ajp_secret)]
    assert [health.healthy for health in prove(checks, Terms(1, 20.0, 0.01), SystemClock())] == [True, True]
    assert ajp_secret not in str(checks[1].ask)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"url": "h:80"}, "url 'h:80' is not accepted"),
        ({"url": "http://h/", "status": [700]}, "status 700"),
        ({"url": "http://h/", "status": []}, "status is empty"),
        ({"url": "http://h/", "pattern": "("}, "not a regular expression"),
        ({"url": "http://h/", "pattern": "{version}"}, "no version is given"),
    ],
)
def test_what_cannot_work_is_refused_before_anything_is_asked(given, words):
    with pytest.raises(CollectionError, match=words):
        read(**given)


def test_all_are_asked_at_the_same_time():
    """Each answers only when the other one is asked too."""
    both = threading.Barrier(2)

    def ask():
        both.wait(60)
        return GOOD

    healths = prove([check(ask), check(ask)], Terms(1, 0.0, 0.01), SystemClock())
    assert [health.healthy for health in healths] == [True, True]


def test_no_application_is_proved_at_once(new_clock):
    assert prove([], QUICK, new_clock()) == []
    assert complaints([], [], QUICK) == ""


def test_a_good_answer_is_followed_by_the_next_one_as_soon_as_it_took(new_clock):
    """Three answers within the interval; a sick one is asked again after the interval."""
    quick, slow = Answer(latency=0.001, status=200), Answer(latency=0.05, status=200)
    for answer, apart in ((quick, 0.02), (slow, 0.05), (Answer(latency=9.0, status=200), 0.1)):
        clock = new_clock()
        assert prove([check(lambda answer=answer: answer)], Terms(3, 10.0, 0.1), clock)[0].healthy
        assert clock.slept == [apart, apart]
    clock = new_clock()
    answers = [SICK, quick, quick]
    assert prove([check(lambda: answers.pop(0))], Terms(2, 10.0, 0.1), clock)[0].healthy
    assert clock.slept == [0.1, 0.02]


def test_a_soak_asks_no_more_often_than_it_is_told(new_clock):
    clock = new_clock()
    (health,) = prove([check(lambda: GOOD)], Terms(1, 10.0, 0.5, hold=2.0), clock)
    assert (health.healthy, health.held, clock.slept) == (True, 2.0, [0.5] * 4)


def test_who_is_sick_is_told_and_the_others_are_not():
    checks = [check(lambda: GOOD, "ROOT"), check(lambda: SICK, "shop"), check(lambda: SICK, "blog")]
    terms = Terms(1, 0.0, 0.01)
    healths = prove(checks, terms, SystemClock())
    message = complaints(checks, healths, terms)
    assert message.count("was not healthy within") == 2
    assert message.index("http://h/shop was not healthy") < message.index("http://h/blog was not healthy")
    assert "ROOT" not in message
    told = results(checks, healths)
    assert [(one["application"], one["url"], one["status"]) for one in told] == [
        ("ROOT", "http://h/ROOT", 200),
        ("shop", "http://h/shop", 503),
        ("blog", "http://h/blog", 503),
    ]


def test_a_release_is_healthy_by_either_way(web):
    """By the inventory's, or by that of the time when it was healthy before."""
    gone, there = {**GIVEN, "url": web + "/gone"}, {**GIVEN, "url": web + "/health"}
    for given, way in (({**gone, "or_else": there}, 1), ({**there, "or_else": gone}, 0)):
        (health,) = prove([read_check(given, None)], Terms(3, 20.0, 0.01), SystemClock())
        assert (health.healthy, health.tries, health.last.way) == (True, 3, way)


def test_where_neither_is_good_both_are_told(web):
    one = read(url=web + "/gone", or_else={**GIVEN, "url": web + "/gone-too"})
    healths = prove([one], QUICK, SystemClock())
    told = complaints([one], healths, QUICK)
    assert told.startswith(f"{web}/gone was not healthy")
    assert told.endswith(f"nor by {web}/gone-too, by which this release was healthy before")
    assert results([one], healths)[0]["url"] == f"{web}/gone"
