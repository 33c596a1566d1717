# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The controller's half of rollout_lock: who asks, and whether the one who refuses is still alive."""

from __future__ import annotations

import typing as t

from ansible.plugins.action import ActionBase

from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._holder import is_gone, this_run

MODULE = "roundrobin.tomcat.rollout_lock"


class ActionModule(ActionBase):
    """Run rollout_lock, and once more where the holder turns out to be dead."""

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Ask; if refused by a process that ran here and is gone, ask to take over from it."""
        super().run(tmp, task_vars)
        arguments = {**self._task.args, "holder": this_run(task_vars or {})}
        answer: dict[str, t.Any] = self._execute_module(module_name=MODULE, module_args=arguments, task_vars=task_vars)
        holding = answer.get("refused_by")
        if holding and is_gone(holding["holder"]):
            arguments["take_over"] = holding["id"]
            answer = self._execute_module(module_name=MODULE, module_args=arguments, task_vars=task_vars)
        return answer
