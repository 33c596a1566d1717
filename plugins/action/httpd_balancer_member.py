# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The controller's half of httpd_balancer_member: it shows how far a wait for an idle member is.

A module says nothing until it ends. So a long wait is made in slices, and between two of them what is still
in flight is shown. The result is that of one long wait.
"""

from __future__ import annotations

import math
import time
import typing as t

from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ansible_collections.roundrobin.tomcat.plugins.module_utils._balancer.change import join, still_there
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._rollout.journal import host_column, progress

MODULE = "roundrobin.tomcat.httpd_balancer_member"
# Most members are idle sooner, and cost no second call.
EVERY_SECONDS = 5.0

display = Display()
monotonic = time.monotonic


class ActionModule(ActionBase):
    """Run httpd_balancer_member, again and again while it waits."""

    _supports_async = True

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Wait in slices, where there is somebody to tell it to."""
        super().run(tmp, task_vars)
        in_background = bool(self._task.async_val) and not self._connection.has_native_async
        if self._task.args.get("wait") != "idle" or self._task.check_mode or in_background:
            answer: dict[str, t.Any] = self._execute_module(
                module_name=MODULE, task_vars=task_vars, wrap_async=in_background
            )
            return answer
        return self._wait(task_vars or {})

    def _wait(self, task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        answer = self._slice(task_vars)
        began = monotonic() - answer.get("waited", 0.0)
        while (left := answer.pop("left", None)) is not None:
            display.display(self._line(answer, left, task_vars))
            answer = join(answer, self._slice(task_vars, waited=monotonic() - began))
        return answer

    def _slice(self, task_vars: dict[str, t.Any], **waited: float) -> dict[str, t.Any]:
        arguments = {**self._task.args, "progress": {"every": EVERY_SECONDS, **waited}}
        answer: dict[str, t.Any] = self._execute_module(module_name=MODULE, module_args=arguments, task_vars=task_vars)
        return answer

    def _line(self, answer: t.Mapping[str, t.Any], left: float, task_vars: t.Mapping[str, t.Any]) -> str:
        # Delegated to httpd, the task is one of the member's own host; else the member goes by its route.
        host, httpd = str(task_vars["inventory_hostname"]), self._task.delegate_to
        who = host if httpd else answer["route"] or answer["worker"]
        text = f"{still_there(answer)} on {httpd or host}:{answer['balancer']}, {math.ceil(left)} s left"
        now = time.strftime("%H:%M:%S", time.gmtime())
        return progress(now, who, "drain", text, host_column(task_vars))
