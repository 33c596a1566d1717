# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter over the journal of a rollout; the logic is in plugin_utils/_rollout/report.py."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._plain import plain
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._rollout.journal import parse
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._rollout.report import report
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._rollout.report_text import summary


def rollout_report(journal: t.Any) -> dict[str, t.Any]:
    """Derive the report and its summary from the text of a journal."""
    if not isinstance(journal, str):
        raise AnsibleFilterError(
            f"roundrobin.tomcat.rollout_report takes the text of a journal, not {type(journal).__name__}"
        )
    try:
        found = report(parse(plain(journal)))
    except CollectionError as error:
        raise AnsibleFilterError(f"roundrobin.tomcat.rollout_report: {error.message}") from None
    return {**found, "summary": summary(found)}


class FilterModule:
    """Ansible's entry point."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Name the filter."""
        return {"rollout_report": rollout_report}
