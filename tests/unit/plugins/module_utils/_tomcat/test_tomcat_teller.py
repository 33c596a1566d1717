# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is asked of a Tomcat about a session manager; tests/loopback/test_one_session.py has a real one."""

from __future__ import annotations

import pathlib
import re

import pytest

from ansible_collections.roundrobin.tomcat.plugins.module_utils._tomcat import teller
from ansible_collections.roundrobin.tomcat.plugins.module_utils._tomcat.health import Answer

RULES = pathlib.Path(__file__).resolve().parents[5] / "roles/tomcat_instance/files/roundrobin-sessions.rewrite.config"


def said(text):
    return Answer(0.1, 200, f"OK - Attribute get 'Catalina:type=Manager' - notStored = {text}\r\n")


@pytest.mark.parametrize("attribute", [teller.CLASS, teller.NOT_STORED])
@pytest.mark.parametrize(("name", "version"), [("ROOT", ""), ("a#b", "000001")])
def test_what_is_asked_is_what_may_be_asked(attribute, name, version):
    asked = []
    teller.ask_manager(lambda path: asked.append(path) or said("1"), name, version, attribute)
    (path,) = asked
    assert path.startswith("/roundrobin-sessions/?")
    allowed = re.search(r"%\{QUERY_STRING\} !(\S+)", RULES.read_text())[1]
    assert re.search(allowed, path.partition("?")[2])
    assert not re.search(allowed, path.partition("?")[2] + "x")


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        (said("2 1536211 1"), teller.NotStored(2, 1536211, 1)),
        (said("many"), None),
        (Answer(0.1, 403, "Forbidden"), None),
        (Answer(0.1, error="Connection refused"), None),
    ],
)
def test_figures(answer, found):
    assert teller.read_not_stored(lambda path: answer, "ROOT", "") == found


def test_why_there_is_no_answer():
    assert teller.why_silent(Answer(0.1, error="Connection refused")) == "Connection refused"
    assert teller.why_silent(Answer(0.1, 403, "no")) == "status 403, 'no'"
