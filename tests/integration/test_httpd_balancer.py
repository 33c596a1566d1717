# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The balancer modules against a real httpd, started for these tests on loopback and stopped after them.

Needs the program apache2 (Debian) or httpd (RHEL) and the library requests; nothing of the machine's own httpd is used.
"""

from __future__ import annotations

import contextlib
import http.server
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

import pytest

requests = pytest.importorskip("requests")

ROOT = pathlib.Path(__file__).resolve().parents[2]
HTTPD = shutil.which("apache2", path=os.environ.get("PATH", "") + ":/usr/sbin") or shutil.which("httpd")
MODULES = next((path for path in ("/usr/lib/apache2/modules", "/usr/lib64/httpd/modules") if os.path.isdir(path)), None)
WANTED_MODULES = [
    *["mpm_event", "authn_core", "authn_file", "authz_core", "authz_host", "authz_user", "auth_basic"],
    *["proxy", "proxy_http", "proxy_ajp", "slotmem_shm", "proxy_balancer", "lbmethod_byrequests"],
]
pytestmark = pytest.mark.skipif(not HTTPD or not MODULES, reason="there is no httpd on this machine")

CONFIG = """
ServerRoot "{root}"
DefaultRuntimeDir "{root}"
PidFile "{root}/httpd.pid"
ErrorLog "{root}/error.log"
ServerName front.test
{user}
{modules}
Listen 127.0.0.1:{port}
Listen 127.0.0.1:{canonical}
<VirtualHost 127.0.0.1:{port}>
  ServerName front.test
  BalancerPersist On
  <Proxy "balancer://shop">
    BalancerMember "http://127.0.0.1:{backend1}" route=t1 retry=1
    BalancerMember "http://127.0.0.1:{backend2}" route=t2 retry=1
    BalancerMember "ajp://127.0.0.1:8009" route=t3 status=+H
    ProxySet stickysession=JSESSIONID|jsessionid scolonpathdelim=On
  </Proxy>
  <Proxy "balancer://blog">
    BalancerMember "http://127.0.0.1:{backend1}/deep%20er" route=t1
    BalancerMember "http://[::1]:8080" route=t2
    BalancerMember "unix:/run/none.sock|http://localhost" route=s1
  </Proxy>
  <Proxy "balancer://locked">
    BalancerMember "http://127.0.0.1:{backend1}" route=l1
    ProxySet nonce=None
  </Proxy>
  <Location "/manager">
    SetHandler balancer-manager
  </Location>
  <Location "/guarded">
    SetHandler balancer-manager
    AuthType Basic
    AuthName manager
    AuthUserFile "{root}/users"
    Require valid-user
  </Location>
  <Location "/closed">
    SetHandler balancer-manager
    Require all denied
  </Location>
  ProxyPass "/manager" "!"
  ProxyPass "/guarded" "!"
  ProxyPass "/closed" "!"
  ProxyPass "/blog" "balancer://blog"
  ProxyPass "/locked" "balancer://locked"
  ProxyPass "/" "balancer://shop/"
</VirtualHost>
<VirtualHost 127.0.0.1:{canonical}>
  ServerName front.test
  UseCanonicalName On
  <Proxy "balancer://shop">
    BalancerMember "http://127.0.0.1:{backend1}" route=t1
    BalancerMember "http://127.0.0.1:{backend2}" route=t2
  </Proxy>
  <Location "/manager">
    SetHandler balancer-manager
  </Location>
  ProxyPass "/manager" "!"
  ProxyPass "/" "balancer://shop/"
</VirtualHost>
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Backend(http.server.BaseHTTPRequestHandler):
    """Answers at once, but for /slow, which waits until it is let go."""

    let_go = threading.Event()
    started = threading.Event()

    def do_GET(self):
        if self.path.startswith("/slow"):
            self.started.set()
            self.let_go.wait(60)
        body = str(self.server.server_port).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments):
        """Say nothing."""


@contextlib.contextmanager
def backend():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Backend)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()


class Httpd:
    """A private httpd; its working directory is its only trace."""

    def __init__(self, root, backends):
        self.port, self.canonical = free_port(), free_port()
        self.backends = backends
        self.config = root / "httpd.conf"
        self.log = root / "error.log"
        # The hash is of "secret".
        (root / "users").write_text("operator:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=\n")
        os.chmod(root, 0o755)
        self.config.write_text(
            CONFIG.format(
                root=root,
                port=self.port,
                canonical=self.canonical,
                backend1=backends[0],
                backend2=backends[1],
                user="User nobody\nGroup #65534" if os.geteuid() == 0 else "",
                modules="\n".join(f'LoadModule {name}_module "{MODULES}/mod_{name}.so"' for name in WANTED_MODULES),
            )
        )

    def control(self, what):
        subprocess.run([HTTPD, "-f", str(self.config), "-k", what], check=True, capture_output=True, timeout=30)

    def url(self, path="/manager", port=None):
        return f"http://127.0.0.1:{port or self.port}{path}"

    def wait(self):
        for _attempt in range(100):
            with contextlib.suppress(requests.ConnectionError):
                return requests.get(self.url(), timeout=5).text
            time.sleep(0.1)
        raise AssertionError(self.log.read_text())

    def wait_until_gone(self):
        for _attempt in range(100):
            if not (self.config.parent / "httpd.pid").exists():
                return
            time.sleep(0.1)
        raise AssertionError(self.log.read_text())

    def page(self):
        return requests.get(self.url() + "?xml=1", headers={"Referer": self.url()}, timeout=5).text


@pytest.fixture(scope="module")
def backends():
    with backend() as first, backend() as second:
        yield first, second


@pytest.fixture
def httpd(backends):
    # Not pytest's own directory: httpd's children, another user, must get into it.
    with tempfile.TemporaryDirectory() as root:
        server = Httpd(pathlib.Path(root), backends)
        Backend.let_go.clear()
        Backend.started.clear()
        server.control("start")
        server.wait()
        yield server
        Backend.let_go.set()
        server.control("stop")
        server.wait_until_gone()


def run(module, **options):
    """Run the module as Ansible does, in a process of its own."""
    arguments = {"ANSIBLE_MODULE_ARGS": {"_ansible_remote_tmp": "/tmp", "_ansible_keep_remote_files": False, **options}}
    ran = subprocess.run(
        [sys.executable, "-m", f"ansible_collections.roundrobin.tomcat.plugins.modules.{module}"],
        input=json.dumps(arguments),
        env={**os.environ, "PYTHONPATH": str(ROOT / ".collections"), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ran.stdout, ran.stderr
    return json.loads(ran.stdout)


def member(url, **options):
    return run("httpd_balancer_member", manager_url=url, **options)


def states(url, **options):
    found = run("httpd_balancer_info", manager_url=url, **options)
    return {
        (balancer["name"], entry["route"]): entry["state"]
        for balancer in found["balancers"]
        for entry in balancer["members"]
    }


def served_by(httpd, route):
    answer = requests.get(httpd.url("/"), cookies={"JSESSIONID": f"x.{route}"}, timeout=10)
    return answer.status_code, answer.text


def test_two_members_of_one_machine_are_told_apart(httpd):
    first, second = httpd.backends
    before = states(httpd.url())
    out = member(httpd.url(), balancer="shop", worker=f"http://127.0.0.1:{first}", state="disabled")
    assert (out["changed"], out["state_before"], out["state_after"]) == (True, "enabled", "disabled")
    assert states(httpd.url()) == {**before, ("shop", "t1"): "disabled"}
    assert served_by(httpd, "t1") == (200, str(second))
    assert served_by(httpd, "t2") == (200, str(second))


def test_a_route_in_two_balancers_needs_the_balancer(httpd):
    before = states(httpd.url())
    assert "not one member but 2" in member(httpd.url(), route="t1", state="disabled")["msg"]
    assert states(httpd.url()) == before
    assert member(httpd.url(), balancer="blog", route="t1", state="disabled")["changed"]
    assert states(httpd.url()) == {**before, ("blog", "t1"): "disabled"}


@pytest.mark.parametrize(
    "worker", ["http://127.0.0.1:{}/deep%20er", "http://[::1]:8080", "unix:/run/none.sock|http://localhost"]
)
def test_unusual_members(httpd, worker):
    worker = worker.format(httpd.backends[0])
    for state in ("draining", "stopped", "enabled"):
        out = member(httpd.url(), worker=worker, state=state)
        assert (out["worker"], out["changed"], out["state_after"]) == (worker, True, state)


def test_a_standby_stays_one_and_its_default_port_may_be_written(httpd):
    for state in ("disabled", "enabled"):
        out = member(httpd.url(), worker="ajp://127.0.0.1:8009", state=state)
        assert (out["changed"], out["member"]["standby"]) == (True, True)
    assert "Stby" in out["member"]["status"]


def test_nothing_is_sent_when_nothing_changes(httpd):
    member(httpd.url(), balancer="shop", route="t2", state="draining")
    page = httpd.page()
    again = member(httpd.url(), balancer="shop", route="t2", state="draining")
    assert again["changed"] is False
    checked = member(httpd.url(), balancer="shop", route="t2", state="enabled", _ansible_check_mode=True)
    assert (checked["changed"], checked["state_after"]) == (True, "enabled")
    assert httpd.page() == page


def test_a_server_that_knows_itself_by_another_name(httpd):
    url = httpd.url(port=httpd.canonical)
    # What a client gets that only sends the Referer of the address it uses: 200, and nothing is done.
    ignored = requests.get(url + "?xml=1", headers={"Referer": url}, timeout=5)
    assert (ignored.status_code, "<h1>" in ignored.text) == (200, True)
    out = member(url, route="t1", state="disabled")
    assert (out["changed"], out["state_after"]) == (True, "disabled")
    assert states(url)["shop", "t1"] == "disabled"


def test_a_wrong_nonce_is_noticed(httpd):
    """Something in between spoils the nonce: httpd answers 200 and does nothing."""

    class Spoiler(http.server.BaseHTTPRequestHandler):
        def answer(self, send, **more):
            reply = send(f"http://127.0.0.1:{httpd.port}{self.path}", timeout=5, **more)
            body = reply.content
            self.send_response(reply.status_code)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def headers_to_pass(self):
            return {name: self.headers[name] for name in ("Referer", "Content-Type") if self.headers[name]}

        def do_GET(self):
            self.answer(requests.get, headers=self.headers_to_pass())

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            self.answer(requests.post, data=body.replace("nonce=", "nonce=0"), headers=self.headers_to_pass())

        def log_message(self, *_arguments):
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Spoiler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    out = member(f"http://127.0.0.1:{server.server_port}/manager", balancer="shop", route="t1", state="disabled")
    server.shutdown()
    server.server_close()
    assert out["failed"] and "did not set" in out["msg"]
    assert states(httpd.url())["shop", "t1"] == "enabled"


def test_a_locked_balancer_is_named(httpd):
    out = member(httpd.url(), route="l1", state="disabled")
    assert out["failed"] and "'locked'" in out["msg"]
    assert states(httpd.url())["locked", "l1"] == "enabled"


def test_authentication(httpd):
    url = httpd.url("/guarded")
    for login in ({}, {"url_username": "operator", "url_password": "wrong"}):
        assert "401" in member(url, balancer="shop", route="t1", state="disabled", **login)["msg"]
    out = member(url, balancer="shop", route="t1", state="disabled", url_username="operator", url_password="secret")
    assert out["changed"]
    assert "secret" not in json.dumps({name: value for name, value in out.items() if name != "invocation"})


@pytest.mark.parametrize("path, part", [("/closed", "403"), ("/none", "not with a balancer-manager's page")])
def test_not_a_manager(httpd, path, part):
    assert part in member(httpd.url(path), route="t1", state="disabled")["msg"]


def test_the_manager_is_down(httpd):
    out = member(f"http://127.0.0.1:{free_port()}/manager", route="t1", state="disabled")
    assert out["failed"] and "cannot be reached: Failed to establish a new connection" in out["msg"]
    assert out["msg"].endswith("Connection refused")


def test_the_manager_never_answers():
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}/manager"
        out = member(url, route="t1", state="disabled", request_timeout=0.5)
    assert out["failed"] and "cannot be reached: Read timed out" in out["msg"]


def test_waits_for_the_request_in_flight(httpd):
    answers = []
    url = httpd.url("/slow")
    cookie = {"JSESSIONID": "x.t1"}
    slow = threading.Thread(target=lambda: answers.append(requests.get(url, cookies=cookie, timeout=60).status_code))
    slow.start()
    assert Backend.started.wait(10)
    key = {"balancer": "shop", "route": "t1", "state": "disabled", "wait": "idle"}
    hasty = member(httpd.url(), **key, timeout=0.5)
    assert hasty["failed"] and "1 request(s) in flight" in hasty["msg"]
    assert hasty["state_after"] == "disabled"
    going_on = member(httpd.url(), **key, timeout=0.5, on_timeout="proceed")
    assert (going_on["changed"], going_on["idle"], going_on["in_flight"]) == (False, False, 1)
    threading.Timer(1, Backend.let_go.set).start()
    patient = member(httpd.url(), **key, timeout=30)
    assert (patient["idle"], patient["in_flight"]) == (True, 0)
    slow.join()
    assert answers == [200]


def test_a_reload_keeps_the_state(httpd):
    member(httpd.url(), balancer="shop", route="t1", state="disabled")
    httpd.control("graceful")
    time.sleep(1)
    assert states(httpd.url())["shop", "t1"] == "disabled"
    assert member(httpd.url(), balancer="shop", route="t1", state="enabled")["changed"]


def test_a_reload_that_forgets_is_made_good_while_waiting(httpd):
    url = httpd.url(port=httpd.canonical)  # this one has no BalancerPersist
    threading.Timer(1, httpd.control, ["graceful"]).start()
    out = member(url, route="t1", state="disabled", wait="idle", stable_reads=30, interval=0.1, timeout=30)
    assert (out["idle"], out["state_after"]) == (True, "disabled")
    assert states(url)["shop", "t1"] == "disabled"


def test_keep_usable(httpd):
    before = states(httpd.url())
    assert "keep_usable" in member(httpd.url(), balancer="shop", route="t1", state="disabled", keep_usable=2)["msg"]
    assert states(httpd.url()) == before
    assert member(httpd.url(), balancer="shop", route="t1", state="disabled", keep_usable=1)["changed"]
