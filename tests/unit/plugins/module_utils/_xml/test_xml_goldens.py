# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A file, what is asked of it, and the file that must come out, byte for byte.

The files in tests/unit/fixtures/xml are what a person can read: UTF-8, with LF. A
carriage return before a line feed is shown as its picture, U+240D; a whole
file's encoding and line ending are said here.
"""

from __future__ import annotations

import codecs
import pathlib

import pytest

from ansible_collections.roundrobin.tomcat.plugins.module_utils._xml.document import XmlDocument
from ansible_collections.roundrobin.tomcat.plugins.module_utils._xml.server import ServerXml

FIXTURES = pathlib.Path(__file__).resolve().parents[3] / "fixtures" / "xml"

AJP = {"protocol": "AJP/1.3", "port": 8009}
HTTP = {"protocol": "HTTP/1.1", "port": 8080}
VALVE = {"class_name": "org.example.Valve"}
# The AJP connector in, the HTTP connector out, a route: what a member of a balancer needs.
MEMBER = {"jvm_route": "jvm1", "connectors": [AJP, {**HTTP, "state": "disabled"}]}
EDITS = {
    "encoding": {
        "jvm_route": "jvm1",
        "connectors": [{**AJP, "attributes": {"address": "127.0.0.1"}}, {**HTTP, "state": "disabled"}],
        "hosts": [{"attributes": {"displayName": "Zo\u00e9 \u20ac"}}],
        "valves": [{**VALVE, "attributes": {"pattern": "\u00e9"}}],
    },
    "mixed_line_ends": {
        "listeners": [{"class_name": "org.example.One", "state": "absent"}],
        "connectors": [{**HTTP, "attributes": {"maxThreads": 50}}, AJP],
        "hosts": [{"attributes": {"autoDeploy": False}}],
        "valves": [VALVE],
    },
    "character_data": {
        **MEMBER,
        "shutdown_port": -1,
        "hosts": [
            {
                "attributes": {"autoDeploy": False},
                "children": [
                    {"tag": "Alias", "text": "www & co", "state": "absent"},
                    {"tag": "Alias", "text": "example.org"},
                    {"tag": "Alias", "text": "example.net"},
                ],
            }
        ],
    },
    "namespaces": {
        **MEMBER,
        "shutdown_port": 9005,
        "listeners": [{"class_name": "org.example.One"}],
        "valves": [VALVE],
    },
    "entities": {
        "shutdown_port": -1,
        "engine": {"attributes": {"backgroundProcessorDelay": 5}},
        "connectors": [
            {**AJP, "attributes": {"address": "127.0.0.1"}},
            {**HTTP, "attributes": {"server": "c & d <e>"}},
        ],
        "hosts": [{"attributes": {"autoDeploy": False}}],
    },
    "tabs_no_final_newline": {
        "port_offset": 200,
        "shutdown_port": 8006,
        "shutdown_command": "STOP",
        "jvm_route": "jvm1",
        "executors": [{"name": "pool", "attributes": {"maxThreads": 50}}],
        "connectors": [{**HTTP, "attributes": {"executor": "pool"}}],
        "valves": [VALVE],
    },
    "one_line": {**MEMBER, "shutdown_port": -1, "valves": [VALVE]},
}
# Where no encoding is declared, UTF-8 or what a byte order mark says is meant.
UTF_8 = (b"", "utf-8")
UTF_16_LE = (codecs.BOM_UTF16_LE, "utf-16-le")
UTF_16_BE = (codecs.BOM_UTF16_BE, "utf-16-be")
CASES = [
    ("encoding", UTF_8, "UTF-8", "\n"),
    ("encoding", (codecs.BOM_UTF8, "utf-8"), "utf-8", "\r\n"),
    ("encoding", UTF_16_LE, "UTF-16", "\n"),
    ("encoding", UTF_16_LE, "UTF-16LE", "\r\n"),
    ("encoding", UTF_16_BE, "UTF-16", "\r"),
    ("encoding", (b"", "utf-16-be"), "UTF-16BE", "\n"),
    ("encoding", (b"", "iso-8859-1"), "ISO-8859-1", "\n"),
    ("encoding", (b"", "iso-8859-1"), "latin1", "\r"),
    ("encoding", (b"", "iso-8859-15"), "ISO-8859-15", "\r\n"),
    ("encoding", (b"", "cp1252"), "windows-1252", "\n"),
    ("mixed_line_ends", UTF_8, "", "\n"),
    ("character_data", UTF_8, "", "\n"),
    ("character_data", UTF_16_LE, "", "\r\n"),
    ("namespaces", UTF_8, "", "\n"),
    ("namespaces", UTF_8, "", "\r"),
    ("entities", UTF_8, "", "\n"),
    ("entities", UTF_8, "", "\r\n"),
    ("tabs_no_final_newline", UTF_8, "", "\n"),
    ("tabs_no_final_newline", UTF_16_BE, "", "\r"),
    ("one_line", UTF_8, "", "\n"),
    ("one_line", UTF_16_LE, "", "\n"),
]


def golden(name, encoding, declared, eol):
    """Return the bytes of a fixture in an encoding."""
    text = (FIXTURES / f"{name}.xml").read_text(encoding="utf-8").replace("\u240d\n", "\r\n")
    if eol != "\n":
        text = text.replace("\n", eol)
    bom, codec = encoding
    return bom + text.replace("@", declared).encode(codec, "xmlcharrefreplace")


def edited(data, options):
    document = XmlDocument(data, "server.xml")
    editor = ServerXml(document, options).apply()
    document.prove()
    return document.to_bytes(), editor.changes


@pytest.mark.parametrize(("name", "encoding", "declared", "eol"), CASES)
def test_golden(name, encoding, declared, eol):
    before, after = (golden(f"{name}.{when}", encoding, declared, eol) for when in ("before", "after"))
    result, changes = edited(before, EDITS[name])
    # As text, for a diff that can be read.
    assert result.decode(encoding[1]) == after.decode(encoding[1])
    assert result == after
    assert changes
    assert edited(after, EDITS[name]) == (after, [])


def test_every_fixture_is_used():
    assert {file.name.split(".")[0] for file in FIXTURES.iterdir()} == set(EDITS) == {case[0] for case in CASES}
