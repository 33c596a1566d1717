# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is PRIVATE to the collection.

"""What the inventory says, as one checked picture of the whole chain.

One inventory host of the Tomcat group is one Tomcat instance. From the few
variables of each host everything that two ends must agree on is derived here and
nowhere else: routes, ports, workers, memcached nodes, applications. All problems
are collected before anything is reported, so that an inventory is corrected once.

Pure: the values arrive as plain data, already templated.
"""

from __future__ import annotations

import ipaddress
import re
import typing as t
from dataclasses import dataclass, field

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError

__all__ = ["BASE_PORTS", "HOST_VARIABLES", "Problems", "TopologyError", "derive", "port"]

# The article's and Tomcat's own ports; an instance adds its offset to them.
BASE_PORTS = {"ajp": 8009, "http": 8080, "shutdown": 8005}

PORT_OFF = -1  # what Tomcat itself takes for "no shutdown port"

LOCAL_MACHINE = "127.0.0.1"

# Defaults that roles share with this module; a unit test holds them equal.
BASE_ROOT = "/var/opt/tomcat"
LISTEN_PORT = 80
MANAGER_PORT = 9080
MANAGER_PATH = "/balancer-manager"
BALANCER_NAME = "tomcat"
STICKY_COOKIE = "JSESSIONID"

# Every variable that is read of a host. Only these are asked for, so that a
# template in a variable that does not matter here is never evaluated.
HOST_VARIABLES = (
    "ansible_connection",
    "ansible_host",
    "apache_balancer_listen_port",
    "apache_balancer_manager_address",
    "apache_balancer_manager_path",
    "apache_balancer_manager_port",
    "apache_balancer_member_lbset",
    "apache_balancer_member_load_factor",
    "apache_balancer_member_spare",
    "apache_balancer_member_standby",
    "apache_balancer_name",
    "apache_balancer_server_name",
    "apache_balancer_sticky_cookie",
    "memcached_address",
    "memcached_ports",
    "tomcat_applications",
    "tomcat_instance_address",
    "tomcat_instance_ajp_enabled",
    "tomcat_instance_ajp_port",
    "tomcat_instance_ajp_secret",
    "tomcat_instance_base_root",
    "tomcat_instance_http_enabled",
    "tomcat_instance_http_port",
    "tomcat_instance_jvm_route",
    "tomcat_instance_name",
    "tomcat_instance_port_offset",
    "tomcat_instance_protocol",
    "tomcat_instance_session_store",
    "tomcat_instance_shutdown_port",
)

SESSION_STORES = ("memcached", "none")
PROTOCOLS = ("ajp", "http")

# A route ends up in the session id behind a dot: a dot inside it loses the session
# at failover. httpd keeps 63 characters of a route and of a secret.
ROUTE = re.compile(r"[A-Za-z0-9_]{1,63}")
# A file name and the instance part of a systemd unit name.
INSTANCE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
HOST_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?")
# Printable ASCII that neither httpd's nor Tomcat's configuration gives a meaning to.
SECRET_VARIABLE = "tomcat_instance_ajp_secret"
SECRET = re.compile(r"[!-~]{1,63}")
SECRET_FORBIDDEN = frozenset("\"'\\$")
ABSOLUTE_PATH = re.compile(r"(/[A-Za-z0-9_.-]+)+")
COOKIE_NAME = re.compile(r"[A-Za-z0-9_.-]+")
CONTEXT_PATH = re.compile(r"/|(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+")
APPLICATION_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._#-]*")
APPLICATION_KEYS = ("name", "path", "instances", "health_path", "health_status", "health_pattern")
# httpd writes a balancer's name in lower case.
BALANCER = re.compile(r"[a-z0-9_-]{1,40}")

TRUE_WORDS = frozenset(("true", "yes", "on", "1"))
FALSE_WORDS = frozenset(("false", "no", "off", "0"))

HostVariables = t.Mapping[str, t.Any]


class TopologyError(CollectionError):
    """The inventory contradicts itself; the message lists every problem."""


@dataclass
class Problems:
    """What is wrong with the inventory, in the order in which it was found."""

    lines: list[str] = field(default_factory=list)

    def add(self, line: str) -> None:
        """Remember a problem, once."""
        if line not in self.lines:
            self.lines.append(line)

    def raise_if_any(self) -> None:
        """Report everything at once."""
        if len(self.lines) == 1:
            raise TopologyError(f"The inventory cannot be used: {self.lines[0]}")
        if self.lines:
            listed = "".join(f"\n  {number}. {line}" for number, line in enumerate(self.lines, 1))
            raise TopologyError(f"The inventory cannot be used, {len(self.lines)} problems:{listed}")


def port(offset: int, kind: str) -> int:
    """Return the port of a kind of connector for an instance with this offset."""
    if kind not in BASE_PORTS:
        raise TopologyError(f"unknown kind of port {kind!r}: use one of {', '.join(sorted(BASE_PORTS))}")
    return BASE_PORTS[kind] + offset


@dataclass
class Host:
    """The variables of one inventory host, read with their types checked."""

    name: str
    variables: HostVariables
    problems: Problems

    def given(self, variable: str) -> bool:
        """Whether the inventory says anything; an empty value says nothing."""
        value = self.variables.get(variable)
        return value is not None and value != ""

    def complain(self, variable: str, wanted: str) -> None:
        """Remember that a variable's value is not what is accepted."""
        self.problems.add(f"{self.name}: {variable} is {self.variables.get(variable)!r}, it must be {wanted}.")

    def text(self, variable: str, default: str, pattern: re.Pattern[str], wanted: str) -> str:
        """Read a string that must match a pattern as a whole."""
        if not self.given(variable):
            return default
        value = self.variables[variable]
        if not isinstance(value, str) or not pattern.fullmatch(value):
            self.complain(variable, wanted)
            return default
        return str(value)

    def choice(self, variable: str, default: str, choices: t.Sequence[str]) -> str:
        """Read one of a few words."""
        if not self.given(variable):
            return default
        value = self.variables[variable]
        if value not in choices:
            self.complain(variable, f"one of {', '.join(choices)}")
            return default
        return str(value)

    def integer(self, variable: str, default: int, wanted: str, valid: t.Callable[[int], bool]) -> int:
        """Read an integer; a string of digits will do, as -e VARIABLE=1 gives one."""
        if not self.given(variable):
            return default
        number = _as_integer(self.variables[variable])
        if number is None or not valid(number):
            self.complain(variable, wanted)
            return default
        return number

    def number(self, variable: str, default: float, wanted: str, lowest: float, highest: float) -> float:
        """Read a number with at most two decimals, as many as httpd keeps."""
        if not self.given(variable):
            return default
        value = str(self.variables[variable])
        if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,2})?", value) or not lowest <= float(value) <= highest:
            self.complain(variable, wanted)
            return default
        return float(value)

    def port(self, variable: str, default: int, *, may_be_off: bool = False) -> int:
        """Read a port number."""
        wanted = "a port from 1 to 65535" + (" or -1 (off)" if may_be_off else "")
        return self.integer(variable, default, wanted, lambda number: _is_port(number) or (may_be_off and number == -1))

    def boolean(self, variable: str, default: bool) -> bool:
        """Read a truth value; the words that -e VARIABLE=yes gives will do."""
        if not self.given(variable):
            return default
        value = self.variables[variable]
        if isinstance(value, bool):
            return value
        word = str(value).lower()
        if word in TRUE_WORDS:
            return True
        if word in FALSE_WORDS:
            return False
        self.complain(variable, "true or false")
        return default

    @property
    def is_local(self) -> bool:
        """Whether Ansible works on its own machine for this host."""
        return self.variables.get("ansible_connection") in ("local", "ansible.builtin.local")

    @property
    def machine(self) -> str:
        """Name the machine: inventory hosts with the same one share it."""
        if self.is_local:
            return LOCAL_MACHINE
        machine = str(self.variables["ansible_host"]) if self.given("ansible_host") else self.name
        return LOCAL_MACHINE if machine == "localhost" else machine

    def address(self, variable: str) -> str:
        """Read where a service listens and is reached."""
        if not self.given(variable):
            if self.given("ansible_host"):
                return str(self.variables["ansible_host"])
            return LOCAL_MACHINE if self.is_local else self.name
        value = self.variables[variable]
        if not isinstance(value, str) or not (_ip_address(value) or HOST_NAME.fullmatch(value)):
            self.complain(variable, "one IP address or host name")
        elif _is_wildcard(value):
            self.complain(variable, "the one address that the other hosts connect to, not all of them")
        return str(value)


def _as_integer(value: t.Any) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return int(value)
    if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,9}", value):
        return int(value)
    return None


def _is_port(number: int) -> bool:
    return 1 <= number <= 65535


def _ip_address(value: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(value)
    except ValueError:
        return None


def _is_wildcard(value: str) -> bool:
    address = _ip_address(value)
    return address is not None and address.is_unspecified


def _is_loopback(value: str) -> bool:
    address = _ip_address(value)
    return value == "localhost" or (address is not None and address.is_loopback)


def _in_url(address: str) -> str:
    return f"[{address}]" if ":" in address else address


def _check_secret(host: Host) -> None:
    """The message names the rule only: a secret is not shown, not even a wrong one."""
    secret = host.variables[SECRET_VARIABLE]
    if not isinstance(secret, str) or not SECRET.fullmatch(secret) or SECRET_FORBIDDEN.intersection(secret):
        host.problems.add(
            f"{host.name}: {SECRET_VARIABLE} must be 1 to 63 printable ASCII characters without space, quotes, backslash or dollar sign."
        )


def _instance(host: Host) -> dict[str, t.Any]:
    offset = host.integer(
        "tomcat_instance_port_offset", 0, "an integer from 0 to 50000", lambda number: 0 <= number <= 50000
    )
    protocol = host.choice("tomcat_instance_protocol", "ajp", PROTOCOLS)
    enabled = {kind: host.boolean(f"tomcat_instance_{kind}_enabled", protocol == kind) for kind in PROTOCOLS}
    if not enabled[protocol]:
        host.problems.add(
            f"{host.name}: httpd is to use {protocol} (tomcat_instance_protocol) but tomcat_instance_{protocol}_enabled is false."
        )
    ports = {kind: host.port(f"tomcat_instance_{kind}_port", port(offset, kind)) for kind in PROTOCOLS}
    ports["shutdown"] = host.port("tomcat_instance_shutdown_port", PORT_OFF, may_be_off=True)
    address = host.address("tomcat_instance_address")
    urls = {kind: f"{kind}://{_in_url(address)}:{ports[kind]}" for kind in PROTOCOLS}
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
        # Where a health check goes: HTTP where the instance speaks it, it needs no secret.
        "connect_url_base": urls["http"] if enabled["http"] else urls["ajp"],
        "failover_nodes": "",
        **_member_settings(host),
        "balancers": [],
    }


def _member_settings(host: Host) -> dict[str, t.Any]:
    """What the instance is as a member of its balancers."""
    standby = host.boolean("apache_balancer_member_standby", False)
    spare = host.boolean("apache_balancer_member_spare", False)
    if standby and spare:
        host.complain("apache_balancer_member_spare", "false, the instance is a standby already")
    return {
        "load_factor": host.number("apache_balancer_member_load_factor", 1.0, "a number from 1 to 100", 1, 100),
        "lbset": host.integer(
            "apache_balancer_member_lbset", 0, "an integer from 0 to 99", lambda number: 0 <= number <= 99
        ),
        "standby": standby,
        "spare": spare,
    }


def _memcached_nodes(hosts: t.Sequence[Host]) -> list[dict[str, t.Any]]:
    nodes: list[dict[str, t.Any]] = []
    for host in hosts:
        address = host.address("memcached_address")
        if ":" in address:
            host.complain(
                "memcached_address", "an IPv4 address or a name, memcached-session-manager takes no IPv6 address"
            )
        ports = host.variables["memcached_ports"] if host.given("memcached_ports") else [11211]
        numbers = [_as_integer(item) for item in ports] if isinstance(ports, (list, tuple)) else []
        if not numbers or not all(number is not None and _is_port(number) for number in numbers):
            host.complain("memcached_ports", "a list of one or more ports from 1 to 65535")
            continue
        nodes.extend(
            {"host": address, "port": number, "inventory_host": host.name, "machine": host.machine}
            for number in numbers
        )
    return [{"id": f"n{position}", **node} for position, node in enumerate(nodes, 1)]


def _balancer(host: Host) -> dict[str, t.Any]:
    """Where a balancer is asked: on its own machine, the manager is not open to others."""
    manager_address = host.text("apache_balancer_manager_address", LOCAL_MACHINE, HOST_NAME, "one address")
    manager_path = host.text("apache_balancer_manager_path", MANAGER_PATH, ABSOLUTE_PATH, "an absolute path")
    server_name = host.text("apache_balancer_server_name", "", HOST_NAME, "a host name")
    return {
        "inventory_host": host.name,
        "machine": host.machine,
        "address": host.address("ansible_host"),
        "manager_url": f"http://{manager_address}:{host.port('apache_balancer_manager_port', MANAGER_PORT)}{manager_path}",
        "local_url": f"http://{LOCAL_MACHINE}:{host.port('apache_balancer_listen_port', LISTEN_PORT)}",
        "headers": {"Host": server_name} if server_name else {},
        "sticky_cookie": host.text("apache_balancer_sticky_cookie", STICKY_COOKIE, COOKIE_NAME, "the name of a cookie"),
    }


def _default_balancer(hosts: t.Sequence[Host], problems: Problems) -> str:
    """The one balancer of all applications that do not name their instances, the same on every httpd."""
    wanted = "1 to 40 lower case letters, digits, '_' and '-'"
    names = {host.name: host.text("apache_balancer_name", BALANCER_NAME, BALANCER, wanted) for host in hosts}
    if len(set(names.values())) > 1:
        listed = ", ".join(f"{host} has {name}" for host, name in names.items())
        problems.add(f"apache_balancer_name must be the same on all balancers: {listed}.")
    return next(iter(names.values()), BALANCER_NAME)


def _application(entry: t.Any, position: int, problems: Problems) -> dict[str, t.Any] | None:
    where = f"tomcat_applications[{position}]"
    if not isinstance(entry, t.Mapping):
        problems.add(f"{where} is {entry!r}, it must be a dictionary with the keys {', '.join(APPLICATION_KEYS)}.")
        return None
    unknown = sorted(str(key) for key in entry if key not in APPLICATION_KEYS)
    if unknown:
        problems.add(f"{where} has the unknown key {', '.join(unknown)}, known are {', '.join(APPLICATION_KEYS)}.")
    path = entry.get("path")
    if isinstance(path, str) and len(path) > 1:
        path = path[:-1] if path.endswith("/") else path
    if not isinstance(path, str) or not CONTEXT_PATH.fullmatch(path):
        problems.add(f'{where}: path is {entry.get("path")!r}, it must be "/" or a path such as "/app".')
        return None
    context_path = "" if path == "/" else path
    # Tomcat's own rule for the directory of a context below webapps.
    base_name = context_path[1:].replace("/", "#") or "ROOT"
    name = base_name if entry.get("name") is None else entry["name"]
    if not isinstance(name, str) or not APPLICATION_NAME.fullmatch(name):
        problems.add(f"{where}: name is {name!r}, it must be a name of letters, digits, '_', '.', '#' and '-'.")
        return None
    health_path = "/" if entry.get("health_path") is None else entry["health_path"]
    if not isinstance(health_path, str) or not re.fullmatch(r"/[!-~]*", health_path):
        problems.add(
            f'{where}: health_path is {health_path!r}, it must begin with "/" and is relative to the context path.'
        )
        return None
    status = 200 if entry.get("health_status") is None else _as_integer(entry["health_status"])
    if status is None or not 100 <= status <= 599:
        problems.add(
            f"{where}: health_status is {entry['health_status']!r}, it must be an HTTP status from 100 to 599."
        )
        return None
    pattern = "" if entry.get("health_pattern") is None else entry["health_pattern"]
    problem = _pattern_problem(pattern)
    if problem:
        problems.add(f"{where}: health_pattern is {pattern!r}, it must be a regular expression{problem}.")
        return None
    instances = entry.get("instances")
    if instances is not None and (
        not isinstance(instances, (list, tuple))
        or not instances
        or not all(isinstance(item, str) for item in instances)
        or _duplicates(instances)
    ):
        problems.add(
            f"{where}: instances is {instances!r}, it must be a list of one or more Tomcat instances, none of them twice."
        )
        return None
    return {
        "name": str(name),
        "path": str(path),
        "instances": instances,
        "context_path": str(context_path),
        "base_name": str(base_name),
        "health_path": str(health_path),
        "health_status": status,
        "health_pattern": str(pattern),
    }


def _pattern_problem(pattern: t.Any) -> str:
    if not isinstance(pattern, str):
        return " (a string)"
    try:
        re.compile(pattern.replace("{version}", re.escape("1.0-rc.1")))
    except re.error as error:
        return f" ({error})"
    return ""


def _applications(hosts: t.Sequence[Host], problems: Problems) -> list[dict[str, t.Any]]:
    declared = [(host, host.variables["tomcat_applications"]) for host in hosts if host.given("tomcat_applications")]
    if not declared:
        return []
    first, entries = declared[0]
    for host, other in declared[1:]:
        if other != entries:
            problems.add(
                f"tomcat_applications differs between {first.name} and {host.name}: declare it once, for the whole chain."
            )
    if not isinstance(entries, (list, tuple)):
        first.complain("tomcat_applications", "a list")
        return []
    checked = [_application(entry, position, problems) for position, entry in enumerate(entries)]
    applications = [application for application in checked if application is not None]
    for key in ("path", "name"):
        for value in _duplicates(application[key] for application in applications):
            problems.add(f"tomcat_applications has the {key} {value!r} twice.")
    return applications


def _share_out(
    applications: t.Sequence[dict[str, t.Any]],
    instances: t.Sequence[dict[str, t.Any]],
    default_balancer: str,
    problems: Problems,
) -> None:
    """Give each application its instances and its balancer, and tell the instances."""
    everywhere = [instance["inventory_host"] for instance in instances]
    balancers: dict[str, str] = {}
    for application in applications:
        named = application["instances"]
        where = f"application {application['name']!r}"
        if named is None:
            application["instances"] = list(everywhere)
            application["balancer"] = default_balancer
            continue
        unknown = [str(name) for name in named if name not in everywhere]
        if unknown:
            problems.add(
                f"{where}: instances has {', '.join(unknown)}, known are the Tomcat instances {', '.join(everywhere)}."
            )
        # In the inventory's order, so that another order in the list is no change of httpd's configuration.
        application["instances"] = [name for name in everywhere if name in named]
        balancer = re.sub(r"[^a-z0-9_-]", "-", application["name"].lower())
        application["balancer"] = balancer
        if not BALANCER.fullmatch(balancer):
            problems.add(f"{where}: name is longer than 40 characters, httpd's limit for the balancer named after it.")
        if balancer == default_balancer:
            problems.add(
                f"{where}: its balancer would be {balancer!r}, that is apache_balancer_name: rename one of them."
            )
        other = balancers.setdefault(balancer, application["name"])
        if other != application["name"]:
            problems.add(f"{where}: its balancer would be {balancer!r}, that of {other!r} too: rename one of them.")
    for instance in instances:
        instance["balancers"] = list(
            dict.fromkeys(
                application["balancer"]
                for application in applications
                if instance["inventory_host"] in application["instances"]
            )
        )


def _members(instances: t.Iterable[t.Mapping[str, t.Any]], names: t.Sequence[str]) -> list[dict[str, t.Any]]:
    """The members of an application's balancer, as the role apache_balancer takes them."""
    keys = ("worker", "route", "load_factor", "lbset", "standby", "spare")
    return [{key: instance[key] for key in keys} for instance in instances if instance["inventory_host"] in names]


def _duplicates(values: t.Iterable[t.Any]) -> list[t.Any]:
    seen: list[t.Any] = []
    twice: list[t.Any] = []
    for value in values:
        if value in seen and value not in twice:
            twice.append(value)
        seen.append(value)
    return twice


def _check_unique(instances: t.Sequence[t.Mapping[str, t.Any]], problems: Problems) -> None:
    for route in _duplicates(instance["route"] for instance in instances):
        owners = ", ".join(instance["inventory_host"] for instance in instances if instance["route"] == route)
        problems.add(f"{owners}: the jvmRoute {route!r} is used more than once, set tomcat_instance_jvm_route.")
    for machine, name in _duplicates((instance["machine"], instance["name"]) for instance in instances):
        problems.add(f"machine {machine}: tomcat_instance_name {name!r} is used more than once.")


def _check_ports(
    instances: t.Sequence[t.Mapping[str, t.Any]],
    nodes: t.Sequence[t.Mapping[str, t.Any]],
    balancers: t.Sequence[Host],
    problems: Problems,
) -> None:
    used: dict[tuple[str, int], list[str]] = {}

    def use(machine: str, number: int, user: str) -> None:
        used.setdefault((machine, number), []).append(user)

    for instance in instances:
        for kind in PROTOCOLS:
            if instance[f"{kind}_enabled"]:
                use(instance["machine"], instance["ports"][kind], f"{instance['inventory_host']} ({kind})")
        if instance["ports"]["shutdown"] != PORT_OFF:
            use(instance["machine"], instance["ports"]["shutdown"], f"{instance['inventory_host']} (shutdown)")
    for node in nodes:
        use(node["machine"], node["port"], f"{node['inventory_host']} (memcached)")
    for host in balancers:
        use(host.machine, host.port("apache_balancer_listen_port", LISTEN_PORT), f"{host.name} (httpd)")
        use(host.machine, host.port("apache_balancer_manager_port", MANAGER_PORT), f"{host.name} (balancer-manager)")
    for (machine, number), users in used.items():
        if len(users) > 1:
            problems.add(
                f"machine {machine}: port {number} is used by {' and '.join(users)}, set tomcat_instance_port_offset or the port itself."
            )


def _check_secrets(hosts: t.Sequence[Host], problems: Problems) -> None:
    """One secret for the group: httpd sends the same one to every member of its balancer."""
    for host in hosts:
        if host.given(SECRET_VARIABLE):
            _check_secret(host)
        else:
            problems.add(
                f"{host.name}: {SECRET_VARIABLE} is not set, the AJP connector is not opened without a secret."
            )
    having = [host for host in hosts if host.given(SECRET_VARIABLE)]
    for host in having[1:]:
        if host.variables[SECRET_VARIABLE] != having[0].variables[SECRET_VARIABLE]:
            problems.add(
                f"{host.name}: {SECRET_VARIABLE} differs from that of {having[0].name}, use one value for the group."
            )


def _check_reach(
    servers: t.Iterable[tuple[str, str, str, str]],
    clients: t.Sequence[tuple[str, str]],
    problems: Problems,
) -> None:
    """A service on a loopback address serves its own machine only."""
    for name, machine, address, variable in servers:
        far = [client for client, client_machine in clients if client_machine != machine]
        if far and _is_loopback(address):
            problems.add(
                f"{name}: listens on {address}, which {', '.join(far)} on another machine cannot reach, set {variable}."
            )


def derive(
    hosts: t.Mapping[str, HostVariables],
    groups: t.Mapping[str, t.Sequence[str]],
    *,
    tomcat_group: str = "tomcat",
    memcached_group: str = "memcached",
    balancer_group: str = "balancer",
    problems: Problems | None = None,
) -> dict[str, t.Any]:
    """Derive the whole chain from the inventory.

    hosts: the HOST_VARIABLES that are set, of every host of the three groups.
    problems: what the caller found while it read them.
    Raises one TopologyError that lists everything that is wrong.
    """
    problems = problems if problems is not None else Problems()

    def members(group: str) -> list[Host]:
        return [Host(str(name), hosts[name], problems) for name in groups.get(group, ())]

    tomcats, memcacheds, balancers = members(tomcat_group), members(memcached_group), members(balancer_group)
    stores = {
        host.name: host.choice("tomcat_instance_session_store", SESSION_STORES[0], SESSION_STORES) for host in tomcats
    }
    if len(set(stores.values())) > 1:
        listed = ", ".join(f"{name} has {store}" for name, store in stores.items())
        problems.add(f"tomcat_instance_session_store must be the same on all instances: {listed}.")
    session_store = next(iter(stores.values()), SESSION_STORES[0])

    wanted = [(tomcat_group, tomcats, "the Tomcat instances"), (balancer_group, balancers, "httpd")]
    if session_store == "memcached":
        wanted.append((memcached_group, memcacheds, "the memcached nodes"))
    for group, found, purpose in wanted:
        if not found:
            problems.add(f"group {group!r} is empty or missing, it must hold the hosts of {purpose}.")

    instances = [_instance(host) for host in tomcats]
    nodes = _memcached_nodes(memcacheds)
    described_balancers = [_balancer(host) for host in balancers]
    applications = _applications([*tomcats, *balancers], problems)
    _share_out(applications, instances, _default_balancer(balancers, problems), problems)

    _check_unique(instances, problems)
    _check_ports(instances, nodes, balancers, problems)
    _check_secrets([host for host, item in zip(tomcats, instances) if item["ajp_enabled"]], problems)
    _check_reach(
        ((item["inventory_host"], item["machine"], item["address"], "tomcat_instance_address") for item in instances),
        [(host.name, host.machine) for host in balancers],
        problems,
    )
    _check_reach(
        ((node["inventory_host"], node["machine"], node["host"], "memcached_address") for node in nodes),
        [(item["inventory_host"], item["machine"]) for item in instances],
        problems,
    )
    problems.raise_if_any()

    for item in instances:
        # A session should not lie on the machine whose Tomcat serves it: both would die together.
        near = [node["id"] for node in nodes if node["machine"] == item["machine"]]
        item["failover_nodes"] = ",".join(near) if len(near) < len(nodes) else ""
    for application in applications:
        application["members"] = _members(instances, application["instances"])
    return {
        "instances": instances,
        "memcached_nodes": nodes,
        "msm_memcached_nodes": ",".join(f"{node['id']}:{node['host']}:{node['port']}" for node in nodes),
        "balancers": described_balancers,
        "applications": applications,
        "session_store": session_store,
    }
