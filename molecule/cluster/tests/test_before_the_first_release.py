# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Before test_cluster.py: no instance has an application yet."""

from __future__ import annotations

from chain import Chain


def test_a_first_release_that_is_sick_leaves_none():
    chain = Chain.of_scenario()
    untouched = chain.command("app2", "systemctl show --property=MainPID tomcat@app2")
    play = chain.deploy("0.9", "-e", "rolling_deploy_health_timeout=20", sick="broken")
    assert play.returncode == 2
    assert {member["host"]: member["result"] for member in play.report["members"]} == {
        "app1": "rolled_back",
        "app2": "untouched",
    }
    assert chain.command("app1", "ls /var/opt/tomcat/app1/webapps") == ""
    assert chain.command("app2", "systemctl show --property=MainPID tomcat@app2") == untouched
    assert chain.module("web1", "rollout_info")["web1"]["lock"] is None
    assert chain.member_states("web1") == {"app1": "enabled", "app2": "enabled"}
