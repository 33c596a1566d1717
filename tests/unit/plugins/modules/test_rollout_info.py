# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module tells of a rollout and of those before it."""

from __future__ import annotations

import os

import pytest

from ansible_collections.roundrobin.tomcat.plugins.modules import rollout_info, rollout_lock


def taken(run_on_record, holder):
    return run_on_record(rollout_lock, id="A", holder=holder, record={"kind": "deploy", "application": "ROOT"})


def test_info_where_no_rollout_ever_was(run_on_record, directory):
    assert run_on_record(rollout_info) == {"changed": False, "lock": None, "history": []}
    assert not directory.exists()


def test_info_of_a_dead_one(holder, run_on_record, directory):
    taken(run_on_record, holder)
    os.utime(directory / "rollout.json", (0, 0))
    lock = run_on_record(rollout_info)["lock"]
    assert (lock["expired"], lock["renewed_at"]) == (True, "1970-01-01T00:00:00Z")
    assert lock["idle"] > lock["age"] >= 0


def test_info_names_a_damaged_file(holder, run_on_record, directory):
    taken(run_on_record, holder)
    (directory / "rollout.json").write_text("{")
    result = run_on_record(rollout_info)
    assert result["failed"]
    assert result["msg"].startswith(f"{directory}/rollout.json: is not a record of a rollout")


def test_the_newest_comes_first_and_no_more_than_asked_for(run_on_record, holder):
    for rollout in ("A", "B", "C"):
        run_on_record(rollout_lock, id=rollout, holder=holder, record={"kind": "deploy"})
        run_on_record(rollout_lock, id=rollout, holder=holder, state="released", outcome={"result": "done"})
    for check in (True, False):
        told = run_on_record(rollout_info, check)
        assert (told["changed"], told["lock"]) == (False, None)
        assert [line["id"] for line in told["history"]] == ["C", "B", "A"]
    assert [line["id"] for line in run_on_record(rollout_info, limit=2)["history"]] == ["C", "B"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"limit": -1}, "limit -1 is not accepted: give 0 to 500"),
        ({"limit": 501}, "limit 501 is not accepted: give 0 to 500"),
    ],
)
def test_what_is_not_accepted(run_on_record, options, words):
    result = run_on_record(rollout_info, **options)
    assert result["failed"]
    assert words in result["msg"]
