# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures of a Tomcat that is told what to answer; tests/loopback/test_one_session.py has a real one."""

from __future__ import annotations

import pytest

from ansible_collections.roundrobin.tomcat.plugins.module_utils._tomcat.health import Answer
from ansible_collections.roundrobin.tomcat.plugins.modules import tomcat_store_info


@pytest.mark.parametrize("check", [True, False])
def test_each_context_that_says_so(run_for_result, tomcat, monkeypatch, check):
    def make_ask(target, *, headers, secret, timeout):
        older = "%23%23" not in target.query
        return lambda: (
            Answer(0.1, 403) if older else Answer(0.1, 200, "OK - Attribute get 'x' - notStored = 2 1536211 1 4\n")
        )

    monkeypatch.setattr(tomcat_store_info, "make_ask", make_ask)
    tomcat.link_to("", "1.0")
    tomcat.link_to("000001", "2.0")
    found = run_for_result(tomcat_store_info, check, base=str(tomcat.base), url="http://198.18.0.3:8080")
    figures = {"sessions": 2, "largest_bytes": 1536211, "incomplete": 1, "refused": 4}
    assert found == {"changed": False, "contexts": [{"name": "app", "context_version": "000001", **figures}]}


def test_without_a_release_nothing_is_asked(run_for_result):
    found = run_for_result(tomcat_store_info, base="/nowhere", url="http://198.18.0.3:8080")
    assert found == {"changed": False, "contexts": []}


def test_an_instance_that_is_down_says_nothing(run_for_result, tomcat, free_port):
    tomcat.link_to("", "1.0")
    found = run_for_result(tomcat_store_info, base=str(tomcat.base), url=f"http://127.0.0.1:{free_port}")
    assert found == {"changed": False, "contexts": []}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"url": "nonsense"}, "nonsense"),
        ({"request_timeout": "long"}, "request_timeout"),
    ],
)
def test_bad_input(run_for_result, tomcat, options, words):
    tomcat.link_to("", "1.0")
    given = {"base": str(tomcat.base), "url": "http://198.18.0.3:8080", **options}
    told = run_for_result(tomcat_store_info, **given)
    assert told["failed"]
    assert words in told["msg"]
