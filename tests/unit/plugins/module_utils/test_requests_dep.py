# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host may have no requests: what is imported there says so later, in the module's words."""

from __future__ import annotations

import importlib.util
import sys

import requests

from ansible_collections.roundrobin.tomcat.plugins.module_utils import _requests_dep


def test_requests_is_found():
    assert _requests_dep.requests is requests


def test_without_requests_the_import_goes_through(monkeypatch):
    monkeypatch.setitem(sys.modules, "requests", None)
    spec = importlib.util.spec_from_file_location("requests_dep_again", _requests_dep.__file__)
    again = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(again)
    assert again.requests is None
