# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All of rollout_event: it runs on the controller and asks no host for anything."""

from __future__ import annotations

import typing as t

from ansible.plugins.action import ActionBase

from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._holder import person
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._rollout import journal
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._rollout.teller import Teller

ARGUMENTS = {
    "journal": {"type": "path", "required": True},
    "type": {"type": "str", "choices": list(journal.TYPES), "default": "phase"},
    "phase": {"type": "str", "choices": list(journal.PHASES)},
    "direction": {"type": "str", "choices": ["forward", "back"], "default": "forward"},
    "text": {"type": "str", "default": ""},
    "data": {"type": "dict", "default": {}},
}


class ActionModule(ActionBase):
    """Append an event to the journal of a rollout and show it."""

    TRANSFERS_FILES = False
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Write the line, show the line."""
        result = super().run(tmp, task_vars)
        variables = task_vars or {}
        arguments = self.validate_argument_spec(argument_spec=ARGUMENTS)[1]
        if arguments["type"] == "rollout":
            arguments["data"] = {"by": person(variables), **arguments["data"]}
        teller = Teller(arguments.pop("journal"), variables, silent=self._task.check_mode)
        return {**result, "changed": False, "event": teller.tell(**arguments)}
