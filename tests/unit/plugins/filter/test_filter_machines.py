# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.roundrobin.tomcat.plugins.filter.machines import FilterModule

packages_of_machines = FilterModule().filters()["packages_of_machines"]


def test_it_reads_the_looks_of_the_hosts():
    found = {"packages_missing": ["memcached"], "distribution": {"family": "Debian"}}
    assert packages_of_machines({"cache": {"found": found}}, ["cache"], ["found"]) == {
        "cache": {"packages": ["memcached"], "family": "Debian"}
    }


def test_how_it_is_called():
    with pytest.raises(AnsibleFilterError, match="hostvars | roundrobin.tomcat.packages_of_machines"):
        packages_of_machines(["cache"], [], [])
