# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What systemd knows of a unit, and whether this collection wrote its file."""

# Private to this collection.

from __future__ import annotations

import os
import typing as t

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError

# A unit that a role of this collection wrote has one of these lines: the mark, and for tomcat@ what stood there in 0.1.0.
MARKS = (
    "# Written by the collection roundrobin.tomcat.",
    "# The rest is in the drop-in of each instance: what changes there restarts that instance.",
)
PROPERTIES = ("Id", "LoadState", "ActiveState", "UnitFileState", "FragmentPath", "DropInPaths")

# There where systemd runs the host: sd_booted(3).
BOOTED = "/run/systemd/system"
# Where the roles write them.
DIRECTORY = "/etc/systemd/system"

Run = t.Callable[[list[str]], tuple[int, str, str]]


def units(names: t.Sequence[str], run: Run) -> dict[str, dict[str, t.Any]]:
    """Return those of the units that systemd has a file of or that run, by their names; all of it in one call.

    Where the host was not booted with systemd, there are none.
    """
    if not names or not os.path.isdir(BOOTED):
        return {}
    code, out, err = run(["systemctl", "show", f"--property={','.join(PROPERTIES)}", "--", *names])
    if code:
        raise CollectionError(f"systemctl show {' '.join(names)} ended with {code}: {err.strip() or out.strip()}")
    blocks = [dict(line.split("=", 1) for line in block.splitlines() if "=" in line) for block in out.split("\n\n")]
    found = {}
    for name, block in zip(names, [block for block in blocks if block]):
        if block["LoadState"] == "not-found" and block["ActiveState"] in ("inactive", "failed"):
            continue
        found[name] = {
            "file": block["FragmentPath"],
            "drop_ins": block["DropInPaths"].split(),
            "active": block["ActiveState"] not in ("inactive", "failed"),
            "starting": block["ActiveState"] == "activating",
            "enabled": block["UnitFileState"].startswith("enabled"),
            "ours": wrote(block["FragmentPath"]),
        }
    return found


def is_ours(name: str, directory: str = DIRECTORY) -> bool:
    """Whether a role of this collection wrote the unit of this name, or the template that it is an instance of."""
    if not name:
        return False
    prefix, at, _rest = name.partition("@")
    paths = [os.path.join(directory, name)] + ([os.path.join(directory, f"{prefix}@.service")] if at else [])
    # That of its own goes before the template.
    return wrote(next(filter(os.path.exists, paths), ""))


def wrote(path: str) -> bool:
    """Whether a role of this collection wrote the file of a unit."""
    try:
        with open(path, encoding="utf-8", errors="replace") as source:
            return any(line.rstrip() in MARKS for line in source)
    except OSError:
        return False
