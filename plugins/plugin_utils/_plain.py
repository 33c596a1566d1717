# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Ansible hands to a filter, as plain Python data."""

# Private to this collection.

from __future__ import annotations

import collections.abc as c
import typing as t

# Most of what comes is that already; the readings of 500 instances have half a million values.
PLAIN = frozenset((str, int, float, bool, type(None)))


def plain(value: t.Any) -> t.Any:
    """Copy a templated value into plain Python data, so that what is returned holds nothing of Ansible's own."""
    if type(value) in PLAIN:
        return value
    if isinstance(value, c.Mapping):
        return {plain(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, (bool, float)) or value is None:
        return value
    if isinstance(value, int):
        return int(value)
    # Decrypted, untagged text: a vaulted value is a string to those who read it.
    return str(value)
