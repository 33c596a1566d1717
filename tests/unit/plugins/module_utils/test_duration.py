# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.roundrobin.tomcat.plugins.module_utils._duration import duration


@pytest.mark.parametrize(
    "seconds, text",
    [
        (0, "0 s"),
        (0.04, "0 s"),
        (4.25, "4.2 s"),
        (45, "45 s"),
        (59.4, "59.4 s"),
        (59.6, "1 min"),
        (60, "1 min"),
        (119.7, "2 min"),
        (150, "2 min 30 s"),
        (3599.5, "1 h"),
        (7200, "2 h"),
        (7259, "2 h"),
        (7260, "2 h 1 min"),
        (86399, "23 h 59 min"),
        (90000, "1 d 1 h"),
        (10 * 86400 + 3600 * 5, "10 d 5 h"),
    ],
)
def test_in_the_two_largest_units(seconds, text):
    assert duration(seconds) == text
