# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files that Tomcat ships, edited by the modules in a real run of Ansible; then that Tomcat starts with them.

Each release has its files in another form: as shipped, with CRLF, in UTF-16. Needs mvn (for the archives) and a Java of 17 or newer.
"""

from __future__ import annotations

import json
import re
import shutil
import socket
import ssl
import subprocess
import sys
import urllib.request

import archives
import pytest
from loopback import free_ports, run_playbook
from loopback_tomcat import CONF, SECRET, running

from ansible_collections.roundrobin.tomcat.plugins.module_utils._tomcat import ajp as _ajp

STORE_PASSWORD = "changeit"
PORT_OFFSET = 3

FORMS = {
    "as shipped": lambda data: data,
    "CRLF": lambda data: data.replace(b"\n", b"\r\n"),
    "UTF-16": lambda data: data.decode().replace("UTF-8", "UTF-16", 1).encode("utf-16"),
}


def server_options(base, ports):
    """One of everything; in the file stand the ports without Tomcat's offset."""
    http, ajp, https, shutdown = (port - PORT_OFFSET for port in ports)
    return {
        "shutdown_port": shutdown,
        "shutdown_command": "STOP & GO",
        "port_offset": PORT_OFFSET,
        "jvm_route": "jvm1",
        "service": {"attributes": {"gracefulStopAwaitMillis": 1000}},
        "engine": {"attributes": {"defaultHost": "localhost"}},
        "executors": [{"name": "pool", "attributes": {"namePrefix": "pooled-", "maxThreads": 20, "minSpareThreads": 2}}],
        "connectors": [
            {"protocol": "HTTP/1.1", "port": 8080, "state": "disabled"},
            {
                "protocol": "HTTP/1.1",
                "port": http,
                "attributes": {"address": "127.0.0.1", "executor": "pool", "bindOnInit": False},
            },
            {
                "protocol": "AJP/1.3",
                "match": "protocol",
                "port": ajp,
                "attributes": {"address": "127.0.0.1", "secret": SECRET},
            },
            {
                "protocol": "HTTP/1.1",
                "port": https,
                "attributes": {"address": "127.0.0.1", "SSLEnabled": True, "scheme": "https", "secure": True},
                "children": [
                    {
                        "tag": "SSLHostConfig",
                        "attributes": {"protocols": "TLSv1.2+TLSv1.3"},
                        "children": [
                            {
                                "tag": "Certificate",
                                "attributes": {
                                    "certificateKeystoreFile": "conf/store.p12",
                                    "certificateKeystorePassword": STORE_PASSWORD,
                                },
                            }
                        ],
                    }
                ],
            },
        ],
        "hosts": [
            {"attributes": {"autoDeploy": False}, "children": [{"tag": "Alias", "text": "www.example.com"}]},
            {"name": "other.example.com", "attributes": {"appBase": "other", "autoDeploy": False}},
        ],
        "contexts": [{"path": "/more", "attributes": {"docBase": str(base / "more"), "reloadable": False}}],
        "realms": [
            {
                "class_name": "org.apache.catalina.realm.LockOutRealm",
                "attributes": {"failureCount": 3},
                "children": [
                    {"tag": "Realm", "identify_by": {"className": "org.apache.catalina.realm.MemoryRealm"}},
                ],
            }
        ],
        "valves": [
            {
                "class_name": "org.apache.catalina.valves.RemoteIpValve",
                "attributes": {"internalProxies": r"127\.0\.0\.1", "protocolHeader": "x-forwarded-proto"},
            },
            {
                "class_name": "org.apache.catalina.valves.AccessLogValve",
                "attributes": {"requestAttributesEnabled": True, "buffered": False, "pattern": "%a %I %v %s %U"},
            },
        ],
        "listeners": [
            {"class_name": "org.apache.catalina.startup.VersionLoggerListener", "attributes": {"logEnv": True}},
            {"class_name": "org.apache.catalina.security.SecurityListener", "state": "disabled"},
        ],
        "global_resources": [
            {"name": "jdbc/none", "attributes": {"type": "javax.sql.DataSource", "auth": "Container", "maxTotal": 5}},
            {"tag": "Environment", "name": "stage", "attributes": {"type": "java.lang.String", "value": "a < b & \"c\" ü"}},
        ],
        "elements": [
            {
                "parent": "/Server/Service/Engine/Host[@name='other.example.com']",
                "tag": "Valve",
                "identify_by": {"className": "org.apache.catalina.valves.ErrorReportValve"},
                "attributes": {"showReport": False, "showServerInfo": False},
            }
        ],
    }  # fmt: skip


CONTEXT_OPTIONS = {
    "context": {"attributes": {"sessionCookieName": "SHOPSESSION"}},
    "manager": {"attributes": {"pathname": "", "maxActiveSessions": 100}},
    "resources": [
        {"tag": "ResourceLink", "name": "stage", "attributes": {"global": "stage", "type": "java.lang.String"}}
    ],
    "parameters": [{"name": "colour", "attributes": {"value": "green", "override": False}}],
    "elements": [{"parent": "/Context", "tag": "WatchedResource", "text": "WEB-INF/more.xml"}],
}

# What the applications see of it, one "name=value" a line.
PAGE = """<%@ page session="true" pageEncoding="UTF-8" contentType="text/plain; charset=UTF-8" %><%
Object stage = new javax.naming.InitialContext().lookup("java:comp/env/stage");
%>scheme=<%= request.getScheme() %>
stage=<%= stage %>
colour=<%= application.getInitParameter("colour") %>
"""


def play(directory, base, ports, *arguments):
    """Return the numbers of tasks that were changed."""
    tasks = [
        {"roundrobin.tomcat.tomcat_server_xml": {"path": str(base / "conf/server.xml"), **server_options(base, ports)}},
        {"roundrobin.tomcat.tomcat_context_xml": {"path": str(base / "conf/context.xml"), **CONTEXT_OPTIONS}},
    ]
    (directory / "play.yml").write_text(json.dumps([{"hosts": "all", "gather_facts": False, "tasks": tasks}]))
    interpreter = ("-e", f"ansible_python_interpreter={sys.executable}")
    done = run_playbook("-i", "host,", "-c", "local", *interpreter, *arguments, directory / "play.yml")
    assert done.returncode == 0, done.stdout + done.stderr
    # Tomcat knows all these attributes, and so should the modules.
    assert "WARNING" not in done.stdout + done.stderr
    return int(re.search(r"changed=(\d+)", done.stdout).group(1))


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    path = tmp_path_factory.mktemp("store") / "store.p12"
    keytool = ["keytool", "-genkeypair", "-keystore", path, "-storepass", STORE_PASSWORD]
    subject = ["-alias", "tomcat", "-keyalg", "EC", "-dname", "CN=localhost"]
    subprocess.run([*keytool, *subject], check=True, capture_output=True)
    return path


def make_base(version, form, store, directory):
    home = archives.unpack(version, directory)
    base = directory / "base"
    for name in ["conf", "logs", "temp", "webapps/ROOT", "more", "other/ROOT"]:
        (base / name).mkdir(parents=True)
    for name in CONF:
        data = (home / "conf" / name).read_bytes()
        (base / "conf" / name).write_bytes(FORMS[form](data) if name in ("server.xml", "context.xml") else data)
    (base / "webapps/ROOT/index.jsp").write_text(PAGE)
    (base / "more/index.html").write_text("more=here")
    shutil.copy(store, base / "conf")
    return home, base


def get(url, **headers):
    untrusted = ssl.create_default_context()
    untrusted.check_hostname, untrusted.verify_mode = False, ssl.CERT_NONE
    request = urllib.request.Request(url, headers=headers)
    with urllib.request.urlopen(request, timeout=20, context=untrusted) as answer:
        page = dict(line.split("=", 1) for line in answer.read().decode().splitlines())
        return page, answer.headers.get("Set-Cookie")


def get_by_ajp(port, secret):
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        _ajp.ping(connection)
        request = _ajp.build_request(
            "GET", "/", None, server_name="localhost", server_port=80, headers={}, secret=secret
        )
        return _ajp.exchange(connection, request, max_body=10000)


@pytest.mark.parametrize(("version", "form"), list(zip(archives.releases(), FORMS)))
def test_tomcat_starts_with_the_edited_files(tmp_path, store, version, form):
    home, base = make_base(version, form, store, tmp_path)
    ports = http, ajp, https, shutdown = free_ports(4)
    assert play(tmp_path, base, ports) == 2
    assert play(tmp_path, base, ports) == 0
    log = tmp_path / "catalina.out"
    with running(home, base, log) as tomcat:
        page, cookie = get(f"http://127.0.0.1:{http}/", Host="www.example.com", **{"X-Forwarded-For": "192.0.2.7"})
        assert page == {"scheme": "http", "stage": 'a < b & "c" ü', "colour": "green"}
        assert re.match(r"SHOPSESSION=\w+\.jvm1;", cookie)
        assert get(f"http://127.0.0.1:{http}/", **{"X-Forwarded-Proto": "https"})[0]["scheme"] == "https"
        assert get(f"https://127.0.0.1:{https}/more/")[0] == {"more": "here"}
        answer = get_by_ajp(ajp, SECRET)
        assert (answer.status, b"colour=green" in answer.body) == (200, True)
        assert get_by_ajp(ajp, "wrong").status == 403
        with pytest.raises(urllib.request.HTTPError) as refused:
            get(f"http://127.0.0.1:{http}/", Host="other.example.com")
        # Without showServerInfo="false" the page ends with <h3>Apache Tomcat/VERSION</h3>.
        assert (refused.value.code, b"<h3>" in refused.value.read()) == (404, False)
        with socket.create_connection(("127.0.0.1", shutdown), timeout=20) as connection:
            connection.sendall(b"STOP & GO")
        assert tomcat.wait(timeout=30) == 0
    said = log.read_text()
    started = re.findall(r'Starting ProtocolHandler \["([^"]+)"\]', said)
    assert sorted(int(name.rsplit("-", 1)[1]) for name in started) == sorted([http, ajp, https])
    # Of an attribute that Tomcat does not know: "did not find a matching property".
    assert [line for line in said.splitlines() if re.search(r"WARNING|SEVERE", line)] == []
    assert any("192.0.2.7 pooled-" in path.read_text() for path in (base / "logs").glob("localhost_access_log*"))
