# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was on the host before `site` came works as it did, the chain works beside it, and what cannot be is refused."""

from __future__ import annotations

import json
import time

import pytest
import requests

testinfra_hosts = ["web"]

SERVER_XML = "/var/opt/tomcat/app1/conf/server.xml"
OWN_CONNECTOR = '<Connector port="8181" protocol="HTTP/1.1" address="0.0.0.0" />'
# But what the Tomcats write.
ALL_FILES = "find /etc /opt /var/opt -xdev -not -path '*/logs*' -not -path '*/work*' -not -path '*/temp*' -printf '%p %m %u %g %s %T@\\n' | sort"


def ask(chain, name="", path="/", port=80):
    """A request as a user of this name makes it."""
    headers = {"Host": name} if name else {}
    return requests.get(f"http://{chain.addresses['web']}:{port}{path}", headers=headers, timeout=10)


def wait_for(chain, port):
    for _attempt in range(100):
        try:
            return ask(chain, port=port).text
        except requests.ConnectionError:
            time.sleep(0.2)
    return f"nothing on port {port}"


@pytest.mark.parametrize(
    ("name", "page"),
    [("old.example.test", "the old site"), ("", "the default site"), ("nobody.example.test", "the default site")],
)
def test_other_sites_answer_as_before(chain, name, page):
    answer = ask(chain, name)
    assert (answer.status_code, answer.text) == (200, page)


def test_users_reach_the_application_by_its_name(chain):
    assert "version=1.0" in ask(chain, "www.example.test", "/version").text.splitlines()


@pytest.mark.parametrize(
    ("name", "path", "page"),
    [
        ("two.example.test", "/", "the second address"),
        ("nobody.example.test", "/", "the second address"),
        ("www.example.test", "/version", "version=1.0"),
    ],
)
def test_an_address_that_another_site_has_for_itself(chain, name, path, page):
    code = f"from urllib.request import *; print(urlopen(Request('http://127.0.0.2{path}', headers={{'Host': '{name}'}})).read().decode())"
    assert page in chain.command("web", f'python3 -c "{code}"').splitlines()


def test_httpd_listens_as_it_did(host):
    assert host.file("/etc/apache2/ports.conf").contains("^Listen 0.0.0.0:80$")
    assert host.file("/etc/apache2/sites-enabled/000-default.conf").exists
    listens = host.run("grep -rhE '^Listen' /etc/apache2/roundrobin-balancer.conf").stdout.split("\n")
    assert [line for line in listens if line] == ["Listen 127.0.0.1:9080"]


def test_the_user_is_as_it_was(host):
    user = host.user("tomcat")
    assert (user.home, user.shell, user.group) == ("/opt/tomcat", "/bin/bash", "tomcat")
    assert sorted(user.groups) == ["games", "tomcat"]


def test_the_other_tomcat_is_as_it_was(chain, host):
    directory = host.file("/opt/tomcat")
    assert (directory.user, directory.group, directory.mode) == ("tomcat", "tomcat", 0o750)
    assert ask(chain, port=8080).text == "the other Tomcat"
    # Its unit too: a damaged template is noticed at the next start.
    assert "/opt/%i/bin/catalina.sh" in host.file("/etc/systemd/system/tomcat@.service").content_string
    chain.command("web", "systemctl restart tomcat@tomcat")
    assert wait_for(chain, 8080) == "the other Tomcat"
    # The last that it opens, and the next tests want it to be there.
    chain.command("web", "timeout 60 bash -c 'until (: </dev/tcp/127.0.0.1/8005) 2>/dev/null; do sleep 0.1; done'")


def test_the_instance_has_a_unit_of_its_own(host):
    assert host.service("tomcat@app1").is_running
    assert host.service("tomcat@app1").is_enabled
    assert host.file("/etc/systemd/system/tomcat@app1.service").contains("roundrobin.tomcat")
    assert not host.file("/etc/systemd/system/tomcat@app1.service.d").exists


@pytest.mark.parametrize(
    ("variables", "says"),
    [
        (
            {
                "apache_balancer_listen_port": 8080,
                "apache_balancer_server_name": "old.example.test",
                "tomcat_instance_name": "tomcat",
                "tomcat_instance_shutdown_port": 8005,
            },
            [
                "app1: tomcat@tomcat.service runs already, from /etc/systemd/system/tomcat@.service. Set tomcat_instance_name.",
                (
                    "app1: port 8005 of 127.0.0.1 is taken by java (tomcat@tomcat.service). Stop that, or set tomcat_instance_port_offset or "
                    "tomcat_instance_shutdown_port."
                ),
                "web: port 8080 of :: is taken by java (tomcat@tomcat.service). Stop that, or set apache_balancer_listen_port.",
            ],
        ),
        (
            {"apache_balancer_server_name": "old.example.test", "tomcat_instance_name": "taken"},
            [
                (
                    "app1: tomcat@taken.service is there already (/etc/systemd/system/tomcat@taken.service), and it is none of this "
                    "collection's. Set tomcat_instance_name."
                ),
                (
                    "web: /etc/apache2/sites-enabled/old.conf:1: a site for old.example.test is there already. "
                    "Set apache_balancer_server_name, or take that one away."
                ),
            ],
        ),
    ],
    ids=["ports", "names"],
)
def test_what_would_harm_is_refused_all_at_once(chain, variables, says):
    before = chain.command("web", ALL_FILES)
    play = chain.play("site", "-e", json.dumps(variables))
    assert play.returncode == 2, play.stdout
    assert [line for line in says if line not in " ".join(play.stdout.split())] == [], play.stdout
    assert chain.command("web", ALL_FILES) == before


def test_an_administrators_connector_stays(chain):
    add = f"s|^ *</Service>|{OWN_CONNECTOR}\\n&|"
    chain.command("app1", f"sed -i '{add}' {SERVER_XML} && systemctl restart tomcat@app1")
    play = chain.play("site", "-e", "tomcat_instance_keep_alive_timeout_ms=2500")
    assert play.returncode == 0, play.stdout
    assert chain.command("app1", f"grep -cF '{OWN_CONNECTOR}' {SERVER_XML}") == "1"
    assert ask(chain, path="/version", port=8181).status_code == 200


def test_a_port_that_somebody_took_meanwhile_is_told_at_the_start(chain):
    chain.command("app1", "systemctl stop tomcat@app1")
    listen = "import socket, time; s = socket.create_server(('127.0.1.1', 8009)); time.sleep(600)"
    chain.command("app1", f'systemd-run --unit=taker python3 -c "{listen}"')
    chain.command("app1", "until (: </dev/tcp/127.0.1.1/8009) 2>/dev/null; do sleep 0.1; done".join(["bash -c '", "'"]))
    said = chain.command(
        "app1",
        "systemctl start tomcat@app1 2>&1; journalctl --unit=tomcat@app1 --lines=20 --output=cat; systemctl stop taker",
    )
    assert "Port 8009 of app1.example.test is taken by another process." in said
    chain.command("app1", "systemctl reset-failed tomcat@app1; systemctl start tomcat@app1")
    for _attempt in range(100):
        if ask(chain, "www.example.test", "/version").status_code == 200:
            return
        time.sleep(0.2)
    pytest.fail("httpd does not see that the instance is back")
