# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Variables of a host are read with their types checked; what is wrong is told together."""

from __future__ import annotations

import re

import pytest

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._chain.inventory import (
    Host,
    Problems,
    TopologyError,
    as_integer,
    duplicates,
    ip_address,
    is_loopback,
)


def host(**variables):
    return Host("app1", variables, Problems())


def complaint(one):
    """The one thing that is wrong, without the words that each begins with."""
    (line,) = one.problems.lines
    start, _is, rest = line.partition(": x is ")
    assert (start, bool(rest)) == ("app1", True), line
    return rest


# What is wrong


def test_nothing_wrong_raises_nothing():
    Problems().raise_if_any()


def test_one_problem_is_a_sentence():
    problems = Problems()
    for _again in range(2):
        problems.add("app1: it is so.")
    with pytest.raises(TopologyError) as caught:
        problems.raise_if_any()
    assert caught.value.message == "The inventory cannot be used: app1: it is so."
    assert isinstance(caught.value, CollectionError)


def test_several_problems_are_numbered_in_the_order_in_which_they_were_found():
    problems = Problems()
    for line in ("b.", "a.", "b."):
        problems.add(line)
    with pytest.raises(TopologyError) as caught:
        problems.raise_if_any()
    assert caught.value.message == "The inventory cannot be used, 2 problems:\n  1. b.\n  2. a."


# What a variable says


@pytest.mark.parametrize(
    ("variables", "given"), [({}, False), ({"x": None}, False), ({"x": ""}, False), ({"x": 0}, True)]
)
def test_an_empty_value_says_nothing(variables, given):
    one = host(**variables)
    assert one.given("x") is given
    if not given:
        read = (
            one.text("x", "d", re.compile("a"), "a"),
            one.choice("x", "d", ["a"]),
            one.integer("x", 7, "", lambda number: False),
            one.number("x", 7.5, "", 0, 1),
            one.port("x", 8080),
            one.boolean("x", True),
        )
        assert read == ("d", "d", 7, 7.5, 8080, True)
    assert one.problems.lines == []


def test_a_text_matches_as_a_whole():
    pattern = re.compile("[ab]+")
    assert host(x="abba").text("x", "d", pattern, "a's and b's") == "abba"
    for value in ("abc", "\nab", 1, ["a"]):
        one = host(x=value)
        assert one.text("x", "d", pattern, "a's and b's") == "d"
        assert complaint(one) == f"{value!r}, it must be a's and b's."


def test_a_choice_is_one_of_few_words():
    assert host(x="http").choice("x", "ajp", ("ajp", "http")) == "http"
    one = host(x="HTTP")
    assert one.choice("x", "ajp", ("ajp", "http")) == "ajp"
    assert complaint(one) == "'HTTP', it must be one of ajp, http."


@pytest.mark.parametrize(("value", "number"), [(5, 5), ("5", 5), ("-5", -5), (0, 0), ("007", 7)])
def test_an_integer_may_be_written_in_digits(value, number):
    assert as_integer(value) == number
    assert host(x=value).integer("x", 1, "an integer", lambda number: True) == number


@pytest.mark.parametrize("value", [True, False, 5.0, "5.0", "", " 5", "5\n", "1" * 10, "\u0665", None, [5]])
def test_what_is_no_integer(value):
    assert as_integer(value) is None


def test_an_integer_that_is_not_accepted():
    one = host(x="11")
    assert one.integer("x", 3, "1 to 10", lambda number: 1 <= number <= 10) == 3
    assert complaint(one) == "'11', it must be 1 to 10."


@pytest.mark.parametrize(("value", "number"), [(1, 1.0), ("2.5", 2.5), (1.15, 1.15), ("100.00", 100.0), (100, 100.0)])
def test_numbers(value, number):
    assert host(x=value).number("x", 50, "1 to 100", 1, 100) == number


@pytest.mark.parametrize("value", [0.99, "100.01", "1.234", True, "1e1", "nan", "-1", ".5", "5.", [1]])
def test_what_is_no_number(value):
    one = host(x=value)
    assert one.number("x", 50, "1 to 100", 1, 100) == 50
    assert complaint(one) == f"{value!r}, it must be 1 to 100."


def test_a_port_may_be_off_only_where_that_is_said():
    assert host(x="-1").port("x", 8005, may_be_off=True) == -1
    one = host(x="-1")
    assert one.port("x", 8005) == 8005
    assert complaint(one) == "'-1', it must be a port from 1 to 65535."
    one = host(x=0)
    one.port("x", 8005, may_be_off=True)
    assert complaint(one) == "0, it must be a port from 1 to 65535 or -1 (off)."


@pytest.mark.parametrize(
    ("value", "truth"),
    [(True, True), ("yes", True), ("On", True), ("1", True), (1, True), (False, False), ("NO", False), (0, False)],
)
def test_words_of_truth(value, truth):
    assert host(x=value).boolean("x", not truth) is truth


@pytest.mark.parametrize("value", ["maybe", "y", 2, [True]])
def test_what_is_neither_true_nor_false(value):
    one = host(x=value)
    assert one.boolean("x", True) is True
    assert complaint(one) == f"{value!r}, it must be true or false."


# Where a host is


@pytest.mark.parametrize(
    ("variables", "machine"),
    [
        ({}, "app1"),
        ({"ansible_host": "198.18.0.3"}, "198.18.0.3"),
        ({"ansible_host": ""}, "app1"),
        ({"ansible_host": "localhost"}, "127.0.0.1"),
        ({"ansible_host": "198.18.0.3", "ansible_connection": "local"}, "127.0.0.1"),
        ({"ansible_connection": "ansible.builtin.local"}, "127.0.0.1"),
        ({"ansible_connection": "ssh"}, "app1"),
    ],
)
def test_hosts_with_one_machine_share_it(variables, machine):
    assert host(**variables).machine == machine


@pytest.mark.parametrize(
    ("variables", "address"),
    [
        ({}, "app1"),
        ({"ansible_host": "198.18.0.3"}, "198.18.0.3"),
        ({"ansible_connection": "local"}, "127.0.0.1"),
        ({"ansible_connection": "local", "ansible_host": "198.18.0.3"}, "198.18.0.3"),
        ({"x": "198.18.1.3", "ansible_host": "198.18.0.3"}, "198.18.1.3"),
        ({"x": "fd00::3"}, "fd00::3"),
        ({"x": "app-1.example_net"}, "app-1.example_net"),
    ],
)
def test_where_a_service_listens(variables, address):
    one = host(**variables)
    assert (one.address("x"), one.problems.lines) == (address, [])


@pytest.mark.parametrize("value", ["a b", "-a", "a.", "198.18.0.3:80", "http://a", 5])
def test_what_is_no_address(value):
    one = host(x=value)
    one.address("x")
    assert complaint(one) == f"{value!r}, it must be one IP address or host name."


@pytest.mark.parametrize("value", ["0.0.0.0", "::"])
def test_all_addresses_are_not_one(value):
    one = host(x=value)
    one.address("x")
    assert complaint(one) == f"{value!r}, it must be the one address that the other hosts connect to, not all of them."


@pytest.mark.parametrize(
    ("value", "loopback"),
    [("127.0.0.1", True), ("127.8.9.1", True), ("::1", True), ("localhost", True), ("198.18.0.1", False), ("a", False)],
)
def test_loopback(value, loopback):
    assert is_loopback(value) is loopback


def test_a_name_is_no_ip_address():
    assert ip_address("app1") is None
    assert str(ip_address("FD00:0::1")) == "fd00::1"


def test_duplicates_are_told_once_in_order():
    assert duplicates(["b", "a", "c", "a", "b", "a"]) == ["a", "b"]
    assert duplicates([["x"], ["x"]]) == [["x"]]
    assert duplicates([]) == []
