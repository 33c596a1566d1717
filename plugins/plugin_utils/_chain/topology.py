# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the inventory says, as one checked picture of the whole chain.

One inventory host of the Tomcat group is one Tomcat instance. From the few
variables of each host everything that two ends must agree on is derived here and
nowhere else: routes, ports, workers, memcached nodes, the Redis server, clusters,
applications. All problems are collected before anything is reported, so that an
inventory is corrected once.

Pure: the values arrive as plain data, already templated.
"""

# Private to this collection.

from __future__ import annotations

import hashlib
import re
import typing as t

from .applications import (
    BALANCER,
    declared_applications,
    members_of,
    share_out,
    without_instance,
)
from .clusters import CLUSTER_STORES, join_clusters
from .health import ask_as_the_site, asks_by_https
from .instance import (
    AJP_SECRET,
    CLUSTER_KEY,
    PORT_OFF,
    PROTOCOLS,
    Secret,
    check_secret,
    describe,
)
from .inventory import (
    ABSOLUTE_PATH,
    HOST_NAME,
    LOCAL_MACHINE,
    Host,
    HostVariables,
    Problems,
    TopologyError,
    duplicates,
    ip_address,
    is_loopback,
)
from .session_stores import (
    addresses_of_clients,
    failover_nodes,
    memcached_nodes,
    named_memcached_nodes,
    redis_addresses,
    redis_servers,
    session_store,
)
from .site import HEADER_BYTES, MAX_HEADER_BYTES, check_protocols

__all__ = ["HOST_VARIABLES", "Problems", "TopologyError", "derive"]

# Defaults that roles share with this module; a unit test holds them equal.
LISTEN_PORT = 80
MANAGER_PORT = 9080
TLS_PORT = 443
MANAGER_PATH = "/balancer-manager"
BALANCER_NAME = "tomcat"
STICKY_COOKIE = "JSESSIONID"
STICKY_PATH_PARAMETER = "jsessionid"

# Every variable that is read of a host. Only these are asked for, so that a
# template in a variable that does not matter here is never evaluated.
HOST_VARIABLES = (
    "ansible_connection",
    "ansible_host",
    "apache_balancer_address",
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
    "apache_balancer_sticky_path_parameter",
    "apache_balancer_tls_certificate",
    "apache_balancer_tls_port",
    "apache_balancer_trusted_proxies",
    "memcached_address",
    "memcached_clients",
    "memcached_ports",
    "redis_address",
    "redis_clients",
    "redis_port",
    "tomcat_applications",
    "tomcat_instance_address",
    "tomcat_instance_ajp_enabled",
    "tomcat_instance_ajp_port",
    "tomcat_instance_ajp_secret",
    "tomcat_instance_base_root",
    "tomcat_instance_cluster_key",
    "tomcat_instance_cluster_port",
    "tomcat_instance_http_enabled",
    "tomcat_instance_http_port",
    "tomcat_instance_jvm_route",
    "tomcat_instance_manager_enabled",
    "tomcat_instance_max_header_bytes",
    "tomcat_instance_memcached_failover_nodes",
    "tomcat_instance_memcached_nodes",
    "tomcat_instance_name",
    "tomcat_instance_port_offset",
    "tomcat_instance_protocol",
    "tomcat_instance_redis_addresses",
    "tomcat_instance_session_cookie_name",
    "tomcat_instance_session_store",
    "tomcat_instance_shutdown_port",
)

COOKIE_NAME = re.compile(r"[A-Za-z0-9_.-]+")


def _instance(host: Host) -> dict[str, t.Any]:
    """The instance, and what others have to do with it; the rest of that is worked out when all are read."""
    return {
        **describe(host),
        "failover_nodes": "",
        "cluster_members": [],
        **_member_settings(host),
        "max_header_bytes": host.integer(
            "tomcat_instance_max_header_bytes",
            HEADER_BYTES,
            f"an integer from {HEADER_BYTES} to {MAX_HEADER_BYTES}",
            lambda number: HEADER_BYTES <= number <= MAX_HEADER_BYTES,
        ),
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


def _balancer(host: Host, session_cookie: str) -> dict[str, t.Any]:
    """Where a balancer is asked: on its own machine, the manager is not open to others."""
    manager_address = host.text("apache_balancer_manager_address", LOCAL_MACHINE, HOST_NAME, "one address")
    manager_path = host.text("apache_balancer_manager_path", MANAGER_PATH, ABSOLUTE_PATH, "an absolute path")
    manager = f"http://{manager_address}:{host.port('apache_balancer_manager_port', MANAGER_PORT)}"
    # With TLS the plain port only redirects; the manager's serves the applications too, without a certificate to be checked.
    plain = f"http://{LOCAL_MACHINE}:{host.port('apache_balancer_listen_port', LISTEN_PORT)}"
    # As the role has it by default: others' sites may be on that httpd, and a request without the name would be theirs.
    server_name = host.text("apache_balancer_server_name", host.name, HOST_NAME, "a host name")
    return {
        "inventory_host": host.name,
        "machine": host.machine,
        "address": host.address("ansible_host"),
        "manager_url": manager + manager_path,
        "local_url": manager if _has_tls(host) else plain,
        "headers": {"Host": server_name},
        **_sticky(host, session_cookie),
    }


def _sticky(host: Host, session_cookie: str) -> dict[str, str]:
    """How httpd knows a session: where Tomcat gives its cookie another name, the parameter in a path has that name, too."""
    wanted = "the name of a cookie"
    cookie = host.text("apache_balancer_sticky_cookie", session_cookie or STICKY_COOKIE, COOKIE_NAME, wanted)
    if session_cookie and cookie != session_cookie:
        host.complain(
            "apache_balancer_sticky_cookie", f"{session_cookie}, as tomcat_instance_session_cookie_name is, or left out"
        )
    parameter = host.text(
        "apache_balancer_sticky_path_parameter",
        session_cookie or STICKY_PATH_PARAMETER,
        COOKIE_NAME,
        "the name of a path parameter",
    )
    return {"sticky_cookie": cookie, "sticky_path_parameter": parameter}


def _session_cookie(tomcats: t.Sequence[Host], problems: Problems) -> str:
    """What the instances call their session cookie; nothing where it is Tomcat's own name."""
    variable = "tomcat_instance_session_cookie_name"
    names = {host.name: host.text(variable, "", COOKIE_NAME, "the name of a cookie") for host in tomcats}
    if len(set(names.values())) > 1:
        listed = ", ".join(f"{host} has {name or STICKY_COOKIE}" for host, name in names.items())
        problems.add(f"{variable} must be the same on all instances: {listed}.")
    return next(iter(names.values()), "")


def _forwarded_header(tomcats: t.Sequence[Host], balancers: t.Sequence[Host]) -> str:
    """How the headers begin in which httpd tells AJP members the scheme, where it is not always that of the connection.

    Tomcat believes them whoever sends them: only the holders of the AJP secret know the name.
    """
    secret = next((host.variables[AJP_SECRET.variable] for host in tomcats if host.given(AJP_SECRET.variable)), "")
    if not secret or not any(_has_tls(host) or host.given("apache_balancer_trusted_proxies") for host in balancers):
        return ""
    return "X-Roundrobin-" + hashlib.sha256(f"forwarded {secret}".encode()).hexdigest()[:16]


def _ask_as_the_site(
    applications: t.Sequence[dict[str, t.Any]],
    instances: t.Sequence[dict[str, t.Any]],
    balancers: t.Sequence[Host],
) -> None:
    """Let each application be asked as through httpd; a member that is to take a check for one by TLS must believe its own machine."""
    ports = {"https": balancers[0].port("apache_balancer_tls_port", TLS_PORT)} if balancers else {"https": TLS_PORT}
    names = {host.text("apache_balancer_server_name", "", HOST_NAME, "a host name") for host in balancers}
    # A name of the inventory is the httpd's alone.
    site_name = names.pop() if len(names) == 1 else ""
    ask_as_the_site(applications, site_name, ports, bool(balancers) and all(_has_tls(host) for host in balancers))
    for instance in instances:
        served = [one for one in applications if instance["inventory_host"] in one["instances"]]
        instance["encoded_slashes"] = any(one["encoded_slashes"] for one in served)
        if not any(asks_by_https(one) for one in served):
            continue
        if instance["protocol"] == "ajp":
            instance["connect_url_base"] = instance["worker"]
        else:
            own = _as_tomcat_writes(instance["address"])
            instance["internal_proxies"] = list(dict.fromkeys([*instance["internal_proxies"], *([own] if own else [])]))


def is_alone(
    host: str, instances: t.Sequence[t.Mapping[str, t.Any]], applications: t.Iterable[t.Mapping[str, t.Any]]
) -> bool:
    """Whether users have nowhere to go while this instance is out: it is the only one, or the only one of an application."""
    return len(instances) == 1 or any(list(one["instances"]) == [host] for one in applications)


def _default_balancer(hosts: t.Sequence[Host], problems: Problems) -> str:
    """The one balancer of all applications that do not name their instances, the same on every httpd."""
    wanted = "1 to 40 lower case letters, digits, '_' and '-'"
    names = {host.name: host.text("apache_balancer_name", BALANCER_NAME, BALANCER, wanted) for host in hosts}
    if len(set(names.values())) > 1:
        listed = ", ".join(f"{host} has {name}" for host, name in names.items())
        problems.add(f"apache_balancer_name must be the same on all balancers: {listed}.")
    return next(iter(names.values()), BALANCER_NAME)


def _has_tls(host: Host) -> bool:
    return bool(host.text("apache_balancer_tls_certificate", "", ABSOLUTE_PATH, "an absolute path"))


def _internal_proxies(host: Host, instance: t.Mapping[str, t.Any], balancers: t.Sequence[Host]) -> list[str]:
    """The addresses that httpd connects from, the way Tomcat writes them. AJP needs none, it tells who the client is."""
    if instance["protocol"] == "ajp":
        return []
    found: list[str] = []
    for balancer in balancers:
        # To an address of its own a machine connects from that very address.
        near = instance["address"] if balancer.machine == instance["machine"] else balancer.address("ansible_host")
        name = balancer.address("apache_balancer_address") if balancer.given("apache_balancer_address") else near
        address = ip_address(LOCAL_MACHINE if name == "localhost" else name)
        if address is None:
            host.problems.add(
                f"{balancer.name}: apache_balancer_address is not set and {name!r} is no IP address. Set it to the one that httpd "
                f"connects from: {host.name} believes what is forwarded by HTTP from there only."
            )
            continue
        found.append(_as_tomcat_writes(name))
    return list(dict.fromkeys(found))


def _as_tomcat_writes(name: str) -> str:
    """An address as Tomcat has it in a request; nothing where a name is none."""
    address = ip_address(LOCAL_MACHINE if name == "localhost" else name)
    if address is not None and address.version == 6:
        return ":".join(f"{int(group, 16):x}" for group in address.exploded.split(":"))
    return str(address or "")


def _check_unique(instances: t.Sequence[t.Mapping[str, t.Any]], problems: Problems) -> None:
    for route in duplicates(instance["route"] for instance in instances):
        owners = ", ".join(instance["inventory_host"] for instance in instances if instance["route"] == route)
        problems.add(f"{owners}: the jvmRoute {route!r} is used more than once, set tomcat_instance_jvm_route.")
    for machine, name in duplicates((instance["machine"], instance["name"]) for instance in instances):
        problems.add(f"machine {machine}: tomcat_instance_name {name!r} is used more than once.")


def _check_ports(
    instances: t.Sequence[t.Mapping[str, t.Any]],
    nodes: t.Sequence[t.Mapping[str, t.Any]],
    servers: t.Sequence[t.Mapping[str, t.Any]],
    balancers: t.Sequence[Host],
    problems: Problems,
) -> None:
    used: dict[tuple[str, int], list[str]] = {}

    def use(machine: str, number: int, user: str) -> None:
        used.setdefault((machine, number), []).append(user)

    for instance in instances:
        kinds = [kind for kind in PROTOCOLS if instance[f"{kind}_enabled"]]
        kinds += ["shutdown"] if instance["ports"]["shutdown"] != PORT_OFF else []
        kinds += ["cluster"] if instance["cluster_members"] else []
        # Each number once: that those of one instance differ was checked when it was read.
        for number, kind in {instance["ports"][kind]: kind for kind in kinds}.items():
            use(instance["machine"], number, f"{instance['inventory_host']} ({kind})")
    for node in nodes:
        use(node["machine"], node["port"], f"{node['inventory_host']} (memcached)")
    for server in servers:
        use(server["machine"], server["port"], f"{server['inventory_host']} (Redis)")
    for host in balancers:
        use(host.machine, host.port("apache_balancer_listen_port", LISTEN_PORT), f"{host.name} (httpd)")
        use(host.machine, host.port("apache_balancer_manager_port", MANAGER_PORT), f"{host.name} (balancer-manager)")
        tls_port = host.port("apache_balancer_tls_port", TLS_PORT)
        if _has_tls(host):
            use(host.machine, tls_port, f"{host.name} (httpd with TLS)")
    for (machine, number), users in used.items():
        if len(users) > 1:
            problems.add(
                f"machine {machine}: port {number} is used by {' and '.join(users)}, set tomcat_instance_port_offset or the port itself."
            )


def _check_secrets(hosts: t.Sequence[Host], secret: Secret, problems: Problems) -> None:
    """One secret for the group, the same at all ends."""
    having = [host for host in hosts if host.given(secret.variable)]
    for host in hosts:
        check_secret(host, secret)
    for host in having[1:]:
        if host.variables[secret.variable] != having[0].variables[secret.variable]:
            problems.add(
                f"{host.name}: {secret.variable} differs from that of {having[0].name}, use one value for the group."
            )


def _places(described: t.Iterable[t.Mapping[str, t.Any]]) -> list[tuple[str, str]]:
    """Return the inventory host and the machine of each."""
    return [(item["inventory_host"], item["machine"]) for item in described]


def _check_reach(
    servers: t.Iterable[tuple[str, str, str]],
    variable: str,
    clients: t.Sequence[tuple[str, str]],
    problems: Problems,
) -> None:
    """A service on a loopback address serves its own machine only."""
    for name, machine, address in servers:
        far = [client for client, client_machine in clients if client_machine != machine]
        if far and is_loopback(address):
            problems.add(
                f"{name}: listens on {address}, which {', '.join(far)} on another machine cannot reach, set {variable}."
            )


def _of_each_host(
    instances: t.Iterable[dict[str, t.Any]], applications: t.Iterable[dict[str, t.Any]]
) -> dict[str, dict[str, t.Any]]:
    """Each instance with its applications, by host: what a task on it looks up costs the same however many others there are."""
    of_each: dict[str, dict[str, t.Any]] = {
        instance["inventory_host"]: {"instance": instance, "applications": []} for instance in instances
    }
    for application in applications:
        of_one = {key: value for key, value in application.items() if key not in ("instances", "members")}
        for host in application["instances"]:
            of_each[host]["applications"].append(of_one)
    return of_each


def derive(
    hosts: t.Mapping[str, HostVariables],
    groups: t.Mapping[str, t.Sequence[str]],
    *,
    tomcat_group: str = "tomcat",
    memcached_group: str = "memcached",
    redis_group: str = "redis",
    balancer_group: str = "balancer",
    without: str = "",
    problems: Problems | None = None,
) -> dict[str, t.Any]:
    """Derive the whole chain from the inventory.

    hosts: the HOST_VARIABLES that are set, of every host of the groups.
    without: an instance that is left out, as if the inventory did not have it.
    problems: what the caller found while it read them.
    Raises one TopologyError that lists everything that is wrong.
    """
    problems = problems if problems is not None else Problems()

    def members(group: str) -> list[Host]:
        return [Host(str(name), hosts[name], problems) for name in groups.get(group, ())]

    tomcats = [host for host in members(tomcat_group) if host.name != without]
    memcacheds, balancers = members(memcached_group), members(balancer_group)
    redises = members(redis_group)
    servers = redis_servers(redises)
    store = session_store(tomcats, problems)
    named_nodes = named_memcached_nodes(tomcats, problems)

    wanted = [(tomcat_group, tomcats, "the Tomcat instances"), (balancer_group, balancers, "httpd")]
    if store == "memcached" and not named_nodes:
        wanted.append(
            (memcached_group, memcacheds, "the memcached nodes, unless tomcat_instance_memcached_nodes names them")
        )
    for group, found, purpose in wanted:
        if not found:
            problems.add(f"group {group!r} is empty or missing, it must hold the hosts of {purpose}.")

    instances = [_instance(host) for host in tomcats]
    for host, item in zip(tomcats, instances):
        item["internal_proxies"] = _internal_proxies(host, item, balancers)
    nodes = memcached_nodes(memcacheds)
    addresses = redis_addresses(tomcats, servers, redis_group, problems) if store == "redis" else []
    let_in = {
        kind: addresses_of_clients(tomcats, instances, stores, f"{kind}_clients")
        for kind, stores in (("memcached", memcacheds), ("redis", redises))
    }
    session_cookie = _session_cookie(tomcats, problems)
    described_balancers = [_balancer(host, session_cookie) for host in balancers]
    applications = without_instance(declared_applications([*tomcats, *balancers], problems), without)
    share_out(applications, instances, _default_balancer(balancers, problems), problems)
    check_protocols(applications, instances, problems)
    for item in instances:
        item["alone"] = is_alone(item["inventory_host"], instances, applications)
    _ask_as_the_site(applications, instances, balancers)
    clusters = join_clusters(instances, applications, store, problems) if store in CLUSTER_STORES else []

    _check_unique(instances, problems)
    _check_ports(instances, nodes, servers, balancers, problems)
    _check_secrets([host for host, item in zip(tomcats, instances) if item["ajp_enabled"]], AJP_SECRET, problems)
    if clusters:
        _check_secrets(tomcats, CLUSTER_KEY, problems)
    for served, address, variable, clients in (
        (instances, "address", "tomcat_instance_address", [(host.name, host.machine) for host in balancers]),
        *((cluster, "address", "tomcat_instance_address", _places(cluster)) for cluster in clusters),
        (nodes, "host", "memcached_address", _places(instances)),
        (servers if store == "redis" else [], "host", "redis_address", _places(instances)),
    ):
        _check_reach(
            [(*place, item[address]) for place, item in zip(_places(served), served)], variable, clients, problems
        )
    used_nodes = named_nodes or nodes
    for host, item in zip(tomcats, instances):
        item["failover_nodes"] = failover_nodes(host, item["machine"], used_nodes) if store == "memcached" else ""
    problems.raise_if_any()

    for application in applications:
        application["members"] = members_of(instances, application["instances"])
    return {
        "instances": instances,
        "hosts": _of_each_host(instances, applications),
        "memcached_nodes": used_nodes,
        "msm_memcached_nodes": ",".join(f"{node['id']}:{node['host']}:{node['port']}" for node in used_nodes),
        "redis_servers": servers,
        "redis_addresses": addresses,
        "balancers": described_balancers,
        "applications": applications,
        "session_store": store,
        "clients": let_in,
        "max_header_bytes": max((item["max_header_bytes"] for item in instances), default=HEADER_BYTES),
        "forwarded_header": _forwarded_header(tomcats, balancers),
    }
