# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The test of the checker: it finds memcached-session-manager's own class out in each way that is known, and nothing in ours.

In the longer form only: tests/load/test_judge.py has the judge's verdicts, and test_checker runs with our class in the short one.
build/checker_other_class.md has what users saw.
"""

from __future__ import annotations

import pytest
from browsers import Browser
from chain import ROOT
from conftest import FIRST
from crowds import USERS, see
from judge import FALLEN_BACK, LOST, REFUSED, REPEATED, RISEN
from lengths import at_length
from nemesis import Schedule, turns

pytestmark = at_length
OURS, OTHER = "org.roundrobin.tomcat.MemcachedSessionManager", "de.javakaffee.web.msm.MemcachedBackupSessionManager"
OF_A_COUNTER = {FALLEN_BACK, LOST, REPEATED}
SCHEDULE = Schedule(0, (turns, turns))
MEASURED = ROOT / "build/checker_other_class.md"


class Plain(Browser):
    """One request after another."""

    AT_ONCE = (1, 1)
    SLOW, RENEWED, ENDED, WITH_LOGIN = 0.0, 0.0, 0.0, 0.0


class InParallel(Plain):
    AT_ONCE = (4, 6)


class Slow(Plain):
    AT_ONCE = (3, 3)
    SLOW = 0.3


class Renewing(Plain):
    RENEWED = 0.2


class Ending(Plain):
    ENDED = 0.2


class LoggingIn(Plain):
    ENDED, WITH_LOGIN = 0.5, 1.0


#: What happens, by docs/sessions.md; who does it, and what the judge has to find.
WAYS = {
    "traffic goes to another instance and comes back": (Plain, OF_A_COUNTER),
    "parallel requests with the cookie of before the move": (InParallel, OF_A_COUNTER),
    "a slow request is being served while another instance takes the session over": (Slow, OF_A_COUNTER),
    "`request.changeSessionId()`, then a move": (Renewing, OF_A_COUNTER),
    "logout on another instance, then traffic comes back": (Ending, {RISEN}),
    "login page (FORM) from one instance, posted to another": (LoggingIn, {REFUSED}),
}


@pytest.fixture(scope="module", params=(OURS, OTHER), ids=("ours", "other"))
def manager(site, request):
    """Nobody works while it is changed."""

    def swap(before, after):
        for member in site.members:
            context = f"/var/opt/tomcat/{member}/conf/context.xml"
            site.chain.command(member, f"sed -i 's/{before}/{after}/' {context} && systemctl restart tomcat@{member}")
        for member in site.members:
            site.await_service(member)

    site.keep(FIRST)
    if request.param == OURS:
        MEASURED.parent.mkdir(exist_ok=True)
        MEASURED.write_text(
            "| class | what happens | operations | users of 20 with a fault |\n| --- | --- | --: | --- |\n"
        )
    else:
        swap(OURS, OTHER)
    yield request.param
    if request.param != OURS:
        swap(OTHER, OURS)


@pytest.mark.parametrize("way", WAYS)
def test_it_is_found_out(site, manager, way):
    kind, known = WAYS[way]
    seen = see(site, SCHEDULE, kind)
    with MEASURED.open("a") as table:
        table.write(f"| {manager.rpartition('.')[2]} | {way} | {len(seen.history)} | {seen} |\n")
    assert len(seen.history) > USERS * 5
    found = {fault.kind for fault in seen.faults}
    assert found & known if manager == OTHER else not seen.faults, seen.faults[:5]
