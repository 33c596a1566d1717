# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of variables in the README of each role, made from its argument specs: python tests/ci/role_tables.py"""

from __future__ import annotations

import json
import re
import typing as t
from pathlib import Path

import yaml
from antsibull_docs_parser import dom
from antsibull_docs_parser.parser import Context, parse

ROOT = Path(__file__).resolve().parents[2]
HEADING = "## Variables\n"
# What is longer is in the specs.
LONGEST_DEFAULT = 40


def readmes() -> dict[Path, str]:
    """Each role's README, as it is to be."""
    return {
        readme: with_table(readme.read_text(), options_of(readme.parent)) for readme in ROOT.glob("roles/*/README.md")
    }


def options_of(role: Path) -> dict[str, t.Any]:
    """The options of a role, of all its entry points together."""
    entries = yaml.safe_load((role / "meta" / "argument_specs.yml").read_text())["argument_specs"]
    return {name: option for entry in entries.values() for name, option in entry["options"].items()}


def with_table(readme: str, options: t.Mapping[str, t.Any]) -> str:
    """The README, with the table as its last section."""
    rows = [row(name, options[name]) for name in sorted(options)]
    lines = [
        "The first sentence of each; `ansible-doc` has the rest.",
        "",
        "| variable | type | default | |",
        "| --- | --- | --- | --- |",
        *rows,
    ]
    return readme.partition(HEADING)[0].rstrip("\n") + f"\n\n{HEADING}" + "\n".join(lines) + "\n"


def row(name: str, option: t.Mapping[str, t.Any]) -> str:
    """One variable: what is not given is empty, one that must be given is called required."""
    described = option["description"]
    first = markdown(described if isinstance(described, str) else described[0])
    kind = f"{option['type']} of {option['elements']}" if "elements" in option else option["type"]
    return f"| `{name}` | {kind} | {default_of(option)} | {sentence(first)} |"


def default_of(option: t.Mapping[str, t.Any]) -> str:
    if option.get("required"):
        return "required"
    if option.get("default") is None:
        return ""
    value = option["default"]
    text = value if isinstance(value, str) else json.dumps(value)
    return f"`{text or repr(text)}`" if len(text) <= LONGEST_DEFAULT else "see the specs"


def sentence(text: str) -> str:
    """The first one: it ends where a full stop is followed by a space, and a capital letter or a backtick."""
    found = re.match(r".*?\.(?= [A-Z`])", text, re.DOTALL)
    return found[0] if found else text


def markdown(text: str) -> str:
    """The markup of Ansible's documentation, with a backtick for everything that is typed."""
    return "".join(_markdown(part) for part in parse(text, Context())[0]).replace("|", "\\|")


def _markdown(part: dom.AnyPart) -> str:
    if isinstance(part, dom.OptionNamePart):
        return f"`{part.name}`" if part.value is None else f"`{part.name}={part.value}`"
    if isinstance(part, dom.OptionValuePart):
        return f"`{part.value}`"
    if isinstance(part, dom.PluginPart):
        return f"`{part.plugin.fqcn}`"
    if isinstance(part, dom.ModulePart):
        return f"`{part.fqcn}`"
    if isinstance(part, dom.CodePart):
        return f"`{part.text}`"
    if isinstance(part, dom.TextPart):
        return part.text
    raise TypeError(f"{type(part).__name__} is markup that no role has had so far: {part}")


if __name__ == "__main__":
    for path, wanted in readmes().items():
        path.write_text(wanted)
