# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import grp
import os
import pwd
import socket
import sys

import pytest

from ansible_collections.roundrobin.tomcat.plugins.module_utils import _host
from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError

DEBIAN = 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nVERSION_ID="12"\nID=debian\n'
UBUNTU = 'ID=ubuntu\nID_LIKE=debian\nVERSION_ID="24.04"\n'
ROCKY = '# a comment\n\nID="rocky"\nID_LIKE="rhel centos fedora"\nVERSION_ID="9.4"\n'
MINT = 'ID=linuxmint\nID_LIKE="ubuntu debian"\nVERSION_ID="22"\n'
SID = "ID=debian\n"
ALPINE = "ID=alpine\nVERSION_ID=3.20.1\n"


@pytest.mark.parametrize(
    ("text", "names", "family"),
    [
        (DEBIAN, ["Debian 12", "Debian"], "Debian"),
        (UBUNTU, ["Ubuntu 24", "Debian 24", "Ubuntu", "Debian"], "Debian"),
        (ROCKY, ["Rocky 9", "RedHat 9", "Rocky", "RedHat"], "RedHat"),
        (MINT, ["linuxmint 22", "Debian 22", "linuxmint", "Debian"], "Debian"),
        (SID, ["Debian ", "Debian"], "Debian"),
        (ALPINE, ["alpine 3", "alpine"], ""),
    ],
)
def test_the_names_of_a_distribution(text, names, family):
    found = _host.distribution(text)
    assert (found["names"], found["family"]) == (names, family)


def test_os_release_is_the_first_that_is_there(tmp_path):
    (tmp_path / "second").write_text(DEBIAN)
    paths = [str(tmp_path / name) for name in ("first", "second")]
    assert _host.os_release(paths) == DEBIAN
    with pytest.raises(CollectionError, match="first are missing"):
        _host.os_release(paths[:1])


def test_the_closest_platform():
    assert _host.closest(["Debian", "Ubuntu 24"], _host.distribution(UBUNTU)) == "Ubuntu 24"
    assert _host.closest(["Debian", "Ubuntu 22"], _host.distribution(UBUNTU)) == "Debian"
    with pytest.raises(CollectionError, match="^alpine 3.20.1 is not supported: known are Debian, RedHat 9, and what"):
        _host.closest(["Debian", "RedHat 9"], _host.distribution(ALPINE))


@pytest.mark.parametrize(
    ("family", "out", "code"),
    [
        ("Debian", "installed lxml\nnot-installed requests\n", 1),
        ("RedHat", "installed lxml\npackage requests is not installed\npackage java is not installed\n", 2),
    ],
)
def test_missing_packages(family, out, code):
    asked = []

    def run(command):
        asked.append(command)
        return code, out, "dpkg-query: no packages found matching java"

    assert _host.missing(["lxml", "requests", "java"], family, run) == ["requests", "java"]
    assert asked == [[*_host.QUERIES[family], "lxml", "requests", "java"]]


def test_packages_that_cannot_be_asked_for():
    with pytest.raises(CollectionError, match="dpkg-query ended with 2: broken"):
        _host.missing(["lxml"], "Debian", lambda command: (2, "", "broken\n"))
    with pytest.raises(CollectionError, match="no package is known"):
        _host.missing(["lxml"], "", lambda command: (0, "", ""))
    assert _host.missing([], "", lambda command: (0, "", "")) == []


def test_users_that_exist():
    me = pwd.getpwuid(os.getuid())
    assert _host.users([me.pw_name, "nobody-of-this-name"]) == {
        me.pw_name: {
            "home": me.pw_dir,
            "shell": me.pw_shell,
            "group": grp.getgrgid(me.pw_gid).gr_name,
            "groups": sorted(
                one.gr_name for one in grp.getgrall() if me.pw_name in one.gr_mem and one.gr_gid != me.pw_gid
            ),
        }
    }


def test_groups_that_exist():
    group = grp.getgrgid(os.getgid()).gr_name
    assert _host.groups(["nobodys-group", group]) == [group]


def test_names_as_the_host_knows_them(monkeypatch):
    def look_up(name, port, type):
        if name == "gone.invalid":
            raise socket.gaierror(socket.EAI_NONAME, "unknown")
        addresses = [("127.0.1.1", 0), ("127.0.1.1", 0), ("fe80::1%eth0", 0, 0, 2)]
        return [(None, type, 6, "", address) for address in addresses]

    monkeypatch.setattr(_host.socket, "getaddrinfo", look_up)
    asked = ["app1.example.com", "gone.invalid", "198.18.0.1", "2001:db8::1"]
    assert _host.resolved(asked) == {"app1.example.com": ["127.0.1.1", "fe80::1"], "gone.invalid": []}


def test_what_python_cannot_import(tmp_path, monkeypatch):
    own = tmp_path / "python3"
    own.symlink_to(os.path.realpath(sys.executable))
    monkeypatch.setattr(_host.sys, "base_prefix", sys.prefix)
    found = _host.python(["json", "nothing_of_this_name"], str(own))
    assert found == {"executable": sys.executable, "distribution": True, "missing": ["nothing_of_this_name"]}
    assert not _host.python([], "/nowhere/python3")["distribution"]
    monkeypatch.setattr(_host.sys, "base_prefix", "/elsewhere")
    assert not _host.python([], str(own))["distribution"]


def test_contents(tmp_path, monkeypatch):
    (tmp_path / "file").write_bytes(b"text \xff\n")
    (tmp_path / "masked").symlink_to("/dev/null")
    assert _host.content(str(tmp_path / "file")) == "text \ufffd\n"
    assert _host.content(str(tmp_path / "masked")) == ""
    assert _host.content(str(tmp_path / "none/file")) is None
    assert _host.content(str(tmp_path / "file/below")) is None
    with pytest.raises(CollectionError, match="cannot be read: Is a directory"):
        _host.content(str(tmp_path))
    monkeypatch.setattr(_host, "CONTENT_MAX_BYTES", 3)
    with pytest.raises(CollectionError, match="more than 3 bytes"):
        _host.content(str(tmp_path / "file"))
