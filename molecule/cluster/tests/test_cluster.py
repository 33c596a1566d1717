# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cluster on real hosts: a first release, the failover test, and then what an administrator breaks."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from chain import recap

#: Those of molecule.yml.
OPTIONS = "-Xmx192m -XX:TieredStopAtLevel=1"
SERVER_XML = "/var/opt/tomcat/app1/conf/server.xml"
PORTS = "/etc/apache2/ports.conf"


def test_both_members_serve_the_release(chain):
    assert chain.member_states("web1") == {"app1": "enabled", "app2": "enabled"}
    assert chain.versions("web1", ["app1", "app2"]) == {"app1": "1.0", "app2": "1.0"}


def test_a_session_survives_the_stop_of_its_instance(chain):
    """Also where httpd does not listen at 127.0.0.1."""
    alone = f"Listen {chain.addresses['web1']}:80"
    chain.command("web1", f"sed -i 's/^Listen 80$/{alone}/' {PORTS} && systemctl restart apache2")
    assert chain.command("web1", "ss -Hltn sport = :80 | awk '{print $4}'") == f"{chain.addresses['web1']}:80"
    play = chain.play("failover_test")
    chain.command("web1", f"sed -i 's/^{alone}$/Listen 80/' {PORTS} && systemctl restart apache2")
    assert play.returncode == 0, play.stdout
    assert "took over" in " ".join(play.stdout.split())
    assert chain.member_states("web1") == {"app1": "enabled", "app2": "enabled"}


@pytest.mark.parametrize("host", ["cache1", "cache2"])
def test_memcached_holds_the_sessions_and_listens_on_one_address(chain, host):
    assert chain.command(host, "ss -Hltn sport = :11211 | awk '{print $4}'") == f"{chain.addresses[host]}:11211"


def test_a_malformed_server_xml_is_named_and_left_alone(chain):
    """And once it is mended, a run changes nothing on any host, and warns of nothing."""
    chain.command("app1", f"cp -p {SERVER_XML} {SERVER_XML}.good && sed -i 's#</Engine>##' {SERVER_XML}")
    broken = chain.command("app1", f"sha256sum < {SERVER_XML}")
    before = chain.command("app1", "systemctl show --property=MainPID tomcat@app1")
    play = chain.play("site")
    assert play.returncode == 2
    assert f"{SERVER_XML}:" in play.stdout
    assert {counts["changed"] for counts in recap(play).values()} == {0}
    assert chain.command("app1", f"sha256sum < {SERVER_XML}") == broken
    assert chain.command("app1", "systemctl show --property=MainPID tomcat@app1") == before
    chain.command("app1", f"mv {SERVER_XML}.good {SERVER_XML}")
    again = chain.play("site")
    assert again.returncode == 0, again.stdout
    assert {counts["changed"] for counts in recap(again).values()} == {0}
    assert "[WARNING]" not in again.stdout


@pytest.mark.parametrize(
    ("variable", "said"),
    [("tomcat_instance_version=9.9.9", "9.9.9"), ("tomcat_instance_graceful_stop_seconds=soon", "soon")],
)
def test_a_bad_variable_is_refused_before_anything_is_touched(chain, variable, said):
    play = chain.play("site", "-e", variable)
    assert play.returncode == 2
    assert said in play.stdout
    assert {counts["changed"] for counts in recap(play).values()} == {0}


def test_settings_that_do_not_work_take_one_member_out_and_the_next_run_heals_it(chain):
    untouched = chain.command("app2", "systemctl show --property=MainPID tomcat@app2")
    play = chain.play("site", "-e", "tomcat_instance_java_opts=-XX:NoSuchOption")
    assert play.returncode == 2
    assert sum(counts["failed"] for counts in recap(play).values()) == 1
    assert chain.command("app2", "systemctl show --property=MainPID tomcat@app2") == untouched
    assert chain.versions("web1", ["app1", "app2"]) == {"app2": "1.0"}
    healed = chain.play("site")
    assert healed.returncode == 0, healed.stdout
    assert chain.versions("web1", ["app1", "app2"]) == {"app1": "1.0", "app2": "1.0"}
    assert chain.member_states("web1") == {"app1": "enabled", "app2": "enabled"}


def test_new_settings_come_to_drained_instances(chain):
    """One after the other, users notice nothing. Site holds the lock meanwhile."""
    locks = []

    def look_for_the_lock():
        deadline = time.monotonic() + 120
        while not any(locks) and time.monotonic() < deadline:
            locks.append((chain.module("web1", "rollout_info")["web1"]["lock"] or {}).get("record"))

    with chain.load("web1", users=30, min_requests=1000) as users, ThreadPoolExecutor() as pool:
        looks = pool.submit(look_for_the_lock)
        play = chain.play("site", "-e", f"tomcat_instance_java_opts='{OPTIONS} -Dnew.setting=yes'")
        looks.result()
    assert play.returncode == 0, play.stdout
    assert users.noticed == {}
    assert locks[-1] == {"kind": "site"}
    assert chain.module("web1", "rollout_info")["web1"]["lock"] is None
    for host in ("app1", "app2"):
        assert "-Dnew.setting=yes" in chain.command(
            host, "xargs -0 < /proc/$(systemctl show -P MainPID tomcat@$(hostname))/cmdline"
        )
    assert chain.member_states("web1") == {"app1": "enabled", "app2": "enabled"}


def test_status_shows_what_is_down_beside_what_is_not(chain):
    chain.command("app2", "systemctl stop tomcat@app2")
    chain.command("cache2", "systemctl stop memcached-node@11211")
    play = chain.play("status")
    chain.command("cache2", "systemctl start memcached-node@11211")
    chain.command("app2", "systemctl start tomcat@app2")
    assert play.returncode == 0, play.stdout
    assert {counts["changed"] for counts in recap(play).values()} == {0}
    # The last message: those before it are of what does not answer.
    screen = json.JSONDecoder().raw_decode(play.stdout.rpartition('"msg": ')[2])[0]
    lines = [line.split() for line in screen]
    # httpd's own health check knows of app2 too, or not yet.
    assert screen[0] in ("2 problems", "3 problems")
    assert f"  app1, app2: memcached {chain.addresses['cache2']}:11211 does not answer: Connection refused" in screen
    assert ["app1", "1.0", "-", "ok", "enabled"] in lines
    assert ["app2", "1.0", "-", "SICK"] in [line[:4] for line in lines]
    assert any(line.startswith("  app2: ajp://") for line in screen)
    answers = {line[1]: line[2] for line in lines if line[:1] in (["n1"], ["n2"])}
    assert answers == {f"{chain.addresses['cache1']}:11211": "yes", f"{chain.addresses['cache2']}:11211": "no"}
    assert any(line[2:6] == ["deploy", "ROOT", "1.0", "done"] for line in lines)
