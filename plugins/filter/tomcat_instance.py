# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters of the role tomcat_instance; the logic is in plugin_utils/_chain and plugin_utils/_session_jars.py."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._chain.clusters import member_elements
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._chain.instance import problems_of
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._plain import plain
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._session_jars import compare


def instance_problems(variables: t.Any, name: str) -> list[str]:
    """List everything that is wrong with the variables of one instance."""
    if not isinstance(variables, t.Mapping):
        raise AnsibleFilterError(
            "roundrobin.tomcat.instance_problems is called as: {VARIABLE: value, ...} | roundrobin.tomcat.instance_problems(NAME)"
        )
    return problems_of(str(name), plain(variables))


def cluster_elements(members: t.Any, address: str, port: t.Any) -> list[dict[str, t.Any]]:
    """Name the members of a cluster as server.xml does."""
    return member_elements(plain(members), str(address), int(port))


def session_jars(entries: t.Any, wanted: t.Any, lib: str, made: str) -> dict[str, list[str]]:
    """Compare the jars of a session store that are there with those that are wanted."""
    return compare(plain(entries), plain(wanted), lib=str(lib), made=str(made))


class FilterModule:
    """Ansible's entry point."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Name the filters."""
        return {
            "cluster_elements": cluster_elements,
            "instance_problems": instance_problems,
            "session_jars": session_jars,
        }
