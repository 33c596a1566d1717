# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which instances replicate their sessions to each other, where Tomcat does that itself (DeltaManager, BackupManager)."""

# Private to this collection.

from __future__ import annotations

import hashlib
import typing as t

from .inventory import Problems

#: The session stores that are a cluster of Tomcats.
CLUSTER_STORES = ("backup", "delta")
# BackupManager keeps one copy. With a third instance it loses sessions at the second failure, however much later that comes.
BACKUP_MEMBERS = 2


def join_clusters(
    instances: t.Sequence[dict[str, t.Any]],
    applications: t.Iterable[t.Mapping[str, t.Any]],
    store: str,
    problems: Problems,
) -> list[list[dict[str, t.Any]]]:
    """Tell each instance the members of its cluster, itself among them, and return the clusters.

    A cluster is the instances that serve the same applications: an instance that starts asks one of the others for
    the sessions of each application, and gets none from one that does not serve it.
    """
    clusters: dict[tuple[str, ...], list[dict[str, t.Any]]] = {}
    for instance in instances:
        clusters.setdefault(tuple(instance["balancers"]), []).append(instance)
    where = f"tomcat_instance_session_store is {store}"
    for application in applications:
        served = list(application["instances"])
        parts = [cluster for cluster in clusters.values() if any(item["inventory_host"] in served for item in cluster)]
        if len(parts) > 1:
            problems.add(
                f"{where}, but of the instances of application {application['name']!r} ({', '.join(served)}) some serve other"
                " applications too: give all of them the same applications, or use memcached."
            )
    for cluster in clusters.values():
        names = ", ".join(item["inventory_host"] for item in cluster)
        if len(cluster) == 1:
            problems.add(
                f"{names}: {where}, but no other instance serves the same applications, which could have its sessions:"
                " add one, or use memcached."
            )
        if store == "backup" and len(cluster) > BACKUP_MEMBERS:
            problems.add(
                f"{names}: {where}, which keeps one copy of a session and is for {BACKUP_MEMBERS} instances:"
                " use delta, or memcached."
            )
        for item in cluster:
            item["cluster_members"] = [_member(other) for other in cluster]
    return list(clusters.values())


def _member(instance: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    return {
        "inventory_host": instance["inventory_host"],
        "host": instance["address"],
        "port": instance["ports"]["cluster"],
        "unique_id": _unique_id(instance["route"]),
    }


def _unique_id(route: str) -> str:
    """The 16 signed bytes that Tomcat knows a member by; those of its route, so that they stay when others come and go."""
    digest = hashlib.sha256(route.encode()).digest()[:16]
    return "{" + ",".join(str(byte - 256 if byte > 127 else byte) for byte in digest) + "}"
