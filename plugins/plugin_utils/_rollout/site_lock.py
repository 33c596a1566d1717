# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lock of a rollout in the hands of the playbook site, which is none: no rollout begins meanwhile, and no record is lost."""

# Private to this collection.

from __future__ import annotations

import typing as t

from .words import Result

RECORD = {"kind": "site"}


def records(answers: t.Iterable[Result]) -> list[dict[str, t.Any]]:
    """Make of what the httpd hosts answered to rollout_info what each is to hold: {inventory_host, record}.

    The record that a rollout has left, or died with, is kept: a repair needs it. A host without an answer is left out.
    """
    held = []
    for answer in answers:
        if answer.get("failed"):
            continue
        lock = answer["lock"]
        keeps = lock is not None and lock["record"].get("kind") != RECORD["kind"]
        record = {**lock["record"], "took_over": lock["id"]} if keeps else RECORD
        held.append({"inventory_host": answer["item"]["inventory_host"], "record": record})
    return held


def given_back(answers: t.Iterable[Result]) -> list[dict[str, t.Any]]:
    """Make of what the httpd hosts answered to rollout_lock how each ends: {inventory_host, state}. A rollout's record is left again."""
    return [
        {
            "inventory_host": answer["item"]["inventory_host"],
            "state": "released" if answer["lock"]["record"].get("kind") == RECORD["kind"] else "left",
        }
        for answer in answers
    ]


def left_out(answers: t.Iterable[Result]) -> list[str]:
    """Name the instances that a rolling restart has left out of service, by what was taken over on the httpd hosts.

    It could not start them with the settings of then, so site tries again with those of now.
    """
    restarts = [
        answer["taken_over"]
        for answer in answers
        if answer.get("taken_over") and answer["taken_over"]["record"].get("kind") == "restart"
    ]
    return list(dict.fromkeys(host for lock in restarts for host in (lock["outcome"] or {}).get("left_out", ())))
