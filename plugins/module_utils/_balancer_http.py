# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The balancer-manager's transport: one `requests` session, nothing taken from the environment."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import ModuleType
from typing import Any, Optional

from ansible_collections.roundrobin.tomcat.plugins.module_utils._balancer_manager import Fetch, ManagerError, Response

# What both balancer modules take to reach a manager.
CONNECTION_ARGUMENTS: dict[str, Any] = {
    "manager_url": {"type": "str", "required": True},
    "url_username": {"type": "str"},
    "url_password": {"type": "str", "no_log": True},
    "validate_certs": {"type": "bool", "default": True},
    "ca_path": {"type": "path"},
    "request_timeout": {"type": "float", "default": 5.0},
}


def _reason(error: Exception) -> str:
    """Take the cause out of what requests and urllib3 wrap around it."""
    cause = getattr(error.args[0], "reason", error) if error.args else error
    return re.sub(r"^<?[\w.]*Connection.*?[)>]: ", "", str(cause))


def requests_fetch(requests: ModuleType, options: Mapping[str, Any]) -> Fetch:
    """Make the fetch callable out of the connection options."""
    session = requests.Session()
    # No proxy, no .netrc: a manager is near, and its password comes from the task alone.
    session.trust_env = False
    session.verify = (options["ca_path"] or True) if options["validate_certs"] else False
    if options["url_username"] is not None:
        session.auth = (options["url_username"], options["url_password"] or "")

    def fetch(method: str, url: str, headers: Mapping[str, str], body: Optional[str]) -> Response:
        try:
            answer = session.request(
                method,
                url,
                headers=headers,
                data=body,
                timeout=options["request_timeout"],
                # A redirected POST would arrive as a GET, which changes nothing.
                allow_redirects=False,
            )
        except (requests.exceptions.RequestException, OSError) as error:
            raise ManagerError(f"{url.partition('?')[0]} cannot be reached: {_reason(error)}") from error
        return Response(answer.status_code, answer.content.decode("utf-8", "replace"))

    return fetch
