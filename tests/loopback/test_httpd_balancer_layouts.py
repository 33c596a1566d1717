# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The balancer modules against a real httpd: the layouts that people run."""

from __future__ import annotations

import contextlib
import os
import pathlib
import select
import socket
import socketserver
import subprocess
import tempfile
import threading
import time

import pytest
from loopback import free_port, run_module
from loopback_httpd import (
    Backend,
    UnixServer,
    member,
    needs_httpd,
    running,
    served_by,
    serving,
    states,
    unix_backend,
)

pytestmark = needs_httpd

CONFIG = """
Listen 127.0.0.1:{port}
Listen 127.0.0.1:{named}
Listen 127.0.0.1:{tls}
Listen 127.0.0.1:{h2c}
Listen [::1]:{port}
<Proxy "balancer://inherited">
  BalancerMember "http://127.0.0.1:{backend1}" route=i1
  BalancerMember "http://127.0.0.1:{backend2}" route=i2
  ProxySet stickysession=JSESSIONID
</Proxy>
<VirtualHost 127.0.0.1:{port} [::1]:{port}>
  BalancerPersist On
  SSLProxyEngine On
  SSLProxyCACertificateFile "{certificates}/ca.pem"
  <Proxy "balancer://Mixed">
    BalancerMember "http://127.0.0.1:{backend1}" route=plain
    BalancerMember "https://localhost:{tls}" route=tls
    BalancerMember "h2c://127.0.0.1:{h2c}" route=h2c
    BalancerMember "unix:{socket}|http://shop" route=socket
    ProxySet stickysession=JSESSIONID
  </Proxy>
  <Proxy "balancer://others">
    BalancerMember "ajp://127.0.0.1:8009" route=ajp
    BalancerMember "h2://127.0.0.1:443" route=h2
    BalancerMember "fcgi://127.0.0.1:8000" route=fcgi
    BalancerMember "scgi://127.0.0.1:4000" route=scgi
    BalancerMember "ws://127.0.0.1:80" route=ws
    BalancerMember "wss://127.0.0.1:8443/chat" route=wss
    BalancerMember "ajp://[2001:DB8::1]:8009" route=six
  </Proxy>
  <Proxy "balancer://R&D %26">
    BalancerMember "http://127.0.0.1:{backend1}/x&y" "route=a&b [c]"
    BalancerMember "http://127.0.0.1:{backend1}/p%26q" "route=%26"
    BalancerMember "http://127.0.0.1:{backend1}/it's+;z" route=plus
    BalancerMember "unix:/run/shop one.sock|http://one" route=space
  </Proxy>
  <Proxy "balancer://checked">
    BalancerMember "http://127.0.0.1:{backend1}" route=alive hcmethod=GET hcuri=/health?a=1&b=2 hcinterval=1
    BalancerMember "http://127.0.0.1:{late}" route=late hcmethod=TCP hcinterval=200ms hcpasses=2 hcfails=3
    ProxySet lbmethod=byrequests stickysession=JSESSIONID|jsessionid nofailover=On timeout=7 maxattempts=3
  </Proxy>
  {manager}
  ProxyPass "/inherited" "balancer://inherited"
  ProxyPass "/" "balancer://mixed/"
</VirtualHost>
<VirtualHost 127.0.0.1:{named}>
  ServerName localhost
  <Proxy "balancer://shop">
    BalancerMember "http://127.0.0.1:{backend1}" route=t1
  </Proxy>
  {manager}
  ProxyPass "/" "balancer://shop/"
</VirtualHost>
<VirtualHost 127.0.0.1:{named}>
  ServerName 127.0.0.1
  <Proxy "balancer://shop">
    BalancerMember "http://127.0.0.1:{backend1}" route=t1
  </Proxy>
  {manager}
  ProxyPass "/" "balancer://shop/"
</VirtualHost>
<VirtualHost 127.0.0.1:{tls}>
  ServerName www.shop.test
  UseCanonicalName On
  Protocols h2 http/1.1
  SSLEngine On
  SSLCertificateFile "{certificates}/server.pem"
  SSLCertificateKeyFile "{certificates}/server.key"
  DocumentRoot "{certificates}/tls"
  <Proxy "balancer://shop">
    BalancerMember "http://127.0.0.1:{backend1}" route=t1
  </Proxy>
  <Location "/internal/members of the pool">
    SetHandler balancer-manager
    {login}
  </Location>
  ProxyPass "/shop" "balancer://shop"
</VirtualHost>
<VirtualHost 127.0.0.1:{h2c}>
  Protocols h2c http/1.1
  DocumentRoot "{certificates}/h2c"
</VirtualHost>
"""


def make_certificates(directory):
    """An authority of our own, and a server's certificate by it."""

    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], cwd=directory, check=True, capture_output=True, timeout=60)

    key = ["-newkey", "rsa:2048", "-nodes"]
    openssl("req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=Private CA")
    openssl("req", *key, "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=localhost")
    (directory / "names").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
    authority = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"]
    openssl("x509", "-req", "-in", "server.csr", *authority, "-out", "server.pem", "-days", "2", "-extfile", "names")


@pytest.fixture(scope="module")
def httpd(backends):
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as stack:
        directory = pathlib.Path(name)
        os.chmod(directory, 0o755)
        make_certificates(directory)
        for back_end in ("tls", "h2c"):
            (directory / back_end).mkdir()
            (directory / back_end / "who").write_text(back_end)
        values = {port: free_port() for port in ("named", "tls", "h2c", "late")} | backends
        values["socket"] = stack.enter_context(unix_backend(directory / "shop.sock"))
        server = stack.enter_context(running(CONFIG, certificates=directory, **values))
        server.values = values
        server.directory = directory
        yield server


# Members --------------------------------------------------------------------


@pytest.mark.parametrize("route", ["plain", "tls", "h2c", "socket"])
def test_a_member_of_every_kind_is_taken_out_and_put_back(httpd, route):
    """http, https with a private CA, HTTP/2 without TLS, a unix socket: with real requests."""
    own = str({"plain": httpd.values["backend1"], "socket": httpd.values["socket"]}.get(route, route))
    assert served_by(httpd, route, "/who") == (200, own)
    out = member(httpd.url(), balancer="Mixed", route=route, state="disabled", keep_usable=3, wait="idle")
    assert (out["changed"], out["balancer"], out["idle"], out["state_after"]) == (True, "mixed", True, "disabled")
    status, other = served_by(httpd, route, "/who")
    assert (status, other != own) == (200, True)
    worker = out["worker"]
    assert member(httpd.url(), balancer="mixed", worker=worker, state="enabled", wait="ok")["changed"]
    assert served_by(httpd, route, "/who") == (200, own)


@pytest.mark.parametrize(
    "worker, route",
    [
        ("ajp://127.0.0.1:8009", "ajp"),
        ("h2://127.0.0.1:443", "h2"),
        ("fcgi://127.0.0.1:8000", "fcgi"),
        ("scgi://127.0.0.1:4000", "scgi"),
        ("ws://127.0.0.1:80", "ws"),
        ("wss://127.0.0.1:8443/chat", "wss"),
        ("ajp://[2001:db8::1]:8009", "six"),
    ],
)
def test_other_schemes(httpd, worker, route):
    before = httpd.statuses()
    out = member(httpd.url(), worker=worker, state="disabled")
    assert (out["changed"], out["worker"], out["route"]) == (True, worker, route)
    name = worker if route == "wss" else worker.rpartition(":")[0]  # httpd leaves a scheme's own port out
    assert set(httpd.statuses()) - set(before) == {(name, "Init Dis")}
    member(httpd.url(), worker=name, state="enabled")
    assert httpd.statuses() == before


@pytest.mark.parametrize(
    "worker, route",
    [
        ("http://127.0.0.1:{}/x&y", "a&b [c]"),
        ("http://127.0.0.1:{}/p%26q", "%26"),
        ("http://127.0.0.1:{}/it's+;z", "plus"),
        ("unix:/run/shop one.sock|http://one", "space"),
    ],
)
def test_names_that_need_escaping(httpd, worker, route):
    before = httpd.statuses()
    worker = worker.format(httpd.values["backend1"])
    out = member(httpd.url(), balancer="R&D %26", worker=worker, state="draining", load_factor=2)
    assert (out["changed"], out["balancer"], out["worker"], out["route"]) == (True, "r&d %26", worker, route)
    assert set(httpd.statuses()) - set(before) == {(worker, "Init Drn Ok")}
    assert member(httpd.url(), balancer="R&D %26", route=route, state="enabled", load_factor=1)["changed"]
    assert httpd.statuses() == before


def test_an_inherited_balancer(httpd):
    """It is the main server's, and the manager of a virtual host that inherits it changes it for that host."""
    own, other = (str(httpd.values[name]) for name in ("backend1", "backend2"))
    assert served_by(httpd, "i1", "/inherited") == (200, own)
    assert member(httpd.url(), balancer="inherited", route="i1", state="disabled")["changed"]
    assert served_by(httpd, "i1", "/inherited") == (200, other)
    assert member(httpd.url(), balancer="inherited", route="i1", state="enabled")["changed"]
    assert served_by(httpd, "i1", "/inherited") == (200, own)


def test_health_checks(httpd):
    """A member that is dead is seen to be out, and wait=ok sees it come back."""
    key = {"balancer": "checked", "route": "late"}
    for _attempt in range(50):
        found = run_module("httpd_balancer_info", manager_url=httpd.url())
        (checked,) = [known for known in found["balancers"] if known["name"] == "checked"]
        if checked["usable"] == 1:
            break
        time.sleep(0.2)
    alive, late = checked.pop("members")
    assert checked == {
        "name": "checked",
        "lbmethod": "byrequests",
        "sticky_session": "JSESSIONID|jsessionid",
        "nofailover": True,
        "timeout": 7,
        "max_attempts": 3,
        "usable": 1,
    }
    assert (alive["usable"], late["usable"], late["health_check_failed"]) == (True, False, True)
    assert [alive["health_check"][name] for name in ("method", "interval", "uri")] == ["GET", 1.0, "/health?a=1&b=2"]
    expected = {"method": "TCP", "interval": 0.2, "passes": 2, "fails": 3, "uri": "", "expression": ""}
    assert {name: late["health_check"][name] for name in expected} == expected
    refused = member(httpd.url(), balancer="checked", route="alive", state="disabled", keep_usable=1)
    assert refused["failed"] and "0 usable member(s) would remain" in refused["msg"]
    in_vain = member(httpd.url(), **key, wait="ok", timeout=0.5)
    assert in_vain["failed"] and "not usable: its status is 'Init HcFl'" in in_vain["msg"]
    with socketserver.ThreadingTCPServer(("127.0.0.1", httpd.values["late"]), Backend) as server:
        threading.Timer(0.5, server.serve_forever).start()
        out = member(httpd.url(), **key, wait="ok", timeout=20)
        server.shutdown()
    assert (out["changed"], out["member"]["usable"], out["member"]["health_check_failed"]) == (False, True, False)


# Managers -------------------------------------------------------------------


def test_the_virtual_host_is_chosen_by_name(httpd):
    one, two = (f"http://{name}:{httpd.values['named']}/manager" for name in ("localhost", "127.0.0.1"))
    assert member(one, balancer="shop", route="t1", state="disabled")["changed"]
    assert (states(one)["shop", "t1"], states(two)["shop", "t1"]) == ("disabled", "enabled")
    assert member(one, balancer="shop", route="t1", state="enabled")["changed"]


def test_a_manager_with_tls_a_private_authority_a_password_and_another_name(httpd):
    url = f"https://127.0.0.1:{httpd.values['tls']}/internal/members of the pool"
    login = {"url_username": "operator", "url_password": "secret"}
    wanted = {"balancer": "shop", "route": "t1", "state": "disabled"}
    out = member(url, **login, **wanted)
    assert out["failed"] and "CERTIFICATE_VERIFY_FAILED" in out["msg"].upper().replace(" ", "_")
    out = member(url, ca_path=str(httpd.directory / "ca.pem"), **wanted)
    assert out["failed"] and "answered 401 Unauthorized: the user name or the password" in out["msg"]
    trust = {**login, "ca_path": str(httpd.directory / "ca.pem")}
    out = member(url, **trust, **wanted)
    assert (out["changed"], out["state_after"]) == (True, "disabled")
    assert states(url, **login, validate_certs=False)["shop", "t1"] == "disabled"
    assert member(url, **trust, **{**wanted, "state": "enabled"})["changed"]


def test_a_manager_on_ipv6(httpd):
    url = f"http://[::1]:{httpd.port}/manager"
    assert member(url, balancer="others", route="ajp", state="draining")["changed"]
    assert ("ajp://127.0.0.1", "Init Drn Ok") in httpd.statuses()
    assert member(url, balancer="others", route="ajp", state="enabled")["changed"]


class Forwarder(socketserver.BaseRequestHandler):
    """Bytes from a socket file to httpd and back, as systemd-socket-proxyd passes them."""

    def handle(self):
        with socket.create_connection(("127.0.0.1", self.server.answer)) as onward:
            peers = {self.request: onward, onward: self.request}
            while True:
                for ready in select.select(list(peers), [], [])[0]:
                    data = ready.recv(65536)
                    if not data:
                        return
                    peers[ready].sendall(data)


def test_a_manager_behind_a_unix_socket(httpd):
    path = str(httpd.directory / "manager.sock")
    url = "http://localhost/manager"
    with serving(UnixServer(path, Forwarder), httpd.port):
        out = member(url, unix_socket=path, balancer="others", route="ws", state="stopped", wait="idle")
        assert (out["changed"], out["idle"]) == (True, True)
        assert states(url, unix_socket=path) == states(httpd.url())
        assert member(url, unix_socket=path, balancer="others", route="ws", state="enabled")["changed"]
    out = member(url, unix_socket=path + "x", balancer="others", route="ws", state="stopped")
    assert out["failed"] and f"{path}x cannot be reached" in out["msg"] and "No such file" in out["msg"]
