# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.roundrobin.tomcat.plugins.filter.site_lock import FilterModule

FILTERS = FilterModule().filters()
RELEASED = {"item": {"inventory_host": "web"}, "lock": {"id": "S1", "record": {"kind": "site"}}}


def test_they_read_answers():
    assert FILTERS["site_left_out"]([{**RELEASED, "taken_over": None}]) == []
    assert FILTERS["site_records"]([{**RELEASED, "lock": None}]) == [
        {"inventory_host": "web", "record": {"kind": "site"}}
    ]
    assert FILTERS["site_given_back"]([RELEASED]) == [{"inventory_host": "web", "state": "released"}]


@pytest.mark.parametrize("name", list(FILTERS))
def test_how_they_are_called(name):
    with pytest.raises(AnsibleFilterError, match=rf"is called as: answer.results \| roundrobin.tomcat.{name}"):
        FILTERS[name]({"results": []})
