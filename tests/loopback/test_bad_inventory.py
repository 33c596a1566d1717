# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""site.yml with an inventory that cannot work: one clear error, and no host is even connected to.

No host can be reached, so a play that went past the check would end as unreachable.
"""

from __future__ import annotations

import copy
import json

import pytest
import yaml
from loopback import ROOT, run_playbook

EXAMPLE = yaml.safe_load((ROOT / "playbooks/inventory/cluster.yml").read_text())


def site(tmp_path, inventory, *arguments):
    path = tmp_path / "inventory.yml"
    path.write_text(json.dumps(inventory))
    return run_playbook("-i", path, ROOT / "playbooks/site.yml", *arguments)


@pytest.fixture
def inventory():
    inventory = copy.deepcopy(EXAMPLE)
    inventory["all"]["vars"]["tomcat_instance_ajp_secret"] = "not-a-secret-in-a-test"
    # Nobody is called, whatever address stands in the example.
    inventory["all"]["vars"]["ansible_ssh_common_args"] = "-o ProxyCommand=false"
    return inventory


def change_tomcat(**variables):
    def change(inventory):
        for name, value in variables.items():
            inventory["tomcat"]["hosts"]["app2"][name] = value

    return change


def same_machine(inventory):
    inventory["tomcat"]["hosts"]["app2"]["ansible_host"] = inventory["tomcat"]["hosts"]["app1"]["ansible_host"]


def empty(group):
    def change(inventory):
        inventory[group]["hosts"] = {}

    return change


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (change_tomcat(tomcat_instance_jvm_route="app1"), ["app1, app2", "jvmRoute 'app1'"]),
        (
            change_tomcat(tomcat_instance_jvm_route="app2.example"),
            ["app2", "tomcat_instance_jvm_route", "'app2.example'", "dot"],
        ),
        (same_machine, ["192.0.2.11", "port 8009", "app1", "app2", "tomcat_instance_port_offset"]),
        (empty("balancer"), ["'balancer' is empty"]),
        (empty("memcached"), ["'memcached' is empty"]),
        (
            change_tomcat(tomcat_instance_port_offset="many"),
            ["app2", "tomcat_instance_port_offset", "'many'", "integer"],
        ),
        (
            change_tomcat(tomcat_instance_session_store="disk"),
            ["tomcat_instance_session_store", "'disk'", "memcached"],
        ),
        (
            change_tomcat(tomcat_instance_ajp_secret="not-the-same-secret"),
            ["app2", "tomcat_instance_ajp_secret differs"],
        ),
    ],
)
def test_refused_before_anything_is_touched(tmp_path, inventory, change, said):
    change(inventory)
    result = site(tmp_path, inventory)
    output = " ".join(result.stdout.split() + result.stderr.split())
    assert result.returncode == 2
    for words in said:
        assert words in output
    assert "unreachable=1" not in output
    assert "changed=1" not in output


def test_the_example_itself_is_accepted(tmp_path, inventory):
    """It goes past the check, to hosts that cannot be reached."""
    result = site(tmp_path, inventory)
    assert "The inventory cannot be used" not in result.stdout + result.stderr
    assert "unreachable=1" in result.stdout


def test_no_group_of_a_store_that_is_not_used_is_nothing_to_warn_of(tmp_path, inventory):
    inventory["all"]["vars"]["tomcat_instance_session_store"] = "none"
    del inventory["memcached"]
    result = site(tmp_path, inventory, "--list-hosts")
    assert result.returncode == 0
    assert "app1" in result.stdout
    assert "[WARNING]" not in result.stdout + result.stderr
