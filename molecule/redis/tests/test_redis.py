# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The protocol is spoken from the controller, another machine for the servers."""

from __future__ import annotations

import socket

import pytest
import testinfra

testinfra_hosts = ["ansible://redis"]
PASSWORD = "not-a-secret-in-a-test"
MEMORY = b"maxmemory:%d\r\n"


class Server:
    """The role's server of a host."""

    def __init__(self, host):
        variables = host.ansible.get_variables()
        self.name = variables["inventory_hostname"]
        self.software = variables.get("redis_software", "redis")
        self.address, self.port = variables["ansible_host"], variables.get("redis_port", 6379)

    def answer(self, *commands):
        """Inline commands, sent one after another; the answer to the last."""
        with socket.create_connection((self.address, self.port), timeout=5) as connection:
            for command in commands:
                connection.sendall(command.encode() + b"\r\n")
                answer = connection.recv(65536)
        return answer

    def ask(self, command):
        return self.answer(f"AUTH {PASSWORD}", command)


@pytest.fixture
def server(host):
    return Server(host)


def test_runs_and_starts_at_boot(host, server):
    assert host.service("redis-node").is_running
    assert host.service("redis-node").is_enabled
    assert server.ask("PING") == b"+PONG\r\n"
    name = b"server_name:valkey" if server.software == "valkey" else b"redis_version:"
    assert name in server.ask("INFO server")


def test_asks_for_the_password(server):
    assert server.answer("GET session").startswith(b"-NOAUTH")
    assert server.answer("AUTH guessed-wrongly-this", "GET session").startswith(b"-NOAUTH")


def test_keeps_what_it_acknowledged_when_it_is_killed(host, server):
    assert server.ask("SET killed survives") == b"+OK\r\n"
    host.run_expect([0], "systemctl kill --signal=KILL redis-node")
    host.run_expect([0], "for n in $(seq 100); do systemctl -q is-active redis-node && break; sleep 0.1; done")
    assert server.ask("GET killed") == b"$8\r\nsurvives\r\n"


def test_refuses_rather_than_forget(server):
    assert b"noeviction" in server.ask("CONFIG GET maxmemory-policy")


def test_listens_on_its_address_only(host, server):
    assert host.check_output(f"ss -Hltn sport = :{server.port}").split()[3] == f"{server.address}:{server.port}"


@pytest.mark.parametrize(("name", "is_let_in"), [("classic", True), ("fork", False)])
def test_lets_in_whom_the_settings_name_and_nobody_else(host, server, name, is_let_in):
    """The host shared was told to let in another one while its server ran: see side_effect.yml."""
    if server.name == "shared":
        other = testinfra.get_host(f"ansible://{name}", ansible_inventory=host.backend.ansible_inventory)
        place = f"{server.address}/{server.port}"
        greeting = other.run(f"timeout 3 bash -c 'exec 3<>/dev/tcp/{place} && echo PING >&3 && head -1 <&3'")
        assert greeting.stdout.startswith("-NOAUTH") is is_let_in
    shown = host.check_output("systemctl show --property=IPAddressDeny --value redis-node")
    assert sorted(shown.split()) == ["0.0.0.0/0", "::/0"]


def test_runs_as_a_user_that_can_do_little(host, server):
    assert f":{server.port}" in host.check_output(f"ps -o args= -u {server.software}")
    level = host.check_output("systemd-analyze security --no-pager redis-node | tail -n 1")
    assert float(level.split(": ")[1].split()[0]) < 2


def test_others_cannot_read_the_password(host):
    assert host.file("/etc/redis-node/password.conf").mode == 0o640
    assert not host.file("/etc/redis-node/redis.conf").contains(PASSWORD)


def test_the_distributions_own_service(host, server):
    service = host.service(f"{server.software}-server")
    if server.name == "shared":
        assert service.is_running and service.is_enabled
        assert "127.0.0.1:6379" in host.check_output("ss -Hltn sport = :6379")
    else:
        assert service.is_masked and not service.is_running


def test_changed_settings_are_in_force_and_the_data_is_there(server):
    if server.name == "fork":
        assert MEMORY % (48 * 1024 * 1024) in server.ask("INFO memory")
        assert server.ask("GET session") == b"$9\r\nof before\r\n"
    else:
        assert MEMORY % (256 * 1024 * 1024) in server.ask("INFO memory")
