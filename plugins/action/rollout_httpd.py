# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The controller's half of rollout_httpd: all machines at the same time, the events, and how far a wait is."""

from __future__ import annotations

import math
import time
import typing as t

from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ansible_collections.roundrobin.tomcat.plugins.module_utils._balancer.change import join, still_there
from ansible_collections.roundrobin.tomcat.plugins.modules.rollout_httpd import ARGUMENTS
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._at_once import Answer, Call, Caller, together
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._holder import this_run
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._rollout.journal import host_column, progress
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._rollout.teller import Teller

MODULE = "roundrobin.tomcat.rollout_httpd"
# Most members are idle sooner, and cost no second call.
EVERY_SECONDS = 5.0
OF_THE_CONTROLLER = ("at", "journal", "direction", "phase")

display = Display()
monotonic = time.monotonic


class ActionModule(ActionBase):
    """Run rollout_httpd on every machine, again and again while a member is not idle."""

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Tell what begins, call all machines, and call those again that are not done."""
        super().run(tmp, task_vars)
        variables = task_vars or {}
        given = self.validate_argument_spec(argument_spec=ARGUMENTS)[1]
        machines, phase, direction = given["at"], given["phase"], given["direction"]
        teller = Teller(given["journal"], variables, silent=self._task.check_mode)
        httpds = dict.fromkeys(member["httpd"] for machine in machines for member in machine["members"])
        text = f"out of {', '.join(httpds)}" if phase == "drain" else ""
        teller.tell(phase=phase, direction=direction, text=text)
        options = {name: value for name, value in given.items() if name not in OF_THE_CONTROLLER}
        if given["lock"]:
            options["lock"] = {**given["lock"], "holder": this_run(variables)}
        answers = self._call_all(machines, options, phase, variables)
        self._tell_left(teller, direction, answers)
        asked = [answer["asked"] for answer in answers if "asked" in answer]
        if asked:
            teller.tell(phase="verify", direction=direction, ago=max(asked))
        # What failed in one httpd of a machine is said of that httpd.
        hosts = [answer.get("httpd", machine["host"]) for machine, answer in zip(machines, answers)]
        result = together([({"inventory_host": host}, answer) for host, answer in zip(hosts, answers)])
        lost = [f"{host}: {answer['lock_lost']}" for host, answer in zip(hosts, answers) if "lock_lost" in answer]
        return {**result, "lock_lost": " ".join(lost)} if lost else result

    def _call_all(
        self, machines: list[dict[str, t.Any]], options: dict[str, t.Any], phase: str, variables: dict[str, t.Any]
    ) -> list[Answer]:
        caller = Caller(self, variables)
        answers: list[Answer] = [{} for _machine in machines]
        waiting = list(range(len(machines)))
        began = monotonic()
        waited: float | None = None
        while waiting:
            calls = [self._call(machines[index], options, waited) for index in waiting]
            for index, answer in zip(waiting, caller.run(calls)):
                answers[index] = answer if waited is None else joined(answers[index], answer)
            waiting = [index for index in waiting if "left" in answers[index] and not answers[index].get("failed")]
            waited = monotonic() - began
            for index in waiting:
                del answers[index]["left"]
                for member in answers[index]["members"]:
                    if "left" in member:
                        display.display(progress_of(member, phase, variables))
        return answers

    def _call(self, machine: dict[str, t.Any], options: dict[str, t.Any], waited: float | None) -> Call:
        progress = {"every": EVERY_SECONDS, **({} if waited is None else {"waited": waited})}
        own = {"members": machine["members"], "checks": machine["checks"], "progress": progress}
        return Call(MODULE, machine["host"], {**options, **own}, plain=True)

    def _tell_left(self, teller: Teller, direction: str, answers: list[Answer]) -> None:
        """Note what is still there where a wait for an idle member has ended in vain and the rollout goes on."""
        for member in [member for answer in answers for member in answer.get("members", ())]:
            if member.get("idle") is False:
                left = {name: member.get(name) for name in ("httpd", "balancer", "in_flight", "connections")}
                text = (
                    f"{still_there(member)} on {member['httpd']}:{member['balancer']}; going on without waiting longer"
                )
                teller.tell(type="note", direction=direction, text=text, data=left)


def progress_of(member: Answer, phase: str, variables: t.Mapping[str, t.Any]) -> str:
    """What is still waited for, as a line to be shown."""
    status = member["member"]["status"]
    seen = f"not usable yet: {status}" if member.get("in_flight") is None else still_there(member)
    text = f"{seen} on {member['httpd']}:{member['balancer']}, {math.ceil(member['left'])} s left"
    now = time.strftime("%H:%M:%S", time.gmtime())
    return progress(now, str(variables["inventory_hostname"]), phase, text, host_column(variables))


def joined(first: Answer, later: Answer) -> Answer:
    """One answer of a wait in two slices."""
    changed = first["changed"] or later.get("changed", False)
    if later.get("failed"):
        # What a later slice found before it is what the first one had made of it.
        return {**{name: value for name, value in later.items() if name != "state_before"}, "changed": changed}
    members = [join(one, other) for one, other in zip(first["members"], later["members"])]
    return {**later, "changed": changed, "members": members}
