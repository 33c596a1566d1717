# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is done on an instance's host, in which order, and what is known where it ends early."""

from __future__ import annotations

import pytest

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError
from ansible_collections.roundrobin.tomcat.plugins.module_utils._tomcat.health import Answer, build_expectation
from ansible_collections.roundrobin.tomcat.plugins.module_utils._tomcat.proof import Check, Terms, Way
from ansible_collections.roundrobin.tomcat.plugins.module_utils._tomcat.replace import Progress, Work, carry_out
from ansible_collections.roundrobin.tomcat.plugins.module_utils._tomcat.warm_up import Page

GOOD, SICK = Answer(latency=0.25, status=200), Answer(latency=0.25, status=503)
TERMS = Terms(successes=2, timeout=60.0, interval=0.25)


class Instance:
    """A unit, its releases and its applications; each second that something takes is the clock's."""

    def __init__(self, clock, runs=True, start_takes=2.0, answers=(), fails_at=None):
        self.clock, self.running, self.start_takes = clock, runs, start_takes
        self.answers, self.fails_at = list(answers), fails_at
        self.done = []

    def do(self, what, seconds=1.0):
        self.done.append(what)
        self.clock.sleep(seconds)
        if what == self.fails_at:
            raise CollectionError(f"it cannot {what}", detail="of it")

    # As the unit of a work.

    @property
    def runs(self):
        return self.running

    def stop(self):
        self.do("stop")
        self.running = False

    def start(self, patience):
        if patience is not None and patience < self.start_takes:
            self.start_takes -= patience
            self.running = True
            self.do("wait for the start", patience)
            return False
        self.do("start", self.start_takes)
        self.running = True
        return True

    def switch(self, name, changes=True):
        def switched():
            self.do(name)
            return changes

        return switched

    def ask(self):
        self.done.append("ask")
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    def work(self, **more):
        check = Check("shop", (Way("http://h/shop", self.ask, build_expectation([200], None, None)),))
        given = {
            "unit": self,
            "stop": True,
            "switches": [self.switch("switch")],
            "start": True,
            "checks": [check],
            "terms": TERMS,
        }
        return Work(**{**given, **more})

    def carried_out(self, **more):
        progress = Progress()
        carry_out(self.work(**more), progress, self.clock)
        return progress


@pytest.fixture
def instance(new_clock):
    return lambda answers=(GOOD,), **how: Instance(new_clock(), answers=answers, **how)


def test_all_of_it_in_its_order(instance):
    one = instance()
    progress = one.carried_out(switches=[one.switch("switch ROOT"), one.switch("switch shop")])
    assert one.done == ["stop", "switch ROOT", "switch shop", "start", "ask", "ask"]
    assert progress.phases == [("stop", 0.0), ("activate", 1.0), ("start", 3.0), ("health", 5.0)]
    assert (progress.done, progress.changed, progress.seconds) == (True, True, 5.25)
    assert [health.healthy for health in progress.healths] == [True]


@pytest.mark.parametrize(
    ("parts", "phases"),
    [
        ({"switches": [], "checks": []}, ["stop", "start"]),
        ({"start": False, "checks": []}, ["stop", "activate"]),
        ({"stop": False, "switches": [], "start": False}, ["health"]),
        ({"stop": False, "switches": [], "start": False, "checks": []}, []),
    ],
)
def test_what_is_not_asked_for_is_no_phase(instance, parts, phases):
    progress = instance().carried_out(**parts)
    assert ([phase for phase, _seconds in progress.phases], progress.done) == (phases, True)


@pytest.mark.parametrize(
    ("runs", "changes", "parts", "changed"),
    [
        (True, False, {}, True),
        (False, False, {}, True),  # it is started
        (False, False, {"start": False}, False),
        (False, True, {"start": False}, True),
        (True, False, {"stop": False}, False),
        (True, True, {"stop": False}, True),
    ],
)
def test_whether_it_changed_anything(instance, runs, changes, parts, changed):
    one = instance(runs=runs)
    assert one.carried_out(switches=[one.switch("switch", changes)], **parts).changed is changed


@pytest.mark.parametrize(
    ("fails_at", "phases", "step"),
    [
        ("stop", ["stop"], "Stop the instance"),
        ("switch", ["stop", "activate"], "Switch to the release"),
        ("start", ["stop", "activate", "start"], "Start the instance"),
    ],
)
def test_what_fails_ends_it_and_is_known(instance, fails_at, phases, step):
    one, progress = instance(fails_at=fails_at), Progress()
    with pytest.raises(CollectionError, match=f"it cannot {fails_at}") as caught:
        carry_out(one.work(), progress, one.clock)
    assert caught.value.details == {"detail": "of it"}
    assert one.done[-1] == fails_at
    assert ([phase for phase, _seconds in progress.phases], progress.step) == (phases, step)
    assert (progress.done, progress.changed, progress.seconds) == (False, True, one.clock.now)


def test_before_anything_was_begun_no_step_is_named():
    assert Progress().step == ""


def test_without_patience_a_sick_application_has_its_whole_time(instance):
    one, progress = instance(answers=[SICK]), Progress()
    with pytest.raises(CollectionError, match=r"http://h/shop was not healthy within 60.0 s"):
        carry_out(one.work(), progress, one.clock)
    assert progress.step == "Prove every application healthy on the member itself"
    assert [health.healthy for health in progress.healths] == [False]
    assert progress.seconds == 64.0


def test_a_start_that_takes_longer_than_the_patience_is_left_for_another_call(instance):
    one = instance(start_takes=7.0)
    progress = one.carried_out(patience=5.0)
    assert one.done == ["stop", "switch", "wait for the start"]
    assert [phase for phase, _seconds in progress.phases] == ["stop", "activate", "start"]
    assert (progress.done, progress.changed, progress.seconds) == (False, True, 5.0)
    # Of the patience 3 s were left; the rest of the start is the next call's.
    again = one.carried_out(stop=False, switches=[], patience=5.0)
    assert one.done[3:] == ["start", "ask", "ask"]
    assert (again.done, again.changed, again.phases) == (True, False, [("start", 0.0), ("health", 4.0)])


def test_an_application_that_is_not_healthy_yet_is_left_for_another_call(instance):
    one = instance(answers=[SICK])
    progress = one.carried_out(patience=5.0)
    assert progress.phases[-1] == ("health", 4.0)
    assert (progress.done, progress.seconds) == (False, 5.0)
    assert [health.healthy for health in progress.healths] == [False]


def test_where_the_patience_is_used_up_there_is_one_look(instance):
    one = instance(answers=[SICK], start_takes=3.0)
    progress = one.carried_out(patience=5.0)
    assert (one.done[-1], one.done.count("ask"), progress.done) == ("ask", 1, False)


def test_patience_ends_no_wait_that_is_shorter(instance):
    one, progress = instance(answers=[SICK]), Progress()
    terms = Terms(successes=2, timeout=0.5, interval=0.25)
    with pytest.raises(CollectionError, match=r"was not healthy within 0.5 s"):
        carry_out(one.work(patience=5.0, terms=terms), progress, one.clock)


def test_a_soak_has_its_whole_time_and_no_patience_shortens_it(instance):
    one = instance()
    soak = Terms(successes=2, timeout=60.0, interval=0.25, hold=30.0)
    progress = one.carried_out(stop=False, switches=[], start=False, terms=soak, patience=5.0)
    assert (progress.done, progress.changed, progress.healths[0].held) == (True, False, 30.0)


def test_falling_ill_while_it_must_hold_fails_at_once(instance):
    """Waiting would make it well, and hide that it was not."""
    one, progress = instance(answers=[GOOD, GOOD, GOOD, SICK]), Progress()
    soak = Terms(successes=2, timeout=60.0, interval=0.25, hold=30.0)
    with pytest.raises(CollectionError, match="but did not stay so: 0.2 s into the 30 s that it must hold"):
        carry_out(one.work(stop=False, switches=[], start=False, terms=soak, patience=5.0), progress, one.clock)
    assert progress.seconds < 5.0
    assert [phase for phase, _seconds in progress.phases] == ["health"]


def test_pages_are_warmed_up_when_all_are_healthy(instance):
    one = instance(answers=[SICK, GOOD])
    page = Page("http://h/cart.jsp", lambda: one.done.append("warm") or Answer(latency=0.5, status=404))
    progress = one.carried_out(stop=False, switches=[], start=False, pages=[page])
    assert one.done == ["ask", "ask", "ask", "warm"]
    # What it answers is no failure.
    assert progress.done
    assert [seen["problem"] for seen in progress.warmed] == ["status 404"]


def test_what_is_not_healthy_is_not_warmed_up(instance):
    one = instance(answers=[SICK])
    page = Page("http://h/cart.jsp", lambda: one.done.append("warm") or GOOD)
    progress = one.carried_out(stop=False, switches=[], start=False, pages=[page], patience=5.0)
    assert not progress.done
    assert ("warm" in one.done, progress.warmed) == (False, [])


def test_sessions_are_proved_once_all_are_healthy_and_before_the_warm_up(instance):
    one = instance()

    def prove(healths):
        one.done.append("prove")
        return [{"healthy": [health.healthy for health in healths]}]

    page = Page("http://h/page", lambda: one.done.append("page") or GOOD)
    progress = one.carried_out(prove_sessions=prove, pages=[page])
    assert one.done[-4:] == ["ask", "ask", "prove", "page"]
    assert (progress.sessions, progress.done) == ([{"healthy": [True]}], True)


def test_a_member_whose_sessions_are_not_proved_fails(instance):
    one, progress = instance(), Progress()

    def prove(healths):
        raise CollectionError("in no store")

    page = Page("http://h/page", lambda: one.done.append("page") or GOOD)
    with pytest.raises(CollectionError, match="in no store"):
        carry_out(one.work(prove_sessions=prove, pages=[page]), progress, one.clock)
    assert progress.step == "Prove every application healthy on the member itself"
    assert "page" not in one.done


def test_what_is_not_healthy_yet_proves_no_sessions(instance):
    one = instance(answers=(SICK,))
    progress = one.carried_out(prove_sessions=lambda healths: one.done.append("prove"), patience=10.0)
    assert (progress.done, "prove" in one.done) == (False, False)
