# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""After the releases: what verify says of our own hosts, and of hosts that somebody has changed; a user with no more rights than he needs."""

from __future__ import annotations

import json

import pytest
from chain import ROOT, recap

BASE = "/var/opt/tomcat/app1"
PASSWORD = "not-a-secret-in-a-test"
SUDOERS = (ROOT / "docs/examples/roundrobin.sudoers").read_text()
SUDO_LOG = "/var/log/sudo-deploy.log"


def verify(chain, *arguments):
    play = chain.play("verify", *arguments)
    shown = json.loads(play.stdout.partition("TASK [Show the lines]")[2].partition("=> ")[2].partition("\n\n")[0])
    assert {counts["changed"] for counts in recap(play).values()} == {0}
    return play, shown["msg"]


@pytest.fixture
def changed(chain):
    """An instance that somebody has changed: a file for everybody, a shutdown port, TRACE."""
    server_xml, context_xml = f"{BASE}/conf/server.xml", f"{BASE}/conf/context.xml"
    edit = """-e 's/<Server port="-1"/<Server port="8005"/' -e 's/protocol="AJP/allowTrace="true" &/'"""
    chain.command("app1", f"cp -p {server_xml} /root/kept && sed -i {edit} {server_xml} && chmod o+r {context_xml}")
    chain.command("app1", "systemctl restart tomcat@app1")
    yield chain
    chain.command("app1", f"mv /root/kept {server_xml} && chmod o= {context_xml} && systemctl restart tomcat@app1")


def test_our_own_hosts_pass(chain):
    play, lines = verify(chain)
    assert play.returncode == 0, play.stdout
    assert {line.split()[0] for line in lines if line.startswith("  ")} == {"PASS", "N/A"}
    assert {line for line in lines if not line.startswith(" ")} > {"app1:", "app2:", "cache1:", "cache2:", "web1:"}
    # With the application running.
    (exposure,) = [line for line in lines if "systemd-exposure" in line and "tomcat@app1" in line]
    assert exposure.startswith("  PASS")
    assert chain.command("app1", f"ls {BASE}/webapps") == "ROOT"


def test_what_somebody_changed_fails_with_its_lines(changed):
    play, lines = verify(changed)
    assert play.returncode != 0
    assert "3 lines fail" in play.stdout
    wrong = [line for line in lines if line.startswith("  FAIL")]
    for line, said in zip(
        wrong, ("set tomcat_instance_shutdown_port to -1", "200 to TRACE, not 405", "context.xml 0644")
    ):
        assert said in line
    # By its tag a line is asked for alone.
    play, lines = verify(changed, "--tags", "TCAT-AS-000370")
    assert play.returncode != 0
    assert lines[:2] == ["app1:", wrong[2]]
    assert all("TCAT-AS-000370" in line for line in lines if line.startswith("  "))


def test_a_release_by_a_user_with_the_rights_of_the_example(chain):
    for host in chain.addresses:
        chain.command(
            host,
            f"useradd --create-home --shell /bin/bash deploy && echo deploy:{PASSWORD} | chpasswd"
            f" && printf '%s' '{SUDOERS}' >/etc/sudoers.d/roundrobin && chmod 0440 /etc/sudoers.d/roundrobin && visudo -c",
        )
    user = ["-e", "ansible_user=deploy"]
    # Without his password he can do nothing.
    assert chain.play("status", *user).returncode != 0
    play = chain.deploy("3.0", *user, "-e", f"ansible_become_password={PASSWORD}")
    assert play.returncode == 0, play.stdout
    assert chain.versions("web1", ["app1", "app2"]) == {"app1": "3.0", "app2": "3.0"}
    assert "USER=root" in chain.command("app1", f"cat {SUDO_LOG}")
    # Nothing but what Ansible calls.
    with pytest.raises(RuntimeError, match="not allowed"):
        chain.command("app1", f"su deploy -c 'echo {PASSWORD} | sudo -S cat /etc/shadow'")
