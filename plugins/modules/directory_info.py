#!/usr/bin/python
# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: directory_info
short_description: List what lies in several directories, in one call
description:
  - Returns what lies in each of the directories, not in those below them.
  - Unlike M(ansible.builtin.find) it does not warn of a directory that does not exist. That is an answer like any other.
options:
  paths:
    description: The directories, as absolute paths.
    type: list
    elements: path
    required: true
  checksum_of:
    description: Of the files with a name that matches one of these patterns, such as V(*.jar), the checksum is returned too.
    type: list
    elements: str
    default: []
author:
  - roundrobin.tomcat contributors (@roundrobin)
extends_documentation_fragment:
  - roundrobin.tomcat._attributes
  - roundrobin.tomcat._attributes.info_module
seealso:
  - module: ansible.builtin.find
"""

EXAMPLES = r"""
- name: Look at an instance
  roundrobin.tomcat.directory_info:
    paths:
      - /var/opt/tomcat/jvm1/conf
      - /var/opt/tomcat/jvm1/lib
    checksum_of: ["*.jar"]
  register: found

- name: Show its jars
  ansible.builtin.debug:
    msg: "{{ found.entries | selectattr('checksum') | map(attribute='path') }}"
"""

RETURN = r"""
entries:
  description: What lies in the directories, in their order and then by name.
  returned: success
  type: list
  elements: dict
  contains:
    path:
      description: Its path.
      type: str
      sample: /var/opt/tomcat/jvm1/conf/server.xml
    type:
      description: What it is, V(file), V(directory), V(link) or V(other).
      type: str
    mode:
      description: Its mode, in four octal digits.
      type: str
      sample: "0640"
    owner:
      description: Name of the user that owns it, the number if there is no such user.
      type: str
    group:
      description: Name of its group, the number if there is no such group.
      type: str
    checksum:
      description: The sha256 of the file, or null if it was not asked for.
      type: str
missing:
  description: Those of the directories that do not exist.
  returned: success
  type: list
  elements: str
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.roundrobin.tomcat.plugins.module_utils._directory import entries
from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError


def main() -> None:
    """Read the options, look, answer."""
    module = AnsibleModule(
        argument_spec={
            "paths": {"type": "list", "elements": "path", "required": True},
            "checksum_of": {"type": "list", "elements": "str", "default": []},
        },
        supports_check_mode=True,
    )
    try:
        found = {path: entries(path, module.params["checksum_of"]) for path in module.params["paths"]}
    except CollectionError as error:
        module.fail_json(msg=error.message, **error.details)
    module.exit_json(
        changed=False,
        entries=[entry for listed in found.values() for entry in listed or ()],
        missing=[path for path, listed in found.items() if listed is None],
    )


if __name__ == "__main__":
    main()
