# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._rollout.words import (
    aligned,
    beginning,
    listed,
    one_line,
    why_failed,
)


@pytest.mark.parametrize(
    "number, text",
    [(0, "none"), (1, "a0"), (8, "a0, a1, a2, a3, a4, a5, a6, a7"), (9, "a0, a1, a2, a3, a4, a5, a6 and 2 more")],
)
def test_long_lists_are_cut(number, text):
    assert listed([f"a{count}" for count in range(number)]) == text


@given(
    st.lists(
        st.lists(st.text(st.characters(codec="ascii", categories=["L", "N"]), max_size=60), min_size=4, max_size=4),
        min_size=1,
    )
)
def test_a_table_is_never_wider_than_it_may_be(rows):
    lines = aligned(rows, 60)
    assert max(map(len, lines)) <= 60
    # What fits is not touched.
    if max(map(len, aligned(rows))) <= 60:
        assert [line.split() for line in lines] == [" ".join(row).split() for row in rows]


def test_the_widest_column_is_cut_first():
    assert aligned([("name", "x" * 30), ("n", "y")], 20) == ["name  xxxxxxxxxxx...", "n     y"]
    assert aligned([("name", "x" * 14), ("n", "y")], 20) == ["name  xxxxxxxxxxxxxx", "n     y"]


def test_numbers_end_at_the_right():
    rows = [("name", "out", "drain"), ("a", "12.5 s", "1.0 s"), ("long name", "-", "10.0 s")]
    assert aligned(rows, numbers_from=1) == [
        "name          out   drain",
        "a          12.5 s   1.0 s",
        "long name       -  10.0 s",
    ]


def test_nothing_moves_the_cursor():
    assert one_line(" a\n\tb\x1b[2J\x07c ") == "a b [2J c"


@pytest.mark.parametrize(
    "result, said",
    [
        ({"msg": " timed out\n"}, "timed out"),
        ({"msg": ""}, "the task failed and does not say why"),
        ({}, "the task failed and does not say why"),
    ],
)
def test_why_a_task_failed_in_its_own_words(result, said):
    assert why_failed(result) == said


@pytest.mark.parametrize("count, shown, more", [(0, 0, 0), (8, 8, 0), (9, 7, 2), (500, 7, 493)])
def test_the_beginning_of_a_list_is_what_a_sentence_has(count, shown, more):
    names = [f"app{number}" for number in range(count)]
    assert beginning(names) == (names[:shown], more)
    assert listed(*beginning(names)) == listed(names)
