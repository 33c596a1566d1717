# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The real playbooks against simulated hosts: what many instances cost, and what the preflight says of settings that cannot work."""

from __future__ import annotations

import controller
import pytest


@pytest.fixture
def simulated(tmp_path):
    return controller.Controller(tmp_path, 4)


def test_what_a_task_looks_up_costs_it_little(tmp_path):
    assert "**" in controller.measure(tmp_path, quick=True)


def test_all_settings_that_cannot_work_are_told_at_once_and_nothing_is_touched(simulated):
    wrong = {
        "drain_timeout": "0",
        "health_timeout": "-5",
        "retire_timeout": "never",
        "soak": "-1",
        "lease": "0",
        "min_available": "4",
    }
    with pytest.raises(SystemExit) as ended:
        simulated.preflight(*(f"-erolling_deploy_{name}={value}" for name, value in wrong.items()))
    said = " ".join(str(ended.value).split())
    assert "Nothing was touched." in said
    for name in ("drain_timeout", "health_timeout", "retire_timeout", "soak", "lease"):
        assert f"rolling_deploy_{name} is" in said
    assert "rolling_deploy_min_available asks for 4" in said


def test_a_batch_larger_than_forks_is_warned_of(simulated):
    said = " ".join(simulated.preflight("-erolling_deploy_serial=3", "--forks=2").said.split())
    assert "A batch has up to 3 instances and Ansible works on 2 at a time" in said
