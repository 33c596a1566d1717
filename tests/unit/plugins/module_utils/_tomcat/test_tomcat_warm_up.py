# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pages that are asked for once; what really answers is in molecule."""

from __future__ import annotations

import pytest

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError
from ansible_collections.roundrobin.tomcat.plugins.module_utils._tomcat.health import Answer
from ansible_collections.roundrobin.tomcat.plugins.module_utils._tomcat.warm_up import (
    Page,
    read_page,
    sentence,
    warm_up,
)

CART, ACCOUNT = "http://198.18.0.3:8080/cart.jsp", "http://198.18.0.3:8080/account"


def page(url: str, **answer: object) -> Page:
    return Page(url, lambda: Answer(**answer))  # type: ignore[arg-type]


def test_each_page_is_asked_once_and_in_the_order_given():
    asked = []

    def ask() -> Answer:
        asked.append(1)
        return Answer(latency=0.25, status=200)

    seen = warm_up([Page(CART, ask), page(ACCOUNT, latency=0.01, status=302)])
    assert len(asked) == 1
    assert seen == [
        {"url": CART, "status": 200, "latency_ms": 250.0, "problem": None},
        {"url": ACCOUNT, "status": 302, "latency_ms": 10.0, "problem": None},
    ]


def test_without_pages_nothing_is_done():
    assert warm_up([]) == []


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        ({"latency": 0.1, "status": 404}, "status 404"),
        ({"latency": 0.1, "status": 500}, "status 500"),
        ({"latency": 30.0, "error": "no complete answer within 30 s"}, "no complete answer within 30 s"),
    ],
)
def test_a_bad_answer_is_told_and_is_no_failure(answer, problem):
    (seen,) = warm_up([page(CART, **answer)])
    assert seen["problem"] == problem
    assert sentence([seen]).endswith(f"; {CART}: {problem}")


def test_the_sentence_names_the_slowest_page():
    seen = warm_up([page(CART, latency=1.234, status=200), page(ACCOUNT, latency=0.2, status=200)])
    assert sentence(seen) == f"warmed up with 2 pages, the slowest took 1.2 s ({CART})"
    assert sentence(seen[1:]) == f"warmed up with 1 page, the slowest took 0.2 s ({ACCOUNT})"


def test_a_url_that_cannot_be_asked_is_refused_first():
    with pytest.raises(CollectionError, match="is not accepted"):
        read_page("ftp://198.18.0.3/", None)


def test_only_ajp_has_the_secret():
    assert "a-secret" in str(read_page("ajp://198.18.0.3:8009/cart.jsp", "a-secret").ask)
    assert "a-secret" not in str(read_page(CART, "a-secret").ask)
