# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._chain.clusters import join_clusters
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._chain.inventory import Problems


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
