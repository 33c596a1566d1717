# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which instances replicate their sessions to each other, where Tomcat does that itself (DeltaManager, BackupManager)."""

# Private to this collection.

from __future__ import annotations

import hashlib
import typing as t

from .inventory import Host, Problems, as_integer, duplicates

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


def is_self(member: t.Mapping[str, t.Any], address: str, port: int) -> bool:
    """Whether a member is the instance at this address and port of the cluster."""
    return member.get("host") == address and as_integer(member.get("port")) == port


def check_members(members: t.Any, store: str, address: str, port: int, host: Host) -> None:
    """Complain of members that an instance at this address and port of the cluster cannot be among."""
    found = members if isinstance(members, list) else []
    complete = all(
        isinstance(member, t.Mapping) and all(member.get(key) for key in ("host", "port", "unique_id"))
        for member in found
    )
    if (
        complete
        and len(found) > 1
        and (store != "backup" or len(found) == BACKUP_MEMBERS)
        and [is_self(member, address, port) for member in found].count(True) == 1
        and not duplicates(member["unique_id"] for member in found)
    ):
        return
    others = (
        "one other: a third would lose sessions, for which there is delta"
        if store == "backup"
        else "one or more others"
    )
    host.complain(
        "tomcat_instance_cluster_members",
        f"this instance ({address}, port {port}) and {others}, each with a host, a port and a unique_id of its own"
        f" (tomcat_instance_session_store is {store})",
    )


def member_elements(members: t.Iterable[t.Mapping[str, t.Any]], address: str, port: int) -> list[dict[str, t.Any]]:
    """The elements of server.xml that name the members to the instance at this address and port of the cluster."""
    return [
        {
            "tag": "LocalMember" if is_self(member, address, port) else "Member",
            "identify_by": {
                "className": "org.apache.catalina.tribes.membership.StaticMember",
                "host": member["host"],
                "port": member["port"],
                "uniqueId": member["unique_id"],
            },
        }
        for member in members
    ]
