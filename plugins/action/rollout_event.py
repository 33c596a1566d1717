# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All of rollout_event: it runs on the controller and asks no host for anything."""

from __future__ import annotations

import getpass
import os
import platform
import typing as t
from datetime import datetime, timezone

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._rollout import journal

ARGUMENTS = {
    "journal": {"type": "path", "required": True},
    "type": {"type": "str", "choices": list(journal.TYPES), "default": "phase"},
    "phase": {"type": "str", "choices": list(journal.PHASES)},
    "direction": {"type": "str", "choices": ["forward", "back"], "default": "forward"},
    "text": {"type": "str", "default": ""},
    "data": {"type": "dict", "default": {}},
}

display = Display()


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
            arguments["data"] = {"by": f"{getpass.getuser()}@{platform.node()}", **arguments["data"]}
        path = os.path.abspath(arguments.pop("journal"))
        try:
            entry = journal.event(datetime.now(timezone.utc), host=str(variables["inventory_hostname"]), **arguments)
        except CollectionError as error:
            raise AnsibleActionFail(error.message) from None  # Ansible would show a cause beside its message
        if not self._task.check_mode:
            self._write(path, entry)
            display.display(journal.progress_line(entry, journal.host_column(variables)))
        return {**result, "changed": False, "event": entry}

    @staticmethod
    def _write(path: str, entry: dict[str, t.Any]) -> None:
        try:
            journal.append(path, entry)
        except CollectionError as error:
            # Without a journal nothing is begun. But a controller whose disk is full meanwhile
            # is no reason to leave a member half way: what is true stands on the hosts.
            if entry["type"] == "rollout":
                raise AnsibleActionFail(error.message) from None
            display.warning(error.message)
