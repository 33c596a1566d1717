# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask a URL once, over HTTP or AJP: any answer and any failure becomes an Answer."""

# Private to this collection.

from __future__ import annotations

import functools
import socket
import time
import typing as t
from types import ModuleType

from ansible.module_utils.basic import missing_required_lib

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError

from .ajp import AjpError, build_request, exchange, ping
from .health import Answer, Target

# A health page is short; what a broken one streams must not fill the memory.
MAX_BODY = 256 * 1024
USER_AGENT = "roundrobin.tomcat http_health"


def make_ask(
    requests: ModuleType | None,
    target: Target,
    *,
    method: str = "GET",
    headers: t.Mapping[str, t.Any],
    secret: str | None,
    timeout: float,
    verify: bool | str = True,
) -> t.Callable[[], Answer]:
    """Return what asks once, by the target's own protocol. Only HTTP needs ``requests``."""
    texts = {name: str(value) for name, value in headers.items()}
    if target.scheme == "ajp":
        return functools.partial(ask_ajp, target, method=method, headers=texts, secret=secret, timeout=timeout)
    if requests is None:
        raise CollectionError(missing_required_lib("requests"))
    return functools.partial(ask_http, requests, target, method=method, headers=texts, timeout=timeout, verify=verify)


class _DeadlineStream:
    """A socket on which all the waits of one exchange together take no longer than the time-out."""

    def __init__(self, connection: socket.socket, seconds: float) -> None:
        self._connection = connection
        self._end = time.monotonic() + seconds

    def _arm(self) -> None:
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._connection.settimeout(left)

    def sendall(self, data: bytes) -> None:
        self._arm()
        self._connection.sendall(data)

    def recv(self, size: int) -> bytes:
        self._arm()
        return self._connection.recv(size)


def ask_ajp(target: Target, *, method: str, headers: t.Mapping[str, str], secret: str | None, timeout: float) -> Answer:
    """Ask once over AJP: first whether the connector is alive (CPING), then for the page."""
    began = time.monotonic()
    connected = False
    status, body, failure = None, "", None
    try:
        request = build_request(
            method,
            target.path,
            target.query,
            server_name=target.host,
            server_port=target.port,
            headers={"user-agent": USER_AGENT, **headers},
            secret=secret,
        )
        with socket.create_connection((target.host, target.port), timeout=timeout) as connection:
            connected = True
            stream = _DeadlineStream(connection, timeout - (time.monotonic() - began))
            ping(stream)
            response = exchange(stream, request, max_body=MAX_BODY)
        status, body = response.status, response.body.decode("utf-8", "replace")
    except AjpError as error:
        failure = error.message
    # Before 3.10 the time-out of a socket is not yet TimeoutError.
    except (TimeoutError, socket.timeout):
        failure = _timeout_text(connected, timeout)
    except OSError as error:
        failure = _os_error_text(error)
    return Answer(latency=time.monotonic() - began, status=status, body=body, error=failure)


def ask_http(
    requests: ModuleType,
    target: Target,
    *,
    method: str,
    headers: t.Mapping[str, str],
    timeout: float,
    verify: bool | str,
) -> Answer:
    """Ask once over HTTP, with a connection of its own and nothing taken from the environment."""
    began = time.monotonic()
    status, body, failure = None, "", None
    try:
        with requests.Session() as session:
            # No proxy and no .netrc: the instance itself is meant.
            session.trust_env = False
            with session.request(
                method,
                target.url,
                headers={"User-Agent": USER_AGENT, "Connection": "close", **headers},
                timeout=timeout,
                verify=verify,
                # A login page that a redirect leads to would look healthy.
                allow_redirects=False,
                stream=True,
            ) as response:
                status, body = response.status_code, _read_body(response, began + timeout)
    except requests.exceptions.ConnectTimeout:
        failure = _timeout_text(False, timeout)
    except (requests.exceptions.Timeout, TimeoutError):
        failure = _timeout_text(True, timeout)
    except (requests.exceptions.RequestException, OSError) as error:
        failure = _request_error_text(error)
    return Answer(latency=time.monotonic() - began, status=None if failure else status, body=body, error=failure)


def _read_body(response: t.Any, end: float) -> str:
    data = b""
    for piece in response.iter_content(8192):
        data += piece
        if len(data) >= MAX_BODY:
            break
        if time.monotonic() > end:
            raise TimeoutError
    return data[:MAX_BODY].decode("utf-8", "replace")


def _timeout_text(connected: bool, timeout: float) -> str:
    return f"no complete answer within {timeout:g} s" if connected else f"no connection within {timeout:g} s"


def _os_error_text(error: OSError) -> str:
    return error.strerror or str(error) or type(error).__name__


def _request_error_text(error: BaseException) -> str:
    """Dig out the operating system's word from the layers that requests and urllib3 wrap it in."""
    todo: list[object] = [error]
    seen: list[object] = []
    while todo:
        item = todo.pop(0)
        if not isinstance(item, BaseException) or any(item is other for other in seen):
            continue
        seen.append(item)
        if isinstance(item, OSError) and item.errno is not None and item.strerror:
            return item.strerror
        todo += [getattr(item, "reason", None), item.__cause__, item.__context__, *item.args]
    return str(seen[-1]) or type(seen[-1]).__name__
