# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The parts of the one style that neither ruff nor mypy can hold."""

from __future__ import annotations

import ast
import collections
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PLUGINS = sorted((ROOT / "plugins").rglob("*.py"))
PRIVATE = [path for path in PLUGINS if path.relative_to(ROOT).parts[1] in ("module_utils", "plugin_utils")]
OURS = "ansible_collections.roundrobin.tomcat.plugins."
# Ansible looks for these names.
BY_ANSIBLE = {"ActionModule", "FilterModule", "ModuleDocFragment"}


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_there_are_private_files():
    assert len(PRIVATE) > 50


@pytest.mark.parametrize("path", PRIVATE, ids=name)
def test_first_what_a_file_is_for_then_that_it_is_private(path):
    text = path.read_text()
    docstring = ast.get_docstring(ast.parse(text))
    assert docstring, "no docstring"
    assert docstring.splitlines()[0].endswith((".", ":")), "its first line is no whole sentence"
    assert '"""\n\n# Private to this collection.\n\nfrom __future__' in text


@pytest.mark.parametrize("path", PLUGINS, ids=name)
def test_a_caught_error_is_called_error(path):
    names = {node.name for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ExceptHandler)}
    assert names <= {None, "error"}


@pytest.mark.parametrize("path", PLUGINS, ids=name)
def test_imports_are_relative_inside_a_package_and_absolute_elsewhere(path):
    kind, *inside = path.relative_to(ROOT).parts[1:-1]
    package = f"{OURS}{kind}.{inside[0]}" if inside else None
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0 or (node.level == 1 and package), f"line {node.lineno}"
            assert package is None or not f"{node.module}.".startswith(f"{package}."), f"line {node.lineno}"


def test_no_two_classes_share_a_name():
    where = collections.defaultdict(list)
    for path in PLUGINS:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef):
                where[node.name].append(name(path))
    assert {found: files for found, files in where.items() if len(files) > 1 and found not in BY_ANSIBLE} == {}


def test_module_utils_needs_nothing_of_plugin_utils():
    """Ansible does not send plugin_utils to the hosts."""
    users = [name(path) for path in PLUGINS if f"{OURS}plugin_utils" in path.read_text()]
    assert [user for user in users if user.startswith(("plugins/module_utils", "plugins/modules"))] == []
