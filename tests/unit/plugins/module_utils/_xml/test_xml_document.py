# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import codecs

import pytest

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError
from ansible_collections.roundrobin.tomcat.plugins.module_utils._xml.document import XmlDocument


def document(text, encoding="utf-8"):
    return XmlDocument(text.encode(encoding), "f.xml")


def find(doc, xpath):
    (node,) = doc.select(xpath)
    return node


def result(doc):
    """Return the text of the edited document, after the proof that it says what it should."""
    doc.prove()
    return doc.text


def set_on(text, xpath, wanted, remove=(), encoding="utf-8"):
    doc = document(text, encoding)
    doc.set_attributes(find(doc, xpath), wanted, remove)
    return result(doc)


@pytest.mark.parametrize(
    ("before", "wanted", "remove", "after"),
    [
        ('<a x="1"/>', {"x": "2"}, [], '<a x="2"/>'),
        ("<a x = '1' />", {"x": "2"}, [], "<a x = '2' />"),
        ("<a x='1' />", {"x": 'it\'s "x"'}, [], "<a x='it&apos;s \"x\"' />"),
        ('<a x="1"/>', {"x": 'it\'s "x"'}, [], '<a x="it\'s &quot;x&quot;"/>'),
        ('<a x="1"/>', {"x": "<&>\t\n\r"}, [], '<a x="&lt;&amp;>&#9;&#10;&#13;"/>'),
        ("<a/>", {"x": "1"}, [], '<a x="1"/>'),
        ("<a></a>", {"x": ""}, [], '<a x=""></a>'),
        ("<a />", {"x": "1", "y": "2"}, [], '<a x="1" y="2" />'),
        ('<a x="1" y="2"/>', {}, ["x"], '<a y="2"/>'),
        ('<a x="1" y="2"/>', {}, ["y"], '<a x="1"/>'),
        ('<a x="1" y="2"/>', {"z": "3"}, ["y"], '<a x="1" z="3"/>'),
        ('<a x="1" y="2"/>', {"z": "3"}, ["x", "y"], '<a z="3"/>'),
        # One attribute per line: the new one has its own, and no other line changes.
        ('<a x="1"\n   y="2"/>', {"z": "3"}, [], '<a x="1"\n   z="3"\n   y="2"/>'),
        ('<a x="1"\n   y="2"\n   />', {"z": "3"}, [], '<a x="1"\n   y="2"\n   z="3"\n   />'),
        ('<a x="1"\r\n\ty="2"\r\n/>', {"z": "3"}, [], '<a x="1"\r\n\ty="2"\r\n\tz="3"\r\n/>'),
        ('<a x="1"\n   y="2"/>', {"z": "3"}, ["y"], '<a x="1"\n   z="3"/>'),
        ('<a x="1"\n   y="2"\n   />', {}, ["y"], '<a x="1"\n   />'),
        ('<a x="a>b" y="/>"/>', {"x": "c"}, [], '<a x="c" y="/>"/>'),
    ],
)
def test_attributes(before, wanted, remove, after):
    assert set_on(before, "/a", wanted, remove) == after


@pytest.mark.parametrize(
    "text",
    [
        '<?xml version="1.0"?>\n<!-- <a> --><a x="1"><b x="@"/></a><!-- end -->',
        '<!DOCTYPE a [\n<!ENTITY e "v"><!-- ]> --><?p ]> ?>\n<!ENTITY f \'"\'>]>\n<a x="1">&e;<b x="@"/></a>',
        '<!DOCTYPE a SYSTEM "a.dtd">\n<a x="1"><b x="@"/></a>',
        '<!DOCTYPE a [<!ENTITY v SYSTEM "file:///etc/hostname">]><a x="1">&v;<b x="@"/></a>',
        '<a x="1"><![CDATA[<b x="1">]]><?pi <b x="1"/>?><!-- <b x="1"/> --><b x="@"/></a>',
        '<a\r\n\r\n  x\t=\r\n"1"  ><b\tx="@"></b\n></a\t>\n\n',
        '<p:a xmlns:p="urn:p" xmlns="urn:d" x="1"><q xmlns=""><b p:x="1" x="@"/></q></p:a>',
        '<a x="1">text &amp; &#65; <b x="@"/> ]] > " \' </a>',
        '<a x="1"><b x="@" y="&lt;b x=&#34;1&#x22;>"/>\r<c/>\r</a>',
    ],
)
def test_only_the_value_changes(text):
    doc = document(text.replace("@", "1"))
    doc.set_attributes(find(doc, "//*[local-name()='b']"), {"x": "2"})
    assert result(doc) == text.replace("@", "2")
    doc.set_attributes(find(doc, "//*[local-name()='b']"), {"x": "1"})
    assert result(doc) == text.replace("@", "1")


@pytest.mark.parametrize(
    ("bom", "encoding", "declared"),
    [
        (b"", "utf-8", None),
        (b"", "utf-8", "utf-8"),
        (codecs.BOM_UTF8, "utf-8", "UTF-8"),
        (codecs.BOM_UTF8, "utf-8", None),
        (codecs.BOM_UTF16_LE, "utf-16-le", "UTF-16"),
        (codecs.BOM_UTF16_BE, "utf-16-be", "UTF-16"),
        (codecs.BOM_UTF16_LE, "utf-16-le", None),
        (b"", "iso-8859-1", "ISO-8859-1"),
        (b"", "iso8859-15", "ISO-8859-15"),
        (b"", "cp1252", "windows-1252"),
        (b"", "ascii", "US-ASCII"),
    ],
)
@pytest.mark.parametrize("eol", ["\n", "\r\n", "\r"])
def test_encoding_and_line_ends_stay(bom, encoding, declared, eol):
    accent = "" if encoding == "ascii" else "\u00e9"
    declaration = f"<?xml version='1.0' encoding='{declared}'?>" if declared else ""
    text = eol.join([declaration, f'<a x="{accent}">', f"  <b y='{accent}'/>", "</a>"])
    if not declared:
        text = text.lstrip()
    doc = XmlDocument(bom + text.encode(encoding), "f.xml")
    doc.set_attributes(doc.root, {"x": "\u00fc\u20ac\U0001f600"})
    doc.prove()
    written = doc.to_bytes()
    again = XmlDocument(written, "f.xml")
    assert again.root.get("x") == "\u00fc\u20ac\U0001f600"
    again.set_attributes(again.root, {"x": accent})
    assert again.to_bytes() == bom + text.encode(encoding)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        # behind the last of the same name, indented like it
        ("<r>\n\t<n a='1'/>\n\t<m/>\n</r>\n", "<r>\n\t<n a='1'/>\n\t<n k=\"v\"/>\n\t<m/>\n</r>\n"),
        ("<r>\r\n  <n />\r\n</r>", '<r>\r\n  <n />\r\n  <n k="v" />\r\n</r>'),
        # a comment on the same line stays with its element
        ("<r>\n  <n /> <!-- one -->\n</r>", '<r>\n  <n /> <!-- one -->\n  <n k="v" />\n</r>'),
        # before a later one, and before the comment that describes it
        (
            "<r>\n  <x />\n\n  <!-- about z -->\n  <z />\n</r>",
            '<r>\n  <x />\n\n  <n k="v" />\n  <!-- about z -->\n  <z />\n</r>',
        ),
        # but not before one that holds an element of its own name
        ("<r>\n  <!-- <n/> -->\n  <z />\n</r>", '<r>\n  <!-- <n/> -->\n  <n k="v" />\n  <z />\n</r>'),
        # at the end
        ("<r>\n  <x />\n  <!-- c -->\n</r>", '<r>\n  <x />\n  <!-- c -->\n  <n k="v" />\n</r>'),
        ("<r><x/></r>", '<r><x/><n k="v"/></r>'),
        ("<r><x/>text</r>", '<r><x/><n k="v"/>text</r>'),
        # as the only one
        ("<r/>", '<r>\n    <n k="v"/>\n</r>'),
        ("<r />\n", '<r>\n    <n k="v" />\n</r>\n'),
        ("<r></r>", '<r>\n    <n k="v" />\n</r>'),
        ("<r>\n</r>", '<r>\n    <n k="v" />\n</r>'),
        ("<r>text</r>", '<r>text<n k="v" /></r>'),
        ("<?xml version='1.0'?>\r\n<r a='/>' />", "<?xml version='1.0'?>\r\n<r a='/>'>\r\n    <n k=\"v\" />\r\n</r>"),
    ],
)
def test_insert(before, after):
    doc = document(before)
    node = doc.insert(doc.root, "n", {"k": "v"}, later=["z"])
    assert result(doc) == after
    assert node.get("k") == "v"


def test_insert_below_an_empty_element_is_indented_one_level_more():
    doc = document("<r>\n  <x />\n</r>\n")
    doc.insert(find(doc, "/r/x"), "n", {"k": "v"})
    assert result(doc) == '<r>\n  <x>\n    <n k="v" />\n  </x>\n</r>\n'


def test_insert_below_an_element_that_has_no_line_of_its_own_stays_on_the_line():
    doc = document("<r><x/></r>")
    doc.insert(doc.insert(find(doc, "/r/x"), "n", {}), "m", {})
    assert result(doc) == "<r><x><n><m/></n></x></r>"


def test_insert_in_a_default_namespace():
    doc = document('<r xmlns="urn:x">\n  <n />\n</r>')
    doc.insert(doc.root, "n", {})
    assert result(doc) == '<r xmlns="urn:x">\n  <n />\n  <n />\n</r>'


def test_a_long_element_has_one_attribute_per_line():
    doc = document("<r>\n  <n />\n</r>")
    doc.insert(doc.root, "n", {"first": "1" * 60, "second": "2" * 60})
    assert f'\n  <n first="{"1" * 60}"\n     second="{"2" * 60}" />\n' in result(doc)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("<r>\n  <n/>\n  <m/>\n</r>", "<r>\n  <m/>\n</r>"),
        ("<r>\r\n  <n>\r\n  </n>  \r\n</r>", "<r>\r\n</r>"),
        ("<r><n/><m/></r>", "<r><m/></r>"),
        ("<r>a<n/>b</r>", "<r>ab</r>"),
        ("<r>\n  <m/><n/>\n</r>", "<r>\n  <m/>\n</r>"),
        ("<r>\n  <n/><!-- x -->\n</r>", "<r>\n  <!-- x -->\n</r>"),
    ],
)
def test_remove(before, after):
    doc = document(before)
    doc.remove(find(doc, "/r/n"))
    assert result(doc) == after


@pytest.mark.parametrize(
    ("before", "disabled"),
    [
        ('<r>\n  <n a="1"/>\n</r>', '<r>\n  <!-- <n a="1"/> -->\n</r>'),
        ("<r><n/><m/></r>", "<r><!-- <n/> --><m/></r>"),
        ("<r>\n\t<n\n\t  a='1'>\n\t</n>\n</r>", "<r>\n\t<!--\n\t<n\n\t  a='1'>\n\t</n>\n\t-->\n</r>"),
        ("<r>\r\n  <n\r\n  />\r\n</r>", "<r>\r\n  <!--\r\n  <n\r\n  />\r\n  -->\r\n</r>"),
        ('<r>\n  <n a="--x---\\-"/>\n</r>', '<r>\n  <!-- escaped: <n a="-\\-x-\\-\\-\\\\-"/> -->\n</r>'),
        ("<r>\n  <n><!-- c --></n>\n</r>", "<r>\n  <!-- escaped: <n><!-\\- c -\\-></n> -->\n</r>"),
        ("<r><n>a<?p q?><![CDATA[<]]></n>tail</r>", "<r><!-- <n>a<?p q?><![CDATA[<]]></n> -->tail</r>"),
        (
            '<!DOCTYPE r [<!ENTITY e "v">]>\n<r><n a="1">&e;</n></r>',
            '<!DOCTYPE r [<!ENTITY e "v">]>\n<r><!-- <n a="1">&e;</n> --></r>',
        ),
        (
            '<r xmlns="urn:d" xmlns:p="urn:p"><n p:a="1"/></r>',
            '<r xmlns="urn:d" xmlns:p="urn:p"><!-- <n p:a="1"/> --></r>',
        ),
    ],
)
def test_disable_and_enable(before, disabled):
    doc = document(before)
    doc.disable(doc.root.elements("n")[0])
    assert result(doc) == disabled
    (found,) = doc.commented(doc.root, "n")
    doc.enable(found)
    assert result(doc) == before


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('<r>\n  <!--<n a="1"/>-->\n</r>', '<r>\n  <n a="1"/>\n</r>'),
        ('<r>\n  <!--\n    <n\n      a="1"/>\n  -->\n</r>', '<r>\n  <n\n      a="1"/>\n</r>'),
        # words around the element stay comments
        ("<r>\n  <!-- About n.\n  <n/>\n  -->\n</r>", "<r>\n  <!-- About n. -->\n  <n/>\n</r>"),
        ("<r>\n  <!-- <n/> is off -->\n</r>", "<r>\n  <n/>\n  <!-- is off -->\n</r>"),
        ("<r>\n  <!-- <m/> <n/> <k/> -->\n</r>", "<r>\n  <!-- <m/> -->\n  <n/>\n  <!-- <k/> -->\n</r>"),
        ("<r><!-- a <n/> b --></r>", "<r><!-- a --> <n/> <!-- b --></r>"),
    ],
)
def test_enable_by_hand(before, after):
    doc = document(before)
    (found,) = doc.commented(doc.root, "n")
    node = doc.enable(found)
    assert node.tag == "n"
    assert result(doc) == after


@pytest.mark.parametrize(
    "comment",
    [
        "<n",
        "<n>",
        "<n a=1/>",
        "<n a='1' a='2'/>",
        "<n>&unknown;</n>",
        "<name/>",
        "<n></m>",
        "<n x='<'/>",
        "&#99999999999;<n y='&#99999999999;'/>",
    ],
)
def test_what_is_no_element_is_left_in_its_comment(comment):
    doc = document(f"<r><!-- {comment} --></r>")
    assert doc.commented(doc.root, "n") == []


@pytest.mark.parametrize(
    "text",
    ['<!DOCTYPE a [<!ENTITY e "v">]>\n<a x="&e;" y="1"/>', '<!DOCTYPE a [<!ATTLIST a x ID #IMPLIED>]>\n<a x=" v "/>'],
)
def test_an_attribute_that_the_dtd_explains_is_not_replaced(text):
    doc = document(text)
    assert doc.root.get("x") == "v"
    with pytest.raises(CollectionError, match=r"f.xml:2: attribute x of a depends on the DTD"):
        doc.set_attributes(doc.root, {"x": "2"})


@pytest.mark.parametrize(
    ("before", "text", "after"),
    [
        ("<a><b>old</b></a>", "new", "<a><b>new</b></a>"),
        ("<a><b>\n  old\n</b></a>", "  new ", "<a><b>\n  new\n</b></a>"),
        ("<a><b/></a>", "new", "<a><b>new</b></a>"),
        ("<a><b x='1' /></a>", "new", "<a><b x='1'>new</b></a>"),
        ("<a><b></b></a>", "<&]]>\u20ac'\"", "<a><b>&lt;&amp;]]&gt;\u20ac'\"</b></a>"),
        ("<a>\r\n<b>old</b></a>", "1\n2\r3", "<a>\r\n<b>1\r\n2&#13;3</b></a>"),
        ("<a><b>old</b></a>", "", "<a><b></b></a>"),
        ("<a><b/></a>", "", "<a><b/></a>"),
        ("<a><b><![CDATA[<old>]]></b></a>", "new", "<a><b>new</b></a>"),
        ("<a><b>&lt;old&#x3e;</b></a>", "new", "<a><b>new</b></a>"),
        ("<a><b><!-- c --></b></a>", "new", "<a><b>new<!-- c --></b></a>"),
        ("<a><b><!-- c --> old <?p i?></b></a>", "new", "<a><b><!-- c --> new <?p i?></b></a>"),
        ("<a><b>o<!-- c -->ld</b></a>", "new", "<a><b>new<!-- c --></b></a>"),
    ],
)
def test_set_text(before, text, after):
    doc = document(before)
    node = find(doc, "/a/b")
    doc.set_text(node, text)
    assert result(doc) == after
    assert find(document(after), "/a/b").text == node.text == text.strip()


def test_set_text_writes_what_the_encoding_lacks_as_a_reference():
    doc = document("<?xml version='1.0' encoding='US-ASCII'?><a/>", "ascii")
    doc.set_text(doc.root, "\u20ac")
    assert result(doc).endswith("<a>&#8364;</a>")


@pytest.mark.parametrize("content", ["<c/>", "t<c>u</c>", "&e;", "x&e;"])
def test_text_that_is_not_only_text_is_not_replaced(content):
    doc = document(f"<!DOCTYPE a [<!ENTITY e 'v'>]>\n<a>\n<b>{content}</b></a>")
    node = find(doc, "/a/b")
    assert node.text is None
    with pytest.raises(CollectionError, match=r"f.xml:3: the content of b is not only text"):
        doc.set_text(node, "new")


def test_elements_in_elements_just_inserted():
    doc = document("<r>\n  <x/>\n</r>\n")
    new = doc.insert(doc.root, "n", {"k": "v"})
    doc.insert(doc.insert(new, "m", {}), "o", {}, text="t")
    doc.insert(new, "m", {"k": "2"})
    assert result(doc) == (
        '<r>\n  <x/>\n  <n k="v">\n    <m>\n      <o>t</o>\n    </m>\n    <m k="2"/>\n  </n>\n</r>\n'
    )
    assert find(doc, "/r/n/m/o").text == "t"


def test_nodes_stay_valid_and_know_their_line():
    doc = document("<r>\r\n  <a/>\r  <!--\n  <b/>\n  -->\n  <c/>\n</r>")
    first, last = find(doc, "//a"), find(doc, "//c")
    (found,) = doc.commented(doc.root, "b")
    assert doc.line(found.node) == 4
    doc.remove(first)
    enabled = doc.enable(found)
    doc.set_attributes(last, {"x": "1"})
    added = doc.insert(last, "d", {})
    assert result(doc) == '<r>\r\n  <b/>\n  <c x="1">\n    <d/>\n  </c>\n</r>'
    assert [doc.line(node) for node in (doc.root, enabled, last, added)] == [1, 4, 6, 6]
    assert doc.select("//b | //c | //d") == [enabled, last, added]


def test_an_edit_without_the_wanted_effect_is_refused():
    doc = document("<r><n/></r>")
    doc.root.children[0].markup = '<n x="1"/>'
    with pytest.raises(CollectionError, match="the edit would not have had the wanted effect; nothing was written"):
        doc.prove()


def _laughs(levels):
    declarations = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, levels))
    return f'<!DOCTYPE a [<!ENTITY l0 "lol">{declarations}]>'


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"<a>", r"f.xml:1:\d+: is not well-formed XML"),
        (b"<a/><b/>", r"f.xml:1:\d+: is not well-formed XML"),
        (b"<a>\n<b x='1' x='2'/></a>", r"f.xml:2:\d+: is not well-formed XML"),
        (b"<a>\0</a>", "is not well-formed"),
        (b"<a>\n\xff</a>", r"f.xml:2: byte 0xff is not valid utf-8"),
        (b"no xml", "is not well-formed XML"),
        (b"<?xml version='1.0' encoding='x-none'?><a/>", "encoding 'x-none' is unknown"),
        (b"<?xml version='1.0' encoding='hex'?><a/>", "encoding 'hex' is unknown"),
        (codecs.BOM_UTF32_LE + "<a/>".encode("utf-32-le"), "UTF-32"),
        (b'<?xml version="1.0" encoding="UTF-16"?><a/>', "is not valid utf-16"),
        (b"<a x='&undeclared;'/>", "is not well-formed"),
        (_laughs(10).encode() + b"<a>&l9;</a>", "entity 'l.' refers to itself or expands"),
        (_laughs(10).encode() + b"<a x='&l9;'/>", "entity 'l.' refers to itself or expands"),
        (b'<!DOCTYPE a [<!ENTITY e "&f;"><!ENTITY f "&e;">]><a>&e;</a>', "refers to itself"),
        (b"<a>" * 5000 + b"</a>" * 5000, "is not well-formed XML"),
        (b"<!DOCTYPE", "is not well-formed"),
        (b"<!DOCTYPE a [", "is not well-formed"),
        (b"<!--", "is not well-formed"),
    ],
)
def test_bad_documents(data, message):
    with pytest.raises(CollectionError, match=message):
        XmlDocument(data, "f.xml")


def test_an_external_entity_is_not_read(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("TOP")
    text = f'<!DOCTYPE a [<!ENTITY v SYSTEM "file://{secret}">]>\n<a x="1">&v;</a>'
    assert set_on(text, "/a", {"x": "2"}) == text.replace('x="1"', 'x="2"')


@pytest.mark.parametrize("xpath", ["/a/b[", "/a/@x", "1+1", "/a/text()", "string(/a)"])
def test_bad_selectors(xpath):
    doc = document('<a x="1">t</a>')
    with pytest.raises(CollectionError, match="XPath expression|an expression that selects one element"):
        doc.select(xpath)
