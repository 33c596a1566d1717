# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test hosts: Debian with systemd and sshd, in containers on a network of their own.

create makes the hosts named in a JSON list of platforms, after removing what an earlier run with the same
state directory left. A platform is {"name": inventory host, "image": "debian12", "machine": shared machine}
plus, for --inventory, "groups" and "vars". Platforms with one "machine" share one container.
The state directory holds the key, ssh_config and instances.json; destroy removes all of it and the hosts.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import ipaddress
import json
import random
import secrets
import socket
import subprocess
import sys
import time
import typing as t
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from engine import Engine, HostsError, locked, runtime_directory
from image import DISTRIBUTIONS, ensure_image

LABEL = "roundrobin.tomcat.owner"
STATE_LABEL = "roundrobin.tomcat.state"
USER = "admin"
# RFC 2544: for benchmarks of devices, so that it is nobody's real network.
ADDRESSES = ipaddress.IPv4Network("198.18.0.0/15")
FIRST_HOST = 11
BOOT_SECONDS = 90


class Hosts:
    """The hosts of one state directory."""

    def __init__(self, state: Path, engine: Engine) -> None:
        self.state = state.resolve()
        self.engine = engine
        self.owner = hashlib.sha256(str(self.state).encode()).hexdigest()[:12]
        self._labels = (f"--label={LABEL}={self.owner}", f"--label={STATE_LABEL}={self.state}")

    def create(self, name: str, platforms: list[dict[str, t.Any]]) -> list[dict[str, t.Any]]:
        machines = machines_of(platforms)
        with ThreadPoolExecutor() as pool:
            images = set(machines.values())
            tags = dict(zip(images, pool.map(lambda image: ensure_image(self.engine, image), images)))
        self.destroy()
        destroy_orphans(self.engine)
        self.state.mkdir(parents=True, exist_ok=True)
        run = f"{name}-{secrets.token_hex(3)}"
        key = self._make_key()
        network = self._make_network(run)
        addresses = dict(zip(machines, map(str, list(network.hosts())[FIRST_HOST - 1 :])))
        self._write_ssh_config(run, key, addresses)

        def start(machine: str) -> None:
            container = f"{run}-{machine}"
            options = [f"--name={container}", f"--hostname={machine}", f"--ip={addresses[machine]}", f"--network={run}"]
            options += [f"--volume={key}.pub:/etc/ssh/authorized_key:ro", *self._labels]
            self.engine.run("run", "--detach", *self.engine.run_options, *options, tags[machines[machine]])
            self._await_boot(container)
            prove_reachable(container, addresses[machine])

        with ThreadPoolExecutor(max_workers=4) as pool:
            list(pool.map(start, machines))
        instances = [self._instance(run, key, platform, addresses) for platform in platforms]
        (self.state / "instances.json").write_text(json.dumps(instances, indent=2))
        return instances

    def destroy(self) -> None:
        remove(self.engine, self.owner)
        for name in ("id_ed25519", "id_ed25519.pub", "ssh_config", "instances.json"):
            (self.state / name).unlink(missing_ok=True)
        for master in runtime_directory().glob(f"{self.owner}-*"):
            master.unlink()

    def _make_key(self) -> Path:
        key = self.state / "id_ed25519"
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "test hosts", "-f", str(key)]
        subprocess.run(command, check=True)
        return key

    def _make_network(self, run: str) -> ipaddress.IPv4Network:
        with locked("network"):
            network = free_network(self._networks_in_use())
            # With the engine's DNS server: podman gives this machine an address in an internal network for its sake only.
            self.engine.run("network", "create", "--internal", f"--subnet={network}", *self._labels, run)
        return network

    def _networks_in_use(self) -> t.Iterator[ipaddress.IPv4Network]:
        """Routes of this machine, and the engine's networks: one without a running host has no route."""
        routes = subprocess.run(["ip", "-json", "route"], capture_output=True, check=True).stdout
        for route in json.loads(routes):
            if route["dst"] != "default":
                yield ipaddress.IPv4Network(route["dst"])
        ids = self.engine.run("network", "ls", "--quiet").split()
        for network in json.loads(self.engine.run("network", "inspect", *ids)) if ids else []:
            docker = network.get("IPAM", {}).get("Config") or []
            for subnet in network.get("subnets") or docker:
                found = ipaddress.ip_network(subnet.get("subnet") or subnet["Subnet"])
                if isinstance(found, ipaddress.IPv4Network):
                    yield found

    def _write_ssh_config(self, run: str, key: Path, addresses: dict[str, str]) -> None:
        """All options in one file: for Ansible, and for a person (ssh -F ssh_config MACHINE)."""
        aliases = [f"Host {machine}\n  HostName {address}\n" for machine, address in addresses.items()]
        (self.state / "ssh_config").write_text(
            "".join(aliases) + f"Host *\n  User {USER}\n  IdentityFile {key}\n  IdentitiesOnly yes\n"
            "  StrictHostKeyChecking no\n  UserKnownHostsFile /dev/null\n  LogLevel ERROR\n  GSSAPIAuthentication no\n"
            "  ControlMaster auto\n  ControlPersist 60s\n"
            # The run in the name: an address may come again, its old connection must not.
            f"  ControlPath {runtime_directory()}/{self.owner}-{run[-6:]}-%C\n"
            "  ServerAliveInterval 10\n  ServerAliveCountMax 6\n",
        )

    def _await_boot(self, container: str) -> None:
        booted = "until test -S /run/dbus/system_bus_socket; do sleep 0.1; done; systemctl is-system-running --wait"
        boot = ["timeout", str(BOOT_SECONDS), "sh", "-c", f"{booted} || {{ systemctl --failed --no-legend; exit 1; }}"]
        try:
            self.engine.run("exec", container, *boot)
            self.engine.run("exec", container, "systemctl", "is-active", "ssh.service")
        except HostsError as error:
            raise HostsError(f"{container} did not boot cleanly: {failed_units(str(error)) or error}") from None

    def _instance(self, run: str, key: Path, platform: dict[str, t.Any], addresses: dict[str, str]) -> dict[str, t.Any]:
        machine = machine_of(platform)
        return {
            "instance": platform["name"],
            "address": addresses[machine],
            "user": USER,
            "port": 22,
            "identity_file": str(key),
            "machine": machine,
            "container": f"{run}-{machine}",
        }

    def inventory(self, platforms: list[dict[str, t.Any]], instances: list[dict[str, t.Any]]) -> dict[str, t.Any]:
        """An Ansible inventory (YAML reads JSON) for use outside molecule."""
        hosts = {}
        children: dict[str, t.Any] = {}
        for platform, instance in zip(platforms, instances):
            hosts[platform["name"]] = {"ansible_host": instance["address"], **platform.get("vars", {})}
            for group in platform.get("groups", []):
                children.setdefault(group, {"hosts": {}})["hosts"][platform["name"]] = {}
        connection = {
            "ansible_user": USER,
            "ansible_ssh_args": f"-F {self.state}/ssh_config",
            "ansible_ssh_pipelining": True,
            "ansible_python_interpreter": "/usr/bin/python3",
        }
        return {"all": {"hosts": hosts, "vars": connection, "children": children}}


def failed_units(listing: str) -> str:
    """The units in what systemctl --failed printed."""
    kinds = (".service", ".socket", ".mount", ".automount", ".timer", ".target")
    return ", ".join(f"{word} failed" for word in listing.split() if word.endswith(kinds))


def prove_reachable(container: str, address: str) -> None:
    # On a busy machine a new network may lose the first packets, and a new host may be slow.
    deadline = time.monotonic() + 60
    while True:
        try:
            with socket.create_connection((address, 22), timeout=10) as connection:
                greeting = connection.recv(4)
            break
        except OSError as error:
            if time.monotonic() > deadline:
                raise HostsError(f"{container} cannot be reached from this machine at {address}: {error}.") from None
            time.sleep(1)
    if greeting != b"SSH-":
        raise HostsError(f"{container}: something else than its sshd answers at {address}.")


def machine_of(platform: dict[str, t.Any]) -> str:
    return str(platform.get("machine") or platform["name"])


def machines_of(platforms: list[dict[str, t.Any]]) -> dict[str, str]:
    """Machine name -> image name; platforms that share a machine have to agree on its image."""
    machines: dict[str, str] = {}
    for platform in platforms:
        image = platform.get("image") or next(iter(DISTRIBUTIONS))
        if machines.setdefault(machine_of(platform), image) != image:
            raise HostsError(f"Machine {machine_of(platform)} is asked for with two images.")
    return machines


def free_network(used: t.Iterable[ipaddress.IPv4Network]) -> ipaddress.IPv4Network:
    taken = list(used)
    free = [net for net in ADDRESSES.subnets(new_prefix=24) if not any(net.overlaps(other) for other in taken)]
    if not free:
        raise HostsError(f"No /24 of {ADDRESSES} is free on this machine.")
    return random.choice(free)


def remove(engine: Engine, owner: str) -> None:
    mine = f"--filter=label={LABEL}={owner}"
    containers = engine.run("ps", "--all", "--quiet", mine).split()
    if containers:
        engine.run("rm", "--force", "--volumes", *containers)
    with locked("network"):
        networks = engine.run("network", "ls", "--quiet", mine).split()
        if networks:
            engine.run("network", "rm", *networks)


def destroy_orphans(engine: Engine) -> None:
    """Hosts whose state directory is gone, with its checkout say: nobody can destroy them any more."""
    containers = engine.run("ps", "--all", "--quiet", f"--filter=label={STATE_LABEL}").split()
    for container in containers:
        with contextlib.suppress(HostsError):  # its owner was quicker
            labels = json.loads(engine.run("inspect", container))[0]["Config"]["Labels"]
            if not Path(labels[STATE_LABEL]).is_dir():
                remove(engine, labels[LABEL])


def list_hosts(engine: Engine) -> str:
    columns = "table {{.Names}}\t{{.Image}}\t{{.Status}}"
    return engine.run("ps", "--all", f"--filter=label={LABEL}", "--format", columns)


def command_line() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    create = commands.add_parser("create", help="make the hosts; prints them as JSON")
    create.add_argument("--name", required=True, help="first part of the containers' names")
    create.add_argument("--inventory", type=Path, help="write an Ansible inventory here")
    create.add_argument("platforms", type=argparse.FileType(), help="JSON file, or - for standard input")
    destroy = commands.add_parser("destroy", help="remove the hosts")
    for command in (create, destroy):
        command.add_argument("--state", type=Path, required=True, help="directory for the key and the list of hosts")
    commands.add_parser("list", help="all test hosts on this machine")
    commands.add_parser("images", help="build the images that are missing")
    engine = commands.add_parser("engine", help="run podman or docker the way this machine needs it")
    engine.add_argument("arguments", nargs=argparse.REMAINDER)
    return parser


def main() -> None:
    options = command_line().parse_args()
    engine = Engine()
    if options.command == "create":
        platforms = json.load(options.platforms)
        hosts = Hosts(options.state, engine)
        instances = hosts.create(options.name, platforms)
        if options.inventory:
            options.inventory.write_text(json.dumps(hosts.inventory(platforms, instances), indent=2) + "\n")
        print(json.dumps(instances, indent=2))
    elif options.command == "destroy":
        Hosts(options.state, engine).destroy()
    elif options.command == "list":
        print(list_hosts(engine))
    elif options.command == "images":
        for name in DISTRIBUTIONS:
            print(ensure_image(engine, name))
    else:
        engine.execute(*options.arguments)


if __name__ == "__main__":
    try:
        main()
    except HostsError as error:
        sys.exit(f"hosts.py: {error}")
