# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.roundrobin.tomcat.plugins.module_utils import _units
from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError


@pytest.fixture(autouse=True)
def booted(monkeypatch, tmp_path):
    monkeypatch.setattr(_units, "BOOTED", str(tmp_path))


def test_a_host_without_systemd_has_none(monkeypatch):
    monkeypatch.setattr(_units, "BOOTED", "/no/such/directory")
    assert _units.units(["a.service"], None) == {}


def block(**properties):
    standard = {
        "LoadState": "loaded",
        "ActiveState": "inactive",
        "UnitFileState": "",
        "FragmentPath": "",
        "DropInPaths": "",
    }
    return "".join(f"{name}={value}\n" for name, value in {**standard, **properties}.items())


@pytest.mark.parametrize("mark", _units.MARKS)
def test_units_that_are_there(tmp_path, mark):
    ours = tmp_path / "tomcat@a.service"
    ours.write_text(f"#\n# Ansible managed\n#\n{mark}\n[Unit]\n")
    asked = []

    def run(command):
        asked.append(command)
        blocks = [
            block(
                FragmentPath=ours,
                ActiveState="active",
                UnitFileState="enabled",
                DropInPaths="/etc/x/a.conf /etc/x/b.conf",
            ),
            block(LoadState="not-found"),
            block(FragmentPath="/lib/tomcat@.service", ActiveState="activating", UnitFileState="disabled"),
            block(LoadState="not-found", ActiveState="active"),
        ]
        return 0, "\n".join(blocks), ""

    starting = {"active": True, "starting": True}
    assert _units.units(["a", "b", "c", "d"], run) == {
        "a": {
            "file": str(ours),
            "drop_ins": ["/etc/x/a.conf", "/etc/x/b.conf"],
            "active": True,
            "starting": False,
            "enabled": True,
            "ours": True,
        },
        "c": {"file": "/lib/tomcat@.service", "drop_ins": [], **starting, "enabled": False, "ours": False},
        "d": {"file": "", "drop_ins": [], "active": True, "starting": False, "enabled": False, "ours": False},
    }
    assert [command[0] for command in asked] == ["systemctl"]
    assert asked[0][-5:] == ["--", "a", "b", "c", "d"]


def test_nothing_is_asked_for_nothing():
    assert _units.units([], lambda command: (1, "", "never")) == {}


def test_without_systemd():
    with pytest.raises(CollectionError, match="systemctl show a ended with 1: not booted"):
        _units.units(["a"], lambda command: (1, "", "not booted\n"))


def test_the_file_of_its_own_goes_before_the_template(tmp_path):
    (tmp_path / "tomcat@.service").write_text("[Unit]\n")
    (tmp_path / "tomcat@a.service").write_text(f"{_units.MARKS[0]}\n")
    (tmp_path / "old@.service").write_text(f"{_units.MARKS[1]}\n")
    (tmp_path / "old@b.service").write_text("[Unit]\n")
    names = ["tomcat@a.service", "tomcat@b.service", "old@a.service", "old@b.service", "none.service", ""]
    assert [_units.is_ours(name, str(tmp_path)) for name in names] == [True, False, True, False, False, False]
