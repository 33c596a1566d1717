# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A changed configuration: members keep their states without a gap, and what httpd refuses changes nothing."""

from __future__ import annotations

import base64
import json
import subprocess
import threading
import time
from pathlib import Path

import pytest
import requests
from chain import MANAGER_URL, ROOT, Chain

HOST = "lb12"
CONVERGE = ROOT / "molecule/apache_balancer/converge.yml"
WATCH = Path(__file__).with_name("watch_states.py")
FILES = "/etc/apache2/roundrobin-balancer.conf /etc/apache2/roundrobin-balancer-secret.conf"


@pytest.fixture(scope="module")
def chain():
    return Chain.of_scenario()


@pytest.fixture(autouse=True)
def enabled_afterwards(chain):
    yield
    set_state(chain, "enabled")


def converge(chain, *arguments):
    return chain._run("ansible-playbook", str(CONVERGE), "--limit", HOST, *arguments)


def set_state(chain, state):
    options = {"manager_url": MANAGER_URL, "balancer": "tomcat", "route": "t2", "state": state}
    assert chain.module(HOST, "httpd_balancer_member", **options)[HOST]["state_after"] == state


def watch(chain):
    """Start the watcher on the host; its input's end is its end."""
    program = base64.b64encode(WATCH.read_bytes()).decode()
    ssh = ["ssh", "-F", str(chain.directory / "ssh_config"), HOST, f'python3 -c "$(echo {program} | base64 -d)" t2']
    return subprocess.Popen(ssh, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def test_what_httpd_refuses_changes_nothing(chain):
    before = chain.command(HOST, f"sha256sum {FILES}")
    play = converge(
        chain,
        *["-e", "apache_balancer_tls_certificate=/no/such.pem", "-e", "apache_balancer_tls_key=/no/such.key"],
        *["-e", "apache_balancer_ajp_secret=another-secret"],
    )
    assert play.returncode == 2
    assert "/no/such.pem" in play.stdout
    assert chain.command(HOST, f"sha256sum {FILES}") == before
    assert chain.command(HOST, "systemctl reload apache2 && systemctl is-active apache2") == "active"


def test_a_disabled_member_stays_so_at_every_moment(chain):
    """The run after the one that was refused: it finds the role's own configuration again."""
    set_state(chain, "disabled")
    watcher = watch(chain)
    try:
        play = converge(chain, "-e", "apache_balancer_retry=2")
    finally:
        output, _errors = watcher.communicate(timeout=60)
    assert play.returncode == 0, play.stdout
    found = json.loads(output)
    print(found)
    assert len({line.split()[0] for line in found["seen"]}) == 2, "both configurations were seen"
    assert {line.partition(" ")[2] for line in found["seen"]} == {"Init Dis"}
    assert set(found["served"]) == {"200 t1"}
    # And on the way back: the first configuration is not found as it was once left, but as the second was.
    set_state(chain, "enabled")
    assert converge(chain).returncode == 0
    assert chain.member_states(HOST)["t2"] == "enabled"
    assert "RoundrobinState" not in chain.command(HOST, "cat /etc/apache2/roundrobin-balancer-states.conf")


def test_a_reload_waits_for_the_last_request_of_a_member_that_is_out(chain):
    answers = []
    held = threading.Thread(target=lambda: answers.append(ask_t2(chain, "held")))
    held.start()
    time.sleep(1)
    set_state(chain, "draining")
    before = chain.command(HOST, f"sha256sum {FILES}")
    play = converge(chain, "-e", "apache_balancer_retry=2", "-e", "apache_balancer_reload_timeout=1")
    assert play.returncode == 2
    assert "is not idle: 1 request(s) in flight" in play.stdout
    assert chain.command(HOST, f"sha256sum {FILES}") == before
    ask_t2(chain, "let-go")
    held.join()
    assert answers == [200]


def ask_t2(chain, path):
    return requests.get(chain.url(HOST) + path, cookies={"JSESSIONID": "0.t2"}, timeout=300).status_code
