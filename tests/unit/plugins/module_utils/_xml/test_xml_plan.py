# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What server.xml and context.xml have in common: their root, the option elements, and options that contradict each other."""

from __future__ import annotations

import pytest

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError


@pytest.mark.parametrize(
    "data", [b"<Context/>", b"<web-app/>", b'<x:Server xmlns:x="urn:x"/>', b'<!DOCTYPE Server><server port="8005"/>']
)
def test_another_kind_of_file(apply, data):
    with pytest.raises(CollectionError, match="server.xml:1: the root element is .* begins with Server"):
        apply({"jvm_route": "r"}, data)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"elements": [{"parent": "/Server/X", "tag": "Y"}]}, "selects 0 elements"),
        ({"elements": [{"parent": "//Listener", "tag": "Y"}]}, r"selects 2 elements \(lines 4, 8\)"),
        ({"elements": [{"parent": "/Server[", "tag": "Y"}]}, "is not a valid XPath"),
        ({"elements": [{"parent": "/Server", "tag": "a b"}]}, "'a b' cannot be the name of an element"),
        (
            {
                "jvm_route": "a",
                "elements": [{"parent": "//Service", "tag": "Engine", "attributes": {"jvmRoute": "b"}}],
            },
            r"contradict each other, each run would change the file again \(set jvmRoute: Server/Service.*/Engine",
        ),
    ],
)
def test_bad_options_of_all_files(apply, options, message):
    with pytest.raises(CollectionError, match=message):
        apply(options)
