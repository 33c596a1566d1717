# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.roundrobin.tomcat.plugins.filter.tomcat_instance import FilterModule

FILTERS = FilterModule().filters()


class Text(str):
    """Stands for the tagged strings that Ansible hands to filters."""


def types_in(value):
    if isinstance(value, dict):
        return {type(value)}.union(*(types_in(item) for pair in value.items() for item in pair))
    if isinstance(value, list):
        return {type(value)}.union(*(types_in(item) for item in value))
    return {type(value)}


def test_all_problems_as_plain_text():
    variables = {"tomcat_instance_jvm_route": Text("a.b"), "tomcat_instance_ajp_secret": Text("not shown")}
    problems = FILTERS["instance_problems"](variables, Text("jvm1"))
    assert [line.split(" ")[:3] for line in problems] == [
        ["jvm1:", "tomcat_instance_jvm_route", "is"],
        ["jvm1:", "tomcat_instance_ajp_secret", "must"],
    ]
    assert types_in(problems) == {list, str}


def test_no_problem():
    assert FILTERS["instance_problems"]({"tomcat_instance_ajp_secret": Text("s3cr3t-value")}, "jvm1") == []


def test_wrong_call():
    with pytest.raises(AnsibleFilterError, match="is called as"):
        FILTERS["instance_problems"]("tomcat_instance_jvm_route", "jvm1")


def test_cluster_elements():
    members = [{"host": Text("198.18.0.3"), "port": 4000, "unique_id": Text("{1}")}]
    elements = FILTERS["cluster_elements"](members, Text("198.18.0.3"), Text("4000"))
    assert [element["tag"] for element in elements] == ["LocalMember"]
    assert types_in(elements) <= {list, dict, str, int}


def test_session_jars():
    entries = [
        {"path": Text("/lib/roundrobin-old.jar"), "checksum": Text("1")},
        {"path": Text("/made"), "checksum": None},
    ]
    found = FILTERS["session_jars"](entries, [Text("roundrobin-new.jar")], lib=Text("/lib"), made=Text("/made"))
    assert found == {"missing": ["roundrobin-new.jar"], "stale": ["/lib/roundrobin-old.jar"]}
    assert types_in(found) == {dict, list, str}
