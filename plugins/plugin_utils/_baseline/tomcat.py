# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is demanded of a Tomcat instance, each demand with the numbers that the STIG (TCAT-AS-...) and CIS give it."""

# Private to this collection.

from __future__ import annotations

import re
import typing as t

from .lines import (
    EVERY_ADDRESS,
    Facts,
    Line,
    Verdict,
    all_right,
    closed_to_others,
    exposure,
    failed,
    left_out,
    passed,
    units_run,
    users,
)

SHUTDOWN_OFF = "-1"
STOCK = ("docs", "examples", "host-manager", "manager")
# A stack trace, or Tomcat's own name with its version.
TELLING = re.compile(r"Apache Tomcat[ /][(0-9]|^\s+at [a-z][\w.$]+\(", re.MULTILINE)
VERSION = re.compile(r"[0-9]+\.[0-9]+")
DEFAULT_SERVLET = "org.apache.catalina.servlets.DefaultServlet"
LEAKS = ("JreMemoryLeakPreventionListener", "ThreadLocalLeakPreventionListener")
LOCK_OUT_FAILURES, LOCK_OUT_SECONDS = 5, 600
LONGEST_CONNECT_MS = 60000
LOGGED = ("%h", "%u", "%t", "%r", "%s")
LOG_PATTERNS = dict.fromkeys(("common", "combined"), "%h %u %t %r %s")


def _server(found: Facts, wants: Facts, end: str, kind: str = "") -> list[dict[str, str]]:
    """The attributes of the elements of server.xml with this path's end, and with this end of className."""
    return [
        one["attributes"]
        for one in found["xml"].get(f"{wants['base']}/conf/server.xml", [])
        if ("/" + one["path"]).endswith("/" + end) and one["attributes"].get("className", "").endswith(kind)
    ]


def _connectors(found: Facts, wants: Facts) -> list[dict[str, str]]:
    return _server(found, wants, "Service/Connector")


def _is_ajp(connector: t.Mapping[str, str]) -> bool:
    return connector.get("protocol", "").upper().startswith(("AJP", "ORG.APACHE.COYOTE.AJP"))


def _name(connector: t.Mapping[str, str]) -> str:
    return f"the connector of port {connector.get('port', '?')}"


def _number(attributes: t.Mapping[str, str], name: str, default: int) -> int:
    """A number as written; Tomcat's own where it is left out, or stands in a property."""
    text = attributes.get(name, "")
    return int(text) if re.fullmatch(r"-?[0-9]+", text) else default


def shutdown_port(found: Facts, wants: Facts) -> Verdict:
    """Whoever reaches it stops the instance."""
    port = next((one.get("port", "8005") for one in _server(found, wants, "Server")), "8005")
    if port != SHUTDOWN_OFF:
        return failed(f"server.xml has port={port}: set tomcat_instance_shutdown_port to -1")
    return passed("server.xml has port=-1")


def stock_applications(found: Facts, _wants: Facts) -> Verdict:
    """Tomcat's own pages."""
    wrong = [
        f"{one['name']} is in webapps: remove it" for one in found["webapps"] if one["stock"] or one["name"] in STOCK
    ]
    names = ", ".join(one["name"] for one in found["webapps"])
    return all_right(wrong, f"webapps has {names}" if names else "webapps is empty")


def ajp(found: Facts, wants: Facts) -> Verdict:
    """CVE-2020-1938: who reaches AJP is believed everything."""
    connectors = [one for one in _connectors(found, wants) if _is_ajp(one)]
    if not connectors:
        return left_out("there is no AJP connector")
    wrong = [
        f"{_name(one)} asks for no secret: set tomcat_instance_ajp_secret"
        for one in connectors
        if not one.get("secret") or one.get("secretRequired", "true") != "true"
    ]
    stranger = found["answers"].get("without_secret")
    if stranger and stranger["status"] != 403:
        wrong.append(f"without the secret it answers {stranger['status'] or stranger['reason']}, not 403")
    return all_right(wrong, "without the secret it answers 403" if stranger else "it has a secret")


def addresses(found: Facts, wants: Facts) -> Verdict:
    """Both as written and as it runs."""
    wrong = [
        *units_run(found),
        *(f"{_name(one)} has no address" for one in _connectors(found, wants) if not one.get("address")),
    ]
    shown = []
    for one in found["listening"]:
        if one["unit"] in found["units"]:
            shown.append(f"{one['address']} port {one['port']}")
            if one["address"] in EVERY_ADDRESS:
                wrong.append(f"port {one['port']} is open on all addresses: set tomcat_instance_address")
    return all_right(wrong, "it listens on " + ", ".join(shown))


def auto_deploy(found: Facts, wants: Facts) -> Verdict:
    """What is dropped into webapps is not taken up."""
    wrong = [
        f"Host {one.get('name', '?')} has autoDeploy={one.get('autoDeploy', 'true')}: set it to false"
        for one in _server(found, wants, "Engine/Host")
        if one.get("autoDeploy") != "false"
    ]
    return all_right(wrong, "autoDeploy=false")


def deploy_xml(found: Facts, wants: Facts) -> Verdict:
    """Whether META-INF/context.xml of a WAR counts."""
    hosts = _server(found, wants, "Engine/Host")
    if hosts and all(one.get("deployXML") == "false" for one in hosts):
        return passed("deployXML=false")
    return left_out("META-INF/context.xml is a part of the releases, which root alone can bring")


def deploy_on_startup(found: Facts, wants: Facts) -> Verdict:
    """Releases are links in webapps."""
    hosts = _server(found, wants, "Engine/Host")
    if hosts and all(one.get("deployOnStartup") == "false" for one in hosts):
        return passed("deployOnStartup=false")
    return left_out("a release is a link in webapps, taken up at the start; root alone can write there")


def error_pages(found: Facts, wants: Facts) -> Verdict:
    """As it is written, and what the running Tomcat answers."""
    wrong = []
    valves = _server(found, wants, "Host/Valve", "ErrorReportValve")
    for name in ("showReport", "showServerInfo"):
        if not valves or any(one.get(name) != "false" for one in valves):
            wrong.append(f"{name} is not false: set tomcat_instance_error_details to false")
    wrong += [
        f"the answer {answer['status']} tells its version or its stack"
        for answer in found["answers"].values()
        if TELLING.search(answer["body"])
    ]
    shown = sorted({str(answer["status"]) for answer in found["answers"].values() if answer["status"]})
    return all_right(wrong, f"neither version nor stack in its answers {', '.join(shown)}")


def server_header(found: Facts, wants: Facts) -> Verdict:
    """Headers that say what it is."""
    wrong = [
        f"the header {name} is {answer['headers'][name]!r}"
        for answer in found["answers"].values()
        for name in ("server", "x-powered-by")
        if VERSION.search(answer["headers"].get(name, ""))
    ]
    wrong += [
        f"{_name(one)} has xpoweredBy=true" for one in _connectors(found, wants) if one.get("xpoweredBy") == "true"
    ]
    return all_right(sorted(set(wrong)), "no header has a version")


def trace(found: Facts, wants: Facts) -> Verdict:
    """It would send back what a script must not read."""
    wrong = [
        f"{_name(one)} has allowTrace=true: remove it"
        for one in _connectors(found, wants)
        if one.get("allowTrace") == "true"
    ]
    answer = found["answers"]["trace"]
    if answer["status"] is None:
        wrong.append(f"it does not answer to TRACE: {answer['reason']}")
    elif answer["status"] < 400:
        wrong.append(f"it answers {answer['status']} to TRACE, not 405")
    return all_right(wrong, f"it answers {answer['status']}")


def lock_out(found: Facts, wants: Facts) -> Verdict:
    """Of Tomcat's own users, where it has any."""
    realms = _server(found, wants, "Realm", "LockOutRealm")
    if realms and all(
        _number(one, "failureCount", 5) <= LOCK_OUT_FAILURES and _number(one, "lockOutTime", 300) >= LOCK_OUT_SECONDS
        for one in realms
    ):
        return passed("LockOutRealm as demanded")
    people = [
        one for one in found["xml"].get(f"{wants['base']}/conf/tomcat-users.xml", []) if one["path"].endswith("/user")
    ]
    others = [
        one
        for one in _server(found, wants, "Realm")
        if not one["className"].endswith(("LockOutRealm", "UserDatabaseRealm"))
    ]
    if people or others:
        return failed(
            f"users log in by Tomcat's realm: LockOutRealm with failureCount={LOCK_OUT_FAILURES} and lockOutTime={LOCK_OUT_SECONDS}"
        )
    return left_out("Tomcat has no users: conf/tomcat-users.xml is empty")


def leak_listeners(found: Facts, wants: Facts) -> Verdict:
    """Tomcat's own, which are there unless somebody took them out."""
    wrong = [f"{name} is missing in server.xml" for name in LEAKS if not _server(found, wants, "Server/Listener", name)]
    return all_right(wrong, "both are there")


def security_listener(found: Facts, wants: Facts) -> Verdict:
    """It asks at the start what systemd sees to."""
    if _server(found, wants, "Server/Listener", "SecurityListener"):
        return passed("it is there")
    return left_out("the unit sets user and umask, and both are asked of the process here")


def ownership(found: Facts, wants: Facts) -> Verdict:
    """What Tomcat runs it must not write."""
    wrong = [
        f"{wants['user']} may write {path}: give it to root"
        for name in ("conf", "lib", "webapps", "releases", "home")
        for path in found["trees"][wants[name]]["written_by_user"]
    ]
    return all_right(wrong, f"{wants['user']} may write in none of conf, lib, webapps, releases and CATALINA_HOME")


def umask(found: Facts, _wants: Facts) -> Verdict:
    """Of the process."""
    wrong = units_run(found)
    for name, unit in found["units"].items():
        if unit["active"] and int(unit["umask"] or "0", 8) & 0o027 != 0o027:
            wrong.append(f"{name} has the umask {unit['umask']}: 0027 is wanted")
    return all_right(wrong, "0027")


def default_servlet(found: Facts, _wants: Facts) -> Verdict:
    """It serves files, and must not take any."""
    parameters = found["servlets"].get(DEFAULT_SERVLET, {})
    right = {"readonly": "true", "listings": "false", "debug": "0"}
    wrong = [
        f"web.xml has {name}={parameters[name]}: {value} is wanted"
        for name, value in right.items()
        if parameters.get(name, value).lower() != value
    ]
    return all_right(wrong, "read only, no listings, no debugging")


def cookies(found: Facts, wants: Facts) -> Verdict:
    """Tomcat's own marks."""
    contexts = [one for one in found["xml"].get(f"{wants['base']}/conf/context.xml", []) if one["path"] == "Context"]
    wrong = [
        "context.xml has useHttpOnly=false: remove it"
        for one in contexts
        if one["attributes"].get("useHttpOnly") == "false"
    ]
    return all_right(wrong, "HttpOnly; Secure for what came by TLS")


def access_log(found: Facts, wants: Facts) -> Verdict:
    """Who asked for what and when, by the client's address."""
    valves = _server(found, wants, "Host/Valve", "AccessLogValve")
    if not valves:
        return failed("there is no AccessLogValve: set tomcat_instance_access_log to true")
    wrong = []
    for one in valves:
        pattern = LOG_PATTERNS.get(one.get("pattern", "common"), one.get("pattern", ""))
        missing = [name for name in LOGGED if name not in pattern and not (name == "%h" and "%a" in pattern)]
        if missing:
            wrong.append(f"its pattern lacks {' '.join(missing)}")
        if _server(found, wants, "Valve", "RemoteIpValve") and one.get("requestAttributesEnabled") != "true":
            wrong.append("it has httpd's address instead of the client's: requestAttributesEnabled=true is wanted")
    return all_right(wrong, "it has client, user, time, request and status")


def engine_log(found: Facts, wants: Facts) -> Verdict:
    """One more for all hosts together."""
    if _server(found, wants, "Engine/Valve", "AccessLogValve"):
        return passed("there is one")
    return left_out("every request goes to a Host, and that has one")


def client_address(found: Facts, wants: Facts) -> Verdict:
    """By HTTP only httpd is believed."""
    if wants["protocol"] == "ajp":
        return passed("AJP carries it, for holders of the secret")
    valves = _server(found, wants, "Valve", "RemoteIpValve")
    if not valves:
        return failed("there is no RemoteIpValve: set tomcat_instance_internal_proxies")
    wrong = [
        "RemoteIpValve believes every private network: internalProxies is wanted"
        for one in valves
        if one.get("internalProxies", ".*") == ".*"
    ]
    return all_right(wrong, f"believed are {', '.join(one.get('internalProxies', '') for one in valves)}")


def connection_to_httpd(_found: Facts, _wants: Facts) -> Verdict:
    """Between httpd and Tomcat there is no TLS."""
    return left_out("TLS ends at httpd: let httpd alone reach the connector, on a network of your own or over a tunnel")


def limits(found: Facts, wants: Facts) -> Verdict:
    """Tomcat's own are limits too; -1 is none."""
    wrong = []
    for one in _connectors(found, wants):
        if not 0 < _number(one, "connectionTimeout", LONGEST_CONNECT_MS) <= LONGEST_CONNECT_MS:
            wrong.append(f"{_name(one)} has connectionTimeout={one['connectionTimeout']}")
        wrong += [
            f"{_name(one)} has {name}={one[name]}: a limit is wanted"
            for name in ("maxPostSize", "maxParameterCount", "maxHttpHeaderSize")
            if _number(one, name, 1) < 0
        ]
    return all_right(wrong, "time-out, headers, forms and parameters have limits")


def stuck_threads(found: Facts, wants: Facts) -> Verdict:
    """A valve that only logs."""
    if _server(found, wants, "Valve", "StuckThreadDetectionValve"):
        return passed("StuckThreadDetectionValve is there")
    return left_out(
        "it only logs, and what is too long depends on the application: add the valve with tomcat_server_xml"
    )


def strict(found: Facts, _wants: Facts) -> Verdict:
    """Breaks some applications."""
    on = "-Dorg.apache.catalina.STRICT_SERVLET_COMPLIANCE=true"
    if any(on in unit["java_options"] for unit in found["units"].values()):
        return passed(on)
    return left_out(f"it breaks some applications: add {on} to tomcat_instance_java_opts")


def serial_filter(found: Facts, _wants: Facts) -> Verdict:
    """Whoever can write to the session store must not run code."""
    wrong = [
        *units_run(found),
        *(
            f"{name} runs without jdk.serialFilter: set tomcat_instance_serial_filter"
            for name, unit in found["units"].items()
            if not any(one.startswith("-Djdk.serialFilter=") for one in unit["java_options"])
        ),
    ]
    return all_right(wrong, "the process has -Djdk.serialFilter")


def audit(_found: Facts, _wants: Facts) -> Verdict:
    """Rules of the host."""
    return left_out("the rules of auditd are the host's: docs/security.md has some for these directories")


def security_manager(_found: Facts, _wants: Facts) -> Verdict:
    """Gone from Tomcat 11 and Java 24."""
    return left_out("Java and Tomcat 11 have none any more; systemd confines the process")


LINES = (
    Line(("TCAT-AS-000490", "CIS-3.2"), "no shutdown port", shutdown_port),
    Line(
        ("TCAT-AS-000560", "TCAT-AS-000570", "TCAT-AS-000580", "CIS-1.1"),
        "none of Tomcat's own applications",
        stock_applications,
    ),
    Line(("CVE-2020-1938",), "AJP with a secret", ajp),
    Line(("TCAT-AS-001730",), "an address for each connector", addresses),
    Line(("TCAT-AS-000540", "CIS-9.2"), "no autoDeploy", auto_deploy),
    Line(("TCAT-AS-000530",), "no deployXML", deploy_xml),
    Line(("CIS-9.3",), "no deployOnStartup", deploy_on_startup),
    Line(("TCAT-AS-000920", "TCAT-AS-000940", "TCAT-AS-000950", "CIS-2.5"), "error pages tell nothing", error_pages),
    Line(
        ("TCAT-AS-000550", "CIS-2.1", "CIS-2.2", "CIS-2.3", "CIS-2.4", "CIS-2.7"),
        "headers tell no version",
        server_header,
    ),
    Line(("TCAT-AS-000470", "CIS-2.6"), "no TRACE", trace),
    Line(
        ("TCAT-AS-001020", "TCAT-AS-001030", "TCAT-AS-001040", "CIS-5.2"),
        "users are locked out after wrong passwords",
        lock_out,
    ),
    Line(("CIS-10.16", "CIS-10.17"), "listeners against leaks", leak_listeners),
    Line(("security-listener",), "SecurityListener", security_listener),
    Line(("TCAT-AS-001050", "TCAT-AS-001060"), "a user of its own, who cannot log in", users),
    Line(
        ("TCAT-AS-001200", "TCAT-AS-001220"),
        "what it runs belongs to root",
        ownership,
    ),
    Line(
        (
            "TCAT-AS-000360",
            "TCAT-AS-000361",
            "TCAT-AS-000370",
            "TCAT-AS-000371",
            "TCAT-AS-000380",
            "TCAT-AS-000390",
            "TCAT-AS-001270",
            "CIS-4",
        ),
        "no rights for everybody",
        closed_to_others(("base", "home")),
    ),
    Line(("TCAT-AS-000450",), "umask", umask),
    Line(("TCAT-AS-000090", "TCAT-AS-000510", "TCAT-AS-000520"), "DefaultServlet only reads", default_servlet),
    Line(("TCAT-AS-000070", "TCAT-AS-000080"), "session cookies", cookies),
    Line(
        (
            "TCAT-AS-000050",
            "TCAT-AS-000180",
            "TCAT-AS-000240",
            "TCAT-AS-000250",
            "TCAT-AS-000260",
            "TCAT-AS-000270",
            "TCAT-AS-001080",
        ),
        "access log",
        access_log,
    ),
    Line(("TCAT-AS-001560",), "access log of the Engine", engine_log),
    Line(("TCAT-AS-000170",), "who the client is", client_address),
    Line(("TCAT-AS-000100", "TCAT-AS-000800"), "TLS between httpd and Tomcat", connection_to_httpd),
    Line(("CIS-10.9", "CIS-10.10"), "limits of a request", limits),
    Line(("stuck-threads",), "stuck threads are logged", stuck_threads),
    Line(("TCAT-AS-001660", "TCAT-AS-001670", "CIS-10.6", "CIS-10.7"), "strict compliance", strict),
    Line(("serial-filter",), "a filter of what Java reads of sessions", serial_filter),
    Line(("systemd-exposure",), "sandbox of systemd, 1.3 or better", exposure),
    Line(("TCAT-AS-001590", "TCAT-AS-001591", "TCAT-AS-001592"), "audit of conf, bin and lib", audit),
    Line(("TCAT-AS-000110", "CIS-9.1"), "Security Manager", security_manager),
)
