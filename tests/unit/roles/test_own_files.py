# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each file that the role tomcat_instance makes goes when the instance is removed. molecule/two_balancers has it on a host."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

ROLE = Path(__file__).resolve().parents[3] / "roles/tomcat_instance"
VARIABLES = yaml.safe_load((ROLE / "vars/main.yml").read_text())
NAME = re.compile(r"__tomcat_instance_\w+")
# What of the files that are wanted are no files of the instance itself, or are only how they are made.
NOT_ITS_OWN = {
    # Directories that others share, and where the conf comes from.
    "__tomcat_instance_base",
    "__tomcat_instance_home",
    "__tomcat_instance_manager_dir",
    "__tomcat_instance_roots",
    # They hold what users have uploaded, and are named as what stays.
    "__tomcat_instance_writable_directories",
    # What goes already.
    "__tomcat_instance_unwanted",
    # Conditions, contents, owners.
    "__tomcat_instance_applied",
    "__tomcat_instance_end_of_line",
    "__tomcat_instance_private",
    "__tomcat_instance_store_jars",
    "__tomcat_instance_xml",
}
# Under which name the removal has what the role wants under another.
SAME = {
    # Those of conf_files that are not there yet.
    "__tomcat_instance_conf_missing": "__tomcat_instance_conf_files",
    # In lib and session-store, found by their names.
    "__tomcat_instance_jars_missing": "__tomcat_instance_store_dir",
}


def names_in(value):
    return set(NAME.findall(yaml.safe_dump(value)))


def test_each_file_that_is_wanted_goes():
    wanted = names_in(VARIABLES["__tomcat_instance_files_wanted"]) - NOT_ITS_OWN
    assert "__tomcat_instance_settings_files" in wanted
    own = names_in(VARIABLES["__tomcat_instance_own"])
    assert {SAME.get(name, name) for name in wanted} - own == set()


def test_what_the_role_copies_beside_its_list_goes():
    """The jars of the inventory: the one file of instance.yml that is not in the list above."""
    tasks = yaml.safe_load((ROLE / "tasks/instance.yml").read_text())
    writes = {"ansible.builtin.copy", "ansible.builtin.template", "ansible.builtin.file", "ansible.builtin.lineinfile"}
    loops = [task["loop"] for task in tasks if writes & set(task)]
    assert loops == ["{{ __tomcat_instance_extra_jars_missing }}"]
    assert "__tomcat_instance_extra_jars" in names_in(VARIABLES["__tomcat_instance_own"])


def test_each_directory_of_the_instance_goes():
    of_instance = {one["path"] for one in VARIABLES["__tomcat_instance_directories"]}
    trees = set(VARIABLES["__tomcat_instance_trees"])
    # What Tomcat and the rollouts fill goes with all that is in it. Where an administrator has files, only what is ours goes.
    assert {
        "{{ __tomcat_instance_base }}/conf",
        "{{ __tomcat_instance_base }}/lib",
        "{{ __tomcat_instance_base }}/webapps",
    } & trees == set()
    assert {
        f"{{{{ __tomcat_instance_base }}}}/{name}" for name in ("releases", "logs", "temp", "work")
    } <= of_instance & trees
