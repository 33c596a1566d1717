# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The article's hand-made pair is read, and moved to the collection by the steps of docs/adoption.md while users work."""

from __future__ import annotations

import time

import pytest
import yaml
from chain import Chain
from reloads import unexplained

testinfra_hosts = ["app1"]

# But what the Tomcats write.
ALL_FILES = "find /etc /opt /var/opt -xdev -not -path '*/logs*' -not -path '*/work*' -not -path '*/temp*' -printf '%p %m %u %g %s %T@\\n' | sort"
HTTPD_CONF = "/etc/apache2/apache2.conf"
SITE = "/etc/apache2/sites-available/000-default.conf"
LINES = "/^# BEGIN ANSIBLE/,/^# END ANSIBLE/"
BESIDE = ["-e", "apache_balancer_listen_port=8081"]
HEALTH = "        health_path: /health\n        health_pattern: (?m)^version={version}$$\n"
# How long users work between two steps.
SECONDS = 5
USERS = 30


@pytest.fixture(scope="module")
def by_hand():
    """The chain before there is anything of the collection."""
    return Chain.of_scenario()


@pytest.fixture(scope="module")
def chain(by_hand):
    """The chain by the inventory that adopt writes."""
    directory = by_hand.directory / "shop"
    before = by_hand.command("app1", ALL_FILES)
    play = by_hand.play("adopt", "-e", f"adopt_directory={directory}", "-e", "adopt_overwrite=true")
    assert play.returncode == 0, play.stdout
    assert by_hand.command("app1", ALL_FILES) == before
    addresses = dict.fromkeys(("app1", "jvm1", "jvm2"), by_hand.addresses["app1"])
    return Chain(by_hand.directory, [directory / "inventory.yml"], addresses, by_hand.ssh_config)


def test_the_inventory_is_the_articles_chain(chain, by_hand):
    written = yaml.safe_load(chain.inventories[0].read_text())
    tomcat = written["tomcat"]
    assert {name: host["tomcat_instance_port_offset"] for name, host in tomcat["hosts"].items()} == {
        "jvm1": 2000,
        "jvm2": 2100,
    }
    assert tomcat["vars"] == {
        "tomcat_instance_address": "127.0.0.1",
        "tomcat_instance_java_opts": ["-Xmx192m", "-XX:TieredStopAtLevel=1"],
        "tomcat_instance_memcached_options": {"takesOverFromMsm": True},
    }
    everywhere = written["all"]["vars"]
    assert everywhere["tomcat_instance_memcached_nodes"] == "n1:localhost:11211"
    assert everywhere["tomcat_applications"] == [{"path": "/"}]
    assert [host["ansible_host"] for host in written["balancer"]["hosts"].values()] == [by_hand.addresses["app1"]]
    told = (chain.inventories[0].parent / "not_carried_over.txt").read_text()
    assert '/opt/tomcat1/conf/server.xml:22: <Server port="8005">' in told


def test_it_is_not_overwritten_unless_asked(chain, by_hand):
    inventory = chain.inventories[0]
    inventory.write_text(inventory.read_text().replace("      - path: /\n", "      - path: /\n" + HEALTH))
    play = by_hand.play("adopt", "-e", f"adopt_directory={inventory.parent}")
    assert play.returncode == 2
    assert "Nothing was written" in play.stdout
    assert HEALTH in inventory.read_text()


def move(chain, old, new):
    """Let a member of the hand-made balancer be a new instance."""
    secret = (chain.inventories[0].parent / "credentials/ajp_secret").read_text().strip()
    chain.command(
        "app1", f"sed -i 's|ajp://localhost:{old} \\(.*\\)$|ajp://localhost:{new} \\1 secret={secret}|' {SITE}"
    )
    return reload(chain)


def reload(chain):
    """By hand; when it was."""
    chain.command("app1", "apachectl configtest")
    moment = time.time()
    chain.command("app1", "apachectl graceful")
    time.sleep(SECONDS)
    return moment


def into_a_virtual_host(chain):
    """The article's other place for its lines. On Debian there is one already."""
    chain.command("app1", f"sed -n '{LINES}p' {HTTPD_CONF} > /root/lines && sed -i '{LINES}d' {HTTPD_CONF}")
    chain.command("app1", f"sed -i -e '/<VirtualHost/r /root/lines' {SITE}")
    return reload(chain)


def done(play):
    assert play.returncode == 0, play.stdout


def test_lines_outside_of_virtual_hosts_are_refused(chain):
    play = chain.play("site", *BESIDE)
    assert play.returncode == 2
    assert f"{HTTPD_CONF}:" in play.stdout
    assert "stands outside of virtual hosts" in " ".join(play.stdout.split())


def test_users_are_moved_and_notice_nothing(chain):
    with chain.load("app1", users=USERS, min_requests=1000) as users:
        by_hand = [into_a_virtual_host(chain)]
        done(chain.play("site", *BESIDE))
        done(chain.deploy("1.0", *BESIDE))
        by_hand += [move(chain, 8009, 10009), move(chain, 8109, 10109)]
        chain.command("app1", "a2dissite 000-default")
        done(chain.play("site"))
        time.sleep(SECONDS)
        chain.command("app1", "systemctl disable --now tomcat1 tomcat2")
        time.sleep(SECONDS)
    print(users.report["totals"])
    assert unexplained(users.report, by_hand, USERS) == []
    assert (users.report["totals"]["lost"], users.report["totals"]["regressed"]) == (0, 0)
    assert chain.versions("app1", ["jvm1", "jvm2"]) == {"jvm1": "1.0", "jvm2": "1.0"}


def test_the_next_release_is_as_any_other(chain):
    inventory = chain.inventories[0]
    text = inventory.read_text()
    inventory.write_text(text.replace("    tomcat_instance_memcached_options:\n      takesOverFromMsm: true\n", ""))
    assert "takesOver" not in inventory.read_text()
    with chain.load("app1", users=USERS, min_requests=1000) as users:
        done(chain.play("site"))
        done(chain.deploy("1.1"))
    print(users.report["totals"])
    assert users.noticed == {}
    assert chain.versions("app1", ["jvm1", "jvm2"]) == {"jvm1": "1.1", "jvm2": "1.1"}
