# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The shape of the generated lists; tests/ci/test_tomcat_attributes.py holds them equal to what Tomcat's classes have."""

from __future__ import annotations

import re

import pytest

from ansible_collections.roundrobin.tomcat.plugins.module_utils._xml.tomcat_attributes import KNOWN_ATTRIBUTES

LINES = KNOWN_ATTRIBUTES.splitlines()
KINDS = [line for line in LINES if not line.startswith(" ")]
JAVA_CLASS = r"(?:[a-z][a-z0-9]*\.)+[A-Z]\w*(?:\$\w+)?"


def attributes_of(kind):
    start = LINES.index(kind) + 1
    return " ".join(iter_lines(start)).split()


def iter_lines(start):
    for line in LINES[start:]:
        if not line.startswith(" "):
            return
        yield line


def test_the_first_line_names_a_kind():
    assert LINES[0] == KINDS[0]


@pytest.mark.parametrize("kind", ["AJP/1.3", "HTTP/1.1", "org.apache.catalina.core.StandardHost"])
def test_what_an_administrator_would_miss_first(kind):
    assert kind in KINDS


def test_each_kind_is_a_protocol_or_a_class_and_stands_there_once():
    assert [kind for kind in KINDS if not re.fullmatch(rf"AJP/1\.3|HTTP/1\.1|{JAVA_CLASS}", kind)] == []
    assert len(set(KINDS)) == len(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_its_attributes_are_names_each_once_and_in_order(kind):
    names = attributes_of(kind)
    assert [name for name in names if not re.fullmatch(r"(?:socket\.)?[A-Za-z_]\w*", name)] == []
    assert names == sorted(set(names), key=lambda name: (name.lower(), name))
