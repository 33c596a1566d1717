#!/usr/bin/python
# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: host_info
short_description: Look at a host, in one call
description:
  - Returns which distribution a host has, and which of the asked packages, users, files and directories are there and which units run.
  - What is not there is an answer like any other, neither a failure nor a warning.
  - It answers at once what M(ansible.builtin.setup), M(ansible.builtin.package_facts), M(ansible.builtin.getent), M(ansible.builtin.find) and
    M(ansible.builtin.slurp) answer in a call each. Each call costs a round trip.
options:
  paths:
    description: Directories to list, as absolute paths. What lies in the directories below them is not listed.
    type: list
    elements: path
    default: []
  checksum_of:
    description: Of the files with a name that matches one of these patterns, such as V(*.jar), the checksum is returned too.
    type: list
    elements: str
    default: []
  contents_of:
    description: Text files to return, as absolute paths, of at most 256 KiB each. A content is no place for secrets, as it is shown.
    type: list
    elements: path
    default: []
  packages:
    description:
      - For each platform the packages to look for, as a dictionary of lists.
      - A key is V(DISTRIBUTION MAJOR), V(FAMILY MAJOR), V(DISTRIBUTION) or V(FAMILY), such as V(Debian 12), V(RedHat 9) or V(RedHat).
        The closest one is taken. A host with none of them is refused.
    type: dict
  units:
    description: Units of systemd to look for, such as V(tomcat@jvm1.service).
    type: list
    elements: str
    default: []
  users:
    description: Users to look for.
    type: list
    elements: str
    default: []
author:
  - roundrobin.tomcat contributors (@roundrobin)
extends_documentation_fragment:
  - roundrobin.tomcat._attributes
  - roundrobin.tomcat._attributes.info_module
seealso:
  - module: ansible.builtin.setup
"""

EXAMPLES = r"""
- name: Look at the host of an instance
  roundrobin.tomcat.host_info:
    packages:
      Debian 12: [python3-lxml, openjdk-17-jre-headless]
      RedHat 9: [python3-lxml, java-17-openjdk-headless]
    users: [tomcat]
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
contents:
  description: The text of each of the asked files that exist, by its path.
  returned: success
  type: dict
platform:
  description: The key of O(packages) that is the closest to the host.
  returned: when O(packages) was asked
  type: str
  sample: Debian 12
packages_missing:
  description: Those of its packages that are not installed.
  returned: when O(packages) was asked
  type: list
  elements: str
running:
  description: Those of the asked units that run, or are being started.
  returned: success
  type: list
  elements: str
users:
  description: Those of the asked users that exist, each with C(home), C(shell) and C(group).
  returned: success
  type: dict
distribution:
  description: The distribution, from its os-release.
  returned: success
  type: dict
  contains:
    name:
      description: Its name, as Ansible's facts have it.
      type: str
      sample: Debian
    version:
      description: Its version. Empty where it has none.
      type: str
      sample: "12"
    major_version:
      description: The first part of its version.
      type: str
      sample: "12"
    family:
      description: V(Debian), V(RedHat), or empty for another one.
      type: str
    names:
      description: The names under which it may stand in a dictionary of platforms, the closest first.
      type: list
      elements: str
      sample: [Ubuntu 24, Debian 24, Ubuntu, Debian]
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.roundrobin.tomcat.plugins.module_utils._directory import entries
from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError
from ansible_collections.roundrobin.tomcat.plugins.module_utils._host import (
    closest,
    content,
    distribution,
    missing,
    os_release,
    running,
    users,
)


def main() -> None:
    """Read the options, look, answer."""
    module = AnsibleModule(
        argument_spec={
            "paths": {"type": "list", "elements": "path", "default": []},
            "checksum_of": {"type": "list", "elements": "str", "default": []},
            "contents_of": {"type": "list", "elements": "path", "default": []},
            "packages": {"type": "dict"},
            "units": {"type": "list", "elements": "str", "default": []},
            "users": {"type": "list", "elements": "str", "default": []},
        },
        supports_check_mode=True,
    )
    asked = module.params
    try:
        host = distribution(os_release())
        found = {path: entries(path, asked["checksum_of"]) for path in asked["paths"]}
        contents = {path: content(path) for path in asked["contents_of"]}
        answer: dict[str, t.Any] = {"running": running(asked["units"], module.run_command)}
        if asked["packages"] is not None:
            answer["platform"] = closest(list(asked["packages"]), host)
            answer["packages_missing"] = missing(
                asked["packages"][answer["platform"]], host["family"], module.run_command
            )
    except CollectionError as error:
        module.fail_json(msg=error.message, **error.details)
    module.exit_json(
        changed=False,
        distribution=host,
        entries=[entry for listed in found.values() for entry in listed or ()],
        missing=[path for path, listed in found.items() if listed is None],
        contents={path: text for path, text in contents.items() if text is not None},
        users=users(asked["users"]),
        **answer,
    )


if __name__ == "__main__":
    main()
