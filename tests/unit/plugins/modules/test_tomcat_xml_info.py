# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import pathlib
import shutil

import pytest
from ansible.module_utils.testing import patch_module_args

from ansible_collections.roundrobin.tomcat.plugins.modules import (
    tomcat_context_xml,
    tomcat_context_xml_info,
    tomcat_server_xml,
    tomcat_server_xml_info,
)

FIXTURES = pathlib.Path(__file__).resolve().parents[2] / "fixtures"
MODULES = {
    "server.xml": (tomcat_server_xml_info, tomcat_server_xml),
    "context.xml": (tomcat_context_xml_info, tomcat_context_xml),
}


@pytest.fixture
def run(capsys):
    """Run a module as Ansible does and return what it prints."""

    def _run(module, **options):
        with patch_module_args(options), pytest.raises(SystemExit):
            module.main()
        return json.loads(capsys.readouterr().out.splitlines()[-1])

    return _run


@pytest.mark.parametrize("name", MODULES)
def test_read_and_given_back(run, tmp_path, name):
    info, edit = MODULES[name]
    path = str(shutil.copy(FIXTURES / name, tmp_path))
    for check in (True, False):
        said = run(info, path=path, _ansible_check_mode=check)
        assert not said["changed"]
        done = run(edit, path=path, _ansible_check_mode=check, **said[name.replace(".", "_")])
        assert (done["changed"], done["changes"]) == (False, [])
        assert done.get("warnings", []) == []
    assert pathlib.Path(path).read_bytes() == (FIXTURES / name).read_bytes()


def test_read_by_who_may_only_read(run, tmp_path):
    path = tmp_path / "server.xml"
    path.write_text('<Server><Service name="a"/><Service name="b"><Connector port="1" pin="hush"/></Service></Server>')
    path.chmod(0o444)
    tmp_path.chmod(0o555)
    said = run(tomcat_server_xml_info, path=str(path), service="b", secret_attributes=["pin"])
    tmp_path.chmod(0o755)
    assert said["server_xml"]["service"] == {"name": "b"}
    assert said["secrets"] == [{"element": 'Server/Service[@name="b"]/Connector[@port="1"]', "attribute": "pin"}]
    assert "hush" not in json.dumps(said)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<Server", "is not well-formed XML"),
        ("<web-app/>", "the root element is web-app; a Tomcat server.xml begins with Server"),
        ('<Server><Service name="a"/><Service name="b"/></Server>', "service says which is meant"),
    ],
)
def test_a_clear_error(run, tmp_path, text, message):
    path = tmp_path / "server.xml"
    path.write_text(text)
    said = run(tomcat_server_xml_info, path=str(path))
    assert said["failed"]
    assert str(path) in said["msg"]
    assert message in said["msg"]
