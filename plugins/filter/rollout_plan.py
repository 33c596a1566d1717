# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filters that plan a rollout, and the removal of an instance; the logic is in plugin_utils/_rollout."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._plain import plain
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._rollout.plan import chosen_application, plan
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._rollout.readings import by_kind
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._rollout.removal import removal
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._rollout.source import release_source


def _check_call(name: str, *given: t.Any) -> None:
    if not all(isinstance(value, t.Mapping) for value in given):
        raise AnsibleFilterError(
            f"roundrobin.tomcat.{name} is called as: tomcat_topology | roundrobin.tomcat.{name}(readings, settings)"
        )


def rollout_plan(
    topology: t.Mapping[str, t.Any], readings: t.Mapping[str, t.Any], settings: t.Mapping[str, t.Any]
) -> dict[str, t.Any]:
    """Plan a rollout, with everything that forbids it."""
    _check_call("rollout_plan", topology, readings, settings)
    return plan(plain(topology), by_kind(plain(readings)), plain(settings))


def instance_removal(
    topology: t.Mapping[str, t.Any], readings: t.Mapping[str, t.Any], settings: t.Mapping[str, t.Any]
) -> dict[str, t.Any]:
    """Plan how an instance leaves the chain, with everything that forbids it."""
    _check_call("instance_removal", topology, readings, settings)
    return removal(plain(topology), plain(readings), plain(settings))


def rollout_application(topology: t.Mapping[str, t.Any], release_app: str = "") -> dict[str, t.Any]:
    """Return the application that a deploy is about."""
    if not isinstance(topology, t.Mapping):
        raise AnsibleFilterError(
            "roundrobin.tomcat.rollout_application is called as: tomcat_topology | roundrobin.tomcat.rollout_application(release_app)"
        )
    return dict(chosen_application(plain(topology), str(release_app)))


def source_of_release(war: str, sha256: str, directory: str, repository: str = "") -> dict[str, t.Any]:
    """Return how a release comes to the controller."""
    return release_source(str(war), str(sha256), str(directory), str(repository))


class FilterModule:
    """Ansible's entry point."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Name the filters."""
        return {
            "instance_removal": instance_removal,
            "release_source": source_of_release,
            "rollout_plan": rollout_plan,
            "rollout_application": rollout_application,
        }
