# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Users of real frameworks notice nothing: Spring Boot with Spring Security, and Jakarta Faces with CDI (tests/frameworks).

In the longer form only, both on Tomcat 10.1 and 11.0: test_checker has the same acts, and users of a session who count in it, in the short
one. build/frameworks_measured.md has what users saw.
"""

from __future__ import annotations

import collections
import contextlib
import json
import random
import sys
import time

import nemesis
import pytest
from chain import ROOT
from conftest import FIRST
from crowds import USERS, addresses, even_out
from lengths import at_length

sys.path.insert(0, str(ROOT / "tests/frameworks"))

import wars
from browsers import Crowd
from shoppers import KINDS, FacesShopper, SpringShopper

pytestmark = at_length
SHOPPERS = {"spring": SpringShopper, "faces": FacesShopper}
TOMCATS = (FIRST.tomcat, "11.0.24")
# How often each is done while users work. A rollout restarts members too.
ACTS = {"drain": 3, "two_go": 3, "kill": 1, "restart": 2, "rolling_deploy": 1, "rolling_restart": 1}
SECONDS_BEFORE, SECONDS_AFTER = 2, 1
MEASURED = ROOT / "build/frameworks_measured.md"


class Applications:
    """The scenario's hosts with the applications on them."""

    def __init__(self, site: nemesis.Site) -> None:
        self.site = site
        self._releases = 0

    def release(self, name: str, *arguments: str) -> None:
        """As an operator does it, each time with another version."""
        self._releases += 1
        version = f"{wars.built(name).stem}-{self._releases}"
        war = wars.release(name, version, self.site.chain.directory / f"{name}-{version}.war")
        self.site.play(
            "rolling_deploy",
            "-e",
            f"release_app={name}",
            "-e",
            f"release_war={war}",
            "-e",
            f"release_version={version}",
            *arguments,
        )
        war.unlink()

    def rolling_deploy(self, _chance: random.Random) -> None:
        """Of each application."""
        for name in SHOPPERS:
            self.release(name)

    def rolling_restart(self, _chance: random.Random) -> None:
        """Of all members."""
        self.site.play("rolling_restart")

    def do(self, act: str, seed: str) -> None:
        """An act of the nemesis, or one of these."""
        chance = random.Random(seed)
        if hasattr(self, act):
            getattr(self, act)(chance)
        else:
            getattr(nemesis, act)(self.site, chance)


@pytest.fixture(scope="module")
def measured():
    MEASURED.parent.mkdir(exist_ok=True)
    MEASURED.write_text(
        "| Tomcat | application | what happens | entries | users with a fault | of these | requests without an answer |\n"
        "| --- | --- | --- | --: | --: | --- | --- |\n"
    )


@pytest.fixture(scope="module", params=TOMCATS)
def applications(site, measured, request):
    site.keep(nemesis.Kept("memcached", request.param))
    applications = Applications(site)
    for name in SHOPPERS:
        # Nobody uses it yet.
        applications.release(name, "-e", json.dumps(nemesis.AT_ONCE))
    return applications


@pytest.mark.parametrize("act", ACTS)
def test_users_of_frameworks_notice_nothing(applications, act):
    site = applications.site
    even_out(site)
    with contextlib.ExitStack() as stack:
        crowds = {name: stack.enter_context(Crowd(addresses(site), USERS, 0, kind)) for name, kind in SHOPPERS.items()}
        time.sleep(SECONDS_BEFORE)
        for number in range(ACTS[act]):
            applications.do(act, f"0-{number}")
            time.sleep(SECONDS_AFTER)
    problems = []
    for name, crowd in crowds.items():
        faults = sorted((fault for shopper in crowd.browsers for fault in shopper.faults), key=lambda fault: fault.sent)
        # The first of its kind that each user saw says how it began.
        problems += {(fault.user, fault.kind): f"{name}: {fault}" for fault in reversed(faults)}.values()
        of_kind = {kind: len({fault.user for fault in faults if fault.kind == kind}) for kind in KINDS}
        cells = [site.kept.tomcat, name, act, str(sum(len(shopper.added) for shopper in crowd.browsers))]
        cells += [f"{len({fault.user for fault in faults})} of {USERS}"]
        cells += [", ".join(f"{number} {kind}" for kind, number in of_kind.items() if number) or "0"]
        cells += [", ".join(f"{number} {what}" for what, number in collections.Counter(crowd.failures).items()) or "0"]
        with MEASURED.open("a") as table:
            table.write(f"| {' | '.join(cells)} |\n")
        assert sum(len(shopper.added) for shopper in crowd.browsers) > USERS, name
    assert not problems, "\n".join(problems[:40])
