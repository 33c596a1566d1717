#!/usr/bin/python
# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: tomcat_context_xml
short_description: Set what a Tomcat context.xml says, and change nothing else in it
description:
  - Brings one C(context.xml) of Apache Tomcat, or another file whose root is a C(Context), into the wanted state in one
    call and one write.
  - Only the bytes that have to change change, as in M(roundrobin.tomcat.tomcat_server_xml).
author:
  - roundrobin.tomcat contributors (@roundrobin)
options:
  context:
    description: Attributes of the Context itself, such as C(sessionCookieName).
    type: dict
    suboptions:
      attributes: &attributes
        description: Attributes to set. Values are strings, numbers or booleans.
        type: dict
        default: {}
      attributes_to_remove: &attributes_to_remove
        description: Names of attributes to remove.
        type: list
        elements: str
        default: []
  manager:
    description:
      - The session manager. Tomcat uses one, so there is one C(Manager) afterwards.
      - A C(Manager) of another class is replaced, with all that it contains.
    type: dict
    suboptions:
      class_name:
        description: Class of the manager. If left out, Tomcat's own.
        type: str
      attributes:
        description:
          - All attributes of the manager. Others that it has are removed, so that nothing of a former store is left.
          - Values are strings, numbers or booleans.
        type: dict
        default: {}
      children:
        description: Elements inside the manager, such as C(Store). Each is a dictionary as in O(elements[].children).
        type: list
        elements: dict
  manager_state:
    description:
      - V(present) needs O(manager) to do something.
      - V(absent) deletes the manager and V(disabled) puts it into a comment, whichever it is.
    type: str
    choices: [present, absent, disabled]
    default: present
  resources:
    description: What applications look up by name, such as data sources.
    type: list
    elements: dict
    suboptions:
      tag:
        description: Name of the element.
        type: str
        choices: [Resource, Environment, ResourceLink, ResourceEnvRef, ServiceRef, Ejb, LocalEjb]
        default: Resource
      name:
        description: Name of the resource, such as V(jdbc/shop).
        type: str
        required: true
      attributes: *attributes
      attributes_to_remove: *attributes_to_remove
      state: &state
        description:
          - V(present) creates the element, or takes it out of a comment, and sets its attributes.
          - V(disabled) puts it into a comment. There is nothing to do where it is missing.
          - V(absent) deletes it. One that is commented out stays a comment.
        type: str
        choices: [present, absent, disabled]
        default: present
  parameters:
    description: Initialisation parameters of the applications.
    type: list
    elements: dict
    suboptions:
      name:
        description: Name of the Parameter.
        type: str
        required: true
      attributes: *attributes
      attributes_to_remove: *attributes_to_remove
      state: *state
  valves:
    description: Valves of the Context.
    type: list
    elements: dict
    suboptions:
      class_name:
        description: Class of the valve, which tells it apart from the others.
        type: str
        required: true
      identify_by:
        description: Further attributes, with their values, that tell several of one class apart. A new one gets them, too.
        type: dict
        default: {}
      attributes: *attributes
      attributes_to_remove: *attributes_to_remove
      state: *state
  purge:
    description:
      - Kinds of which nothing shall be left but what entries name, whichever option they are in. Others are deleted, with all
        that is inside. Comments stay.
      - A kind can be purged only if the option of its name is given. An empty list, given as such, leaves none of the kind.
    type: list
    elements: str
    choices: [resources, parameters, valves]
    default: []
extends_documentation_fragment:
  - ansible.builtin.files
  - roundrobin.tomcat._attributes
  - roundrobin.tomcat._xml
seealso:
  - module: roundrobin.tomcat.tomcat_server_xml
"""

EXAMPLES = r"""
- name: Keep sessions in memcached
  roundrobin.tomcat.tomcat_context_xml:
    path: /var/opt/tomcat/jvm1/conf/context.xml
    manager:
      class_name: de.javakaffee.web.msm.MemcachedBackupSessionManager
      attributes:
        memcachedNodes: n1:192.0.2.21:11211,n2:192.0.2.22:11211
        failoverNodes: n1
        sticky: true
        sessionBackupAsync: false
        requestUriIgnorePattern: .*\.(ico|png|gif|jpg|css|js)$

- name: Go back to Tomcat's own session manager
  roundrobin.tomcat.tomcat_context_xml:
    path: /var/opt/tomcat/jvm1/conf/context.xml
    manager_state: absent

- name: Make a value available to all applications
  roundrobin.tomcat.tomcat_context_xml:
    path: /var/opt/tomcat/jvm1/conf/context.xml
    resources:
      - tag: Environment
        name: stage
        attributes:
          type: java.lang.String
          value: production

- name: Watch a further file
  roundrobin.tomcat.tomcat_context_xml:
    path: /var/opt/tomcat/jvm1/conf/context.xml
    elements:
      - parent: /Context
        tag: WatchedResource
        text: WEB-INF/shop.xml
"""

RETURN = r"""
changes:
  description: What was changed, or would be in check mode, in order. Secrets are masked.
  returned: success
  type: list
  elements: dict
  contains:
    action:
      description: >-
        V(set) or V(unset) for an attribute, V(set_text) for a text; V(added), V(removed), V(replaced), V(disabled) or V(enabled)
        for an element.
      type: str
      returned: always
    element:
      description: Where the element is.
      type: str
      returned: always
    attribute:
      description: Name of the attribute.
      type: str
      returned: when action is V(set) or V(unset)
    before:
      description: Former value of the attribute or text, none if it was missing.
      type: str
      returned: when action is V(set), V(unset) or V(set_text)
    after:
      description: New value of the attribute or text, none if it was removed.
      type: str
      returned: when action is V(set), V(unset) or V(set_text)
    attributes:
      description: Attributes of the new element.
      type: dict
      returned: when action is V(added) or V(replaced)
    text:
      description: Text of the new element.
      type: str
      returned: when action is V(added) and the element has a text
  sample:
    - action: added
      attributes:
        pathname: ""
      element: Context/Manager
path:
  description: The file.
  returned: success
  type: str
  sample: /var/opt/tomcat/jvm1/conf/context.xml
backup_file:
  description: Name of the backup.
  returned: when the file was changed and O(backup) is true
  type: str
  sample: /var/opt/tomcat/jvm1/conf/context.xml.4711.2026-11-23@21:00:00~
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.roundrobin.tomcat.plugins.module_utils._xml.arguments import (
    ATTRIBUTES,
    CLASS,
    ELEMENT,
    NAMED,
    RESOURCE,
    XML_ARGUMENTS,
)
from ansible_collections.roundrobin.tomcat.plugins.module_utils._xml.context import ContextXml
from ansible_collections.roundrobin.tomcat.plugins.module_utils._xml.run import edit, hiding

MANAGER = {
    "class_name": {"type": "str"},
    "attributes": {"type": "dict", "default": {}},
    "children": {"type": "list", "elements": "dict"},
}
KINDS: dict[str, dict[str, t.Any]] = {
    "resources": RESOURCE,
    "parameters": {**NAMED, **ELEMENT},
    "valves": {**CLASS, **ELEMENT},
}
ARGUMENTS = {
    **XML_ARGUMENTS,
    "context": {"type": "dict", "options": ATTRIBUTES},
    "manager": {"type": "dict", "options": MANAGER},
    "manager_state": {"type": "str", "choices": ["present", "absent", "disabled"], "default": "present"},
    **{kind: {"type": "list", "elements": "dict", "options": options} for kind, options in KINDS.items()},
    "purge": {"type": "list", "elements": "str", "choices": list(KINDS), "default": []},
}


def main() -> None:
    """Run the module."""
    module = hiding(AnsibleModule)(argument_spec=ARGUMENTS, add_file_common_args=True, supports_check_mode=True)
    edit(module, ContextXml)


if __name__ == "__main__":
    main()
