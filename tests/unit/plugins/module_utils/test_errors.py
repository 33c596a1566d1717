# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the collection's own code raises."""

from __future__ import annotations

import pytest

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError


def test_an_error_has_a_message_and_what_a_module_returns_beside_it():
    with pytest.raises(CollectionError, match="^it does not run$") as caught:
        raise CollectionError("it does not run", log_lines=["a", "b"], version="1.0")
    assert str(caught.value) == caught.value.message == "it does not run"
    assert caught.value.details == {"log_lines": ["a", "b"], "version": "1.0"}


def test_an_error_needs_no_details():
    assert CollectionError("x").details == {}
