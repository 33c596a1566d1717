# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many round trips a playbook makes to each of its hosts."""

from __future__ import annotations

import collections
import json
from pathlib import Path

CALLBACK = Path(__file__).resolve().parent / "callback"


def counting(log: Path) -> dict[str, str]:
    """The environment in which Ansible writes its round trips into a file."""
    log.write_text("")
    return {
        "ANSIBLE_CALLBACK_PLUGINS": str(CALLBACK),
        "ANSIBLE_CALLBACKS_ENABLED": "round_trips",
        "ROUND_TRIPS": str(log),
    }


def counted(log: Path) -> collections.Counter[str]:
    """The round trips of each inventory host."""
    return collections.Counter(json.loads(line)["host"] for line in log.read_text().splitlines())
