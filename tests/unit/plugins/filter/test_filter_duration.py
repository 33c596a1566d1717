# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.roundrobin.tomcat.plugins.filter.duration import duration


def test_a_number_of_seconds_is_written_out():
    assert duration(150) == "2 min 30 s"


@pytest.mark.parametrize("wrong", ["150", None, True, [1]])
def test_what_is_no_number_is_refused(wrong):
    with pytest.raises(AnsibleFilterError, match="roundrobin.tomcat.duration takes a number of seconds, not "):
        duration(wrong)
