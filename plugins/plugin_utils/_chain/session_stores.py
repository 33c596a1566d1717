# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the inventory says of where sessions are kept: the store, and the servers it is on, the inventory's or somebody else's."""

# Private to this collection.

from __future__ import annotations

import re
import typing as t

from ansible_collections.roundrobin.tomcat.plugins.module_utils._net import in_url

from .clusters import CLUSTER_STORES
from .inventory import (
    Host,
    Problems,
    as_integer,
    duplicates,
    ip_address,
    is_port,
)

SESSION_STORES = ("memcached", "redis", *CLUSTER_STORES, "none")
REDIS_PORT = 6379

# Where the instances say what is not the inventory's.
MEMCACHED_NODES = "tomcat_instance_memcached_nodes"
REDIS_ADDRESSES = "tomcat_instance_redis_addresses"
# Who asks, and the password, which are not to be in an address.
URL_USER = re.compile(r"//[^\s,']*@")
NODE = re.compile(r"([A-Za-z0-9_]+):([^:, ]+):([0-9]{1,5})")


def session_store(tomcats: t.Sequence[Host], problems: Problems) -> str:
    """Return the one store of all instances."""
    stores = {
        host.name: host.choice("tomcat_instance_session_store", SESSION_STORES[0], SESSION_STORES) for host in tomcats
    }
    if len(set(stores.values())) > 1:
        listed = ", ".join(f"{name} has {store}" for name, store in stores.items())
        problems.add(f"tomcat_instance_session_store must be the same on all instances: {listed}.")
    return next(iter(stores.values()), SESSION_STORES[0])


def memcached_nodes(hosts: t.Sequence[Host]) -> list[dict[str, t.Any]]:
    """Return the nodes that the hosts of the group run."""
    nodes: list[dict[str, t.Any]] = []
    for host in hosts:
        address = host.address("memcached_address")
        if ":" in address:
            host.complain(
                host.source_of_address("memcached_address"),
                "an IPv4 address or a name, memcached-session-manager takes no IPv6 address",
            )
        ports = host.variables["memcached_ports"] if host.given("memcached_ports") else [11211]
        numbers = [as_integer(item) for item in ports] if isinstance(ports, (list, tuple)) else []
        if not numbers or not all(number is not None and is_port(number) for number in numbers):
            host.complain("memcached_ports", "a list of one or more ports from 1 to 65535")
            continue
        nodes.extend(
            {"host": address, "port": number, "inventory_host": host.name, "machine": host.machine}
            for number in numbers
        )
    return [{"id": f"n{position}", **node} for position, node in enumerate(nodes, 1)]


def named_memcached_nodes(tomcats: t.Sequence[Host], problems: Problems) -> list[dict[str, t.Any]]:
    """Return the nodes that the instances name, which are nobody's in the inventory."""
    named = _of_all(tomcats, MEMCACHED_NODES, "", problems)
    if not named:
        return []
    matches = [NODE.fullmatch(entry) for entry in str(named).split(",")]
    nodes = [
        {"id": match[1], "host": match[2], "port": int(match[3]), "inventory_host": None, "machine": None}
        for match in matches
        if match and is_port(int(match[3]))
    ]
    if len(nodes) < len(matches) or duplicates(node["id"] for node in nodes):
        tomcats[0].complain(MEMCACHED_NODES, "n1:HOST:PORT,n2:HOST:PORT, each node with an id of its own")
    return nodes


def failover_nodes(host: Host, machine: str, nodes: t.Sequence[t.Mapping[str, t.Any]]) -> str:
    """Return the ids of the nodes that an instance uses when the others are gone.

    A session should not lie on the machine whose Tomcat serves it: both would die together.
    """
    ids = [node["id"] for node in nodes]
    variable = "tomcat_instance_memcached_failover_nodes"
    if host.given(variable):
        chosen = str(host.variables[variable]).split(",")
        if not set(chosen) < set(ids):
            host.complain(variable, f"some of {','.join(ids)}, but not all")
        return ",".join(chosen)
    near = [node["id"] for node in nodes if node["machine"] == machine]
    return ",".join(near) if len(near) < len(nodes) else ""


def addresses_of_clients(
    tomcats: t.Sequence[Host], instances: t.Sequence[t.Mapping[str, t.Any]], stores: t.Sequence[Host], variable: str
) -> list[str]:
    """Return where the Tomcats connect from, for hosts that let nobody else through; variable is where those name more."""
    found: list[str] = []
    closed = [store for store in stores if not store.variables.get(variable)]
    for tomcat, instance in zip(tomcats, instances):
        named = [instance["address"], instance["machine"]]
        addresses = [address for address in named if ip_address(address) and "%" not in address]
        for store in [] if addresses else closed:
            store.problems.add(
                f"{store.name}: lets the Tomcats connect and nobody else, and {tomcat.name} has no IP address in tomcat_instance_address "
                f"or ansible_host. Set one, or name it in {variable} of {store.name}; [any] lets everybody connect."
            )
        found += addresses
    return list(dict.fromkeys(found))


def redis_servers(hosts: t.Sequence[Host]) -> list[dict[str, t.Any]]:
    """Return the servers that the hosts of the group run."""
    return [
        {
            "host": host.address("redis_address"),
            "port": host.port("redis_port", REDIS_PORT),
            "inventory_host": host.name,
            "machine": host.machine,
        }
        for host in hosts
    ]


def redis_addresses(
    tomcats: t.Sequence[Host], servers: t.Sequence[t.Mapping[str, t.Any]], group: str, problems: Problems
) -> list[str]:
    """Where the Tomcats find their sessions: at the servers that the inventory names, else at the group's one."""
    named = _of_all(tomcats, REDIS_ADDRESSES, [], problems)
    if any("@" in str(address) for address in named):
        # The topology is shown, and passed on.
        problems.add(
            f"{REDIS_ADDRESSES} holds a user or a password: give them as tomcat_instance_redis_username and tomcat_instance_redis_password."
        )
    if not named and len(servers) != 1:
        problems.add(
            f"group {group!r} must hold the one host of the Redis server, it has {len(servers)}; "
            f"servers of your own are named in {REDIS_ADDRESSES}."
        )
    return list(named) or [f"redis://{in_url(server['host'])}:{server['port']}" for server in servers]


def _of_all(tomcats: t.Sequence[Host], variable: str, nothing: t.Any, problems: Problems) -> t.Any:
    """Return the one value that all instances have."""
    named = {host.name: host.variables.get(variable) or nothing for host in tomcats}
    first = next(iter(named.values()), nothing)
    for name, value in named.items():
        if value != first:
            line = f"{variable} must be the same on all instances: {name} has {value}, others {first}."
            problems.add(URL_USER.sub("//********@", line))
    return first
