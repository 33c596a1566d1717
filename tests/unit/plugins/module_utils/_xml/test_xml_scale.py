# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Four times the file takes four times as long, not sixteen."""

from __future__ import annotations

import time

import pytest

from ansible_collections.roundrobin.tomcat.plugins.module_utils._xml.document import XmlDocument
from ansible_collections.roundrobin.tomcat.plugins.module_utils._xml.server import ServerXml

CONNECTOR = '    <Connector port="{}" protocol="HTTP/1.1" address="127.0.0.1" />\n'
HOST = '      <Host name="h{0}">\n        <!-- of {0} -->\n        <Alias>www.h{0}</Alias>\n      </Host>\n'
OPTIONS = {
    "shutdown_port": -1,
    "jvm_route": "jvm1",
    "hosts": [{"attributes": {"autoDeploy": False}}],
    "valves": [{"class_name": "org.example.Valve"}],
    "connectors": [
        {"protocol": "AJP/1.3", "port": 8009},
        {"protocol": "HTTP/1.1", "port": 10001, "state": "disabled"},
    ],
}


def server(connectors="", hosts=""):
    return (
        f'<Server port="8005">\n  <Service name="S">\n{connectors}    <Engine name="E" defaultHost="localhost">\n'
        f'      <Host name="localhost" />\n{hosts}    </Engine>\n  </Service>\n</Server>\n'
    )


SHAPES = {
    "connectors": lambda count: server("".join(CONNECTOR.format(10000 + number) for number in range(count))),
    "connectors in one comment": lambda count: server(
        "    <!--\n" + "".join(CONNECTOR.format(10000 + number) for number in range(count)) + "    -->\n"
    ),
    "connectors in comments": lambda count: server(
        "".join(f"<!-- {CONNECTOR.format(10000 + number)}    -->\n" for number in range(count))
    ),
    "hosts": lambda count: server(hosts="".join(map(HOST.format, range(count)))),
    "hosts on one line": lambda count: server(hosts="".join(map(HOST.format, range(count)))).replace("\n", ""),
    "start tags without an end": lambda count: server(
        "    <!-- " + "<Connector port='1' \n<Connector>" * (count // 2) + " -->\n"
    ),
    "one long comment": lambda count: server(f"<!-- {'words - ' * 10 * count} -->\n"),
}


def seconds(text):
    """Return the processor time of six edits of a file, from bytes to bytes."""
    data = text.encode()
    times = []
    for _number in range(3):
        start = time.process_time()
        document = XmlDocument(data, "server.xml")
        ServerXml(document, OPTIONS).apply()
        document.prove()
        assert document.to_bytes() != data
        times.append(time.process_time() - start)
    return min(times)


@pytest.mark.parametrize("shape", SHAPES)
def test_time_grows_as_the_file_does(shape):
    small, large = SHAPES[shape](500), SHAPES[shape](2000)
    # Whatever else the machine does only adds to one of the two; time that grows with the square fails each time.
    assert any(seconds(large) < 9 * seconds(small) for _try in range(4))
