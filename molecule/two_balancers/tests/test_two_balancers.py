# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Members come and go behind two balancers, while the sessions of the users move between both.

Each test starts where the one before ended.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import json
import random
import re
import shutil
import subprocess
import typing as t
from dataclasses import replace

import pytest
import requests
import yaml
from chain import MANAGER_URL, ROOT, recap
from lengths import FULL, at_length
from reloads import reloads, unexplained

BALANCERS = ["web1", "web2"]
ROUTES = ["app1", "app2", "app3"]
ALL_IN = dict.fromkeys(ROUTES, "enabled")
STATES = ["enabled", "draining", "disabled"]
USERS = 30
STEPS = 51 if FULL else 21
RELOAD_EVERY = STEPS // 3
SEED = 5
HEALTH = {"health_path": "/health", "health_pattern": "(?m)^version={version}$"}
APPLICATIONS = [{"path": "/", **HEALTH}, {"name": "extra", "path": "/extra", "instances": ["app2", "app3"], **HEALTH}]
BOTH = ["-e", json.dumps({"tomcat_applications": APPLICATIONS})]
MANAGER_CONFIGURATION = "/etc/apache2/roundrobin-balancer.conf"


def load(chain, min_requests):
    return chain.load(*BALANCERS, users=USERS, min_requests=min_requests)


def states(chain, figure="state", balancer="tomcat"):
    """Of every member of a balancer, by httpd and route; or another of its figures."""
    answers = chain.module("balancer", "httpd_balancer_info", manager_url=MANAGER_URL)
    return {
        host: {
            member["route"]: member[figure]
            for found in answer["balancers"]
            if found["name"] == balancer
            for member in found["members"]
        }
        for host, answer in answers.items()
    }


def leak(chain):
    """Every counter of requests in flight stays above 0 for good: httpd's children die while each member has one."""
    with concurrent.futures.ThreadPoolExecutor() as users:
        for balancer in BALANCERS:
            for route in ROUTES:
                users.submit(ask_in_vain, chain.url(balancer), route)
        for balancer in BALANCERS:
            chain.command(balancer, "sleep 1; pkill -KILL --parent $(cat /run/apache2/apache2.pid)")
    assert all(busy for members in states(chain, "busy").values() for busy in members.values())


def ask_in_vain(url, route):
    with contextlib.suppress(requests.ConnectionError):
        requests.get(f"{url}slow?ms=5000", cookies={"JSESSIONID": f"x.{route}"}, timeout=60)


def started(chain):
    """When each instance was started last: the same again means that none was touched."""
    return {
        route: chain.command(route, f"systemctl show --property=ActiveEnterTimestamp,MainPID tomcat@{route}")
        for route in ROUTES
    }


def steps(seed: int, count: int) -> t.Iterator[tuple[str, str]]:
    """One member after another into a random other state, while at least one stays enabled."""
    dice = random.Random(seed)
    now = dict(ALL_IN)
    while count:
        route = dice.choice(ROUTES)
        state = dice.choice([state for state in STATES if state != now[route]])
        if state == "enabled" or any(now[other] == "enabled" for other in ROUTES if other != route):
            now[route] = state
            count -= 1
            yield route, state


def task_to_change(route: str, state: str) -> dict[str, t.Any]:
    options = {"manager_url": MANAGER_URL, "route": route, "state": state, "keep_usable": 1}
    if state != "draining":
        options |= {"wait": "ok" if state == "enabled" else "idle", "count_connections": True}
    wrong = f"answer is failed or answer.state_after != '{state}'"
    return {"roundrobin.tomcat.httpd_balancer_member": options, "register": "answer", "failed_when": wrong}


def tasks_to_reload(expected: dict[str, str]) -> t.Iterator[dict[str, t.Any]]:
    """And to see that every member is as it was."""
    yield {"ansible.builtin.systemd_service": {"name": "apache2", "state": "reloaded"}}
    found = "answer.balancers[0].members | items2dict('route', 'state')"
    info = {"roundrobin.tomcat.httpd_balancer_info": {"manager_url": MANAGER_URL}}
    yield {**info, "register": "answer", "failed_when": f"answer is failed or ({found}) != {expected}"}


def run_on_both(chain, tasks: list[dict[str, t.Any]]) -> subprocess.CompletedProcess[str]:
    """Each task on both balancers at once, all of them in one run of Ansible."""
    play = {"hosts": "balancer", "become": True, "gather_facts": False, "any_errors_fatal": True, "tasks": tasks}
    playbook = chain.directory / "steps.json"
    playbook.write_text(json.dumps([play]))
    argv = chain.argv("ansible-playbook", str(playbook))
    return subprocess.run(argv, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)


@pytest.fixture
def unreachable(chain, tmp_path):
    inventory = tmp_path / "inventory.json"
    inventory.write_text(json.dumps({"all": {"hosts": {"web2": {"ansible_port": 9}}}}))
    return replace(chain, inventories=[*chain.inventories, inventory])


@pytest.fixture
def stopped(chain):
    chain.command("web2", "systemctl stop apache2")
    yield chain
    chain.command("web2", "systemctl start apache2")


@pytest.fixture
def closed(chain):
    """A manager that lets nobody in."""
    keep = f"cp -p {MANAGER_CONFIGURATION} /root/kept"
    close = f"sed -i 's/Require local/Require all denied/' {MANAGER_CONFIGURATION}"
    chain.command("web2", f"{keep} && {close} && systemctl reload apache2")
    yield chain
    chain.command("web2", f"mv /root/kept {MANAGER_CONFIGURATION} && systemctl reload apache2")


@pytest.mark.parametrize(
    "fault", ["unreachable", *(pytest.param(fault, marks=at_length) for fault in ("stopped", "closed"))]
)
def test_one_balancer_at_fault_stops_the_rollout_before_it_starts(chain, request, fault):
    """The others: in the short form, tests/loopback has what the preflight is told then."""
    before = started(chain)
    play = request.getfixturevalue(fault).deploy("1.1")
    assert play.returncode != 0
    told = play.stdout.rpartition("Nothing was touched")[2].partition("PLAY RECAP")[0]
    assert set(re.findall(r"\bweb\d", told)) == {"web2"}, play.stdout
    assert {counts["changed"] for counts in recap(play).values()} == {0}
    assert started(chain) == before
    assert chain.member_states("web1") == ALL_IN


def test_a_release_that_nobody_notices_while_httpds_counters_are_wrong(chain):
    leak(chain)
    with load(chain, min_requests=1000) as users:
        play = chain.deploy("1.1")
        assert play.returncode == 0, play.stdout
    assert users.noticed == {}
    assert {balancer: chain.versions(balancer, ROUTES) for balancer in BALANCERS} == dict.fromkeys(
        BALANCERS, dict.fromkeys(ROUTES, "1.1")
    )
    assert states(chain) == dict.fromkeys(BALANCERS, ALL_IN)
    # That a drain may take 60 s is a note; connections are kept for three.
    notes = [event["text"] for event in play.events if event["type"] == "note"]
    assert [note for note in notes if not note.startswith("sessions of ")] == []
    drains = {member["host"]: member["durations"]["drain"] for member in play.report["members"]}
    print(drains)
    assert max(drains.values()) < 20


@at_length
def test_failover_test(chain):
    """In the short form: the scenario cluster."""
    play = chain.play("failover_test")
    assert play.returncode == 0, play.stdout
    assert "took over" in play.stdout
    assert states(chain) == dict.fromkeys(BALANCERS, ALL_IN)


def inventory_without(chain, tmp_path, *members):
    """The chain with an inventory that lacks these instances."""
    inventory = tmp_path / "inventory"
    shutil.copytree(chain.inventories[0].parent, inventory)
    file = inventory / chain.inventories[0].name
    hosts = yaml.safe_load(file.read_text())
    for member in members:
        del hosts["tomcat"]["hosts"][member]
    file.write_text(yaml.safe_dump(hosts))
    return replace(chain, inventories=[file])


def test_an_inventory_that_is_not_whole_takes_nobody_out(chain, tmp_path):
    play = inventory_without(chain, tmp_path, "app2", "app3").play("site")
    assert play.returncode == 2
    said = " ".join(play.stdout.split())
    assert "balancer tomcat would lose app2, app3 of its members" in said
    assert "apache_balancer_max_removed accepts 1" in said
    assert {counts["changed"] for counts in recap(play).values()} == {0}
    assert states(chain) == dict.fromkeys(BALANCERS, ALL_IN)


@at_length
def test_an_instance_leaves_and_comes_back_with_the_inventory(chain, tmp_path):
    """In the short form, molecule/apache_balancer/tests/test_reload.py has what a changed configuration does; users are not there."""
    without_it = inventory_without(chain, tmp_path, "app3")
    with load(chain, min_requests=1000) as users:
        without = without_it.play("site")
        assert without.returncode == 0, without.stdout
        two = {"app1": "enabled", "app2": "enabled"}
        assert states(chain) == dict.fromkeys(BALANCERS, two)
        again = chain.play("site")
        assert again.returncode == 0, again.stdout
    assert users.noticed == {}
    assert states(chain) == dict.fromkeys(BALANCERS, ALL_IN)


def test_members_come_and_go(chain):
    now, tasks = dict(ALL_IN), []
    for number, (route, state) in enumerate(steps(SEED, STEPS)):
        if number and number % RELOAD_EVERY == 0:
            tasks += tasks_to_reload(now)
        tasks.append(task_to_change(route, state))
        now[route] = state
    with load(chain, min_requests=3000 if FULL else 1000) as users:
        play = run_on_both(chain, tasks)
        assert play.returncode == 0, play.stdout
    left = states(chain)
    play = run_on_both(chain, [task_to_change(route, "enabled") for route in ROUTES])
    assert play.returncode == 0, play.stdout
    assert left == dict.fromkeys(BALANCERS, now)
    totals = users.report["totals"]
    print(totals)
    assert (totals["lost"], totals["regressed"]) == (0, 0), users.noticed
    by_hand = [moment for balancer in BALANCERS for moment in reloads(chain, balancer)]
    assert unexplained(users.report, by_hand, USERS) == []


def test_an_application_goes_to_its_own_instances_only(chain):
    site = chain.play("site", *BOTH)
    assert site.returncode == 0, site.stdout
    before = started(chain)
    play = chain.deploy("2.0", *BOTH, "-e", "release_app=extra")
    assert play.returncode == 0, play.stdout
    after = started(chain)
    assert after["app1"] == before["app1"]
    assert all(after[route] != before[route] for route in ("app2", "app3"))
    assert chain.command("app1", "ls /var/opt/tomcat/app1/webapps").split() == ["ROOT"]
    everywhere = {("tomcat", route) for route in ROUTES} | {("extra", "app2"), ("extra", "app3")}
    answers = chain.module("balancer", "httpd_balancer_info", manager_url=MANAGER_URL)
    for answer in answers.values():
        members = [member for balancer in answer["balancers"] for member in balancer["members"]]
        assert {(member["balancer"], member["route"]) for member in members if member["usable"]} == everywhere


def died(chain, balancer, rollout, application, before, after):
    """A rollout of an application died while app2 was out, and this balancer alone has its record."""
    place = {"httpd": balancer, "balancer": "extra" if application == "extra" else "tomcat", "state": "enabled"}
    member = {"version_before": before, "states": [place]}
    record = {"kind": "deploy", "application": application, "version": after, "members": {"app2": member}}
    chain.module(balancer, "rollout_lock", id=rollout, state="held", record=record)
    options = {"manager_url": MANAGER_URL, "balancer": place["balancer"], "route": "app2", "state": "disabled"}
    chain.module(balancer, "httpd_balancer_member", **options)


def test_balancers_with_different_records_are_recognised(chain):
    """A repair never switches one application by the versions of another."""
    served = {route: chain.command(route, f"readlink /var/opt/tomcat/{route}/webapps/*") for route in ROUTES}
    died(chain, "web1", "A", "ROOT", "1.1", "9.1")
    died(chain, "web2", "B", "extra", "2.0", "9.2")
    before = started(chain)
    refused = chain.play("repair", *BOTH)
    assert refused.returncode == 2
    told = " ".join(refused.stdout.rpartition("Nothing was touched")[2].split())
    for words in (
        "web1: has the record of rollout A",
        "web2: has the record of rollout B",
        "rolling_deploy_take_over=A",
    ):
        assert words in told, refused.stdout
    assert started(chain) == before
    # By what a person chose; app2 is put back wherever one of the two left it out, and runs what it ran.
    repair = chain.play("repair", *BOTH, "-e", "rolling_deploy_take_over=B")
    assert repair.returncode == 0, repair.stdout
    answers = chain.module("balancer", "httpd_balancer_info", manager_url=MANAGER_URL)
    members = [one for answer in answers.values() for balancer in answer["balancers"] for one in balancer["members"]]
    assert {member["state"] for member in members} == {"enabled"}
    assert {route: chain.command(route, f"readlink /var/opt/tomcat/{route}/webapps/*") for route in ROUTES} == served
    assert [chain.module(host, "rollout_info")[host]["lock"] for host in BALANCERS] == [None, None]


def test_an_instance_is_removed_and_nobody_notices(chain):
    """The next test begins without app3."""
    drop_in = "/etc/systemd/system/tomcat@app3.service.d/own.conf"
    chain.command("app3", f"mkdir {drop_in.rpartition('/')[0]} && echo '[Unit]' > {drop_in} && systemctl daemon-reload")
    before = started(chain)
    wanted = "tomcat_instance_removed=app3 tomcat_instance_removed_archive=/srv"
    remove = ["remove_instance", *BOTH, "-e", wanted]
    shown = chain.play(*remove, "--check")
    assert shown.returncode == 0, shown.stdout
    assert "Removed on app3: /var/opt/tomcat/app3" in shown.stdout
    assert {counts["changed"] for counts in recap(shown).values()} == {0}
    assert started(chain) == before
    with load(chain, min_requests=1000) as users:
        play = chain.play(*remove)
        assert play.returncode == 0, play.stdout
    assert users.noticed == {}
    answers = chain.module("balancer", "httpd_balancer_info", manager_url=MANAGER_URL)
    for answer in answers.values():
        members = [member for balancer in answer["balancers"] for member in balancer["members"]]
        left = {(member["balancer"], member["route"]) for member in members if member["usable"]}
        assert (len(members), left) == (3, {("tomcat", "app1"), ("tomcat", "app2"), ("extra", "app2")})
    # All that the role, the rollouts and Tomcat made is gone, and what somebody else put there is not.
    there = "find /var/opt /etc/systemd/system -path /var/opt/tomcat/app3 -o -name tomcat@app3.service -o -path '*.wants/tomcat@*'"
    assert chain.command("app3", f"{there}; ls {drop_in}; ! pgrep java") == drop_in
    assert drop_in in play.stdout
    assert "releases/extra/2.0/" in chain.command("app3", "tar --list --file /srv/app3-releases-*.tar.gz").split()
    assert (
        chain.command("app3", "getent passwd tomcat | cut -d: -f1; ls /opt/tomcat | grep -c apache-tomcat")
        == "tomcat\n1"
    )
    assert {route: mark for route, mark in started(chain).items() if route != "app3"} == {
        route: mark for route, mark in before.items() if route != "app3"
    }
    again = chain.play(*remove)
    assert again.returncode == 0, again.stdout
    assert "Remove app3: nothing to do" in again.stdout
    assert {counts["changed"] for counts in recap(again).values()} == {0}
    assert [chain.module(host, "rollout_info")[host]["lock"] for host in BALANCERS] == [None, None]


def test_an_added_instance_is_in_service_from_its_first_release_on(chain):
    """Users of the others never meet it before: it would answer 404."""
    waits = {"app1": "enabled", "app2": "enabled", "app3": "disabled"}
    others = ["app1", "app2"]
    served = {route: chain.command(route, f"readlink /var/opt/tomcat/{route}/webapps/*") for route in others}
    before = {route: mark for route, mark in started(chain).items() if route != "app3"}
    with load(chain, min_requests=1000) as users:
        site = chain.play("site", *BOTH)
        assert site.returncode == 0, site.stdout
        assert "Out of service until the first release: tomcat.app3, extra.app3" in site.stdout
        assert states(chain) == dict.fromkeys(BALANCERS, waits)
        again = chain.play("site", *BOTH)
        assert {counts["changed"] for counts in recap(again).values()} == {0}, again.stdout
        assert states(chain) == dict.fromkeys(BALANCERS, waits)
        # The release that the others have; they are not touched.
        play = chain.deploy("1.1", *BOTH, "-e", "release_app=ROOT")
        assert play.returncode == 0, play.stdout
        assert states(chain) == dict.fromkeys(BALANCERS, ALL_IN)
        extra = {route: waits[route] for route in ("app2", "app3")}
        assert states(chain, balancer="extra") == dict.fromkeys(BALANCERS, extra)
        play = chain.deploy("2.0", *BOTH, "-e", "release_app=extra")
        assert play.returncode == 0, play.stdout
        extra = dict.fromkeys(extra, "enabled")
        assert states(chain, balancer="extra") == dict.fromkeys(BALANCERS, extra)
    assert users.noticed == {}
    assert {route: mark for route, mark in started(chain).items() if route != "app3"} == before
    assert {route: chain.command(route, f"readlink /var/opt/tomcat/{route}/webapps/*") for route in others} == served
    assert chain.versions("web1", ["app3"]) == {"app3": "1.1"}
