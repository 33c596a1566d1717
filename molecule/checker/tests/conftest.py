# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hosts, which the nemesis drives with what the bench has for it."""

from __future__ import annotations

import sys

import pytest
from chain import ROOT, Chain

sys.path.insert(0, str(ROOT / "tests/bench"))

from nemesis import Kept, Site

HTTPDS, MEMBERS = ("web1", "web2"), ("app1", "app2", "app3")
#: The inventory's.
FIRST = Kept("memcached", "10.1.59")


@pytest.fixture(scope="session")
def site():
    """With the sample application on it."""
    chain = Chain.of_scenario()
    play = chain.deploy("1.0", "-e", "release_app=ROOT")
    assert play.returncode == 0, play.stdout
    for machine in ("app1", "app3"):
        chain.command(machine, "command -v iptables >/dev/null || apt-get -qq install iptables >/dev/null")
    site = Site(chain, HTTPDS, MEMBERS, FIRST)
    yield site
    site.close()
