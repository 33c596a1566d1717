# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filters of the playbook verify; the logic is in plugin_utils/_baseline."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._baseline import baseline as whole
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._plain import plain


def baseline(found: t.Any, kind: str, wants: t.Any) -> list[dict[str, t.Any]]:
    """Judge what was read of a host."""
    if not isinstance(found, t.Mapping) or str(kind) not in whole.LINES:
        raise AnsibleFilterError(
            f"roundrobin.tomcat.baseline is given what baseline_info returned, and one of {', '.join(whole.LINES)}"
        )
    return whole.judge(str(kind), plain(found), plain(wants))


def baseline_report(hosts: t.Any, tags: t.Any, without: t.Any) -> dict[str, t.Any]:
    """Show the lines of all hosts."""
    if not isinstance(hosts, t.Mapping):
        raise AnsibleFilterError("roundrobin.tomcat.baseline_report is given the lines of each host")
    return whole.report(plain(hosts), plain(list(tags)), plain(list(without)))


class FilterModule:
    """Ansible's entry point."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Name the filters."""
        return {"baseline": baseline, "baseline_report": baseline_report}
