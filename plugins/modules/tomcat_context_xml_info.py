#!/usr/bin/python
# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: tomcat_context_xml_info
short_description: Read what a Tomcat context.xml says
description:
  - Returns what is active in a C(context.xml) of Apache Tomcat as options of M(roundrobin.tomcat.tomcat_context_xml). Given
    these options, that module changes nothing in the same file, and brings another file into the same state.
  - Values of attributes that hold secrets are not returned; they are listed without their values.
author:
  - roundrobin.tomcat contributors (@roundrobin)
extends_documentation_fragment:
  - roundrobin.tomcat._attributes
  - roundrobin.tomcat._attributes.info_module
  - roundrobin.tomcat._xml_info
seealso:
  - module: roundrobin.tomcat.tomcat_context_xml
  - module: roundrobin.tomcat.tomcat_server_xml_info
"""

EXAMPLES = r"""
- name: Read where sessions are kept
  roundrobin.tomcat.tomcat_context_xml_info:
    path: /opt/tomcat/conf/context.xml
  register: by_hand

- name: Show it
  ansible.builtin.debug:
    msg: "{{ by_hand.context_xml.manager.class_name | default('in memory') }}"
"""

RETURN = r"""
context_xml:
  description:
    - Options of M(roundrobin.tomcat.tomcat_context_xml). An option that has nothing to say is missing.
    - What no other option can say is in C(elements).
  returned: success
  type: dict
  sample:
    elements:
      - parent: /Context
        tag: WatchedResource
        text: WEB-INF/web.xml
    manager:
      attributes:
        pathname: ""
    resources:
      - name: jdbc/shop
        tag: Resource
secrets:
  description:
    - Attributes that are not in RV(context_xml) because they hold a secret. Where RV(context_xml) is applied to the same
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
    - attribute: password
      element: Context/Resource[@name="jdbc/shop"]
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
        pathname: ""
      element: Context
      tag: Manager
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
    - element: Context/Listener
      line: 24
      reason: nothing that may be shown tells it from another Listener beside it
path:
  description: The file.
  returned: success
  type: str
  sample: /opt/tomcat/conf/context.xml
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.roundrobin.tomcat.plugins.module_utils._xml.arguments import INFO_ARGUMENTS
from ansible_collections.roundrobin.tomcat.plugins.module_utils._xml.context_reader import ContextInfo
from ansible_collections.roundrobin.tomcat.plugins.module_utils._xml.run import tell


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=INFO_ARGUMENTS, supports_check_mode=True)
    tell(
        module,
        "context_xml",
        lambda document: ContextInfo(document, module.params["secret_attributes"]),
    )


if __name__ == "__main__":
    main()
