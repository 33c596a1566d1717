# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Ansible hands to a filter becomes plain Python data."""

from __future__ import annotations

import collections
import types

import pytest

from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._plain import plain


class Text(str):
    """A string that knows more, as Ansible's do."""


class Number(int):
    """And so a number."""


class Vaulted:
    """Decrypted when it is read."""

    def __str__(self):
        return "hush"


@pytest.mark.parametrize("value", [None, True, False, 0, -7, 1.5, "", "text", [], {}, [1, {"a": [None]}]])
def test_plain_data_stays_as_it_is(value):
    found = plain(value)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Text("a"), "a"),
        (Number(5), 5),
        (Vaulted(), "hush"),
        (("a", Number(5)), ["a", 5]),
        (types.MappingProxyType({Text("a"): Vaulted()}), {"a": "hush"}),
        (collections.OrderedDict(a=(1,)), {"a": [1]}),
    ],
)
def test_what_is_more_than_data_is_not_after_it(value, expected):
    def kinds(item):
        if isinstance(item, dict):
            return {type(item), *(kind for pair in item.items() for part in pair for kind in kinds(part))}
        if isinstance(item, list):
            return {type(item), *(kind for part in item for kind in kinds(part))}
        return {type(item)}

    found = plain(value)
    assert found == expected
    assert kinds(found) <= {dict, list, str, int}


def test_what_comes_out_is_a_copy():
    given = {"a": [{"b": 1}]}
    found = plain(given)
    found["a"][0]["b"] = 2
    found["a"].append(3)
    assert given == {"a": [{"b": 1}]}
