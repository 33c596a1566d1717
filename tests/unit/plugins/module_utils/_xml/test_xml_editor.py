# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One element after the other is brought into its state; what was done is told, and no element is meant twice."""

from __future__ import annotations

import pytest

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError

HTTP = {"protocol": "HTTP/1.1", "port": "8080"}
HTTP_OFF = {**HTTP, "state": "disabled"}
ALIAS = {"tag": "Alias", "text": "www.example.com"}


def test_an_executor_stands_before_the_connectors(edited, server):
    data = server('    <Connector port="1"/>\n')
    item = {"parent": "/Server/Service", "tag": "Executor", "identify_by": {"name": "x"}}
    after = edited({"elements": [item]}, data)
    assert after == server('    <Executor name="x"/>\n    <Connector port="1"/>\n')


def test_of_two_commented_connectors_the_similar_one_comes_back(edited, delta, stock):
    once = edited({"connectors": [HTTP_OFF]})
    assert edited({"connectors": [HTTP]}, once) == stock
    pool = {**HTTP, "attributes": {"executor": "tomcatThreadPool"}}
    assert delta(once, edited({"connectors": [pool]}, once)) == ["-    <!--", "-    -->"]


def test_changes_are_told_without_secrets(apply, server):
    data = server('    <Connector port="1" protocol="AJP/1.3" secret="old-hush"/>\n')
    options = {
        "jvm_route": "r",
        "connectors": [
            {"protocol": "ajp", "port": "1", "attributes": {"secret": "hush"}},
            {"protocol": "http", "port": "2", "attributes": {"keystorePass": "hush", "myKey": "hush"}},
        ],
        "secret_attributes": ["mykey"],
    }
    _data, changes, _warnings = apply(options, data)
    assert "hush" not in str(changes)
    assert changes == [
        {
            "action": "set",
            "element": 'Server/Service[@name="S"]/Engine[@name="E"]',
            "attribute": "jvmRoute",
            "before": None,
            "after": "r",
        },
        {
            "action": "set",
            "element": 'Server/Service[@name="S"]/Connector[@port="1"]',
            "attribute": "secret",
            "before": "********",
            "after": "********",
        },
        {
            "action": "added",
            "element": 'Server/Service[@name="S"]/Connector[@port="2"]',
            "attributes": {"port": "2", "protocol": "HTTP/1.1", "keystorePass": "********", "myKey": "********"},
        },
    ]


def test_a_text_is_set_where_attributes_tell(apply, edited, delta):
    data = edited({"hosts": [{"children": [{"tag": "X", "identify_by": {"id": 1}, "text": "old"}]}]})
    options = {"hosts": [{"children": [{"tag": "X", "identify_by": {"id": 1}, "text": 5}]}]}
    assert delta(data, edited(options, data)) == ['-        <X id="1">old</X>', '+        <X id="1">5</X>']
    _after, changes, _warnings = apply(options, data)
    assert changes == [
        {
            "action": "set_text",
            "element": 'Server/Service[@name="Catalina"]/Engine[@name="Catalina"]/Host[@name="localhost"]/X',
            "before": "old",
            "after": "5",
        }
    ]


def test_text_is_not_put_over_elements(apply):
    options = {
        "elements": [{"parent": "//Service", "tag": "Engine", "identify_by": {"name": "Catalina"}, "text": "hello"}]
    }
    with pytest.raises(
        CollectionError, match=r"server.xml:\d+: elements\[0\] .* gives text to an element that holds other"
    ):
        apply(options)


def test_a_purged_cluster_has_what_its_children_name(edited):
    channel = {"tag": "Channel", "children": [{"tag": "Member", "identify_by": {"port": 1}}]}
    wanted = {"clusters": [{"class_name": "a.B", "children": [channel], "purge": True}]}
    data = edited(wanted)
    more = {"tag": "Channel", "children": [{"tag": "Member", "identify_by": {"port": 2}}, {"tag": "Sender"}]}
    longer = edited({"clusters": [{"class_name": "a.B", "children": [more, {"tag": "Valve"}]}]}, data)
    assert longer.count(b"<Member") == 2 and b"<Sender" in longer and b"<Valve/>" in longer.replace(b" />", b"/>")
    assert edited(wanted, longer) == data
    wanted["clusters"][0]["purge"] = False
    assert edited(wanted, longer) == longer


def test_an_unknown_attribute_is_a_warning(apply):
    options = {
        "engine": {"attributes": {"jvmroute": "a"}},
        "connectors": [{**HTTP, "attributes": {"maxthreads": 5}}],
        "valves": [{"class_name": "org.example.Mine", "attributes": {"maxthreads": 5}}],
    }
    _after, _changes, warnings = apply(options)
    service = 'server.xml: Server/Service[@name="Catalina"]/'
    unknown = "is not known to Tomcat 9, 10.1 or 11; did you mean"
    assert warnings == [
        service + f"Engine[@name=\"Catalina\"]: Engine: attribute 'jvmroute' {unknown} 'jvmRoute'?",
        service + f"Connector[@port=\"8080\"]: Connector: attribute 'maxthreads' {unknown} 'maxThreads'?",
    ]


def test_secrets_of_all_depths_are_in_no_change_and_no_message(apply):
    child = {
        "tag": "Store",
        "identify_by": {"pin": "hush1"},
        "attributes": {"password": "hush2"},
        "children": [{"tag": "Pin", "text": "hush3"}],
    }
    options = {"secret_attributes": ["pin"], "hosts": [{"children": [child]}]}
    once, changes, _warnings = apply(options)
    assert once.count(b"hush") == 3
    assert "hush" not in str(changes)
    for bad in (
        {**child, "attributes": {"pin": "hush4"}},
        {**child, "identify_by": {}, "text": "hush5", "tag": "Pin", "children": [{"tag": "X"}]},
        {"tag": "Pin", "text": "hush\0"},
    ):
        with pytest.raises(CollectionError) as caught:
            apply({**options, "hosts": [{"children": [bad]}]}, once)
        assert "hush" not in str(caught.value)
    with pytest.raises(CollectionError, match="mean the same element") as caught:
        apply({**options, "hosts": [{"children": [child["children"][0], child["children"][0]]}]})
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"hosts": [{"name": "a"}, {"name": "a"}]},
            r"hosts\[0\] \(Host with name='a'\) and hosts\[1\] \(Host with name='a'\) mean the same",
        ),
        ({"elements": [{"parent": "/Server", "tag": "Listener"}]}, r"matches 2 elements \(lines 4, 8\)"),
        ({"hosts": [{"children": [ALIAS, ALIAS]}]}, r"children\[0\] .* and .*children\[1\] .* mean the same element"),
        (
            {"hosts": [{"children": [ALIAS, {**ALIAS, "state": "absent"}]}]},
            "with the text 'www.example.com'.* mean the same element",
        ),
        (
            {"valves": [{"class_name": "a.V"}, {"class_name": "a.V", "identify_by": {"x": 1}, "state": "present"}]},
            r"valves\[0\] .* and valves\[1\] .*x='1'.* mean the same element",
        ),
        (
            {
                "valves": [{"class_name": "a.V", "attributes": {"x": 1}}],
                "elements": [{"parent": "//Host", "tag": "Valve", "identify_by": {"x": 1}}],
            },
            r"valves\[0\] .* and elements\[0\] .* mean the same element",
        ),
        ({"clusters": [{"class_name": "a.B"}, {"class_name": "a.C"}]}, "mean the same element"),
    ],
)
def test_which_element_is_meant_must_be_clear(apply, options, message):
    with pytest.raises(CollectionError, match=message):
        apply(options)
