# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Chains as people make them by hand, in files, read as the module adopt_info reads them; and what the written inventory means to Ansible."""

from __future__ import annotations

import pathlib

import pytest
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.vars.hostvars import HostVars
from ansible.vars.manager import VariableManager

from ansible_collections.roundrobin.tomcat.plugins.filter.topology import FilterModule
from ansible_collections.roundrobin.tomcat.plugins.module_utils import _installation
from ansible_collections.roundrobin.tomcat.plugins.module_utils._httpd_config import read_lines
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._adopt.adoption import (
    AJP_SECRET_TEMPLATE,
    Machine,
    adopt,
)
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._adopt.notes import Notes
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._adopt.text import files_of
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._adopt.tomcat import read_tomcat

FIXTURES = pathlib.Path(__file__).resolve().parents[3] / "fixtures"
SERVER_XML = (FIXTURES / "server.xml").read_text(encoding="utf-8")
CONTEXT_XML = (FIXTURES / "context.xml").read_text(encoding="utf-8")
# The article's own lines.
MANAGER = """<Manager className="de.javakaffee.web.msm.MemcachedBackupSessionManager"
    memcachedNodes="n1:localhost:11211"
    requestUriIgnorePattern=".*\\.(ico|png|gif|jpg|css|js)$" />"""
HTTPD_CONF = """
Listen 80
<Proxy balancer://cluster>
    BalancerMember ajp://localhost:8009 route=jvm1
    BalancerMember ajp://localhost:8109 route=jvm2
</Proxy>
ProxyPass / balancer://cluster/ stickysession=JSESSIONID|jsessionid
"""


class HandMade:
    """The machines of a hand-made chain."""

    def __init__(self, directory):
        self.directory = directory
        self.machines = []
        self.bases = []
        self.httpd_conf = None

    def file(self, name, text):
        path = self.directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def tomcat(self, name="tomcat1", server=SERVER_XML, context=CONTEXT_XML, setenv="", webapps=()):
        """A Tomcat on the next machine."""
        self.file(f"{name}/conf/server.xml", server)
        self.file(f"{name}/conf/context.xml", context)
        if setenv:
            self.file(f"{name}/bin/setenv.sh", setenv)
        for app in webapps:
            (self.directory / name / "webapps" / app).mkdir(parents=True)
        self.bases.append(str(self.directory / name))
        return self

    def httpd(self, text=HTTPD_CONF):
        """An httpd on the next machine."""
        self.httpd_conf = self.file(f"httpd{len(self.machines)}/conf/httpd.conf", text)
        return self

    def machine(self, name="app1", addresses=(), resolved=None, units=(), **connection):
        """A machine with all that was made since the last one."""
        found = _installation.installations(self.bases, None, proc=str(self.directory / "proc"))
        for tomcat, unit in zip(found["tomcats"], units):
            path = self.file(f"units/{unit[0]}", unit[1])
            found["files"][str(path)] = unit[1]
            tomcat.update({"unit": unit[0], "unit_files": [str(path)]})
        found["httpd"] = read_lines(str(self.httpd_conf)) if self.httpd_conf else None
        found["resolved"] = {"localhost": ["127.0.0.1", "::1"], **(resolved or {})}
        found["addresses"] = list(addresses)
        self.machines.append(Machine(name, {"ansible_host": "192.0.2.11", **connection}, found))
        self.bases, self.httpd_conf = [], None
        return self

    def adopt(self, **options):
        return adopt(self.machines, **options)


@pytest.fixture
def hand_made(tmp_path, monkeypatch):
    """Return an empty chain."""
    monkeypatch.setattr(_installation, "UNIT_DIRECTORIES", ())
    (tmp_path / "proc").mkdir()
    return HandMade(tmp_path)


def server_xml(number=1, ajp=8009, http=None, secret='secretRequired="false"', route=None):
    """Tomcat's own file with what the article says: other ports, no HTTP connector, AJP, a jvmRoute."""
    text = SERVER_XML.replace('<Server port="8005"', f'<Server port="{8005 + 100 * (number - 1)}"')
    begin = text.index("    <Connector")
    end = text.index("/>", begin) + 2
    connectors = f'<Connector port="{ajp}" protocol="AJP/1.3" {secret} />' if ajp else ""
    if http:
        connectors += f'\n<Connector port="{http}" protocol="HTTP/1.1" connectionTimeout="20000" />'
    text = text[:begin] + connectors + text[end:]
    engine = '<Engine name="Catalina" defaultHost="localhost">'
    head, mark, tail = text.rpartition(engine)
    assert mark
    return f'{head}<Engine name="Catalina" defaultHost="localhost" jvmRoute="{route or f"jvm{number}"}">{tail}'


def context_xml(inside=MANAGER):
    """Tomcat's own file with something in it."""
    return CONTEXT_XML.replace("</Context>", f"{inside}\n</Context>")


@pytest.fixture
def server():
    """Return a server.xml."""
    return server_xml


@pytest.fixture
def context():
    """Return a context.xml."""
    return context_xml


@pytest.fixture
def the_articles_pair(hand_made):
    """Two Tomcats, httpd and memcached on one machine."""
    for number, ajp in ((1, 8009), (2, 8109)):
        hand_made.tomcat(f"tomcat{number}", server_xml(number, ajp), context_xml())
    return hand_made.httpd().machine()


@pytest.fixture
def as_ansible_reads_it(tmp_path):
    """Return the topology that the written inventory has, all names and values checked, and each host's variables."""

    def _read(adopted):
        directory = tmp_path / "written"
        for file in files_of(adopted, ["app1"]):
            path = directory / file["path"]
            path.parent.mkdir(parents=True, exist_ok=True)
            # Without Ansible's loader of plugins there is no lookup.
            path.write_text(file["content"].replace(AJP_SECRET_TEMPLATE, "made-at-the-first-run"))
        loader = DataLoader()
        inventory = InventoryManager(loader=loader, sources=[str(directory / "inventory.yml")])
        variables = VariableManager(loader=loader, inventory=inventory)
        hostvars = HostVars(inventory, variables, loader)
        return FilterModule().filters()["topology"](hostvars, inventory.get_groups_dict()), hostvars

    return _read


@pytest.fixture
def read_one(hand_made):
    """Return a Tomcat that was read from these files, and what was told meanwhile."""

    def _read(server=SERVER_XML, context=CONTEXT_XML):
        machine = hand_made.tomcat("t", server, context).machine().machines[-1]
        notes = Notes()
        return read_tomcat("app1", machine.found["tomcats"][0], machine.found["files"], {}, notes), notes

    return _read
