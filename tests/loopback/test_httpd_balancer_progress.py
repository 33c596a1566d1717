# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person sees of httpd_balancer_member in a play while it waits, against a real httpd and a request in flight."""

from __future__ import annotations

import json
import os
import re
import sys
import threading

import pytest
from loopback import run_playbook
from loopback_httpd import Backend, needs_httpd, running, states

pytestmark = needs_httpd
# Each waits for long; that slices end as one wait does, the unit tests tell without a clock.
at_length = pytest.mark.skipif(not os.environ.get("RUN_FULL"), reason="the long form: RUN_FULL=1")

CONFIG = """
Listen 127.0.0.1:{port}
<VirtualHost 127.0.0.1:{port}>
  BalancerPersist On
  <Proxy "balancer://shop">
    BalancerMember "http://127.0.0.1:{backend1}" route=t1 retry=1
    BalancerMember "http://127.0.0.1:{backend2}" route=t2 retry=1
    ProxySet stickysession=JSESSIONID
  </Proxy>
  {manager}
  ProxyPass "/" "balancer://shop/"
</VirtualHost>
"""


@pytest.fixture
def httpd(backends):
    with running(CONFIG, **backends) as server:
        yield server


def let_go_while_waiting(httpd):
    """End the request seven seconds after the member is out, however long Ansible takes to get there."""

    def let_go():
        threading.Event().wait(7)
        Backend.let_go.set()

    return httpd.once_disabled(let_go)


def play(tmp_path, httpd, task, *arguments, pipelining=True, **options):
    """Run one task for app1, delegated to the httpd's host, and return what was shown and what it returned."""
    module = {"manager_url": httpd.url(), "balancer": "shop", "route": "t1", "state": "disabled", **options}
    tasks = [
        {"roundrobin.tomcat.httpd_balancer_member": module, "delegate_to": "web1", "register": "answer", **task},
        {"ansible.builtin.copy": {"content": "{{ answer | to_json }}", "dest": str(tmp_path / "answer")}, **LOCAL},
    ]
    (tmp_path / "play.yml").write_text(json.dumps([{"hosts": "app1", "gather_facts": False, "tasks": tasks}]))
    local = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    (tmp_path / "hosts.yml").write_text(json.dumps({"all": {"hosts": {"app1": local, "web1": local}}}))
    called = ["-i", tmp_path / "hosts.yml", tmp_path / "play.yml", *arguments]
    ran = run_playbook(*called, ANSIBLE_PIPELINING=str(pipelining))
    shown = re.findall(r"^\d\d:\d\d:\d\d  (.*)$", ran.stdout, re.MULTILINE)
    answer = tmp_path / "answer"
    assert answer.exists(), ran.stdout + ran.stderr
    return shown, json.loads(answer.read_text())


LOCAL = {"delegate_to": "localhost", "vars": {"ansible_python_interpreter": sys.executable}, "check_mode": False}


@pytest.mark.parametrize("pipelining", [True, pytest.param(False, marks=at_length)])
def test_requests_in_flight_are_shown_until_they_have_ended(tmp_path, httpd, in_flight, pipelining):
    watcher = let_go_while_waiting(httpd)
    shown, answer = play(tmp_path, httpd, {}, wait="idle", timeout=40, pipelining=pipelining)
    watcher.join()
    assert shown
    for line in shown:
        assert re.fullmatch(r"app1      drain     1 request in flight on web1:shop, \d\d s left", line)
    told = ("changed", "idle", "in_flight", "state_before", "state_after", "before", "after")
    assert [answer[key] for key in told] == [
        *(True, True, 0, "enabled", "disabled", {"state": "enabled"}, {"state": "disabled"}),
    ]
    assert 5 < answer["waited"] < 20
    assert "left" not in answer
    assert in_flight.ended() == 200


@at_length
def test_wait_in_vain_ends_as_the_module_alone_does(tmp_path, httpd, in_flight):
    task = {"failed_when": "answer.msg is not defined"}
    shown, answer = play(tmp_path, httpd, task, wait="idle", timeout=11)
    assert shown
    assert re.match(r"after 1\d\.\d s http://127.0.0.1:\d+ of balancer 'shop' is not idle: 1 request", answer["msg"])
    assert (answer["state_before"], answer["state_after"]) == ("enabled", "disabled")
    _shown, answer = play(tmp_path, httpd, {}, wait="idle", timeout=11, on_timeout="proceed")
    assert (answer["changed"], answer["idle"], answer["in_flight"]) == (False, False, 1)
    assert 11 <= answer["waited"] < 15


@at_length
def test_restart_between_two_slices_is_waited_out(tmp_path, httpd):
    """No reading counts for as long as httpd is away; it keeps the state (BalancerPersist On)."""

    def restart():
        httpd.stop()
        threading.Event().wait(8)
        httpd.start()

    watcher = httpd.once_disabled(restart)
    _shown, answer = play(tmp_path, httpd, {}, wait="idle", timeout=60, stable_reads=40, interval=0.1)
    watcher.join()
    assert (answer["idle"], answer["state_after"]) == (True, "disabled")
    assert answer["waited"] > 10
    assert states(httpd.url())["shop", "t1"] == "disabled"


def test_check_mode_and_the_background_know_no_slices(tmp_path, httpd, in_flight):
    shown, answer = play(tmp_path, httpd, {}, "--check", wait="idle", timeout=20)
    assert (shown, answer["changed"], "waited" in answer) == ([], True, False)
    assert states(httpd.url())["shop", "t1"] == "enabled"
    watcher = let_go_while_waiting(httpd)
    shown, answer = play(tmp_path, httpd, {"async": 60, "poll": 1}, wait="idle", timeout=40)
    watcher.join()
    assert (shown, answer["changed"], answer["idle"]) == ([], True, True)
    assert answer["waited"] > 5
