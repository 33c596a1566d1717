# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find lxml, or remember why it could not be found.

Ansible loads module_utils on hosts without lxml too; the module then says so in
one sentence instead of showing a traceback.
"""

# Private to this collection.

from __future__ import annotations

import traceback
import typing as t

__all__ = ["LXML_IMPORT_ERROR", "etree"]

LXML_IMPORT_ERROR: str | None = None
# lxml ships no type information.
etree: t.Any
try:
    from lxml import etree
except ImportError:
    etree = None
    LXML_IMPORT_ERROR = traceback.format_exc()
