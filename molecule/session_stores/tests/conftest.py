# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One running cluster for all tests, which goes from one store and Tomcat to the next."""

from __future__ import annotations

import json

import pytest
from chain import ROOT, Chain
from stores import STORES, Figures
from ways import Site

INVENTORY = ("memcached", "9.0.117")


class Cluster(Site):
    """The pair, and what it keeps its sessions in."""

    def __init__(self) -> None:
        super().__init__(Chain.of_scenario())
        self.kept = INVENTORY
        self.figures = Figures(ROOT / "build/session_stores_measured.md")
        self._open()

    @property
    def settings(self) -> list[str]:
        store, version = self.kept
        settings = {"tomcat_instance_session_store": store, "tomcat_instance_version": version}
        return ["-e", json.dumps({**settings, "java_of_b": self.java_of_b, **STORES[store].settings})]

    @property
    def java_of_b(self) -> int:
        return 21 if self.kept[1].startswith("10.1.") else 25

    def keep(self, kept: tuple[str, str]) -> None:
        """As an operator does: the variable is changed, then rolling_restart brings it."""
        if kept != self.kept:
            self.kept = kept
            self.restart()
            self._open()

    def _open(self) -> None:
        self.warm_up()
        self.move("tomcat")

    def restart(self) -> None:
        play = self.chain.play("rolling_restart", *self.settings)
        assert play.returncode == 0, play.stdout

    def note(self, what: str, figure: str) -> None:
        self.figures.note(what, self.kept, figure)


@pytest.fixture(scope="session")
def the_cluster():
    return Cluster()


@pytest.fixture
def cluster(the_cluster, request):
    """With the store and the Tomcat of the test's parameter."""
    the_cluster.keep(request.param)
    yield the_cluster
    the_cluster.move("tomcat")


def pytest_collection_modifyitems(items):
    """All tests of one store and Tomcat, then those of the next."""
    kept = [item.callspec.params["cluster"] for item in items]
    items.sort(key=lambda item: kept.index(item.callspec.params["cluster"]))
