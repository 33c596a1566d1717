# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""lxml's view of a document beside the tree of its text."""

from __future__ import annotations

import pytest

from ansible_collections.roundrobin.tomcat.plugins.module_utils._xml.lxml_dep import etree
from ansible_collections.roundrobin.tomcat.plugins.module_utils._xml.lxml_tree import detach, pair, parser, same
from ansible_collections.roundrobin.tomcat.plugins.module_utils._xml.tree import scan

TEXT = "<a><!-- c --><p:b xmlns:p='urn:p'/><?p i?>t</a>"


def parsed(text):
    return etree.fromstring(text.encode(), parser())


def test_each_node_gets_its_counterpart():
    nodes, _end = scan(TEXT, 0)
    assert pair(nodes, parsed(TEXT)) is None
    assert [node.lx.tag for node in nodes] == ["a", etree.Comment, "{urn:p}b", etree.PI]


@pytest.mark.parametrize(
    ("other", "first"),
    [
        (TEXT.replace("p:b", "p:c"), 2),
        (TEXT.replace("<!-- c -->", "<?c?>"), 1),
        (TEXT.replace("<?p i?>", "<!-- p -->"), 3),
        (TEXT.replace("<!-- c -->", ""), 1),
        # All that is there agrees, but one of the two has more.
        (TEXT.replace("<?p i?>", ""), 0),
        (TEXT.replace("t</a>", "<d/></a>"), 0),
    ],
)
def test_the_first_node_that_the_two_disagree_about(other, first):
    nodes, _end = scan(TEXT, 0)
    assert pair(nodes, parsed(other)) is nodes[first]


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("<a>1<b/>2</a>", "<a>12</a>"),
        ("<a><b/>2</a>", "<a>2</a>"),
        ("<a><c/>1<b/>2</a>", "<a><c/>12</a>"),
        ("<a><c/><b><d/></b>2<c/></a>", "<a><c/>2<c/></a>"),
        ("<a>1<b/></a>", "<a>1</a>"),
    ],
)
def test_the_text_behind_a_detached_element_stays(text, rest):
    root = parsed(text)
    element = root.find("b")
    detach(element)
    assert etree.tostring(root).decode() == rest
    assert element.tail is None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("<a>\n  <b/>\n</a>", "<a><b/></a>"),
        ("<a x='1' y='2'/>", "<a y='2' x='1'/>"),
        ("<a> t  u </a>", "<a>\nt u</a>"),
        ("<a><![CDATA[t]]></a>", "<a>t</a>"),
        ("<a><!-- c --><b/></a>", "<a>\n<!-- c -->\n<b/></a>"),
    ],
)
def test_what_says_the_same(one, other):
    assert same(parsed(one), parsed(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("<a/>", "<b/>"),
        ("<a/>", "<a xmlns='urn:x'/>"),
        ("<a x='1'/>", "<a x='2'/>"),
        # White space in a value is the value's.
        ("<a x='1 2'/>", "<a x='1  2'/>"),
        ("<a>tu</a>", "<a>t u</a>"),
        ("<a><b/>t</a>", "<a>t<b/></a>"),
        ("<a><b/><c/></a>", "<a><c/><b/></a>"),
        ("<a><b/></a>", "<a><b/><b/></a>"),
        ("<a><!-- c --></a>", "<a><!-- d --></a>"),
        # No white space to XML.
        ("<a>\u00a0</a>", "<a/>"),
    ],
)
def test_what_does_not(one, other):
    assert not same(parsed(one), parsed(other))


def test_no_entity_is_resolved_and_no_file_is_read(tmp_path):
    (tmp_path / "secret").write_text("TOP")
    root = parsed(f'<!DOCTYPE a [<!ENTITY e SYSTEM "file://{tmp_path}/secret">]><a>&e;</a>')
    assert (root.text, [child.tag for child in root]) == (None, [etree.Entity])
    assert "TOP" not in etree.tostring(root).decode()
