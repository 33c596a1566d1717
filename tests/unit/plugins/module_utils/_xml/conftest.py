# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of the XML files share: options that are applied to a file, or read from one, and what came of it."""

from __future__ import annotations

import difflib
import json
import pathlib
from collections import Counter

import pytest

from ansible_collections.roundrobin.tomcat.plugins.module_utils._xml.context import ContextXml
from ansible_collections.roundrobin.tomcat.plugins.module_utils._xml.context_reader import ContextInfo
from ansible_collections.roundrobin.tomcat.plugins.module_utils._xml.document import XmlDocument
from ansible_collections.roundrobin.tomcat.plugins.module_utils._xml.server import ServerXml
from ansible_collections.roundrobin.tomcat.plugins.module_utils._xml.server_reader import ServerInfo

FIXTURES = pathlib.Path(__file__).resolve().parents[3] / "fixtures"
STOCK = (FIXTURES / "server.xml").read_bytes()


def _apply(options, data=STOCK):
    document = XmlDocument(data, "server.xml")
    editor = ServerXml(document, options).apply()
    document.prove()
    return document.to_bytes(), editor.changes, editor.warnings


def _edited(options, data=STOCK):
    once, changes, warnings = _apply(options, data)
    assert bool(changes) == (once != data)
    assert _apply(options, once) == (once, [], warnings)
    return once


def _delta(before, after):
    # Latin-1 has a character for every byte.
    old, new = ([line.decode("latin-1") for line in data.splitlines()] for data in (before, after))
    lines = difflib.unified_diff(old, new, n=0, lineterm="")
    return [line for line in lines if not line.startswith(("---", "+++", "@@"))]


def _server(connectors="", service="", host=""):
    return (
        f'<Server port="8005">\n  <Service name="S"{service}>\n{connectors}    <Engine name="E" defaultHost="h">\n'
        f'      <Host name="h"{host}/>\n    </Engine>\n  </Service>\n</Server>\n'
    ).encode()


@pytest.fixture(scope="session")
def stock():
    """The server.xml that Tomcat ships."""
    return STOCK


@pytest.fixture(scope="session")
def apply():
    """Apply options to a server.xml, by default the stock one: its new text, what was changed, warnings."""
    return _apply


@pytest.fixture(scope="session")
def edited():
    """Apply options twice, and return the new text: the second time nothing may change."""
    return _edited


@pytest.fixture(scope="session")
def delta():
    """The lines that a diff of two files shows."""
    return _delta


@pytest.fixture(scope="session")
def server():
    """A small server.xml with these connectors and attributes."""
    return _server


# -- what is read ----------------------------------------------------------


def _server_of(connectors="", engine="", host="", top="", top_of_file="", engine_attributes=""):
    return (
        f'{top_of_file}<Server port="8005">{top}<Service name="Catalina">{connectors}'
        f'<Engine name="Catalina"{engine_attributes} defaultHost="localhost">'
        f'{engine}<Host name="localhost">{host}</Host></Engine></Service></Server>'
    ).encode()


def _read(data, service=None, also=()):
    if not isinstance(data, bytes):
        data = _server_of(**data)
    document = XmlDocument(data, "some.xml")
    server = document.root.tag == "Server"
    info = ServerInfo(document, service, also) if server else ContextInfo(document, also)
    options = info.read()
    # As Ansible hands them on.
    options = json.loads(json.dumps(options))
    again = XmlDocument(data, "some.xml")
    plan = (ServerXml if server else ContextXml)(again, {**options, "secret_attributes": also})
    assert plan.apply().changes == []
    assert again.to_bytes() == data
    findings = info.reader.findings()
    if not findings["left_out"]:
        said = Counter(_leaves(options))
        # The name of the only Service is that of any.
        said.update(node.get("name") for node in document.root.elements("Service"))
        assert not Counter(_contents(info.reader, document.root)) - said
    return options, findings


def _leaves(options):
    """All values in options."""
    if isinstance(options, (dict, list)):
        for item in options.values() if isinstance(options, dict) else options:
            yield from _leaves(item)
    else:
        yield str(options)


def _contents(reader, node):
    """All values in a file that may be shown."""
    yield from reader.usable(node).values()
    if node.text:
        yield node.text
    for child in node.children:
        if child.kind == "element":
            yield from _contents(reader, child)


@pytest.fixture(scope="session")
def read():
    """Read a file, or a server.xml of which some parts are given: options, and what the modules return beside them.

    It is made sure that the options change nothing, and that all is said unless something is named as left out.
    """
    return _read
