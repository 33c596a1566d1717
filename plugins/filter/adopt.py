# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter of the playbook adopt; the logic is in plugin_utils/_adopt."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._adopt.adoption import (
    CONNECTION,
    PORT_SHIFT,
    Machine,
    adopt,
)
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._adopt.text import files_of
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._plain import plain


def adopted_inventory(
    hostvars: t.Mapping[str, t.Any],
    hosts: t.Sequence[str],
    found: str = "__adopt_found",
    port_shift: t.Any = PORT_SHIFT,
) -> dict[str, t.Any]:
    """Turn what adopt_info returned of each host into the files of an inventory."""
    if not isinstance(hostvars, t.Mapping):
        raise AnsibleFilterError(
            "roundrobin.tomcat.adopted_inventory is called as: hostvars | roundrobin.tomcat.adopted_inventory(HOSTS)"
        )
    names = [str(name) for name in hosts]
    machines = [
        Machine(
            name,
            {key: plain(hostvars[name][key]) for key in CONNECTION if key in hostvars[name]},
            plain(hostvars[name][found]),
        )
        for name in names
    ]
    try:
        adopted = adopt(machines, int(port_shift))
    except CollectionError as error:
        raise AnsibleFilterError(error.message) from error
    return {
        "files": files_of(adopted, names),
        "not_carried_over": [str(note) for note in adopted.notes.found],
        "instances": list(adopted.inventory["tomcat"]["hosts"]),
        "secrets": len(adopted.secrets),
    }


class FilterModule:
    """Ansible's entry point."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Name the filter."""
        return {"adopted_inventory": adopted_inventory}
