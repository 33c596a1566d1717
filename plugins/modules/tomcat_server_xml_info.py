#!/usr/bin/python
# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: tomcat_server_xml_info
short_description: Read what a Tomcat server.xml says
description:
  - Returns what is active in a C(server.xml) of Apache Tomcat as options of M(roundrobin.tomcat.tomcat_server_xml). Given
    these options, that module changes nothing in the same file, and brings another file into the same state.
  - Values of attributes that hold secrets are not returned; they are listed without their values.
author:
  - roundrobin.tomcat contributors (@roundrobin)
options:
  service:
    description:
      - Name of the Service that named options such as C(connectors) shall be about. Needed only if the file has several.
      - Other Services are among the C(elements).
    type: str
extends_documentation_fragment:
  - roundrobin.tomcat._attributes
  - roundrobin.tomcat._attributes.info_module
  - roundrobin.tomcat._xml_info
seealso:
  - module: roundrobin.tomcat.tomcat_server_xml
  - module: roundrobin.tomcat.tomcat_context_xml_info
"""

EXAMPLES = r"""
- name: Read a configuration that was made by hand
  roundrobin.tomcat.tomcat_server_xml_info:
    path: /opt/tomcat/conf/server.xml
  register: by_hand

- name: Insist on a route
  ansible.builtin.assert:
    that: by_hand.server_xml.jvm_route is defined

- name: Give another instance the same connectors and valves
  roundrobin.tomcat.tomcat_server_xml:
    path: /var/opt/tomcat/jvm2/conf/server.xml
    connectors: "{{ by_hand.server_xml.connectors }}"
    valves: "{{ by_hand.server_xml.valves | default([]) }}"
"""

RETURN = r"""
server_xml:
  description:
    - Options of M(roundrobin.tomcat.tomcat_server_xml). An option that has nothing to say is missing.
    - What no other option can say is in C(elements).
  returned: success
  type: dict
  sample:
    connectors:
      - attributes:
          connectionTimeout: "20000"
        port: "8080"
        protocol: HTTP/1.1
    jvm_route: jvm1
    shutdown_port: "8005"
secrets:
  description:
    - Attributes that are not in RV(server_xml) because they hold a secret. Where RV(server_xml) is applied to the same
      file, they stay as they are.
  returned: success
  type: list
  elements: dict
  contains:
    element:
      description: Where the element is.
      type: str
    attribute:
      description: Name of the attribute.
      type: str
  sample:
    - attribute: secret
      element: Server/Service[@name="Catalina"]/Connector[@port="8009"]
disabled:
  description: Elements that stand in comments, as Tomcat's own examples do.
  returned: success
  type: list
  elements: dict
  contains:
    element:
      description: The element that the comment is in.
      type: str
    tag:
      description: Name of the element in the comment.
      type: str
    attributes:
      description: Its attributes, secrets masked.
      type: dict
  sample:
    - attributes:
        className: org.apache.catalina.ha.tcp.SimpleTcpCluster
      element: Server/Service[@name="Catalina"]/Engine[@name="Catalina"]
      tag: Cluster
left_out:
  description: What no option can say, such as two elements that nothing tells apart.
  returned: success
  type: list
  elements: dict
  contains:
    element:
      description: Where the element is.
      type: str
    line:
      description: Line of the file in which it begins.
      type: int
    reason:
      description: What cannot be said, and why.
      type: str
  sample:
    - element: Server/Service[@name="Catalina"]/Engine[@name="Catalina"]/Host[@name="localhost"]/Listener
      line: 168
      reason: nothing that may be shown tells it from another Listener beside it
path:
  description: The file.
  returned: success
  type: str
  sample: /opt/tomcat/conf/server.xml
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.roundrobin.tomcat.plugins.module_utils._xml.arguments import INFO_ARGUMENTS
from ansible_collections.roundrobin.tomcat.plugins.module_utils._xml.run import tell
from ansible_collections.roundrobin.tomcat.plugins.module_utils._xml.server_reader import ServerInfo

ARGUMENTS = {**INFO_ARGUMENTS, "service": {"type": "str"}}


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    tell(
        module,
        "server_xml",
        lambda document: ServerInfo(document, module.params["service"], module.params["secret_attributes"]),
    )


if __name__ == "__main__":
    main()
