# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from ansible.errors import AnsibleFilterError

from ansible_collections.roundrobin.tomcat.plugins.filter.rollout_outcome import rollout_failure, rollout_outcome

FILTERS = Path(__file__).resolve().parents[4] / "plugins/filter"


def documented(name):
    return set(yaml.safe_load((FILTERS / f"{name}.yml").read_text())["RETURN"]["_value"]["contains"])


def test_the_outcome_is_plain_data_of_the_documented_shape(read_chain):
    why = rollout_failure({"failed": True, "msg": "status 503"}, "Prove it")
    assert set(why) == documented("rollout_failure")
    found = rollout_outcome(read_chain(2).plan(), {"app1": "left_out", "app2": ""}, {"app1": why, "app2": None})
    assert json.loads(json.dumps(found)) == found
    assert set(found) == documented("rollout_outcome")


@pytest.mark.parametrize("arguments", [("plan", {}, {}), ({}, [], {}), ({}, {}, None)])
def test_what_is_no_outcome_is_refused(arguments):
    with pytest.raises(AnsibleFilterError, match=r"roundrobin.tomcat.rollout_outcome is called as: plan \|"):
        rollout_outcome(*arguments)


def test_what_is_no_result_is_refused():
    with pytest.raises(AnsibleFilterError, match="rollout_failure is called as: ansible_failed_result"):
        rollout_failure("it failed", "Prove it")
