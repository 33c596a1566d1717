# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""After the releases: what verify says of our own hosts, and of hosts that somebody has changed; a user with no more rights than he needs."""

from __future__ import annotations

import contextlib
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


@contextlib.contextmanager
def changed(chain, path, change, restart=False):
    """A file, or its mode, while the block runs."""
    again = "systemctl restart tomcat@app1" if restart else "true"
    chain.command("app1", f"cp -p {path} /root/kept && {change} && {again}")
    try:
        yield
    finally:
        chain.command("app1", f"mv /root/kept {path} && {again}")


def test_our_own_hosts_pass(chain):
    play, lines = verify(chain)
    assert play.returncode == 0, play.stdout
    assert {line.split()[0] for line in lines if line.startswith("  ")} == {"PASS", "N/A"}
    assert {line for line in lines if not line.startswith(" ")} > {"app1:", "app2:", "cache1:", "cache2:", "web1:"}
    # With the application running.
    (exposure,) = [line for line in lines if "systemd-exposure" in line and "tomcat@app1" in line]
    assert exposure.startswith("  PASS")
    assert chain.command("app1", f"ls {BASE}/webapps") == "ROOT"


@pytest.mark.parametrize(
    ("path", "change", "restart", "tag"),
    [
        ("conf/context.xml", "chmod o+r {}", False, "TCAT-AS-000370"),
        ("conf/server.xml", 'sed -i \'s/<Server port="-1"/<Server port="8005"/\' {}', False, "TCAT-AS-000490"),
        ("conf/server.xml", 'sed -i \'s/protocol="AJP/allowTrace="true" &/\' {}', True, "CIS-2.6"),
    ],
)
def test_what_somebody_changed_fails_with_its_line_alone(chain, path, change, restart, tag):
    with changed(chain, f"{BASE}/{path}", change.format(f"{BASE}/{path}"), restart):
        play, lines = verify(chain)
        assert play.returncode != 0
        (wrong,) = [line for line in lines if line.startswith("  FAIL")]
        assert tag in wrong
        chosen, only = verify(chain, "--tags", tag)
        assert chosen.returncode != 0
        assert wrong in only
        assert all(tag in line for line in only if line.startswith("  "))
    assert verify(chain, "--limit", "app1")[0].returncode == 0


def test_a_tag_that_no_line_has_is_no_pass(chain):
    play, _lines = verify(chain, "--tags", "TCAT-AS-999999", "--limit", "app1")
    assert play.returncode != 0
    assert "no line has the tag TCAT-AS-999999" in play.stdout


def test_a_release_by_a_user_with_the_rights_of_the_example(chain):
    for host in chain.addresses:
        chain.command(
            host,
            f"useradd --create-home --shell /bin/bash deploy && echo deploy:{PASSWORD} | chpasswd"
            " && cp -r ~admin/.ssh ~deploy/ && chown -R deploy: ~deploy/.ssh"
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
