# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What lines share; the lines themselves are tested beside their files."""

from __future__ import annotations

from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._baseline.lines import Line, Verdict, all_right, passed


def test_all_that_is_wrong_is_said():
    assert all_right([], "fine") == Verdict("PASS", "fine")
    assert all_right(["one", "two"], "fine") == Verdict("FAIL", "one; two")


def test_a_line_is_told_with_its_tags():
    line = Line(("CIS-1",), "a thing", lambda found, wants: passed(f"{found['a']} {wants['b']}"))
    assert line.told({"a": 1}, {"b": 2}) == {"state": "PASS", "ids": ["CIS-1"], "what": "a thing", "evidence": "1 2"}
