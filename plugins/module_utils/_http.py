# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One HTTP request on a connection of its own: no proxy, no .netrc, no redirect, no compression."""

# Private to this collection.

from __future__ import annotations

import base64
import http.client
import io
import os
import re
import socket
import ssl
import typing as t
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError
from ansible_collections.roundrobin.tomcat.plugins.module_utils._stream import (
    Deadline,
    TimedStream,
    connect,
    connect_unix,
    words,
)

USER_AGENT = "roundrobin.tomcat"
_PORTS = {"http": 80, "https": 443}
# All that may stand in a path and a query, and the % of what is escaped already.
_SENT_AS_IT_IS = "%!#$&'()*+,/:;=?@[]~"


@dataclass(frozen=True)
class Reply:
    """What was answered. A body of max_body bytes may have had more."""

    status: int
    body: bytes
    # What the headers Set-Cookie say.
    cookies: tuple[str, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()


class HttpError(CollectionError):
    """There is no whole answer. The message says what there is instead, and names no address."""


class NoConnection(HttpError):
    """There is not even a connection. The message is the reason."""


def request(
    method: str,
    url: str,
    *,
    headers: t.Mapping[str, str],
    body: bytes | None = None,
    timeout: float,
    max_body: int,
    context: ssl.SSLContext | None = None,
    unix_socket: str | None = None,
) -> Reply:
    """Ask once.

    timeout: seconds for all of it, from connecting to the end of the answer.
    max_body: how much of the body is read.
    context: what https:// trusts, by default what the system does.
    unix_socket: the socket file to connect to, instead of the URL's host and port.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    tls = (context or tls_context(True)) if parts.scheme == "https" else None
    deadline = Deadline(timeout)
    try:
        port = _PORTS[parts.scheme] if parts.port is None else parts.port
        connection = connect(host, port, deadline) if unix_socket is None else connect_unix(unix_socket, deadline)
    # Before 3.10 the time-out of a socket is not yet TimeoutError.
    except (TimeoutError, socket.timeout) as error:
        raise NoConnection(f"no connection within {timeout:g} s") from error
    except OSError as error:
        raise NoConnection(words(error)) from error
    except ValueError as error:
        # The port is no number, or the host no name.
        raise NoConnection(str(error)) from error
    try:
        if tls is not None:
            deadline.arm(connection)
            connection = tls.wrap_socket(connection, server_hostname=host)
        client = http.client.HTTPConnection(host, port)
        client.default_port = _PORTS[parts.scheme]
        wire: t.Any = _Wire(connection, deadline)
        client.sock = wire
        client.request(method, _target(parts.path, parts.query), body, _with_defaults(headers))
        response = client.getresponse()
        received = _read(response, max_body)
    except http.client.IncompleteRead as error:
        raise HttpError("an answer that is cut short") from error
    except (TimeoutError, socket.timeout) as error:
        raise HttpError(f"no complete answer within {timeout:g} s") from error
    except ssl.SSLError as error:
        raise NoConnection(f"TLS: {_without_places(words(error))}") from error
    except OSError as error:
        raise HttpError(f"no answer: {words(error)}") from error
    except http.client.HTTPException as error:
        raise HttpError(f"an answer that is not HTTP: {str(error)[:80]!r}") from error
    except ValueError as error:
        # Its text would quote the header, which may be a secret.
        raise HttpError("no answer: a header cannot be sent, its name or its value is not accepted") from error
    finally:
        connection.close()
    cookies = tuple(response.headers.get_all("Set-Cookie", ()))
    return Reply(response.status, received, cookies, tuple(response.headers.items()))


def tls_context(verify: bool | str) -> ssl.SSLContext:
    """Return what TLS trusts: what the system does, the certificates of a file or a directory, or with False everybody."""
    if isinstance(verify, str):
        try:
            if os.path.isdir(verify):
                return ssl.create_default_context(capath=verify)
            return ssl.create_default_context(cafile=verify)
        except OSError as error:
            reason = _without_places(words(error))
            raise CollectionError(f"{verify} holds no certificates to trust: {reason}") from error
    context = ssl.create_default_context()
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def basic_auth(username: str, password: str) -> str:
    """Return the header Authorization of a user name and a password."""
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode("ascii")


class _Wire(TimedStream):
    """What http.client takes for a socket."""

    def makefile(self, dummy_mode: str) -> t.BinaryIO:
        return io.BufferedReader(_Incoming(self))

    def close(self) -> None:
        """Do nothing: http.client closes as soon as it has the head of the answer, and reads on."""


class _Incoming(io.RawIOBase):
    """What is received, as a file."""

    def __init__(self, stream: TimedStream) -> None:
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: t.Any) -> int:
        data = self._stream.recv(len(buffer))
        buffer[: len(data)] = data
        return len(data)


def _read(response: http.client.HTTPResponse, max_body: int) -> bytes:
    """Return the body, or the beginning of one that is longer."""
    received = b""
    while len(received) < max_body and (piece := response.read(min(65536, max_body - len(received)))):
        received += piece
    # To read() with a size the end of the connection is the end of the body.
    if len(received) < max_body and response.length:
        announced = len(received) + response.length
        raise HttpError(f"an answer that is cut short after {len(received)} of {announced} bytes")
    return received


def _target(path: str, query: str) -> str:
    """Return what is asked for: as it was given, with the escapes that HTTP insists on."""
    return quote(path or "/", _SENT_AS_IT_IS) + ("?" + quote(query, _SENT_AS_IT_IS) if query else "")


def _with_defaults(headers: t.Mapping[str, str]) -> dict[str, str]:
    given = {name.lower() for name in headers}
    defaults = {"User-Agent": USER_AGENT, "Accept": "*/*", "Connection": "close"}
    return {**{name: value for name, value in defaults.items() if name.lower() not in given}, **headers}


def _without_places(text: str) -> str:
    """Leave out where OpenSSL and Python found the error in their own code."""
    return re.sub(r"^\[[^]]*\] | \(_ssl\.c:\d+\)$", "", text)
