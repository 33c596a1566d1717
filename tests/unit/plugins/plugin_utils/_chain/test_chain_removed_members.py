# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._chain.removed_members import removed_members

FOUND = [
    {"name": "tomcat", "members": [{"route": f"app{number}"} for number in (1, 2, 3)]},
    {"name": "shop", "members": [{"route": "app1"}, {"route": "app2"}]},
]


def test_as_many_as_are_accepted_may_go():
    assert removed_members("web1", FOUND, {"tomcat": ["app1", "app3"], "shop": ["app1"]}, 1) == []


def test_a_half_inventory():
    (problem,) = removed_members("web1", FOUND, {"tomcat": ["app1"], "shop": ["app1"]}, 1)
    assert problem == (
        "web1: balancer tomcat would lose app2, app3 of its members app1, app2, app3; apache_balancer_max_removed accepts 1. "
        "Is the inventory whole? If it is: -e apache_balancer_max_removed=2"
    )


def test_a_balancer_that_goes_with_its_application_and_one_that_is_new():
    assert removed_members("web1", FOUND, {"tomcat": ["app1", "app2", "app3"], "new": ["app9"]}, 0) == []
