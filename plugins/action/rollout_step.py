# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All of rollout_step: it runs another module and makes a failure of a host that cannot be reached."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleActionFail, AnsibleConnectionFailure
from ansible.plugins.action import ActionBase

ARGUMENTS = {
    "module": {"type": "str", "required": True},
    "options": {"type": "dict", "default": {}},
}


class ActionModule(ActionBase):
    """Run a module as a task of its own would."""

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Hand the task over; what comes of it is the answer."""
        super().run(tmp, task_vars)
        arguments = self.validate_argument_spec(argument_spec=ARGUMENTS)[1]
        variables = task_vars or {}
        try:
            answer: dict[str, t.Any] = self._action_of(arguments["module"], arguments["options"]).run(
                task_vars=variables
            )
        except AnsibleConnectionFailure as error:
            host = self._task.delegate_to or variables["inventory_hostname"]
            raise AnsibleActionFail(f"{host} cannot be reached: {error}") from None
        return answer

    def _action_of(self, module: str, options: dict[str, t.Any]) -> ActionBase:
        task = self._task.copy()
        task.action, task.args = module, options
        loader = self._shared_loader_obj.action_loader
        has_its_own = loader.has_plugin(module, collection_list=task.collections)
        return loader.get(
            module if has_its_own else "ansible.legacy.normal",
            task=task,
            connection=self._connection,
            play_context=self._play_context,
            loader=self._loader,
            templar=self._templar,
            shared_loader_obj=self._shared_loader_obj,
        )
