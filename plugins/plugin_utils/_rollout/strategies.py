# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the strategies reload and parallel need, and whose former releases are to be retired at the end.

docs/strategies.md tells what was measured.
"""

# Private to this collection.

from __future__ import annotations

import re
import typing as t

from .findings import Findings
from .members import PlannedMember
from .settings import Settings
from .words import Result, listed


def check(topology: Result, instances: t.Iterable[Result], settings: Settings, findings: Findings) -> None:
    """Say what keeps the strategy from working."""
    if not settings.changes_running:
        return
    for instance in instances:
        if not instance["manager_url"]:
            findings.problems.add(
                f"rolling_deploy_strategy {settings.strategy} needs Tomcat's own manager: set tomcat_instance_manager_enabled and "
                "tomcat_instance_manager_password, and run site.yml first.",
                instance["inventory_host"],
            )
    if settings.strategy == "parallel":
        for reason in _against_parallel(topology["session_store"], settings):
            findings.problems.add(f"rolling_deploy_strategy parallel does not go with {reason}")


def _against_parallel(store: str, settings: Settings) -> t.Iterator[str]:
    """Tomcat lets a user stay on a release as long as that release's session manager has the session in memory."""
    if store not in ("memcached", "none"):
        yield f"tomcat_instance_session_store {store}: it was not shown to keep users on the release they began with."
    if store == "memcached" and not settings.memcached_sticky:
        yield (
            "tomcat_instance_memcached_sticky false: sessions are in memory during a request only, "
            "so that every user would get the new release at once."
        )
    if store == "memcached" and re.search("webappVersion|context", settings.storage_key_prefix):
        yield (
            f"storageKeyPrefix {settings.storage_key_prefix} in tomcat_instance_memcached_options: webappVersion and context are other ones for "
            "each release, so that none would find the sessions of another, and users would lose them when theirs is retired."
        )
    if settings.policy == "stop":
        yield (
            "rolling_deploy_on_failure stop: nobody is out of service, so that a failed member would go on giving the release to new users."
        )


def to_retire(members: t.Sequence[PlannedMember], todo: t.Sequence[PlannedMember], settings: Settings) -> list[str]:
    """Return the hosts whose former releases are to go at the end, once all members have the new one.

    A restart or reload of a member leaves it with one release anyway. Where a repair ends with different releases, all stay.
    """
    ends = {member.version_after if member in todo else member.version_now for member in members} - {None}
    if settings.kind == "restart" or len(ends) > 1:
        return []
    return [
        member.host
        for member in members
        if member.instance["manager_url"]
        and (settings.beside if member in todo else member.releases is not None and member.releases.older)
    ]


def warn(members: t.Iterable[PlannedMember], findings: Findings) -> None:
    """Tell of releases that wait to be retired."""
    for member in members:
        if member.releases is not None and member.releases.older:
            findings.warnings.add(
                f"still serves {listed(member.releases.older)} to the users who began on it.", member.host
            )
