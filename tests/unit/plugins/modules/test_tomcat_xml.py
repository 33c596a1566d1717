# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import os
import pathlib
import stat

import pytest
from ansible.module_utils.testing import patch_module_args

from ansible_collections.roundrobin.tomcat.plugins.module_utils._xml import run as xml_run
from ansible_collections.roundrobin.tomcat.plugins.modules import tomcat_context_xml, tomcat_server_xml

FIXTURES = pathlib.Path(__file__).resolve().parents[2] / "fixtures"


@pytest.fixture
def run(tmp_path, capsys):
    """Run a module as Ansible does and return what it prints."""

    def _run(module, options, check=False, data=None):
        name = "server.xml" if module is tomcat_server_xml else "context.xml"
        path = tmp_path / name
        if not path.exists():
            path.write_bytes(data or (FIXTURES / name).read_bytes())
        arguments = {"path": str(path), "_ansible_check_mode": check, "_ansible_diff": True, **options}
        with patch_module_args(arguments), pytest.raises(SystemExit):
            module.main()
        return json.loads(capsys.readouterr().out.splitlines()[-1]), path

    return _run


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
CONTEXT = {"manager": {"class_name": "a.B", "attributes": {"password": "hush-hush", "sticky": True}}}


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
CONTEXT_PARTS = {
    "context": {"attributes": {"reloadable": False}},
    "manager": {"children": [{"tag": "Store", "attributes": {"connectionPassword": "hush-hush"}}]},
    "resources": [{"name": "jdbc/shop"}, {"name": "x", "tag": "Environment"}],
    "parameters": [{"name": "x", "attributes": {"value": 1}}],
    "valves": [{"class_name": "a.V"}],
    "purge": ["resources", "parameters", "valves"],
    "elements": [{"parent": "/Context", "tag": "WatchedResource", "text": "WEB-INF/shop.xml"}],
}


@pytest.mark.parametrize(
    ("module", "options"),
    [
        (tomcat_server_xml, SERVER),
        (tomcat_server_xml, PARTS),
        (tomcat_context_xml, CONTEXT),
        (tomcat_context_xml, CONTEXT_PARTS),
    ],
)
def test_check_run_and_run_again(run, module, options):
    predicted, path = run(module, options, check=True)
    original = path.read_bytes()
    done, path = run(module, {**options, "backup": True, "mode": "0640"})
    again, path = run(module, {**options, "backup": True, "mode": "0640"})
    assert [predicted["changed"], done["changed"], again["changed"]] == [True, True, False]
    assert predicted["changes"] == done["changes"]
    assert predicted["diff"][0] == done["diff"][0]
    assert again["changes"] == []
    assert b"hush-hush" in path.read_bytes()
    assert "hush" not in json.dumps([predicted, done, again])
    assert pathlib.Path(done["backup_file"]).read_bytes() == original
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert len(os.listdir(path.parent)) == 2


def test_owner_and_mode_stay(run, tmp_path):
    path = tmp_path / "server.xml"
    path.write_bytes((FIXTURES / "server.xml").read_bytes())
    path.chmod(0o604)
    result, path = run(tomcat_server_xml, SERVER)
    assert result["changed"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o604


def test_a_symbolic_link_stays_one(run, tmp_path):
    real = tmp_path / "shared" / "server.xml"
    real.parent.mkdir()
    real.write_bytes((FIXTURES / "server.xml").read_bytes())
    (tmp_path / "server.xml").symlink_to("shared/server.xml")
    result, path = run(tomcat_server_xml, {"jvm_route": "a", "backup": True, "mode": "0600"})
    assert path.is_symlink()
    assert b'jvmRoute="a"' in real.read_bytes()
    assert stat.S_IMODE(real.stat().st_mode) == 0o600
    assert pathlib.Path(result["backup_file"]).parent == real.parent


def test_only_the_mode_differs(run):
    result, path = run(tomcat_server_xml, {"mode": "0600", "jvm_route": "a"})
    result, path = run(tomcat_server_xml, {"mode": "0604", "jvm_route": "a"}, check=True)
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
def test_failures(run, options, data, message):
    result, path = run(tomcat_server_xml, options, data=data)
    assert result["failed"]
    assert message in result["msg"]
    assert path.read_bytes() == (data or (FIXTURES / "server.xml").read_bytes())


@pytest.mark.parametrize(
    ("module", "options", "warning"),
    [
        # The file of this test has its shutdown port there already.
        (tomcat_server_xml, {"jvm_route": "a"}, "port 8080 is used twice"),
        (
            tomcat_server_xml,
            {"shutdown_port": 8005, "hosts": [{"attributes": {"autodeploy": True}}]},
            "attribute 'autodeploy' is not known to Tomcat 9, 10.1 or 11; did you mean 'autoDeploy'?",
        ),
        (
            tomcat_context_xml,
            {"context": {"attributes": {"reloadble": True}}},
            "Context: attribute 'reloadble' is not known to Tomcat 9, 10.1 or 11; did you mean 'reloadable'?",
        ),
    ],
)
def test_warnings(run, monkeypatch, module, options, warning):
    # Where a warning goes from there depends on what else this process has loaded of Ansible.
    warnings = []
    monkeypatch.setattr(module.AnsibleModule, "warn", lambda self, warning: warnings.append(warning))
    name = "server.xml" if module is tomcat_server_xml else "context.xml"
    result, path = run(module, options, data=(FIXTURES / name).read_bytes().replace(b'"8005"', b'"8080"'))
    assert result["changed"]
    assert len(warnings) == 1
    assert warnings[0].startswith(f"{path}: ")
    assert warning in warnings[0]


@pytest.mark.parametrize("module", [tomcat_server_xml, tomcat_context_xml])
def test_lxml_is_missing(run, module, monkeypatch):
    monkeypatch.setattr(xml_run, "LXML_IMPORT_ERROR", "Traceback")
    result, _path = run(module, {})
    assert result["failed"]
    assert "lxml" in result["msg"]
