# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the guides and READMEs show is accepted: variables, values, applications, playbooks.

That an example also does what its page says is shown by the scenarios, on hosts.
"""

from __future__ import annotations

import re
import typing as t
from pathlib import Path

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._chain import applications, inventory, names, topology

ROOT = Path(__file__).resolve().parents[3]
PAGES = sorted([ROOT / "README.md", *ROOT.glob("docs/*.md"), *ROOT.glob("roles/*/README.md")])
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PLAYBOOK = re.compile(r"ansible-playbook .*?(?:roundrobin\.tomcat\.|playbooks/)(\w+)(?:\.yml)?(?: |$)", re.MULTILINE)
EXTRA_VARIABLE = re.compile(r"-e (\w+)=")


def blocks(yaml_ones: bool) -> list[t.Any]:
    """The blocks of code of all pages, by page and line."""
    found = []
    for page in PAGES:
        text = page.read_text()
        for block in BLOCK.finditer(text):
            if (block[1] == "yaml") == yaml_ones:
                line = text.count("\n", 0, block.start()) + 1
                found.append(pytest.param(block[2], id=f"{page.relative_to(ROOT)}:{line}"))
    return found


def specs() -> dict[str, t.Any]:
    """The options of all roles by name."""
    found: dict[str, t.Any] = {}
    for path in ROOT.glob("roles/*/meta/argument_specs.yml"):
        for entry in yaml.safe_load(path.read_text())["argument_specs"].values():
            found.update(entry.get("options", {}))
    return found


OPTIONS = specs()


def variables(node: t.Any) -> t.Iterator[tuple[str, t.Any]]:
    """What an inventory, a play or a list of variables sets, at any depth."""
    if isinstance(node, dict):
        for name, value in node.items():
            yield str(name), value
            # What is in a variable is its value, and has no variables.
            if name not in names.known():
                yield from variables(value)
    elif isinstance(node, list):
        for one in node:
            yield from variables(one)


@pytest.mark.parametrize("text", blocks(yaml_ones=True))
def test_variables_exist_and_take_the_values(text: str) -> None:
    shown = dict(variables(yaml.safe_load(text)))
    problems = inventory.Problems()
    names.check_names({"the example": names.of_interest(shown)}, topology.HOST_VARIABLES, problems)
    assert problems.lines == []
    for name, value in shown.items():
        if name in OPTIONS and "{{" not in str(value):
            answer = ArgumentSpecValidator({name: OPTIONS[name]}).validate({name: value})
            assert answer.error_messages == []


@pytest.mark.parametrize(
    "text", [block for block in blocks(yaml_ones=True) if "tomcat_applications" in block.values[0]]
)
def test_applications_are_accepted(text: str) -> None:
    shown = dict(variables(yaml.safe_load(text)))
    problems = inventory.Problems()
    host = inventory.Host("app1", {"tomcat_applications": shown["tomcat_applications"]}, problems)
    found = applications.declared_applications([host], problems)
    assert problems.lines == []
    assert [one["path"] for one in found] == [one["path"].rstrip("/") or "/" for one in shown["tomcat_applications"]]


@pytest.mark.parametrize("text", blocks(yaml_ones=False))
def test_commands_name_playbooks_and_variables_that_exist(text: str) -> None:
    for playbook in PLAYBOOK.findall(text.replace("\\\n", " ")):
        assert (ROOT / "playbooks" / f"{playbook}.yml").is_file()
    assert set(EXTRA_VARIABLE.findall(text)) <= names.known()


def test_what_is_wrong_would_be_found() -> None:
    """Each kind of the above, as it would be in a page."""
    with pytest.raises(AssertionError):
        test_variables_exist_and_take_the_values("tomcat:\n  vars:\n    tomcat_instance_jvmroute: a\n")
    with pytest.raises(AssertionError):
        test_variables_exist_and_take_the_values("memcached_memory_mb: much\n")
    with pytest.raises(AssertionError):
        test_applications_are_accepted("tomcat_applications: [{path: /, health: /health}]\n")
    with pytest.raises(AssertionError):
        test_commands_name_playbooks_and_variables_that_exist(
            "ansible-playbook -i inventory roundrobin.tomcat.deploy\n"
        )
    with pytest.raises(AssertionError):
        test_commands_name_playbooks_and_variables_that_exist("... -e release_file=x\n")
