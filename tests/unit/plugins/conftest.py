# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""For tests of many folders.

A chain as the preflight of a rollout reads it, a clock that waits for nobody,
servers to ask over HTTP and AJP, and a Tomcat's manager.
"""

from __future__ import annotations

import copy
import http.server
import os
import socket
import socketserver
import struct
import threading
from urllib.parse import parse_qs

import pytest

from ansible_collections.roundrobin.tomcat.plugins.module_utils._tomcat.health import Answer
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._chain.topology import derive
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._rollout.plan import plan

UNREACHABLE = {
    "unreachable": True,
    "changed": False,
    "msg": "Failed to connect to the host via ssh: Connection timed out",
}
ROOT = {"path": "/", "health_path": "/health"}


class ReadChain:
    """All in order with release 1.0 everywhere, 0.9 before it and 1.1 staged; a test says what is not so.

    instances: how many, or the machine of each.
    """

    def __init__(self, instances=2, httpds=1, applications=(ROOT,), stores=2, standby=(), on_hosts=None):
        machines = [f"vm{number + 1}" for number in range(instances)] if isinstance(instances, int) else instances
        self.hosts = [f"app{number + 1}" for number in range(len(machines))]
        self.httpds = [f"web{number + 1}" for number in range(httpds)]
        caches = [f"cache{number + 1}" for number in range(stores)]
        addresses = {machine: f"198.18.0.{number + 10}" for number, machine in enumerate(dict.fromkeys(machines))}
        variables = {
            host: {
                "ansible_host": addresses[machine],
                "tomcat_instance_port_offset": 100 * machines[:number].count(machine),
                "tomcat_instance_ajp_secret": "s3cr3t-value",
                "tomcat_instance_manager_enabled": True,
                "apache_balancer_member_standby": host in standby,
                "tomcat_applications": list(applications),
            }
            for number, (host, machine) in enumerate(zip(self.hosts, machines))
        }
        for number, name in enumerate([*self.httpds, *caches]):
            variables[name] = {"ansible_host": f"198.18.1.{number + 10}"}
        groups = {"tomcat": self.hosts, "memcached": caches, "balancer": self.httpds}
        self.topology = derive(variables, groups)
        self.readings = self._read()

    def _read(self):
        items = self.topology["balancers"]
        names = list(dict.fromkeys(name for one in self.topology["instances"] for name in one["balancers"]))
        return {
            "locks": [{"item": item, "changed": True, "taken_over": None} for item in items],
            "balancers": [
                {
                    "item": item,
                    "changed": False,
                    "balancers": [self._balancer(name) for name in names],
                    "refusals": dict.fromkeys(names, ""),
                }
                for item in items
            ],
            "releases": {host: {"changed": False, "applications": self._applications(host)} for host in self.hosts},
            "staging": {host: {"changed": False, "skipped": True} for host in self.hosts},
            "health": {
                host: {
                    "results": [
                        {"item": one, "healthy": True}
                        for one in self.topology["applications"]
                        if host in one["instances"]
                    ]
                }
                for host in self.hosts
            },
            "sessions": {host: {"contexts": []} for host in self.hosts},
            "stores": {
                host: {"nodes": [self._node(node) for node in self.topology["memcached_nodes"]]} for host in self.hosts
            },
        }

    def _balancer(self, name):
        members = [
            {
                "balancer": name,
                "worker": instance["worker"],
                "route": instance["route"],
                "state": "enabled",
                "status": "Init Ok",
                "usable": True,
                "standby": instance["standby"],
                "in_error": False,
                "health_check_failed": False,
            }
            for instance in self.topology["instances"]
            if name in instance["balancers"]
        ]
        return {"name": name, "usable": len(members), "members": members}

    def _applications(self, host):
        return {
            one["base_name"]: {
                "active_version": "1.0",
                "previous_version": "0.9",
                "contexts": [{"context_version": "", "version": "1.0"}],
                "releases": [{"version": version, "problem": None} for version in ("1.1", "1.0", "0.9")],
            }
            for one in self.topology["applications"]
            if host in one["instances"]
        }

    @staticmethod
    def _node(node):
        figures = {"curr_items": 12, "evictions": 0, "too_large": 0, "bytes": 2**20, "limit_bytes": 64 * 2**20}
        address = {
            "node": f"{node['host']}:{node['port']}",
            "host": node["host"],
            "port": node["port"],
            "id": node["id"],
        }
        return {**address, "up": True, "reason": None, **figures}

    # What is not in order --------------------------------------------------

    def members(self, host, httpd=None, balancer=None):
        """The instance as a member, everywhere or at one place."""
        workers = {one["inventory_host"]: one["worker"] for one in self.topology["instances"]}
        return [
            member
            for result in self.readings["balancers"]
            for found in result.get("balancers", ())
            for member in found["members"]
            if member["worker"] == workers[host]
            and httpd in (None, result["item"]["inventory_host"])
            and balancer in (None, found["name"])
        ]

    def out(self, host, state="disabled", httpd=None, balancer=None):
        """Take it out, or with state=enabled back in."""
        for member in self.members(host, httpd, balancer):
            member.update(state=state, usable=state == "enabled" and not member["in_error"])
        return self

    def in_error(self, host, httpd=None):
        """What httpd makes of a member that it could not connect to."""
        for member in self.members(host, httpd):
            member.update(in_error=True, usable=False, status="Init Err")
        return self

    def release(self, host, active, previous=None, staged=("1.1", "1.0", "0.9"), base="ROOT"):
        """What is on an instance; active is None where it never had a release."""
        self.readings["releases"][host]["applications"][base].update(
            active_version=active,
            previous_version=previous,
            contexts=[{"context_version": "", "version": active}] if active else [],
            releases=[{"version": version, "problem": None} for version in staged],
        )
        if active is None:
            for result in self.readings["health"][host]["results"]:
                if result["item"]["base_name"] == base:
                    result.update(skipped=True)
        return self

    def remember(self, host, version, health, base="ROOT"):
        """A release of it was healthy when it was asked so."""
        for release in self.readings["releases"][host]["applications"][base]["releases"]:
            if release["version"] == version:
                release["health"] = health
        return self

    def sick(self, host, why="status 503 instead of 200", application=None):
        """It does not answer as it should, for one application or all."""
        for result in self.readings["health"][host]["results"]:
            if application in (None, result["item"]["name"]):
                result.update(failed=True, healthy=False, msg=why)
        return self

    def well(self, host):
        """It is healthy again."""
        for result in self.readings["health"][host]["results"]:
            for key in ("failed", "msg"):
                result.pop(key, None)
            result.update(healthy=True)
        return self

    def unreachable(self, name):
        """Ansible cannot log in to a host: one with an instance, or an httpd."""
        for kind in ("locks", "balancers"):
            self.readings[kind] = [
                {"item": one["item"], **UNREACHABLE} if name == one["item"]["inventory_host"] else one
                for one in self.readings[kind]
            ]
        if name in self.hosts:
            for kind in ("releases", "staging", "stores"):
                self.readings[kind][name] = dict(UNREACHABLE)
            # The loop has no item to begin with: the condition needs the releases.
            results = self.readings["health"][name]["results"]
            self.readings["health"][name] = {"results": [{"item": one["item"], "skipped": True} for one in results]}
        return self

    # What is asked ----------------------------------------------------------

    def interrupted(self, begun, rollout="20261124T051500Z-ROOT-1.1", httpds=None):
        """A rollout by this plan had the lock on these httpds, and is dead."""
        file = {
            "id": rollout,
            "status": "running",
            "holder": {"by": "ann@ctl", "controller": "ctl"},
            "started_at": "2026-11-24T05:15:00Z",
            "record": copy.deepcopy(begun["record"]),
            "outcome": None,
        }
        for lock in self.readings["locks"]:
            if lock["item"]["inventory_host"] in (httpds or self.httpds):
                lock["taken_over"] = file
        return self

    def plan(self, kind="deploy", version=None, **settings):
        """Plan a rollout; a deploy brings 1.1 and has its WAR."""
        if version is None:
            version = "1.1" if kind == "deploy" else ""
        given = {"kind": kind, "version": version, "war": kind == "deploy", "hosts": self.hosts, **settings}
        before = copy.deepcopy((self.topology, self.readings))
        made = plan(self.topology, self.readings, given)
        assert (self.topology, self.readings) == before
        return made


@pytest.fixture(scope="session")
def read_chain():
    """Of session scope, so that hypothesis may use it: it makes a new chain each time."""
    return ReadChain


class FakeClock:
    """A clock that only sleep() moves."""

    def __init__(self):
        self.now = 0.0
        self.slept = []

    def monotonic(self):
        return self.now

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture(scope="session")
def new_clock():
    """Make a clock that only sleep() moves."""
    return FakeClock


# -- what is asked over a socket -------------------------------------------

AJP_SECRET = "hush-hush"


class Page(http.server.BaseHTTPRequestHandler):
    """Answers by path."""

    def do_GET(self):
        status, body = {
            "/health": (200, b"version=1.4.2 host=" + self.headers["Host"].encode()),
            "/sick": (503, b"<html><body>database is <b>down</b></body></html>"),
            "/login": (302, b""),
        }[self.path]
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Location", "/health")
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    do_HEAD = do_GET

    def log_message(self, *dummy):
        """Stay quiet."""


class Connector(socketserver.StreamRequestHandler):
    """Speaks AJP as Tomcat does: CPONG, then 200 to the right secret and 403 to any other."""

    def handle(self):
        def packet(payload):
            self.wfile.write(b"AB" + struct.pack(">H", len(payload)) + payload)

        def request():
            magic, length = struct.unpack(">2sH", self.rfile.read(4))
            assert magic == b"\x12\x34"
            return self.rfile.read(length)

        assert request() == b"\x0a"
        packet(b"\x09")
        good = b"\x0c\x00\x09" + AJP_SECRET.encode() + b"\x00\xff" in request()
        packet(b"\x04" + struct.pack(">H", 200 if good else 403) + b"\x00\x00\x00\x00\x00")
        packet(b"\x03\x00\x0dversion=1.4.2\x00")
        packet(b"\x05\x00")


@pytest.fixture
def serve():
    """Start servers on ports of their own; returns the port."""
    running = []

    def _serve(make, handler):
        server = make(("127.0.0.1", 0), handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        running.append(server)
        return server.server_address[1]

    yield _serve
    for server in running:
        server.shutdown()
        server.server_close()


@pytest.fixture
def web(serve):
    return f"http://127.0.0.1:{serve(http.server.ThreadingHTTPServer, Page)}"


@pytest.fixture
def answered_by():
    """What answers at web."""
    return Page


@pytest.fixture
def ajp_secret():
    """What the connector at ajp wants to hear."""
    return AJP_SECRET


@pytest.fixture
def ajp(serve):
    return f"ajp://127.0.0.1:{serve(socketserver.ThreadingTCPServer, Connector)}"


@pytest.fixture
def silent():
    """A port that accepts and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


# -- a Tomcat's manager ----------------------------------------------------


class FakeTomcat:
    """Contexts by version: the directory that each serves, whether it runs, and its sessions."""

    def __init__(self, base):
        self.base = base
        self.contexts = {}
        self.sick = set()
        self.asked = []

    def link(self, version):
        return self.base / "webapps" / (f"app##{version}" if version else "app")

    def ask(self, path, query):
        command, given = path.rpartition("/")[2], {name: values[0] for name, values in parse_qs(query).items()}
        version = given.get("version", "")
        self.asked.append((command, version))
        if command == "list":
            lines = [
                f"/app:{'running' if state else 'stopped'}:{sessions}:{served}"
                for served, state, sessions in self.contexts.values()
            ]
            return self.answer("OK - Listed applications", "/:running:0:/elsewhere", *lines)
        if command == "sessions":
            if version not in self.contexts:
                return self.answer(f"FAIL - No context exists named [/app##{version}]")
            return self.answer("OK - Sessions", f"<1 minutes: [{self.contexts[version][2]}] sessions")
        assert command == "deploy" and "war=" in query
        if not self.link(version).exists():
            self.contexts.pop(version, None)
        elif version not in self.contexts:
            served = os.path.realpath(self.link(version))
            self.contexts[version] = (served, os.path.basename(os.path.dirname(served)) not in self.sick, 0)
        return self.answer("FAIL - it never says the truth")

    def link_to(self, version, release):
        place = self.link(version)
        place.unlink(missing_ok=True)
        place.symlink_to(f"../releases/app/{release}/exploded")

    @staticmethod
    def answer(*lines):
        return Answer(0.0, 200, "\n".join(lines))


@pytest.fixture
def tomcat(tmp_path):
    """A Tomcat that is told what to answer, with releases 1.0 and 2.0 of app; none is linked."""
    for name in ("webapps", "logs"):
        (tmp_path / name).mkdir()
    for version in ("1.0", "2.0"):
        (tmp_path / "releases/app" / version / "exploded").mkdir(parents=True)
    return FakeTomcat(tmp_path)


@pytest.fixture
def free_port():
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]
