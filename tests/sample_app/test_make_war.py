# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the sample application's pages read, and that a WAR depends on its arguments alone."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "ci"))

import java_classes
from basket_class import basket_class
from make_war import APP, make_war


def properties(war):
    with zipfile.ZipFile(war) as archive:
        text = archive.read("WEB-INF/release.properties").decode()
    return dict(line.split("=", 1) for line in text.splitlines())


def test_every_property_is_written(tmp_path):
    make_war(tmp_path / "a.war", "1.1", "unhealthy", sick_on=["app3", "app4"], sick_after_seconds=7)
    assert properties(tmp_path / "a.war") == {
        "version": "1.1",
        "sick": "unhealthy",
        "slow_start_seconds": "20",
        "sick_on": "app3,app4",
        "sick_after_seconds": "7",
    }
    of_the_source = (APP / "WEB-INF/release.properties").read_text()
    assert set(properties(tmp_path / "a.war")) == {line.split("=")[0] for line in of_the_source.splitlines()}


def test_the_same_arguments_give_the_same_bytes(tmp_path):
    once, again, other = (make_war(tmp_path / f"{n}.war", "1.0" if n < 2 else "1.1") for n in range(3))
    assert once == again != other


def test_a_broken_one_is_broken_everywhere(tmp_path):
    with pytest.raises(ValueError, match="broken"):
        make_war(tmp_path / "a.war", "1.1", "broken", sick_on=["app3"])


def test_one_of_two_ways_to_ask_who_it_is(tmp_path):
    methods = []
    for basic in (False, True):
        make_war(tmp_path / "a.war", "1.0", basic_authentication=basic)
        with zipfile.ZipFile(tmp_path / "a.war") as archive:
            web_xml = ET.fromstring(archive.read("WEB-INF/web.xml"))
        methods += [method.text for method in web_xml.iter("{http://xmlns.jcp.org/xml/ns/javaee}auth-method")]
    assert methods == ["FORM", "BASIC"]


def test_the_class_is_another_one_by_its_number_alone():
    first, second = basket_class(1), basket_class(2)
    assert [a ^ b for a, b in zip(first, second, strict=True) if a != b] == [1 ^ 2]
    read = java_classes.read(first)
    assert (read.name, read.parents, read.can_be_created) == (
        "sample.Basket",
        ("java.lang.Object", "java.io.Serializable"),
        True,
    )
