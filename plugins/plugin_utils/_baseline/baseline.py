# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole baseline: which lines a host has, which of them are shown, and how."""

# Private to this collection.

from __future__ import annotations

import typing as t

from . import httpd, stores, tomcat
from .lines import FAIL, NOT_APPLICABLE, PASS, Facts, Line

LINES: dict[str, tuple[Line, ...]] = {
    "tomcat": tomcat.LINES,
    "httpd": httpd.LINES,
    "memcached": stores.MEMCACHED,
    "redis": stores.REDIS,
}
# Ansible's own words among the tags.
OF_ANSIBLE = ("all", "always", "never", "tagged", "untagged")


def judge(kind: str, found: Facts, wants: Facts) -> list[dict[str, t.Any]]:
    """Return every line of this kind of host."""
    return [line.told(found, wants) for line in LINES[kind]]


def report(
    hosts: t.Mapping[str, t.Sequence[Facts] | None], tags: t.Iterable[str], without: t.Iterable[str]
) -> dict[str, t.Any]:
    """Return what is shown of all hosts, and in words what makes the run fail; of a host that could not be read there is None.

    tags, without: those of the run, by which lines are chosen; without tags all are.
    """
    known = {one for lines in LINES.values() for line in lines for one in line.ids}
    chosen, left = set(tags) - set(OF_ANSIBLE), set(without) - set(OF_ANSIBLE)
    text: list[str] = []
    counts = dict.fromkeys((PASS, FAIL, NOT_APPLICABLE), 0)
    problems = [f"no line has the tag {one}" for one in sorted((chosen | left) - known)]
    for host, lines in hosts.items():
        if lines is None:
            text.append(f"{host}: could not be read")
            problems.append(f"{host} could not be read")
            continue
        shown = [line for line in lines if (not chosen or chosen & set(line["ids"])) and not left & set(line["ids"])]
        if not shown:
            continue
        text.append(f"{host}:")
        for line in shown:
            counts[line["state"]] += 1
            text.append(f"  {line['state']:4} {' '.join(line['ids'])}  {line['what']} ({line['evidence']})")
    text.append(", ".join(f"{count} {state}" for state, count in counts.items()))
    if counts[FAIL]:
        problems.append(f"{counts[FAIL]} {'line fails' if counts[FAIL] == 1 else 'lines fail'}")
    return {"text": text, "problems": problems}
