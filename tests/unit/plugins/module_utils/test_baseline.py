# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is read of a host. Real hosts are in molecule/cluster/tests/test_verify.py."""

from __future__ import annotations

import contextlib
import getpass
import http.server
import os
import socket
import threading

import pytest

from ansible_collections.roundrobin.tomcat.plugins.module_utils import _baseline
from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError
from ansible_collections.roundrobin.tomcat.plugins.module_utils._xml.document import XmlDocument


def systemd(active="active", pid=7, denied="0.0.0.0/0 ::/0", exposure="1.1 OK"):
    """What runs the two programs, and says this."""

    def run(argv):
        if argv[0] == "systemctl":
            return 0, f"ActiveState={active}\nMainPID={pid}\nIPAddressDeny={denied}\n", ""
        return 0, f"  PrivateTmp=...\n\n→ Overall exposure level for {argv[-1]}: {exposure} 🙂\n", ""

    return run


@pytest.fixture
def proc(tmp_path):
    (tmp_path / "7").mkdir()
    (tmp_path / "7/status").write_text(f"Name:\tjava\nUmask:\t0027\nUid:\t0\t{os.getuid()}\t0\t0\n")
    (tmp_path / "7/cmdline").write_bytes(b"java\0-Djdk.serialFilter=!x\0-Dpassword=secret\0")
    return str(tmp_path)


def test_a_unit_that_runs(proc):
    found = _baseline.unit("tomcat@a.service", ["-Djdk.serialFilter="], systemd(), proc)
    assert (found["active"], found["denies_addresses"], found["umask"]) == (True, True, "0027")
    assert (found["user"], found["exposure"]) == (getpass.getuser(), 1.1)
    assert found["java_options"] == ["-Djdk.serialFilter=!x"]


def test_a_unit_that_does_not_run(proc):
    found = _baseline.unit("tomcat@a.service", [""], systemd("inactive", 0, "", "?"), proc)
    assert (found["active"], found["denies_addresses"], found["exposure"]) == (False, False, None)
    assert (found["user"], found["shell"], found["umask"]) == ("", "", "")


def test_a_systemd_that_does_not_answer_is_told():
    with pytest.raises(CollectionError, match="ended with 1: no bus"):
        _baseline.unit("tomcat@a.service", [], lambda argv: (1, "", "no bus"))


def test_whom_files_are_open_to(tmp_path):
    for name, mode in (("shut", 0o640), ("open", 0o644)):
        (tmp_path / name).write_text("")
        (tmp_path / name).chmod(mode)
    (tmp_path / "link").symlink_to("/nowhere")
    tmp_path.chmod(0o750)
    path = str(tmp_path)
    assert _baseline.tree(path, "nobody-of-this-name") == {
        "exists": True,
        "for_everybody": [f"{path}/open 0644"],
        "written_by_user": [],
    }
    mine = _baseline.tree(path, getpass.getuser())["written_by_user"]
    assert mine == [path, f"{path}/open", f"{path}/shut"]
    assert not _baseline.tree(f"{path}/none", "root")["exists"]


def test_elements_without_secrets():
    text = b'<Server port="-1"><Service><Connector secret="abc"/></Service></Server>'
    assert _baseline.elements(XmlDocument(text, "server.xml")) == [
        {"path": "Server", "attributes": {"port": "-1"}},
        {"path": "Server/Service", "attributes": {}},
        {"path": "Server/Service/Connector", "attributes": {"secret": "********"}},
    ]


def test_parameters_of_servlets():
    text = (
        b"<web-app><servlet><servlet-name>x</servlet-name><servlet-class>a.B</servlet-class>"
        b"<init-param><param-name>debug</param-name><param-value>0</param-value></init-param></servlet></web-app>"
    )
    assert _baseline.servlets(XmlDocument(text, "web.xml")) == {"a.B": {"debug": "0"}}


class Handler(http.server.BaseHTTPRequestHandler):
    goes_on = False

    def do_GET(self):
        if self.goes_on and self.path.startswith("http://"):
            host, _colon, port = self.path.split("/")[2].partition(":")
            socket.create_connection((host, int(port))).close()
        self.send_response(404)
        self.send_header("X-Powered-By", "me")
        self.end_headers()
        self.wfile.write(b"gone")

    def log_message(self, *args):
        """Nothing."""


@contextlib.contextmanager
def served(goes_on):
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), type("It", (Handler,), {"goes_on": goes_on})) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


def test_an_answer_and_none():
    with served(False) as url:
        found = _baseline.ask(url, "GET", {}, None)
        assert (found["status"], found["body"], found["headers"]["x-powered-by"]) == (404, "gone", "me")
    found = _baseline.ask(url, "GET", {}, None)
    assert found["status"] is None
    assert "refused" in found["reason"]
    assert _baseline.is_open_proxy(url) is None
    assert _baseline.speaks_old_tls(url) is None


@pytest.mark.parametrize("goes_on", [True, False])
def test_an_open_proxy(goes_on):
    with served(goes_on) as url:
        assert _baseline.is_open_proxy(url) is goes_on


def test_a_server_without_tls_speaks_none_of_the_old():
    with served(False) as url:
        assert not _baseline.speaks_old_tls(url)


def test_the_version_of_httpd():
    def run(argv):
        assert argv == ["httpd", "-v"]
        return 0, "Server version: Apache/2.4.65 (Debian)\n", ""

    assert _baseline.httpd_version("httpd", run) == "2.4.65"
    with pytest.raises(CollectionError, match="ended with 1: broken"):
        _baseline.httpd_version("httpd", lambda argv: (1, "", "broken"))
