# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter that writes a time span as a person says it; the logic is in module_utils/_duration.py."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.roundrobin.tomcat.plugins.module_utils import _duration


def duration(seconds: t.Any) -> str:
    """Return seconds in their two largest units."""
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
        raise AnsibleFilterError(f"roundrobin.tomcat.duration takes a number of seconds, not {seconds!r}")
    return _duration.duration(seconds)


class FilterModule:
    """Ansible's entry point."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Name the filter."""
        return {"duration": duration}
