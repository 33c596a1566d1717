# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Applications lock their session with synchronized(session): that is one object for all requests, also for the first ones after a move."""

from __future__ import annotations

import archives
import loopback_store
import pytest
from loopback import ROOT

VERSION = next(version for version in archives.releases() if version.startswith("10.1."))


@pytest.mark.parametrize("store", ["memcached", "redis"])
def test_a_session_has_one_lock(tmp_path, store):
    home = loopback_store.unpack(VERSION, store, tmp_path)
    test = ROOT / "tests/loopback/SessionLock.java"
    jars = f"{loopback_store.made_for(home)}/session-store/*"
    assert loopback_store.run_java(home, test, loopback_store.MANAGERS[store], also=[jars]) == "different locks: 0\n"
