# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
from datetime import datetime

from ansible_collections.roundrobin.tomcat.plugins.module_utils._tomcat import log as _tomcat_log

LOG = """\
23-Nov-2026 21:59:59.999 SEVERE [main] a.B.c An old trouble
\tjava.lang.Old: gone
23-Nov-2026 22:00:01.000 INFO [main] a.B.c Deploying
\tcontinued
23-Nov-2026 22:00:02.000 SEVERE [main] a.B.c Exception sending context initialized event
\tjava.lang.IllegalStateException: no database
\t\tat com.shop.Start.contextInitialized(Start.java:10)
\t\tat com.shop.Start.contextInitialized(Start.java:11)
\t\tat com.shop.Start.contextInitialized(Start.java:12)
\tCaused by: java.net.ConnectException: Connection refused
\t\tat java.net.Socket.connect(Socket.java:1)
\t\t... 20 more
\t\t... 21 more
23-Nov-2026 22:00:03.000 WARNING [main] a.B.c Something
23-Nov-2026 22:00:04.000 SEVERE [main] a.B.c Context [/shop] startup failed due to previous errors
"""


def test_telling_lines():
    assert _tomcat_log.telling_lines(LOG, datetime(2026, 11, 23, 22, 0, 0)) == [
        "23-Nov-2026 22:00:02.000 SEVERE [main] a.B.c Exception sending context initialized event",
        "\tjava.lang.IllegalStateException: no database",
        "\t\tat com.shop.Start.contextInitialized(Start.java:10)",
        "\t\tat com.shop.Start.contextInitialized(Start.java:11)",
        "\tCaused by: java.net.ConnectException: Connection refused",
        "\t\tat java.net.Socket.connect(Socket.java:1)",
        "\t\t... 20 more",
        "23-Nov-2026 22:00:04.000 SEVERE [main] a.B.c Context [/shop] startup failed due to previous errors",
    ]


def test_what_is_no_log_says_nothing():
    assert _tomcat_log.telling_lines("SEVERE hello\n99-Nov-2026 22:00:00.0 SEVERE x\n\n", datetime(2000, 1, 1)) == []
    assert _tomcat_log.telling_lines("23-Mon-2026 22:00:00.0 SEVERE x\n", datetime(2000, 1, 1)) == []


def test_lines_are_bounded():
    line = "23-Nov-2026 22:00:02.000 SEVERE [main] " + "x" * 1000 + "\n"
    found = _tomcat_log.telling_lines(line * 100, datetime(2000, 1, 1))
    assert len(found) == _tomcat_log.MAX_LINES
    assert {len(each) for each in found} == {_tomcat_log.MAX_LINE}


def test_newest_file(tmp_path):
    for day, name in enumerate(("catalina.1.log", "catalina.2.log", "localhost.1.log"), 1):
        (tmp_path / name).write_text("")
        os.utime(tmp_path / name, (day, day))
    (tmp_path / "catalina.3.log").mkdir()
    assert _tomcat_log.newest_file(str(tmp_path / "catalina.*.log")) == str(tmp_path / "catalina.2.log")
    assert _tomcat_log.newest_file(str(tmp_path / "nothing*")) is None


def test_read_log(tmp_path, monkeypatch):
    path = tmp_path / "catalina.log"
    pattern, since = str(tmp_path / "cat*.log"), datetime(2026, 11, 23, 22, 0, 4)
    assert _tomcat_log.read_log(pattern, since) == (None, [])
    path.write_text(LOG)
    found, telling = _tomcat_log.read_log(pattern, since)
    assert (found, [line[:31] for line in telling]) == (str(path), ["23-Nov-2026 22:00:04.000 SEVERE"])

    def refuse(dummy):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(_tomcat_log, "read_tail", refuse)
    assert _tomcat_log.read_log(pattern, since) == (str(path), [f"{path} cannot be read: Permission denied"])


def test_read_logs(tmp_path):
    since = datetime(2026, 11, 23, 22, 0, 4)
    (tmp_path / "catalina.log").write_text(LOG)
    (tmp_path / "quiet.log").write_text("23-Nov-2026 22:00:09.000 INFO [main] a.B.c Fine\n")
    patterns = [str(tmp_path / name) for name in ("cat*.log", "quiet.log", "none.log")]
    assert _tomcat_log.read_logs(patterns, since) == [
        f"{tmp_path}/catalina.log:",
        "23-Nov-2026 22:00:04.000 SEVERE [main] a.B.c Context [/shop] startup failed due to previous errors",
        f"{tmp_path}/none.log: no such file",
    ]
    assert _tomcat_log.read_logs([], since) == []


def test_read_tail(tmp_path):
    path = tmp_path / "log"
    path.write_bytes(b"begin" + b"\xff" * _tomcat_log.TAIL_BYTES + b"end")
    text = _tomcat_log.read_tail(str(path))
    assert text.endswith("end")
    assert len(text) == _tomcat_log.TAIL_BYTES
