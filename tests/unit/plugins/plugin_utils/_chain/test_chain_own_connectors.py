# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._chain.own_connectors import own_connectors

AJP = {"protocol": "AJP/1.3", "port": 8009, "state": "present"}
HTTP = {"protocol": "HTTP/1.1", "port": 8080, "state": "disabled"}


def connector(protocol, port, *, ours=False, **different):
    attributes = {"bindOnInit": "false"} if ours else {"redirectPort": "8443"}
    return {"protocol": protocol, "port": str(port), "attributes": attributes, **different}


def which(found, wanted):
    return [{key: value for key, value in one.items() if key not in wanted} for one in own_connectors([wanted], found)]


def test_tomcats_own_file():
    assert own_connectors([AJP, HTTP], None) == [{**AJP, "match": "protocol"}, {**HTTP, "match": "protocol"}]


@pytest.mark.parametrize(
    ("found", "answer"),
    [
        # The role's own, where it is wanted and where it was.
        ([connector("AJP/1.3", 8009, ours=True)], [{"match": "protocol_and_port"}]),
        ([connector("AJP/1.3", 8109, ours=True)], [{"identify_by": {"port": "8109"}}]),
        # Beside an administrator's.
        ([connector("AJP/1.3", 8109, ours=True), connector("AJP/1.3", 8209)], [{"identify_by": {"port": "8109"}}]),
        ([connector("AJP/1.3", 8209)], [{"match": "protocol_and_port"}]),
        ([connector("org.apache.coyote.ajp.AjpNio2Protocol", 8209)], [{"match": "protocol_and_port"}]),
        # In a comment alone.
        ([connector("HTTP/1.1", 8181), connector("AJP/1.3", 8010, state="disabled")], [{"match": "protocol"}]),
    ],
)
def test_one_that_is_wanted(found, answer):
    assert which(found, AJP) == answer


@pytest.mark.parametrize(
    ("found", "answer"),
    [
        ([connector("HTTP/1.1", 8080)], [{"match": "protocol_and_port"}]),
        ([connector("HTTP/1.1", 8180, ours=True), connector("HTTP/1.1", 8181)], [{"identify_by": {"port": "8180"}}]),
        # An administrator's.
        ([connector("HTTP/1.1", 8181)], []),
        ([connector("org.apache.coyote.http11.Http11NioProtocol", 8181), connector("HTTP/1.1", 8182)], []),
        ([{"port": "8181"}], []),
        ([connector("HTTP/1.1", 8443, attributes={"SSLEnabled": "true"})], []),
        ([connector("AJP/1.3", 8009, ours=True)], []),
        ([], []),
    ],
)
def test_one_that_is_to_go(found, answer):
    assert which(found, HTTP) == answer
