# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is read of a context.xml and a web.xml, and what is not: they are an upload. tests/loopback/test_parallel_sessions.py has a real Tomcat."""

from __future__ import annotations

import time

import pytest

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError
from ansible_collections.roundrobin.tomcat.plugins.module_utils._releases.descriptors import (
    CONTEXT,
    MAX_BYTES,
    OF_ALL,
    WEB,
    of_instance,
    of_one,
    says,
    says_below,
)

SILENT = {"manager": None, "override": False, "cookies": True, "cookie_name": None, "cookie_path": None}
SILENT_WEB = {"cookie_name": None, "cookie_path": None, "tracking_modes": [], "timeout": None}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("<Context/>", {}),
        ('<Context><Manager pathname=""/></Context>', {"manager": "org.apache.catalina.session.StandardManager"}),
        ('<Context><Manager className="a.B"><Store className="c.D"/></Manager></Context>', {"manager": "a.B"}),
        ('<Context override="TRUE"/>', {"override": True}),
        ('<Context cookies="false"/>', {"cookies": False}),
        ('<Context sessionCookieName="S" sessionCookiePath="/x"/>', {"cookie_name": "S", "cookie_path": "/x"}),
        # Tomcat looks for it below Context alone, and not in a comment.
        ("<Context><Resources><Manager/></Resources><!-- <Manager/> --></Context>", {}),
    ],
)
def test_a_context(text, found):
    assert says(CONTEXT, text.encode()) == {**SILENT, **found}


@pytest.mark.parametrize(
    ("below", "found"),
    [
        ("", {}),
        ("<session-config><session-timeout> -1 </session-timeout></session-config>", {"timeout": "-1"}),
        (
            "<session-config><cookie-config><name>S</name><path>/</path></cookie-config></session-config>",
            {"cookie_name": "S", "cookie_path": "/"},
        ),
        (
            "<session-config><tracking-mode>URL</tracking-mode><tracking-mode>ssl</tracking-mode></session-config>",
            {"tracking_modes": ["URL", "SSL"]},
        ),
        ("<filter><name>S</name></filter>", {}),
    ],
)
@pytest.mark.parametrize(
    "around",
    [
        "<web-app>{}</web-app>",
        '<web-app xmlns="https://jakarta.ee/xml/ns/jakartaee" version="6.0">{}</web-app>',
        (
            '<!DOCTYPE web-app PUBLIC "-//Sun Microsystems, Inc.//DTD Web Application 2.3//EN" '
            '"http://198.18.255.254/web-app_2_3.dtd"><web-app>{}</web-app>'
        ),
    ],
)
def test_a_web_xml(around, below, found):
    assert says(WEB, around.format(below).encode()) == {**SILENT_WEB, **found}


def test_a_namespace_with_a_prefix():
    text = (
        '<j:web-app xmlns:j="https://jakarta.ee/xml/ns/jakartaee"><j:session-config>'
        "<j:session-timeout>5</j:session-timeout></j:session-config></j:web-app>"
    )
    assert says(WEB, text.encode())["timeout"] == "5"


@pytest.mark.parametrize("encoding", ["utf-16", "iso-8859-15"])
def test_encodings(encoding):
    text = f'<?xml version="1.0" encoding="{encoding}"?><Context sessionCookieName="S"><!-- ä --></Context>'
    assert says(CONTEXT, text.encode(encoding))["cookie_name"] == "S"


@pytest.mark.parametrize("text", ["", "<Context>", "<Context/><Context/>", "no XML", '<Context a="1" a="2"/>'])
def test_what_is_not_well_formed_is_refused(text):
    with pytest.raises(CollectionError, match=r"^a.war: META-INF/context.xml is not well-formed XML .* Mend the file$"):
        says(f"a.war: {CONTEXT}", text.encode())


@pytest.mark.parametrize(
    "declared",
    [
        '<!ENTITY a SYSTEM "file:///etc/passwd">',
        '<!ENTITY % a SYSTEM "http://198.18.255.254/">',
        '<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">',
    ],
)
def test_entities_are_never_put_in_place(declared):
    text = f"<!DOCTYPE Context [{declared}]><Context>&a;</Context>"
    assert says(CONTEXT, text.encode()) == {"unread": "it declares entities"}


@pytest.mark.parametrize("encoding", ["Shift_JIS", "x-none"])
def test_an_encoding_that_is_not_known_is_told(encoding):
    text = f'<?xml version="1.0" encoding="{encoding}"?><Context/>'
    assert says(CONTEXT, text.encode()) == {"unread": "its encoding is not known here"}


def test_a_file_that_is_too_large():
    with pytest.raises(CollectionError, match="more than 8 MiB"):
        says(CONTEXT, b" " * (MAX_BYTES + 1))


def test_deep_elements_cost_neither_stack_nor_time():
    """With a path of its own for each of them it would take minutes."""
    began = time.monotonic()
    assert says(CONTEXT, b"<Context>" + b"<a>" * 1_000_000 + b"</a>" * 1_000_000 + b"</Context>") == SILENT
    assert time.monotonic() - began < 30


def test_the_files_of_an_instance(tmp_path):
    assert of_instance(str(tmp_path)) == {key: {} for key in OF_ALL}
    (tmp_path / "conf/Catalina/localhost").mkdir(parents=True)
    for path, text in (
        (OF_ALL[0], "<Context/>"),
        (OF_ALL[1], "<Context><Manager/></Context>"),
        (of_one("a#b"), '<Context override="true"/>'),
        (of_one("shop"), "<Context"),
    ):
        (tmp_path / path).write_text(text)
    found = of_instance(str(tmp_path))
    assert list(found) == [*OF_ALL, of_one("a#b"), of_one("shop")]
    assert found[OF_ALL[0]] == SILENT
    assert found[OF_ALL[1]]["manager"] and found[of_one("a#b")]["override"]
    assert "not well-formed" in found[of_one("shop")]["unread"]


def test_a_file_that_cannot_be_read_is_told(tmp_path):
    (tmp_path / "context.xml").mkdir()
    assert says_below(str(tmp_path), "context.xml") == {"unread": "Is a directory"}
