# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The article's chain on one machine: its files, a first release, its step 4, and what users see."""

from __future__ import annotations

import json
import urllib.error
import urllib.request

import pytest
from lxml import etree

testinfra_hosts = ["web"]


def status(url):
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


@pytest.mark.parametrize(("instance", "offset"), [("jvm1", 0), ("jvm2", 100)])
def test_server_xml_is_as_the_article_edits_it(host, instance, offset):
    server = etree.fromstring(host.file(f"/var/opt/tomcat/{instance}/conf/server.xml").content)
    assert server.get("port") == str(8005 + offset)
    assert server.find("Service/Engine").get("jvmRoute") == instance
    connectors = server.findall("Service/Connector")
    assert [(connector.get("protocol"), connector.get("port")) for connector in connectors] == [
        ("AJP/1.3", str(8009 + offset))
    ]
    assert host.socket(f"tcp://127.0.0.1:{8009 + offset}").is_listening


@pytest.mark.parametrize("instance", ["jvm1", "jvm2"])
def test_the_one_manager_is_memcached_session_manager(host, instance):
    context = etree.fromstring(host.file(f"/var/opt/tomcat/{instance}/conf/context.xml").content)
    # What makes it has its attributes.
    assert context.findall("Manager") == []
    (listener,) = context.findall("Listener")
    assert listener.get("className") == "org.roundrobin.tomcat.SessionStore"
    assert listener.get("memcachedNodes") == "n1:127.0.0.1:11211"
    assert listener.get("sessionBackupAsync") == "false"
    assert listener.get("requestUriIgnorePattern")


def test_users_reach_the_application_below_its_path(chain):
    assert status(f"{chain.url('web')}shop/health") == 200
    assert status(f"{chain.url('web')}other") == 404


def test_the_manager_is_closed_to_users(chain):
    assert status(f"{chain.url('web')}balancer-manager") in (403, 404)


def test_a_session_survives_the_stop_of_its_instance(chain):
    play = chain.play("failover_test")
    assert play.returncode == 0, play.stdout
    assert "took over" in " ".join(play.stdout.split())


def test_going_back_asks_a_release_as_when_it_was_healthy(chain):
    """The health in the inventory came with the new release, and the one before does not know it."""

    def with_health(pattern):
        application = {"path": "/shop/", "health_path": "/health", "health_pattern": pattern}
        return ["-e", json.dumps({"tomcat_applications": [application], "rolling_deploy_health_timeout": 8})]

    # A release that is sick: its member goes back.
    play = chain.deploy("2.0", *with_health("(?m)^version=3"))
    assert play.returncode == 2
    assert "is back on 1.0" in play.stdout
    assert set(chain.member_states("web").values()) == {"enabled"}
    # One that is not, and is taken back by a person.
    of_2 = with_health("(?m)^version=2")
    play = chain.deploy("2.0", *of_2)
    assert play.returncode == 0, play.stdout
    play = chain.play("rollback", *of_2)
    assert play.returncode == 0, play.stdout
    assert set(chain.member_states("web").values()) == {"enabled"}
    health = "/var/opt/tomcat/jvm1/releases/shop/1.0/health.json"
    assert "version={version}" in json.loads(chain.command("jvm1", f"cat {health}"))["health_pattern"]


def test_nothing_but_httpd_listens_on_the_outside(host):
    sockets = [socket for socket in host.socket.get_listening_sockets() if not socket.startswith("unix://")]
    outside = {socket.rpartition(":")[2] for socket in sockets if "//127.0.0." not in socket}
    assert outside == {"22", "80"}
