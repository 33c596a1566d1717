# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

import pytest
from ansible.module_utils.testing import patch_module_args

from ansible_collections.roundrobin.tomcat.plugins.module_utils import _installation
from ansible_collections.roundrobin.tomcat.plugins.modules import adopt_info


@pytest.fixture
def run(capsys, monkeypatch):
    """Run the module as Ansible does on a machine that has nothing else, and return what it prints."""
    monkeypatch.setattr(_installation, "_processes", lambda proc, reader: iter(()))
    monkeypatch.setattr(_installation, "UNIT_DIRECTORIES", ())

    def _run(**options):
        with patch_module_args(options), pytest.raises(SystemExit):
            adopt_info.main()
        return json.loads(capsys.readouterr().out.splitlines()[-1])

    return _run


def test_tomcats_and_httpd(run, tmp_path):
    base = tmp_path / "t1"
    (base / "conf").mkdir(parents=True)
    (base / "conf/server.xml").write_text("<Server/>")
    config = tmp_path / "httpd.conf"
    config.write_text("<Proxy balancer://c>\nBalancerMember ajp://localhost:8009 route=jvm1\n</Proxy>\n")
    for check in (True, False):
        said = run(bases=[str(base)], httpd=[str(tmp_path / "none"), str(config)], _ansible_check_mode=check)
        assert not said["changed"]
        assert [one["base"] for one in said["tomcats"]] == [str(base)]
        assert said["files"] == {str(base / "conf/server.xml"): "<Server/>"}
        assert [line["name"] for line in said["httpd"]["lines"]] == ["balancermember"]
        assert "127.0.0.1" in said["resolved"]["localhost"]


def test_nothing_there(run, tmp_path):
    said = run(httpd=[str(tmp_path / "none")])
    assert (said["tomcats"], said["httpd"], said["unreadable"]) == ([], None, [])


def test_an_httpd_that_cannot_be_read(run, tmp_path):
    (tmp_path / "httpd.conf").write_text("Include httpd.conf\n")
    said = run(httpd=[str(tmp_path / "httpd.conf")])
    assert said["httpd"] is None
    assert "include one another" in said["unreadable"][0]["reason"]


def test_a_host_that_does_not_say_its_addresses():
    assert adopt_info._addresses(lambda argv: (1, "", "unknown option")) == []
    assert adopt_info._addresses(lambda argv: (0, "192.0.2.11 2001:db8::1 \n", "")) == ["192.0.2.11", "2001:db8::1"]
