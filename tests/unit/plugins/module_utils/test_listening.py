# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import socket

import pytest

from ansible_collections.roundrobin.tomcat.plugins.module_utils import _listening

HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"


def line(address, state, inode):
    return f"   0: {address} 00000000:0000 {state} 00000000:00000000 00:00000000 00000000 0 0 {inode} 1\n"


@pytest.fixture
def proc(tmp_path):
    """A kernel with a Tomcat, an httpd of two processes, and a socket that nobody can be seen to have."""
    (tmp_path / "net").mkdir()
    tcp = [line("0100007F:1F49", "0A", 11), line("0100007F:1F49", "01", 12), line("00000000:0050", "0A", 13)]
    tcp6 = [
        line("00000000000000000000000000000000:01BB", "0A", 14),
        line("0000000000000000FFFF00000A02000A:1F90", "0A", 15),
    ]
    (tmp_path / "net/tcp").write_text(HEAD + "".join(tcp))
    (tmp_path / "net/tcp6").write_text(HEAD + "".join(tcp6))
    for pid, name, unit, inodes in (
        (7, "java", "system-tomcat.slice/tomcat@legacy.service", [11]),
        (8, "apache2", "apache2.service", [13, 14]),
        (9, "apache2", "apache2.service", [13, 14]),
    ):
        (tmp_path / f"{pid}/fd").mkdir(parents=True)
        (tmp_path / f"{pid}/comm").write_text(f"{name}\n")
        (tmp_path / f"{pid}/cgroup").write_text(f"0::/system.slice/{unit}\n")
        os.symlink("/dev/null", tmp_path / f"{pid}/fd/0")
        for inode in inodes:
            os.symlink(f"socket:[{inode}]", tmp_path / f"{pid}/fd/{inode}")
    return str(tmp_path)


def test_who_listens(proc):
    found = [tuple(entry.values()) for entry in _listening.listening(proc)]
    assert found == [
        ("0.0.0.0", 80, 8, "apache2", "apache2.service"),
        ("::", 443, 8, "apache2", "apache2.service"),
        ("127.0.0.1", 8009, 7, "java", "tomcat@legacy.service"),
        ("10.0.2.10", 8080, None, "", ""),
    ]


def test_udp(proc, tmp_path):
    assert _listening.udp_ports(proc) == []
    (tmp_path / "net/udp").write_text(HEAD + line("0100007F:2BCB", "07", 16) + line("0100007F:1F49", "01", 17))
    assert _listening.udp_ports(proc) == [11211]


def test_this_very_process():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        (found,) = [entry for entry in _listening.listening() if entry["port"] == port]
    assert (found["address"], found["pid"]) == ("127.0.0.1", os.getpid())


def test_a_kernel_without_ipv6(proc):
    os.unlink(f"{proc}/net/tcp6")
    assert [entry["port"] for entry in _listening.listening(proc)] == [80, 8009]


@pytest.mark.parametrize(
    ("cgroup", "unit"),
    [
        ("0::/system.slice/tomcat10.service\n", "tomcat10.service"),
        ("12:cpu:/\n1:name=systemd:/user.slice/user-0.slice/session-1.scope\n", "session-1.scope"),
        ("0::/user.slice/user-0.slice/user@0.service/app.slice/nc.service/part\n", "nc.service"),
        ("0::/\n", ""),
        ("", ""),
    ],
)
def test_the_unit_of_a_process(cgroup, unit):
    assert _listening.unit_of(cgroup) == unit


@pytest.mark.parametrize(
    ("addresses", "near"),
    [
        (["0.0.0.0"], "127.0.0.1"),
        (["::"], "127.0.0.1"),
        (["192.0.2.10", "127.0.0.1"], "127.0.0.1"),
        (["2001:db8::1", "192.0.2.10"], "192.0.2.10"),
        (["192.0.2.10", "::1"], "::1"),
        ([], None),
    ],
)
def test_where_the_machine_reaches_a_port(addresses, near):
    assert _listening.near_address(addresses) == near


@pytest.mark.parametrize(
    ("url", "near"),
    [
        ("http://127.0.0.1:8080/health?a=b", "http://10.0.2.10:8080/health?a=b"),
        ("http://127.0.0.1:80/health", "http://127.0.0.1:80/health"),
        ("http://127.0.0.1:9999/", "http://127.0.0.1:9999/"),
        ("http://192.0.2.1:8080/", "http://192.0.2.1:8080/"),
        ("http://127.0.0.1/", "http://127.0.0.1/"),
    ],
)
def test_a_url_where_it_is_listened_to(proc, url, near):
    assert _listening.near_url(url, proc) == near
