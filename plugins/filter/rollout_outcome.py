# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filters over what became of a rollout; the logic is in plugin_utils/_rollout/outcome.py."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._plain import plain
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._rollout.outcome import failure, outcome


def rollout_outcome(
    plan: t.Mapping[str, t.Any],
    results: t.Mapping[str, t.Any],
    failures: t.Mapping[str, t.Any],
    given_back: t.Sequence[t.Mapping[str, t.Any]] = (),
    lost: t.Sequence[str] = (),
) -> dict[str, t.Any]:
    """Say how a rollout ended."""
    if not all(isinstance(value, t.Mapping) for value in (plan, results, failures)):
        raise AnsibleFilterError(
            "roundrobin.tomcat.rollout_outcome is called as: plan | roundrobin.tomcat.rollout_outcome(results, failures)"
        )
    return outcome(plain(plan), plain(results), plain(failures), plain(given_back), plain(lost))


def rollout_failure(result: t.Mapping[str, t.Any], task: str) -> dict[str, t.Any]:
    """Say why a task failed."""
    if not isinstance(result, t.Mapping):
        raise AnsibleFilterError(
            "roundrobin.tomcat.rollout_failure is called as: ansible_failed_result | roundrobin.tomcat.rollout_failure(task)"
        )
    return failure(plain(result), str(task))


class FilterModule:
    """Ansible's entry point."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Name the filters."""
        return {"rollout_outcome": rollout_outcome, "rollout_failure": rollout_failure}
