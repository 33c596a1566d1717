# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._chain.clusters import (
    check_members,
    join_clusters,
    member_elements,
)
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._chain.inventory import Host, Problems


def joined(store="delta", **balancers):
    """Clusters and complaints, for instances that are members of these balancers; an application is called as its balancer."""
    instances = [
        {
            "inventory_host": name,
            "route": name,
            "address": f"host-{name}",
            "ports": {"cluster": 4000},
            "balancers": given,
        }
        for name, given in balancers.items()
    ]
    names = dict.fromkeys(name for given in balancers.values() for name in given)
    applications = [
        {"name": name, "instances": [host for host, given in balancers.items() if name in given]} for name in names
    ]
    problems = Problems()
    clusters = join_clusters(instances, applications, store, problems)
    return clusters, problems.lines


def hosts(clusters):
    return [[member["inventory_host"] for member in cluster[0]["cluster_members"]] for cluster in clusters]


def test_without_applications_all_are_one_cluster():
    clusters, problems = joined(a=[], b=[], c=[])
    assert hosts(clusters) == [["a", "b", "c"]]
    assert problems == []


def test_those_with_the_same_applications_are_a_cluster():
    clusters, problems = joined("backup", a=["x", "y"], b=["x", "y"], c=["z"], d=["z"])
    assert hosts(clusters) == [["a", "b"], ["c", "d"]]
    assert problems == []
    assert clusters[0][1]["cluster_members"] == clusters[0][0]["cluster_members"]


def test_a_member_is_known_by_sixteen_bytes_of_its_own_that_stay():
    before = joined(a=[], b=[])[0][0][0]["cluster_members"]
    after = joined(c=[], b=[], a=[])[0][0][0]["cluster_members"]
    assert before[0] == after[2] and before[1] == after[1]
    assert before[0]["unique_id"] != before[1]["unique_id"]
    numbers = [int(word) for word in before[0]["unique_id"].strip("{}").split(",")]
    assert len(numbers) == 16 and all(-128 <= number <= 127 for number in numbers)


@pytest.mark.parametrize(
    "store, balancers, expected",
    [
        ("delta", {"a": []}, "a: tomcat_instance_session_store is delta, but no other instance serves the same"),
        ("delta", {"a": ["x"], "b": ["x"], "c": ["y"]}, "c: tomcat_instance_session_store is delta, but no other"),
        (
            "delta",
            {"a": ["x"], "b": ["x"], "c": ["x", "y"], "d": ["x", "y"]},
            "instances of application 'x' (a, b, c, d)",
        ),
        (
            "backup",
            {"a": [], "b": [], "c": []},
            "a, b, c: tomcat_instance_session_store is backup, which keeps one copy",
        ),
    ],
)
def test_what_would_lose_sessions_is_refused(store, balancers, expected):
    assert [line for line in joined(store, **balancers)[1] if expected in line]


MEMBERS = [
    {"inventory_host": "a", "host": "198.18.0.1", "port": 4000, "unique_id": "{1}"},
    {"inventory_host": "b", "host": "198.18.0.1", "port": 4100, "unique_id": "{2}"},
    {"inventory_host": "c", "host": "198.18.0.2", "port": 4000, "unique_id": "{3}"},
]


def complaints(members, store="delta", address="198.18.0.1", port=4000):
    host = Host("a", {"tomcat_instance_cluster_members": members}, Problems())
    check_members(members, store, address, port, host)
    return host.problems.lines


@pytest.mark.parametrize("store, members", [("delta", MEMBERS), ("delta", MEMBERS[:2]), ("backup", MEMBERS[::2])])
def test_members_that_an_instance_can_be_among(store, members):
    assert complaints(members, store) == []


@pytest.mark.parametrize(
    "store, members, expected",
    [
        ("delta", [], "and one or more others"),
        ("delta", MEMBERS[:1], "and one or more others"),
        ("delta", MEMBERS[1:], "this instance (198.18.0.1, port 4000)"),
        ("delta", [*MEMBERS, MEMBERS[0]], "a unique_id of its own"),
        ("delta", [MEMBERS[0], {**MEMBERS[1], "unique_id": "{1}"}], "a unique_id of its own"),
        ("delta", [MEMBERS[0], {"host": "198.18.0.2", "port": 4000}], "a unique_id of its own"),
        ("delta", ["a", "b"], "a host, a port"),
        ("delta", "a,b", "a host, a port"),
        ("backup", MEMBERS, "and one other: a third would lose sessions, for which there is delta"),
        ("backup", MEMBERS[:1], "(tomcat_instance_session_store is backup)"),
    ],
)
def test_members_that_it_cannot_be_among(store, members, expected):
    (line,) = complaints(members, store)
    assert line.startswith(f"a: tomcat_instance_cluster_members is {members!r}, it must be ")
    assert expected in line


def test_each_instance_is_told_the_members_and_which_it_is():
    elements = member_elements(MEMBERS, "198.18.0.1", 4100)
    assert [element["tag"] for element in elements] == ["Member", "LocalMember", "Member"]
    assert elements[1]["identify_by"] == {
        "className": "org.apache.catalina.tribes.membership.StaticMember",
        "host": "198.18.0.1",
        "port": 4100,
        "uniqueId": "{2}",
    }
