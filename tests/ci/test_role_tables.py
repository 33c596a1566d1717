# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from pathlib import Path

import pytest
import role_tables

READMES = role_tables.readmes()


@pytest.mark.parametrize("readme", READMES, ids=lambda path: path.parent.name)
def test_the_table_of_a_role_is_that_of_its_specs(readme: Path) -> None:
    assert readme.read_text() == READMES[readme], "run: python tests/ci/role_tables.py"


def test_each_role_has_one() -> None:
    assert sorted(path.parent.name for path in READMES) == sorted(
        path.name for path in role_tables.ROOT.glob("roles/*")
    )


@pytest.mark.parametrize(
    "option, row",
    [
        (
            {"type": "int", "default": 0, "description": "Added to the ports, as V(1\\)) or O(x=2). C(8005) not."},
            "| `x` | int | `0` | Added to the ports, as `1)` or `x=2`. |",
        ),
        (
            {"type": "list", "elements": "str", "default": ["!" * 50], "description": ["C(a|b), e.g. this.", "More."]},
            "| `x` | list of str | see the specs | `a\\|b`, e.g. this. |",
        ),
        (
            {"type": "str", "required": True, "description": "By P(a.b.c#filter)."},
            "| `x` | str | required | By `a.b.c`. |",
        ),
        ({"type": "str", "default": "", "description": "Text."}, "| `x` | str | `''` | Text. |"),
        ({"type": "str", "description": "Text."}, "| `x` | str |  | Text. |"),
    ],
)
def test_a_row(option: dict[str, object], row: str) -> None:
    assert role_tables.row("x", option) == row
