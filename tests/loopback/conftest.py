# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fixtures of more than one test file. With what a server runs (httpd's configuration, Tomcat's version) is said where the tests are."""

from __future__ import annotations

import sys
import threading

import loopback_httpd
import loopback_memcached
import loopback_tomcat
import pytest
from loopback import ROOT

sys.path[:0] = [str(ROOT / "tests/ci"), str(ROOT / ".collections")]


@pytest.fixture(scope="module")
def backends():
    """Two back ends by the names that httpd's configuration has for their ports."""
    with loopback_httpd.backend() as first, loopback_httpd.backend() as second:
        yield {"backend1": first, "backend2": second}


class InFlight:
    """A request to t1 that does not end before it is let go."""

    def __init__(self, httpd):
        self.httpd = httpd
        self.thread = threading.Thread(target=self._ask)
        self.thread.start()
        assert loopback_httpd.Backend.started.wait(10)

    def _ask(self):
        self.status = loopback_httpd.served_by(self.httpd, "t1", "/slow", timeout=60)[0]

    def ended(self):
        """Wait for its end and tell the status that it got."""
        self.thread.join()
        return self.status


@pytest.fixture
def in_flight(httpd):
    request = InFlight(httpd)
    yield request
    loopback_httpd.Backend.let_go.set()
    request.ended()


@pytest.fixture
def memcached():
    """Start nodes, stop them at the end."""
    running = []

    def start(*options, **environment):
        running.append(loopback_memcached.Memcached(*options, **environment))
        return running[-1]

    yield start
    for node in running:
        node.stop()


@pytest.fixture
def run_here(capsys):
    """Run a module in this process."""

    def run(module, check=False, **options):
        return loopback_tomcat.run(capsys, module, check, **options)

    return run


@pytest.fixture
def stage(run_here, tmp_path):
    """Stage releases of an application that tells which one it is."""
    from ansible_collections.roundrobin.tomcat.plugins.modules import tomcat_webapp

    def call(instance, *releases, **options):
        for release in releases:
            war = loopback_tomcat.war(tmp_path / f"{release}.war", instance.version, release, **options)
            webapp = {"base": str(instance.base), "name": "ROOT", "src": str(war), "remote_src": True}
            assert run_here(tomcat_webapp, **webapp, version=release, state="staged")["changed"] is True

    return call
