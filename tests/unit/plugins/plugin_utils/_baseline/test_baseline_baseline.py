# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import re
from pathlib import Path

import pytest

from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._baseline.baseline import LINES, report

PAGE = (Path(__file__).resolve().parents[5] / "docs/security.md").read_text()


def line(state, *ids):
    return {"state": state, "ids": list(ids), "what": "a thing", "evidence": "so"}


HOSTS = {"app1": [line("PASS", "CIS-1", "CIS-2"), line("FAIL", "CIS-3")], "app2": [line("N/A", "CIS-2")]}


@pytest.fixture(autouse=True)
def known(monkeypatch):
    """The tags of these hosts are tags of lines."""
    lines = type("Lines", (), {"ids": ("CIS-1", "CIS-2", "CIS-3")})
    monkeypatch.setitem(LINES, "of a test", (lines,))


def test_all_lines_of_all_hosts():
    assert report(HOSTS, ["all"], []) == {
        "text": [
            "app1:",
            "  PASS CIS-1 CIS-2  a thing (so)",
            "  FAIL CIS-3  a thing (so)",
            "app2:",
            "  N/A  CIS-2  a thing (so)",
            "1 PASS, 1 FAIL, 1 N/A",
        ],
        "problems": ["1 line fails"],
    }


def test_tags_choose_lines_and_what_is_left_out_does_not_fail():
    chosen = report(HOSTS, ["CIS-2"], [])
    assert chosen["text"] == [
        "app1:",
        "  PASS CIS-1 CIS-2  a thing (so)",
        "app2:",
        "  N/A  CIS-2  a thing (so)",
        "1 PASS, 0 FAIL, 1 N/A",
    ]
    assert chosen["problems"] == []
    assert report(HOSTS, ["all"], ["CIS-3"])["problems"] == []
    assert report(HOSTS, ["CIS-3"], [])["text"] == ["app1:", "  FAIL CIS-3  a thing (so)", "0 PASS, 1 FAIL, 0 N/A"]


def test_a_host_that_could_not_be_read_and_a_tag_of_no_line_are_no_pass():
    told = report({"app1": None}, ["CIS-99"], [])
    assert told["text"][0] == "app1: could not be read"
    assert told["problems"] == ["no line has the tag CIS-99", "app1 could not be read"]


@pytest.mark.parametrize("kind", ["tomcat", "httpd", "memcached", "redis"])
def test_the_page_has_every_tag(kind):
    for one in LINES[kind]:
        for tag in one.ids:
            assert re.search(rf"(?<![\w-]){re.escape(tag)}(?![\w-])", PAGE), tag


def test_no_tag_is_that_of_two_lines_of_a_host():
    for kind in ("tomcat", "httpd", "memcached", "redis"):
        tags = [tag for one in LINES[kind] for tag in one.ids]
        assert len(tags) == len(set(tags))
