# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter that describes the chain; the logic is in plugin_utils/_rollout/status.py."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._plain import plain
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._rollout.readings import by_kind
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._rollout.status import status


def chain_status(topology: t.Mapping[str, t.Any], readings: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Describe the chain, what is wrong with it first."""
    if not all(isinstance(value, t.Mapping) for value in (topology, readings)):
        raise AnsibleFilterError(
            "roundrobin.tomcat.chain_status is called as: tomcat_topology | roundrobin.tomcat.chain_status(readings)"
        )
    return status(plain(topology), by_kind(plain(readings)))


class FilterModule:
    """Ansible's entry point."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Name the filters."""
        return {"chain_status": chain_status}
