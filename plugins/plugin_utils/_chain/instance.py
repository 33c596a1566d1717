# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One Tomcat instance: what follows from its variables, and the rules that they must keep.

The topology reads the instances of the whole inventory with it, and the role
tomcat_instance checks its own variables, so that the rules hold without the
playbooks, too.
"""

# Private to this collection.

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass

from ansible_collections.roundrobin.tomcat.plugins.module_utils._net import in_url

from .clusters import CLUSTER_STORES, check_members
from .instance_needs import problems_of_needs
from .instance_xml import problems_of_xml
from .inventory import (
    ABSOLUTE_PATH,
    Host,
    HostVariables,
    Problems,
    TopologyError,
)

# The article's and Tomcat's own ports; an instance adds its offset to them.
BASE_PORTS = {"ajp": 8009, "http": 8080, "shutdown": 8005, "cluster": 4000}
PORT_OFF = -1  # what Tomcat itself takes for "no shutdown port"
PROTOCOLS = ("ajp", "http")

# A default that the role shares with this module; a unit test holds them equal.
BASE_ROOT = "/var/opt/tomcat"
# Tomcat's own manager, as the role tomcat_instance puts it there.
TOMCAT_MANAGER_PATH = "/roundrobin-manager"

# A route ends up in the session id behind a dot: a dot inside it loses the session
# at failover. httpd keeps 63 characters of a route and of a secret.
ROUTE = re.compile(r"[A-Za-z0-9_]{1,63}")
# A file name and the instance part of a systemd unit name.
INSTANCE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
# An element of jdk.serialFilter. Java ends, or reads everything, with one that it does not understand.
SERIAL_FILTER = re.compile(
    r"max(depth|refs|bytes|array)=[0-9]{1,9}|!?([\w.]+/)?(\*|([\w$]+\.)*([\w$]+\*?|\*)|([\w$]+\.)+\*\*)", re.ASCII
)


@dataclass(frozen=True)
class Secret:
    """What both ends prove themselves with; the messages name the rule only, a secret is not shown, not even a wrong one."""

    variable: str
    pattern: re.Pattern[str]
    wanted: str
    without: str


# Printable ASCII that neither httpd's nor Tomcat's configuration gives a meaning to.
AJP_SECRET = Secret(
    "tomcat_instance_ajp_secret",
    re.compile(r"""((?!["'\\$])[!-~]){12,63}"""),
    "12 to 63 printable ASCII characters without space, quotes, backslash or dollar sign",
    "the AJP connector is not opened without a secret",
)
CLUSTER_KEY = Secret(
    "tomcat_instance_cluster_key",
    re.compile(r"[0-9A-Fa-f]{64}"),
    "64 hexadecimal digits, as openssl rand -hex 32 prints them",
    "without a key whoever reaches the port of the cluster could run code in Tomcat",
)


def port(offset: int, kind: str) -> int:
    """Return the port of a kind of connector for an instance with this offset."""
    if kind not in BASE_PORTS:
        raise TopologyError(f"unknown kind of port {kind!r}: use one of {', '.join(sorted(BASE_PORTS))}")
    return BASE_PORTS[kind] + offset


def describe(host: Host) -> dict[str, t.Any]:
    """Return what the variables of an instance mean, and complain of what they must not be."""
    protocol = host.choice("tomcat_instance_protocol", "ajp", PROTOCOLS)
    enabled = {kind: host.boolean(f"tomcat_instance_{kind}_enabled", protocol == kind) for kind in PROTOCOLS}
    if not enabled[protocol]:
        host.problems.add(
            f"{host.name}: tomcat_instance_protocol is {protocol}, so tomcat_instance_{protocol}_enabled must be true."
        )
    ports = _ports(host)
    address = host.address("tomcat_instance_address")
    if "%" in address:
        host.problems.add(
            f"{host.name}: tomcat_instance_address is {address!r}, it must be an address without an interface: httpd takes none."
        )
    urls = {kind: f"{kind}://{in_url(address)}:{ports[kind]}" for kind in PROTOCOLS}
    # HTTP where the instance speaks it, it needs no secret.
    near = urls["http"] if enabled["http"] else urls["ajp"]
    name = host.text("tomcat_instance_name", host.name, INSTANCE_NAME, "a name of letters, digits, '_', '.' and '-'")
    return {
        "inventory_host": host.name,
        "name": name,
        "base": f"{host.text('tomcat_instance_base_root', BASE_ROOT, ABSOLUTE_PATH, 'an absolute path')}/{name}",
        "route": host.text(
            "tomcat_instance_jvm_route",
            re.sub(r"[^A-Za-z0-9_]", "_", host.name),
            ROUTE,
            "1 to 63 letters, digits and '_' (a dot would lose the session at failover)",
        ),
        "machine": host.machine,
        "address": address,
        "ports": ports,
        "protocol": protocol,
        "ajp_enabled": enabled["ajp"],
        "http_enabled": enabled["http"],
        "worker": urls[protocol],
        "connect_url_base": near,
        "manager_url": near + TOMCAT_MANAGER_PATH if host.boolean("tomcat_instance_manager_enabled", False) else "",
    }


def _ports(host: Host) -> dict[str, int]:
    """The ports of all kinds, no two of them the same: also those that are closed, so that they can be opened any time."""
    offset = host.integer(
        "tomcat_instance_port_offset", 0, "an integer from 0 to 50000", lambda number: 0 <= number <= 50000
    )
    ports = {kind: host.port(f"tomcat_instance_{kind}_port", port(offset, kind)) for kind in PROTOCOLS}
    ports["shutdown"] = host.port("tomcat_instance_shutdown_port", PORT_OFF, may_be_off=True)
    ports["cluster"] = host.port("tomcat_instance_cluster_port", port(offset, "cluster"))
    kinds: dict[int, list[str]] = {}
    for kind, number in ports.items():
        kinds.setdefault(number, []).append(f"tomcat_instance_{kind}_port")
    for number, variables in kinds.items():
        if len(variables) > 1:
            host.problems.add(f"{host.name}: {' and '.join(variables)} are {number}, they must differ.")
    return ports


def _check_serial_filter(host: Host) -> None:
    """Complain of elements that Java would not understand, or that a shell would."""
    elements = host.variables.get("tomcat_instance_serial_filter")
    for element in elements if isinstance(elements, list) else []:
        if not isinstance(element, str) or not SERIAL_FILTER.fullmatch(element):
            host.problems.add(
                f"{host.name}: tomcat_instance_serial_filter has {element!r}, each of its elements must be such as "
                "!com.example.Class, !com.example.**, com.example.*, !* or maxdepth=1000."
            )


def check_secret(host: Host, secret: Secret) -> None:
    """Complain of a secret that is missing or that cannot be used."""
    value = host.variables.get(secret.variable)
    if value is None or value == "":
        host.problems.add(f"{host.name}: {secret.variable} is not set, {secret.without}. It must be {secret.wanted}.")
    elif not isinstance(value, str) or not secret.pattern.fullmatch(value):
        host.problems.add(f"{host.name}: {secret.variable} must be {secret.wanted}.")


class _Settled(Host):
    """A host whose variables have their defaults already: an empty value is one, and has to be right."""

    def given(self, variable: str) -> bool:
        """Whether there is such a variable."""
        return variable in self.variables


def problems_of(name: str, variables: HostVariables) -> list[str]:
    """Return everything that is wrong with the variables of one instance, by themselves."""
    host = _Settled(name, variables, Problems())
    instance = describe(host)
    _check_serial_filter(host)
    if instance["ajp_enabled"]:
        check_secret(host, AJP_SECRET)
    store = variables.get("tomcat_instance_session_store")
    if store in CLUSTER_STORES:
        members = variables.get("tomcat_instance_cluster_members") or []
        check_members(members, store, instance["address"], instance["ports"]["cluster"], host)
        check_secret(host, CLUSTER_KEY)
    return [*host.problems.lines, *problems_of_needs(name, variables), *problems_of_xml(name, variables)]
