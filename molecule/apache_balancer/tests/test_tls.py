# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The site with TLS, in front of real Tomcats: what users get, and what the applications are told about them."""

from __future__ import annotations

import socket
import time

import pytest
import requests
from chain import MANAGER_URL, Chain

testinfra_hosts = ["ansible://balancer"]
FORGED = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "http", "X-Forwarded-Port": "1"}


@pytest.fixture
def address(host):
    return host.ansible.get_variables()["ansible_host"]


@pytest.fixture
def get(host, address, tmp_path):
    """Ask the site as a browser that trusts its certificate."""
    certificate = tmp_path / "front.pem"
    certificate.write_text(host.file("/etc/ssl/front.pem").content_string)

    def ask(path="/", *, route=None, headers=None):
        cookies = {"JSESSIONID": f"0.{route}"} if route else None
        return requests.get(
            f"https://{address}{path}", cookies=cookies, headers=headers, verify=certificate, timeout=30
        )

    return ask


@pytest.fixture
def member(host):
    """Set members' states; they are enabled again afterwards."""
    out = []

    def call(balancer, route, state):
        if state != "enabled":
            out.append((balancer, route))
        options = f"manager_url={MANAGER_URL} balancer={balancer} route={route} state={state}"
        answer = host.ansible("roundrobin.tomcat.httpd_balancer_member", options, check=False, become=True)
        assert answer["state_after"] == state

    yield call
    for balancer, route in out:
        call(balancer, route, "enabled")


def balancers(host):
    info = host.ansible("roundrobin.tomcat.httpd_balancer_info", f"manager_url={MANAGER_URL}", check=False, become=True)
    return {
        balancer["name"]: {member["route"]: member for member in balancer["members"]} for balancer in info["balancers"]
    }


def own_address(address):
    with socket.create_connection((address, 443), timeout=10) as connection:
        return connection.getsockname()[0]


@pytest.mark.parametrize("route", ["ajp", "http", "near"])
def test_the_application_sees_the_client(get, address, route):
    answer = get("/", route=route, headers=FORGED)
    assert answer.json() == {
        "instance": route,
        "client": own_address(address),
        "scheme": "https",
        "secure": True,
        "name": address,
        "port": 443,
        "new": True,
    }
    assert "; Secure" in answer.headers["Set-Cookie"]


def test_who_is_not_httpd_is_not_believed(address):
    addresses = Chain.of_scenario().addresses
    seen = requests.get(
        f"http://{addresses['http']}:8180/", headers={**FORGED, "X-Forwarded-Proto": "https"}, timeout=30
    ).json()
    assert (seen["client"], seen["scheme"], seen["secure"]) == (own_address(address), "http", False)


def test_the_access_log_of_tomcat_names_the_client(get, address):
    get("/?logged", route="http")
    logs = "cat /var/opt/tomcat/http/logs/localhost_access_log*.txt"
    # Tomcat writes it in blocks, or after some seconds.
    assert wait_for(
        lambda: f"{own_address(address)} " in lines_with("?logged", Chain.of_scenario().command("http", logs))
    )


def lines_with(word, text):
    return "\n".join(line for line in text.splitlines() if word in line)


def test_the_plain_port_leads_to_tls(address):
    for method in ("GET", "POST"):
        answer = requests.request(method, f"http://{address}/a?b=c", allow_redirects=False, timeout=10)
        assert (answer.status_code, answer.headers["Location"]) == (308, "https://front.test/a?b=c")
    answer = requests.get(f"http://{address}/balancer-manager", allow_redirects=False, timeout=10)
    assert answer.headers["Location"] == "https://front.test/balancer-manager"


def test_browsers_are_told_to_come_by_tls(get):
    assert get().headers["Strict-Transport-Security"] == "max-age=63072000"


def test_speaks_http2_and_no_old_tls(host):
    curl = "curl --silent --output /dev/null --cacert /etc/ssl/front.pem --resolve front.test:443:127.0.0.1"
    assert host.check_output(f"{curl} --write-out '%{{http_version}} %{{http_code}}' https://front.test/") == "2 200"
    assert host.check_output(f"{curl} --http1.1 --write-out '%{{http_version}}' https://front.test/") == "1.1"
    for version, spoken in (("tls1_1", False), ("tls1_2", True), ("tls1_3", True)):
        shake = host.run(f"openssl s_client -connect 127.0.0.1:443 -{version} -cipher DEFAULT@SECLEVEL=0 </dev/null")
        assert (shake.rc == 0) == spoken, shake.stdout + shake.stderr


@pytest.mark.parametrize("name", [None, "127.0.0.1:9080", "front.test:9080"])
def test_the_manager_is_not_on_the_public_port(get, name):
    headers = {"Referer": MANAGER_URL, **({"Host": name} if name else {})}
    assert get("/balancer-manager?xml=1", headers=headers).status_code == 403


def test_the_managers_port_is_plain_and_for_the_machine_only(host, address):
    assert {socket for socket in host.socket.get_listening_sockets() if socket.endswith(":9080")} == {
        "tcp://127.0.0.1:9080"
    }
    local = "http://127.0.0.1:9080"
    ask = "curl --silent --output /dev/null --write-out '%{http_code}'"
    assert host.check_output(f"{ask} {local}/balancer-manager") == "200"
    assert host.check_output(f"{ask} {local}/") == "200"
    assert host.check_output(f"{ask} --header 'Host: another.test' {local}/balancer-manager") == "403"


def test_each_application_has_its_balancer(host, get):
    found = balancers(host)
    assert {name: set(members) for name, members in found.items()} == {
        "see": {"ajp"},
        "tomcat": {"near", "ajp", "http"},
    }
    assert [route for route, member in found["tomcat"].items() if member["standby"]] == ["near"]
    # Its balancer does not know the other routes.
    assert get("/see/", route="http").json()["instance"] == "ajp"
    assert get("/", route="http").json()["instance"] == "http"


def test_a_standby_serves_when_no_other_is_left_and_a_page_when_none_is(get, member):
    assert {get().json()["instance"] for _attempt in range(8)} == {"ajp", "http"}
    member("tomcat", "ajp", "disabled")
    assert {get().json()["instance"] for _attempt in range(4)} == {"http"}
    member("tomcat", "http", "disabled")
    assert {get().json()["instance"] for _attempt in range(4)} == {"near"}
    member("tomcat", "near", "disabled")
    answer = get()
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "7")
    assert "front.test cannot answer right now" in answer.text
    # The other application's balancer is another one.
    assert get("/see/").json()["instance"] == "ajp"


def test_a_stopped_member_is_seen_without_a_request_and_comes_back(host, member):
    # Nobody asks for it: only the health check can notice.
    member("tomcat", "near", "disabled")
    host.run_test("systemctl stop tomcat@near")
    assert wait_for(lambda: balancers(host)["tomcat"]["near"]["health_check_failed"])
    host.run_test("systemctl start tomcat@near")
    assert wait_for(lambda: not balancers(host)["tomcat"]["near"]["health_check_failed"])


def test_a_member_that_hangs_costs_nobody_a_request(get):
    """What the ping is for: this Tomcat listens, and answers nothing."""
    run = Chain.of_scenario().command
    run("ajp", "systemctl kill --signal=SIGSTOP tomcat@ajp")
    try:
        assert {get("/", route="ajp").json()["instance"] for _attempt in range(3)} == {"http"}
    finally:
        run("ajp", "systemctl kill --signal=SIGCONT tomcat@ajp")
    assert wait_for(lambda: get("/", route="ajp").json()["instance"] == "ajp")


def wait_for(condition, seconds=30):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.5)
    return False


#: A regular expression, so that the command lines that look for the secret do not hold it themselves.
SECRET = "not-a-[s]ecret-in-a-test"


def having_it(host, user):
    """The files with the AJP secret that a user of httpd's host can read."""
    places = "/dev/shm /etc /run /srv /tmp /var"
    found = host.run(
        f"runuser -u {user} -- grep --recursive --devices=skip --files-with-matches -s '{SECRET}' {places}"
    )
    return found.stdout.splitlines()


def test_root_and_httpd_alone_read_the_secret(host):
    """Also what httpd keeps of its members over reloads and restarts, at each boot, and what it and systemd log."""
    for action in ("reload", "reload", "restart", "reload"):
        host.check_output(f"systemctl {action} apache2")
    host.check_output("systemd-tmpfiles --create")
    wait_until = "for n in $(seq 100); do ls /run/apache2/slotmem-shm-*.persist && break; sleep 0.1; done"
    assert ".persist" in host.check_output(wait_until)
    readable = having_it(host, "root")
    assert "/etc/apache2/roundrobin-balancer-secret.conf" in readable
    assert any(path.startswith("/run/apache2/slotmem-shm-") for path in readable), (
        "httpd keeps it, or this test proves nothing"
    )
    assert not [path for path in readable if path.startswith("/var/log/")]
    assert having_it(host, "nobody") == []
    assert host.check_output(f"journalctl --no-pager | grep --count '{SECRET}' || true") == "0"
    for query in ("", "?xml=1"):
        page = host.check_output(
            "python3 -c %s",
            "import urllib.request as r; "
            f"print(r.urlopen(r.Request('{MANAGER_URL}{query}', headers={{'Referer': '{MANAGER_URL}'}})).read().decode())",
        )
        assert "ajp://" in page and "not-a-secret" not in page
