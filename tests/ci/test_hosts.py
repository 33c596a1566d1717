# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The parts of the test hosts that need no container."""

from __future__ import annotations

import ipaddress
import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "molecule/shared"))

import hosts
import image
from engine import HostsError


def test_a_network_is_taken_that_nothing_else_uses():
    free = ipaddress.IPv4Network("198.18.7.0/24")
    used = [network for network in hosts.ADDRESSES.subnets(new_prefix=24) if network != free]
    assert hosts.free_network(used) == free
    with pytest.raises(HostsError, match="No /24"):
        hosts.free_network([ipaddress.IPv4Network("198.16.0.0/12")])


def test_platforms_may_share_a_machine():
    platforms = [
        {"name": "tc1", "machine": "web", "image": "debian13"},
        {"name": "tc2", "machine": "web", "image": "debian13"},
        {"name": "lb"},
    ]
    assert hosts.machines_of(platforms) == {"web": "debian13", "lb": "debian12"}
    with pytest.raises(HostsError, match="Machine web is asked for with two images"):
        hosts.machines_of([*platforms, {"name": "tc3", "machine": "web", "image": "debian12"}])


def test_an_image_is_named_after_its_recipe(tmp_path, monkeypatch):
    for path in image.RECIPE.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    before = image.image_tag("debian12")
    monkeypatch.setattr(image, "RECIPE", tmp_path)
    assert image.image_tag("debian12") == before != image.image_tag("debian13")
    (tmp_path / "packages-to-offer").write_text("nginx\n")
    assert image.image_tag("debian12") != before


class NotBooting:
    """Its containers run, and a unit in them failed."""

    def run(self, verb, container, *command):
        raise HostsError(
            f"podman exec {container} failed: \u25cf systemd-binfmt.service loaded failed failed Set Up Binary Formats"
        )


def test_a_host_that_does_not_boot_is_one_line(tmp_path):
    with pytest.raises(HostsError) as caught:
        hosts.Hosts(tmp_path, NotBooting())._await_boot("demo-app1")
    assert str(caught.value) == "demo-app1 did not boot cleanly: systemd-binfmt.service failed"


class Engine:
    """Remembers what it was asked for; one host's state directory is gone."""

    def __init__(self, gone, here):
        self.labels = {
            container: {"Config": {"Labels": {hosts.LABEL: container, hosts.STATE_LABEL: str(state)}}}
            for container, state in (("orphan", gone), ("kept", here))
        }
        self.removed = []

    def run(self, *arguments):
        if arguments[0] == "inspect":
            return json.dumps([self.labels[arguments[1]]])
        if arguments[0] == "ps":
            asked = arguments[-1].removeprefix(f"--filter=label={hosts.LABEL}=")
            return asked if asked in self.labels else "orphan\nkept"
        if arguments[0] == "rm":
            self.removed += arguments[3:]
        return ""


def test_only_hosts_that_nobody_can_destroy_any_more_are_cleared(tmp_path):
    engine = Engine(tmp_path / "deleted", tmp_path)
    hosts.destroy_orphans(engine)
    assert engine.removed == ["orphan"]
