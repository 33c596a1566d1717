# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filters over the lock that the playbook site holds; the logic is in plugin_utils/_rollout/site_lock.py."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._plain import plain
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._rollout.site_lock import given_back, left_out, records


def site_records(answers: t.Sequence[t.Mapping[str, t.Any]]) -> list[dict[str, t.Any]]:
    """Say what each httpd host is to hold while site works."""
    return records(_checked(answers, "site_records"))


def site_given_back(answers: t.Sequence[t.Mapping[str, t.Any]]) -> list[dict[str, t.Any]]:
    """Say how the lock of each httpd host ends."""
    return given_back(_checked(answers, "site_given_back"))


def site_left_out(answers: t.Sequence[t.Mapping[str, t.Any]]) -> list[str]:
    """Name the instances that a rolling restart has left out of service."""
    return left_out(_checked(answers, "site_left_out"))


def _checked(answers: t.Any, name: str) -> list[dict[str, t.Any]]:
    if not isinstance(answers, t.Sequence) or not all(isinstance(one, t.Mapping) for one in answers):
        raise AnsibleFilterError(f"roundrobin.tomcat.{name} is called as: answer.results | roundrobin.tomcat.{name}")
    found: list[dict[str, t.Any]] = plain(answers)
    return found


class FilterModule:
    """Ansible's entry point."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Name the filters."""
        return {"site_records": site_records, "site_given_back": site_given_back, "site_left_out": site_left_out}
