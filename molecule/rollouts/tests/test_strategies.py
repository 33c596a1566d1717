# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ways to bring a change other than a restart for a release. Under load. docs/strategies.md cites this."""

from __future__ import annotations

import hashlib

import pytest
from archives import cached
from lengths import at_length
from site_of_rollouts import BALANCER, HOSTS, everywhere, never_out_together, results

RELOAD = ["-e", "rolling_deploy_strategy=reload"]
TOMCAT, OLDER_TOMCAT = "9.0.117", "9.0.104"
PARALLEL = ["-e", "rolling_deploy_strategy=parallel"]


def retire_after(seconds):
    return [*PARALLEL, "-e", f"rolling_deploy_retire_timeout={seconds}"]


def served(site):
    """By instance the releases that its Tomcat serves, those that wait to be retired first. It serves nothing else."""
    answers = site.chain.module(
        ",".join(HOSTS),
        "tomcat_session_info",
        base="/var/opt/tomcat/{{ inventory_hostname }}",
        manager_url="ajp://{{ ansible_host }}:{{ 8009 + tomcat_instance_port_offset | default(0) }}/roundrobin-manager",
        url_password="{{ tomcat_instance_manager_password }}",
        ajp_secret="{{ tomcat_instance_ajp_secret }}",
    )
    assert [answers[host]["problems"] for host in HOSTS] == [[]] * 4
    return {host: [context["version"] for context in answers[host]["contexts"]] for host in HOSTS}


@at_length
def test_rolling_restart_brings_settings(site):
    version = site.version
    options = "tomcat_instance_java_opts=-Xmx200m -XX:TieredStopAtLevel=1"
    with site.load("`rolling_restart.yml` with a changed setting of Tomcat") as users:
        play = site.chain.play("rolling_restart", "-e", f'"{options}"')
        assert play.returncode == 0, play.stdout
        assert all("-Xmx200m" in command for command in site.running().values()), site.running()
        back = site.chain.play("rolling_restart")
        assert back.returncode == 0, back.stdout
    assert users.noticed == {}
    assert results(play) == dict.fromkeys(HOSTS, "done")
    assert never_out_together(play)
    site.must_be_whole(**everywhere(version))


@at_length
def test_rolling_restart_brings_another_tomcat(site):
    """Of before, then the inventory's: an upgrade of Tomcat in place."""
    version = site.version
    archive = cached(f"org.apache.tomcat:tomcat:{OLDER_TOMCAT}:tar.gz")
    checksum = hashlib.sha512(archive.read_bytes()).hexdigest()
    older = ["-e", f"tomcat_instance_version={OLDER_TOMCAT}", "-e", f"tomcat_instance_checksum={checksum}"]
    with site.load("`rolling_restart.yml` to an older Tomcat, then with another one to the newer") as users:
        for arguments, tomcat in ((older, OLDER_TOMCAT), ([], TOMCAT)):
            play = site.chain.play("rolling_restart", *arguments)
            assert play.returncode == 0, play.stdout
            assert results(play) == dict.fromkeys(HOSTS, "done")
            assert never_out_together(play)
            assert all(f"/apache-tomcat-{tomcat}/" in command for command in site.running().values()), site.running()
    assert users.noticed == {}
    site.must_be_whole(**everywhere(version))


@at_length
def test_reload(site):
    version = site.new_version()
    started = site.started()
    with site.load("a release, strategy `reload`") as users:
        play = site.chain.deploy(version, *RELOAD)
        assert play.returncode == 0, play.stdout
    assert users.noticed == {}
    assert site.started() == started
    assert never_out_together(play)
    assert served(site) == {host: [version] for host in HOSTS}
    site.must_be_whole(**everywhere(version))


@at_length
def test_reload_of_a_release_that_is_sick_goes_back_by_a_restart(site):
    before, version = site.version, site.new_version()
    started = site.started()
    with site.load("a release that is sick on the second member, strategy `reload`") as users:
        play = site.chain.deploy(
            version, *RELOAD, "-e", "rolling_deploy_health_timeout=8", sick="unhealthy", sick_on=["app2"]
        )
        assert play.returncode == 2, play.stdout
    assert users.noticed == {}
    assert results(play) == {"app1": "done", "app2": "rolled_back", "app3": "untouched", "app4": "untouched"}
    restarted = [host for host, at in site.started().items() if at != started[host]]
    assert restarted == ["app2"]
    site.must_be_whole(**{**everywhere(before), "app1": version})
    back = site.chain.play("rollback", "-e", f"release_version={before}", *RELOAD)
    assert back.returncode == 0, back.stdout


def test_parallel_users_stay_until_the_deadline(site):
    """The users of the load never leave, so that all of them are taken to the new release at the end of the time."""
    before, version = site.version, site.new_version()
    started = site.started()
    with site.load(
        "a release, strategy `parallel`; users stay on theirs for 15 s more and are then taken along"
    ) as users:
        stays = {host: site.chain.browser(BALANCER, host) for host in HOSTS}
        play = site.chain.start("rolling_deploy", *site.chain.release(version), *retire_after(15))
        for host in HOSTS:
            play.follow("retire", host)
        for host in HOSTS:
            assert (stays[host].count()["instance"], stays[host].whoami()["version"]) == (host, before)
            assert site.chain.browser(BALANCER, host).whoami()["version"] == version
        assert play.wait().returncode == 0, play.stdout
        for host in HOSTS:
            answer = stays[host].count()
            assert (answer["instance"], answer["version"], answer["counter"]) == (host, version, 2)
    assert users.noticed == {}
    assert {seen["version"] for seen in users.report["versions"]} == {before, version}
    assert results(play) == dict.fromkeys(HOSTS, "done")
    assert [member["out"] for member in play.report["members"]] == [[]] * 4
    assert all(member["durations"]["retire"] >= 15 for member in play.report["members"])
    assert site.started() == started
    assert served(site) == {host: [version] for host in HOSTS}
    site.must_be_whole(**everywhere(version))


@at_length
def test_parallel_ends_when_the_last_user_has_left(site):
    """Sessions of the tests before are gone with a restart."""
    assert site.chain.play("rolling_restart").returncode == 0
    before, version = site.version, site.new_version()
    user = site.chain.browser(BALANCER, "app3")
    play = site.chain.start("rolling_deploy", *site.chain.release(version), *retire_after(300))
    for host in HOSTS:
        play.follow("retire", host)
    assert user.logout()["version"] == before
    assert play.wait().returncode == 0, play.stdout
    assert all(member["durations"]["retire"] < 100 for member in play.report["members"])
    assert "with 0 sessions still on it" in play.stdout
    assert served(site) == {host: [version] for host in HOSTS}


@at_length
@pytest.mark.parametrize("policy", ["rollback_member", "rollback_all"])
def test_parallel_of_a_release_that_is_sick_is_withdrawn(site, policy):
    before, version = site.version, site.new_version()
    started = site.started()
    with site.load(f"a release that is sick on the third member, strategy `parallel`, `{policy}`") as users:
        stays = site.chain.browser(BALANCER, "app3")
        play = site.chain.deploy(
            version,
            *PARALLEL,
            *("-e", f"rolling_deploy_on_failure={policy}", "-e", "rolling_deploy_health_timeout=8"),
            sick="unhealthy",
            sick_on=["app3"],
        )
        assert play.returncode == 2, play.stdout
        assert (stays.count()["instance"], stays.whoami()["version"]) == ("app3", before)
        new = {"app1": version, "app2": version} if policy == "rollback_member" else {}
        site.must_be_whole(**{**everywhere(before), **new})
        assert served(site) == {host: [before, version] if host in new else [before] for host in HOSTS}
        if policy == "rollback_member":
            # While users of the release before are still there.
            back = site.chain.play("rollback", "-e", f"release_version={before}", *retire_after(5))
            assert back.returncode == 0, back.stdout
    assert users.noticed == {}
    assert site.started() == started
    assert served(site) == {host: [before] for host in HOSTS}


@at_length
@pytest.mark.parametrize("phase", ["activate", "start", "health", "retire"])
def test_parallel_killed_and_repaired(site, phase):
    before, version = site.version, site.new_version()
    with site.load(
        f"strategy `parallel`, controller killed (SIGKILL) at `{phase}` of app1, then `repair.yml`"
    ) as users:
        play = site.chain.start("rolling_deploy", *site.chain.release(version), *retire_after(60))
        play.follow(phase, "app1")
        play.kill()
        repair = site.chain.play("repair", "-e", "rolling_deploy_retire_timeout=5")
        assert repair.returncode == 0, repair.stdout
    assert users.noticed == {}
    versions = site.versions
    assert set(versions.values()) <= {before, version}
    assert phase != "retire" or versions == everywhere(version)
    again = site.chain.deploy(version, *retire_after(5))
    assert again.returncode == 0, again.stdout
    assert served(site) == {host: [version] for host in HOSTS}
    site.must_be_whole(**everywhere(version))


@at_length
@pytest.mark.parametrize("phase", ["start", "retire"])
def test_parallel_killed_and_done_again(site, phase):
    version = site.new_version()
    play = site.chain.start("rolling_deploy", *site.chain.release(version), *retire_after(60))
    play.follow(phase, "app2")
    play.kill()
    again = site.chain.deploy(version, *retire_after(5))
    assert again.returncode == 0, again.stdout
    assert served(site) == {host: [version] for host in HOSTS}
    site.must_be_whole(**everywhere(version))


@at_length
@pytest.mark.parametrize("strategy", ["restart", "reload"])
def test_other_rollouts_end_what_waits_to_be_retired(site, strategy):
    before, second, third = site.version, site.new_version(), site.new_version()
    with site.load(
        f"strategy `parallel`, interrupted while users stay; then another release, strategy `{strategy}`"
    ) as users:
        play = site.chain.start("rolling_deploy", *site.chain.release(second), *retire_after(600))
        play.follow("retire", "app4")
        play.kill()
        assert served(site) == {host: [before, second] for host in HOSTS}
        play = site.chain.deploy(third, "-e", f"rolling_deploy_strategy={strategy}")
        assert play.returncode == 0, play.stdout
        assert f"still serves {before} to the users who began on it" in play.stdout
    assert users.noticed == {}
    assert served(site) == {host: [third] for host in HOSTS}
    site.must_be_whole(**everywhere(third))


@at_length
def test_rolling_restart_ends_what_waits_to_be_retired(site):
    version = site.new_version()
    with site.load("strategy `parallel`, interrupted while users stay; then `rolling_restart.yml`") as users:
        play = site.chain.start("rolling_deploy", *site.chain.release(version), *retire_after(600))
        play.follow("retire", "app4")
        play.kill()
        restart = site.chain.play("rolling_restart")
        assert restart.returncode == 0, restart.stdout
    assert users.noticed == {}
    assert served(site) == {host: [version] for host in HOSTS}


@at_length
@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["tomcat_instance_manager_enabled=false"], "needs Tomcat's own manager"),
        (["rolling_deploy_on_failure=stop"], "does not go with rolling_deploy_on_failure stop"),
    ],
)
def test_parallel_is_refused(site, options, told):
    """The unit tests of the plan have all of it."""
    play = site.chain.deploy(site.new_version(), *PARALLEL, *(word for option in options for word in ("-e", option)))
    assert play.returncode == 2
    assert told in play.stdout.rpartition("Nothing was touched")[2]
    assert play.events == []
