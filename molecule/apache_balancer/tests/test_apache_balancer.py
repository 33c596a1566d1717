# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests come from the controller, another machine for httpd; the modules run on the host, as in a playbook."""

from __future__ import annotations

import threading
import time

import pytest
import requests

testinfra_hosts = ["ansible://httpd"]
MANAGER = "http://127.0.0.1:9080/balancer-manager"


@pytest.fixture
def site(host):
    """Return the URL of the application."""
    variables = host.ansible.get_variables()
    port = variables.get("apache_balancer_listen_port", 80)
    path = variables.get("apache_balancer_applications", [{"path": "/"}])[0]["path"]
    return f"http://{variables['ansible_host']}:{port}{path}"


@pytest.fixture
def member(host):
    """Call httpd_balancer_member; whatever a test takes out is enabled again afterwards."""
    out = set()

    def call(**options):
        out.update({options.get("route")} - {None})
        arguments = " ".join(f"{name}={value}" for name, value in options.items())
        return host.ansible(
            "roundrobin.tomcat.httpd_balancer_member",
            f"manager_url={MANAGER} balancer=tomcat {arguments}",
            check=False,
            become=True,
        )

    yield call
    for route in sorted(out):
        assert call(route=route, state="enabled")["state_after"] == "enabled"


def states(host):
    info = host.ansible("roundrobin.tomcat.httpd_balancer_info", f"manager_url={MANAGER}", check=False, become=True)
    (members,) = [balancer["members"] for balancer in info["balancers"] if balancer["name"] == "tomcat"]
    return {entry["route"]: entry["state"] for entry in members}


def who(url, route=None):
    answer = requests.get(url, cookies={"JSESSIONID": f"abc.{route}"} if route else None, timeout=60)
    assert answer.status_code == 200
    return answer.text.split()[0]


def test_runs_and_starts_at_boot(host):
    assert host.service("apache2").is_running
    assert host.service("apache2").is_enabled


def test_listens_where_it_should_and_nowhere_else(host, site):
    port = int(site.split(":")[2].partition("/")[0])
    listening = {socket for socket in host.socket.get_listening_sockets() if ":80" in socket or ":90" in socket}
    assert "tcp://127.0.0.1:9080" in listening
    assert host.socket(f"tcp://0.0.0.0:{port}").is_listening or host.socket(f"tcp://:::{port}").is_listening
    assert host.socket("tcp://80").is_listening == (port == 80)


def test_both_members_serve(site):
    assert {who(site) for _attempt in range(12)} == {"t1", "t2"}


@pytest.mark.parametrize("route", ["t1", "t2"])
def test_sessions_stay(site, route):
    assert {who(site, route) for _attempt in range(6)} == {route}
    assert {who(f"{site}page;jsessionid=abc.{route}") for _attempt in range(6)} == {route}


def test_the_applications_root_without_its_slash(site):
    if site.endswith("/app/"):
        assert requests.get(site[:-1], timeout=10).text.endswith(" /app")
        assert requests.get(site[:-1] + ";jsessionid=abc.t2", timeout=10).text == "t2 /app;jsessionid=abc.t2"
        assert requests.get(site[:-1] + "lication", timeout=10).status_code == 404


@pytest.mark.parametrize("forged", [None, "127.0.0.1", "127.0.0.1:9080", "localhost:9080"])
def test_the_manager_is_not_on_the_public_port(host, site, forged):
    base = "/".join(site.split("/")[:3])
    headers = {"Referer": MANAGER, **({"Host": forged} if forged else {})}
    for path in ("/balancer-manager", "/balancer-manager/", "//balancer-manager", "/balancer-manager?xml=1"):
        assert requests.get(base + path, headers=headers, timeout=10).status_code == 403
    # Nor for the machine itself.
    ask = (
        "import http.client, sys; connection = http.client.HTTPConnection('127.0.0.1', int(sys.argv[1])); "
        "connection.request('GET', '/balancer-manager', headers=eval(sys.argv[2])); "
        "print(connection.getresponse().status)"
    )
    port = base.rpartition(":")[2]
    assert host.check_output("python3 -c %s %s %s", ask, port, repr(headers)) == "403"


def test_what_is_closed(host, site):
    base = "/".join(site.split("/")[:3])
    for path in ("/server-status", "/server-info"):
        assert requests.get(base + path, timeout=10).status_code == 403
    assert requests.request("TRACE", site, timeout=10).status_code == 405
    assert requests.get(base + "/server-status", timeout=10).headers["Server"] == "Apache"


def test_the_secret_lies_apart(host):
    secret = host.file("/etc/apache2/roundrobin-balancer-secret.conf")
    assert (secret.user, secret.group, secret.mode) == ("root", "root", 0o640)
    expected = host.ansible.get_variables().get("apache_balancer_ajp_secret")
    if expected:
        assert secret.contains(expected)
        assert not host.file("/etc/apache2/roundrobin-balancer.conf").contains(expected)


def test_disable_moves_sessions_and_enable_brings_them_back(host, site, member):
    out = member(route="t2", state="disabled", wait="idle", keep_usable=1)
    assert (out["changed"], out["state_before"], out["state_after"], out["idle"]) == (True, "enabled", "disabled", True)
    assert states(host)["t2"] == "disabled"
    assert {who(site, "t2") for _attempt in range(6)} == {"t1"}
    assert member(route="t2", state="disabled")["changed"] is False
    assert "keep_usable" in member(worker="http://127.0.0.1:8081", state="stopped", keep_usable=2)["msg"]
    back = member(worker="http://127.0.0.1:8082", state="enabled", wait="ok")
    assert (back["changed"], back["state_after"]) == (True, "enabled")
    assert {who(site, "t2") for _attempt in range(6)} == {"t2"}


def test_draining_keeps_sessions(site, member):
    member(route="t2", state="draining")
    assert {who(site, "t2") for _attempt in range(6)} == {"t2"}
    assert {who(site) for _attempt in range(6)} == {"t1"}


def test_waits_for_the_request_in_flight(host, site, member):
    answers = []
    slow = threading.Thread(target=lambda: answers.append(who(site + "held", "t2")))
    slow.start()
    time.sleep(0.5)
    hasty = member(route="t2", state="disabled", wait="idle", timeout=0.5, on_timeout="proceed")
    assert (hasty["idle"], hasty["in_flight"]) == (False, 1)
    ask = "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8082/let-go')"
    later = threading.Timer(4, host.check_output, ("python3 -c %s", ask))
    later.start()
    patient = member(route="t2", state="disabled", wait="idle", timeout=60)
    assert (patient["changed"], patient["idle"], patient["in_flight"]) == (False, True, 0)
    later.join()
    slow.join()
    assert answers == ["t2"]


def test_a_reload_keeps_who_is_out(host, member):
    if not host.ansible.get_variables().get("apache_balancer_vhost", True):
        pytest.skip("the main server keeps nothing, as the README says")
    member(route="t2", state="disabled")
    host.run_test("systemctl reload apache2")
    time.sleep(1)
    assert states(host)["t2"] == "disabled"


def test_the_access_log_names_the_member(host, site):
    who(site + "logged", "t1")
    log = host.file("/var/log/apache2/roundrobin-balancer.access.log").content_string
    line = next(line for line in log.splitlines() if "logged" in line)
    assert "route=t1 worker=http://127.0.0.1:8081 session=t1 changed=-" in line


def test_logrotate_takes_the_access_log(host):
    rules = host.check_output("cat /etc/logrotate.d/apache2")
    assert "/var/log/apache2/*.log" in rules
