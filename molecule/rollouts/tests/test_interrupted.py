# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rollouts that do not come to their end, and what the next one makes of it. Under load."""

from __future__ import annotations

import json
import time
from datetime import datetime

import pytest
from lengths import at_length
from site_of_rollouts import ALL_IN, BALANCER, HOSTS, USERS, everywhere, results

PHASES = ["drain", "stop", "activate", "start", "health", "enable", "verify", "soak"]
# Of a member that is in them it is certain that it is out, or that it serves.
OUT = ["stop", "activate", "start", "health"]
IN_AGAIN = ["verify", "soak"]
WATCHED = ["-e", "rolling_deploy_soak=3"]


def killed_at(site, member, phase, version):
    """A rollout whose controller died in this phase of this member."""
    play = site.chain.start("rolling_deploy", *site.chain.release(version), *WATCHED)
    play.follow(phase, member)
    return play.kill()


@pytest.mark.parametrize(
    ("member", "phase"),
    [
        ("app1", "activate"),
        *(pytest.param("app1", phase, marks=at_length) for phase in PHASES if phase != "activate"),
        pytest.param("app2", "activate", marks=at_length),
    ],
)
def test_killed_and_repaired(site, member, phase):
    """In the short form the controller dies in the middle: the member is out, stopped and half switched."""
    before, version = site.version, site.new_version()
    with site.load(f"controller killed (SIGKILL) at `{phase}` of {member}, then `repair.yml`") as users:
        dead = killed_at(site, member, phase, version)
        assert site.lock["record"]["version"] == version
        out = {host for host, state in site.states.items() if state != "enabled"}
        # Else: what was sent to httpd at that moment may have arrived, or not.
        possible = [{member}] if phase in OUT else [set()] if phase in IN_AGAIN else [{member}, set()]
        assert out in possible
        repair = site.chain.play("repair")
        assert repair.returncode == 0, repair.stdout
        assert dead.events[0]["data"]["id"] in repair.stdout
        # A member that is out has what it had. What was done before it is done, so is what is in service again.
        done = dict.fromkeys(HOSTS[: HOSTS.index(member)], version)
        if member not in out and phase != "drain":
            done[member] = version
        site.must_be_whole(**{**everywhere(before), **done})
        if done:
            back = site.chain.play("rollback", "-e", f"release_version={before}")
            assert back.returncode == 0, back.stdout
    assert users.noticed == {}


@at_length
@pytest.mark.parametrize("phase", PHASES)
def test_killed_and_done_again(site, phase):
    """That a dead rollout is found is in test_killed_and_repaired, what is to be done then in the unit tests of the plan."""
    version = site.new_version()
    with site.load(
        f"controller killed (SIGKILL) at `{phase}` of the second member, then the same rollout again"
    ) as users:
        dead = killed_at(site, "app2", phase, version)
        again = site.chain.deploy(version)
        assert again.returncode == 0, again.stdout
        assert dead.events[0]["data"]["id"] in again.stdout
    assert users.noticed == {}
    site.must_be_whole(**everywhere(version))


@at_length
def test_ctrl_c(site):
    """To the hosts it is what test_killed_and_repaired does, a little later."""
    before, version = site.version, site.new_version()
    with site.load("Ctrl-C while the second member starts, then `repair.yml`") as users:
        play = site.chain.start("rolling_deploy", *site.chain.release(version))
        play.follow("start", "app2")
        assert play.interrupt().returncode != 0
        repair = site.chain.play("repair")
        assert repair.returncode == 0, repair.stdout
        site.must_be_whole(app1=version, app2=before, app3=before, app4=before)
        back = site.chain.play("rollback", "-e", f"release_version={before}")
        assert back.returncode == 0, back.stdout
    assert users.noticed == {}
    site.must_be_whole(**everywhere(before))


@at_length
def test_httpd_restarted_while_a_member_drains(site):
    """The unit tests of the balancer modules wait through a restart of httpd too."""
    version = site.new_version()
    browser = site.chain.browser(BALANCER, "app1")
    with site.load("httpd restarted, not gracefully, while a member drains") as users:
        site.in_flight(browser.count, 10)
        play = site.chain.start("rolling_deploy", *site.chain.release(version))
        play.follow("drain", "app1")
        away = time.time()
        site.chain.command(BALANCER, "systemctl restart apache2")
        back = time.time()
        assert play.wait().returncode == 0, play.stdout
    # A restart ends what httpd is serving, and nobody is answered until it is back; then everybody is.
    began = datetime.fromisoformat(users.report["started"]).timestamp()
    failed = [began + event["at"] for event in users.report["events"] if event["verdict"] == "failed"]
    assert [moment for moment in failed if not away <= moment <= back + 1] == []
    totals = users.report["totals"]
    assert totals["failed"] == len(failed)
    assert (totals["lost"], totals["regressed"]) == (0, 0)
    site.must_be_whole(**everywhere(version))


@at_length
def test_disk_full_when_the_release_is_staged(site, tmp_path):
    """Full on one host only, and only after the preflight, which would have seen it."""
    before, version = site.version, site.new_version()
    releases = "/var/opt/tomcat/app4/releases"
    small = f"mount -t tmpfs -o size=32m none /mnt && cp -a {releases}/. /mnt/ && mount --move /mnt {releases}"
    hook = tmp_path / "fill.yml"
    # dd ends by the full disk, which is what it is for.
    fill = f"dd if=/dev/zero of={releases}/fill bs=1M || true"
    hook.write_text(
        json.dumps(
            [
                {
                    "name": "Fill the disk",
                    "ansible.builtin.shell": fill,
                    "delegate_to": "app4",
                    "when": "rolling_deploy_notification.event == 'started'",
                }
            ]
        )
    )
    started = site.started()
    site.chain.command("app4", small)
    try:
        with site.load("disk of one host full when the release is staged") as users:
            play = site.chain.deploy(version, "-e", json.dumps({"rolling_deploy_hooks": {"notify": str(hook)}}))
            assert play.returncode == 2, play.stdout
        assert users.noticed == {}
        assert f"not enough space in {releases}" in play.stdout.rpartition("End red")[2]
        assert results(play) == {**dict.fromkeys(HOSTS, "untouched"), "app4": "failed"}
        assert site.started() == started
        left = site.chain.command("app4", f"ls {releases}/ROOT").split()
        assert version not in left
    finally:
        site.chain.command("app4", f"umount {releases}")
    site.must_be_whole(**everywhere(before))


@at_length
def test_ssh_lost(site, tmp_path):
    """What becomes of a member that fails is in test_sick_on_the_third_member, what repair makes of it in test_killed_and_repaired."""
    before, version = site.version, site.new_version()
    # The rollout waits for the cut, which takes a while on a busy machine.
    cut, hook = tmp_path / "cut", tmp_path / "wait.yml"
    wait = {
        "name": "Wait for the cut",
        "ansible.builtin.wait_for": {"path": str(cut)},
        "delegate_to": "localhost",
        "become": False,
        "when": "inventory_hostname == 'app3'",
    }
    hook.write_text(json.dumps([wait]))
    hooks = ["-e", json.dumps({"rolling_deploy_hooks": {"after_drain": str(hook)}})]
    with site.load("SSH to one machine lost while a member of it is out, later `repair.yml`") as users:
        play = site.chain.start("rolling_deploy", *site.chain.release(version), *hooks)
        play.follow("drain", "app3")
        with site.without_ssh("app3"):
            cut.touch()
            assert play.wait().returncode == 2, play.stdout
            assert site.states == {**ALL_IN, "app3": "disabled"}
            assert site.lock["status"] == "left"
            assert results(play) == {"app1": "done", "app2": "done", "app3": "left_out", "app4": "untouched"}
        repair = site.chain.play("repair")
        assert repair.returncode == 0, repair.stdout
        site.must_be_whole(app1=version, app2=version, app3=before, app4=before)
        again = site.chain.deploy(version)
        assert again.returncode == 0, again.stdout
    assert users.noticed == {}
    site.must_be_whole(**everywhere(version))


@at_length
def test_power_cut(site):
    """As test_ssh_lost, with more that is gone at once."""
    before, version = site.version, site.new_version()
    what = "power of one machine (two instances, one memcached) cut while a member of it starts, later `repair.yml`"
    with site.load(what) as users:
        play = site.chain.start("rolling_deploy", *site.chain.release(version))
        play.follow("start", "app3")
        site.chain.cut_power("app3")
        assert play.wait().returncode == 2, play.stdout
        assert site.lock["status"] == "left"
        assert results(play) == {"app1": "done", "app2": "done", "app3": "left_out", "app4": "untouched"}
        site.chain.boot("app3")
        repair = site.chain.play("repair")
        assert repair.returncode == 0, repair.stdout
        site.must_be_whole(app1=version, app2=version, app3=before, app4=before)
        again = site.chain.deploy(version)
        assert again.returncode == 0, again.stdout
    # What the other instance of the machine was serving ends with it; no session does.
    totals = users.report["totals"]
    assert totals["failed"] <= USERS
    assert (totals["lost"], totals["regressed"]) == (0, 0)
    site.must_be_whole(**everywhere(version))
