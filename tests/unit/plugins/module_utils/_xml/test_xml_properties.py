# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Properties that hold for any server.xml and any wanted state."""

from __future__ import annotations

import codecs
import os
import pathlib
import tempfile

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from lxml import etree

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError
from ansible_collections.roundrobin.tomcat.plugins.module_utils._xml.document import XmlDocument
from ansible_collections.roundrobin.tomcat.plugins.module_utils._xml.run import edit_file
from ansible_collections.roundrobin.tomcat.plugins.module_utils._xml.server import ServerXml

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
STATES = st.sampled_from(["present", "absent", "disabled"])
CLASSES = st.sampled_from(["a.A", "a.B"])
WHITE_SPACE = " \t\r\n"


# -- any server.xml ----------------------------------------------------------


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
def perhaps_commented(draw, strategy):
    text = draw(strategy)
    if "--" not in text and draw(st.booleans()):
        return draw(st.sampled_from(["<!--{}-->", "<!-- {} -->", "<!--\n  {}\n  -->", "<!-- Like {} -->"])).replace(
            "{}", text
        )
    return text


@st.composite
def connectors(draw):
    fixed = {"port": draw(st.sampled_from(PORTS))}
    protocol = draw(st.sampled_from([None, "HTTP/1.1", "AJP/1.3", "org.apache.coyote.ajp.AjpNioProtocol"]))
    if protocol:
        fixed["protocol"] = protocol
    return draw(elements("Connector", fixed))


@st.composite
def aliases(draw):
    space = draw(st.sampled_from(["", " ", "\n "]))
    return draw(st.sampled_from(["<Alias>{}</Alias>", "<Alias><!-- c -->{}</Alias>"])).replace(
        "{}", f"{space}{draw(st.sampled_from(['w', 'x&lt;&amp;', '<![CDATA[w]]>']))}{space}"
    )


def classed(tag, inner=""):
    return CLASSES.flatmap(lambda name: elements(tag, {"className": name}, inner))


GAPS = st.sampled_from(["", "\n", "\n    ", "\n\t", "\n\n  ", "<!-- x -->", " "])


@st.composite
def several(draw, *strategies):
    """Some elements of these kinds, active and commented out, with what may stand between."""
    parts = draw(st.lists(perhaps_commented(st.one_of(*strategies)), max_size=3))
    return "".join(draw(GAPS) + part for part in parts) + draw(GAPS)


@st.composite
def documents(draw):
    realm = classed("Realm", draw(several(classed("Realm"))))
    context = st.sampled_from(["", "/a"]).flatmap(lambda path: elements("Context", {"path": path}))
    host = draw(elements("Host", {"name": "localhost"}, draw(several(aliases(), classed("Valve"), realm, context))))
    around = draw(several(classed("Valve"), realm, classed("Cluster")))
    engine = draw(elements("Engine", {"name": "Catalina", "defaultHost": "localhost"}, around + host + draw(GAPS)))
    executor = elements("Executor", {"name": "pool"})
    service = draw(
        elements("Service", {"name": "Catalina"}, draw(several(connectors(), executor)) + engine + draw(GAPS))
    )
    resources = draw(several(elements("Resource", {"name": "r"}), elements("Environment", {"name": "r"})))
    naming = draw(st.sampled_from(["", f"<GlobalNamingResources>{resources}</GlobalNamingResources>"]))
    server = draw(
        elements("Server", {"port": "8005"}, draw(several(classed("Listener"))) + naming + service + draw(GAPS))
    )
    bom, encoding, declared = draw(st.sampled_from(ENCODINGS))
    declaration = f"<?xml version='1.0' {declared}?>" if declared else ""
    doctype = draw(st.sampled_from(["", "<!DOCTYPE Server [<!ENTITY e 'v'>]>", "<!-- <Server> -->"]))
    text = declaration + doctype + server + draw(st.sampled_from(["", "\n", "\n<!-- end -->"]))
    eol = draw(st.sampled_from(["\n", "\r\n", "\r"]))
    return bom + text.replace("\n", eol).encode(encoding)


# -- any wanted state --------------------------------------------------------

ATTRIBUTES = st.dictionaries(NAMES, VALUES, max_size=3)
TO_REMOVE = st.just([]) | st.just(["zz", "c"])


def entries(**own):
    return st.fixed_dictionaries({**own, "attributes": ATTRIBUTES, "attributes_to_remove": TO_REMOVE, "state": STATES})


def children(depth):
    inner = children(depth - 1) if depth else st.just([])
    known_by_class = st.fixed_dictionaries(
        {
            "tag": st.sampled_from(["Valve", "Realm", "Store"]),
            "identify_by": st.fixed_dictionaries({"className": CLASSES}),
            "attributes": ATTRIBUTES,
            "state": STATES,
            "children": inner,
        }
    )
    known_by_text = st.fixed_dictionaries(
        {"tag": st.just("Alias"), "text": st.sampled_from(["w", " x<&", "new\n", 5]), "state": STATES}
    )
    with_text = st.fixed_dictionaries(
        {"tag": st.just("X"), "identify_by": st.just({"a": 1}), "text": AWKWARD | VALUES, "state": STATES}
    )
    return st.lists(known_by_class | known_by_text | with_text, max_size=2)


@st.composite
def wanted_connectors(draw):
    known = draw(
        st.sampled_from(
            [{"match": "protocol_and_port"}, {"match": "protocol"}, {"match": "port"}, {"identify_by": {"b": "k"}}]
        )
    )
    entry = draw(entries(protocol=st.sampled_from(["AJP/1.3", "HTTP/1.1"]), port=st.sampled_from(PORTS)))
    entry["children"] = draw(children(1))
    if "identify_by" in known:
        entry["attributes"].pop("b", None)
    return {**entry, **known}


def some(strategy):
    return st.lists(strategy, max_size=2)


PLACE = st.sampled_from(["engine", "host"])
IN_SERVICE = {
    "connectors": some(wanted_connectors()),
    "executors": some(entries(name=st.sampled_from(["pool", "other"]))),
}
IN_HOST = {
    "contexts": some(entries(path=st.sampled_from(["", "/a", "/b"]), children=children(1))),
    "valves": some(entries(class_name=CLASSES, parent=st.just("host"))),
    "realms": some(entries(class_name=CLASSES, parent=st.just("host"), children=children(2))),
}
ANYWHERE = {
    **IN_SERVICE,
    "shutdown_port": st.sampled_from(["-1", "8005", "9005"]),
    "jvm_route": st.sampled_from(["jvm1", "r-2"]),
    "service": st.fixed_dictionaries({"attributes": ATTRIBUTES}),
    "hosts": st.lists(st.fixed_dictionaries({"attributes": ATTRIBUTES, "children": children(1)}), max_size=1),
    "contexts": IN_HOST["contexts"],
    "listeners": some(entries(class_name=CLASSES)),
    "valves": some(entries(class_name=CLASSES, parent=PLACE)),
    "realms": some(entries(class_name=CLASSES, parent=PLACE, children=children(2))),
    "clusters": some(entries(class_name=CLASSES, parent=PLACE, children=children(1))),
    "global_resources": some(entries(name=st.just("r"), tag=st.sampled_from(["Resource", "Environment"]))),
}
TAGS = {
    "connectors": "Connector",
    "executors": "Executor",
    "contexts": "Context",
    "listeners": "Listener",
    "valves": "Valve",
    "realms": "Realm",
    "clusters": "Cluster",
}


@st.composite
def options(draw, kinds=ANYWHERE):
    chosen = draw(st.fixed_dictionaries({}, optional=kinds))
    given_kinds = sorted(set(chosen) & set(TAGS))
    purge = draw(st.lists(st.sampled_from(given_kinds), unique=True)) if given_kinds else []
    return {**chosen, "purge": purge}


def apply(data, wanted):
    document = XmlDocument(data, "server.xml")
    editor = ServerXml(document, wanted).apply()
    document.prove()
    return document.to_bytes(), editor.changes


# Why a wanted state may be refused; all else would be a fault of ours.
REASONS = ("mean the same element", "matches 2 elements", "matches 3 elements", "matches 4 elements", "is used twice")


def applied(data, wanted):
    try:
        return apply(data, wanted)
    except CollectionError as error:
        if not any(reason in error.message for reason in REASONS):
            raise
    assume(False)
    return None


# -- what holds --------------------------------------------------------------


@settings(max_examples=100 * TIMES, deadline=None)
@given(documents(), options())
def test_the_second_time_changes_nothing(data, wanted):
    once, changes = applied(data, wanted)
    assert apply(once, wanted) == (once, [])
    assert (once == data) == (changes == [])


def as_text(value):
    return str(value).lower() if isinstance(value, bool) else str(value)


def content(element):
    """Return the text of an element as Tomcat hears it."""
    return "".join(element.itertext(tag=element.tag)).strip(WHITE_SPACE)


def found(parent, tag, identity, text=None):
    return [
        child
        for child in parent.findall(tag)
        if all(child.get(name) == as_text(value) for name, value in identity.items())
        and (text is None or content(child) == as_text(text).strip(WHITE_SPACE))
    ]


def check(parent, tag, identity, entry):
    """Look with plain lxml whether an entry has become true."""
    text = entry.get("text")
    there = found(parent, tag, identity, None if identity else text)
    if entry["state"] != "present":
        assert there == []
        return
    (element,) = there
    for name, value in entry.get("attributes", {}).items():
        assert element.get(name) == as_text(value)
    assert not set(element.attrib) & set(entry.get("attributes_to_remove", []))
    if text is not None:
        assert content(element) == as_text(text).strip(WHITE_SPACE)
    for child in entry.get("children", []):
        check(element, child["tag"], child.get("identify_by", {}), child)


@settings(max_examples=100 * TIMES, deadline=None)
@given(documents(), options())
def test_lxml_sees_what_was_wanted(data, wanted):
    after, _changes = applied(data, wanted)
    server = etree.fromstring(after)
    service, engine = server.find("Service"), server.find("Service/Engine")
    host = engine.find("Host")
    either = {"engine": engine, "host": host}
    assert "shutdown_port" not in wanted or server.get("port") == wanted["shutdown_port"]
    assert "jvm_route" not in wanted or engine.get("jvmRoute") == wanted["jvm_route"]
    for entry in wanted.get("executors", []):
        check(service, "Executor", {"name": entry["name"]}, entry)
    for entry in wanted.get("connectors", []):
        identity = entry.get("identify_by") or {"port": entry["port"]}
        if entry["state"] == "present":
            check(service, "Connector", {**identity, "port": entry["port"]}, entry)
        elif entry.get("match") == "port" or entry.get("identify_by"):
            check(service, "Connector", identity, entry)
    for entry in wanted.get("hosts", []):
        check(engine, "Host", {"name": "localhost"}, {**entry, "state": "present"})
    for entry in wanted.get("contexts", []):
        check(host, "Context", {"path": entry["path"]}, entry)
    for entry in wanted.get("listeners", []):
        check(server, "Listener", {"className": entry["class_name"]}, entry)
    for kind in ("valves", "realms"):
        for entry in wanted.get(kind, []):
            check(either[entry["parent"]], TAGS[kind], {"className": entry["class_name"]}, entry)
    for entry in wanted.get("clusters", []):
        identity = {"className": entry["class_name"]} if entry["state"] == "present" else {}
        check(either[entry["parent"]], "Cluster", identity, entry)
    for entry in wanted.get("global_resources", []):
        naming = server.find("GlobalNamingResources")
        if naming is not None or entry["state"] == "present":
            check(naming, entry["tag"], {"name": entry["name"]}, entry)
    for kind in wanted["purge"]:
        named = sum(entry["state"] == "present" for entry in wanted[kind])
        # Those that hosts[].children and other entries' children name stay as well.
        named += sum(child["tag"] == TAGS[kind] for entry in wanted.get("hosts", []) for child in entry["children"])
        places = {"connectors": [service], "executors": [service], "contexts": [host], "listeners": [server]}
        assert sum(len(place.findall(TAGS[kind])) for place in places.get(kind, [engine, host])) <= named


@settings(max_examples=60 * TIMES, deadline=None)
@given(documents(), st.sampled_from([("Host", IN_HOST), ("Service", IN_SERVICE)]), st.data())
def test_elsewhere_no_byte_changes(data, place, choice):
    tag, kinds = place
    wanted = choice.draw(options(kinds))
    # The Engine's own valves and realms would be purged as well.
    wanted["purge"] = [kind for kind in wanted["purge"] if kind not in ("valves", "realms")]
    after, _changes = applied(data, wanted)

    def _around(text):
        document = XmlDocument(text, "server.xml")
        (node,) = document.select(f"//{tag}")
        kept = [child.raw for child in node.children if child.tag == "Engine"]
        return document.text[: node.offset], document.text[node.offset + len(node.raw) :], kept

    assert _around(after) == _around(data)


@settings(max_examples=30 * TIMES, deadline=None)
@given(documents(), options())
def test_check_mode_says_what_the_run_does(data, wanted):
    expected, changes = applied(data, wanted)
    with tempfile.TemporaryDirectory() as directory:
        path = pathlib.Path(directory, "server.xml")
        path.write_bytes(data)

        def _edit(check_mode):
            return edit_file(
                {"path": str(path), **wanted},
                ServerXml,
                check_mode=check_mode,
                diff_mode=True,
                run_command=pytest.fail,
                atomic_move=os.replace,
                backup=pytest.fail,
            )

        predicted = _edit(check_mode=True)
        assert path.read_bytes() == data
        assert _edit(check_mode=False) == predicted
        assert path.read_bytes() == expected
        assert predicted[0]["changes"] == changes
        assert predicted[0]["changed"] == (expected != data)
        assert _edit(check_mode=True)[0] == {"changed": False, "changes": [], "path": str(path), "diff": []}


KNOWN_BY = {"valves": "className", "realms": "className", "clusters": None, "contexts": "path", "executors": "name"}


def the_only_ones_to_come_back(document):
    """Elements, with their kinds, that are like none that stands in a comment beside them."""
    for kind, key in KNOWN_BY.items():
        for node in document.select(f"//{TAGS[kind]}"):
            others = document.commented(node.parent, node.tag)
            like = [item for item in others if key is None or item.node.get(key) == node.get(key)]
            if node.parent.tag in ("Service", "Engine", "Host") and not like:
                yield kind, node


@settings(max_examples=60 * TIMES, deadline=None)
@given(documents(), st.data())
def test_disabled_and_present_by_options_is_as_it_was(data, choice):
    document = XmlDocument(data, "server.xml")
    candidates = list(the_only_ones_to_come_back(document))
    assume(candidates)
    kind, node = candidates[choice.draw(st.integers(0, len(candidates) - 1))]
    key = KNOWN_BY[kind] or "className"
    entry = {key.replace("className", "class_name"): node.get(key), "parent": node.parent.tag.lower()}
    off, changes = applied(data, {kind: [{**entry, "state": "disabled"}]})
    assert [change["action"] for change in changes] == ["disabled"]
    assert apply(off, {kind: [entry]})[0] == data


@settings(max_examples=60 * TIMES, deadline=None)
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
    (item,) = [item for item in document.commented(parent, tag) if item.comment is parent.children[place]]
    document.enable(item)
    document.prove()
    assert document.to_bytes() == data


@settings(max_examples=80 * TIMES, deadline=None)
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
