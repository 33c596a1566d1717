# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the editing itself takes, inside the module: from the file's bytes to the new ones, proved."""

from __future__ import annotations

import os
import sys
import tempfile
import time
import typing as t
from pathlib import Path

import edits

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / ".collections"))

from lxml import etree  # noqa: E402

from ansible_collections.roundrobin.tomcat.plugins.module_utils._xml.run import edit_file  # noqa: E402
from ansible_collections.roundrobin.tomcat.plugins.module_utils._xml.server import ServerXml  # noqa: E402


def edit(path: Path, check_mode: bool) -> bool:
    """The six edits, as main() calls for them."""
    options = {"path": str(path), **edits.SIX_OPTIONS}
    result, _warnings = edit_file(
        options,
        ServerXml,
        check_mode=check_mode,
        diff_mode=False,
        run_command=lambda command: (1, "", command),
        atomic_move=os.replace,
        backup=lambda name: name,
    )
    return bool(result["changed"])


def seconds(work: t.Callable[[], object], prepare: t.Callable[[], object], times: int) -> float:
    """Of processor time, the best of so many: what others on the machine take is not of interest."""
    found = []
    for _number in range(times):
        prepare()
        began = time.process_time()
        work()
        found.append(time.process_time() - began)
    return min(found)


def measure(data: bytes, times: int) -> dict[str, float]:
    """Seconds: of lxml alone, of the six edits without and with writing, and of the second run, which finds nothing to do."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "server.xml"
        path.write_bytes(data)

        def restore() -> None:
            path.write_bytes(data)

        found = {
            "lxml": seconds(lambda: etree.fromstring(data), restore, times),
            "check": seconds(lambda: edit(path, check_mode=True), restore, times),
            "write": seconds(lambda: edit(path, check_mode=False), restore, times),
            "again": seconds(lambda: edit(path, check_mode=False), lambda: None, times),
        }
        if edit(path, check_mode=True):
            raise SystemExit("The second run changes the file again.")
        return found
