# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The scenarios' tests have a short form, which is everything CI runs, and a longer one: ./run test --full."""

from __future__ import annotations

import os

import pytest

FULL = bool(os.environ.get("RUN_FULL"))
#: A test for the longer form only; its docstring says what proves the same in the short one.
at_length = pytest.mark.skipif(not FULL, reason="./run test --full")
