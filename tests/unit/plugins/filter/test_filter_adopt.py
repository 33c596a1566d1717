# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.roundrobin.tomcat.plugins.filter.adopt import FilterModule

ADOPT = FilterModule().filters()["adopted_inventory"]
SERVER = """<Server port="8005"><Service name="Catalina"><Connector port="8009" protocol="AJP/1.3" secret="s3cr3t-of-httpd"/>
<Engine name="Catalina" jvmRoute="jvm1"><Host name="localhost"/></Engine></Service></Server>"""


class Text(str):
    """Stands for the tagged strings that Ansible hands to filters."""


def line(name, *words, sections=()):
    text = " ".join([name, *words])
    return {
        "name": name,
        "words": list(words),
        "text": text,
        "file": "/h",
        "line": 1,
        "host": None,
        "sections": list(sections),
    }


def hostvars(lines):
    tomcat = {
        "base": "/t1", "home": "/t1", "version": "9.0.117", "running": True, "user": "tomcat", "group": "tomcat",
        "unit": "", "unit_files": [], "environment_files": [], "contexts": [], "webapps": [], "jars": [],
    }  # fmt: skip
    httpd = {"config": "/h", "server_name": "", "listens": [], "virtual_hosts": [], "lines": lines}
    found = {
        "tomcats": [tomcat],
        "files": {"/t1/conf/server.xml": Text(SERVER)},
        "unreadable": [],
        "httpd": httpd,
        "resolved": {},
        "addresses": [],
    }
    return {
        "app1": {"__adopt_found": found, "ansible_host": Text("127.0.0.1"), "ansible_password": Text("not-carried")}
    }


LINES = [
    line("balancermember", "ajp://127.0.0.1:8009", "route=jvm1", sections=[["proxy", "balancer://c"]]),
    line("proxypass", "/", "balancer://c/"),
]


def test_files_and_list():
    result = ADOPT(hostvars(LINES), ["app1"], port_shift="0")
    assert [(file["path"], file["mode"]) for file in result["files"]] == [
        ("inventory.yml", "0644"),
        ("not_carried_over.txt", "0644"),
        ("group_vars/all/secrets.yml", "0600"),
    ]
    assert (result["instances"], result["secrets"]) == (["jvm1"], 1)
    assert "not-carried" not in str(result)
    assert "s3cr3t" not in str([*result["files"][:2], result["not_carried_over"]])


def test_a_chain_that_is_none():
    with pytest.raises(AnsibleFilterError, match="no httpd with a ProxyPass to a balancer"):
        ADOPT(hostvars([]), ["app1"])


def test_without_variables():
    with pytest.raises(AnsibleFilterError, match="is called as"):
        ADOPT([], ["app1"])
