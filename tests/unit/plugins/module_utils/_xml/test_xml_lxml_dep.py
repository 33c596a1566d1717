# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host may have no lxml: what is imported there says so later, in the module's words."""

from __future__ import annotations

import importlib.util
import sys

import lxml.etree

from ansible_collections.roundrobin.tomcat.plugins.module_utils._xml import lxml_dep


def loaded_again():
    """The file once more, as a module that nobody else has."""
    spec = importlib.util.spec_from_file_location("lxml_dep_again", lxml_dep.__file__)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_lxml_is_found():
    assert (lxml_dep.etree, lxml_dep.LXML_IMPORT_ERROR) == (lxml.etree, None)


def test_without_lxml_the_import_goes_through_and_the_reason_is_kept(monkeypatch):
    monkeypatch.setitem(sys.modules, "lxml", None)
    again = loaded_again()
    assert again.etree is None
    assert again.LXML_IMPORT_ERROR.startswith("Traceback (most recent call last):")
    assert "lxml" in again.LXML_IMPORT_ERROR.splitlines()[-1]
