# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real httpd on loopback with back ends behind it, for the tests of the balancer modules.

Needs the program apache2 (Debian) or httpd (RHEL) and the library requests; nothing of the machine's own httpd is used.
"""

from __future__ import annotations

import contextlib
import http.server
import os
import pathlib
import re
import shutil
import socketserver
import subprocess
import tempfile
import threading
import time

import pytest
import requests
from loopback import free_port, run_module

HTTPD = shutil.which("apache2", path=os.environ.get("PATH", "") + ":/usr/sbin") or shutil.which("httpd")
MODULES = next((path for path in ("/usr/lib/apache2/modules", "/usr/lib64/httpd/modules") if os.path.isdir(path)), None)
needs_httpd = pytest.mark.skipif(not HTTPD or not MODULES, reason="there is no httpd on this machine")
WANTED_MODULES = [
    *["mpm_event", "authn_core", "authn_file", "authz_core", "authz_host", "authz_user", "auth_basic", "log_config"],
    *["proxy", "proxy_http", "proxy_ajp", "proxy_http2", "proxy_fcgi", "proxy_scgi", "proxy_wstunnel"],
    *["slotmem_shm", "proxy_balancer", "lbmethod_byrequests", "watchdog", "proxy_hcheck", "ssl", "http2"],
    *["alias", "headers", "remoteip", "setenvif"],
]

COMMON = """
ServerRoot "{root}"
DefaultRuntimeDir "{root}"
PidFile "{root}/httpd.pid"
ErrorLog "{root}/error.log"
ServerName front.test
{user}
{modules}
"""

# A test's configuration has {manager} and {login} for these.
MANAGER = """<Location "/manager">
    SetHandler balancer-manager
  </Location>
  ProxyPass "/manager" "!"
"""
LOGIN = """AuthType Basic
    AuthName manager
    AuthUserFile "{root}/users"
    Require valid-user
"""


class Backend(http.server.BaseHTTPRequestHandler):
    """Answers at once, but for /slow, which waits until it is let go."""

    let_go = threading.Event()
    started = threading.Event()

    def do_GET(self):
        if self.path.startswith("/slow"):
            self.started.set()
            self.let_go.wait(60)
        body = str(self.server.answer).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments):
        """Say nothing."""


class UnixServer(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """The same on a socket file."""

    daemon_threads = True


@contextlib.contextmanager
def serving(server, answer):
    """Let a server answer in the background."""
    server.answer = answer
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


@contextlib.contextmanager
def backend():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Backend)
    with serving(server, server.server_port):
        yield server.server_port


@contextlib.contextmanager
def unix_backend(path):
    server = UnixServer(str(path), Backend)
    os.chmod(path, 0o777)
    with serving(server, path):
        yield path


def module_files():
    """Where the modules are; some are built in (mod_watchdog of Debian) and have no file."""
    files = ((name, pathlib.Path(MODULES) / f"mod_{name}.so") for name in WANTED_MODULES)
    return [(name, path) for name, path in files if path.exists()]


class Httpd:
    """A private httpd; its working directory is its only trace. Every {name} in its configuration is a value given."""

    def __init__(self, root, config, port, **values):
        self.root = root
        self.port = port
        self.config = root / "httpd.conf"
        self.log = root / "error.log"
        # The hash is of "secret".
        (root / "users").write_text("operator:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=\n")
        # Its children, another user, must get in.
        os.chmod(root, 0o755)
        self.config.write_text(
            (COMMON + config).format(
                root=root,
                port=port,
                manager=MANAGER,
                login=LOGIN.format(root=root),
                user="User nobody\nGroup #65534" if os.geteuid() == 0 else "",
                modules="\n".join(f'LoadModule {name}_module "{path}"' for name, path in module_files()),
                **values,
            )
        )

    def start(self):
        """Run it in the foreground, so that its end can be waited for."""
        command = [HTTPD, "-f", str(self.config), "-D", "FOREGROUND"]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.wait()

    def stop(self):
        self.control("stop")
        self.process.wait(30)

    def control(self, what):
        subprocess.run([HTTPD, "-f", str(self.config), "-k", what], check=True, capture_output=True, timeout=30)

    def url(self, path="/manager", port=None):
        return f"http://127.0.0.1:{port or self.port}{path}"

    def wait(self):
        for _attempt in range(300):
            with contextlib.suppress(requests.ConnectionError):
                return requests.get(self.url(), timeout=5).text
            time.sleep(0.1)
        raise AssertionError(self.log.read_text() if self.log.exists() else "httpd did not start")

    def page(self):
        return requests.get(self.url() + "?xml=1", headers={"Referer": self.url()}, timeout=5).text

    def statuses(self):
        """Every member's name and status, by httpd's own page."""
        pattern = r"<httpd:name>([^<]*)</httpd:name>\s*<httpd:scheme>.*?<httpd:status>([^<]*) <"
        return re.findall(pattern, self.page(), re.DOTALL)

    def once_disabled(self, action, port=None):
        """Do something in the background as soon as some member is disabled."""

        def watch():
            while " Dis " not in requests.get(self.url(port=port), timeout=5).text:
                time.sleep(0.05)
            action()

        watcher = threading.Thread(target=watch)
        watcher.start()
        return watcher


@contextlib.contextmanager
def running(config, **values):
    """Start an httpd, stop it at the end, and let no request hang."""
    # Not pytest's own directory, which only its user gets into.
    with tempfile.TemporaryDirectory() as root:
        server = Httpd(pathlib.Path(root), config, free_port(), **values)
        Backend.let_go.clear()
        Backend.started.clear()
        server.start()
        try:
            yield server
        finally:
            Backend.let_go.set()
            server.stop()


def member(url, **options):
    return run_module("httpd_balancer_member", manager_url=url, **options)


def refusals(url):
    """Why each balancer would not follow a change, empty for those that would."""
    return run_module("httpd_balancer_info", manager_url=url, try_out=True)["refusals"]


def states(url, **options):
    found = run_module("httpd_balancer_info", manager_url=url, **options)
    return {
        (balancer["name"], entry["route"]): entry["state"]
        for balancer in found["balancers"]
        for entry in balancer["members"]
    }


def served_by(httpd, route, path="/", timeout=10):
    """What a request of a session with that route gets."""
    answer = requests.get(httpd.url(path), cookies={"JSESSIONID": f"x.{route}"}, timeout=timeout)
    return answer.status_code, answer.text
