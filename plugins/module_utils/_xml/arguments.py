# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which options the modules for XML files have in common, as argument specs."""

# Private to this collection.

from __future__ import annotations

import typing as t

from .plan import RESOURCE_TAGS

ATTRIBUTES: dict[str, t.Any] = {
    "attributes": {"type": "dict", "default": {}},
    "attributes_to_remove": {"type": "list", "elements": "str", "default": []},
}
ELEMENT: dict[str, t.Any] = {
    **ATTRIBUTES,
    "state": {"type": "str", "choices": ["present", "absent", "disabled"], "default": "present"},
}
PARENT: dict[str, t.Any] = {**ELEMENT, "children": {"type": "list", "elements": "dict"}}
NAMED: dict[str, t.Any] = {"name": {"type": "str", "required": True}}
CLASS: dict[str, t.Any] = {
    "class_name": {"type": "str", "required": True},
    "identify_by": {"type": "dict", "default": {}},
}
RESOURCE: dict[str, t.Any] = {
    "tag": {"type": "str", "choices": list(RESOURCE_TAGS), "default": "Resource"},
    **NAMED,
    **ELEMENT,
}

# Of the modules that read a file.
INFO_ARGUMENTS: dict[str, t.Any] = {
    "path": {"type": "path", "required": True},
    # The names of attributes are no secret, only their values are.
    "secret_attributes": {"type": "list", "elements": "str", "default": [], "no_log": False},
}
# Of those that edit one.
XML_ARGUMENTS: dict[str, t.Any] = {
    **INFO_ARGUMENTS,
    "elements": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "parent": {"type": "str", "required": True},
            "tag": {"type": "str", "required": True},
            "identify_by": {"type": "dict", "default": {}},
            "text": {"type": "raw"},
            **PARENT,
            "purge_attributes": {"type": "bool", "default": False},
        },
    },
    "backup": {"type": "bool", "default": False},
    "validate": {"type": "str"},
}
