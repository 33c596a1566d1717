#!/usr/bin/python
# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: adopt_info
short_description: Read Tomcats and httpd that were set up by hand
description:
  - Returns what a host has of a chain that this collection did not set up. These are the Tomcats with the texts of their files, and the
    lines of httpd's configuration.
  - It is for the playbook C(adopt), and filter P(roundrobin.tomcat.adopted_inventory#filter) understands what it returns.
  - What it returns holds the secrets of these files. Give the task C(no_log=true).
  - A file that cannot be read does not fail the module. RV(unreadable) has it.
options:
  bases:
    description:
      - Each C(CATALINA_BASE) of Tomcats that neither run nor have a unit of systemd that names it.
      - All others are found.
    type: list
    elements: path
    default: []
  httpd:
    description: Paths of httpd's main configuration file. The first one that exists is read, with all files that it includes.
    type: list
    elements: path
    default: [/etc/apache2/apache2.conf, /etc/httpd/conf/httpd.conf, /usr/local/apache2/conf/httpd.conf]
author:
  - roundrobin.tomcat contributors (@roundrobin)
extends_documentation_fragment:
  - roundrobin.tomcat._attributes
  - roundrobin.tomcat._attributes.info_module
seealso:
  - plugin: roundrobin.tomcat.adopted_inventory
    plugin_type: filter
  - module: roundrobin.tomcat.host_info
"""

EXAMPLES = r"""
- name: Read what was set up by hand
  roundrobin.tomcat.adopt_info:
  register: by_hand
  no_log: true

- name: Show where its Tomcats are
  ansible.builtin.debug:
    msg: "{{ by_hand.tomcats | map(attribute='base') }}"
"""

RETURN = r"""
tomcats:
  description: The Tomcats that are none of this collection's, by their paths.
  returned: success
  type: list
  elements: dict
  contains:
    base:
      description: Its C(CATALINA_BASE).
      type: str
      sample: /opt/tomcat1
    home:
      description: Its C(CATALINA_HOME).
      type: str
    version:
      description: The version of Tomcat. Empty where it cannot be seen.
      type: str
      sample: 9.0.117
    running:
      description: Whether it runs.
      type: bool
    user:
      description: Who runs it. Empty where it does not run.
      type: str
    group:
      description: The group that it runs with. Empty where it does not run.
      type: str
    unit:
      description: Its unit. Empty where it has none.
      type: str
      sample: tomcat1.service
    unit_files:
      description: Paths of the files that the unit is made of.
      type: list
      elements: str
    environment_files:
      description: Paths of the files that the unit has its environment from.
      type: list
      elements: str
    contexts:
      description: Paths of the C(context.xml) of single applications.
      type: list
      elements: str
    webapps:
      description: What lies in C(webapps), each with C(name), and C(stock), whether it is Tomcat's own page.
      type: list
      elements: dict
    jars:
      description: The jars that Tomcat does not come with, each with C(path), C(coordinates) of Maven where the jar has them, and C(sha256).
      type: list
      elements: dict
files:
  description: The texts of all files that were read for the Tomcats, by their paths.
  returned: success
  type: dict
unreadable:
  description: The files that cannot be read, each with C(path) and C(reason).
  returned: success
  type: list
  elements: dict
httpd:
  description: httpd's configuration, or null where there is none.
  returned: success
  type: dict
  contains:
    config:
      description: The main configuration file.
      type: str
    server_name:
      description: The C(ServerName) outside of virtual hosts.
      type: str
    listens:
      description: Each C(Listen), as M(roundrobin.tomcat.host_info) returns it.
      type: list
      elements: dict
    virtual_hosts:
      description: Each C(VirtualHost), with C(addresses), C(names), C(file) and C(line).
      type: list
      elements: dict
    lines:
      description:
        - Each directive that counts, with its C(name) in lower case, C(words), C(text), C(file), C(line), C(host) (the number of its virtual
          host, or null) and C(sections) (name and argument of each).
      type: list
      elements: dict
resolved:
  description: The addresses of the hosts that httpd's members are on, by their names, as this host knows them.
  returned: success
  type: dict
addresses:
  description: The host's own addresses.
  returned: success
  type: list
  elements: str
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError
from ansible_collections.roundrobin.tomcat.plugins.module_utils._host import resolved
from ansible_collections.roundrobin.tomcat.plugins.module_utils._httpd_config import member_hosts, read_lines
from ansible_collections.roundrobin.tomcat.plugins.module_utils._installation import installations

HTTPD = ("/etc/apache2/apache2.conf", "/etc/httpd/conf/httpd.conf", "/usr/local/apache2/conf/httpd.conf")
# The files of the role apache_balancer.
OURS = ("*/roundrobin-*",)


def main() -> None:
    """Read the options, look, answer."""
    module = AnsibleModule(
        argument_spec={
            "bases": {"type": "list", "elements": "path", "default": []},
            "httpd": {"type": "list", "elements": "path", "default": list(HTTPD)},
        },
        supports_check_mode=True,
    )
    found = installations(module.params["bases"], module.run_command)
    httpd = None
    for path in module.params["httpd"]:
        try:
            httpd = httpd or read_lines(path, OURS)
        except CollectionError as error:
            found["unreadable"].append({"path": path, "reason": error.message})
    module.exit_json(
        changed=False,
        httpd=httpd,
        resolved=resolved(member_hosts(httpd["lines"] if httpd else [])),
        addresses=_addresses(module.run_command),
        **found,
    )


def _addresses(run: t.Callable[[list[str]], tuple[int, str, str]]) -> list[str]:
    code, out, _err = run(["hostname", "-I"])
    return out.split() if code == 0 else []


if __name__ == "__main__":
    main()
