# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From hand-made Tomcats and httpds to the inventory that gives the same chain, and a list of what is not in it.

httpd is where it begins: the Tomcats that its balancers lead to are the chain. Pure: what the hosts have is the answer of adopt_info.
"""

# Private to this collection.

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass, field

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._chain.applications import CONTEXT_PATH
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._chain.instance import (
    AJP_SECRET,
    BASE_PORTS,
    INSTANCE_NAME,
    ROUTE,
)
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._chain.inventory import (
    LOCAL_MACHINE,
    as_integer,
    ip_address,
    is_loopback,
)
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._chain.topology import STICKY_COOKIE

from .httpd import HandMadeMember, Site, read_site
from .notes import Notes, Secrets, Template
from .sessions import ABOUT_SESSIONS, TAKE_OVER, Sessions, read_sessions
from .start import read_start
from .tomcat import STOCK_WEBAPPS, Tomcat, read_tomcat, variables_of
from .xml import Element

# How Ansible reaches a machine, as far as it is no secret.
CONNECTION = (
    "ansible_connection",
    "ansible_host",
    "ansible_port",
    "ansible_user",
    "ansible_ssh_private_key_file",
    "ansible_ssh_common_args",
    "ansible_become_method",
    "ansible_python_interpreter",
)
# So far from the old ports are the new ones, for both to run side by side.
PORT_SHIFT = 2000
# The versions that the role knows, which a unit test holds equal.
VERSIONS = {"9.0": "9.0.117", "10.1": "10.1.59", "11.0": "11.0.24"}
DEFAULT_VERSION = "9.0"
# Where new memcached nodes listen, beside the old ones.
NEW_MEMCACHED_PORT = 11311
_JARS_OF_STORES = re.compile(
    r"(memcached-session-manager|msm-|spymemcached|couchbase|kryo|minlog|reflectasm|asm-|objenesis|redisson|tomcat-cluster-redis).*\.jar"
)

AJP_SECRET_TEMPLATE = Template(
    "{{ lookup('ansible.builtin.password', inventory_dir ~ '/credentials/ajp_secret', length=32, chars=['ascii_letters', 'digits']) }}"
)
CLUSTER_KEY_TEMPLATE = Template(
    "{{ lookup('ansible.builtin.password', inventory_dir ~ '/credentials/cluster_key', length=64, chars=['hexdigits']) }}"
)


@dataclass(frozen=True)
class Machine:
    """A host of the inventory that was read."""

    name: str
    #: how Ansible reaches it
    connection: t.Mapping[str, t.Any]
    #: the answer of adopt_info
    found: t.Mapping[str, t.Any]

    @property
    def address(self) -> str:
        """Where it is reached."""
        if str(self.connection.get("ansible_connection", "")).endswith("local"):
            return LOCAL_MACHINE
        return str(self.connection.get("ansible_host") or self.name)

    @property
    def variables(self) -> dict[str, t.Any]:
        """How a host of the written inventory reaches it."""
        return {"ansible_host": self.address, **self.connection}

    def owns(self, address: str) -> bool:
        """Whether an address is one of this machine's."""
        return address in (self.name, self.address, *self.found["addresses"])


@dataclass
class Instance:
    """A Tomcat with the members of httpds that lead to it."""

    tomcat: Tomcat
    machine: Machine
    connector: Element
    scheme: str
    members: list[tuple[Site, HandMadeMember]] = field(default_factory=list)
    variables: dict[str, t.Any] = field(default_factory=dict)
    sessions: Sessions | None = None
    name: str = ""


@dataclass
class Adopted:
    """The inventory, the secrets that it refers to, and what is in neither."""

    inventory: dict[str, t.Any]
    secrets: dict[str, str]
    notes: Notes


def adopt(machines: t.Sequence[Machine], port_shift: int = PORT_SHIFT) -> Adopted:
    """Work out the inventory."""
    notes, secrets = Notes(), Secrets()
    return _Adoption(machines, port_shift, notes, secrets).adopt()


@dataclass
class _Adoption:
    machines: t.Sequence[Machine]
    port_shift: int
    notes: Notes
    secrets: Secrets

    def adopt(self) -> Adopted:
        """Read the httpds, then the Tomcats that they lead to, and put together what they say."""
        for machine in self.machines:
            for file in machine.found["unreadable"]:
                self.notes.add(machine.name, (file["path"], 0), file["reason"], "What it says is not known.")
        sites = [
            (machine, site)
            for machine in self.machines
            if machine.found["httpd"]
            for site in [read_site(machine.name, machine.found["httpd"], self.notes)]
            if site is not None
        ]
        if not sites:
            raise CollectionError(
                f"no httpd with a ProxyPass to a balancer and its BalancerMember lines was found on {self._names()}; "
                "a chain begins with one. Give adopt all machines of the chain." + self._told()
            )
        instances = self._instances(sites)
        if not instances:
            raise CollectionError(
                f"httpd has balancers, and none of their members is a Tomcat that was found on {self._names()}. "
                "Give adopt all machines of the chain, and adopt_bases for Tomcats that do not run." + self._told()
            )
        self._name(instances)
        for instance in instances:
            self._describe(instance)
        everywhere: dict[str, t.Any] = {}
        everywhere.update(self._ajp_secret(instances))
        groups, of_store = self._sessions(instances)
        everywhere.update(of_store)
        everywhere["tomcat_applications"] = self._applications(sites, instances)
        inventory = {
            "all": {"vars": everywhere},
            "tomcat": _group({instance.name: instance.variables for instance in instances}),
            **groups,
            "balancer": _group(self._balancers(sites, instances)),
        }
        self._general(instances)
        return Adopted(inventory, self.secrets.values, self.notes)

    def _names(self) -> str:
        return ", ".join(machine.name for machine in self.machines)

    def _told(self) -> str:
        return "".join(f"\n  {note}" for note in self.notes.found)

    # -- who is in the chain -----------------------------------------------------

    def _instances(self, sites: t.Sequence[tuple[Machine, Site]]) -> list[Instance]:
        """The Tomcats that members lead to, in httpd's order."""
        tomcats = [pair for machine in self.machines for pair in self._tomcats(machine)]
        instances: list[Instance] = []
        for machine, site in sites:
            for member in site.members:
                found = self._find(member, machine, tomcats)
                if found is None:
                    self.notes.add(
                        machine.name,
                        member.place,
                        f"{member.url} route={member.route}",
                        "The Tomcat of this member was not found, and is not in the inventory. Give adopt its machine, or its CATALINA_BASE in "
                        "adopt_bases.",
                    )
                    continue
                of_machine, tomcat, connector = found
                known = next((one for one in instances if one.tomcat is tomcat), None)
                if known is None:
                    known = Instance(tomcat, of_machine, connector, member.scheme)
                    instances.append(known)
                if known.scheme != member.scheme:
                    self.notes.add(
                        machine.name,
                        member.place,
                        member.url,
                        f"httpd reaches an instance in one way here, by {known.scheme}. This one is left out.",
                    )
                    continue
                known.members.append((site, member))
                if member.route != tomcat.route:
                    self.notes.add(
                        machine.name,
                        member.place,
                        f"route={member.route}, and the jvmRoute of that Tomcat is {tomcat.route or 'not set'}",
                        "Users would not stay on their instance. Here both have one name.",
                    )
        for of_machine, tomcat in tomcats:
            if not any(one.tomcat is tomcat for one in instances):
                self.notes.add(
                    of_machine.name,
                    tomcat.engine.place,
                    f"no balancer leads to the Tomcat in {tomcat.base}",
                    "It is not in the inventory. It goes on as it is.",
                )
        return instances

    def _tomcats(self, machine: Machine) -> t.Iterator[tuple[Machine, Tomcat]]:
        for found in machine.found["tomcats"]:
            # Only for what server.xml refers to; what is left out is told once the Tomcat is in the chain.
            start = read_start(machine.name, found, machine.found["files"], Notes(), Secrets())
            tomcat = read_tomcat(machine.name, found, machine.found["files"], start.properties, self.notes)
            if tomcat is not None:
                yield machine, tomcat

    def _find(
        self, member: HandMadeMember, httpd: Machine, tomcats: t.Sequence[tuple[Machine, Tomcat]]
    ) -> tuple[Machine, Tomcat, Element] | None:
        """The Tomcat that listens where a member is; behind a translated address, the only one with this port and route."""
        addresses = [member.host, *httpd.found["resolved"].get(member.host, [])]
        near = any(is_loopback(address) for address in addresses)
        candidates: list[tuple[Machine, Tomcat, Element]] = []
        for machine, tomcat in tomcats:
            connector = tomcat.connector(member.scheme, member.port)
            if connector is None:
                continue
            if (near and machine is httpd) or any(machine.owns(address) for address in addresses):
                return machine, tomcat, connector
            if not near and member.route and tomcat.route == member.route:
                candidates.append((machine, tomcat, connector))
        return candidates[0] if len(candidates) == 1 else None

    def _name(self, instances: t.Sequence[Instance]) -> None:
        """Name the inventory hosts after the routes, and the instances so that nothing on their machines has the name."""
        taken = {"all", "tomcat", "memcached", "redis", "balancer", "ungrouped"}
        for number, instance in enumerate(instances, 1):
            tomcat = instance.tomcat
            wanted = next((member.route for _site, member in instance.members if member.route), "") or tomcat.route
            if wanted and not ROUTE.fullmatch(wanted):
                self.notes.add(
                    instance.machine.name,
                    tomcat.engine.place,
                    f"jvmRoute {wanted}",
                    "A route has letters, digits and '_' here: a dot loses the session at failover. Users of this instance change it once.",
                )
                wanted = re.sub(r"[^A-Za-z0-9_]", "_", wanted)[:63]
            if not wanted:
                wanted = f"tomcat{number}"
                self.notes.add(
                    instance.machine.name,
                    tomcat.engine.place,
                    tomcat.engine.shown("name", "jvmRoute"),
                    f"There is no jvmRoute. Here it is {wanted}.",
                )
            name = wanted
            while name in taken or not INSTANCE_NAME.fullmatch(name):
                name = f"tomcat_{name}"
            taken.add(name)
            instance.name = name
            if name != wanted:
                instance.variables["tomcat_instance_jvm_route"] = wanted
            units = {found["unit"] for found in instance.machine.found["tomcats"]}
            bases = {found["base"] for found in instance.machine.found["tomcats"]}
            tomcat.name = name
            while f"tomcat@{tomcat.name}.service" in units or f"/var/opt/tomcat/{tomcat.name}" in bases:
                tomcat.name = f"roundrobin-{tomcat.name}"
            if tomcat.name != name:
                instance.variables["tomcat_instance_name"] = tomcat.name

    # -- instances -----------------------------------------------------------------

    def _describe(self, instance: Instance) -> None:
        tomcat, machine = instance.tomcat, instance.machine
        files = machine.found["files"]
        variables = {**machine.variables, **instance.variables}
        start = read_start(machine.name, tomcat.found, files, self.notes, self.secrets)
        variables.update(self._version(instance))
        variables.update(self._place(instance))
        variables.update(variables_of(tomcat, instance.connector, files, self.notes, self.secrets))
        variables.update(start.variables)
        variables.update(self._as_member(instance))
        variables.update(self._jars(instance))
        instance.variables = variables
        instance.sessions = read_sessions(tomcat, self.notes, self.secrets)

    def _version(self, instance: Instance) -> dict[str, t.Any]:
        version = str(instance.tomcat.found["version"])
        branch = ".".join(version.split(".")[:2])
        known = VERSIONS.get(branch)
        if version and version != known:
            new = known or VERSIONS[DEFAULT_VERSION]
            keep = (
                "To keep it, set tomcat_instance_version and tomcat_instance_checksum."
                if known
                else "This version is not supported. Try your application on that one first."
            )
            self.notes.add(
                instance.machine.name,
                (instance.tomcat.found["home"], 0),
                f"Tomcat {version}",
                f"Here it is Tomcat {new}. {keep}",
            )
        return {"tomcat_instance_version": known} if known and branch != DEFAULT_VERSION else {}

    def _place(self, instance: Instance) -> dict[str, t.Any]:
        """Address, protocol and ports. The ports are new ones, so that old and new instances run side by side."""
        tomcat, scheme = instance.tomcat, instance.scheme
        variables: dict[str, t.Any] = {}
        if scheme != "ajp":
            variables["tomcat_instance_protocol"] = scheme
        address = self._address(instance)
        if address != instance.machine.address:
            variables["tomcat_instance_address"] = address
        ports = {scheme: tomcat.port_of(instance.connector)}
        other = tomcat.first("http") if scheme == "ajp" else None
        if other is not None:
            ports["http"] = tomcat.port_of(other)
        offset = ports[scheme] - BASE_PORTS[scheme] + self.port_shift
        if 0 <= offset <= 50000:
            if offset:
                variables["tomcat_instance_port_offset"] = offset
        else:
            offset = 0
            variables[f"tomcat_instance_{scheme}_port"] = ports[scheme] + self.port_shift
        if other is not None and ports["http"] + self.port_shift != BASE_PORTS["http"] + offset:
            variables["tomcat_instance_http_port"] = ports["http"] + self.port_shift
        if scheme == "http":
            ajp = tomcat.first("ajp")
            if ajp is not None:
                self.notes.add(
                    tomcat.machine,
                    ajp.place,
                    ajp.shown("port", "protocol"),
                    "httpd does not use it, and it is closed here (tomcat_instance_ajp_enabled).",
                )
        return variables

    def _address(self, instance: Instance) -> str:
        """Where httpd reaches the instance: an address, as a name may mean something else on the instance's own machine."""
        found: list[str] = []
        for site, member in instance.members:
            httpd = next(machine for machine in self.machines if machine.name == site.machine)
            resolved = httpd.found["resolved"].get(member.host, [member.host])
            found.append(
                LOCAL_MACHINE
                if any(is_loopback(one) for one in resolved)
                else resolved[0]
                if len(resolved) == 1
                else member.host
            )
        return next((address for address in found if address != LOCAL_MACHINE), LOCAL_MACHINE)

    def _as_member(self, instance: Instance) -> dict[str, t.Any]:
        variables: dict[str, t.Any] = {}
        for site, member in instance.members:
            flags = set(re.findall(r"\+([A-Za-z])", member.options.get("status", "")))
            said = {
                "apache_balancer_member_load_factor": _number(member.options.get("loadfactor", "1")),
                "apache_balancer_member_lbset": as_integer(member.options.get("lbset", "0")),
                "apache_balancer_member_standby": bool(flags & {"H", "h"}),
                "apache_balancer_member_spare": bool(flags & {"R", "r"}),
            }
            out = flags & set("DdSsNnIiEe")
            if out:
                self.notes.add(
                    site.machine,
                    member.place,
                    f"{member.url} status={member.options['status']}",
                    "The member is out of service by hand. Here it takes part.",
                )
            for variable, value in said.items():
                if value is None:
                    self.notes.add(
                        site.machine, member.place, f"{member.url}", f"This value is not understood. Set {variable}."
                    )
                elif variables.setdefault(variable, value) != value:
                    self.notes.add(
                        site.machine,
                        member.place,
                        f"{member.url}",
                        f"It differs between balancers, and is one value here. Set {variable}.",
                    )
        return {
            variable: value for variable, value in variables.items() if value not in (1, 1.0, 0, False) or value is True
        }

    def _jars(self, instance: Instance) -> dict[str, t.Any]:
        jars = []
        for jar in instance.tomcat.found["jars"]:
            if _JARS_OF_STORES.fullmatch(jar["path"].rpartition("/")[2]):
                continue
            if jar["coordinates"] and jar["sha256"]:
                jars.append({"coordinates": jar["coordinates"], "sha256": jar["sha256"]})
            else:
                self.notes.add(
                    instance.machine.name,
                    (jar["path"], 0),
                    f"a jar that does not say its coordinates, sha256 {jar['sha256']}",
                    "Add it to tomcat_instance_jars by its coordinates, or copy it to the lib of the new instance.",
                )
        return {"tomcat_instance_jars": jars} if jars else {}

    # -- the whole chain -----------------------------------------------------------

    def _ajp_secret(self, instances: t.Sequence[Instance]) -> dict[str, t.Any]:
        by_ajp = [instance for instance in instances if instance.scheme == "ajp"]
        if not by_ajp:
            return {}
        found = {one.connector.get("secret") or one.connector.get("requiredSecret") for one in by_ajp}
        if len(found) == 1 and AJP_SECRET.pattern.fullmatch(next(iter(found))):
            return {AJP_SECRET.variable: self.secrets.keep(AJP_SECRET.variable, next(iter(found)))}
        for instance in by_ajp if found - {""} else by_ajp[:1]:
            connector = instance.connector
            says = "has a secret that cannot be used here, or one of its own" if found - {""} else "has no secret"
            self.notes.add(
                instance.machine.name,
                connector.place,
                f"{connector.shown('port', 'protocol')} {says}",
                f"Here all have one secret, {AJP_SECRET.variable}, which is made at the first run in credentials/ajp_secret.",
            )
        return {AJP_SECRET.variable: AJP_SECRET_TEMPLATE}

    def _sessions(self, instances: t.Sequence[Instance]) -> tuple[dict[str, t.Any], dict[str, t.Any]]:
        """The group of memcached where new nodes are needed, and the variables of the store."""
        found = [(instance, instance.sessions) for instance in instances if instance.sessions is not None]
        first = found[0][1]
        variables: dict[str, t.Any] = {}
        for instance, sessions in found:
            instance.variables.update(sessions.variables)
            if (sessions.store, sessions.nodes) != (first.store, first.nodes):
                self.notes.add(
                    instance.machine.name,
                    (f"{instance.tomcat.base}/conf/context.xml", 0),
                    "keeps its sessions elsewhere than the first instance",
                    f"All instances have one store here, that of {found[0][0].name}. Set tomcat_instance_session_store if it is another.",
                )
        if first.store != "memcached":
            variables["tomcat_instance_session_store"] = first.store
        if first.store in ("delta", "backup"):
            variables["tomcat_instance_cluster_key"] = CLUSTER_KEY_TEMPLATE
        if first.store != "memcached":
            return {}, variables
        machines = {instance.machine.name: instance.machine for instance in instances}
        near = any(is_loopback(host) for _name, host, _port in first.nodes)
        if near and len(machines) > 1:
            manager = instances[0].tomcat
            self.notes.add(
                manager.machine,
                (f"{manager.base}/conf/context.xml", 0),
                "memcachedNodes names localhost, and the Tomcats are on several machines",
                f"Each machine has had sessions of its own. Here they are shared, in new nodes on port {NEW_MEMCACHED_PORT} of these machines. "
                "The sessions of before are not found there.",
            )
            for instance in instances:
                # There is nothing in the new nodes.
                options = instance.variables.pop("tomcat_instance_memcached_options", {})
                left = {name: value for name, value in options.items() if name != TAKE_OVER}
                instance.variables.update({"tomcat_instance_memcached_options": left} if left else {})
            self.notes.found = [note for note in self.notes.found if note.says != ABOUT_SESSIONS]
            hosts = {
                f"cache{number}": {**machine.variables, "memcached_ports": [NEW_MEMCACHED_PORT]}
                for number, machine in enumerate(machines.values(), 1)
            }
            return {"memcached": _group(hosts)}, variables
        variables["tomcat_instance_memcached_nodes"] = ",".join(
            f"{name}:{host}:{port}" for name, host, port in first.nodes
        )
        if len(first.nodes) == 1:
            self.notes.add(
                instances[0].machine.name,
                (f"{instances[0].tomcat.base}/conf/context.xml", 0),
                "there is one memcached node",
                "It is used as it is. With one node, a restart of memcached loses sessions: see docs/sessions.md for two.",
            )
        return {}, variables

    def _applications(
        self, sites: t.Sequence[tuple[Machine, Site]], instances: t.Sequence[Instance]
    ) -> list[dict[str, t.Any]]:
        _machine, site = sites[0]
        for machine, other in sites[1:]:
            if other.paths.keys() != site.paths.keys():
                self.notes.add(
                    machine.name,
                    ("", 0),
                    f"httpd has the paths {', '.join(other.paths)}, and {site.machine} has {', '.join(site.paths)}",
                    f"All have the same here, those of {site.machine}.",
                )
        found: dict[str, dict[str, t.Any]] = {}
        for path, balancer in site.paths.items():
            members = [
                one
                for one in instances
                if any(of is site and member.balancer == balancer for of, member in one.members)
            ]
            if not members:
                continue
            of_some = {} if len(members) == len(instances) else {"instances": [one.name for one in members]}
            for context in self._contexts(path, site, members):
                entry: dict[str, t.Any] = {"path": context, **of_some}
                if any(one.connector.get("encodedSolidusHandling").lower() == "passthrough" for one in members):
                    entry["encoded_slashes"] = True
                if balancer in site.websockets:
                    entry["websocket"] = True
                found.setdefault(context, entry)
        self._excluded(site, found)
        return list(found.values())

    def _contexts(self, path: str, site: Site, members: t.Sequence[Instance]) -> list[str]:
        """The applications below a path of httpd, by what the Tomcats have; where they have none, the path itself."""
        contexts: list[str] = []
        stock_root = False
        for instance in members:
            for app in instance.tomcat.found["webapps"]:
                name = app["name"].split("##")[0]
                context = "/" if name == "ROOT" else "/" + name.replace("#", "/")
                stock_root = stock_root or (context == "/" and app["stock"])
                below = path == "/" or context == path or context.startswith(path + "/")
                # What another ProxyPass leads elsewhere is that one's.
                longest = max(
                    (one for one in site.paths if one == "/" or f"{context}/".startswith(one + "/")),
                    key=len,
                    default="",
                )
                if name in STOCK_WEBAPPS or (context == "/" and app["stock"]) or not below or longest != path:
                    continue
                if not CONTEXT_PATH.fullmatch(context):
                    self.notes.add(
                        instance.machine.name,
                        (f"{instance.tomcat.base}/webapps/{app['name']}", 0),
                        "a name that no path has here",
                        "Not carried over.",
                    )
                elif context not in contexts:
                    contexts.append(context)
        if stock_root and path == "/" and contexts:
            self.notes.add(
                members[0].machine.name,
                (f"{members[0].tomcat.base}/webapps/ROOT", 0),
                "Tomcat's own page",
                "It is not carried over. httpd answers there itself.",
            )
        return contexts or [path]

    def _excluded(self, site: Site, applications: dict[str, dict[str, t.Any]]) -> None:
        for path, directory in site.excluded.items():
            owners = [one for one in applications if one == "/" or path.startswith(one + "/")]
            if owners:
                entry = {"path": path, "directory": directory} if directory else {"path": path}
                applications[max(owners, key=len)].setdefault("excluded_paths", []).append(entry)

    def _balancers(
        self, sites: t.Sequence[tuple[Machine, Site]], instances: t.Sequence[Instance]
    ) -> dict[str, dict[str, t.Any]]:
        cookies = {str(one.variables.get("tomcat_instance_session_cookie_name", "")) for one in instances} - {""}
        taken = {instance.name for instance in instances}
        hosts: dict[str, dict[str, t.Any]] = {}
        for number, (machine, site) in enumerate(sites, 1):
            name = machine.name if not ip_address(machine.name) and machine.name not in taken else f"web{number}"
            while name in taken or name in ("all", "tomcat", "memcached", "redis", "balancer"):
                name = f"web_{name}"
            variables = {**machine.variables, **site.variables}
            cookie = variables.get("apache_balancer_sticky_cookie", STICKY_COOKIE)
            if cookies == {cookie}:
                # It follows from tomcat_instance_session_cookie_name.
                variables.pop("apache_balancer_sticky_cookie", None)
                if variables.get("apache_balancer_sticky_path_parameter") == cookie:
                    variables.pop("apache_balancer_sticky_path_parameter")
            elif cookies:
                self.notes.add(
                    machine.name,
                    ("", 0),
                    f"stickysession is {cookie}, and Tomcat's cookie is {', '.join(sorted(cookies))}",
                    "Here it is Tomcat's cookie.",
                )
                variables.pop("apache_balancer_sticky_cookie", None)
                variables.pop("apache_balancer_sticky_path_parameter", None)
            by_http = any(instance.scheme == "http" and instance.machine is not machine for instance in instances)
            own = [address for address in machine.found["addresses"] if ip_address(address)]
            if by_http and not ip_address(machine.address) and own:
                variables["apache_balancer_address"] = own[0]
            hosts[name] = variables
            taken.add(name)
        return hosts

    def _general(self, instances: t.Sequence[Instance]) -> None:
        """What is told in any case."""
        machine = instances[0].machine.name
        files = ("conf/web.xml", "conf/catalina.properties", "conf/catalina.policy", "conf/logging.properties")
        self.notes.add(
            machine,
            ("", 0),
            "the health of the applications",
            "Nothing by hand says when an application is healthy. Set health_path in tomcat_applications, else its first page must answer 200.",
        )
        self.notes.add(
            machine,
            ("", 0),
            f"{', '.join(files)} of each Tomcat",
            "They are not read. If you changed them, make the same change in the new instance's conf after site, where it stays.",
        )
        self.notes.add(
            machine,
            ("", 0),
            "directories that applications write to",
            "An instance can write below its own logs, temp and work alone. Name others, such as one for uploads, in "
            "tomcat_instance_writable_paths.",
        )


def _number(text: str) -> float | None:
    if not re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,2})?", text) or not 1 <= float(text) <= 100:
        return None
    number = float(text)
    return int(number) if number.is_integer() else number


def _group(hosts: t.Mapping[str, t.Mapping[str, t.Any]]) -> dict[str, t.Any]:
    """A group of hosts; what all have is the group's."""
    every = list(hosts.values())
    common = {
        name: value
        for name, value in every[0].items()
        if not name.startswith("ansible_")
        and len(every) > 1
        and all(name in one and one[name] == value for one in every)
    }
    listed = {name: {key: value for key, value in one.items() if key not in common} for name, one in hosts.items()}
    return {**({"vars": common} if common else {}), "hosts": listed}
