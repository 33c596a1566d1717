# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A playbook at work: waited for, or followed by the journal of its rollout, interrupted, killed."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
import typing as t
from pathlib import Path

POLL_S = 0.05


class Play:
    """ansible-playbook, as the only thing in a terminal; report_directory is where its rollout was told to write."""

    def __init__(self, argv: list[str], log: Path, report_directory: Path, **options: t.Any) -> None:
        self._log = log
        self._report_directory = report_directory
        # A process that was started in the background would ignore Ctrl-C.
        command = ["env", "--default-signal=INT", *argv]
        with log.open("w") as output:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                **options,
            )

    def wait(self) -> Play:
        self.process.wait()
        return self

    @property
    def returncode(self) -> int | None:
        return self.process.poll()

    @property
    def stdout(self) -> str:
        return self._log.read_text()

    @property
    def events(self) -> list[dict[str, t.Any]]:
        """What the rollout has written into its journal so far."""
        text = "".join(journal.read_text() for journal in self._report_directory.glob("*/events.jsonl"))
        # The last line may be on its way.
        return [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]

    @property
    def report(self) -> dict[str, t.Any]:
        """What the rollout has reported at its end."""
        (report,) = self._report_directory.glob("*/report.json")
        content: dict[str, t.Any] = json.loads(report.read_text())
        return content

    def follow(self, phase: str, host: str, direction: str = "forward", seconds: float = 300) -> dict[str, t.Any]:
        """Wait until the rollout is at this phase of this host, and return the event."""
        deadline = time.monotonic() + seconds
        wanted = (phase, host, direction)
        while True:
            ended = self.returncode is not None
            for event in self.events:
                if (event["phase"], event["host"], event["direction"]) == wanted:
                    return event
            if ended or time.monotonic() > deadline:
                raise RuntimeError(f"{' '.join(wanted)} never came:\n{self.stdout}")
            time.sleep(POLL_S)

    def interrupt(self) -> Play:
        """Ctrl-C, and what Ansible does then."""
        os.killpg(self.process.pid, signal.SIGINT)
        return self.wait()

    def kill(self) -> Play:
        """kill -9 of ansible-playbook and all that it has started here, as when the controller dies."""
        # Ansible's workers are not in its process group. While it is stopped it starts no more of them.
        self.process.send_signal(signal.SIGSTOP)
        for pid in [*descendants(self.process.pid), self.process.pid]:
            with contextlib.suppress(ProcessLookupError):  # it has ended by itself
                os.kill(pid, signal.SIGKILL)
        return self.wait()


def descendants(ancestor: int) -> list[int]:
    """Every process that was started by this one or by one of those."""
    listed = subprocess.run(["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    parents = [tuple(map(int, line.split())) for line in listed.splitlines()]
    found = [ancestor]
    for parent in found:
        found += [pid for pid, ppid in parents if ppid == parent]
    return found[1:]
