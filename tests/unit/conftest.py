# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Let `pytest tests/unit` work in a checkout, whatever folder it is cloned into."""

from __future__ import annotations

import importlib.util
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def _importable() -> bool:
    try:
        return importlib.util.find_spec("ansible_collections.roundrobin.tomcat.plugins.module_utils") is not None
    except ModuleNotFoundError:
        return False


# ansible-test has a loader of its own; elsewhere the checkout finds itself as the collection.
if not _importable():
    sys.path.insert(0, str(ROOT / ".collections"))
    for name in [name for name in sys.modules if name.partition(".")[0] == "ansible_collections"]:
        del sys.modules[name]
