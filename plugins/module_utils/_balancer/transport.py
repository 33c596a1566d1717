# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The balancer-manager's transport: one `requests` session, nothing taken from the environment."""

# Private to this collection.

from __future__ import annotations

import contextlib
import re
import signal
import socket
import typing as t
from types import ModuleType

from .manager import Fetch, Response
from .model import ManagerError, Unreachable

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


def requests_fetch(requests: ModuleType, options: t.Mapping[str, t.Any]) -> Fetch:
    """Make the fetch callable out of the connection options."""
    session = requests.Session()
    # No proxy, no .netrc: a manager is near, and its password comes from the task alone.
    session.trust_env = False
    session.verify = (options["ca_path"] or True) if options["validate_certs"] else False
    if options["request_timeout"] <= 0:
        raise ManagerError(f"request_timeout must be above 0 seconds, not {options['request_timeout']}")
    if options["url_username"] is not None:
        session.auth = (options["url_username"], options["url_password"] or "")
    if options["unix_socket"] is not None:
        if not options["manager_url"].startswith("http://"):
            raise ManagerError(
                "unix_socket goes with a manager_url of http://, as in http://localhost/balancer-manager"
            )
        session.mount("http://", _unix_adapter(requests, options["unix_socket"]))
    seconds = options["request_timeout"]

    def fetch(method: str, url: str, headers: t.Mapping[str, str], body: t.Optional[str]) -> Response:
        place = options["unix_socket"] or url.partition("?")[0]
        try:
            with _deadline(seconds):
                # A redirected POST would arrive as a GET, which changes nothing.
                answer = session.request(method, url, headers=headers, data=body, allow_redirects=False)
        except _TooLate as error:
            raise Unreachable(f"{place} gave no complete answer within {seconds:g} s") from error
        except (requests.exceptions.RequestException, OSError) as error:
            raise Unreachable(f"{place} cannot be reached: {_reason(error)}") from error
        announced = answer.headers.get("Content-Length")
        if announced is not None and "Content-Encoding" not in answer.headers and len(answer.content) < int(announced):
            raise Unreachable(f"{place} cut its answer short after {len(answer.content)} of {announced} bytes")
        return Response(answer.status_code, answer.content.decode("utf-8", "replace"))

    return fetch


class _TooLate(Exception):
    """No OSError, so that no library takes it for the time-out of one read."""


@contextlib.contextmanager
def _deadline(seconds: float) -> t.Iterator[None]:
    """Bound the whole of a request: the time-out of requests is for each read, so a server that drips would hold on."""

    def give_up(_signal: int, _frame: object) -> None:
        raise _TooLate

    before = signal.signal(signal.SIGALRM, give_up)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _unix_adapter(requests: t.Any, path: str) -> t.Any:
    """Make an adapter for requests whose connections all go to one socket file."""
    from urllib3.connection import HTTPConnection
    from urllib3.connectionpool import HTTPConnectionPool

    class Connection(HTTPConnection):
        def connect(self) -> None:
            self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            self.sock.connect(path)

    class Pool(HTTPConnectionPool):
        ConnectionCls = Connection

    class Adapter(requests.adapters.HTTPAdapter):
        def init_poolmanager(self, *arguments: t.Any, **options: t.Any) -> None:
            super().init_poolmanager(*arguments, **options)
            self.poolmanager.pool_classes_by_scheme = {"http": Pool}

    return Adapter()


def _reason(error: Exception) -> str:
    """Take the cause out of what requests and urllib3 wrap around it."""
    cause = getattr(error.args[0], "reason", error) if error.args else error
    return re.sub(r"^<?[\w.]*Connection.*?[)>]: ", "", str(cause))
