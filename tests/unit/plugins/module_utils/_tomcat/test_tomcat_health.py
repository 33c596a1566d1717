# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError
from ansible_collections.roundrobin.tomcat.plugins.module_utils._tomcat import health as _http_health
from ansible_collections.roundrobin.tomcat.plugins.module_utils._tomcat.health import (
    Answer,
    build_expectation,
    failure_message,
    parse_url,
    wait_healthy,
)

GOOD = Answer(latency=0.01, status=200, body="status=ok\nversion=1.4.2\n")
SICK = Answer(latency=0.01, status=503, body="status=sick\nversion=1.4.2\n")
OLD = Answer(latency=0.01, status=200, body="version=1.4.1\n")
REFUSED = Answer(latency=0.0, error="Connection refused")


@pytest.fixture
def wait(new_clock):
    def call(answers, successes=2, timeout=10.0, pattern="version={version}$", cost=0.0, hold=0.0, eager=False):
        clock = new_clock()
        queue = list(answers)

        def ask():
            clock.sleep(cost)
            return queue.pop(0) if len(queue) > 1 else queue[0]

        return wait_healthy(
            ask,
            build_expectation([200], pattern, "1.4.2"),
            successes=successes,
            timeout=timeout,
            interval=1.0,
            clock=clock,
            hold=hold,
            eager=eager,
        )

    return call


@pytest.mark.parametrize(
    ("url", "host", "port", "path", "query"),
    [
        ("http://h", "h", 80, "/", ""),
        ("https://h/x", "h", 443, "/x", ""),
        ("ajp://198.18.0.3:8109/app/health?a=1", "198.18.0.3", 8109, "/app/health", "a=1"),
        ("ajp://[::1]/", "::1", 8009, "/", ""),
    ],
)
def test_urls(url, host, port, path, query):
    target = parse_url(url)
    assert (target.host, target.port, target.path, target.query) == (host, port, path, query)


@pytest.mark.parametrize(
    "url", ["", "h:80", "ftp://h", "http://", "http://h:x/", "http://h:99999", "//h/", "http://h/a b", "http://h/\n"]
)
def test_bad_urls(url):
    with pytest.raises(CollectionError, match="url "):
        parse_url(url)


def test_password_in_url_is_refused_and_not_repeated():
    with pytest.raises(CollectionError) as caught:
        parse_url("http://user:hush@h/")
    assert "hush" not in caught.value.message


@pytest.mark.parametrize(
    ("statuses", "pattern", "version", "answer", "complaint"),
    [
        ([200], None, None, GOOD, None),
        ([200], None, "1.4.2", GOOD, None),
        ([204, 200], None, None, GOOD, None),
        ([200, 204], None, None, SICK, "status 503 instead of 200 or 204"),
        ([200], "version={version}", "1.4.2", GOOD, None),
        ([200], "version={version}", "1.4", GOOD, None),
        ([200], "(?m)^version={version}$", "1.4", GOOD, "but the body does not match"),
        # The dots of a version are dots.
        ([200], "version={version}", "1x4x2", GOOD, "does not match"),
        ([200], "version={version}", "1.4.2", OLD, "does not match"),
        ([200], r"ok\s+v.{6}", None, GOOD, None),
        ([200], None, None, REFUSED, "Connection refused"),
        ([503], "sick", None, SICK, None),
    ],
)
def test_expectation(statuses, pattern, version, answer, complaint):
    found = build_expectation(statuses, pattern, version).complaint(answer)
    assert found == complaint or (found and complaint and complaint in found)


@pytest.mark.parametrize(
    ("statuses", "pattern", "version", "words"),
    [
        ([], None, None, "status is empty"),
        ([200, 99], None, None, "status 99"),
        ([600], None, None, "status 600"),
        ([200], "(", None, "not a regular expression"),
        ([200], "v={version}", None, "no version is given"),
    ],
)
def test_bad_expectations(statuses, pattern, version, words):
    with pytest.raises(CollectionError, match=words):
        build_expectation(statuses, pattern, version)


def test_two_in_a_row(wait):
    health = wait([REFUSED, REFUSED, SICK, GOOD, SICK, GOOD, GOOD])
    assert (health.healthy, health.tries, health.seconds) == (True, 7, 6.0)
    assert [(item.outcome, item.count, item.first, item.last) for item in health.evidence] == [
        ("Connection refused", 2, 0.0, 1.0),
        ("status 503 instead of 200", 1, 2.0, 2.0),
        ("status 200, good", 1, 3.0, 3.0),
        ("status 503 instead of 200", 1, 4.0, 4.0),
        ("status 200, good", 2, 5.0, 6.0),
    ]


def test_the_old_version_is_not_healthy(wait):
    health = wait([OLD])
    assert not health.healthy
    message = failure_message("http://h/health", health, 2)
    assert message == (
        "http://h/health was not healthy within 10.0 s (11 tries): the last answer: status 200, but the body does not "
        r"match 'version=1\.4\.2$', body 'version=1.4.1'"
    )


def test_message_tells_the_story(wait):
    health = wait([REFUSED, REFUSED, SICK], timeout=4.0)
    assert failure_message("http://h/", health, 2) == (
        "http://h/ was not healthy within 4.0 s (5 tries): the last answer: status 503 instead of 200, "
        "body 'status=sick version=1.4.2'. In order: 2x Connection refused (0.0 to 1.0 s); "
        "3x status 503 instead of 200 (2.0 to 4.0 s)"
    )


def test_good_but_too_few(wait):
    health = wait([SICK, SICK, GOOD], successes=5, timeout=4.0)
    assert not health.healthy
    assert "the last 3 of 5 wanted in a row were good, but the time was over" in failure_message("u", health, 5)


def test_held(wait):
    health = wait([REFUSED, GOOD], hold=60.0)
    assert (health.healthy, health.seconds, health.held, health.tries) == (True, 2.0, 60.0, 3 + 61)
    assert [(item.outcome, item.count) for item in health.evidence] == [
        ("Connection refused", 1),
        ("status 200, good", 63),
    ]


def test_not_held(wait):
    health = wait([REFUSED] + [GOOD] * 10 + [SICK, GOOD], hold=60.0)
    assert (health.healthy, health.seconds, health.held, health.tries) == (False, 2.0, 8.0, 12)
    assert failure_message("http://h/", health, 2, 60.0) == (
        "http://h/ was healthy after 2.0 s, but did not stay so: 8.0 s into the 60 s that it must hold, the last answer: "
        "status 503 instead of 200, body 'status=sick version=1.4.2'. In order: 1x Connection refused (0.0 to 0.0 s); "
        "10x status 200, good (1.0 to 9.0 s); 1x status 503 instead of 200 (10.0 to 10.0 s)"
    )


def test_hold_begins_when_it_is_healthy_only(wait):
    health = wait([SICK], timeout=3.0, hold=60.0)
    assert (health.healthy, health.held, health.tries) == (False, None, 4)


def test_one_look_at_least_and_none_after_the_deadline(wait):
    assert wait([GOOD], successes=1, timeout=0.0).healthy
    assert wait([SICK], timeout=0.0).tries == 1
    assert wait([SICK], timeout=5.0, cost=10.0).tries == 1


def test_eager_the_next_good_answer_is_asked_for_as_soon_as_one_took(wait):
    slow = Answer(latency=0.25, status=200, body=GOOD.body)
    assert wait([slow], successes=5, eager=True).seconds == 4 * 0.25
    assert wait([slow], successes=5).seconds == 4 * 1.0
    # Not at once, however quick, and no later than the interval, however slow.
    assert wait([GOOD], successes=5, eager=True).seconds == 4 * _http_health.LEAST_INTERVAL
    assert wait([Answer(latency=7.0, status=200, body=GOOD.body)], successes=5, eager=True).seconds == 4 * 1.0


def test_eager_a_sick_application_and_one_that_must_hold_are_left_in_peace(wait):
    assert wait([REFUSED, SICK, GOOD], eager=True).seconds == pytest.approx(2 * 1.0 + _http_health.LEAST_INTERVAL)
    health = wait([GOOD], successes=1, hold=3.0, eager=True)
    assert (health.tries, health.held) == (1 + 4, 3.0)


def test_flapping_does_not_grow_without_end(wait):
    health = wait([GOOD, SICK] * 200, timeout=399.0, successes=2)
    assert len(health.evidence) == _http_health.MAX_EVIDENCE
    assert health.evidence[0].first == 0.0
    assert health.evidence[-1].last == 399.0


def test_wrong_secret_is_hinted_at(wait):
    health = wait([Answer(latency=0.0, status=403)], timeout=0.0)
    assert "ajp_secret" in failure_message("ajp://h/", health, 2)
    assert "ajp_secret" not in failure_message("http://h/", health, 2)


def test_excerpt():
    assert _http_health.excerpt("a\n  b\t c") == "a b c"
    assert _http_health.excerpt("x" * 500) == "x" * 197 + "..."
    page = "<!doctype html><html><head><title>T</title><style>body {}</style></head><body><h1>Not Found</h1>text</body></html>"
    assert _http_health.excerpt(page) == "Not Found text"
