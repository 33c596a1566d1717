# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A connection plugin to hosts that do not exist: whatever module is sent, the answer is read from a file.

So the controller does all of its own work, and nothing else: templates, the modules' payloads, workers, results. Which module
it is stands in what Ansible sends; its answer is the file of its name in the directory SIMULATED_ANSWERS, or in that of the
host's address below it.
"""

from __future__ import annotations

import os
import pathlib
import re

from ansible.errors import AnsibleError
from ansible.plugins.connection import ConnectionBase

DOCUMENTATION = """
    name: simulated
    short_description: Answers from files
    description: Answers from files.
    options:
      pipelining:
        description: As it is for ssh.
        type: boolean
        default: true
        vars: [{name: ansible_pipelining}]
"""

MODULE = re.compile(rb"module_fqn='[\w.]*?(\w+)'")


class Connection(ConnectionBase):
    """One host that answers."""

    transport = "simulated"
    has_pipelining = True

    def _connect(self):
        self._connected = True
        return self

    def exec_command(self, cmd, in_data=None, sudoable=True):
        """Answer for the module."""
        sent = MODULE.search(in_data or b"")
        if not sent:
            raise AnsibleError(f"nothing is known of {cmd}")
        answers = pathlib.Path(os.environ["SIMULATED_ANSWERS"])
        name = f"{sent[1].decode()}.json"
        of_host = answers / self._play_context.remote_addr / name
        return 0, (of_host if of_host.exists() else answers / name).read_bytes(), b""

    def put_file(self, in_path, out_path):
        """Refuse: with pipelining nothing is copied."""
        raise AnsibleError(f"{in_path} would be copied")

    def fetch_file(self, in_path, out_path):
        """Refuse: nothing is fetched."""
        raise AnsibleError(f"{in_path} would be fetched")

    def close(self):
        """End."""
        self._connected = False
