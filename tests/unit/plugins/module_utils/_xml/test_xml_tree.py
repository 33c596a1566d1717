# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.roundrobin.tomcat.plugins.module_utils._xml.document import XmlDocument
from ansible_collections.roundrobin.tomcat.plugins.module_utils._xml.tree import scan


def test_the_pieces_of_a_tree():
    text = "<a x='1'>head<b\n/>tail<!-- c --><![CDATA[<d>]]><?p i?>\n</a >"
    nodes, end = scan(text, 0)
    assert end == len(text)
    a, b, comment, pi = nodes
    assert [node.kind for node in nodes] == ["element", "element", "comment", "pi"]
    assert (a.markup, a.head, a.end_tag, a.tail, a.children) == ("<a x='1'>", "head", "</a >", "", [b, comment, pi])
    assert (b.markup, b.head, b.end_tag, b.tail) == ("<b\n/>", "", "", "tail")
    assert (comment.markup, comment.tail) == ("<!-- c -->", "<![CDATA[<d>]]>")
    assert (pi.markup, pi.tail) == ("<?p i?>", "\n")
    assert [node.offset for node in nodes] == [0, 13, 22, 47]
    assert a.raw == text


def test_scanning_ends_with_the_element():
    nodes, end = scan("x<a/></b>", 1, shift=10)
    assert (len(nodes), nodes[0].raw, nodes[0].offset, end) == (1, "<a/>", 11, 5)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<a>", "does not end"),
        ("<a><b></a></b>", "end tag without start tag"),
        ("<a x='></a>", "no element begins here"),
        ("</a>", "no element begins here"),
        ("<!-- c -->", "no element begins here"),
        (" <a/>", "no element begins here"),
        ("<a>" * 257 + "</a>" * 257, "nested more than 256 deep"),
        ("<a x='<'/>", "no element begins here"),
        ("<a x<b/>", "no element begins here"),
        ("", "no element begins here"),
    ],
)
def test_what_is_no_element(text, message):
    with pytest.raises(ValueError, match=message):
        scan(text, 0)


def test_attributes_are_those_that_lxml_sees():
    text = """<!DOCTYPE a [<!ENTITY e "v">]>
        <a xmlns="urn:a" xmlns:p="urn:p" p:x = '1' x="&lt;&#10;" xml:space='default' y="&e;" />"""
    root = XmlDocument(text.encode(), "f.xml").root
    assert root.values() == {"p:x": "1", "x": "<\n", "xml:space": "default", "y": "v"}
    assert [attribute.value for attribute in root.attributes.values()] == ["1", "<\n", "default", None]
    assert root.get("p:x") == "1"
    assert [root.get(name) for name in ("xmlns", "q:x", "none")] == [None, None, None]


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("", ""),
        ("\n  a\tb \r\n", "a\tb"),
        ("\u00a0", "\u00a0"),
        ("a&amp;&#98;<![CDATA[&c]]><!-- x -->d<?p?>", "a&b&cd"),
        ("a<b/>", None),
        ("&e;", None),
    ],
)
def test_text_is_what_tomcat_sees(content, text):
    root = XmlDocument(f'<!DOCTYPE a [<!ENTITY e "v">]><a>{content}</a>'.encode(), "f.xml").root
    assert root.text == text
