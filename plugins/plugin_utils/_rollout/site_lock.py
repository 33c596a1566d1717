# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lock of a rollout in the hands of a playbook that is none, as site: no rollout begins meanwhile, and no record is lost."""

# Private to this collection.

from __future__ import annotations

import typing as t

from .words import Result

RECORD = {"kind": "site"}


def to_hold(lock: Result | None, own: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """The record that is held: the playbook's own, or that of a rollout that has left it or died with it, which a repair needs."""
    keeps = lock is not None and lock["record"].get("kind") != RECORD["kind"]
    return {**lock["record"], "took_over": lock["id"]} if lock is not None and keeps else dict(own)


def records(answers: t.Iterable[Result]) -> list[dict[str, t.Any]]:
    """Make of what the httpd hosts answered to rollout_info what each is to hold: {inventory_host, record}.

    A host without an answer is left out.
    """
    return [
        {"inventory_host": answer["item"]["inventory_host"], "record": to_hold(answer["lock"], RECORD)}
        for answer in answers
        if not answer.get("failed")
    ]


def given_back(answers: t.Iterable[Result]) -> list[dict[str, t.Any]]:
    """Make of what the httpd hosts answered to rollout_lock how each ends: {inventory_host, state}. A rollout's record is left again."""
    return [
        {
            "inventory_host": answer["item"]["inventory_host"],
            "state": "left" if answer["lock"]["record"].get("took_over") else "released",
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
