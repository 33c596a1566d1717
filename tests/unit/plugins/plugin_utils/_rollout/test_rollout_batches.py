# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from types import SimpleNamespace

import pytest
from ansible.executor.playbook_executor import PlaybookExecutor
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._rollout.batches import form_batches, standings
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._rollout.readings import Seat

PLACE = ("web1", "tomcat")


@pytest.mark.parametrize(
    "machines, serial, allowed, expected",
    [
        ("aabb", [2], False, ["13", "24"]),
        ("aabb", [2], True, ["12", "34"]),
        ("aaab", ["100%"], False, ["14", "2", "3"]),
        ("aaaa", [0], False, ["1", "2", "3", "4"]),
        # The percentage is of more hosts than the four that have something to do.
        ("abcd", ["25%"], False, ["12", "34"]),
    ],
)
def test_instances_of_one_machine_wait_for_the_next_batch(machines, serial, allowed, expected):
    formed = form_batches("1234", dict(zip("1234", machines)), serial, 8, allow_same_machine=allowed)
    assert ["".join(batch) for batch in formed] == expected


def seat(host, usable=True, standby=False):
    return Seat(host, "enabled" if usable else "disabled", usable, standby, "" if usable else "disabled")


def follow(batches, seats, taken_out=True):
    """Everybody is back after its batch."""
    return [
        during[0]
        for during in standings(
            batches,
            {PLACE: seats},
            lambda place, one: one.usable,
            lambda place, one: True,
            taken_out=taken_out,
        )
    ]


def test_who_is_put_back_counts_from_the_next_batch_on():
    first, second = follow([["1"], ["2"]], [seat("1", usable=False), seat("2")])
    assert (first.taken, first.up, first.breaks(1)) == ((), ("2",), False)
    assert (second.taken, second.up, second.breaks(1)) == (("2",), ("1",), False)


def test_a_standby_counts_when_no_other_is_left():
    seats = [seat("1"), seat("2"), seat("3", standby=True)]
    one, both = follow([["1"]], seats)[0], follow([["1", "2"]], seats)[0]
    assert (one.up, one.breaks(2)) == (("2",), True)
    assert (both.up, both.breaks(1)) == (("3",), False)


def test_a_batch_that_takes_nobody_out_breaks_nothing():
    nobody = follow([["1"]], [seat("1", usable=False), seat("2", usable=False)])[0]
    assert (nobody.up, nobody.breaks(1)) == ((), False)
    in_place = follow([["1"]], [seat("1")], taken_out=False)[0]
    assert (in_place.up, in_place.breaks(1)) == (("1",), False)


STEPS = st.one_of(st.integers(-1, 12), st.integers(0, 12).map(str), st.integers(0, 120).map("{}%".format))


def batches_of_ansible(hosts, serial):
    """What Ansible's own executor makes of a play's hosts."""
    executor = SimpleNamespace(_inventory=SimpleNamespace(get_hosts=lambda pattern, order: list(hosts)))
    play = SimpleNamespace(hosts="all", order=None, serial=serial)
    return PlaybookExecutor._get_serialized_batches(executor, play)


@given(number=st.integers(1, 20), serial=st.lists(STEPS, max_size=4))
def test_serial_is_read_as_ansible_reads_it(number, serial):
    hosts = [f"app{position}" for position in range(number)]
    formed = form_batches(hosts, dict(zip(hosts, hosts)), serial, number, allow_same_machine=False)
    assert formed == batches_of_ansible(hosts, serial)
