# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each play of the collection has, whatever is set around it."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
PLAYS = [
    pytest.param(play, id=f"{path.name}: {play['name']}")
    for path in sorted((ROOT / "playbooks").glob("*.yml"))
    for play in yaml.safe_load(path.read_text())
    if "hosts" in play
]


@pytest.mark.parametrize("play", PLAYS)
def test_hosts_go_in_step_whatever_the_strategy_of_ansible_is(play: dict[str, object]) -> None:
    """With ANSIBLE_STRATEGY=free a plan would be made before all hosts were read."""
    assert play.get("strategy") == "ansible.builtin.linear"
