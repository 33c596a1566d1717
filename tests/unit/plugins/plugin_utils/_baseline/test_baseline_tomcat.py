# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each demand on a Tomcat: it passes, it fails with what would be right, or it does not apply."""

from __future__ import annotations

import copy

import pytest

from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._baseline.tomcat import DEFAULT_SERVLET, LINES

SERVER_XML = "/b/conf/server.xml"
CATALINA = "org.apache.catalina."
WANTS = {
    **{name: f"/b/{name}" for name in ("conf", "lib", "webapps", "releases")},
    "base": "/b",
    "home": "/h",
    "user": "tomcat",
    "protocol": "ajp",
}
VALVE = "Server/Service/Engine/Host/Valve"
TREE = {"exists": True, "for_everybody": [], "written_by_user": []}


def element(path, **attributes):
    return {"path": path, "attributes": attributes}


GOOD = {
    "units": {
        "tomcat@a.service": {
            "active": True,
            "user": "tomcat",
            "shell": "/usr/sbin/nologin",
            "umask": "0027",
            "exposure": 1.1,
            "java_options": ["-Djdk.serialFilter=!x"],
        }
    },
    "trees": {place: TREE for name, place in WANTS.items() if name not in ("user", "protocol")},
    "webapps": [{"name": "ROOT", "stock": False}],
    "xml": {
        SERVER_XML: [
            element("Server", port="-1"),
            element("Server/Listener", className=f"{CATALINA}core.JreMemoryLeakPreventionListener"),
            element("Server/Listener", className=f"{CATALINA}core.ThreadLocalLeakPreventionListener"),
            element("Server/Service/Connector", port="8009", protocol="AJP/1.3", secret="********", address="10.0.0.1"),
            element("Server/Service/Engine/Realm", className=f"{CATALINA}realm.LockOutRealm"),
            element("Server/Service/Engine/Realm/Realm", className=f"{CATALINA}realm.UserDatabaseRealm"),
            element("Server/Service/Engine/Host", name="localhost", autoDeploy="false"),
            element(VALVE, className=f"{CATALINA}valves.ErrorReportValve", showReport="false", showServerInfo="false"),
            element(VALVE, className=f"{CATALINA}valves.AccessLogValve", pattern='%h %l %u %t "%r" %s %b'),
        ],
        "/b/conf/context.xml": [element("Context")],
        "/b/conf/tomcat-users.xml": [element("tomcat-users")],
    },
    "servlets": {DEFAULT_SERVLET: {"debug": "0", "listings": "false"}},
    "listening": [{"unit": "tomcat@a.service", "address": "10.0.0.1", "port": 8009}],
    "answers": {
        "page": {"status": 404, "reason": "", "headers": {}, "body": "Not found"},
        "trace": {"status": 405, "reason": "", "headers": {"allow": "GET"}, "body": ""},
        "without_secret": {"status": 403, "reason": "", "headers": {}, "body": ""},
    },
}


def told(tag, found, **wants):
    (line,) = [line for line in LINES if tag in line.ids]
    verdict = line.told(found, {**WANTS, **wants})
    return verdict["state"], verdict["evidence"]


def of(found, end, kind=""):
    """The attributes of the first element of server.xml with this end of its path and its class."""
    return next(
        one["attributes"]
        for one in found["xml"][SERVER_XML]
        if one["path"].endswith(end) and one["attributes"].get("className", "").endswith(kind)
    )


def add(found, path, **attributes):
    found["xml"][SERVER_XML].append(element(path, **attributes))


def unit(found):
    return found["units"]["tomcat@a.service"]


NOT_APPLICABLE = {
    "TCAT-AS-000530": "a part of the releases",
    "CIS-9.3": "a link in webapps",
    "TCAT-AS-001030": "no users",
    "security-listener": "asked of the process",
    "TCAT-AS-001560": "every request goes to a Host",
    "TCAT-AS-000800": "TLS ends at httpd",
    "stuck-threads": "tomcat_server_xml",
    "TCAT-AS-001660": "tomcat_instance_java_opts",
    "TCAT-AS-001591": "docs/security.md",
    "TCAT-AS-000110": "Tomcat 11",
}


def test_as_it_is_set_up_nothing_fails():
    for line in LINES:
        state, evidence = told(line.ids[0], GOOD)
        reasons = [reason for tag, reason in NOT_APPLICABLE.items() if tag in line.ids]
        assert state == ("N/A" if reasons else "PASS"), line.what
        assert all(reason in evidence for reason in reasons)


FAULTS = {
    "a shutdown port": ("TCAT-AS-000490", lambda f: of(f, "Server").update(port="8005"), "port=8005"),
    "Tomcat's own shutdown port": ("TCAT-AS-000490", lambda f: of(f, "Server").pop("port"), "port=8005"),
    "examples": ("TCAT-AS-000560", lambda f: f["webapps"].append({"name": "examples", "stock": False}), "examples"),
    "the stock ROOT": ("TCAT-AS-000570", lambda f: f["webapps"].append({"name": "ROOT", "stock": True}), "ROOT"),
    "no secret": ("CVE-2020-1938", lambda f: of(f, "Connector").pop("secret"), "asks for no secret"),
    "a secret not asked for": (
        "CVE-2020-1938",
        lambda f: of(f, "Connector").update(secretRequired="false"),
        "asks for no secret",
    ),
    "a stranger served": (
        "CVE-2020-1938",
        lambda f: f["answers"]["without_secret"].update(status=200),
        "answers 200, not 403",
    ),
    "no address": ("TCAT-AS-001730", lambda f: of(f, "Connector").pop("address"), "port 8009 has no address"),
    "all addresses": (
        "TCAT-AS-001730",
        lambda f: f["listening"][0].update(address="::"),
        "port 8009 is open on all addresses",
    ),
    "autoDeploy": ("TCAT-AS-000540", lambda f: of(f, "Host").pop("autoDeploy"), "autoDeploy=true"),
    "reports": (
        "TCAT-AS-000940",
        lambda f: of(f, "Valve", "ErrorReportValve").update(showReport="true"),
        "showReport is not false",
    ),
    "no error valve": (
        "TCAT-AS-000920",
        lambda f: of(f, "Valve", "ErrorReportValve").update(className="x"),
        "showServerInfo is not false",
    ),
    "a version on a page": (
        "TCAT-AS-000950",
        lambda f: f["answers"]["page"].update(body="<h3>Apache Tomcat/9.0.117</h3>"),
        "answer 404 tells",
    ),
    "a stack on a page": (
        "CIS-2.5",
        lambda f: f["answers"]["page"].update(status=500, body="x\n\tat com.example.Shop(Shop.java)"),
        "answer 500 tells",
    ),
    "a version in a header": (
        "CIS-2.7",
        lambda f: f["answers"]["page"]["headers"].update({"x-powered-by": "JSP/2.3"}),
        "'JSP/2.3'",
    ),
    "xpoweredBy": ("TCAT-AS-000550", lambda f: of(f, "Connector").update(xpoweredBy="true"), "xpoweredBy"),
    "TRACE allowed": ("CIS-2.6", lambda f: of(f, "Connector").update(allowTrace="true"), "allowTrace"),
    "TRACE answered": ("TCAT-AS-000470", lambda f: f["answers"]["trace"].update(status=200), "answers 200 to TRACE"),
    "no answer": (
        "CIS-2.6",
        lambda f: f["answers"]["trace"].update(status=None, reason="Connection refused"),
        "Connection refused",
    ),
    "users": (
        "CIS-5.2",
        lambda f: f["xml"]["/b/conf/tomcat-users.xml"].append(element("tomcat-users/user", username="x")),
        "lockOutTime=600",
    ),
    "another realm": (
        "TCAT-AS-001040",
        lambda f: add(f, "Server/Service/Engine/Realm/Realm", className=f"{CATALINA}realm.JNDIRealm"),
        "lockOutTime=600",
    ),
    "no leak listener": (
        "CIS-10.16",
        lambda f: of(f, "Listener", "JreMemoryLeakPreventionListener").clear(),
        "missing",
    ),
    "root": ("TCAT-AS-001060", lambda f: unit(f).update(user="root"), "runs as root"),
    "a shell": ("TCAT-AS-001050", lambda f: unit(f).update(shell="/bin/bash"), "take nologin"),
    "not running": ("TCAT-AS-001060", lambda f: unit(f).update(active=False, shell=""), "does not run: start it"),
    "its own conf": (
        "TCAT-AS-001220",
        lambda f: f["trees"].update({"/b/conf": {**TREE, "written_by_user": ["/b/conf/x"]}}),
        "may write /b/conf/x",
    ),
    "open files": (
        "TCAT-AS-000370",
        lambda f: f["trees"].update({"/b": {**TREE, "for_everybody": ["/b/conf/x 0644"]}}),
        "/b/conf/x 0644",
    ),
    "nothing there": ("CIS-4", lambda f: f["trees"].update({"/h": {**TREE, "exists": False}}), "/h is missing"),
    "a umask": ("TCAT-AS-000450", lambda f: unit(f).update(umask="0022"), "0022"),
    "a servlet that writes": (
        "TCAT-AS-000090",
        lambda f: f["servlets"][DEFAULT_SERVLET].update(readonly="false"),
        "readonly=false",
    ),
    "listings": (
        "TCAT-AS-000520",
        lambda f: f["servlets"][DEFAULT_SERVLET].update(listings="true"),
        "listings=true",
    ),
    "cookies for scripts": (
        "TCAT-AS-000080",
        lambda f: f["xml"]["/b/conf/context.xml"][0]["attributes"].update(useHttpOnly="false"),
        "useHttpOnly=false",
    ),
    "no log": (
        "TCAT-AS-000180",
        lambda f: of(f, "Valve", "AccessLogValve").update(className="x"),
        "tomcat_instance_access_log",
    ),
    "a poor log": (
        "TCAT-AS-001080",
        lambda f: of(f, "Valve", "AccessLogValve").update(pattern="%h %t %r %s"),
        "lacks %u",
    ),
    "a log with httpd's address": (
        "TCAT-AS-000250",
        lambda f: add(f, "Server/Service/Engine/Valve", className=f"{CATALINA}valves.RemoteIpValve"),
        "requestAttributesEnabled",
    ),
    "no limit": ("CIS-10.10", lambda f: of(f, "Connector").update(maxPostSize="-1"), "maxPostSize=-1"),
    "no time-out": ("CIS-10.9", lambda f: of(f, "Connector").update(connectionTimeout="-1"), "connectionTimeout=-1"),
    "no filter": ("serial-filter", lambda f: unit(f).update(java_options=[]), "tomcat_instance_serial_filter"),
    "a hole in the sandbox": ("systemd-exposure", lambda f: unit(f).update(exposure=1.4), "has 1.4"),
    "no word of systemd": ("systemd-exposure", lambda f: unit(f).update(exposure=None), "says nothing"),
}


@pytest.mark.parametrize(("tag", "fault", "evidence"), FAULTS.values(), ids=FAULTS)
def test_a_fault_fails_its_line_and_says_what_is_wrong(tag, fault, evidence):
    found = copy.deepcopy(GOOD)
    fault(found)
    state, said = told(tag, found)
    assert state == "FAIL"
    assert evidence in said


BETTER = {
    "TCAT-AS-000530": lambda f: of(f, "Host").update(deployXML="false"),
    "CIS-9.3": lambda f: of(f, "Host").update(deployOnStartup="false"),
    "TCAT-AS-001030": lambda f: of(f, "Realm", "LockOutRealm").update(failureCount="5", lockOutTime="600"),
    "security-listener": lambda f: add(f, "Server/Listener", className=f"{CATALINA}security.SecurityListener"),
    "TCAT-AS-001560": lambda f: add(f, "Server/Service/Engine/Valve", className=f"{CATALINA}valves.AccessLogValve"),
    "stuck-threads": lambda f: add(f, VALVE, className=f"{CATALINA}valves.StuckThreadDetectionValve"),
    "CIS-10.6": lambda f: unit(f)["java_options"].append(f"-D{CATALINA}STRICT_SERVLET_COMPLIANCE=true"),
}


@pytest.mark.parametrize("tag", BETTER)
def test_what_is_left_out_passes_where_somebody_has_set_it(tag):
    found = copy.deepcopy(GOOD)
    BETTER[tag](found)
    assert told(tag, found)[0] == "PASS"


def test_by_http_there_is_no_ajp_and_httpd_alone_is_believed():
    found = copy.deepcopy(GOOD)
    of(found, "Connector")["protocol"] = "HTTP/1.1"
    assert told("CVE-2020-1938", found, protocol="http")[0] == "N/A"
    assert told("TCAT-AS-000170", found, protocol="http") == (
        "FAIL",
        "there is no RemoteIpValve: set tomcat_instance_internal_proxies",
    )
    add(found, "Server/Service/Engine/Valve", className=f"{CATALINA}valves.RemoteIpValve", internalProxies=".*")
    assert told("TCAT-AS-000170", found, protocol="http")[0] == "FAIL"
    of(found, "Valve", "RemoteIpValve")["internalProxies"] = "10[.]0[.]0[.]2"
    assert told("TCAT-AS-000170", found, protocol="http") == ("PASS", "believed are 10[.]0[.]0[.]2")
