# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a file is written around a place, and that what is new looks alike."""

from __future__ import annotations

import pytest

from ansible_collections.roundrobin.tomcat.plugins.module_utils._xml.document import XmlDocument
from ansible_collections.roundrobin.tomcat.plugins.module_utils._xml.layout import Layout, attribute_place


def layout_of(text, newline="\n", encoding="utf-8"):
    """The layout of a document, and the element x in it."""
    document = XmlDocument(text.encode(), "f.xml")
    prolog = text[: text.index(document.root.markup)]
    (node,) = document.select("//x")
    return Layout(document.root, prolog, encoding, newline), node


@pytest.mark.parametrize(
    ("text", "indent", "newline"),
    [
        ("<r>\n  <x/>\n</r>", "  ", "\n"),
        ("<r>\r\n\t<x/>\r\n</r>", "\t", "\r\n"),
        ("<r>\r <x/></r>", " ", "\r"),
        # The line begins with what stands before it, whatever that is.
        ("<r>\n  <a/><x/>\n</r>", None, "\n"),
        ("<r>\n  <a>\n  </a> <x/></r>", None, "\n"),
        ("<r>\n  text <x/></r>", None, "\n"),
        ("<r>\n  <!-- c\n  --><x/></r>", None, "\n"),
        ("<r\n  a='1'><x/></r>", None, "\n"),
        # No line ends before it in the file.
        ("<r><x/></r>", None, "\r\n"),
        ("<x/>", "", "\r\n"),
        ("<?xml version='1.0'?>\n<x/>", "", "\n"),
        ("<?xml version='1.0'?> <x/>", None, "\r\n"),
    ],
)
def test_the_indentation_of_an_element_that_begins_its_line(text, indent, newline):
    layout, node = layout_of(text, newline="\r\n")
    assert layout.indent(node) == (indent, newline)


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        # What the parent is indented more than its own parent.
        ("<r>\n  <a>\n     <x/>\n  </a>\n</r>", "   "),
        ("<r>\n  <a/>\n  <x/>\n</r>", "  "),
        # The parent stands on the line of its own: as the first that is indented in the file.
        ("<r>\n\t<a/><x/>\n</r>", "\t"),
        ("<r><a/>\n  <x/></r>", "  "),
        # Nothing is.
        ("<r><x/></r>", "    "),
        ("<x/>", "    "),
    ],
)
def test_one_level_more(text, unit):
    layout, node = layout_of(text)
    assert layout.indent_unit(node, layout.indent(node)[0] or "") == unit


@pytest.mark.parametrize(
    ("text", "closing"),
    [
        ("<r><a /><x></x><b/></r>", " />"),
        ("<r><b/><x></x><a /></r>", "/>"),
        ("<r><b\n/><x></x></r>", " />"),
        ("<r><x></x></r>", " />"),
    ],
)
def test_an_empty_element_ends_as_the_first_of_the_file_does(text, closing):
    layout, _node = layout_of(text)
    assert layout.closing([]) == closing


def test_an_empty_element_ends_as_the_last_of_its_kind_does():
    layout, node = layout_of("<r><a/><x/><x2 /></r>")
    others = node.parent.children
    assert layout.closing([others[0], others[2]]) == " />"
    assert layout.closing([others[2], others[0]]) == "/>"


def test_a_value_is_escaped_for_its_quotes_and_its_encoding():
    layout, _node = layout_of("<x/>", encoding="ascii")
    assert layout.attribute("a", '"it\'s" <\u20ac>') == 'a="&quot;it\'s&quot; &lt;&#8364;>"'


def test_a_start_tag_is_one_line_as_long_as_that_is_not_long():
    layout, _node = layout_of("<x/>")
    # <n a="..." b="" /> has 15 characters beside the value.
    for length, indent, tag in (
        (105, "", '<n a="{}" b="" />'),
        (106, "", '<n a="{}"\r\n   b="" />'),
        (104, "  ", '<n a="{}"\r\n     b="" />'),
    ):
        value = "v" * length
        assert layout.start_tag("n", {"a": value, "b": ""}, " />", indent, "\r\n") == tag.format(value)


def test_a_single_attribute_stays_on_the_line_of_its_element():
    layout, _node = layout_of("<x/>")
    assert layout.start_tag("n", {"a": "v" * 200}, "/>", "", "\n") == f'<n a="{"v" * 200}"/>'
    assert layout.start_tag("n", {}, "/>", "", "\n") == "<n/>"


@pytest.mark.parametrize(
    ("tag", "place", "space"),
    [
        ("<x/>", "<x", " "),
        ("<x />", "<x", " "),
        ("<x a='1' b='2' />", "<x a='1' b='2'", " "),
        # A line for each, and the end of the tag has its own or not.
        ("<x a='1'\n   b='2'\n/>", "<x a='1'\n   b='2'", "\n   "),
        ("<x a='1'\n   b='2'/>", "<x a='1'", "\n   "),
    ],
)
def test_where_a_new_attribute_goes(tag, place, space):
    _layout, node = layout_of(tag)
    assert attribute_place(node) == (len(place), space)
