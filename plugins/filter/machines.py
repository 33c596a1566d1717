# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters over the machines of the inventory; the logic is in plugin_utils/_machines.py."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._machines import packages
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._plain import plain


def packages_of_machines(
    hostvars: t.Mapping[str, t.Any], hosts: t.Sequence[str], looks: t.Sequence[str]
) -> dict[str, dict[str, t.Any]]:
    """Name the packages that the first host of each machine is to install."""
    if not isinstance(hostvars, t.Mapping):
        raise AnsibleFilterError(
            "roundrobin.tomcat.packages_of_machines is called as: hostvars | roundrobin.tomcat.packages_of_machines(HOSTS, VARIABLES)"
        )
    return packages(hostvars, plain(hosts), plain(looks))


class FilterModule:
    """Ansible's entry point."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Name the filters."""
        return {"packages_of_machines": packages_of_machines}
