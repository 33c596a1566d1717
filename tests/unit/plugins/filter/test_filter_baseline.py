# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filters; what they judge is tested with plugin_utils/_baseline."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.roundrobin.tomcat.plugins.filter.baseline import FilterModule

FILTERS = FilterModule().filters()


def test_lines_of_a_store_and_their_report():
    found = {"units": {}, "listening": [], "udp": [11211]}
    wants = {"ports": [11211], "address_variable": "x", "clients_variable": "y"}
    lines = FILTERS["baseline"](found, "memcached", wants)
    assert lines[0]["state"] == "FAIL"
    assert FILTERS["baseline_report"]({"cache": lines}, ("all",), ())["problems"] == ["1 line fails"]


@pytest.mark.parametrize(("found", "kind"), [([], "tomcat"), ({}, "nginx")])
def test_what_was_not_read_is_refused(found, kind):
    with pytest.raises(AnsibleFilterError, match="is given what baseline_info returned"):
        FILTERS["baseline"](found, kind, {})
    with pytest.raises(AnsibleFilterError, match="the lines of each host"):
        FILTERS["baseline_report"](["app1"], [], [])
