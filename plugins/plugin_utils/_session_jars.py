# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The jars of its session store: those that an instance lacks, and those that are in its way."""

# Private to this collection.

from __future__ import annotations

import os.path
import re
import typing as t

# What the role puts there. The jars of memcached-session-manager had no prefix in 0.1.0.
OURS = re.compile(r"(roundrobin-.*|(memcached-session-manager(-tc9)?|spymemcached)-[0-9].*)\.jar")


def compare(
    entries: t.Sequence[t.Mapping[str, t.Any]],
    wanted: t.Sequence[str],
    *,
    lib: str,
    made: str,
    others: t.Sequence[str] = (),
) -> dict[str, list[str]]:
    """Return the names of the jars to copy from the directory made into lib, and the paths of those to remove from lib.

    lib: the instance's directory of that name, or its session-store.
    entries: what lies in the two directories, with a checksum of each jar.
    others: what the role puts there for another reason.
    wanted: the names of the store's jars. All are to be copied while they are not made yet.
    """
    here, there = _checksums(entries, lib), _checksums(entries, made)
    return {
        "missing": [name for name in wanted if name not in here or here[name] != there.get(name)],
        # Of another store, or of another version: two on one class path do not go together.
        "stale": [f"{lib}/{name}" for name in here if name not in (*wanted, *others) and OURS.fullmatch(name)],
    }


def _checksums(entries: t.Iterable[t.Mapping[str, t.Any]], directory: str) -> dict[str, str]:
    return {
        os.path.basename(entry["path"]): entry["checksum"]
        for entry in entries
        if entry.get("checksum") and os.path.dirname(entry["path"]) == directory
    }
