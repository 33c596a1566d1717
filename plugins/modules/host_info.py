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
  users:
    description: Users to look for.
    type: list
    elements: str
    default: []
  groups:
    description: Groups to look for.
    type: list
    elements: str
    default: []
  units:
    description: Units of systemd to look for, with their endings, such as V(tomcat.service).
    type: list
    elements: str
    default: []
  listening:
    description: Whether to look who listens on TCP ports.
    type: bool
    default: false
  names:
    description: Host names to resolve as the host itself does. An IP address among them is left out of the answer.
    type: list
    elements: str
    default: []
  python_modules:
    description: Python modules to look for, in the Python that Ansible runs there.
    type: list
    elements: str
    default: []
  httpd:
    description:
      - Paths of httpd's main configuration file. The first one that exists is read, with all files that it includes.
      - What a C(Macro) of httpd's makes is not seen.
    type: list
    elements: path
    default: []
  httpd_without:
    description: Patterns of paths that are left out of httpd's configuration, such as V(*/mine.conf).
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
users:
  description: Those of the asked users that exist, each with C(home), C(shell), C(group) and C(groups), the further ones.
  returned: success
  type: dict
groups:
  description: Those of the asked groups that exist.
  returned: success
  type: list
  elements: str
units:
  description: Those of the asked units that systemd has a file of, or that run, by their names.
  returned: success
  type: dict
  contains:
    file:
      description: The file, of an instance without one of its own that of its template. Empty where there is none.
      type: str
      sample: /etc/systemd/system/tomcat@.service
    drop_ins:
      description: Paths of the files that change it.
      type: list
      elements: str
    active:
      description: Whether it runs, or is about to.
      type: bool
    starting:
      description: Whether it is about to, or waits for the next try after one that failed.
      type: bool
    enabled:
      description: Whether it starts at boot.
      type: bool
    ours:
      description: Whether a role of this collection wrote the file.
      type: bool
listening:
  description: Who listens, by port and address.
  returned: when O(listening) was asked
  type: list
  elements: dict
  contains:
    address:
      description: The address, V(0.0.0.0) for all of IPv4. V(::) is most often for IPv4 too.
      type: str
    port:
      description: The port.
      type: int
    pid:
      description: A process that has the socket, or null where none can be seen.
      type: int
    process:
      description: Its name.
      type: str
      sample: java
    unit:
      description: Its unit. Empty where it has none.
      type: str
      sample: tomcat10.service
    ours:
      description: Whether a role of this collection wrote the unit.
      type: bool
resolved:
  description: The addresses of each of O(names) that is no IP address. A name that the host does not know has none.
  returned: success
  type: dict
  sample: {app1.example.com: [127.0.1.1]}
fqdn:
  description: The host's own name, with its domain if it knows one.
  returned: success
  type: str
python:
  description: The Python that Ansible runs there.
  returned: success
  type: dict
  contains:
    executable:
      description: Its path.
      type: str
    distribution:
      description: Whether it is the one that packages of the distribution are for.
      type: bool
    missing:
      description: Those of O(python_modules) that it does not have.
      type: list
      elements: str
httpd:
  description: What httpd's configuration opens and serves, or null where there is none.
  returned: when O(httpd) was asked
  type: dict
  contains:
    config:
      description: The main configuration file.
      type: str
    server_name:
      description: The C(ServerName) outside of virtual hosts.
      type: str
    listens:
      description: Each C(Listen), with C(address) (V(*) for all), C(port), C(protocol), C(file) and C(line).
      type: list
      elements: dict
    virtual_hosts:
      description:
        - Each C(VirtualHost) in httpd's order, with C(addresses) (of C(address) and C(port), V(0) for all ports), C(names) (of C(ServerName)
          and C(ServerAlias)), C(document_root), C(documents) (as RV(httpd.documents)), C(directives) (their names), C(file) and C(line).
      type: list
      elements: dict
    document_root:
      description: The C(DocumentRoot) outside of virtual hosts.
      type: str
    documents:
      description: What lies in it, at most 20 names, without the page of the distribution.
      type: list
      elements: str
    directives:
      description: The names of the directives outside of virtual hosts, in lower case.
      type: list
      elements: str
    forwards:
      description: Each C(ProxyPass) for C(/) outside of virtual hosts, with C(text), C(file) and C(line).
      type: list
      elements: dict
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

import socket
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.roundrobin.tomcat.plugins.module_utils._directory import entries
from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError
from ansible_collections.roundrobin.tomcat.plugins.module_utils._host import (
    closest,
    content,
    distribution,
    groups,
    missing,
    os_release,
    python,
    resolved,
    users,
)
from ansible_collections.roundrobin.tomcat.plugins.module_utils._httpd_config import read as read_httpd
from ansible_collections.roundrobin.tomcat.plugins.module_utils._listening import listening
from ansible_collections.roundrobin.tomcat.plugins.module_utils._units import is_ours, units


def main() -> None:
    """Read the options, look, answer."""
    module = AnsibleModule(
        argument_spec={
            "paths": {"type": "list", "elements": "path", "default": []},
            "checksum_of": {"type": "list", "elements": "str", "default": []},
            "contents_of": {"type": "list", "elements": "path", "default": []},
            "packages": {"type": "dict"},
            "users": {"type": "list", "elements": "str", "default": []},
            "groups": {"type": "list", "elements": "str", "default": []},
            "units": {"type": "list", "elements": "str", "default": []},
            "listening": {"type": "bool", "default": False},
            "names": {"type": "list", "elements": "str", "default": []},
            "python_modules": {"type": "list", "elements": "str", "default": []},
            "httpd": {"type": "list", "elements": "path", "default": []},
            "httpd_without": {"type": "list", "elements": "str", "default": []},
        },
        supports_check_mode=True,
    )
    asked = module.params
    try:
        host = distribution(os_release())
        found = {path: entries(path, asked["checksum_of"]) for path in asked["paths"]}
        contents = {path: content(path) for path in asked["contents_of"]}
        answer: dict[str, t.Any] = {}
        if asked["packages"] is not None:
            answer["platform"] = closest(list(asked["packages"]), host)
            answer["packages_missing"] = missing(
                asked["packages"][answer["platform"]], host["family"], module.run_command
            )
        if asked["httpd"]:
            read = (read_httpd(path, asked["httpd_without"]) for path in asked["httpd"])
            answer["httpd"] = next((one for one in read if one is not None), None)
        if asked["listening"]:
            answer["listening"] = [{**one, "ours": is_ours(one["unit"])} for one in listening()]
        answer["units"] = units(asked["units"], module.run_command)
    except CollectionError as error:
        module.fail_json(msg=error.message, **error.details)
    module.exit_json(
        changed=False,
        distribution=host,
        entries=[entry for listed in found.values() for entry in listed or ()],
        missing=[path for path, listed in found.items() if listed is None],
        contents={path: text for path, text in contents.items() if text is not None},
        users=users(asked["users"]),
        groups=groups(asked["groups"]),
        resolved=resolved(asked["names"]),
        fqdn=socket.getfqdn(),
        python=python(asked["python_modules"]),
        **answer,
    )


if __name__ == "__main__":
    main()
