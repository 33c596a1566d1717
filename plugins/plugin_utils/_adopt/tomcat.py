# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the server.xml and the context.xml of a hand-made Tomcat say, as variables of this collection."""

# Private to this collection.

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError
from ansible_collections.roundrobin.tomcat.plugins.module_utils._xml.connectors import protocol_kind
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._chain.instance_xml import (
    COOKIE_NAME,
    FORM_BYTES,
    SAME_SITE,
)
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._chain.inventory import as_integer
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._chain.site import HEADER_BYTES, MAX_HEADER_BYTES

from .notes import Notes, Secrets
from .xml import Element, read

# What Tomcat's own files have, from 6 to 11: it is there in the new instance, too.
_LISTENERS = frozenset(
    (
        "AprLifecycleListener",
        "GlobalResourcesLifecycleListener",
        "JasperListener",
        "JreMemoryLeakPreventionListener",
        "OpenSSLLifecycleListener",
        "ServerLifecycleListener",
        "ThreadLocalLeakPreventionListener",
        "VersionLoggerListener",
    )
)
_HOST = {"name": "localhost", "appBase": "webapps", "unpackWARs": "true", "autoDeploy": "true"}
_HOST_OF_OLD = {"xmlValidation": "false", "xmlNamespaceAware": "false"}
_ACCESS_LOG = {
    "className": "org.apache.catalina.valves.AccessLogValve",
    "directory": "logs",
    "prefix": "localhost_access_log",
    "suffix": ".txt",
    "pattern": '%h %l %u %t "%r" %s %b',
}
_WATCHED = ("WEB-INF/web.xml", "WEB-INF/tomcat-web.xml", "${catalina.base}/conf/web.xml")
# Of a connector: read by its own variable, or the collection's own affair.
_CONNECTOR = frozenset(
    [
        "port",
        "protocol",
        "address",
        "secret",
        "requiredSecret",
        "secretRequired",
        "redirectPort",
        "maxParameterCount",
        "connectionTimeout",
        "maxPostSize",
        "packetSize",
        "maxHttpHeaderSize",
        "encodedSolidusHandling",
        "bindOnInit",
    ]
)
_DEFAULTS = {
    "URIEncoding": "utf-8",
    "enableLookups": "false",
    "SSLEnabled": "false",
    "maxThreads": "200",
    "connectionTimeout": "20000",
}
CLUSTER = "org.apache.catalina.ha.tcp.SimpleTcpCluster"


@dataclass
class Tomcat:
    """One hand-made Tomcat."""

    machine: str
    found: t.Mapping[str, t.Any]
    server: Element
    service: Element
    engine: Element
    context: Element | None
    connectors: list[Element]
    #: what it will be called on its machine
    name: str = ""

    @property
    def route(self) -> str:
        """The jvmRoute, or nothing."""
        return self.engine.get("jvmRoute")

    @property
    def base(self) -> str:
        """Its CATALINA_BASE."""
        return str(self.found["base"])

    @property
    def clusters(self) -> list[Element]:
        """What makes Tomcats a cluster of their own."""
        return [child for parent in (self.engine, *self.engine.all("Host")) for child in parent.all("Cluster")]

    def connector(self, scheme: str, port: int) -> Element | None:
        """Return the connector that a member of httpd's reaches."""
        for connector in self.connectors:
            if kind_of(connector) == scheme and self.port_of(connector) == port:
                return connector
        return None

    def first(self, scheme: str) -> Element | None:
        """Return the first connector of a kind."""
        return next((connector for connector in self.connectors if kind_of(connector) == scheme), None)

    def port_of(self, connector: Element) -> int:
        """Return the port of a connector, with the offset of the whole Server."""
        return (as_integer(connector.get("port")) or 0) + (as_integer(self.server.get("portOffset")) or 0)

    def by_hand(self, file: str) -> str:
        """Where something is to be added by hand, so that the role leaves it there."""
        return f"/var/opt/tomcat/{self.name}/conf/{file}"


def kind_of(connector: Element) -> str:
    """Return ajp, http, https or the name of a protocol that is none of them."""
    kind = protocol_kind(connector.get("protocol") or None)
    secure = connector.get("SSLEnabled").lower() == "true" or connector.get("scheme") == "https"
    return "https" if kind == "http" and secure else kind


def read_tomcat(
    machine: str,
    found: t.Mapping[str, t.Any],
    files: t.Mapping[str, str],
    properties: t.Mapping[str, str],
    notes: Notes,
) -> Tomcat | None:
    """Return a Tomcat, or None where its server.xml cannot be read.

    properties: those of the JVM, which both files may refer to.
    """
    path = f"{found['base']}/conf/server.xml"
    if path not in files:
        notes.add(machine, (path, 0), "there is no such file, or it cannot be read", "This Tomcat is left out.")
        return None
    try:
        server = read(files[path], path, properties)
    except CollectionError as error:
        notes.add(machine, (path, 0), error.message, "This Tomcat is left out.")
        return None
    services = [service for service in server.all("Service") if service.all("Engine")]
    if not services:
        notes.add(machine, (path, 0), "has no Service with an Engine", "This Tomcat is left out.")
        return None
    for other in services[1:]:
        notes.add(
            machine,
            other.place,
            other.shown("name"),
            "One instance has one Service here. Make it an instance of its own.",
        )
    return Tomcat(
        machine,
        found,
        server,
        services[0],
        services[0].all("Engine")[0],
        _context(machine, f"{found['base']}/conf/context.xml", files, properties, notes),
        services[0].all("Connector"),
    )


def _context(
    machine: str, path: str, files: t.Mapping[str, str], properties: t.Mapping[str, str], notes: Notes
) -> Element | None:
    if path not in files:
        return None
    try:
        return read(files[path], path, properties)
    except CollectionError as error:
        notes.add(machine, (path, 0), error.message, "Nothing of this file is carried over.")
        return None


def variables_of(
    tomcat: Tomcat, used: Element, files: t.Mapping[str, str], notes: Notes, secrets: Secrets
) -> dict[str, t.Any]:
    """Return the variables that follow from the files, but for ports, sessions and secrets of connectors.

    used: the connector that httpd reaches.
    """
    return _TomcatReader(tomcat, used, notes, secrets).read(files)


@dataclass
class _TomcatReader:
    tomcat: Tomcat
    used: Element
    notes: Notes
    secrets: Secrets
    variables: dict[str, t.Any] = field(default_factory=dict)

    def read(self, files: t.Mapping[str, str]) -> dict[str, t.Any]:
        """Go through the files from their beginning."""
        self._server()
        self._service()
        self._engine()
        linked = self._context_xml()
        self._global_resources(linked)
        self._other_files(files)
        return self.variables

    def _left(self, element: Element, then: str = "", *names: str) -> None:
        """Remember an element, or some of its attributes, that is not carried over."""
        file = element.file.rpartition("/")[2]
        then = (
            then
            or f"Not carried over. If it is needed, add it to {self.tomcat.by_hand(file)} after site, where it stays."
        )
        self.notes.add(self.tomcat.machine, element.place, element.shown(*names), then)

    def _others(self, element: Element, known: t.Iterable[str], *names: str) -> None:
        """Remember the attributes that are not known. names: what says which element it is."""
        left = [name for name in element.attributes if name not in known]
        if left:
            self._left(element, "", *names, *left)

    # -- server.xml ------------------------------------------------------------

    def _server(self) -> None:
        server = self.tomcat.server
        if (as_integer(server.get("port", "8005")) or -1) > 0:
            self._left(
                server,
                "The shutdown port is closed here: systemd stops the instance. Set tomcat_instance_shutdown_port if something else uses it.",
                "port",
            )
        self._others(server, ("port", "shutdown", "portOffset", "className"))
        for child in server.children:
            if child.tag == "Listener":
                self._listener(child)
            elif child.tag not in ("Service", "GlobalNamingResources"):
                self._left(child)

    def _listener(self, listener: Element) -> None:
        name = listener.get("className").rpartition(".")[2]
        if name not in _LISTENERS:
            self._left(listener)
        elif name != "AprLifecycleListener":
            self._others(listener, ("className",), "className")

    def _service(self) -> None:
        self._others(self.tomcat.service, ("name",))
        for child in self.tomcat.service.children:
            if child.tag == "Connector":
                self._connector(child)
            elif child.tag != "Engine":
                self._left(child)

    def _connector(self, connector: Element) -> None:
        kind = kind_of(connector)
        if connector is not self.used and (kind != "http" or connector is not self.tomcat.first("http")):
            self._left(connector, "", "port", "protocol", "SSLEnabled", "address")
            return
        if kind == "http" and connector is not self.used:
            self.variables["tomcat_instance_http_enabled"] = True
        known = {*_CONNECTOR, *(name for name, value in _DEFAULTS.items() if connector.get(name).lower() == value)}
        self._others(connector, known, "port", "protocol")
        for child in connector.children:
            self._left(child)
        if connector is self.used:
            self._limits(connector)

    def _limits(self, connector: Element) -> None:
        for name, variable, default, lowest, highest in (
            ("connectionTimeout", "tomcat_instance_connection_timeout_ms", 20000, 1, 2**31 - 1),
            ("maxPostSize", "tomcat_instance_max_form_bytes", FORM_BYTES, -1, 2**31 - 1),
            ("packetSize", "tomcat_instance_max_header_bytes", HEADER_BYTES, HEADER_BYTES, MAX_HEADER_BYTES),
            ("maxHttpHeaderSize", "tomcat_instance_max_header_bytes", HEADER_BYTES, HEADER_BYTES, MAX_HEADER_BYTES),
        ):
            if name not in connector.attributes:
                continue
            number = as_integer(connector.get(name))
            if number is None or not lowest <= number <= highest:
                self._left(connector, f"This value is not accepted here. Set {variable}.", "port", name)
            elif number != default:
                self.variables[variable] = number

    @property
    def encoded_slashes(self) -> bool:
        """Whether a %2F reaches the applications."""
        return self.used.get("encodedSolidusHandling").lower() == "passthrough"

    def _engine(self) -> None:
        engine = self.tomcat.engine
        self._others(engine, ("name", "defaultHost", "jvmRoute"), "name")
        hosts = engine.all("Host")
        log = False
        for child in engine.children:
            if child.tag == "Realm":
                self._realm(child)
            elif child.tag == "Valve" and child.get("className").endswith(".RemoteIpValve"):
                self._left(
                    child,
                    "Here httpd says who the client is. For proxies in front of httpd set apache_balancer_trusted_proxies.",
                )
            elif child.tag not in ("Host", "Cluster"):
                self._left(child)
        for host in hosts:
            if host is not hosts[0]:
                self._left(host, "", "name", "appBase")
                continue
            log = self._host(host)
        if not log:
            self.variables["tomcat_instance_access_log"] = False

    def _realm(self, realm: Element) -> None:
        """Tomcat's own realm asks a file that is left behind if it has users."""
        kinds = [realm.get("className"), *(child.get("className") for child in realm.children)]
        if not all(name.rpartition(".")[2] in ("LockOutRealm", "UserDatabaseRealm") for name in kinds):
            self._left(realm)

    def _host(self, host: Element) -> bool:
        """Read the Host; return whether it logs its requests."""
        differs = {name: value for name, value in host.attributes.items() if (_HOST | _HOST_OF_OLD).get(name) != value}
        if differs:
            self._left(host, "", "name", *differs)
        log = False
        for child in host.children:
            name = child.get("className").rpartition(".")[2]
            if child.tag == "Valve" and name == "AccessLogValve":
                log = True
                self._access_log(child)
            elif child.tag == "Valve" and name == "RemoteIpValve":
                self._left(
                    child,
                    "Here httpd says who the client is. For proxies in front of httpd set apache_balancer_trusted_proxies.",
                )
            elif child.tag != "Cluster" and name != "ErrorReportValve":
                self._left(child)
        return log

    def _access_log(self, valve: Element) -> None:
        days = as_integer(valve.get("maxDays"))
        if days and days > 0 and days != 90:
            self.variables["tomcat_instance_access_log_days"] = days
        elif "maxDays" not in valve.attributes:
            self.notes.add(
                self.tomcat.machine,
                valve.place,
                "the access log is kept for ever",
                "Here it is kept for 90 days. Set tomcat_instance_access_log_days.",
            )
        differs = [
            name for name, value in valve.attributes.items() if name != "maxDays" and _ACCESS_LOG.get(name) != value
        ]
        # What the stock file of old says in other words.
        differs = [
            name
            for name in differs
            if name not in ("resolveHosts", "prefix", "suffix", "pattern") or not _as_stock(name, valve.get(name))
        ]
        if differs:
            self._left(valve, "", *differs)

    # -- resources -------------------------------------------------------------

    def _context_xml(self) -> dict[str, Element]:
        """Read context.xml; return the links to what stands in server.xml, by what they are linked to."""
        context = self.tomcat.context
        if context is None:
            return {}
        linked: dict[str, Element] = {}
        name = context.get("sessionCookieName")
        if name and COOKIE_NAME.fullmatch(name):
            self.variables["tomcat_instance_session_cookie_name"] = name
        if context.get("sessionCookiePath").startswith("/"):
            self.variables["tomcat_instance_session_cookie_path"] = context.get("sessionCookiePath")
        self._others(context, ("sessionCookieName", "sessionCookiePath"))
        for child in context.children:
            if child.tag == "Manager" or (child.tag == "WatchedResource" and child.text.strip() in _WATCHED):
                continue
            if child.tag in ("Resource", "Environment"):
                self._resource(child, "context")
            elif child.tag == "ResourceLink":
                linked[child.get("global")] = child
            elif (
                child.tag == "Parameter"
                and set(child.attributes) <= {"name", "value", "override"}
                and child.get("name")
            ):
                self._parameter(child)
            elif child.tag == "CookieProcessor" and child.get("sameSiteCookies").lower() in SAME_SITE:
                self.variables["tomcat_instance_session_cookie_same_site"] = child.get("sameSiteCookies").lower()
                self._others(child, ("sameSiteCookies", "className"))
            else:
                self._left(child)
        return linked

    def _parameter(self, parameter: Element) -> None:
        name, value = parameter.get("name"), parameter.get("value")
        shown = self.secrets.unless_plain(f"parameter {name}", "value", value, parameter.attributes)
        self._entry("tomcat_instance_parameters", {"name": name, "value": shown})

    def _global_resources(self, linked: dict[str, Element]) -> None:
        there = [child for block in self.tomcat.server.all("GlobalNamingResources") for child in block.children]
        for child in there:
            name = child.get("name")
            if child.tag in ("Resource", "Environment"):
                link = linked.pop(name, None)
                if child.get("type") == "org.apache.catalina.UserDatabase":
                    continue
                if link is not None and link.get("name") != name:
                    self._left(
                        link, f"Here a link has the name of what it leads to. Let the application look up {name}."
                    )
                self._resource(child, "server")
            else:
                self._left(child)
        for link in linked.values():
            self._left(link)

    def _resource(self, element: Element, scope: str) -> None:
        """A Resource or an Environment, with its secrets in their own file."""
        name = element.get("name")
        of_scope = {} if scope == "context" else {"scope": scope}
        if not name or element.children or (element.tag == "Resource" and not element.get("type")):
            self._left(element)
        elif element.tag == "Environment":
            value = self.secrets.unless_plain(f"entry {name}", "value", element.get("value"), element.attributes)
            kind = (
                {} if element.get("type", "java.lang.String") == "java.lang.String" else {"type": element.get("type")}
            )
            self._others(element, ("name", "value", "type", "override", "description"), "name")
            self._entry("tomcat_instance_environment_entries", {"name": name, "value": value, **kind, **of_scope})
        else:
            attributes = {
                key: self.secrets.unless_plain(f"{name} {key}", key, value, element.attributes)
                for key, value in element.attributes.items()
                if key != "name"
            }
            self._entry("tomcat_instance_resources", {"name": name, "attributes": attributes, **of_scope})

    def _entry(self, variable: str, entry: dict[str, t.Any]) -> None:
        self.variables.setdefault(variable, []).append(entry)

    # -- what lies beside them -------------------------------------------------

    def _other_files(self, files: t.Mapping[str, str]) -> None:
        base = self.tomcat.base
        users = f"{base}/conf/tomcat-users.xml"
        if users in files:
            try:
                found = [child for child in read(files[users], users).children if child.tag == "user"]
            except CollectionError:
                found = []
            if found:
                self.notes.add(
                    self.tomcat.machine,
                    found[0].place,
                    f"{len(found)} user{'s' if found[1:] else ''}",
                    f"Users are not carried over. If applications need them, copy the file to {self.tomcat.by_hand('tomcat-users.xml')} after "
                    "site. Rollouts need none of them.",
                )
        for path in self.tomcat.found["contexts"]:
            self._of_one_application(path, files)

    def _of_one_application(self, path: str, files: t.Mapping[str, str]) -> None:
        app = path.split("/webapps/")[-1].split("/")[0] if "/META-INF/" in path else path.rpartition("/")[2]
        if app.removesuffix(".xml").split("##")[0] in STOCK_WEBAPPS or (
            app.removesuffix(".xml") == "ROOT" and not files[path].strip()
        ):
            return
        try:
            context = read(files[path], path)
        except CollectionError as error:
            self.notes.add(self.tomcat.machine, (path, 0), error.message, "Not carried over.")
            return
        in_war = "/META-INF/" in path
        managers = context.all("Manager")
        if in_war and not managers:
            # The release brings it along.
            return
        then = (
            "An application with a session manager of its own does not use that of the instance. Take it out of the application."
            if in_war
            else f"Not carried over. What it says belongs to META-INF/context.xml of the application, or to {self.tomcat.by_hand('context.xml')}."
        )
        element = managers[0] if in_war else context
        self.notes.add(self.tomcat.machine, element.place, element.shown(), then)


# The applications that Tomcat comes with.
STOCK_WEBAPPS = frozenset(("docs", "examples", "host-manager", "manager"))


def _as_stock(name: str, value: str) -> bool:
    """Whether the access log of an older Tomcat's own file says the same."""
    return (
        value
        in {
            "resolveHosts": ("false",),
            "prefix": ("localhost_access_log.", "localhost_access_log"),
            "suffix": (".txt", "txt"),
            "pattern": ("common", '%h %l %u %t "%r" %s %b'),
        }[name]
    )
