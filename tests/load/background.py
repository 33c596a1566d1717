# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The probe beside something else: users work while the block runs, and the report is there after it."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import typing as t
from pathlib import Path

PROBE = Path(__file__).with_name("probe.py")
# The load stops by itself after this many seconds, whatever happens to the program that started it.
LONGEST_S = 900


class Load:
    """with Load(url, directory) as load: ...; load.report is what the probe wrote."""

    def __init__(
        self,
        url: str,
        directory: Path,
        *,
        addresses: t.Sequence[str] = (),
        users: int = 30,
        min_requests: int = 1000,
    ) -> None:
        self.directory = directory
        self.report: dict[str, t.Any] = {}
        self._files = {name: directory / f"probe.{name}" for name in ("ready", "stop", "json", "log")}
        self._command = [
            sys.executable,
            str(PROBE),
            f"--url={url}",
            *(f"--address={address}" for address in addresses),
            f"--users={users}",
            f"--min-requests={min_requests}",
            f"--max-seconds={LONGEST_S}",
            f"--ready-file={self._files['ready']}",
            f"--stop-file={self._files['stop']}",
            f"--report={self._files['json']}",
        ]

    def __enter__(self) -> Load:
        for file in self._files.values():
            file.unlink(missing_ok=True)
        with self._files["log"].open("w") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=subprocess.STDOUT)
        while not self._files["ready"].exists():
            if self._process.poll() is not None:
                raise RuntimeError(f"the users could not log in:\n{self._files['log'].read_text()}")
            time.sleep(0.1)
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self._files["stop"].touch()
        self._process.wait()
        self.report = json.loads(self._files["json"].read_text())
        if kind is None and self.report["incomplete"]:
            raise RuntimeError(f"the load proves nothing: {self.report['incomplete']}, see {self._files['log']}")

    @property
    def noticed(self) -> dict[str, int]:
        """What users noticed: empty when all is well."""
        totals = self.report["totals"]
        return {name: totals[name] for name in ("failed", "lost", "regressed") if totals[name]}
