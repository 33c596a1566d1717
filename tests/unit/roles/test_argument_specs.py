# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A role's defaults and its argument_specs say the same: the same variables, the same values."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

ROLES = Path(__file__).resolve().parents[3] / "roles"
TYPES = {
    "str": str,
    "bool": bool,
    "int": int,
    "float": (int, float),
    "list": list,
    "dict": dict,
    "path": str,
    "raw": object,
}


def load(path):
    return yaml.safe_load(path.read_text()) if path.exists() else {}


def options(role):
    """Of all entry points together: a variable may belong to several, and then is the same in each."""
    specs = load(role / "meta/argument_specs.yml")["argument_specs"]
    found = {}
    for entry_point, spec in specs.items():
        for name, option in spec.get("options", {}).items():
            assert found.setdefault(name, option).get("default") == option.get("default"), (entry_point, name)
    return found


def worked_out(value):
    return isinstance(value, str) and "{{" in value


@pytest.fixture(params=sorted(path.name for path in ROLES.iterdir()))
def role(request):
    return ROLES / request.param


def test_the_same_variables(role):
    documented = options(role)
    defaults = load(role / "defaults/main.yml") or {}
    assert set(defaults) <= set(documented)
    # Without a default: required, or left out on purpose, which then is said.
    for name in set(documented) - set(defaults):
        assert "default" not in documented[name], name


def test_the_same_defaults(role):
    documented = options(role)
    for name, value in (load(role / "defaults/main.yml") or {}).items():
        option = documented[name]
        assert not option.get("required"), name
        # A default that is worked out cannot stand in the documentation; its description tells.
        if "default" in option or not worked_out(value):
            assert option.get("default") == value, name


def test_defaults_are_of_their_type(role):
    for name, option in options(role).items():
        value = option.get("default")
        if value is not None and not worked_out(value):
            expected = TYPES[option.get("type", "str")]
            assert isinstance(value, expected), name
            assert option.get("type") == "bool" or not isinstance(value, bool), name
