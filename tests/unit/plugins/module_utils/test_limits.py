# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import math

import pytest

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError
from ansible_collections.roundrobin.tomcat.plugins.module_utils._limits import check_limits


@pytest.mark.parametrize("value", [0.5, 2, None])
def test_what_is_between_them_is_accepted(value):
    check_limits({"timeout": value, "other": "text"}, {"timeout": (0.5, 2)})


@pytest.mark.parametrize(
    "value, shown", [(0.4, "0.4"), (2.1, "2.1"), (-1, "-1"), (math.inf, "inf"), (-math.inf, "-inf"), (math.nan, "nan")]
)
def test_what_is_not_is_refused_by_its_name(value, shown):
    with pytest.raises(CollectionError) as error:
        check_limits({"timeout": value}, {"timeout": (0.5, 2)})
    assert error.value.message == f"timeout {shown} is not accepted: give 0.5 to 2"
