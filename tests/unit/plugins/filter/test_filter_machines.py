# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.roundrobin.tomcat.plugins.filter.machines import FilterModule

FILTERS = FilterModule().filters()
HOSTVARS = {"cache": {"__memcached_host": {"packages_missing": ["memcached"], "distribution": {"family": "Debian"}}}}


def test_they_read_what_the_roles_found():
    assert FILTERS["unprepared_hosts"](HOSTVARS, ["cache"]) == ["cache"]
    assert FILTERS["packages_of_machines"](HOSTVARS, ["cache"]) == {
        "cache": {"packages": ["memcached"], "family": "Debian"}
    }


@pytest.mark.parametrize("name", list(FILTERS))
def test_how_they_are_called(name):
    with pytest.raises(AnsibleFilterError, match=f"hostvars | roundrobin.tomcat.{name}"):
        FILTERS[name](["cache"], [])
