# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Our half of the comparison in docs/balancer_modules.md."""

from __future__ import annotations

import balancer_defects
import pytest
from loopback_httpd import needs_httpd

pytestmark = needs_httpd


@pytest.mark.parametrize("case", balancer_defects.CASES, ids=lambda case: case.__name__)
def test_ours_is_right(case):
    verdict = case(balancer_defects.Ours())
    assert verdict.right, verdict.text
