# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._adopt.xml import read


def test_elements_with_their_lines():
    root = read('<?xml version="1.0"?>\n<!-- c -->\n<A b="1">\n  <C/>\n  <D>text</D>\n  <C e="2"/>\n</A>', "a.xml")
    assert (root.tag, root.get("b"), root.get("none", "x")) == ("A", "1", "x")
    assert [(child.line, child.get("e")) for child in root.all("C")] == [(4, ""), (6, "2")]
    assert root.all("D")[0].text == "text"
    assert root.all("C")[0].place == ("a.xml", 4)


def test_properties_of_the_jvm():
    root = read('<A route="${route}" port="${port:-8009}" left="${other}"/>', "a.xml", {"route": "jvm1"})
    assert root.attributes == {"route": "jvm1", "port": "8009", "left": "${other}"}


def test_secrets_are_not_shown():
    root = read('<Resource name="jdbc/shop" password="s3cr3t" type="x"/>', "a.xml")
    assert root.shown() == '<Resource name="jdbc/shop" password="********" type="x">'
    assert root.shown("type") == '<Resource type="x">'


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("<A>\n<B></A>", "a.xml:2: is not well-formed XML: mismatched tag"),
        ("", "a.xml:1: is not well-formed XML: no element found"),
        ('<!DOCTYPE A [<!ENTITY e "x">]>\n<A>&e;</A>', "a.xml:1: declares an entity"),
    ],
)
def test_what_is_refused(text, says):
    with pytest.raises(CollectionError, match=says):
        read(text, "a.xml")


def test_a_declared_encoding_is_that_of_bytes_and_not_of_text():
    assert read('<?xml version="1.0" encoding="ISO-8859-1"?><A b="ü"/>', "a.xml").get("b") == "ü"
