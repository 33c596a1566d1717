# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The systemd service of an instance: stopped, started, and whether it runs."""

# Private to this collection.

from __future__ import annotations

import subprocess
import typing as t

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError

# What a unit is called that has its process, or is on the way to it.
RUNNING = ("active", "activating", "reloading")

Run = t.Callable[..., "subprocess.CompletedProcess[str]"]


class Service:
    """One unit. ``run`` is subprocess.run; a test has another one."""

    def __init__(self, unit: str, run: Run = subprocess.run) -> None:
        """Remember the unit; nothing is asked yet."""
        self.unit = unit
        self._run = run

    @property
    def runs(self) -> bool:
        """Whether systemd says that it runs or is being started."""
        return self._systemctl("show", "--property=ActiveState", "--value").stdout.strip() in RUNNING

    def stop(self) -> None:
        """Stop it, and return when its last process is gone."""
        self._must("stop")

    def start(self, patience: float | None) -> bool:
        """Start it and wait until it has started; False where that takes longer than ``patience`` seconds.

        systemd goes on with the start then, and a later call joins it.
        """
        try:
            self._must("start", timeout=patience)
        except subprocess.TimeoutExpired:
            return False
        return True

    def _must(self, verb: str, timeout: float | None = None) -> None:
        done = self._systemctl(verb, timeout=timeout)
        if done.returncode:
            raise CollectionError(f"systemctl {verb} {self.unit} ended with {done.returncode}: {done.stderr.strip()}")

    def _systemctl(self, verb: str, *options: str, timeout: float | None = None) -> subprocess.CompletedProcess[str]:
        # AnsibleModule.run_command has no time-out.
        try:
            return self._run(  # pylint: disable=ansible-bad-function
                ["systemctl", verb, *options, self.unit],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                check=False,
                timeout=timeout,
            )
        except OSError as error:
            raise CollectionError(f"systemctl {verb} {self.unit} cannot be run: {error.strerror}") from error
