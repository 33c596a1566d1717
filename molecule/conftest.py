# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""For the tests of all scenarios; the verifier's confcutdir makes pytest look here."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent / "shared"))

from chain import Chain

# What they assert is told as that of a test is.
pytest.register_assert_rewrite("ways")


@pytest.fixture(scope="session")
def chain():
    """The scenario's chain, with a first release of the sample application on it."""
    chain = Chain.of_scenario()
    first = chain.deploy("1.0")
    assert first.returncode == 0, first.stdout
    return chain
