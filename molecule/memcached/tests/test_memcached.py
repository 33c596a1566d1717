# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The protocol is spoken from the controller, another machine for the nodes."""

from __future__ import annotations

import socket

import pytest
import testinfra

testinfra_hosts = ["ansible://memcached"]


@pytest.fixture
def ports(host):
    """Return the ports of the host's nodes."""
    return host.ansible.get_variables().get("memcached_ports", [11211])


@pytest.fixture
def address(host):
    """Return where the nodes listen."""
    return host.ansible.get_variables()["ansible_host"]


def talk(address, port, message, end):
    with socket.create_connection((address, port), timeout=5) as connection:
        connection.sendall(message)
        answer = b""
        while not answer.endswith(end):
            received = connection.recv(65536)
            assert received, answer
            answer += received
    return answer


def statistics(address, port, which=b"stats"):
    lines = talk(address, port, which + b"\r\n", b"END\r\n").decode().splitlines()
    return dict(line.split(" ", 2)[1:] for line in lines if line.startswith("STAT "))


def test_nodes_run_and_start_at_boot(host, ports):
    for port in ports:
        assert host.service(f"memcached-node@{port}").is_running
        assert host.service(f"memcached-node@{port}").is_enabled


def test_keeps_what_it_is_given(address, ports):
    for port in ports:
        value = b"x" * 1_500_000
        assert talk(address, port, b"set session 0 60 %d\r\n%s\r\n" % (len(value), value), b"\r\n") == b"STORED\r\n"
        assert value in talk(address, port, b"get session\r\n", b"END\r\n")


def test_listens_on_its_address_only_and_without_udp(host, address, ports):
    for port in ports:
        assert host.check_output(f"ss -Hltn sport = :{port}").split()[3] == f"{address}:{port}"
        assert host.check_output(f"ss -Hlun sport = :{port}") == ""
        assert statistics(address, port, b"stats settings")["udpport"] == "0"


@pytest.mark.parametrize(("name", "is_let_in"), [("one", True), ("two", False)])
def test_lets_in_whom_the_settings_name_and_nobody_else(host, address, ports, name, is_let_in):
    """The host shared was told to let in another one while its node ran: see side_effect.yml."""
    if host.ansible.get_variables()["inventory_hostname"] == "shared":
        other = testinfra.get_host(f"ansible://{name}", ansible_inventory=host.backend.ansible_inventory)
        greeting = other.run(
            f"timeout 3 bash -c 'exec 3<>/dev/tcp/{address}/{ports[0]} && echo version >&3 && head -1 <&3'"
        )
        assert greeting.stdout.startswith("VERSION") is is_let_in
    for port in ports:
        shown = host.check_output(f"systemctl show --property=IPAddressDeny --value memcached-node@{port}")
        assert sorted(shown.split()) == ["0.0.0.0/0", "::/0"]


def test_runs_as_a_user_that_can_do_little(host, ports):
    for port in ports:
        assert f"-p {port} " in host.check_output("ps -o args= -u memcache")
        level = host.check_output(f"systemd-analyze security --no-pager memcached-node@{port} | tail -n 1")
        assert float(level.split(": ")[1].split()[0]) < 2


def test_the_distributions_own_service(host):
    service = host.service("memcached")
    if host.ansible.get_variables()["inventory_hostname"] == "shared":
        assert service.is_running and service.is_enabled
        assert host.check_output("ss -Hltn sport = :11211").split()[3] == "127.0.0.1:11211"
    else:
        assert service.is_masked and not service.is_running


def test_changed_settings_are_in_force(host, address, ports):
    if host.ansible.get_variables()["inventory_hostname"] == "two":
        for port in ports:
            settings = statistics(address, port, b"stats settings")
            assert int(settings["maxbytes"]) == 48 * 1024 * 1024
            assert int(settings["item_size_max"]) == 2 * 1024 * 1024
