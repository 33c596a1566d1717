# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The controller's half of rollout_instance: it writes the events, and calls again where a start takes long.

A module says nothing until it ends. So it ends after some seconds with what it has, and what it has is shown.
"""

from __future__ import annotations

import getpass
import platform
import typing as t

from ansible.plugins.action import ActionBase

from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._rollout.teller import Teller

MODULE = "roundrobin.tomcat.rollout_instance"
# Most instances are healthy sooner, and cost no second call.
PATIENCE_SECONDS = 5.0


class ActionModule(ActionBase):
    """Run rollout_instance until it is done."""

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Call, tell what was done, and call for the rest."""
        super().run(tmp, task_vars)
        variables = task_vars or {}
        given = dict(self._task.args)
        teller = Teller(given.get("journal"), variables, silent=self._task.check_mode)
        told: list[str] = []

        def tell(phase: str, ago: float) -> None:
            if phase not in told:
                told.append(phase)
                name = given.get("phase", "health") if phase == "health" else phase
                text = given.get("shown", "") if phase == "activate" else ""
                teller.tell(phase=name, direction=given.get("direction", "forward"), text=text, ago=ago)

        first = next((phase for phase, wanted in _wanted(given) if wanted), None)
        if first:
            tell(first, 0.0)
        rest = {**given, "actor": f"{getpass.getuser()}@{platform.node()}", "patience": PATIENCE_SECONDS}
        changed = False
        while True:
            answer: dict[str, t.Any] = self._execute_module(module_name=MODULE, module_args=rest, task_vars=task_vars)
            for phase in answer.get("phases", ()):
                tell(phase["phase"], answer["seconds"] - phase["seconds"])
            changed = changed or answer.get("changed", False)
            if answer.get("failed") or answer.get("done") or "done" not in answer:
                return {**answer, "changed": changed}
            rest = remaining(rest, answer)


def _wanted(given: t.Mapping[str, t.Any]) -> list[tuple[str, t.Any]]:
    names = {"stop": "stop", "activate": "webapps", "start": "start", "health": "checks"}
    return [(phase, given.get(option)) for phase, option in names.items()]


def remaining(given: t.Mapping[str, t.Any], answer: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return the options for what is left: the rest of a start, or the proof that all is healthy, in one piece."""
    rest = {**given, "stop": False, "webapps": []}
    if answer["phases"][-1]["phase"] == "health":
        rest["start"] = False
        del rest["patience"]
    return rest
