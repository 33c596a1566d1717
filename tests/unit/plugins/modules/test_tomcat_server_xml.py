# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module on real files; what each option does to a server.xml is tested with module_utils/_xml."""

from __future__ import annotations

import pathlib
import stat

import pytest

from ansible_collections.roundrobin.tomcat.plugins.module_utils._xml import run as xml_run
from ansible_collections.roundrobin.tomcat.plugins.modules import tomcat_server_xml

FIXTURES = pathlib.Path(__file__).resolve().parents[2] / "fixtures"


SERVER = {
    "shutdown_port": -1,
    "jvm_route": "jvm1",
    "connectors": [
        {
            "protocol": "AJP/1.3",
            "match": "protocol",
            "port": 8109,
            "attributes": {"secret": "hush-hush", "bindOnInit": False},
        },
        {"protocol": "HTTP/1.1", "match": "protocol", "state": "disabled"},
    ],
}


# One of each kind, with secrets at all depths.
PARTS = {
    "executors": [{"name": "pool", "attributes": {"maxThreads": 9}}],
    "connectors": [
        {
            "protocol": "HTTP/1.1",
            "port": 8443,
            "identify_by": {"executor": "pool"},
            "children": [
                {
                    "tag": "SSLHostConfig",
                    "children": [
                        {
                            "tag": "Certificate",
                            "identify_by": {"type": "RSA"},
                            "attributes": {"certificateKeystorePassword": "hush-hush"},
                        }
                    ],
                }
            ],
        }
    ],
    "hosts": [{"children": [{"tag": "Alias", "text": "www.example.com"}, {"tag": "Password", "text": "hush-hush"}]}],
    "contexts": [{"path": "", "attributes": {"docBase": "root"}}],
    "listeners": [{"class_name": "a.L", "identify_by": {"pin": "hush-hush"}}],
    "valves": [{"class_name": "a.V", "parent": "engine"}],
    "realms": [{"class_name": "org.apache.catalina.realm.LockOutRealm"}],
    "clusters": [{"children": [{"tag": "Channel"}]}],
    "global_resources": [{"name": "jdbc/shop", "attributes": {"password": "hush-hush"}}],
    "purge": ["executors", "valves"],
    "secret_attributes": ["pin"],
}


@pytest.mark.parametrize("options", [SERVER, PARTS])
def test_check_run_and_run_again(edit_thrice, options):
    edit_thrice(tomcat_server_xml, options)


def test_owner_and_mode_stay(edit, tmp_path):
    path = tmp_path / "server.xml"
    path.write_bytes((FIXTURES / "server.xml").read_bytes())
    path.chmod(0o604)
    result, path = edit(tomcat_server_xml, SERVER)
    assert result["changed"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o604


def test_a_symbolic_link_stays_one(edit, tmp_path):
    real = tmp_path / "shared" / "server.xml"
    real.parent.mkdir()
    real.write_bytes((FIXTURES / "server.xml").read_bytes())
    (tmp_path / "server.xml").symlink_to("shared/server.xml")
    result, path = edit(tomcat_server_xml, {"jvm_route": "a", "backup": True, "mode": "0600"})
    assert path.is_symlink()
    assert b'jvmRoute="a"' in real.read_bytes()
    assert stat.S_IMODE(real.stat().st_mode) == 0o600
    assert pathlib.Path(result["backup_file"]).parent == real.parent


def test_only_the_mode_differs(edit):
    result, path = edit(tomcat_server_xml, {"mode": "0600", "jvm_route": "a"})
    result, path = edit(tomcat_server_xml, {"mode": "0604", "jvm_route": "a"}, check=True)
    assert (result["changed"], result["changes"]) == (True, [])
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("options", "data", "message"),
    [
        ({"jvm_route": "a.b"}, None, "jvm_route: 'a.b' is not a route"),
        ({"jvm_route": "a"}, b"<Server>\n<Service></Server>", "server.xml:2:"),
        ({"jvm_route": "a", "path": "/nowhere/server.xml"}, None, "/nowhere"),
        ({"connectors": [{"protocol": "ajp", "port": 1, "state": "off"}]}, None, "state"),
        ({"connectors": [{"port": 1}]}, None, "protocol"),
        ({"hosts": [{"children": [{"tag": "Alias", "txt": "a"}]}]}, None, "'txt' is not known; did you mean 'text'?"),
        ({"elements": [{"parent": "/Server", "tag": "X", "children": [{}]}]}, None, "tag is missing"),
        ({"purge": ["valves"]}, None, "purge: valves is named but the option valves is not given"),
        ({"purge": ["valve"]}, None, "value of purge must be one or more of"),
        ({"global_resources": [{"name": "a", "tag": "Resorce"}]}, None, "value of tag must be one of"),
        ({"jvm_route": "********"}, None, "is not a route"),
        (
            {"listeners": [{"class_name": "a.L", "attributes": {"x": "********"}}]},
            None,
            "the secret itself is expected",
        ),
    ],
)
def test_failures(edit, options, data, message):
    result, path = edit(tomcat_server_xml, options, data=data)
    assert result["failed"]
    assert message in result["msg"]
    assert path.read_bytes() == (data or (FIXTURES / "server.xml").read_bytes())


@pytest.mark.parametrize(
    ("options", "warning"),
    [
        # The file of this test has its shutdown port there already.
        ({"jvm_route": "a"}, "port 8080 is used twice"),
        (
            {"shutdown_port": 8005, "hosts": [{"attributes": {"autodeploy": True}}]},
            "attribute 'autodeploy' is not known to Tomcat 9, 10.1 or 11; did you mean 'autoDeploy'?",
        ),
    ],
)
def test_warnings(edit, warned, options, warning):
    data = (FIXTURES / "server.xml").read_bytes().replace(b'"8005"', b'"8080"')
    result, path = edit(tomcat_server_xml, options, data=data)
    assert result["changed"]
    assert len(warned) == 1
    assert warned[0].startswith(f"{path}: ")
    assert warning in warned[0]


def test_lxml_is_missing(edit, monkeypatch):
    monkeypatch.setattr(xml_run, "LXML_IMPORT_ERROR", "Traceback")
    result, _path = edit(tomcat_server_xml, {})
    assert result["failed"]
    assert "lxml" in result["msg"]
