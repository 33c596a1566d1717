# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a context.xml and a web.xml say of sessions: the manager, the cookie, when a session ends.

The files come with a WAR, which is someone's upload, or are an administrator's. expat reads them: it opens no other file
and no connection, and a file that declares entities is given up at the first of them, before any is put in its place.
"""

# Private to this collection.

from __future__ import annotations

import os
import typing as t
from xml.parsers import expat

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError

# Where they are in a WAR, and in the directory of a release.
CONTEXT = "META-INF/context.xml"
WEB = "WEB-INF/web.xml"
IN_A_RELEASE = (CONTEXT, WEB)
# In an instance: for all applications, in the order in which Tomcat reads them, and where those for one are.
OF_ALL = ("conf/context.xml", "conf/Catalina/localhost/context.xml.default")
OF_ONE = "conf/Catalina/localhost"
# A web.xml that a compiler of JSPs wrote has some hundred kB.
MAX_BYTES = 8 * 2**20

# How deep the deepest element is that is looked at.
DEEPEST = 4

# Empty where there is no such file. With "unread" it has why nothing is known of it, and nothing else.
Says = dict[str, t.Any]
Path = tuple[str, ...]
Attributes = t.Mapping[str, str]


def of_one(name: str) -> str:
    """Return an administrator's file for one application. Where it is there, Tomcat does not read META-INF/context.xml."""
    return f"{OF_ONE}/{name}.xml"


class _NotRead(Exception):
    """It may be well-formed, and is not read here."""


def says(name: str, data: bytes) -> Says:
    """Return what the file says; raise for what Tomcat would not read either.

    name: the file as a person knows it; its end says what it is.
    """
    if len(data) > MAX_BYTES:
        raise CollectionError(f"{name} has more than {MAX_BYTES // 2**20} MiB: a file of this kind is never so large")
    reader: _Document = _WebReader() if name.endswith(WEB) else _ContextReader()
    try:
        _parse(data, reader)
    except _NotRead as error:
        return {"unread": str(error)}
    except expat.ExpatError as error:
        raise CollectionError(
            f"{name} is not well-formed XML ({error}): Tomcat would not start the application. Mend the file"
        ) from error
    # What Python says of a declared encoding that it has no such decoder for.
    except (ValueError, LookupError):
        return {"unread": "its encoding is not known here"}
    return reader.found


def says_below(base: str, path: str) -> Says:
    """Return what a file of an instance says, {} where there is none; one that Tomcat would not read is unread."""
    full = os.path.join(base, path)
    try:
        with open(full, "rb") as source:
            return says(path, source.read(MAX_BYTES + 1))
    except FileNotFoundError:
        return {}
    except OSError as error:
        return {"unread": error.strerror}
    except CollectionError as error:
        return {"unread": error.message}


def of_instance(base: str) -> dict[str, Says]:
    """Return what the files of an instance say, those of single applications too."""
    try:
        names = sorted(name for name in os.listdir(os.path.join(base, OF_ONE)) if name.endswith(".xml"))
    except OSError:
        names = []
    return {path: says_below(base, path) for path in (*OF_ALL, *(f"{OF_ONE}/{name}" for name in names))}


class _Document:
    """Notes what is wanted of a document."""

    def __init__(self) -> None:
        self.found: Says = {}

    def begin(self, path: Path, attributes: Attributes) -> None:
        """Look at an element's beginning; path has the names of those around it, and its own."""

    def end(self, path: Path, text: str) -> None:
        """Look at the text of an element that has no other in it."""


class _ContextReader(_Document):
    """Reads a context.xml: only what Tomcat looks for at this very place."""

    def __init__(self) -> None:
        super().__init__()
        self.found = {"manager": None, "override": False, "cookies": True, "cookie_name": None, "cookie_path": None}

    def begin(self, path: Path, attributes: Attributes) -> None:
        if path == ("Context",):
            self.found["override"] = attributes.get("override", "").lower() == "true"
            self.found["cookies"] = attributes.get("cookies", "true").lower() == "true"
            self.found["cookie_name"] = attributes.get("sessionCookieName")
            self.found["cookie_path"] = attributes.get("sessionCookiePath")
        elif path == ("Context", "Manager"):
            # Without a class it is the one that keeps sessions in memory.
            self.found["manager"] = attributes.get("className", "org.apache.catalina.session.StandardManager")


class _WebReader(_Document):
    """Reads a web.xml."""

    def __init__(self) -> None:
        super().__init__()
        self.found = {"cookie_name": None, "cookie_path": None, "tracking_modes": [], "timeout": None}

    def end(self, path: Path, text: str) -> None:
        below = path[1:]
        if below == ("session-config", "cookie-config", "name"):
            self.found["cookie_name"] = text
        elif below == ("session-config", "cookie-config", "path"):
            self.found["cookie_path"] = text
        elif below == ("session-config", "tracking-mode"):
            self.found["tracking_modes"].append(text.upper())
        elif below == ("session-config", "session-timeout"):
            self.found["timeout"] = text


def _parse(data: bytes, reader: _Document) -> None:
    path: list[str] = []
    text: list[str] = []

    def begin(name: str, attributes: Attributes) -> None:
        # What stands before the blank is the namespace, which Tomcat does not ask for.
        path.append(name.rpartition(" ")[2])
        text.clear()
        if len(path) <= DEEPEST:
            reader.begin(tuple(path), attributes)

    def end(_name: str) -> None:
        if len(path) <= DEEPEST:
            reader.end(tuple(path), "".join(text).strip())
        text.clear()
        path.pop()

    def entity(*_declared: t.Any) -> None:
        raise _NotRead("it declares entities")

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = begin
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text.append
    parser.EntityDeclHandler = entity
    parser.Parse(data, True)
