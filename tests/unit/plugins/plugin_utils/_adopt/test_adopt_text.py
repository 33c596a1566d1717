# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import yaml
from ansible.parsing.dataloader import DataLoader

from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._adopt.adoption import Adopted
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._adopt.notes import Notes, Template
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._adopt.text import files_of


def test_the_files_with_their_modes():
    notes = Notes()
    notes.add("app1", ("/a", 1), "says", "then")
    adopted = Adopted({"all": {"vars": {"a": Template("{{ vault_b }}")}}}, {"vault_b": "s3cr3t"}, notes)
    files = {file["path"]: file for file in files_of(adopted, ["app1"])}
    assert {path: file["mode"] for path, file in files.items()} == {
        "inventory.yml": "0644",
        "not_carried_over.txt": "0644",
        "group_vars/all/secrets.yml": "0600",
    }
    assert yaml.safe_load(files["inventory.yml"]["content"]) == {"all": {"vars": {"a": "{{ vault_b }}"}}}
    assert files["not_carried_over.txt"]["content"].endswith("\n1. app1: /a:1: says\n    then\n")
    assert "s3cr3t" not in files["inventory.yml"]["content"] + files["not_carried_over.txt"]["content"]


def test_no_file_of_secrets_without_secrets():
    assert [file["path"] for file in files_of(Adopted({}, {}, Notes()), ["app1"])] == [
        "inventory.yml",
        "not_carried_over.txt",
    ]


def test_a_value_that_looks_like_a_template_is_none():
    """Ansible would evaluate it, and with it whatever somebody wrote into a file on a host."""
    adopted = Adopted({"all": {"vars": {"a": "{{ lookup('pipe', 'id') }}", "b": "plain", "c": "yes"}}}, {}, Notes())
    content = files_of(adopted, ["app1"])[0]["content"]
    assert """a: !unsafe "{{ lookup('pipe', 'id') }}\"""" in content
    loaded = DataLoader().load(content)["all"]["vars"]
    assert loaded == {"a": "{{ lookup('pipe', 'id') }}", "b": "plain", "c": "yes"}
