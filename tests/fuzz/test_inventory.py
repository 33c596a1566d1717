# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever an inventory says: the chain is derived, or the message names what is wrong. Never an error of Python."""

from __future__ import annotations

import typing as t
from pathlib import Path

import odd
import pytest
import yaml
from ansible.errors import AnsibleFilterError
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.roundrobin.tomcat.plugins.filter import rollout_plan, tomcat_instance, topology
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._chain.applications import APPLICATION_KEYS
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._chain.topology import HOST_VARIABLES
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._rollout.findings import Findings
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._rollout.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
GROUPS = {"tomcat": ["app1", "app2"], "memcached": ["cache1"], "redis": [], "balancer": ["web1"]}
SECRET = "twelve-signs-or-more"


def hostvars() -> dict[str, dict[str, t.Any]]:
    hosts = [host for hosts in GROUPS.values() for host in hosts]
    return {
        host: {
            "ansible_host": f"198.18.0.{number}",
            "tomcat_instance_ajp_secret": SECRET,
            "tomcat_applications": [{"path": "/"}, {"path": "/shop", "name": "shop"}],
        }
        for number, host in enumerate(hosts, 10)
    }


def test_the_inventory_of_these_tests_is_right() -> None:
    assert len(topology.topology(hostvars(), GROUPS)["instances"]) == 2


@pytest.mark.parametrize("variable", HOST_VARIABLES)
@odd.EXAMPLES
@given(data=st.data())
def test_a_variable(variable: str, data: st.DataObject) -> None:
    value = data.draw(odd.values())
    hosts = data.draw(st.sampled_from([["app1"], ["web1"], ["cache1"], list(hostvars())]))
    variables = hostvars()
    for host in hosts:
        variables[host][variable] = value
    _derive(variables, variable)


@pytest.mark.parametrize("key", APPLICATION_KEYS)
@odd.EXAMPLES
@given(data=st.data())
def test_a_key_of_an_application(key: str, data: st.DataObject) -> None:
    value = data.draw(odd.values(["path", "directory", "name", "value"]))
    variables = hostvars()
    for host in variables.values():
        host["tomcat_applications"] = [{"path": "/"}, {"path": "/shop", key: value}]
    _derive(variables, key)


def _derive(variables: dict[str, t.Any], named: str) -> None:
    try:
        topology.topology(variables, GROUPS)
    except AnsibleFilterError as error:
        message = str(error)
        assert named in message or named.rpartition("_")[2] in message
        assert "Error(" not in message


def options_of(role: str, entry: str) -> dict[str, t.Any]:
    return dict(
        yaml.safe_load((ROOT / f"roles/{role}/meta/argument_specs.yml").read_text())["argument_specs"][entry]["options"]
    )


def settled(variable: str, value: t.Any, options: dict[str, t.Any]) -> dict[str, t.Any] | None:
    """All variables of a role, as its tasks have them, with this one: nothing where Ansible refuses it by the role's specs."""
    answer = ArgumentSpecValidator({variable: options[variable]}).validate({variable: value})
    if answer.error_messages:
        return None
    defaults = {name: option["default"] for name, option in options.items() if "default" in option}
    return {**defaults, **answer.validated_parameters}


INSTANCE = options_of("tomcat_instance", "main")


@pytest.mark.parametrize("variable", INSTANCE)
@odd.EXAMPLES
@given(data=st.data())
def test_a_variable_of_an_instance(variable: str, data: st.DataObject) -> None:
    """What the preflight accepts can be written into all files of the instance."""
    value = data.draw(
        odd.values(["name", "value", "scope", "attributes", "coordinates", "sha256", "type", "host", "port"])
    )
    variables = settled(variable, value, INSTANCE)
    if variables is None:
        return
    variables.setdefault("tomcat_instance_ajp_secret", SECRET)
    variables["tomcat_instance_ajp_secret"] = variables["tomcat_instance_ajp_secret"] or SECRET
    problems = tomcat_instance.instance_problems(
        {name: one for name, one in variables.items() if one is not None}, "app1"
    )
    if problems:
        assert all("tomcat_instance_" in problem for problem in problems)
        assert not any("Error(" in problem for problem in problems)
        return
    tomcat_instance.options_for_catalina(
        variables["tomcat_instance_java_opts"], locale=variables["tomcat_instance_locale"]
    )
    tomcat_instance.systemd_environment(variables["tomcat_instance_environment"])
    tomcat_instance.instance_xml(variables, {})
    tomcat_instance.extra_jars(variables["tomcat_instance_jars"], [], "/lib")


# As __rolling_deploy_settings of the role hands them over.
SETTINGS = {
    "kind": "deploy",
    "application": "",
    "version": "1.0",
    "war": True,
    "war_problem": "",
    "hosts": ["app1", "app2"],
    "serial": 1,
    "min_available": 1,
    "allow_same_machine": False,
    "strategy": "restart",
    "policy": "rollback_member",
    "hooks": {},
    "hooks_missing": [],
    "take_over": "",
    "drain_timeout": 60,
    "health_timeout": 120,
    "retire_timeout": 1800,
    "soak": 0,
    "lease": 300,
    "forks": 5,
    "keep_releases": 3,
    "warm_up": [],
    "accept": [],
}
# What Ansible itself fills in, and what another filter has judged.
NOT_OF_USERS = {"kind", "war", "war_problem", "hosts", "hooks_missing", "forks"}


def test_these_settings_are_right() -> None:
    assert _problems_of(SETTINGS) == []


@pytest.mark.parametrize("setting", [name for name in SETTINGS if name not in NOT_OF_USERS])
@odd.EXAMPLES
@given(data=st.data())
def test_a_setting_of_a_rollout(setting: str, data: st.DataObject) -> None:
    variable = {"application": "release_app", "version": "release_version", "policy": "rolling_deploy_on_failure"}.get(
        setting, f"rolling_deploy_{setting}"
    )
    option = ROLLOUT[variable]
    answer = ArgumentSpecValidator({variable: option}).validate({variable: data.draw(odd.values())})
    if answer.error_messages:
        return
    value = answer.validated_parameters[variable]
    for problem in _problems_of({**SETTINGS, setting: SETTINGS[setting] if value is None else value}):
        assert variable in problem
        assert "Error(" not in problem


ROLLOUT = options_of("rolling_deploy", "preflight")


def _problems_of(settings: dict[str, t.Any]) -> list[str]:
    findings = Findings()
    Settings.of(settings, findings)
    return list(findings.problems)


@odd.EXAMPLES
@given(war=st.one_of(st.sampled_from(odd.TEXTS), st.text(max_size=30)), sha256=st.sampled_from(odd.TEXTS))
def test_a_release(war: str, sha256: str) -> None:
    source = rollout_plan.source_of_release(war, sha256, "/cache")
    assert not source["problem"] or "release_" in source["problem"]
