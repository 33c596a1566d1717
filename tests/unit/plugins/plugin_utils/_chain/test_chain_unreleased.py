# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._chain.unreleased import unreleased

HOSTS = ["app1", "app2", "app3"]


def chain(*applications):
    """Three instances, each with a route that is not its host's name."""
    return {
        "instances": [{"inventory_host": host, "route": f"r{host[-1]}"} for host in HOSTS],
        "applications": [
            {"base_name": name, "balancer": balancer, "instances": hosts} for name, balancer, hosts in applications
        ],
    }


ROOT = ("ROOT", "tomcat", HOSTS)
SHOP = ("shop", "tomcat", HOSTS)


@pytest.mark.parametrize("name", ["ROOT", "ROOT.war", "ROOT##000002", "ROOT##1.war"])
def test_one_that_came_later(name):
    assert unreleased(chain(ROOT), {"app1": [name], "app2": [name], "app3": []}) == {"tomcat": ["r3"]}


def test_before_the_first_release_of_all_nobody_lacks_anything():
    assert unreleased(chain(ROOT), {host: [] for host in HOSTS}) == {}
    # An application that is new to all of them does not change that.
    assert unreleased(chain(ROOT, SHOP), {host: ["ROOT"] for host in HOSTS}) == {}


def test_it_lacks_one_of_two_applications():
    webapps = {"app1": ["ROOT", "shop"], "app2": ["ROOT", "shop"], "app3": ["ROOT"]}
    assert unreleased(chain(ROOT, SHOP), webapps) == {"tomcat": ["r3"]}
    own = ("shop", "shop", ["app2", "app3"])
    assert unreleased(chain(ROOT, own), webapps) == {"shop": ["r3"]}


def test_of_one_that_was_not_looked_at_nothing_is_said():
    assert unreleased(chain(ROOT), {"app3": []}) == {"tomcat": ["r3"]}
    assert unreleased(chain(ROOT), {"app1": ["ROOT"]}) == {}
    assert unreleased(chain(ROOT), {}) == {}
