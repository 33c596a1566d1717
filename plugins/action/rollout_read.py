# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All of rollout_read: it asks one instance everything that a rollout or the status wants to know, in one task.

A task costs the controller a worker for each host, whatever it does; with hundreds of instances that is most of a preflight.
"""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible.plugins.action import ActionBase

from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._at_once import Answer, Call, Caller
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._rollout.checks import health_of

ARGUMENTS = {
    "calls": {"type": "dict", "required": True},
    "applications": {"type": "list", "elements": "dict", "default": []},
    "url": {"type": "str", "default": ""},
    "ajp_secret": {"type": "str", "no_log": True},
}
HEALTH = "roundrobin.tomcat.http_health"
# Of an application that is not well, the preflight does not wait for it to get well.
PATIENCE = {"successes": 1, "timeout": 5}


class ActionModule(ActionBase):
    """Run several modules on the task's host, one after another."""

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Ask; a question that fails is an answer too. A host that cannot be reached is one, as for any task."""
        super().run(tmp, task_vars)
        arguments = self.validate_argument_spec(argument_spec=ARGUMENTS)[1]
        variables = task_vars or {}
        answers = {
            name: self._ask(str(call["module"]), call.get("options") or {}, variables)
            for name, call in arguments["calls"].items()
        }
        released = (answers.get("releases") or {}).get("applications") or {}
        answers["health"] = {
            "results": [
                {**self._ask_health(application, released, arguments, variables), "item": application}
                for application in arguments["applications"]
            ]
        }
        return {"changed": False, "answers": answers}

    def _ask_health(
        self,
        application: t.Mapping[str, t.Any],
        released: t.Mapping[str, t.Any],
        arguments: t.Mapping[str, t.Any],
        variables: dict[str, t.Any],
    ) -> Answer:
        entry = released.get(application["base_name"]) or {}
        version = entry.get("active_version")
        # Without a release there is nothing that could answer.
        if not version:
            return {"skipped": True}
        answer = self._ask_for(application, version, arguments, variables)
        before = {release["version"]: release.get("health") for release in entry.get("releases") or ()}.get(version)
        if not answer.get("failed") or not before or before == health_of(application):
            return answer
        # The inventory's health may be that of another release.
        again = self._ask_for({**application, **before}, version, arguments, variables)
        return answer if again.get("failed") else again

    def _ask_for(
        self,
        application: t.Mapping[str, t.Any],
        version: str,
        arguments: t.Mapping[str, t.Any],
        variables: dict[str, t.Any],
    ) -> Answer:
        pattern = application["health_pattern"]
        options = {
            "url": arguments["url"] + application["context_path"] + application["health_path"],
            "status": application["health_status"],
            **({"headers": application["health_headers"]} if application["health_headers"] else {}),
            **PATIENCE,
            **({"ajp_secret": arguments["ajp_secret"]} if arguments["ajp_secret"] else {}),
            **({"pattern": pattern} if pattern else {}),
            **({"version": version} if "{version}" in pattern else {}),
        }
        return self._ask(HEALTH, options, variables)

    def _ask(self, module: str, options: t.Mapping[str, t.Any], variables: dict[str, t.Any]) -> Answer:
        try:
            answer = Caller(self, variables).run_raw(Call(module, options=options))
        except AnsibleConnectionFailure:
            raise
        except AnsibleError as error:
            return {"failed": True, "msg": error.message}
        # How the module was called is nothing that anybody reads of it, and may hold a secret.
        return {key: value for key, value in answer.items() if key != "invocation" and not key.startswith("_ansible")}
