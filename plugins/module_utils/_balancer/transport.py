# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The balancer-manager's transport: HTTP, with the options of a task."""

# Private to this collection.

from __future__ import annotations

import typing as t

from ansible_collections.roundrobin.tomcat.plugins.module_utils._http import (
    HttpError,
    NoConnection,
    basic_auth,
    request,
    tls_context,
)
from ansible_collections.roundrobin.tomcat.plugins.module_utils._limits import OF_A_QUESTION, check_limits

from .manager import Fetch, Response
from .model import ManagerError, Unreachable

# The page of a thousand members has one; what never ends must not fill the memory.
MAX_PAGE = 16 * 2**20
# What both balancer modules take to reach a manager.
CONNECTION_ARGUMENTS: dict[str, t.Any] = {
    "manager_url": {"type": "str", "required": True},
    "unix_socket": {"type": "path"},
    "url_username": {"type": "str"},
    "url_password": {"type": "str", "no_log": True},
    "validate_certs": {"type": "bool", "default": True},
    "ca_path": {"type": "path"},
    "request_timeout": {"type": "float", "default": 5.0},
}


def make_fetch(options: t.Mapping[str, t.Any]) -> Fetch:
    """Make the fetch callable out of the connection options."""
    manager_url, unix_socket, seconds = options["manager_url"], options["unix_socket"], options["request_timeout"]
    check_limits(options, {"request_timeout": OF_A_QUESTION})
    if unix_socket is not None and not manager_url.lower().startswith("http://"):
        raise ManagerError("unix_socket goes with a manager_url of http://, as in http://localhost/balancer-manager")
    own = {}
    if options["url_username"] is not None:
        own["Authorization"] = basic_auth(options["url_username"], options["url_password"] or "")
    context = None
    if manager_url.lower().startswith("https://"):
        context = tls_context((options["ca_path"] or True) if options["validate_certs"] else False)

    def fetch(method: str, url: str, headers: t.Mapping[str, str], body: t.Optional[str]) -> Response:
        place = unix_socket or url.partition("?")[0]
        try:
            reply = request(
                method,
                url,
                headers={**own, **headers},
                body=None if body is None else body.encode(),
                timeout=seconds,
                max_body=MAX_PAGE,
                context=context,
                unix_socket=unix_socket,
            )
        except NoConnection as error:
            raise Unreachable(f"{place} cannot be reached: {error.message}") from error
        except HttpError as error:
            raise Unreachable(f"{place} gave {error.message}") from error
        if len(reply.body) == MAX_PAGE:
            raise ManagerError(f"{place} is no balancer-manager: its page has more than {MAX_PAGE} bytes")
        return Response(reply.status, reply.body.decode("utf-8", "replace"))

    return fetch
