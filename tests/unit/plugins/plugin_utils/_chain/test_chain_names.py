# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
import yaml

from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._chain.inventory import Problems
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._chain.names import (
    ROLES,
    check_names,
    known,
    of_interest,
)


def complaints(**hosts):
    problems = Problems()
    check_names(hosts, ["apache_balancer_member_spare"], problems)
    return problems.lines


def test_every_option_of_a_role_is_known():
    options = set()
    for path in ROLES.glob("*/meta/argument_specs.yml"):
        for entry in yaml.safe_load(path.read_text())["argument_specs"].values():
            options |= set(entry.get("options", {}))
    assert len(options) > 100
    assert options <= known()


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("tomcat_instance_jvmroute", "tomcat_instance_jvm_route"),
        ("rolling_deploy_seriall", "rolling_deploy_serial"),
        ("rolling_deploy_stratgy", "rolling_deploy_strategy"),
        ("memcached_memory_mbs", "memcached_memory_mb"),
        ("release_versoin", "release_version"),
    ],
)
def test_the_nearest_name(name, nearest):
    assert complaints(app1=[name], app2=[name, nearest]) == [
        f"app1, app2: {name} is no variable of this collection; the nearest is {nearest}."
    ]


def test_a_name_that_is_like_none_of_ours():
    assert complaints(web1=["apache_balancer_zzzzzzzzzzzzzzzzzzzz"]) == [
        "web1: apache_balancer_zzzzzzzzzzzzzzzzzzzz is no variable of this collection; ansible-doc -t role lists them."
    ]


def test_what_the_chain_reads_beside_the_roles():
    assert complaints(app1=["apache_balancer_member_spare"]) == []


def test_names_of_others():
    assert complaints(db=["redis_bind_interface", "memcached_fs_file_max", "release_notes", "tomcat_users"]) == []
    assert of_interest(["ansible_host", "redis_port", "__tomcat_instance_x", "tomcat_group"]) == [
        "redis_port",
        "tomcat_group",
    ]
