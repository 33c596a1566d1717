# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The least and the most that a number among the options may be, which no type of Ansible says."""

# Private to this collection.

from __future__ import annotations

import typing as t

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError

# Seconds that one question may take, and that lie between two.
OF_A_QUESTION = (0.01, 3600)
# Seconds of a wait: a rollout may wait for days.
OF_A_WAIT = (0, 10**9)


def check_limits(params: t.Mapping[str, t.Any], limits: t.Mapping[str, t.Sequence[float]]) -> None:
    """Raise for the first option that is out of its limits, or no number at all (NaN); one that is not given is not looked at."""
    for name, (least, most) in limits.items():
        value = params[name]
        if value is not None and not least <= value <= most:
            raise CollectionError(f"{name} {value:g} is not accepted: give {least:g} to {most:g}")
