# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What adoption does not carry over, and the secrets that it finds: both are collected while files are read."""

# Private to this collection.

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass, field

from ansible_collections.roundrobin.tomcat.plugins.module_utils._xml.mask import mask_value

# What is shown of a line.
LONGEST = 160


class Template(str):
    """A template of ours. All other text is somebody's value, whatever it looks like."""

    __slots__ = ()


@dataclass(frozen=True)
class Note:
    """Something that is not in the inventory: where it stands, what it says, and what to do."""

    machine: str
    file: str
    line: int
    says: str
    then: str

    def __str__(self) -> str:
        """One entry of the list."""
        place = ":".join(part for part in (self.file, str(self.line or "")) if part)
        where = f"{self.machine}: {place}: " if place else f"{self.machine}: "
        return f"{where}{self.says}\n    {self.then}"


@dataclass
class Notes:
    """The list, in the order in which things were met."""

    found: list[Note] = field(default_factory=list)

    def add(self, machine: str, place: tuple[str, int], says: str, then: str) -> None:
        """Remember something, once."""
        note = Note(machine, place[0], place[1], _short(mask_value("", says)), then)
        if note not in self.found:
            self.found.append(note)


@dataclass
class Secrets:
    """What goes to the file of secrets, by the name of its variable."""

    values: dict[str, str] = field(default_factory=dict)

    def keep(self, about: str, value: str) -> Template:
        """Keep a secret, and return what stands in its place. The same secret of the same thing is kept once."""
        name = "vault_" + re.sub(r"[^a-z0-9]+", "_", about.lower()).strip("_")
        number = 1
        of_this = name
        while self.values.get(of_this, value) != value:
            number += 1
            of_this = f"{name}_{number}"
        self.values[of_this] = value
        return Template("{{ " + of_this + " }}")

    def unless_plain(
        self, about: str, name: str, value: str, beside: t.Mapping[str, t.Any] | None = None
    ) -> str | Template:
        """Return a value that may be shown as it is; of any other one, what stands in its place."""
        return value if mask_value(name, value, (), beside) == value else self.keep(about, value)


def _short(text: str) -> str:
    one_line = " ".join(text.split())
    return one_line if len(one_line) <= LONGEST else one_line[: LONGEST - 3] + "..."
