# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Links below webapps, against what a Tomcat serves that is told what to answer."""

from __future__ import annotations

import os

import pytest

from ansible_collections.roundrobin.tomcat.plugins.module_utils import _file
from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError
from ansible_collections.roundrobin.tomcat.plugins.module_utils._releases.disk import ReleasesDisk
from ansible_collections.roundrobin.tomcat.plugins.module_utils._tomcat.contexts import (
    Application,
    ContextChanger,
    Reading,
)
from ansible_collections.roundrobin.tomcat.plugins.module_utils._tomcat.manager import TomcatManager


@pytest.fixture
def changer(tomcat):
    return ContextChanger(TomcatManager("http://h/m", tomcat.ask), ReleasesDisk(str(tomcat.base), "app"))


def served(tomcat, release):
    return str(tomcat.base / "releases/app" / release / "exploded")


def test_what_is_served_as_it_is_linked_has_no_problem(tomcat, changer):
    tomcat.link_to("", "1.0")
    tomcat.link_to("000001", "2.0")
    tomcat.contexts = {"": (served(tomcat, "1.0"), True, 4), "000001": (served(tomcat, "2.0"), True, 5)}
    application = changer.read()
    assert application.readings == (
        Reading("app", "/app", "", "1.0", newest=False, running=True, sessions=4, problem=None),
        Reading("app", "/app", "000001", "2.0", newest=True, running=True, sessions=5, problem=None),
    )
    assert (application.older_sessions, application.stray) == (4, ())
    assert application.reading("000001") is application.readings[1]
    assert application.reading("000002") is None


def test_a_link_that_tomcat_has_not_followed_and_what_it_still_serves(tomcat, changer):
    tomcat.link_to("", "2.0")
    tomcat.contexts = {"": (served(tomcat, "1.0"), True, 4)}
    application = changer.read()
    (reading,) = application.readings
    assert (reading.running, reading.sessions) == (False, 0)
    assert reading.problem == f"Tomcat does not serve release 2.0, which {tomcat.base}/webapps/app links to"
    assert application.stray == (served(tomcat, "1.0"),)


def test_what_is_deployed_but_does_not_run(tomcat, changer):
    tomcat.link_to("", "1.0")
    tomcat.contexts = {"": (served(tomcat, "1.0"), False, 0)}
    (reading,) = changer.read().readings
    assert (reading.running, reading.sessions) == (False, 0)
    assert reading.problem == "release 1.0 is deployed but does not run: it failed to start, or was stopped"
    # Who does not run is not asked how many users he has.
    assert ("sessions", "") not in tomcat.asked


def test_each_of_two_contexts_of_one_release_takes_one_of_the_list(tomcat, changer):
    for version in ("", "000002"):
        tomcat.link_to(version, "1.0")
    tomcat.contexts = {"": (served(tomcat, "1.0"), True, 1)}
    first, second = changer.read().readings
    assert (first.running, second.running) == (True, False)
    tomcat.contexts["000002"] = (served(tomcat, "1.0"), True, 1)
    assert [reading.running for reading in changer.read().readings] == [True, True]


def test_what_it_will_be_when_tomcat_has_looked_again():
    def reading(context_version, problem):
        return Reading("app", "/app", context_version, "1.0", False, False, 0, problem)

    application = Application((reading("", "sick"), reading("000001", "gone")), ("/stray",))
    foretold = application.expected("000001")
    assert [one.problem for one in foretold.readings] == ["sick", None]
    assert foretold.stray == ()
    assert [one.problem for one in application.expected(None).readings] == ["sick", "gone"]


def test_new_users_get_the_newest(tomcat, changer):
    with pytest.raises(
        CollectionError, match=f"app has no active release in {tomcat.base}/webapps: activate one first"
    ):
        changer.newest()
    for version, release in (("", "2.0"), ("000001", "1.0")):
        tomcat.link_to(version, release)
    assert (changer.newest().context_version, changer.newest().version) == ("000001", "1.0")


def test_to_follow_a_link_tomcat_misses_it_once(tomcat, changer):
    tomcat.link_to("", "1.0")
    changer.serve("")
    tomcat.link_to("", "2.0")
    changer.serve("")
    assert tomcat.contexts[""][0] == served(tomcat, "2.0")
    assert tomcat.asked == [("deploy", "")] * 4
    assert os.listdir(tomcat.base / "webapps") == ["app"]


def test_the_link_comes_back_when_tomcat_cannot_be_asked(tomcat, changer, monkeypatch):
    tomcat.link_to("", "1.0")

    def down(self, *_arguments):
        assert not tomcat.link("").exists()
        raise CollectionError("it is down")

    monkeypatch.setattr(TomcatManager, "look_again", down)
    with pytest.raises(CollectionError, match="it is down"):
        changer.serve("")
    assert os.readlink(tomcat.link("")) == "../releases/app/1.0/exploded"
    assert not os.path.lexists(tomcat.base / "releases/app/.link-aside")


def test_while_another_run_is_at_work_no_link_is_moved(tomcat, changer, monkeypatch):
    monkeypatch.setattr(_file, "LOCK_SECONDS", 0)
    tomcat.link_to("", "1.0")
    with ReleasesDisk(str(tomcat.base), "app").lock():
        for act in (lambda: changer.serve(""), changer.forget):
            with pytest.raises(CollectionError, match="another process has held the lock"):
                act()
    assert tomcat.asked == []
    assert tomcat.link("").exists()


def test_what_no_link_leads_to_is_forgotten_and_nothing_else(tomcat, changer):
    tomcat.link_to("000001", "1.0")
    tomcat.contexts = {
        "": (served(tomcat, "1.0"), True, 0),
        "000001": (served(tomcat, "1.0"), True, 0),
        # Withdrawn, so newer than what is linked.
        "000002": (served(tomcat, "2.0"), True, 0),
    }
    changer.forget()
    assert list(tomcat.contexts) == ["000001"]
    assert [version for command, version in tomcat.asked if command == "deploy"] == ["000002", ""]


def test_where_all_is_linked_nobody_is_asked_to_forget(tomcat, changer):
    tomcat.link_to("", "1.0")
    tomcat.contexts = {"": (served(tomcat, "1.0"), True, 0)}
    changer.forget()
    assert {command for command, _version in tomcat.asked} == {"list", "sessions"}
    assert ("deploy", "") not in tomcat.asked
