# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All of rollout_step: it runs another module, on several hosts at once, and makes a failure of a host that cannot be reached."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._at_once import Call, Caller, together

ARGUMENTS = {
    "module": {"type": "str", "required": True},
    "options": {"type": "dict", "default": {}},
    "at": {"type": "list", "elements": "dict"},
    "of_item": {"type": "list", "elements": "str", "default": []},
}


class ActionModule(ActionBase):
    """Run a module as a task of its own would."""

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Hand the task over; what comes of it is the answer."""
        super().run(tmp, task_vars)
        arguments = self.validate_argument_spec(argument_spec=ARGUMENTS)[1]
        module, options = arguments["module"], arguments["options"]
        caller = Caller(self, task_vars or {})
        if arguments["at"] is None:
            return caller.run_one(Call(module, options=options))
        items, own = arguments["at"], arguments["of_item"]
        missing = [name for item in items for name in ("inventory_host", *own) if name not in item]
        if missing:
            raise AnsibleActionFail(f"{missing[0]} is missing in an item of at")
        calls = [
            Call(module, str(item["inventory_host"]), {**options, **{name: item[name] for name in own}})
            for item in items
        ]
        return together(list(zip(items, caller.run(calls))))
