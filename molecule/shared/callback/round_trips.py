# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes what each task costs on each host: its seconds, and its round trips.

A round trip is one command or one file that goes to a host over SSH.
"""

from __future__ import annotations

import json
import os
import time
import typing as t

from ansible.plugins.action import ActionBase
from ansible.plugins.callback import CallbackBase

DOCUMENTATION = r"""
name: round_trips
type: aggregate
short_description: Count the round trips of each task
description:
  - Appends a line of JSON for each task and host to the file that the environment variable E(ROUND_TRIPS) names.
requirements: []
"""


class CallbackModule(CallbackBase):
    """Counts in the workers, which are forks of this process."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "round_trips"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        for name in ("_low_level_execute_command", "_transfer_file"):
            setattr(ActionBase, name, counted(getattr(ActionBase, name)))


def counted(method: t.Callable[..., t.Any]) -> t.Callable[..., t.Any]:
    """The method of an action, writing a line for each call that leaves the machine."""

    def call(action: ActionBase, *arguments: t.Any, **options: t.Any) -> t.Any:
        began = time.time()
        try:
            return method(action, *arguments, **options)
        finally:
            if action._connection.transport == "ssh":
                line = {
                    "host": action._templar.available_variables["inventory_hostname"],
                    "on": action._task.delegate_to,
                    "task": action._task.get_name(),
                    "began": began,
                    "seconds": time.time() - began,
                }
                # One write of less than a page: lines of several workers do not mix.
                with open(os.environ["ROUND_TRIPS"], "a") as output:
                    output.write(json.dumps(line) + "\n")

    return call
