# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The site is the same for all tests, and each has to leave it whole."""

from __future__ import annotations

import pytest
from site_of_rollouts import Site, everywhere


@pytest.fixture(scope="session")
def one_site(chain):
    return Site(chain)


@pytest.fixture
def site(one_site, request):
    """Whole and on one version after each test, so before the next too."""
    if request.session.testsfailed > one_site.failures_seen:
        one_site.failures_seen = request.session.testsfailed
        one_site.heal()
    yield one_site
    one_site.must_be_whole(**everywhere(one_site.version))
