# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A file's tests are found by its name: tests/unit has the folders of plugins, and a test file for each file in them.

The name holds the package's too, so that no two test files are called the same: pytest wants that.
"""

from __future__ import annotations

import ast
import collections
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
KINDS = ("action", "filter", "module_utils", "modules", "plugin_utils")
PLUGINS = sorted(path.relative_to(ROOT) for kind in KINDS for path in (ROOT / "plugins" / kind).rglob("*.py"))


def is_the_documentation_of_an_action(path: Path) -> bool:
    """Tell whether a module has no code: Ansible runs the action of its name instead, which has its own tests."""
    code = (ast.FunctionDef, ast.ClassDef)
    has_code = any(isinstance(node, code) for node in ast.walk(ast.parse((ROOT / path).read_text())))
    return path.parts[1] == "modules" and not has_code and Path("plugins/action", path.name) in PLUGINS


def home_of(path: Path) -> Path:
    """Where the tests of a file of plugins/ belong."""
    _plugins, kind, *packages = path.parts[:-1]
    name = path.stem.lstrip("_")
    if packages:
        name = f"{packages[-1].lstrip('_')}_{name}"
    elif kind in ("action", "filter"):
        name = f"{kind}_{name}"
    return Path("tests/unit", *path.parts[:-1], f"test_{name}.py")


@pytest.mark.parametrize(
    "path, tests",
    [
        ("plugins/module_utils/_xml/text.py", "tests/unit/plugins/module_utils/_xml/test_xml_text.py"),
        ("plugins/module_utils/_wait.py", "tests/unit/plugins/module_utils/test_wait.py"),
        ("plugins/plugin_utils/_rollout/plan.py", "tests/unit/plugins/plugin_utils/_rollout/test_rollout_plan.py"),
        ("plugins/modules/rollout_lock.py", "tests/unit/plugins/modules/test_rollout_lock.py"),
        ("plugins/action/rollout_lock.py", "tests/unit/plugins/action/test_action_rollout_lock.py"),
        ("plugins/filter/topology.py", "tests/unit/plugins/filter/test_filter_topology.py"),
    ],
)
def test_the_rule(path: str, tests: str) -> None:
    assert Path(path) in PLUGINS
    assert home_of(Path(path)) == Path(tests)


@pytest.mark.parametrize("path", [path for path in PLUGINS if not is_the_documentation_of_an_action(path)], ids=str)
def test_each_file_of_plugins_has_its_test_file(path: Path) -> None:
    assert (ROOT / home_of(path)).is_file(), f"its tests belong in {home_of(path)}"


def test_no_two_test_files_share_a_name() -> None:
    where = collections.defaultdict(list)
    for path in (ROOT / "tests").rglob("test_*.py"):
        where[path.name].append(str(path.relative_to(ROOT)))
    assert {name: paths for name, paths in where.items() if len(paths) > 1} == {}
