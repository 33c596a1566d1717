# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an application needs arrives at it: a real httpd and a real Tomcat with the lines and the elements that the roles write.

docs/applications.md cites this. Needs javac, and mvn for the archives.
"""

from __future__ import annotations

import base64
import http.client
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import urllib.parse
import zipfile

import archives
import loopback_httpd
import loopback_tomcat
import pytest
from loopback import ROOT, run_module

from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._chain.instance_needs import catalina_opts
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._chain.instance_xml import settings
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._chain.site import httpd_site

pytestmark = [
    loopback_httpd.needs_httpd,
    pytest.mark.skipif(not shutil.which("javac"), reason="there is no javac on this machine"),
]

# One of each branch and protocol; the short form has each protocol once, with the oldest and the newest.
BRANCHES = {version.rpartition(".")[0]: version for version in archives.releases()}
CHAINS = [(branch, protocol) for branch in ("9.0", "10.1", "11.0") for protocol in ("ajp", "http")]
CHAINS = CHAINS if os.environ.get("RUN_FULL") else [CHAINS[0], CHAINS[-1]]

FORWARDED = "X-Roundrobin-0123456789abcdef"
HEADER_BYTES = 32768
# A proxy in front that is trusted, and a client that says that it is one. All of 127.0.0.0/8 is this machine.
PROXY, CLIENT = "127.0.0.9", "127.0.0.8"
ODD = {
    "odd.quotes": 'it\'s "so"',
    "odd.dollar": "a$b`id`",
    "odd.backslash": r"C:\dir",
    "odd.blank": "a  b",
    "odd.star": "*|&;%h",
}

PAGE = """<%@ page session="false" contentType="text/plain; charset=UTF-8" %><%@ page import="java.net.URLEncoder" %><%!
String shown(Object value) throws Exception { return URLEncoder.encode(String.valueOf(value), "UTF-8"); }
%><%
javax.naming.Context env = (javax.naming.Context) new javax.naming.InitialContext().lookup("java:comp/env");
String header = request.getHeader("X-Large");
out.println("scheme=" + request.getScheme());
out.println("secure=" + request.isSecure());
out.println("port=" + request.getServerPort());
out.println("client=" + request.getRemoteAddr());
out.println("uri=" + shown(request.getRequestURI()));
out.println("large=" + (header == null ? 0 : header.length()));
out.println("form=" + request.getParameter("form"));
out.println("stage=" + env.lookup("shop/stage"));
out.println("limit=" + env.lookup("shop/limit"));
out.println("source=" + env.lookup("jdbc/shop").getClass().getSimpleName());
out.println("currency=" + application.getInitParameter("currency"));
out.println("variable=" + shown(System.getenv("ODD")));
out.println("encoding=" + System.getProperty("file.encoding"));
for (String name : new String[] {"odd.quotes", "odd.dollar", "odd.backslash", "odd.blank", "odd.star"})
  out.println(name + "=" + shown(System.getProperty(name)));
if (request.getParameter("begin") != null) request.getSession(true);
%>"""
WEB_XML = """<web-app><servlet><servlet-name>show</servlet-name><jsp-file>/index.jsp</jsp-file></servlet>
<servlet-mapping><servlet-name>show</servlet-name><url-pattern>/rest/*</url-pattern></servlet-mapping></web-app>"""

VARIABLES = {
    "tomcat_instance_resources": [
        {
            "name": "jdbc/shop",
            "scope": "server",
            "attributes": {"type": "javax.sql.DataSource", "driverClassName": "no.such.Driver", "url": "jdbc:none:"},
        }
    ],
    "tomcat_instance_environment_entries": [
        {"name": "shop/stage", "value": "test"},
        {"name": "shop/limit", "value": 7, "type": "java.lang.Integer", "scope": "server"},
    ],
    "tomcat_instance_parameters": [{"name": "currency", "value": "EUR"}],
    "tomcat_instance_max_header_bytes": HEADER_BYTES,
    "tomcat_instance_max_form_bytes": 100,
    "tomcat_instance_encoded_slashes": True,
    "tomcat_instance_session_cookie_name": "SHOP",
    "tomcat_instance_session_cookie_path": "/",
    "tomcat_instance_session_cookie_same_site": "strict",
}

CONFIG = """
Listen 127.0.0.1:{port}
Define RoundrobinForwarded {forwarded}
{server}
ProxyPreserveHost On
<VirtualHost *:{port}>
{headers}
<Proxy "balancer://members">
  BalancerMember "{worker}" route=jvm1 {settings}
  ProxySet stickysession=SHOP|SHOP scolonpathdelim=On
</Proxy>
{site}
ProxyPass "/" "balancer://members/" nocanon
{last}
</VirtualHost>
"""


def compiled(version, home, directory):
    """The WebSocket, for this Tomcat."""
    source = directory / "Echo.java"
    text = (ROOT / "tests/loopback/Echo.java").read_text()
    source.write_text(text.replace("jakarta.", "javax.") if version.startswith("9.") else text)
    jars = ":".join(str(path) for path in (home / "lib").glob("websocket*.jar"))
    subprocess.run(["javac", "--release", "11", "-cp", jars, str(source)], check=True, cwd=directory)
    return (directory / "Echo.class").read_bytes()


def edit(instance, variables, applied):
    """What the role does with the two files."""
    found = settings(variables, applied)
    edits = {
        "tomcat_server_xml": {
            "path": str(instance.base / "conf/server.xml"),
            **{key: found[key] for key in ("valves", "global_resources")},
            "connectors": [
                {"protocol": name, "match": "protocol", "port": port, **found["connectors"][kind]}
                for kind, name, port in (("ajp", "AJP/1.3", instance.ajp), ("http", "HTTP/1.1", instance.http))
            ],
        },
        "tomcat_context_xml": {
            "path": str(instance.base / "conf/context.xml"),
            **{key: found[key] for key in ("context", "resources", "parameters", "elements")},
        },
    }
    for module, options in edits.items():
        answer = run_module(module, **options)
        assert not answer.get("failed") and not answer.get("warnings"), answer
        assert run_module(module, **options)["changed"] is False
    return found["applied"]


class Chain:
    """httpd in front of one member, and how a request gets there."""

    def __init__(self, protocol, instance, httpd, directory):
        self.protocol, self.instance, self.httpd, self.directory = protocol, instance, httpd, directory

    def answer(self, path="/", method="GET", source=CLIENT, body=None, **headers):
        """One request, by a client of that address; a path goes as it stands."""
        connection = http.client.HTTPConnection("127.0.0.1", self.httpd.port, timeout=60, source_address=(source, 0))
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body=body, headers={"Host": "shop.test", **names})
        answer = connection.getresponse()
        return answer, answer.read().decode()

    def said(self, path="/", **given):
        """What the application says of a request."""
        answer, text = self.answer(path, **given)
        assert answer.status == 200, (answer.status, text, self.httpd.log.read_text())
        lines = (line.partition("=") for line in text.splitlines())
        return {name: urllib.parse.unquote_plus(value) for name, _equals, value in lines}


@pytest.fixture(scope="module", params=CHAINS, ids="-".join)
def chain(request, tmp_path_factory):
    branch, protocol = request.param
    version, directory = BRANCHES[branch], tmp_path_factory.mktemp("needs")
    catalina_home = archives.unpack(version, directory / "tomcat")
    instance = loopback_tomcat.Instance(version, catalina_home, directory)
    war = directory / "show.war"
    with zipfile.ZipFile(war, "w") as archive:
        archive.writestr("index.jsp", PAGE)
        archive.writestr("WEB-INF/web.xml", WEB_XML)
        archive.writestr("WEB-INF/classes/Echo.class", compiled(version, catalina_home, directory))
    release = {"base": str(instance.base), "name": "ROOT", "src": str(war), "remote_src": True, "version": "1"}
    assert run_module("tomcat_webapp", **release)["changed"] is True
    # By HTTP the valve believes httpd's address, by AJP whoever knows the name.
    trust = {"http": {"internal_proxies": ["127.0.0.1"]}, "ajp": {"forwarded_header": FORWARDED}}[protocol]
    edit(instance, {**VARIABLES, **{f"tomcat_instance_{name}": value for name, value in trust.items()}}, {})
    served = pathlib.Path(tempfile.mkdtemp(prefix="acme"))
    served.chmod(0o755)
    (served / "token").write_text("of the authority")
    site = httpd_site(
        [
            {
                "path": "/",
                "encoded_slashes": True,
                "excluded_paths": [{"path": "/acme", "directory": str(served)}, "/nobody"],
                "httpd_directives": ["Header set X-Inside yes"],
                "httpd_site_directives": "<Location /beside>\n  Require all denied\n</Location>",
            }
        ],
        trusted_proxies=[PROXY],
        header_bytes=HEADER_BYTES,
        forwarded=protocol == "ajp",
    )
    assert site["problems"] == []
    own = {
        "http": {
            "worker": f"http://127.0.0.1:{instance.http}",
            "settings": f"upgrade=websocket responsefieldsize={HEADER_BYTES}",
        },
        "ajp": {"worker": f"ajp://127.0.0.1:{instance.ajp}", "settings": f"secret={loopback_tomcat.SECRET}"},
    }[protocol]
    parts = {name: "\n".join(site[name]) for name in ("server", "headers", "site", "last")}
    options = catalina_opts([f"-D{name}={value}" for name, value in ODD.items()], [], utf8=True)
    with (
        instance.running({"CATALINA_OPTS": options, "ODD": "".join(ODD.values())}),
        loopback_httpd.running(CONFIG, forwarded=FORWARDED, **own, **parts) as httpd,
    ):
        yield Chain(protocol, instance, httpd, directory)
    shutil.rmtree(served)


def test_options_of_the_jvm_and_the_environment_arrive_as_they_were_given(chain):
    said = chain.said()
    assert {name: said[name] for name in ODD} == ODD
    assert (said["variable"], said["encoding"]) == ("".join(ODD.values()), "UTF-8")


def test_what_is_looked_up_is_there(chain):
    said = chain.said()
    assert (said["stage"], said["limit"], said["currency"]) == ("test", "7", "EUR")
    assert "DataSource" in said["source"]


def test_what_a_trusted_proxy_says_arrives(chain):
    forwarded = {"X_Forwarded_For": "203.0.113.7", "X_Forwarded_Proto": "https"}
    said = chain.said(source=PROXY, **forwarded)
    assert [said[name] for name in ("scheme", "secure", "port", "client")] == ["https", "true", "443", "203.0.113.7"]
    said = chain.said(source=PROXY, **forwarded, X_Forwarded_Port="8443")
    assert said["port"] == "8443"
    # A list: what the client said for itself comes before what the proxy saw.
    said = chain.said(source=PROXY, X_Forwarded_For="10.0.0.1, 203.0.113.7")
    assert [said[name] for name in ("scheme", "secure", "client")] == ["http", "false", "203.0.113.7"]


def test_what_a_client_says_of_itself_does_not(chain):
    names = [f"{FORWARDED}-{part}" for part in ("Proto", "Port")] if chain.protocol == "ajp" else []
    said = chain.said(
        X_Forwarded_For="203.0.113.7",
        X_Forwarded_Proto="https",
        X_Forwarded_Port="443",
        **dict.fromkeys(names, "https"),
    )
    assert [said[name] for name in ("scheme", "secure", "port", "client")] == ["http", "false", "80", CLIENT]


def test_encoded_slashes_reach_the_application_as_they_are(chain):
    assert chain.said("/rest/a%2Fb")["uri"] == "/rest/a%2Fb"
    assert chain.said("/rest/a%20b")["uri"] == "/rest/a%20b"


def test_large_headers_arrive_and_too_large_ones_do_not(chain):
    assert chain.said(X_Large="x" * 20000)["large"] == "20000"
    assert chain.answer(X_Large="x" * 40000)[0].status == 400


def test_a_form_that_is_too_large_is_not_read(chain):
    form = {"method": "POST", "Content_Type": "application/x-www-form-urlencoded"}
    assert chain.said(body="form=" + "x" * 50, **form)["form"] == "x" * 50
    answer, text = chain.answer(body="form=" + "x" * 500, **form)
    # Tomcat 9 goes on without its parameters.
    assert (answer.status, "form=null" in text) in ((413, False), (200, True))


def test_the_session_cookie_is_as_it_was_named(chain):
    answer, _text = chain.answer("/?begin=1")
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("SHOP=")
    assert ".jvm1;" in cookie
    assert "Path=/;" in cookie
    assert "SameSite=Strict" in cookie


def test_directives_hold_inside_of_the_path_and_beside_it(chain):
    assert chain.answer()[0].headers["X-Inside"] == "yes"
    assert chain.answer("/beside")[0].status == 403


def test_excluded_paths_are_httpds(chain):
    answer, text = chain.answer("/acme/token")
    assert (answer.status, text) == (200, "of the authority")
    assert chain.answer("/nobody/x")[0].status == 404


def test_a_websocket_goes_through_by_http_alone(chain):
    key = base64.b64encode(os.urandom(16)).decode()
    with socket.create_connection(("127.0.0.1", chain.httpd.port), timeout=60) as connection:
        connection.sendall(
            f"GET /echo HTTP/1.1\r\nHost: shop.test\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        stream = connection.makefile("rb")
        status = stream.readline()
        if chain.protocol == "ajp":
            assert b" 101 " not in status
            return
        assert b" 101 " in status, status
        while stream.readline() != b"\r\n":
            pass
        words, mask = b"hello", b"\1\2\3\4"
        masked = bytes(byte ^ mask[position % 4] for position, byte in enumerate(words))
        connection.sendall(bytes([0x81, 0x80 | len(words)]) + mask + masked)
        assert stream.read(2 + len(words)) == bytes([0x81, len(words)]) + words


def test_what_is_taken_out_of_the_inventory_goes_from_the_files(chain, tmp_path):
    """An administrator's own stays."""
    instance = loopback_tomcat.Instance(chain.instance.version, chain.instance.home, tmp_path)
    files = [instance.base / "conf/server.xml", instance.base / "conf/context.xml"]
    files[1].write_text(files[1].read_text().replace("</Context>", '    <Parameter name="own" value="1"/>\n</Context>'))
    edit(instance, {}, {})
    before = [path.read_text() for path in files]
    applied = edit(instance, {**VARIABLES, "tomcat_instance_internal_proxies": ["127.0.0.1"]}, {})
    assert all(path.read_text() != text for path, text in zip(files, before))
    assert edit(instance, {}, applied) == {}
    assert [path.read_text() for path in files] == before
