# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The balancer-manager's transport: one `requests` session, nothing taken from the environment."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Mapping
from types import ModuleType
from typing import Any, Optional

from ansible_collections.roundrobin.tomcat.plugins.module_utils._balancer_manager import Fetch, Response
from ansible_collections.roundrobin.tomcat.plugins.module_utils._balancer_model import ManagerError, Unreachable

# What both balancer modules take to reach a manager.
CONNECTION_ARGUMENTS: dict[str, Any] = {
    "manager_url": {"type": "str", "required": True},
    "unix_socket": {"type": "path"},
    "url_username": {"type": "str"},
    "url_password": {"type": "str", "no_log": True},
    "validate_certs": {"type": "bool", "default": True},
    "ca_path": {"type": "path"},
    "request_timeout": {"type": "float", "default": 5.0},
}


def requests_fetch(requests: ModuleType, options: Mapping[str, Any]) -> Fetch:
    """Make the fetch callable out of the connection options."""
    session = requests.Session()
    # No proxy, no .netrc: a manager is near, and its password comes from the task alone.
    session.trust_env = False
    session.verify = (options["ca_path"] or True) if options["validate_certs"] else False
    if options["url_username"] is not None:
        session.auth = (options["url_username"], options["url_password"] or "")
    if options["unix_socket"] is not None:
        if not options["manager_url"].startswith("http://"):
            raise ManagerError(
                "unix_socket goes with a manager_url of http://, as in http://localhost/balancer-manager"
            )
        session.mount("http://", _unix_adapter(requests, options["unix_socket"]))
    timeout = options["request_timeout"]

    def fetch(method: str, url: str, headers: Mapping[str, str], body: Optional[str]) -> Response:
        end = time.monotonic() + timeout
        try:
            with session.request(
                method,
                url,
                headers=headers,
                data=body,
                timeout=timeout,
                # A redirected POST would arrive as a GET, which changes nothing.
                allow_redirects=False,
                stream=True,
            ) as answer:
                return Response(answer.status_code, _read(answer, end))
        except (requests.exceptions.RequestException, OSError) as error:
            place = options["unix_socket"] or url.partition("?")[0]
            raise Unreachable(f"{place} cannot be reached: {_reason(error)}") from error

    return fetch


def _read(answer: Any, end: float) -> str:
    """Read the body; a server that goes on sending a little now and then does not hold the task up."""
    body = bytearray()
    for piece in answer.iter_content(65536):
        body += piece
        if time.monotonic() > end:
            raise TimeoutError("it does not come to the end of its answer")
    announced = answer.headers.get("Content-Length")
    if announced is not None and "Content-Encoding" not in answer.headers and len(body) < int(announced):
        raise ConnectionError(f"its answer was cut short after {len(body)} of {announced} bytes")
    return body.decode("utf-8", "replace")


def _unix_adapter(requests: ModuleType, path: str) -> Any:
    """Make an adapter for requests whose connections all go to one socket file."""
    from urllib3.connection import HTTPConnection
    from urllib3.connectionpool import HTTPConnectionPool

    class Connection(HTTPConnection):
        def connect(self) -> None:
            self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            self.sock.settimeout(self.timeout)
            self.sock.connect(path)

    class Pool(HTTPConnectionPool):
        ConnectionCls = Connection

    class Adapter(requests.adapters.HTTPAdapter):
        def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
            super().init_poolmanager(*arguments, **options)
            self.poolmanager.pool_classes_by_scheme = {"http": Pool}

    return Adapter()


def _reason(error: Exception) -> str:
    """Take the cause out of what requests and urllib3 wrap around it."""
    cause = getattr(error.args[0], "reason", error) if error.args else error
    return re.sub(r"^<?[\w.]*Connection.*?[)>]: ", "", str(cause))
