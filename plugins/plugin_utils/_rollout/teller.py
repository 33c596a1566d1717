# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Events of one host: written to the journal, and shown to whoever watches the rollout."""

# Private to this collection.

from __future__ import annotations

import os
import typing as t
from datetime import datetime, timedelta, timezone

from ansible.errors import AnsibleActionFail
from ansible.utils.display import Display

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError

from . import journal

display = Display()


class Teller:
    """Writes and shows the events of a task."""

    def __init__(self, path: str | None, variables: t.Mapping[str, t.Any], *, silent: bool = False) -> None:
        """Remember the journal and the task's variables. Silent, or without a journal, it neither writes nor shows."""
        self._path = os.path.abspath(path) if path else None
        self._silent = silent or not path
        self._host = str(variables["inventory_hostname"])
        self._column = journal.host_column(variables)

    def tell(self, *, ago: float = 0.0, **event: t.Any) -> dict[str, t.Any]:
        """Write and show what began so many seconds ago; return it as it stands in the journal.

        event: as journal.event takes it, without the host.
        """
        given = {"type": "phase", "phase": None, "direction": "forward", "text": "", "data": {}, **event}
        at = datetime.now(timezone.utc) - timedelta(seconds=ago)
        try:
            entry = journal.event(at, host=self._host, **given)
        except CollectionError as error:
            raise AnsibleActionFail(error.message) from None  # Ansible would show a cause beside its message
        if not self._silent:
            self._write(entry)
            display.display(journal.progress_line(entry, self._column))
        return entry

    def _write(self, entry: dict[str, t.Any]) -> None:
        try:
            journal.append(str(self._path), entry)
        except CollectionError as error:
            # Without a journal nothing is begun. But a controller whose disk is full meanwhile
            # is no reason to leave a member half way: what is true stands on the hosts.
            if entry["type"] == "rollout":
                raise AnsibleActionFail(error.message) from None
            display.warning(error.message)
