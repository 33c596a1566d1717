# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files that adoption writes: the inventory, its secrets apart, and the list of what is in neither."""

# Private to this collection.

from __future__ import annotations

import re
import typing as t

import yaml

from .adoption import Adopted
from .notes import Template

INVENTORY = "inventory.yml"
SECRETS = "group_vars/all/secrets.yml"
LIST = "not_carried_over.txt"
# A template that is folded is hard to read.
_NO_FOLDING = 10000
_TEMPLATE = re.compile(r"\{[{%#]")


class _Dumper(yaml.SafeDumper):
    """Writes YAML as people do: lists indented, nothing by reference."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: t.Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    # What somebody wrote is no template, whatever it looks like.
    tag = "!unsafe" if _TEMPLATE.search(value) else "tag:yaml.org,2002:str"
    return dumper.represent_scalar(tag, value, style='"' if tag == "!unsafe" else None)


def _template(dumper: yaml.SafeDumper, value: Template) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", str(value), style='"')


_Dumper.add_representer(str, _text)
_Dumper.add_representer(Template, _template)


def files_of(adopted: Adopted, machines: t.Sequence[str]) -> list[dict[str, str]]:
    """Return each file with its path below the directory, content and mode."""
    names = ", ".join(machines)
    header = (
        f"# The chain that was set up by hand on {names}, as the playbook adopt read it.\n"
        f"# What is not in it stands in {LIST}.\n"
    )
    files = [
        {"path": INVENTORY, "mode": "0644", "content": f"---\n{header}{_yaml(adopted.inventory)}"},
        {"path": LIST, "mode": "0644", "content": _list(adopted, names)},
    ]
    if adopted.secrets:
        kept = "# The secrets of the inventory. Encrypt this file: ansible-vault encrypt group_vars/all/secrets.yml\n"
        files.append({"path": SECRETS, "mode": "0600", "content": f"---\n{kept}{_yaml(adopted.secrets)}"})
    return files


def _yaml(value: t.Mapping[str, t.Any]) -> str:
    return yaml.dump(
        value, Dumper=_Dumper, sort_keys=False, width=_NO_FOLDING, allow_unicode=True, default_flow_style=False
    )


def _list(adopted: Adopted, names: str) -> str:
    lines = [f"What the playbook adopt found on {names}, and did not carry over as it is.", ""]
    return "\n".join([*lines, *(f"{number}. {note}" for number, note in enumerate(adopted.notes.found, 1)), ""])
