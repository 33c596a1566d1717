# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter, and that what it returns is what its documentation says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from ansible.errors import AnsibleFilterError

from ansible_collections.roundrobin.tomcat.plugins.filter.rollout_plan import (
    instance_removal,
    rollout_application,
    rollout_plan,
)
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._rollout.settings import (
    HOOKS,
    KINDS,
    POLICIES,
    STRATEGIES,
)

ROOT = Path(__file__).resolve().parents[4]
DOCUMENTED = yaml.safe_load((ROOT / "plugins/filter/rollout_plan.yml").read_text())
SETTINGS = DOCUMENTED["DOCUMENTATION"]["options"]["settings"]["suboptions"]
RETURNED = DOCUMENTED["RETURN"]["_value"]["contains"]


def test_the_plan_is_plain_data_of_the_documented_shape(read_chain):
    chain = read_chain(2, httpds=2)
    chain.interrupted(chain.plan()).out("app1")
    plan = rollout_plan(
        chain.topology, chain.readings, {"kind": "deploy", "version": "1.1", "war": True, "hosts": chain.hosts}
    )
    assert json.loads(json.dumps(plan)) == plan
    assert set(plan) == set(RETURNED)
    for member in plan["members"].values():
        assert set(member) == set(RETURNED["members"]["contains"])
        for state in member["states"]:
            assert set(state) == set(RETURNED["members"]["contains"]["states"]["contains"])


def test_the_removal_is_plain_data_of_the_documented_shape(read_chain):
    chain = read_chain(2, httpds=2)
    host = {"problems": [], "unit": "tomcat@app2.service", "base": "/b", "archive": "", "remove": ["/b"], "stay": []}
    plan = instance_removal(chain.topology, {**chain.readings, "host": host}, {"instance": "app2", "hosts": []})
    assert json.loads(json.dumps(plan)) == plan
    documented = yaml.safe_load((ROOT / "plugins/filter/instance_removal.yml").read_text())["RETURN"]["_value"]
    assert set(plan) == set(documented["contains"])


@pytest.mark.parametrize(
    "setting, choices",
    [("kind", KINDS), ("strategy", STRATEGIES), ("policy", POLICIES)],
    ids=lambda value: str(value)[:8],
)
def test_choices_are_those_that_are_documented(setting, choices):
    assert tuple(SETTINGS[setting]["choices"]) == choices


def test_the_role_documents_each_hook():
    specs = yaml.safe_load((ROOT / "roles/rolling_deploy/meta/argument_specs.yml").read_text())["argument_specs"]
    text = " ".join(specs["preflight"]["options"]["rolling_deploy_hooks"]["description"])
    assert [hook for hook in HOOKS if f"C({hook})" not in text] == []
    guide = (ROOT / "docs/rollouts.md").read_text()
    assert [hook for hook in HOOKS if f"| `{hook}` |" not in guide] == []


@pytest.mark.parametrize("planned", [rollout_plan, instance_removal])
@pytest.mark.parametrize("arguments", [("text", {}, {}), ({}, [], {}), ({}, {}, None)])
def test_what_is_no_chain_is_refused(planned, arguments):
    called = rf"roundrobin.tomcat.{planned.__name__} is called as: tomcat_topology \|"
    with pytest.raises(AnsibleFilterError, match=called):
        planned(*arguments)


def test_the_application_that_is_meant(read_chain):
    topology = read_chain(2, applications=[{"path": "/"}, {"path": "/shop"}]).topology
    assert rollout_application(topology, "shop")["base_name"] == "shop"
    # Of several none is meant without a name; the plan says so.
    for wrong in ("", "blog"):
        assert rollout_application(topology, wrong) == {"name": "", "base_name": "", "instances": []}
    assert rollout_application(read_chain(2).topology)["name"] == "ROOT"


def test_an_application_of_no_chain_is_refused():
    with pytest.raises(
        AnsibleFilterError, match=r"roundrobin.tomcat.rollout_application is called as: tomcat_topology \|"
    ):
        rollout_application("text", "shop")
