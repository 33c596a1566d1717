# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one base class of what the collection's own code raises.

Helpers raise it, only a module's main() (or a filter) turns it into a failure
that Ansible shows. The message is one sentence a person can act on: which file,
which value, and what would be accepted. It never holds a secret.
"""

# Private to this collection.

from __future__ import annotations


class CollectionError(Exception):
    """A failure with a message meant for the person who runs the playbook."""

    def __init__(self, message: str, **details: object) -> None:
        """Keep the message and what a module may return beside it (plain data only)."""
        super().__init__(message)
        self.message = message
        self.details = details
