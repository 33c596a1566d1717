# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError
from ansible_collections.roundrobin.tomcat.plugins.module_utils._xml.text import (
    check_name,
    decoded_value,
    escaped_text,
    escaped_value,
    find_root,
    illegal_character,
    read_text,
)


@pytest.mark.parametrize(
    ("data", "bom", "encoding"),
    [
        (b"<a/>", b"", "utf-8"),
        (b"\xef\xbb\xbf<?xml version='1.0' encoding='ISO-8859-1'?><a/>", b"\xef\xbb\xbf", "utf-8"),
        (b"<?xml version='1.0' encoding = 'Latin1'?><a/>", b"", "iso8859-1"),
        (b'<?xml version="1.0" encoding="windows-1252" standalone="yes"?><a/>', b"", "cp1252"),
        (b"<?xml version='1.0'?><a encoding='latin1'/>", b"", "utf-8"),
        ("<?xml version='1.0' encoding='UTF-16BE'?>".encode("utf-16-be"), b"", "utf-16-be"),
        (b"\xff\xfe<\0a\0", b"\xff\xfe", "utf-16-le"),
    ],
)
def test_encodings(data, bom, encoding):
    found_bom, found, text = read_text(data, "f.xml")
    assert (found_bom, found) == (bom, encoding)
    assert bom + text.encode(encoding) == data


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"<?xml version='1.0' encoding='none'?>", "f.xml:1: encoding 'none' is unknown; UTF-8 is expected"),
        (b"<?xml version='1.0' encoding='base64'?>", "f.xml:1: encoding 'base64' is unknown; UTF-8 is expected"),
        (
            b"\xef\xbb\xbf\n\n\xe9",
            "f.xml:3: byte 0xe9 is not valid utf-8; save the file in the encoding that it declares",
        ),
        (
            b"<?xml version='1.0' encoding='utf-7'?>+AD0-",
            "f.xml: its encoding utf-7 cannot be written back byte for byte",
        ),
    ],
)
def test_bytes_that_are_not_read(data, message):
    with pytest.raises(CollectionError) as error:
        read_text(data, "f.xml")
    assert error.value.message == message


@pytest.mark.parametrize(
    ("prolog", "doctype"),
    [
        ("", ""),
        ("<?xml version='1.0'?>\n<!-- <a> --><?p <a> ?>\n", ""),
        ("<!DOCTYPE a>", "<!DOCTYPE a>"),
        ("<!-- - --><!DOCTYPE a SYSTEM 'x>'><!-- <a> -->", "<!DOCTYPE a SYSTEM 'x>'>"),
        (
            "<!DOCTYPE a [<!ENTITY e ']>'> <!-- ]> --> <?p ]> ?> <!ELEMENT a (#PCDATA)>] > ",
            "<!DOCTYPE a [<!ENTITY e ']>'> <!-- ]> --> <?p ]> ?> <!ELEMENT a (#PCDATA)>] >",
        ),
    ],
)
def test_where_the_root_begins(prolog, doctype):
    assert find_root(prolog + "<a/>") == (doctype, len(prolog))


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        ("a\tb\nc\r\nd\re", "a b c d e"),
        ("&lt;&gt;&amp;&quot;&apos;", "<>&\"'"),
        ("&#9;&#x20AC;&#x1f600;", "\t\u20ac\U0001f600"),
        ("&amp;lt;", "&lt;"),
        ("a&e;", None),
    ],
)
def test_values_are_what_a_parser_reports(raw, value):
    assert decoded_value(raw) == value


def test_what_is_written_of_a_value():
    assert escaped_value("<&>\"'\t\n\r\u20ac", '"', "iso8859-1") == "&lt;&amp;>&quot;'&#9;&#10;&#13;&#8364;"
    assert escaped_value("\"'", "'", "utf-8") == '"&apos;'


def test_what_is_written_of_text():
    assert escaped_text("<&>]]>\"'\t\n\r\u20ac", "\r\n", "ascii") == "&lt;&amp;>]]&gt;\"'\t\r\n&#13;&#8364;"


@pytest.mark.parametrize("name", ["a", "_a", "a-b.c_9", "socket.rxBufSize"])
def test_names(name):
    check_name(name, "a name")


@pytest.mark.parametrize("name", ["", "9a", "-a", "a b", "a:b", "a=b", "a>", "\u00e9", "a\n", "xmlns"])
def test_what_is_no_name(name):
    with pytest.raises(CollectionError, match="cannot be the name of an attribute; letters, digits"):
        check_name(name, "the name of an attribute")


@pytest.mark.parametrize(
    ("value", "character"),
    [
        ("a\t\n\r\u00e9\U0001f600", None),
        ("a\0", "U+0000"),
        ("\x1b", "U+001B"),
        ("\ufffe", "U+FFFE"),
        ("\ud800", "U+D800"),
    ],
)
def test_characters_that_no_xml_can_hold(value, character):
    assert illegal_character(value) == character
