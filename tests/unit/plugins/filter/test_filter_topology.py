# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError, AnsibleUndefinedVariable
from jinja2 import UndefinedError

from ansible_collections.roundrobin.tomcat.plugins.filter.topology import FilterModule

FILTERS = FilterModule().filters()
GROUPS = {"tomcat": ["t"], "memcached": ["m"], "balancer": ["b"], "all": ["t", "m", "b"]}


class Text(str):
    """Stands for the tagged strings that Ansible hands to filters."""


def hostvars(**of_t):
    return {"t": {"tomcat_instance_ajp_secret": Text("s3cr3t-value"), **of_t}, "m": {}, "b": {"not_asked_for": 1}}


def types_in(value):
    if isinstance(value, dict):
        return {type(value)}.union(*(types_in(item) for pair in value.items() for item in pair))
    if isinstance(value, list):
        return {type(value)}.union(*(types_in(item) for item in value))
    return {type(value)}


def test_plain_data_comes_back():
    application = {Text("path"): Text("/shop")}
    result = FILTERS["topology"](hostvars(tomcat_applications=[application], ansible_host=Text("198.18.0.3")), GROUPS)
    assert types_in(result) <= {dict, list, str, int, float, bool}
    assert result["instances"][0]["worker"] == "ajp://198.18.0.3:8009"
    assert result["applications"][0]["base_name"] == "shop"


def test_all_problems_in_one_error():
    with pytest.raises(AnsibleFilterError) as caught:
        FILTERS["topology"](hostvars(tomcat_instance_jvm_route="a.b"), {"tomcat": ["t", "gone"]})
    message = str(caught.value)
    assert "gone: is in a group but its variables were not handed over." in message
    assert "tomcat_instance_jvm_route is 'a.b'" in message
    assert "group 'balancer' is empty or missing" in message


@pytest.mark.parametrize("error", [AnsibleUndefinedVariable("'x' is undefined"), UndefinedError("'x' is undefined")])
def test_a_template_that_cannot_be_evaluated(error):
    class Templated(dict):
        def __getitem__(self, key):
            if key == "tomcat_instance_address":
                raise error
            return super().__getitem__(key)

    variables = hostvars()
    variables["t"] = Templated(variables["t"], tomcat_instance_address="{{ x }}")
    with pytest.raises(AnsibleFilterError, match="t: tomcat_instance_address cannot be evaluated: .*'x' is undefined"):
        FILTERS["topology"](variables, GROUPS)


@pytest.mark.parametrize("arguments", [("text", GROUPS), (hostvars(), ["t"])])
def test_wrong_call(arguments):
    with pytest.raises(AnsibleFilterError, match="is called as"):
        FILTERS["topology"](*arguments)


def test_tomcat_port():
    assert FILTERS["tomcat_port"](100, "ajp") == 8109
    assert FILTERS["tomcat_port"]("0", "http") == 8080


@pytest.mark.parametrize("offset, kind, expected", [("x", "ajp", "'x'"), (None, "ajp", "None"), (0, "tls", "'tls'")])
def test_tomcat_port_refuses(offset, kind, expected):
    with pytest.raises(AnsibleFilterError, match=expected):
        FILTERS["tomcat_port"](offset, kind)
