# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Environment, options, jars and paths of an instance. What sh makes of the options is asked of sh; of systemd, in a scenario."""

from __future__ import annotations

import subprocess

import pytest

from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._chain.instance_needs import (
    catalina_opts,
    environment_file,
    jars_in_lib,
    java_options,
    problems_of_needs,
)

SHA256 = "0123456789abcdef" * 4
ODD = [
    "-Xmx1g",
    "-Da=b c  d",
    "-Dq='\"",
    "-Ds=a$b`id`${c}",
    r"-Dw=C:\dir\x",
    "-Dh=*.example.com|localhost",
    "-Du=a?b&c=1;d",
    "-Dp=%h%%",
]


def test_every_option_arrives_as_it_was_given(tmp_path):
    show = tmp_path / "show"
    show.write_text('#!/bin/sh\nfor one in "$@"; do printf "%s\\n" "$one"; done\n')
    show.chmod(0o755)
    found = subprocess.run(
        ["sh", "-c", f'eval exec "{show}" "$CATALINA_OPTS"'],
        env={"CATALINA_OPTS": catalina_opts(ODD, ["-Dfirst=1"], utf8=False), "PATH": "/usr/bin:/bin"},
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    assert found.stdout.splitlines() == ["-Dfirst=1", *ODD]


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("", []),
        ("  -Xmx512m\n -XX:+ExitOnOutOfMemoryError ", ["-Xmx512m", "-XX:+ExitOnOutOfMemoryError"]),
        ("-Da='b c' \"-Dd=e f\" -Dg=", ["-Da=b c", "-Dd=e f", "-Dg="]),
        ('-Da="it\'s"', ["-Da=it's"]),
        (r"-Dw=C:\x -Dn=*|b -Dp=a$b&c", [r"-Dw=C:\x", "-Dn=*|b", "-Dp=a$b&c"]),
        (["-Da=b c", "-Dn"], ["-Da=b c", "-Dn"]),
    ],
)
def test_a_text_is_split_at_blanks_outside_of_quotes(text, options):
    assert java_options(text) == options


def test_a_script_sees_what_kind_of_option_it_is():
    assert catalina_opts(["-javaagent:/opt/my agent.jar"], [], utf8=False).startswith("-javaagent:/opt/my' 'agent")


def test_files_are_in_utf_8_unless_an_option_says_otherwise():
    assert catalina_opts("-Xmx1g", [], utf8=True) == "-Dfile.encoding=UTF-8 -Xmx1g"
    assert catalina_opts("-Dfile.encoding=ISO-8859-1", [], utf8=True) == "-Dfile.encoding=ISO-8859-1"


def test_the_environment_as_systemd_reads_it():
    assert environment_file({"B": 'a"b\\c$d`e', "A": True, "C": "two\nlines", "D": "100%"}) == (
        'A="true"\nB="a\\"b\\\\c\\$d\\`e"\nC="two\nlines"\nD="100%"\n'
    )


def test_jars_that_are_missing_or_are_another_one():
    jars = [
        {"coordinates": "org.postgresql:postgresql:42.7.4", "sha256": SHA256},
        {"coordinates": "com.example:driver:1:jar", "sha256": SHA256},
    ]
    entries = [
        {"path": "/b/lib/roundrobin-postgresql-42.7.4.jar", "checksum": SHA256},
        {"path": "/b/lib/roundrobin-driver-1.jar"},
    ]
    there, other = jars_in_lib(jars, entries, "/b/lib")
    assert (there["missing"], other["missing"]) == (False, True)
    assert there["artifact"] == {"coordinates": "org.postgresql:postgresql:42.7.4:jar", "checksum": SHA256}
    assert (there["fetched_as"], other["path"]) == ("postgresql-42.7.4.jar", "/b/lib/roundrobin-driver-1.jar")


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("environment", [], ""),
        ("environment", ["A"], "must be a dictionary"),
        ("environment", {"1A": "s3cret"}, "has the name '1A'"),
        ("environment", {"JAVA_OPTS": "s3cret"}, "has JAVA_OPTS, which is not accepted: use tomcat_instance_java_opts"),
        ("environment", {"A": ["s3cret"]}, "has no text as the value of A"),
        ("environment", {"A": "s3cret\0"}, "has a NUL in the value of A"),
        ("java_opts", {"a": "b"}, "must be a text, or a list"),
        ("java_opts", "-Da='s3cret", "has a ' without its end: give a list"),
        ("java_opts", ["-Da=s3cret\nb"], "has a NUL or the end of a line in the option -Da"),
        ("java_opts", "-Da=s3 cret", "has an option that does not begin with - (number 2)"),
        ("locale", "de DE", "is 'de DE', it must be the name of a locale"),
        ("jars", "x.jar", "must be a list of"),
        ("jars", [{"coordinates": "a:b:1"}], "has {'coordinates': 'a:b:1'}, it must be"),
        ("jars", [{"coordinates": "a:b", "sha256": SHA256}], "it must be {coordinates"),
        (
            "jars",
            [{"coordinates": f"{g}:b:1", "sha256": SHA256} for g in "ac"],
            "two jars that would be roundrobin-b-1.jar",
        ),
        ("writable_paths", "/srv/x", "must be a list of directories"),
        ("writable_paths", ["srv"], "has 'srv', it must be a directory as /srv/uploads"),
        ("writable_paths", ["/srv/a b"], "has '/srv/a b'"),
        ("writable_paths", ["/srv/../etc"], "has '/srv/../etc'"),
        ("writable_paths", ["/home/x"], "has /home/x, which is not accepted: the unit does not see it (ProtectHome)"),
        ("writable_paths", ["/tmp/x"], "the unit has one of its own (PrivateTmp)"),
        ("writable_paths", ["/var"], "name the directory below it"),
        ("max_header_bytes", 100, "is 100, it must be from 8192 to 65536"),
        ("max_form_bytes", -2, "is -2, it must be from -1"),
        ("access_log_days", 0, "is 0, it must be from 1"),
        ("access_log_days", "x", "is 'x', it must be from 1"),
    ],
)
def test_what_is_not_accepted_is_told(variable, value, words):
    lines = problems_of_needs("app1", {f"tomcat_instance_{variable}": value})
    if not words:
        assert lines == []
        return
    assert lines[0].startswith(f"app1: tomcat_instance_{variable} ")
    assert words in lines[0]
    assert "s3cret" not in lines[0]


def test_what_is_right_is_not_told():
    right = {
        "environment": {"DB_PASSWORD": 'a"$b', "PORT": 5432, "DEBUG": True},
        "java_opts": ODD,
        "locale": "de_DE.UTF-8",
        "jars": [{"coordinates": "org.postgresql:postgresql:42.7.4", "sha256": SHA256}],
        "writable_paths": ["/srv/uploads", "/var/lib/shop"],
        "max_header_bytes": "32768",
        "max_form_bytes": -1,
        "access_log_days": 7,
    }
    assert problems_of_needs("app1", {f"tomcat_instance_{name}": value for name, value in right.items()}) == []
