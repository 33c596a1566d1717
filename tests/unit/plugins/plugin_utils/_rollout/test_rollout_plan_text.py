# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan as a person reads it."""

from __future__ import annotations

import pytest


def test_a_plan_is_who_goes_when_and_what_stays_up(read_chain):
    chain = read_chain(4, httpds=2).release("app4", "1.1", "1.0")
    assert chain.plan(serial=[1, 2])["text"] == [
        "Deploy ROOT 1.1: 3 instances in 2 batches",
        "",
        "Batch  Instance  Release     Up meanwhile",
        "1      app1      1.0 -> 1.1  tomcat: app2, app3, app4",
        "2      app2      1.0 -> 1.1  tomcat: app1, app4",
        "       app3      1.0 -> 1.1",
        "",
        "Left as they are",
        "  app4  on 1.1 already",
    ]


def test_columns_tell_what_there_is_to_tell(read_chain):
    """Machines that are shared, and the state of who stays out; httpd hosts that differ have lines of their own."""
    chain = read_chain(["vm1", "vm1", "vm2"], httpds=2).out("app3", httpd="web2")
    assert chain.plan("rollback")["text"] == [
        "Rollback ROOT 0.9: 3 instances in 3 batches",
        "Warning: app3: was taken out by a person and stays out (disabled at web2:tomcat).",
        "",
        "Batch  Instance  Machine      Release     At the end        Up meanwhile",
        "1      app3      198.18.0.11  1.0 -> 0.9  enabled/disabled  tomcat: app1, app2",
        "2      app1      198.18.0.10  1.0 -> 0.9  enabled           tomcat at web1: app2, app3",
        "                                                            tomcat at web2: app2",
        "3      app2      198.18.0.10  1.0 -> 0.9  enabled           tomcat at web1: app1, app3",
        "                                                            tomcat at web2: app1",
    ]


@pytest.mark.parametrize(
    "kind, title",
    [
        ("deploy", "Deploy ROOT 1.1: 1 instance in 1 batch"),
        ("rollback", "Rollback ROOT 0.9: 1 instance in 1 batch"),
        ("restart", "Restart: 1 instance in 1 batch"),
        ("repair", "Repair: nothing to do"),
    ],
)
def test_the_title_says_what_it_is(read_chain, kind, title):
    assert read_chain(2).plan(kind, hosts=["app1"])["text"][0] == title


def test_a_restart_and_a_repair_show_the_release_that_stays(read_chain):
    chain = read_chain(2)
    assert chain.plan("restart")["text"][3].split() == ["1", "app1", "1.0", "tomcat:", "app2"]
    chain.interrupted(chain.plan()).out("app1").release("app1", "1.1", "1.0")
    repair = chain.plan("repair")["text"]
    assert repair[0] == "Repair ROOT: 1 instance in 1 batch"
    assert "1      app1      1.1 -> 1.0  tomcat: app2" in repair
