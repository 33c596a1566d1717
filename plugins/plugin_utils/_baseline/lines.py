# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a line of the baseline is, and what all kinds of hosts share."""

# Private to this collection.

from __future__ import annotations

import typing as t
from dataclasses import dataclass

Facts = t.Mapping[str, t.Any]

PASS, FAIL, NOT_APPLICABLE = "PASS", "FAIL", "N/A"
# What systemd-analyze security says of the units of this collection, or better.
EXPOSURE = 1.3
EVERY_ADDRESS = ("0.0.0.0", "::")


@dataclass(frozen=True)
class Verdict:
    """What was found out, and what shows it; where it is wrong, what would be right."""

    state: str
    evidence: str


@dataclass(frozen=True)
class Line:
    """One demand: the numbers it has elsewhere, which are its tags, and who judges the facts."""

    ids: tuple[str, ...]
    what: str
    judge: t.Callable[[Facts, Facts], Verdict]

    def told(self, found: Facts, wants: Facts) -> dict[str, t.Any]:
        """Return the line as it is shown."""
        verdict = self.judge(found, wants)
        return {"state": verdict.state, "ids": list(self.ids), "what": self.what, "evidence": verdict.evidence}


def passed(evidence: str) -> Verdict:
    """It is as it should be."""
    return Verdict(PASS, evidence)


def failed(evidence: str) -> Verdict:
    """It is not."""
    return Verdict(FAIL, evidence)


def left_out(reason: str) -> Verdict:
    """It does not apply, or this collection deviates from it."""
    return Verdict(NOT_APPLICABLE, reason)


def all_right(wrong: t.Sequence[str], right: str) -> Verdict:
    """It fails with what is wrong, if anything is."""
    return failed("; ".join(wrong)) if wrong else passed(right)


def units_run(found: Facts) -> list[str]:
    """Return what is wrong with units that should run: without a process nothing can be asked of it."""
    return [f"{name} does not run: start it" for name, unit in found["units"].items() if not unit["active"]]


def users(found: Facts, _wants: Facts) -> Verdict:
    """No root, and nobody who could log in."""
    wrong = units_run(found)
    for name, unit in found["units"].items():
        if unit["user"] == "root":
            wrong.append(f"{name} runs as root: give it a user of its own")
        elif unit["active"] and unit["shell"].rpartition("/")[2] not in ("nologin", "false"):
            wrong.append(f"{unit['user']}, who runs {name}, has the shell {unit['shell']}: take nologin")
    return all_right(wrong, "it runs as " + ", ".join(sorted({unit["user"] for unit in found["units"].values()})))


def exposure(found: Facts, _wants: Facts) -> Verdict:
    """The sandbox of systemd."""
    wrong, shown = units_run(found), []
    for name, unit in found["units"].items():
        if unit["exposure"] is None:
            wrong.append(f"systemd-analyze security says nothing of {name}")
        elif unit["exposure"] > EXPOSURE:
            wrong.append(f"{name} has {unit['exposure']}: look for drop-ins (systemctl cat {name})")
        else:
            shown.append(f"{name} {unit['exposure']}")
    return all_right(wrong, ", ".join(shown))


def listens_on_one_address(found: Facts, wants: Facts) -> Verdict:
    """The running sockets, not the files."""
    wrong, shown = units_run(found), []
    for one in found["listening"]:
        if one["unit"] in found["units"]:
            if one["address"] in EVERY_ADDRESS:
                wrong.append(f"port {one['port']} is open on all addresses: set {wants['address_variable']}")
            shown.append(f"{one['address']} port {one['port']}")
    return all_right(wrong, ", ".join(shown))


def closed_to_others(paths: t.Sequence[str]) -> t.Callable[[Facts, Facts], Verdict]:
    """Return what judges files and directories that not everybody may use."""

    def judge(found: Facts, wants: Facts) -> Verdict:
        wrong = []
        for name in paths:
            tree = found["trees"][wants[name]]
            if not tree["exists"]:
                wrong.append(f"{wants[name]} is missing")
            wrong += [f"{one}: take the rights of everybody away (chmod o=)" for one in tree["for_everybody"]]
        return all_right(wrong, f"nothing for everybody in {', '.join(wants[name] for name in paths)}")

    return judge
