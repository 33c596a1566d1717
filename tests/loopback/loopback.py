# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every test on loopback needs: ports that are free, a run of a module or of ansible-playbook, patience."""

from __future__ import annotations

import json
import os
import pathlib
import random
import socket
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
#: Below the ports that Linux gives to outgoing connections, which may take one between two looks.
PORTS = range(10240, 32768)
given = set()


def is_free(port):
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_ports(count):
    """Ports, each free now and given to nobody before."""
    found = []
    while len(found) < count:
        port = random.choice(PORTS)
        if port not in given and is_free(port):
            given.add(port)
            found.append(port)
    return found


def free_port():
    return free_ports(1)[0]


def wait_until(condition, seconds=60, said=lambda: ""):
    """Wait for it; on failure with what was said."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, said()
        time.sleep(0.1)


def run_playbook(*arguments, **environment):
    """What a run of ansible-playbook in this checkout ends with; it may fail."""
    return subprocess.run(
        ["ansible-playbook", *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def run_module(module, **options):
    """A module's answer, run as Ansible runs it: in a process of its own."""
    arguments = {"ANSIBLE_MODULE_ARGS": {"_ansible_remote_tmp": "/tmp", "_ansible_keep_remote_files": False, **options}}
    ran = subprocess.run(
        [sys.executable, "-m", f"ansible_collections.roundrobin.tomcat.plugins.modules.{module}"],
        input=json.dumps(arguments),
        env={**os.environ, "PYTHONPATH": str(ROOT / ".collections"), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ran.stdout, ran.stderr
    return json.loads(ran.stdout)
