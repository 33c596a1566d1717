# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Any edits, one after the other, of any document."""

from __future__ import annotations

import os

from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.roundrobin.tomcat.plugins.module_utils._xml.document import XmlDocument
from ansible_collections.roundrobin.tomcat.plugins.module_utils._xml.tree import scan

# ./run test --full looks much further.
TIMES = 20 if os.environ.get("RUN_FULL") else 1
DOCTYPE = '<!DOCTYPE r [<!ENTITY e "v">]>\n'
TAGS = st.sampled_from(["a", "b", "Long-er.Name"])
VALUES = st.text(st.sampled_from("ab-\\<>&\"'/=!? \t\n\r\u00e9\u20ac]"), max_size=6)
ATTRIBUTES = st.dictionaries(st.sampled_from(["x", "y", "z"]), VALUES, max_size=3)
GAPS = st.sampled_from(["", " ", "\n", "\n  ", "\n\t", "\r\n    ", "\n\n  "])
CHARACTER_DATA = st.one_of(
    GAPS, st.sampled_from(["text", "&amp;", "&#65;", "&e;", "<![CDATA[]]>", "<![CDATA[<a>--]]>", " ]] > ", "a\n b"])
)
MISCELLANY = st.sampled_from(
    ["<!---->", "<!-- words -->", "<!-- About <a x='1'/> -->", "<!--\n  <b/>\n-->", "<!-- <a>- <b/></a> -->", "<?p i?>"]
)


@st.composite
def start_tags(draw, tag, closing):
    space = draw(st.sampled_from([" ", "\n     ", "\t"]))
    text = f"<{tag}"
    for name in draw(st.lists(st.sampled_from(["x", "y", "z"]), unique=True, max_size=2)):
        value = draw(st.sampled_from(["", "1", "&lt;", "&#34;", "a>b", "&e;", "--", "\n"]))
        quote = draw(st.sampled_from("'\""))
        text += f"{space}{name}{draw(st.sampled_from(['=', ' = ']))}{quote}{value}{quote}"
    return text + draw(st.sampled_from(["", " ", "\n"])) + closing


@st.composite
def elements(draw, content):
    tag = draw(TAGS)
    if draw(st.booleans()):
        return draw(start_tags(tag, "/>"))
    inner = "".join(draw(st.lists(st.tuples(CHARACTER_DATA, st.one_of(content, MISCELLANY)).map("".join), max_size=3)))
    return draw(start_tags(tag, ">")) + inner + draw(CHARACTER_DATA) + f"</{tag}>"


CONTENT = st.recursive(start_tags("a", "/>"), elements, max_leaves=8)
DOCUMENTS = st.tuples(
    st.just(DOCTYPE), st.sampled_from(["", "<!-- <r> -->\r\n"]), elements(CONTENT), st.sampled_from(["", "\n", "<?p?>"])
).map("".join)


def shape(node):
    """Return a node's whole text as a tree."""
    children = [(shape(child), child.tail) for child in node.children]
    return node.kind, node.tag, node.markup, node.head, children, node.end_tag


def edit(document, draw):
    """Make one edit, and return the element that encloses all that it may change."""
    node = draw(st.sampled_from(document.select("//*")))
    what = draw(st.sampled_from(["attributes", "text", "insert", "replace", "remove", "disable", "enable"]))
    if what == "attributes":
        wanted = draw(ATTRIBUTES)
        fixed = [name for name, attribute in node.attributes.items() if attribute.value is None]
        wanted = {name: value for name, value in wanted.items() if name not in fixed}
        remove = [name for name in node.attributes if name not in wanted and draw(st.booleans())]
        expected = {**{name: value for name, value in node.values().items() if name not in remove}, **wanted}
        document.set_attributes(node, wanted, remove)
        assert node.values() == expected
        return node
    if what == "insert":
        text = draw(st.one_of(st.none(), VALUES))
        wanted = draw(ATTRIBUTES)
        new = document.insert(node, draw(TAGS), wanted, draw(st.lists(TAGS, max_size=1)), text)
        assert (new.parent, new.values(), new.text) == (node, wanted, (text or "").strip(" \t\r\n"))
        return node
    if what == "text":
        if node.text is not None:
            text = draw(VALUES)
            document.set_text(node, text)
            assert node.text == text.strip(" \t\r\n")
        return node
    if what == "enable":
        found = document.commented(node, draw(TAGS))
        if found:
            document.enable(draw(st.sampled_from(found)))
        return node
    parent = node.parent
    if parent is None:
        return node
    if what == "replace":
        document.replace(node, draw(ATTRIBUTES))
    elif what == "remove":
        document.remove(node)
    else:
        before, place = document.text, parent.children.index(node)
        document.disable(node)
        (again,) = [item for item in document.commented(parent, node.tag) if item.comment is parent.children[place]][:1]
        assert again.alone
        document.enable(again)
        assert document.text == before
        document.disable(again.node)
    return parent


@settings(max_examples=200 * TIMES, deadline=None)
@given(DOCUMENTS, st.data())
def test_edits(text, data):
    document = XmlDocument(text.encode(), "f.xml")
    assert document.text == text
    for _number in range(data.draw(st.integers(1, 4))):
        before = [(node, node.raw) for node in document.root.walk()]
        enclosing = edit(document, data.draw)
        may_change = set(map(id, enclosing.walk()))
        above = enclosing.parent
        while above is not None:
            may_change.add(id(above))
            above = above.parent
        assert all(node.raw == raw for node, raw in before if id(node) not in may_change)
    document.prove()
    # The tree is what a fresh look at the text finds.
    again = XmlDocument(document.to_bytes(), "f.xml")
    assert again.text == document.text
    assert shape(again.root) == shape(document.root)


@settings(max_examples=100 * TIMES, deadline=None)
@given(elements(CONTENT), st.sampled_from(["", "<!-- x -->", "text "]))
def test_the_tree_loses_nothing(text, before):
    nodes, end = scan(before + text + "</r>", len(before), 100)
    assert nodes[0].raw == text
    assert end == len(before + text)
    assert nodes == list(nodes[0].walk())
    for node in nodes:
        assert (before + text)[node.offset - 100 :].startswith(node.markup)
