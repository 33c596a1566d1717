# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Network addresses as text."""

# Private to this collection.

from __future__ import annotations


def in_url(address: str) -> str:
    """Return a host name or address as it stands in a URL: an IPv6 address in brackets."""
    return f"[{address}]" if ":" in address else address
