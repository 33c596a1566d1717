# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was found that a person must know: what forbids to begin, and what is worth a warning."""

# Private to this collection.

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from .words import listed


@dataclass
class Lines:
    """What is to be said, in the order in which it was found; what several hosts have in common is one line."""

    found: dict[str, list[str]] = field(default_factory=dict)

    def add(self, message: str, *hosts: str) -> None:
        """Remember a message, and the hosts that it is about."""
        named = self.found.setdefault(message, [])
        named.extend(host for host in hosts if host not in named)

    def __iter__(self) -> t.Iterator[str]:
        """Each line, its hosts before it."""
        return (f"{listed(hosts)}: {message}" if hosts else message for message, hosts in self.found.items())


@dataclass
class Findings:
    """What forbids to begin, and what a person should know."""

    problems: Lines = field(default_factory=Lines)
    warnings: Lines = field(default_factory=Lines)
    out_of_reach: set[str] = field(default_factory=set)

    def unreachable(self, host: str, message: str) -> None:
        """Say it once: every task says it of its own, and each in other words."""
        if host not in self.out_of_reach:
            self.problems.add(f"unreachable: {message}", host)
        self.out_of_reach.add(host)
