# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A chain of which much was read: the one screen that shows it."""

from __future__ import annotations

import pytest

from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._rollout.status import WIDTH, status

APPLICATIONS = [{"path": "/"}, {"path": "/shop", "instances": ["app1"]}]
RUNNING = {
    "id": "20261124T051500Z-ROOT-1.1",
    "status": "running",
    "holder": {"by": "ann@ctl"},
    "started_at": "2026-11-24T05:15:00Z",
    "record": {"kind": "deploy", "application": "ROOT", "version": "1.1"},
    "outcome": None,
    "idle": 20,
    "expired": False,
}
CALLED = "rollout 20261124T051500Z-ROOT-1.1 (deploy of ROOT 1.1, begun 2026-11-24T05:15:00Z by ann@ctl)"


def ended(number, result="done"):
    return {
        "id": f"2026112{number}T051500Z-ROOT-1.{number}",
        "kind": "deploy",
        "application": "ROOT",
        "version": f"1.{number}",
        "by": "ann@ctl",
        "started_at": f"2026-11-2{number}T05:15:00Z",
        "outcome": {"result": result} if result else None,
    }


def with_rollouts(chain, lock=None, history=()):
    chain.readings["rollouts"] = [
        {"item": item, "lock": lock, "history": list(history)} for item in chain.topology["balancers"]
    ]
    return chain


def shown(chain, readings=None):
    found = status(chain.topology, readings or chain.readings)
    assert max(map(len, found["text"])) <= WIDTH
    return found


def table(found, first_cell):
    """The lines of the part that begins with this heading, in words."""
    lines = found["text"]
    begin = next(number for number, line in enumerate(lines) if line.startswith(first_cell))
    end = lines.index("", begin) if "" in lines[begin:] else len(lines)
    return [line.split() for line in lines[begin + 1 : end]]


def test_a_chain_in_order_is_one_screen(read_chain):
    found = shown(with_rollouts(read_chain(2, httpds=2), history=[ended(2), ended(1, "failed")]))
    assert (found["problems"], found["warnings"], found["answered"]) == ([], [], True)
    assert found["text"] == [
        "No problem found",
        "",
        "Instance  Release  Before  Health  State",
        "app1      1.0      0.9     ok      enabled",
        "app2      1.0      0.9     ok      enabled",
        "",
        "Session store         Answers  Items  Memory         Thrown away",
        "n1 198.18.1.12:11211  yes      12     1.0 of 64 MiB  0",
        "n2 198.18.1.13:11211  yes      12     1.0 of 64 MiB  0",
        "",
        "Begun (UTC)          Rollout          Result  By",
        "2026-11-22 05:15:00  deploy ROOT 1.2  done    ann@ctl",
        "2026-11-21 05:15:00  deploy ROOT 1.1  failed  ann@ctl",
    ]


def test_what_is_broken_is_shown_and_named_first(read_chain):
    chain = with_rollouts(read_chain(4, httpds=2))
    chain.sick("app1", "no answer from\n198.18.0.10:8080: Connection refused").in_error("app1", "web2")
    chain.unreachable("app2").unreachable("web1").out("app3", "draining")
    chain.readings["rollouts"][0] = {"item": chain.topology["balancers"][0], "unreachable": True, "msg": "timed out"}
    for host in ("app1", "app3", "app4"):
        chain.readings["stores"][host]["nodes"][1].update(up=False, reason="Connection refused")
    found = shown(chain)
    assert found["answered"]
    assert found["text"][0] == "5 problems"
    assert found["problems"] == [
        "web1: unreachable: timed out",
        "app2: unreachable: Failed to connect to the host via ssh: Connection timed out",
        "app1, app3, app4: memcached 198.18.1.13:11211 does not answer: Connection refused",
        "app1: no answer from\n198.18.0.10:8080: Connection refused",
        "app1: gets no requests from web2 although it is enabled: in error",
    ]
    assert found["warnings"] == ["app3: is out of service at web2: draining"]
    assert "  app1: no answer from 198.18.0.10:8080: Connection refused" in found["text"]
    assert table(found, "Instance") == [
        ["app1", "1.0", "0.9", "SICK", "in", "error"],
        ["app2", "not", "read", "-", "unreachable", "enabled"],
        ["app3", "1.0", "0.9", "ok", "draining"],
        ["app4", "1.0", "0.9", "ok", "enabled"],
    ]
    assert table(found, "Session store")[1][2:] == ["no", "-", "-", "-"]


def test_sessions_that_could_not_be_stored_are_shown_once(read_chain):
    chain = read_chain(["vm1", "vm1"], httpds=2, applications=APPLICATIONS)
    figures = {"name": "shop", "sessions": 2, "largest_bytes": 1536211, "incomplete": 0, "refused": 0}
    chain.readings["sessions"] = {host: {"contexts": [figures]} for host in ("app1", "app2")}
    found = shown(chain)
    assert found["problems"] == []
    lost = "What is not stored is lost when this Tomcat stops; its log says which sessions, and why."
    assert found["warnings"] == [f"app1, app2: shop: 2 sessions could not be stored (the largest has 1.5 MB). {lost}"]


def test_each_application_has_its_own_line(read_chain):
    chain = read_chain(["vm1", "vm1"], httpds=2, applications=APPLICATIONS)
    chain.release("app1", "2.0", "1.9", base="shop").sick("app1", application="shop")
    chain.out("app1", "disabled", httpd="web2", balancer="shop")
    found = shown(chain)
    assert table(found, "Instance") == [
        ["app1", "198.18.0.10", "ROOT", "1.0", "0.9", "ok", "enabled"],
        ["app2", "198.18.0.10", "ROOT", "1.0", "0.9", "ok", "enabled"],
        ["app1", "198.18.0.10", "shop", "2.0", "1.9", "SICK", "enabled", "(web2:", "disabled)"],
    ]
    assert found["problems"] == ["app1: status 503 instead of 200"]


def test_sessions_are_those_of_each_application(read_chain):
    chain = read_chain(2, applications=APPLICATIONS)
    contexts = [("ROOT", "1.0", 4), ("ROOT", "1.1", 3), ("shop", "1.0", 2)]
    chain.readings["managers"] = {
        "app1": {
            "contexts": [dict(zip(("name", "version", "sessions"), context)) for context in contexts],
            "problems": ["/shop does not run"],
        },
        "app2": {"failed": True, "msg": "status 401"},
    }
    chain.readings["releases"]["app1"]["applications"]["ROOT"].update(
        active_version="1.1", contexts=[{"version": "1.0"}, {"version": "1.1"}]
    )
    found = shown(chain)
    assert found["problems"] == [
        "app1: /shop does not run",
        "app2: Tomcat's own manager does not answer: status 401",
    ]
    assert [line[:-1] for line in table(found, "Instance")] == [
        ["app1", "ROOT", "1.1", "beside", "1.0", "0.9", "ok", "7"],
        ["app2", "ROOT", "1.0", "0.9", "ok", "-"],
        ["app1", "shop", "1.0", "0.9", "ok", "2"],
    ]


def test_a_manager_of_an_instance_that_is_down_is_not_told_of_as_well(read_chain):
    chain = read_chain(2).sick("app1", "Connection refused")
    chain.readings["managers"] = {"app1": {"failed": True, "msg": "Connection refused"}}
    assert shown(chain)["problems"] == ["app1: Connection refused"]


def test_different_releases_are_told_unless_a_rollout_is_under_way(read_chain):
    chain = read_chain(3).release("app1", "1.1", "1.0").release("app3", None)
    said = "ROOT is not the same everywhere: 1.1 on app1, 1.0 on app2, no release on app3"
    assert shown(with_rollouts(chain))["warnings"] == [said]
    found = shown(with_rollouts(chain, RUNNING))
    assert (found["problems"], found["warnings"]) == ([], [])
    assert " ".join(found["text"][2:4]).replace("  ", "") == f"Under way: {CALLED}, last sign of life 20 s ago"
    assert table(found, "Instance")[2] == ["app3", "none", "-", "-", "enabled"]


@pytest.mark.parametrize(
    "change, said",
    [
        ({"expired": True}, "counts as dead"),
        ({"status": "left", "outcome": {"result": "failed", "left_out": ["app1"]}}, "left app1 out"),
        ({"status": "left"}, "did not put everything back"),
    ],
)
def test_a_rollout_that_did_not_end_well_is_a_problem(read_chain, change, said):
    found = shown(with_rollouts(read_chain(2, httpds=2), {**RUNNING, **change}))
    assert found["problems"] == [f"web1, web2: {CALLED} {said}: run it again, or roundrobin.tomcat.repair"]


def test_the_last_five_rollouts_are_shown_whoever_knows_of_them(read_chain):
    chain = with_rollouts(read_chain(2, httpds=2))
    chain.readings["rollouts"][0]["history"] = [ended(6), *(ended(number) for number in (4, 3, 2, 1))]
    chain.readings["rollouts"][1]["history"] = [ended(6), ended(5, None), ended(4)]
    found = shown(chain)
    lines = table(found, "Begun")
    assert [line[4] for line in lines] == ["1.6", "1.5", "1.4", "1.3", "1.2"]
    assert [line[5] for line in lines] == ["done", "interrupted", "done", "done", "done"]


def test_members_that_the_inventory_and_httpd_do_not_share(read_chain):
    chain = read_chain(2, httpds=2)
    del chain.readings["balancers"][1]["balancers"][0]["members"][1]
    (problem,) = shown(chain)["problems"]
    assert problem.startswith("web2: balancer tomcat has no member app2 (ajp://198.18.0.11:8009); it has app1.")


def test_what_was_not_asked_is_said_to_be_so(read_chain):
    chain = read_chain(2)
    for kind in ("releases", "health", "stores"):
        del chain.readings[kind]["app2"]
    found = shown(chain)
    assert table(found, "Instance")[1] == ["app2", "not", "read", "-", "not", "asked", "enabled"]
    assert found["problems"] == []


def test_where_nobody_answers_nothing_is_known(read_chain):
    chain = with_rollouts(read_chain(1, stores=1)).unreachable("app1").unreachable("web1")
    chain.readings["rollouts"] = [{"item": chain.topology["balancers"][0], "unreachable": True, "msg": "no"}]
    found = shown(chain)
    assert not found["answered"]
    assert table(found, "Instance") == [["app1", "not", "read", "-", "unreachable", "not", "known"]]
    assert table(found, "Session store")[0][2:] == ["not", "asked", "-", "-", "-"]


def test_without_an_application_the_instances_are_shown(read_chain):
    found = shown(read_chain(2, applications=()))
    assert found["problems"] == []
    assert [line[0] for line in table(found, "Instance")] == ["app1", "app2"]


def test_long_names_are_cut_so_that_a_line_stays_a_line(read_chain):
    chain = read_chain(2, httpds=2)
    chain.release("app1", "1.0.0-" + "build" * 30, "0.9").out("app1", "disabled", httpd="web2")
    found = shown(chain)
    row = table(found, "Instance")[0]
    assert row[1].endswith("...") and row[2:4] == ["0.9", "ok"]
    assert "  Warning: app1: is out of service at web2: disabled" in found["text"]
