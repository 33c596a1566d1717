# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._session_jars import compare

LIB = "/var/opt/tomcat/jvm1/lib"
MADE = "/opt/tomcat/session-manager-9.0.117-0123456789ab"
WANTED = ["roundrobin-spymemcached-2.12.3.jar", "roundrobin-session-manager.jar"]


def entries(directory, **checksums):
    """Jars by their checksums; a is roundrobin-a.jar."""
    return [
        {"path": f"{directory}/roundrobin-{name}.jar", "type": "file", "checksum": checksum}
        for name, checksum in checksums.items()
    ]


def differ(here, there, wanted=("roundrobin-a.jar", "roundrobin-b.jar")):
    return compare([*here, *there], list(wanted), lib=LIB, made=MADE)


def test_all_are_missing_while_they_are_not_made():
    assert compare([], WANTED, lib=LIB, made=MADE) == {"missing": WANTED, "stale": []}
    there = [{"path": f"{LIB}/{name}", "type": "file", "checksum": "1"} for name in WANTED]
    assert compare(there, WANTED, lib=LIB, made=MADE) == {"missing": WANTED, "stale": []}


def test_none_is_missing_where_all_are_the_same():
    found = differ(entries(LIB, a="1", b="2"), entries(MADE, a="1", b="2"))
    assert found == {"missing": [], "stale": []}


def test_one_is_missing_that_is_not_there_or_has_another_content():
    assert differ(entries(LIB, a="1"), entries(MADE, a="1", b="2"))["missing"] == ["roundrobin-b.jar"]
    assert differ(entries(LIB, a="2", b="2"), entries(MADE, a="1", b="2"))["missing"] == ["roundrobin-a.jar"]


def test_one_that_was_not_made_is_missing_and_not_passed_over():
    assert differ(entries(LIB, a="1"), entries(MADE, a="1"))["missing"] == ["roundrobin-b.jar"]


def test_those_of_another_store_or_version_are_stale():
    found = differ(entries(LIB, a="1", b="2", old="3"), entries(MADE, a="1", b="2"))
    assert found == {"missing": [], "stale": [f"{LIB}/roundrobin-old.jar"]}
    assert differ(entries(LIB, a="1"), [], wanted=()) == {"missing": [], "stale": [f"{LIB}/roundrobin-a.jar"]}


def test_what_others_have_put_into_lib_is_neither():
    names = ["postgresql-42.jar", "spymemcached-2.12.3.jar", "memcached-session-manager-tc9-2.3.2.jar"]
    names += ["memcached-session-manager.jar", "my-roundrobin-1.jar", "roundrobin-notes.txt", "roundrobin-a.jar.bak"]
    there = [{"path": f"{LIB}/{name}", "type": "file", "checksum": "1"} for name in names]
    # The jars of memcached-session-manager were put there by the role, before it gave them a prefix.
    assert compare(there, [], lib=LIB, made=MADE)["stale"] == [f"{LIB}/{name}" for name in names[1:3]]


def test_what_lies_elsewhere_is_not_looked_at():
    elsewhere = entries(f"{LIB}-of-another", a="1") + entries(f"{LIB}/below", a="1") + entries("/opt/tomcat", b="2")
    assert compare(elsewhere, [], lib=LIB, made=MADE) == {"missing": [], "stale": []}
    directory = {"path": f"{LIB}/roundrobin-a.jar", "type": "directory", "checksum": None}
    assert compare([directory], [], lib=LIB, made=MADE)["stale"] == []
