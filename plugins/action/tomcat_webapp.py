# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The controller's half of tomcat_webapp: a WAR travels only to where its release is not staged yet.

The WAR is judged here, before any host is touched. Then the module is asked, knowing
the WAR's figures; only if it answers that it needs the file is the file copied and the
module run again. So a release that is there costs one call and no transfer.
"""

from __future__ import annotations

import os
import typing as t

from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError
from ansible_collections.roundrobin.tomcat.plugins.module_utils._releases.war import (
    check_sha256,
    inspect_war,
    read_descriptors,
    sha256_of,
)
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._holder import person

MODULE = "roundrobin.tomcat.tomcat_webapp"
DEFAULT_MAX_UNPACKED_MB = 4096


class ActionModule(ActionBase):
    """Run tomcat_webapp, with the WAR beside it if it asks for it."""

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Judge the WAR, ask, copy if asked to, ask again."""
        super().run(tmp, task_vars)
        arguments = dict(self._task.args)
        arguments.setdefault("actor", person(task_vars or {}))
        if arguments.get("src") is None or boolean(arguments.get("remote_src", False), strict=False):
            return self._ask(arguments, task_vars)

        war = self._find_on_controller(arguments.pop("src"))
        arguments["src_info"], descriptors = self._judge(war, arguments)
        answer = self._ask(arguments, task_vars)
        if not answer.pop("needs_source", False):
            return {**answer, "descriptors": descriptors}

        directory = self._make_tmp_path()
        try:
            arguments["src"] = self._transfer_file(war, self._connection._shell.join_path(directory, "release.war"))
            self._fixup_perms2((directory, arguments["src"]), execute=False)
            return {**self._ask(arguments, task_vars), "descriptors": descriptors}
        finally:
            self._remove_tmp_path(directory, force=True)

    def _ask(self, arguments: dict[str, t.Any], task_vars: dict[str, t.Any] | None) -> dict[str, t.Any]:
        answer: dict[str, t.Any] = self._execute_module(module_name=MODULE, module_args=arguments, task_vars=task_vars)
        return answer

    def _find_on_controller(self, src: str) -> str:
        try:
            # Beside the playbook or in a role's files/, as with ansible.builtin.copy.
            return str(self._find_needle("files", src))
        except AnsibleError as error:
            raise AnsibleActionFail(f"src {src!r} does not exist on the controller") from error

    @staticmethod
    def _judge(war: str, arguments: dict[str, t.Any]) -> tuple[dict[str, t.Any], dict[str, t.Any]]:
        """Return the WAR's figures, and what it says of sessions."""
        try:
            limit = int(arguments.get("max_unpacked_mb") or DEFAULT_MAX_UNPACKED_MB) * 2**20
            report = inspect_war(war, max_unpacked_bytes=limit)
            descriptors = read_descriptors(war, report)
            sha256 = sha256_of(war)
            check_sha256(war, sha256, arguments.get("checksum"))
        except CollectionError as error:
            raise AnsibleActionFail(error.message) from error
        except ValueError as error:
            raise AnsibleActionFail(f"max_unpacked_mb {arguments['max_unpacked_mb']!r} is not a number") from error
        figures = {
            "label": war,
            "sha256": sha256,
            "war_bytes": os.path.getsize(war),
            "disk_bytes": report.disk_bytes,
        }
        return figures, descriptors
