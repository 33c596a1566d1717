# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask a URL once, over HTTP or AJP: any answer and any failure becomes an Answer."""

# Private to this collection.

from __future__ import annotations

import functools
import socket
import ssl
import time
import typing as t

from ansible_collections.roundrobin.tomcat.plugins.module_utils._http import (
    USER_AGENT,
    HttpError,
    request,
    tls_context,
)
from ansible_collections.roundrobin.tomcat.plugins.module_utils._stream import Deadline, TimedStream, connect, words

from .ajp import AjpError, build_request, exchange, ping
from .health import Answer, Target

# A health page is short; what a broken one streams must not fill the memory.
MAX_BODY = 256 * 1024
# As httpd sends on what came by TLS: by HTTP it is this header that says so, by AJP the packet itself.
FORWARDED_PROTO = "x-forwarded-proto"


def make_ask(
    target: Target,
    *,
    method: str = "GET",
    headers: t.Mapping[str, t.Any],
    secret: str | None,
    timeout: float,
    verify: bool | str = True,
) -> t.Callable[[], Answer]:
    """Return what asks once, by the target's own protocol."""
    texts = {name: str(value) for name, value in headers.items()}
    if target.scheme == "ajp":
        return functools.partial(ask_ajp, target, method=method, headers=texts, secret=secret, timeout=timeout)
    context = tls_context(verify) if target.scheme == "https" else None
    return functools.partial(ask_http, target, method=method, headers=texts, timeout=timeout, context=context)


def ask_ajp(target: Target, *, method: str, headers: t.Mapping[str, str], secret: str | None, timeout: float) -> Answer:
    """Ask once over AJP: first whether the connector is alive (CPING), then for the page."""
    began = time.monotonic()
    deadline = Deadline(timeout)
    connected = False
    status, body, failure = None, "", None
    cookies: tuple[str, ...] = ()
    try:
        forward = build_request(
            method,
            target.path,
            target.query,
            server_name=target.host,
            server_port=target.port,
            headers={"user-agent": USER_AGENT, **headers},
            secret=secret,
            is_tls=any(name.lower() == FORWARDED_PROTO and value == "https" for name, value in headers.items()),
        )
        with connect(target.host, target.port, deadline) as connection:
            connected = True
            stream = TimedStream(connection, deadline)
            ping(stream)
            response = exchange(stream, forward, max_body=MAX_BODY)
        status, body = response.status, response.body.decode("utf-8", "replace")
        cookies = tuple(value for name, value in response.headers if name.lower() == "set-cookie")
    except AjpError as error:
        failure = error.message
    # Before 3.10 the time-out of a socket is not yet TimeoutError.
    except (TimeoutError, socket.timeout):
        failure = f"no {'complete answer' if connected else 'connection'} within {timeout:g} s"
    except OSError as error:
        failure = words(error)
    return Answer(latency=time.monotonic() - began, status=status, body=body, error=failure, cookies=cookies)


def ask_http(
    target: Target,
    *,
    method: str,
    headers: t.Mapping[str, str],
    timeout: float,
    context: ssl.SSLContext | None,
) -> Answer:
    """Ask once over HTTP."""
    began = time.monotonic()
    status, body, failure = None, "", None
    cookies: tuple[str, ...] = ()
    try:
        reply = request(method, target.url, headers=headers, timeout=timeout, max_body=MAX_BODY, context=context)
        status, body, cookies = reply.status, reply.body.decode("utf-8", "replace"), reply.cookies
    except HttpError as error:
        failure = error.message
    return Answer(latency=time.monotonic() - began, status=status, body=body, error=failure, cookies=cookies)
