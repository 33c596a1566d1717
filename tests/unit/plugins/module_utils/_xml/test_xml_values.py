# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a user writes in an option becomes text for the file, or is refused with the reason."""

from __future__ import annotations

import pytest

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError
from ansible_collections.roundrobin.tomcat.plugins.module_utils._xml.values import (
    attribute_values,
    class_name,
    context_path,
    has_placeholder,
    names_to_remove,
    one_of,
    port,
    text_value,
)


def test_numbers_and_booleans_become_what_tomcat_reads():
    given = {"autoDeploy": False, "reloadable": True, "maxThreads": 7, "ratio": 0.5, "docBase": " a ", "empty": ""}
    assert attribute_values(given, "x") == {
        "autoDeploy": "false",
        "reloadable": "true",
        "maxThreads": "7",
        "ratio": "0.5",
        # Tomcat would see the white space too.
        "docBase": " a ",
        "empty": "",
    }


def test_an_option_that_is_not_given_has_no_attributes_no_names_and_no_text():
    assert (attribute_values(None, "x"), names_to_remove(None, {}, "x"), text_value("Alias", None, "x")) == (
        {},
        [],
        None,
    )


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"port": None}, "x: attribute port has no value; give a string, number or boolean, or list the name in"),
        ({"port": [1]}, "x: attribute port is a list; a string, number or boolean is expected"),
        ({"port": "a\0"}, "x: attribute port holds the character U+0000 in 'a\\x00', which XML does not allow"),
        ({"secret": "a\0"}, "x: attribute secret holds the character U+0000, which XML does not allow"),
        ({"MyPin": "a\0"}, "x: attribute MyPin holds the character U+0000, which XML does not allow"),
        ({"secret": "********"}, "x: attribute secret holds ********, which stands for a secret in output; the secret"),
        ({"a b": 1}, "'a b' cannot be the name of an attribute (x)"),
    ],
)
def test_attributes_that_the_file_cannot_hold(given, message):
    with pytest.raises(CollectionError) as caught:
        attribute_values(given, "x", also=["mypin"])
    assert caught.value.message.startswith(message)


def test_a_text_is_without_the_white_space_around_it():
    assert text_value("Alias", "\n\t www.example.com \r\n", "x") == "www.example.com"
    # This one is a character like others, to Tomcat too.
    assert text_value("Alias", "\u00a0", "x") == "\u00a0"
    assert text_value("Alias", 5, "x") == "5"


@pytest.mark.parametrize(("tag", "shown"), [("Alias", " in 'a\\x00'"), ("Pin", "")])
def test_a_text_is_as_secret_as_an_attribute_of_the_elements_name(tag, shown):
    with pytest.raises(CollectionError) as caught:
        text_value(tag, "a\0", "x", also=["pin"])
    assert caught.value.message == f"x: text holds the character U+0000{shown}, which XML does not allow"


def test_what_is_removed_is_not_also_set():
    assert names_to_remove(["b", "c"], {"a": "1"}, "x") == ["b", "c"]
    with pytest.raises(CollectionError, match="x: attribute a is both to be set and to be removed; choose one"):
        names_to_remove(["b", "a"], {"a": "1"}, "x")
    with pytest.raises(CollectionError, match=r"'a b' cannot be the name of an attribute \(x\)"):
        names_to_remove(["a b"], {}, "x")


@pytest.mark.parametrize("value", ["A", "org.example.Valve", "a.b$Inner", "_x", "${valve.class}", "org.${x}.Valve"])
def test_class_names(value):
    assert class_name(value, "x") == value


@pytest.mark.parametrize("value", ["", "a b", "a..b", ".a", "a.", "1a", "a.1", "a\n", "\u00e4.B", "a-b"])
def test_what_is_no_class_name(value):
    with pytest.raises(CollectionError) as caught:
        class_name(value, "x")
    assert caught.value.message.startswith(f"x: {value!r} is not a Java class name; something like org.apache.")


@pytest.mark.parametrize("value", ["", "/a", "/a/b", "${path}", "a${b}/"])
def test_context_paths(value):
    assert context_path(value, "x") == value


@pytest.mark.parametrize("value", ["/", "a", "a/b", "/a/", "//"])
def test_what_is_no_context_path(value):
    with pytest.raises(CollectionError) as caught:
        context_path(value, "x")
    assert caught.value.message.startswith(f"x: {value!r} is not the path of a context; /name is expected, or an empty")


@pytest.mark.parametrize(
    ("value", "found"), [("${a}", True), ("x${a.b}y", True), ("${}", False), ("$a", False), ("${a", False), ("", False)]
)
def test_placeholders(value, found):
    assert has_placeholder(value) is found


@pytest.mark.parametrize(
    ("value", "off", "written"),
    [(1, False, "1"), ("65535", False, "65535"), ("0080", False, "80"), (-1, True, "-1"), ("${p.q}", False, "${p.q}")],
)
def test_ports(value, off, written):
    assert port(value, "x", off) == written


@pytest.mark.parametrize("off", [False, True])
@pytest.mark.parametrize(
    "value", [0, 65536, -2, "", " 80", "80\n", "8_0", True, None, "x${p}", "\u0663", "1" * 7, "1.0"]
)
def test_what_is_no_port(value, off):
    with pytest.raises(CollectionError) as caught:
        port(value, "x", off)
    also = ", or -1 for none," if off else ""
    assert caught.value.message.startswith("x: ")
    assert caught.value.message.endswith(f" is not a port; a number from 1 to 65535{also} is expected")


def test_minus_one_is_a_port_only_where_it_means_none():
    with pytest.raises(CollectionError, match="x: -1 is not a port; a number from 1 to 65535 is expected"):
        port("-1", "x")


def test_an_unknown_word_is_answered_with_the_nearest_and_all():
    words = ("present", "absent", "disabled")
    assert one_of("absent", words, "x") == "absent"
    with pytest.raises(CollectionError) as caught:
        one_of("abscent", iter(words), "x: state")
    assert caught.value.message == (
        "x: state: 'abscent' is not known; did you mean 'absent'? accepted are: present, absent, disabled"
    )
    with pytest.raises(CollectionError) as caught:
        one_of("zz", words, "x")
    assert caught.value.message == "x: 'zz' is not known; accepted are: present, absent, disabled"
