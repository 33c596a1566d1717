# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find requests, or None where the host does not have it; who needs it then says so in one sentence."""

# Private to this collection.

from __future__ import annotations

import typing as t

__all__ = ["requests"]

requests: t.Any
try:
    import requests
except ImportError:
    requests = None
