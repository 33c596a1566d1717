# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""For tests of many folders: a chain as the preflight of a rollout reads it, and a clock that waits for nobody."""

from __future__ import annotations

import copy

import pytest

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
                {"item": item, "changed": False, "balancers": [self._balancer(name) for name in names]}
                for item in items
            ],
            "obedience": [
                {"item": [{"item": item}, self._balancer(name)], "changed": True} for item in items for name in names
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
        for kind in ("locks", "balancers", "obedience"):
            self.readings[kind] = [
                {"item": one["item"], **UNREACHABLE}
                if name == (one["item"][0]["item"] if isinstance(one["item"], list) else one["item"])["inventory_host"]
                else one
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
