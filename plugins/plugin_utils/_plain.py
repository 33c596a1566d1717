# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Ansible hands to a filter, as plain Python data."""

# Private to this collection.

from __future__ import annotations

import typing as t


def plain(value: t.Any) -> t.Any:
    """Copy a templated value into plain Python data, so that what is returned holds nothing of Ansible's own."""
    if isinstance(value, t.Mapping):
        return {plain(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, (bool, float)) or value is None:
        return value
    if isinstance(value, int):
        return int(value)
    # Decrypted, untagged text: a vaulted value is a string to those who read it.
    return str(value)
