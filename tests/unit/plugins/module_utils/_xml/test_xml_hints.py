# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.roundrobin.tomcat.plugins.module_utils._xml.hints import unknown_attributes

AJP = {"protocol": "AJP/1.3"}
NIO = {"protocol": "org.apache.coyote.http11.Http11NioProtocol"}
BIO = {"protocol": "org.apache.coyote.http11.Http11Protocol"}
ACCESS_LOG = {"className": "org.apache.catalina.valves.AccessLogValve"}
ERROR_REPORT = {"className": "org.apache.catalina.valves.ErrorReportValve"}
LISTENER = {"className": "org.apache.catalina.core.AprLifecycleListener"}


@pytest.mark.parametrize(
    ("tag", "values", "name", "meant"),
    [
        ("Connector", {}, "maxthreads", "maxThreads"),
        ("Connector", {}, "secret", "secure"),
        ("Connector", {"protocol": "http"}, "compressableMimeType", "compressibleMimeType"),
        ("Connector", NIO, "SSLenabled", "SSLEnabled"),
        ("Connector", BIO, "uriEncoding", "URIEncoding"),
        ("Connector", AJP, "secretRequried", "secretRequired"),
        ("Connector", AJP, "compression", None),
        ("Connector", AJP, "socket.rxBufsize", "socket.rxBufSize"),
        ("Engine", {}, "jvm_route", "jvmRoute"),
        ("Host", {}, "unpackWars", "unpackWARs"),
        ("Context", {}, "doc_base", "docBase"),
        ("Manager", {}, "pathName", "pathname"),
        ("Valve", ACCESS_LOG, "patern", "pattern"),
        ("Valve", ERROR_REPORT, "showreport", "showReport"),
        ("Certificate", {}, "certificateFiles", "certificateFile"),
        ("Server", {}, "completely-different", None),
    ],
)
def test_unknown(tag, values, name, meant):
    hint = f"; did you mean {meant!r}?" if meant else ""
    warning = f"{tag}: attribute {name!r} is not known to Tomcat 9, 10.1 or 11{hint}"
    assert unknown_attributes(tag, {**values, name: "x"}, ["className", name]) == [warning]


@pytest.mark.parametrize(
    ("tag", "values", "name"),
    [
        ("Connector", {}, "executor"),
        ("Connector", {}, "protocol"),
        ("Connector", {}, "keystoreFile"),
        ("Connector", NIO, "socket.soReuseAddress"),
        ("Connector", AJP, "secret"),
        ("Connector", AJP, "connectionTimeout"),
        ("Connector", {"protocol": "com.example.Protocol"}, "anything"),
        ("Certificate", {}, "type"),
        ("Context", {}, "xsi:schemaLocation"),
        ("Executor", {}, "namePrefix"),
        ("Listener", LISTENER, "SSLEngine"),
        ("Listener", LISTENER, "optional"),
        ("Listener", {}, "anything"),
        ("Manager", {"className": "de.javakaffee.web.msm.MemcachedBackupSessionManager"}, "memcachedNodes"),
        ("Resource", {}, "maxTotal"),
        ("Environment", {}, "value"),
        ("Valve", ERROR_REPORT, "errorCode.404"),
        # Tomcat makes setPort of it.
        ("Server", {}, "Port"),
        ("Alias", {}, "anything"),
        ("", {}, "anything"),
    ],
)
def test_known_or_not_to_be_known(tag, values, name):
    assert unknown_attributes(tag, {**values, name: "x"}, [name]) == []


def test_only_the_names_asked_for():
    assert unknown_attributes("Server", {"prot": "1", "shutdwn": "x"}, ["shutdwn"]) == [
        "Server: attribute 'shutdwn' is not known to Tomcat 9, 10.1 or 11; did you mean 'shutdown'?"
    ]
