# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""That the bench compares what it says: the same six edits, on files of the size and the look that it names."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import edits
import end_to_end
import in_process
import pytest
import xml_edits
from lxml import etree

STOCK = (Path(__file__).resolve().parents[1] / "unit/fixtures/server.xml").read_bytes()


def wanted(data):
    """What the six edits are about, as lxml reads it."""
    root = etree.fromstring(data)
    ajp = {name: root.find("Service/Connector").get(name) for name in edits.AJP}
    return {
        "shutdown": root.get("port"),
        "route": root.find("Service/Engine").get("jvmRoute"),
        "connectors": [connector.get("protocol") for connector in root.iter("Connector")],
        "ajp": ajp,
        "valve": [
            valve.get("internalProxies") for valve in root.iter("Valve") if valve.get("className") == edits.VALVE
        ],
        "autoDeploy": root.find("Service/Engine/Host").get("autoDeploy"),
    }


SIX_DONE = {
    "shutdown": "8105",
    "route": "jvm1",
    "connectors": ["AJP/1.3"],
    "ajp": edits.AJP,
    "valve": [edits.PROXIES["internalProxies"]],
    "autoDeploy": "false",
}


def test_ours_does_the_six_edits(tmp_path):
    path = tmp_path / "server.xml"
    path.write_bytes(STOCK)
    assert in_process.edit(path, check_mode=False)
    assert wanted(path.read_bytes()) == SIX_DONE
    assert not in_process.edit(path, check_mode=False)


@pytest.mark.skipif(not os.environ.get("RUN_FULL"), reason="installs all of Ansible's community collections")
@pytest.mark.parametrize("name", edits.SIX)
def test_each_tool_does_the_six_edits(tmp_path, name):
    playbooks = end_to_end.Playbooks(xml_edits.venvs.ensure(sys.executable, *xml_edits.OTHERS), tmp_path)
    found = end_to_end.outcome(playbooks, edits.SIX[name], end_to_end.Local(tmp_path), STOCK, "utf-8")
    assert wanted(found.after.encode()) == SIX_DONE


def test_the_files():
    sizes = [len(edits.large(STOCK, size)) / size for size in (10**5, 10**6)]
    assert sizes == pytest.approx([1, 1], rel=0.02)
    variants = edits.variants(STOCK)
    assert len({data for data, _encoding in variants.values()}) == len(variants)
    roots = [etree.fromstring(data) for data, _encoding in variants.values()]
    assert {root.tag for root in roots} == {"Server"}
