# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sessions of Tomcats that were set up by hand as the article has it, with memcached-session-manager's own class, at new Tomcats of the role."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor, wait

import archives
import loopback_store
import pytest
from loopback_memcached import Memcached, needs_memcached
from loopback_sessions import IGNORED, Member, burst, complaints, log_in, start_all

pytestmark = needs_memcached

MSM = "de.javakaffee.web.msm.MemcachedBackupSessionManager"
# The article's Tomcat was of the branch that 9.0 is now the last of; MSM itself does not run on later ones without the role.
VERSION = next(version for version in archives.releases() if version.startswith("9.0."))
NAMES = ("jvm1", "jvm2")


class ByHand(Member):
    """With the article's lines in context.xml, and the jars in lib."""

    def __init__(self, home, directory, name, nodes):
        super().__init__(VERSION, home, directory, name, nodes)
        addresses = ",".join(f"n{number}:{node.address}" for number, node in enumerate(nodes, 1))
        given = loopback_store.attributes(className=MSM, memcachedNodes=addresses, requestUriIgnorePattern=IGNORED)
        loopback_store.bring_as_before(self, "memcached")
        (self.base / "conf/context.xml").write_text(f"<Context><Manager {given}/></Context>")


@pytest.fixture(scope="module", params=[1, 2], ids=["one node", "two nodes"])
def chains(request, tmp_path_factory):
    """The old pair, the new one that takes over, and one that does not; all with the same nodes."""
    directory = tmp_path_factory.mktemp("chains")
    home = loopback_store.unpack(VERSION, "memcached", directory)
    nodes = [Memcached() for _number in range(request.param)]
    for place in ("old", "new", "other"):
        (directory / place).mkdir()
    old = [ByHand(home, directory / "old", name, nodes) for name in NAMES]
    new = [Member(VERSION, home, directory / "new", name, nodes, takesOverFromMsm="true") for name in NAMES]
    other = Member(VERSION, home, directory / "other", "jvm1", nodes)
    everybody = [*old, *new, other]
    try:
        start_all(everybody)
        yield old, new, other
    finally:
        for member in everybody:
            member.stop()
        for node in nodes:
            node.stop()


def test_users_go_on_at_the_new_ones(chains):
    """All at once, as a reload of httpd brings them: the requests of a page meet both, whatever their route is."""
    old, new, _other = chains
    users = [*log_in(old[0]), *log_in(old[1])]
    for number, user in enumerate(users):
        for _time in range(3):
            user.count(old[number // 20])
            # Of two requests in one millisecond MSM's own manager stores one, and it does so after the answer.
            time.sleep(0.01)
    time.sleep(1)
    with ThreadPoolExecutor(32) as pool:
        wait(burst(pool, users, [*new, *new]))
        wait(burst(pool, users, new))
    assert complaints(users, new[1]) == []


def test_a_logout_there_is_one(chains):
    old, new, _other = chains
    users = log_in(old[0], 5)
    cookies = [user.cookie for user in users]
    for user in users:
        assert new[0].ask("/logout", user.cookie)[1]["logged_out"] is True
    assert [new[1].ask("/whoami", cookie)[1]["user"] for cookie in cookies] == [None] * 5


def test_without_being_told_to_they_know_nobody(chains):
    """The control: otherwise the test above shows nothing. Applications have keys of their own here."""
    old, _new, other = chains
    users = log_in(old[0], 5)
    assert [user.look(other)["user"] for user in users] == [None] * 5
