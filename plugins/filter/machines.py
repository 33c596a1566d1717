# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters over the machines of the inventory; the logic is in plugin_utils/_machines.py."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._machines import in_the_way as found_in_the_way
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._machines import packages, unprepared
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._plain import plain


def unprepared_hosts(hostvars: t.Mapping[str, t.Any], hosts: t.Sequence[str]) -> list[str]:
    """Name the hosts that something is to be installed on."""
    return unprepared(_checked(hostvars, "unprepared_hosts"), plain(hosts))


def packages_of_machines(hostvars: t.Mapping[str, t.Any], hosts: t.Sequence[str]) -> dict[str, dict[str, t.Any]]:
    """Name the packages that the first host of each machine is to install."""
    return packages(_checked(hostvars, "packages_of_machines"), plain(hosts))


def in_the_way(hostvars: t.Mapping[str, t.Any], hosts: t.Sequence[str]) -> list[str]:
    """List what is in the way on the hosts."""
    return found_in_the_way(_checked(hostvars, "in_the_way"), plain(hosts))


def _checked(hostvars: t.Mapping[str, t.Any], name: str) -> t.Mapping[str, t.Any]:
    if not isinstance(hostvars, t.Mapping):
        raise AnsibleFilterError(f"roundrobin.tomcat.{name} is called as: hostvars | roundrobin.tomcat.{name}(HOSTS)")
    return hostvars


class FilterModule:
    """Ansible's entry point."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Name the filters."""
        return {
            "in_the_way": in_the_way,
            "packages_of_machines": packages_of_machines,
            "unprepared_hosts": unprepared_hosts,
        }
