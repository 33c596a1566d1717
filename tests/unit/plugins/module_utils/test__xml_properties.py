# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Properties that hold for any server.xml and any wanted state."""

from __future__ import annotations

import codecs
import os

from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError
from ansible_collections.roundrobin.tomcat.plugins.module_utils._server_xml import ServerXml
from ansible_collections.roundrobin.tomcat.plugins.module_utils._xml_document import XmlDocument

# ./run test --full looks much further.
TIMES = 20 if os.environ.get("RUN_FULL") else 1
ENCODINGS = [
    (b"", "utf-8", ""),
    (codecs.BOM_UTF8, "utf-8", "encoding='UTF-8'"),
    (codecs.BOM_UTF16_LE, "utf-16-le", 'encoding="UTF-16"'),
    (b"", "iso-8859-1", 'encoding="ISO-8859-1"'),
    (b"", "ascii", "encoding='US-ASCII'"),
]
# What any of the encodings can hold, and what is awkward in XML and in comments.
AWKWARD = st.text(st.sampled_from("ab-\\<>&\"'/=!?[]{}$ ]"), max_size=8)
VALUES = st.one_of(
    st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), max_size=6),
    AWKWARD,
    st.integers(-9, 99999),
    st.booleans(),
)
NAMES = st.sampled_from(["a", "b", "address", "secret", "maxThreads"])
PORTS = ["8009", "8080", "8081"]


def quoted(draw, value):
    value = value.replace("&", "&amp;").replace("<", "&lt;")
    if draw(st.booleans()):
        return '"' + value.replace('"', "&quot;") + '"'
    return "'" + value.replace("'", "&#39;") + "'"


@st.composite
def elements(draw, tag, fixed, inner=""):
    attributes = list(fixed.items())
    for name in draw(st.lists(NAMES, unique=True, max_size=3)):
        attributes.append((name, draw(AWKWARD)))
    space = draw(st.sampled_from([" ", "  ", "\n      ", "\t"]))
    text = f"<{tag}" + "".join(
        f"{space}{name}{draw(st.sampled_from(['=', ' = ']))}{quoted(draw, value)}" for name, value in attributes
    )
    text += draw(st.sampled_from(["", " ", "\n  "]))
    if not inner and draw(st.booleans()):
        return text + "/>"
    filler = draw(st.sampled_from(["", "\n", "<!-- in - side -->", "<![CDATA[<x>]]>", "<?p i?>"]))
    return f"{text}>{filler}{inner}</{tag}>"


@st.composite
def connectors(draw):
    fixed = {"port": draw(st.sampled_from(PORTS))}
    protocol = draw(st.sampled_from([None, "HTTP/1.1", "AJP/1.3", "org.apache.coyote.ajp.AjpNioProtocol"]))
    if protocol:
        fixed["protocol"] = protocol
    text = draw(elements("Connector", fixed))
    if "--" not in text and draw(st.booleans()):
        return draw(st.sampled_from(["<!--{}-->", "<!-- {} -->", "<!--\n  {}\n  -->", "<!-- Like {} -->"])).replace(
            "{}", text
        )
    return text


@st.composite
def documents(draw):
    gap = st.sampled_from(["", "\n", "\n    ", "\n\t", "\n\n  ", "<!-- x -->", " "])
    parts = [draw(gap) + text for text in draw(st.lists(connectors(), max_size=4))]
    host = draw(elements("Host", {"name": "localhost"}))
    engine = draw(elements("Engine", {"name": "Catalina", "defaultHost": "localhost"}, draw(gap) + host + draw(gap)))
    service = draw(elements("Service", {"name": "Catalina"}, "".join(parts) + draw(gap) + engine + draw(gap)))
    server = draw(elements("Server", {"port": "8005"}, draw(gap) + service + draw(gap)))
    bom, encoding, declared = draw(st.sampled_from(ENCODINGS))
    declaration = f"<?xml version='1.0' {declared}?>" if declared else ""
    doctype = draw(st.sampled_from(["", "<!DOCTYPE Server [<!ENTITY e 'v'>]>", "<!-- <Server> -->"]))
    text = declaration + doctype + server + draw(st.sampled_from(["", "\n", "\n<!-- end -->"]))
    eol = draw(st.sampled_from(["\n", "\r\n", "\r"]))
    return bom + text.replace("\n", eol).encode(encoding)


ATTRIBUTES = st.dictionaries(NAMES, VALUES, max_size=3)


@st.composite
def wanted_connectors(draw):
    state = draw(st.sampled_from(["present", "absent", "disabled"]))
    return {
        "protocol": draw(st.sampled_from(["AJP/1.3", "HTTP/1.1"])),
        "port": draw(st.sampled_from(PORTS)),
        "match": draw(st.sampled_from(["protocol_and_port", "protocol", "port"])),
        "state": state,
        "attributes": draw(ATTRIBUTES),
        "attributes_to_remove": [],
    }


OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "shutdown_port": st.sampled_from(["-1", "8005", "9005"]),
        "jvm_route": st.sampled_from(["jvm1", "r-2"]),
        "service": st.fixed_dictionaries({"attributes": ATTRIBUTES}),
        "hosts": st.lists(st.fixed_dictionaries({"attributes": ATTRIBUTES}), max_size=1),
        "connectors": st.lists(wanted_connectors(), max_size=2),
        "valves": st.lists(
            st.fixed_dictionaries(
                {"class_name": st.just("a.V"), "state": st.sampled_from(["present", "absent", "disabled"])}
            ),
            max_size=1,
        ),
    },
)


def apply(data, options):
    document = XmlDocument(data, "server.xml")
    plan = ServerXml(document, options)
    changes = plan.apply().changes
    document.prove()
    return document.to_bytes(), changes


@settings(max_examples=300 * TIMES, deadline=None)
@given(documents(), OPTIONS)
def test_the_second_time_changes_nothing(data, options):
    try:
        once, changes = apply(data, options)
    except CollectionError as exc:
        refusal = exc.message
        once, changes = data, []
    else:
        refusal = ""
        assert apply(once, options) == (once, [])
    # Two that match, or a port twice, are reasons to refuse; not to understand is none.
    assert "wanted effect" not in refusal
    assert "not understood" not in refusal
    assert (once == data) == (changes == [])


@settings(max_examples=200 * TIMES, deadline=None)
@given(documents(), st.sampled_from(["Connector", "Engine", "Host", "Service"]), st.data())
def test_disabled_and_enabled_is_as_it_was(data, tag, choice):
    document = XmlDocument(data, "server.xml")
    nodes = document.select(f"//{tag}")
    if not nodes:
        return
    number = choice.draw(st.integers(0, len(nodes) - 1))
    node, parent = nodes[number], nodes[number].parent
    place = parent.children.index(node)
    document.disable(node)
    document.prove()
    assert len(document.select(f"//{tag}")) == len(nodes) - 1
    (found,) = [item for item in document.commented(parent, tag) if item.comment is parent.children[place]]
    document.enable(found)
    document.prove()
    assert document.to_bytes() == data


@settings(max_examples=300 * TIMES, deadline=None)
@given(documents(), st.sampled_from(["Server", "Service", "Engine", "Host", "Connector"]), ATTRIBUTES, st.data())
def test_attributes_change_one_start_tag_only(data, tag, attributes, choice):
    document = XmlDocument(data, "server.xml")
    nodes = document.select(f"//{tag}")
    if not nodes:
        return
    node = nodes[choice.draw(st.integers(0, len(nodes) - 1))]
    wanted = {name: str(value) for name, value in attributes.items()}
    remove = [name for name in node.attributes if name not in wanted and choice.draw(st.booleans())]
    kept = {name: value for name, value in node.values().items() if name not in remove}
    text, start, end = document.text, node.offset, node.offset + len(node.markup)
    document.set_attributes(node, wanted, remove)
    document.prove()
    assert node.values() == {**kept, **wanted}
    assert document.text[:start] == text[:start]
    assert document.text[start + len(node.markup) :] == text[end:]
    assert XmlDocument(document.to_bytes(), "server.xml").text == document.text
