# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ways to bring a change other than a restart for a release. Under load."""

from __future__ import annotations

from lengths import at_length
from site_of_rollouts import HOSTS, everywhere, never_out_together, results


@at_length
def test_rolling_restart_brings_settings(site):
    version = site.version
    options = "tomcat_instance_java_opts=-Xmx200m -XX:TieredStopAtLevel=1"
    with site.load("`rolling_restart.yml` with a changed setting of Tomcat") as users:
        play = site.chain.play("rolling_restart", "-e", f'"{options}"')
        assert play.returncode == 0, play.stdout
        assert [site.chain.command(host, f"pgrep -fc '{host}.*-Xmx200m|-Xmx200m.*{host}'") for host in HOSTS] == [
            "1"
        ] * 4
        back = site.chain.play("rolling_restart")
        assert back.returncode == 0, back.stdout
    assert users.noticed == {}
    assert results(play) == dict.fromkeys(HOSTS, "done")
    assert never_out_together(play)
    site.must_be_whole(**everywhere(version))


@at_length
def test_reload(site):
    version = site.new_version()
    started = site.started()
    with site.load("a release, strategy `reload`") as users:
        play = site.chain.deploy(version, "-e", "rolling_deploy_strategy=reload")
        assert play.returncode == 0, play.stdout
    assert users.noticed == {}
    assert site.started() == started
    site.must_be_whole(**everywhere(version))
