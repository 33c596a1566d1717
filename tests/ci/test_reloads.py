# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a reload by hand explains of what users noticed, and what it does not (molecule/shared/reloads.py)."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "molecule/shared"))

from reloads import reloads, unexplained

BEGAN = 1_796_000_000.0
STARTED = "2026-11-30T00:53:20.000+00:00"


def report(*events):
    return {"started": STARTED, "events": [{"at": at, "cause": cause} for at, cause in events]}


def test_a_connection_that_a_reload_closed():
    assert unexplained(report((10.3, "closed_reused"), (11.4, "closed_reused")), [BEGAN + 10], users=2) == []


@pytest.mark.parametrize(
    "at, cause", [(9.0, "closed_reused"), (11.6, "closed_reused"), (10.3, "status_503"), (10.3, "lost")]
)
def test_what_it_does_not_explain(at, cause):
    assert unexplained(report((at, cause)), [BEGAN + 10], users=30) == [{"at": at, "cause": cause}]


def test_one_for_each_user_and_reload():
    found = report(*[(10.3, "closed_reused")] * 5)
    assert len(unexplained(found, [BEGAN + 10], users=2)) == 3
    assert len(unexplained(found, [BEGAN + 10, BEGAN + 10.1], users=2)) == 1


def test_the_moment_is_httpds():
    class Host:
        def command(self, _host, _command):
            return "[Mon Nov 30 00:53:30.250000 2026] [mpm_event:notice] [pid 7:tid 7] AH00493: SIGUSR1 received.  Doing graceful restart"

    assert reloads(Host(), "web1") == [BEGAN + 10.25]
