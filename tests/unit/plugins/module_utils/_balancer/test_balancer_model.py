# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pages in fixtures/balancer_manager were recorded from httpd 2.4.71."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ansible_collections.roundrobin.tomcat.plugins.module_utils._balancer import model
from ansible_collections.roundrobin.tomcat.plugins.module_utils._balancer.connections import Connections
from ansible_collections.roundrobin.tomcat.plugins.module_utils._balancer.model import ManagerError, Sighting
from ansible_collections.roundrobin.tomcat.plugins.module_utils._balancer.pages import parse_xml


@pytest.fixture
def read(page):
    return lambda name: parse_xml(page(name))


def test_states_and_usability(read):
    first, standby, third = read("draining_and_error.xml")[0].members
    assert (first.state, model.usable(first)) == ("draining", False)
    assert (standby.state, model.usable(standby), standby.as_dict()["standby"]) == ("disabled", False, True)
    assert (third.state, model.usable(third), third.as_dict()["in_error"]) == ("enabled", False, True)


def test_every_word_of_the_status_is_known():
    assert model.parse_flags("Init Ign Drn Dis Stop Err Stby Spar HcFl Shut Ok ") == frozenset("INDSEHRCU")


@pytest.mark.parametrize(
    "key, worker",
    [
        ({"worker": "ajp://127.0.0.1:8009"}, "ajp://127.0.0.1:8009"),
        ({"worker": "ajp://127.0.0.1"}, "ajp://127.0.0.1:8009"),
        ({"worker": "AJP://127.0.0.1:8109"}, "ajp://127.0.0.1:8109"),
        ({"worker": "http://[::1]:8080"}, "http://[::1]:8080"),
        ({"route": "t2"}, "ajp://127.0.0.1:8109"),
        ({"route": "t1", "balancer": "balancer://blog"}, "http://127.0.0.1:8009/deep%20er"),
        ({"route": "t1", "balancer": "Blog"}, "http://127.0.0.1:8009/deep%20er"),
        ({"worker": "unix:/run/shop/app.sock|http://localhost"}, "unix:/run/shop/app.sock|http://localhost"),
    ],
)
def test_finds_the_one_member(read, key, worker):
    balancers = read("fresh.xml")
    assert model.find(balancers, key.get("balancer"), key.get("worker"), key.get("route"))[1].worker == worker


@pytest.mark.parametrize(
    "key, part",
    [
        ({"worker": "ajp://127.0.0.1:810"}, "not a member"),
        ({"worker": "ajp://127.0.0.10:8009"}, "not a member"),
        ({"route": "t1"}, "not one member but 2"),
        ({"route": "t"}, "not a member of any balancer"),
        ({"route": "t2", "balancer": "blog"}, "not a member of balancer 'blog'"),
        ({"route": "t2", "balancer": "sho"}, "no balancer 'sho'"),
        ({"worker": "ajp://127.0.0.1:8109", "route": "t1"}, "not a member"),
        ({"worker": "tomcat1"}, "not a URL"),
        ({"worker": "ajp://h:x"}, "not a URL"),
    ],
)
def test_never_takes_another_member(read, key, part):
    balancers = read("fresh.xml")
    with pytest.raises(ManagerError, match=part):
        model.find(balancers, key.get("balancer"), key.get("worker"), key.get("route"))


def test_a_member_that_was_renamed_is_found_again(read):
    balancers = read("fresh.xml")
    assert model.find(balancers, "shop", None, "old", "t2")[1].route == "t2"
    assert model.find(balancers, "shop", None, "t1", "t2")[1].route == "t1"
    with pytest.raises(ManagerError, match="route 'old' is not a member"):
        model.find(balancers, "shop", None, "old", "new")


# Idle: readings are (busy, elected, established, active), the last two None where they are not known.
IDLE = [
    ("httpd's counter alone", [(0, 7, None, None)] * 3, True),
    ("too few readings", [(0, 7, None, None)] * 2, False),
    ("a busy one among them", [(0, 7, None, None), (1, 7, None, None), (0, 7, None, None)], False),
    ("requests still come", [(0, 7, None, None), (0, 7, None, None), (0, 8, None, None)], False),
    ("connections that are kept open", [(0, 7, 55, 0)] * 3, True),
    ("the counter has leaked", [(3, 7, 0, 0)] * 3, True),
    ("the counter has leaked, and a request is in flight", [(3, 7, 1, 0)] * 3, False),
    ("the counter has leaked, and a connection was just closed", [(3, 7, 1, 0), (3, 7, 0, 0), (3, 7, 0, 0)], False),
    ("the counter has leaked, and requests still come", [(3, 7, 0, 0), (3, 7, 0, 0), (3, 8, 0, 0)], False),
    ("the counter misses a request that waits for its answer", [(0, 7, 2, 1)] * 3, False),
    ("the counter misses one, seen in one reading", [(0, 7, 1, 0), (0, 7, 1, 1), (0, 7, 1, 0)], False),
    ("the kernel does not know at one reading", [(3, 7, 0, 0), (3, 7, None, None), (3, 7, 0, 0)], False),
    ("earlier readings are over", [(9, 1, 9, 9), (0, 7, 0, 0), (0, 7, 0, 0), (0, 7, 0, 0)], True),
]


@pytest.mark.parametrize("readings, expected", [case[1:] for case in IDLE], ids=[case[0] for case in IDLE])
def test_which_readings_prove_an_idle_member(read, readings, expected):
    member = read("fresh.xml")[0].members[0]
    history = [
        Sighting(
            replace(member, busy=busy, elected=elected),
            None if established is None else Connections(established, active),
        )
        for busy, elected, established, active in readings
    ]
    assert model.idle(history, 3) is expected
