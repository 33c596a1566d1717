# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The controller's half of rollout_instance: it writes the events, and calls again where a start takes long.

A module says nothing until it ends. So it ends after some seconds with what it has, and what it has is shown.
"""

from __future__ import annotations

import typing as t

from ansible.plugins.action import ActionBase

from ansible_collections.roundrobin.tomcat.plugins.module_utils._tomcat import session_proof
from ansible_collections.roundrobin.tomcat.plugins.module_utils._tomcat.warm_up import sentence
from ansible_collections.roundrobin.tomcat.plugins.modules.rollout_instance import ARGUMENTS
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._at_once import Call, Caller
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._holder import person
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
        given = self.validate_argument_spec(argument_spec=ARGUMENTS)[1]
        teller = Teller(given["journal"], variables, silent=self._task.check_mode)
        told: list[str] = []

        def tell(phase: str, ago: float) -> None:
            if phase not in told:
                told.append(phase)
                name = given["phase"] if phase == "health" else phase
                text = given["shown"] if phase == "activate" else ""
                teller.tell(phase=name, direction=given["direction"], text=text, ago=ago)

        options = {"stop": "stop", "activate": "webapps", "start": "start", "health": "checks"}
        for phase in [phase for phase, option in options.items() if given[option]][:1]:
            tell(phase, 0.0)
        caller = Caller(self, variables)
        # Paths and the like are read where the instance is.
        rest = {**self._task.args, "actor": person(variables), "patience": PATIENCE_SECONDS}
        changed = False
        while True:
            answer = caller.run_one(Call(MODULE, options=rest, plain=True))
            for phase in answer.get("phases", ()):
                tell(phase["phase"], answer["seconds"] - phase["seconds"])
            changed = changed or answer.get("changed", False)
            # Of the first members, and where something is not known. The others do as those.
            told_of = answer.get("sessions") or ()
            if told_of and (given["sessions"]["entry_page"] or any(one["problem"] for one in told_of)):
                text = session_proof.sentence(told_of)
                teller.tell(type="note", text=text, data={"sessions": told_of})
            if answer.get("warm_up"):
                teller.tell(type="note", text=sentence(answer["warm_up"]), data={"warm_up": answer["warm_up"]})
            if answer.get("failed") or answer.get("done", True):
                return {**answer, "changed": changed}
            rest = remaining(rest, answer)


def remaining(given: t.Mapping[str, t.Any], answer: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return the options for what is left: the rest of a start, or the proof that all is healthy, in one piece."""
    rest = {**given, "stop": False, "webapps": []}
    if answer["phases"][-1]["phase"] == "health":
        rest["start"] = False
        del rest["patience"]
    return rest
