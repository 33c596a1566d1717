# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host shows of its safety: processes, files, XML, and answers. It is judged on the controller, and nothing is changed here."""

# Private to this collection.

from __future__ import annotations

import grp
import os
import pwd
import re
import select
import socket
import ssl
import stat
import typing as t

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError
from ansible_collections.roundrobin.tomcat.plugins.module_utils._http import HttpError, request, tls_context
from ansible_collections.roundrobin.tomcat.plugins.module_utils._listening import text_or_nothing
from ansible_collections.roundrobin.tomcat.plugins.module_utils._stream import Deadline, TimedStream, connect, words
from ansible_collections.roundrobin.tomcat.plugins.module_utils._tomcat.ajp import AjpError, build_request, exchange
from ansible_collections.roundrobin.tomcat.plugins.module_utils._tomcat.health import parse_url
from ansible_collections.roundrobin.tomcat.plugins.module_utils._xml.document import XmlDocument
from ansible_collections.roundrobin.tomcat.plugins.module_utils._xml.mask import mask_value
from ansible_collections.roundrobin.tomcat.plugins.module_utils._xml.tree import Node

Run = t.Callable[[list[str]], tuple[int, str, str]]

# As many paths are named of each kind.
AT_MOST = 5
SECONDS = 10.0
MAX_BODY = 64 * 1024
_EXPOSURE = re.compile(r"Overall exposure level for \S+: ([0-9.]+)")
_VERSION = re.compile(r"Apache/([0-9.]+)")
_PROPERTIES = ("ActiveState", "MainPID", "IPAddressDeny")


def unit(name: str, java_options: t.Sequence[str], run: Run, proc: str = "/proc") -> dict[str, t.Any]:
    """Return what systemd and the kernel say of a unit; of its command line only options of Java that begin as asked."""
    code, out, err = run(["systemctl", "show", f"--property={','.join(_PROPERTIES)}", "--", name])
    if code:
        raise CollectionError(f"systemctl show {name} ended with {code}: {err.strip() or out.strip()}")
    said = dict(line.split("=", 1) for line in out.splitlines() if "=" in line)
    process = f"{proc}/{said.get('MainPID', '0')}"
    status = dict(line.split(":", 1) for line in text_or_nothing(f"{process}/status").splitlines() if ":" in line)
    user, shell = _account(status["Uid"].split()[1]) if "Uid" in status else ("", "")
    code, out, err = run(["systemd-analyze", "security", "--no-pager", name])
    exposure = _EXPOSURE.search(out)
    return {
        "active": said.get("ActiveState") == "active",
        "denies_addresses": bool(said.get("IPAddressDeny")),
        "umask": status.get("Umask", "").strip(),
        # The effective one.
        "user": user,
        "shell": shell,
        "exposure": float(exposure[1]) if exposure else None,
        "java_options": [
            word
            for word in text_or_nothing(f"{process}/cmdline").split("\0")
            if any(word.startswith(beginning) for beginning in java_options)
        ],
    }


def _account(uid: str) -> tuple[str, str]:
    """The name of a user and his shell; the number where he has none."""
    try:
        user = pwd.getpwuid(int(uid))
    except KeyError:
        return uid, ""
    return user.pw_name, user.pw_shell


def tree(path: str, user: str) -> dict[str, t.Any]:
    """Return what below a path everybody may use, and what a user may write; the first few of each."""
    try:
        account = pwd.getpwnam(user)
    except KeyError:
        uid, gids = -1, set()
    else:
        uid = account.pw_uid
        gids = {one.gr_gid for one in grp.getgrall() if user in one.gr_mem} | {account.pw_gid}
    found: dict[str, t.Any] = {"exists": os.path.lexists(path), "for_everybody": [], "written_by_user": []}
    for one in _below(path):
        try:
            status = os.lstat(one)
        except OSError:  # it went away meanwhile
            continue
        if stat.S_ISLNK(status.st_mode):
            continue
        if status.st_mode & 0o007:
            found["for_everybody"].append(f"{one} {stat.S_IMODE(status.st_mode):04o}")
        by_group = status.st_gid in gids and status.st_mode & stat.S_IWGRP
        if status.st_uid == uid or by_group or status.st_mode & stat.S_IWOTH:
            found["written_by_user"].append(one)
    return {name: value[:AT_MOST] if isinstance(value, list) else value for name, value in found.items()}


def _below(path: str) -> t.Iterator[str]:
    if not os.path.lexists(path):
        return
    yield path
    for directory, directories, names in os.walk(path):
        directories.sort()
        yield from (os.path.join(directory, name) for name in [*directories, *sorted(names)])


def elements(document: XmlDocument) -> list[dict[str, t.Any]]:
    """Return every element, with the names of those that it stands in; secrets are hidden."""
    found = []
    for node in document.root.walk():
        if node.kind == "element":
            values = node.values()
            shown = {name: mask_value(name, value, beside=values) for name, value in values.items()}
            found.append({"path": _path(node), "attributes": shown})
    return found


def servlets(document: XmlDocument) -> dict[str, dict[str, str]]:
    """Return the parameters of each servlet of a web.xml, by its class."""
    found = {}
    for servlet in document.root.elements("servlet"):
        parameters = {}
        for parameter in servlet.elements("init-param"):
            parameters[_text(parameter, "param-name")] = _text(parameter, "param-value")
        found[_text(servlet, "servlet-class")] = {
            name: mask_value(name, value, beside=None) for name, value in parameters.items()
        }
    return found


def _path(node: Node) -> str:
    names: list[str] = []
    above: Node | None = node
    while above is not None:
        names.insert(0, above.tag)
        above = above.parent
    return "/".join(names)


def _text(node: Node, tag: str) -> str:
    inner = node.elements(tag)
    return (inner[0].text or "") if inner else ""


def ask(url: str, method: str, headers: t.Mapping[str, str], secret: str | None) -> dict[str, t.Any]:
    """Ask once, by HTTP or AJP. Without an answer the status is null, and the reason says why."""
    try:
        target = parse_url(url)
        if target.scheme == "ajp":
            deadline = Deadline(SECONDS)
            packet = build_request(
                method,
                target.path,
                target.query,
                server_name=target.host,
                server_port=target.port,
                headers=headers,
                secret=secret,
            )
            with connect(target.host, target.port, deadline) as connection:
                answer = exchange(TimedStream(connection, deadline), packet, max_body=MAX_BODY)
            status, told, body = answer.status, dict(answer.headers), answer.body
        else:
            # Who answers is what is asked, not by which certificate.
            context = tls_context(False) if target.scheme == "https" else None
            reply = request(method, url, headers=headers, timeout=SECONDS, max_body=MAX_BODY, context=context)
            status, told, body = reply.status, dict(reply.headers), reply.body
    except (HttpError, AjpError) as error:
        return {"status": None, "reason": error.message, "headers": {}, "body": ""}
    except OSError as error:
        return {"status": None, "reason": words(error), "headers": {}, "body": ""}
    return {
        "status": status,
        "reason": "",
        "headers": {name.lower(): value for name, value in told.items() if name.lower() != "set-cookie"},
        "body": body.decode("utf-8", "replace"),
    }


def is_open_proxy(url: str) -> bool | None:
    """Tell whether an httpd goes where a stranger sends it: to a port of this very machine, opened for it. None: it does not answer."""
    target = parse_url(url)
    deadline = Deadline(SECONDS)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(1)
        place = "{}:{}".format(*listener.getsockname())
        try:
            with connect(target.host, target.port, deadline) as connection:
                connection.sendall(f"GET http://{place}/ HTTP/1.0\r\nHost: {place}\r\n\r\n".encode())
                came = _comes_to(listener, connection)
        except OSError:
            return None
    return came


def _comes_to(listener: socket.socket, connection: socket.socket) -> bool:
    """Wait for a connection to the listener, or for an answer without one."""
    readable, _writable, _errors = select.select([listener, connection], [], [], SECONDS)
    return listener in readable


def speaks_old_tls(url: str) -> bool | None:
    """Tell whether a server speaks TLS 1.1 or older. None: nobody answers, or the TLS of this machine cannot ask for it."""
    target = parse_url(url)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    except (ssl.SSLError, ValueError):
        return None
    try:
        with connect(target.host, target.port, Deadline(SECONDS)) as connection:
            try:
                with context.wrap_socket(connection):
                    return True
            except ssl.SSLError as error:
                return None if error.reason == "NO_PROTOCOLS_AVAILABLE" else False
            except OSError:
                return False
    except OSError:
        return None


def httpd_version(control: str, run: Run) -> str:
    """Return the version of httpd, as its own program says it."""
    code, out, err = run([control, "-v"])
    found = _VERSION.search(out)
    if code or not found:
        raise CollectionError(f"{control} -v ended with {code}: {err.strip() or out.strip()}")
    return found[1]
