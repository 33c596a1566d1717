# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Network addresses as text."""

from __future__ import annotations

import pytest

from ansible_collections.roundrobin.tomcat.plugins.module_utils._net import in_url


@pytest.mark.parametrize(
    ("address", "written"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("app1.example.com", "app1.example.com"),
        ("2001:db8::1", "[2001:db8::1]"),
        ("::1", "[::1]"),
        ("::ffff:192.0.2.1", "[::ffff:192.0.2.1]"),
    ],
)
def test_an_address_in_a_url(address, written):
    assert in_url(address) == written
