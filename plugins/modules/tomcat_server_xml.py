#!/usr/bin/python
# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: tomcat_server_xml
short_description: Set what a Tomcat server.xml says, and change nothing else in it
description:
  - Brings one C(server.xml) of Apache Tomcat into the wanted state in one call and one write.
  - Only the bytes that have to change change. Comments, quotes, order and line breaks of attributes, line endings,
    encoding, byte order mark, DOCTYPE and entity references stay as they are. New elements take the indentation
    of their siblings.
  - An element can be V(disabled), which puts it into a comment. V(present) takes the same text out of its comment
    again, also if it is a comment of Tomcat's own C(server.xml), such as its AJP connector.
  - The new text is parsed again and must say what was wanted, else nothing is written. Entities are never expanded
    and nothing is fetched.
  - Parts that have no option of their own are reached by O(elements).
author:
  - roundrobin.tomcat contributors (@roundrobin)
options:
  shutdown_port:
    description:
      - Port on which Tomcat waits for the shutdown command, V(1) to V(65535). V(-1) turns it off.
      - A placeholder such as V(${shutdown.port}) is accepted too.
    type: str
  shutdown_command:
    description: The word that shuts Tomcat down when it arrives on O(shutdown_port).
    type: str
  port_offset:
    description:
      - What Tomcat adds to O(shutdown_port) and to the port of each connector, V(0) to V(65534).
      - Older Tomcats (before 9.0.37) ignore it.
    type: int
  jvm_route:
    description:
      - Route of this instance, which Tomcat appends to the ids of its sessions (C(jvmRoute) of the Engine).
      - 1 to 63 letters, digits, C(_) and C(-). There can be no dot, because httpd takes what follows it as the route.
    type: str
  service:
    description:
      - The Service, and its attributes.
    type: dict
    suboptions:
      name:
        description:
          - Name of the Service that all options but O(shutdown_port), O(shutdown_command), O(port_offset), O(listeners),
            O(global_resources) and O(elements) are about.
          - Needed only if the file has several.
        type: str
      attributes: &attributes
        description: Attributes to set. Values are strings, numbers or booleans.
        type: dict
        default: {}
      attributes_to_remove: &attributes_to_remove
        description: Names of attributes to remove.
        type: list
        elements: str
        default: []
  engine:
    description: Attributes of the Engine of the Service, such as C(defaultHost).
    type: dict
    suboptions:
      attributes: *attributes
      attributes_to_remove: *attributes_to_remove
  executors:
    description: Thread pools of the Service, which connectors share by naming one as their C(executor).
    type: list
    elements: dict
    suboptions:
      name:
        description: Name of the Executor.
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
  connectors:
    description:
      - Connectors of the Service.
      - It is an error if the outcome has two connectors, or a connector and the shutdown port, on one port of one address.
        Where the file had such a pair before and the pair is none of O(connectors), there is a warning.
    type: list
    elements: dict
    suboptions:
      protocol:
        description:
          - V(AJP/1.3), V(HTTP/1.1) or the name of a protocol handler's class. V(ajp) and V(http) are accepted too.
          - A connector of the file whose protocol is a class of the wanted kind matches V(AJP/1.3) or V(HTTP/1.1), and keeps
            its class. One without a protocol is V(HTTP/1.1).
        type: str
        required: true
      port:
        description:
          - Port, V(1) to V(65535), or a placeholder such as V(${http.port}).
          - Can be left out only with O(connectors[].match=protocol) or O(connectors[].identify_by), and a
            O(connectors[].state) other than V(present).
        type: str
      match:
        description:
          - Which connector of the file is meant.
          - V(protocol_and_port) means the one with this protocol on this port. So it is if neither this option nor
            O(connectors[].identify_by) is given.
          - V(protocol) means the only one with this protocol, whatever its port is now. It is moved to O(connectors[].port), so
            that a port can be changed later without leaving the former connector behind. If there are several,
            V(present) means the one that has the port already. It is an error if none has, and if V(absent) or V(disabled)
            find several. Connectors with C(SSLEnabled) are meant only if O(connectors[].attributes) sets it, too.
          - V(port) means the one on this port, whatever its protocol is now.
        type: str
        choices: [protocol_and_port, protocol, port]
      identify_by:
        description:
          - Attributes, with their values, by which the connector is known in place of O(connectors[].match). A new one gets them.
        type: dict
      attributes: *attributes
      attributes_to_remove: *attributes_to_remove
      children: &children
        description:
          - Elements inside this one. Each is a dictionary as in O(elements[].children).
        type: list
        elements: dict
      state: *state
  hosts:
    description: Virtual hosts of the Engine.
    type: list
    elements: dict
    suboptions:
      name: &host_name
        description: Name of the Host. If left out, the one that the Engine's C(defaultHost) names, else the only one.
        type: str
      attributes: *attributes
      attributes_to_remove: *attributes_to_remove
      children: *children
      state: *state
  contexts:
    description:
      - Web applications that are set up in C(server.xml). Tomcat's own documentation advises against it; a file of their
        own can be changed without a restart.
    type: list
    elements: dict
    suboptions:
      path:
        description: Path of the application, such as V(/shop). An empty string is the root.
        type: str
        required: true
      host: *host_name
      attributes: *attributes
      attributes_to_remove: *attributes_to_remove
      children: *children
      state: *state
  listeners:
    description: Lifecycle listeners of the Server.
    type: list
    elements: dict
    suboptions:
      class_name:
        description: Class of the listener, which tells it apart from the others.
        type: str
        required: true
      identify_by: &identify_by
        description: Further attributes, with their values, that tell several of one class apart. A new one gets them, too.
        type: dict
        default: {}
      attributes: *attributes
      attributes_to_remove: *attributes_to_remove
      state: *state
  valves:
    description: Valves of a Host or of the Engine.
    type: list
    elements: dict
    suboptions:
      class_name:
        description: Class of the valve, which tells it apart from the others of its parent.
        type: str
        required: true
      identify_by: *identify_by
      parent:
        description: Where the valve is.
        type: str
        choices: [host, engine]
        default: host
      host: *host_name
      attributes: *attributes
      attributes_to_remove: *attributes_to_remove
      state: *state
  realms:
    description: Realms of the Engine or of a Host. A realm inside a realm is one of the other's O(realms[].children).
    type: list
    elements: dict
    suboptions:
      class_name:
        description: Class of the realm, which tells it apart from others of its parent.
        type: str
        required: true
      identify_by: *identify_by
      parent: &engine_or_host
        description: Where the element is.
        type: str
        choices: [engine, host]
        default: engine
      host: *host_name
      attributes: *attributes
      attributes_to_remove: *attributes_to_remove
      children: *children
      state: *state
  clusters:
    description: Clusters, at most one in the Engine and in each Host.
    type: list
    elements: dict
    suboptions:
      class_name:
        description: Class of the cluster. Another one that is there gets this class.
        type: str
        default: org.apache.catalina.ha.tcp.SimpleTcpCluster
      parent: *engine_or_host
      host: *host_name
      attributes: *attributes
      attributes_to_remove: *attributes_to_remove
      children: *children
      purge:
        description: Whether elements inside that O(clusters[].children) does not name are deleted, and those inside of these.
        type: bool
        default: false
      state: *state
  global_resources:
    description: What the C(GlobalNamingResources) of the Server hold. These are created if they are missing.
    type: list
    elements: dict
    suboptions:
      tag: &resource_tag
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
      state: *state
  purge:
    description:
      - Kinds of which nothing shall be left but what entries name, whichever option they are in. Others are deleted, with all
        that is inside. Comments stay.
      - A kind can be purged only if the option of its name is given. An empty list, given as such, leaves none of the kind.
      - This is about the Server, and about the one Service, its Engine and its Hosts that O(service) means. What is deeper down,
        such as a valve in a context, stays.
    type: list
    elements: str
    choices: [executors, hosts, contexts, listeners, valves, realms, clusters, global_resources, connectors]
    default: []
extends_documentation_fragment:
  - ansible.builtin.files
  - roundrobin.tomcat._attributes
  - roundrobin.tomcat._xml
seealso:
  - module: roundrobin.tomcat.tomcat_context_xml
"""

EXAMPLES = r"""
- name: Configure an instance that httpd reaches by AJP
  roundrobin.tomcat.tomcat_server_xml:
    path: /var/opt/tomcat/jvm1/conf/server.xml
    shutdown_port: -1
    jvm_route: jvm1
    service:
      attributes:
        gracefulStopAwaitMillis: 15000
    hosts:
      - attributes:
          autoDeploy: false
    connectors:
      - protocol: AJP/1.3
        match: protocol
        port: 8109
        attributes:
          address: 192.0.2.10
          secret: "{{ vault_ajp_secret }}"
          bindOnInit: false
          keepAliveTimeout: 2000
      - protocol: HTTP/1.1
        match: protocol
        state: disabled

- name: Trust the client's address that httpd passes on
  roundrobin.tomcat.tomcat_server_xml:
    path: /var/opt/tomcat/jvm1/conf/server.xml
    valves:
      - class_name: org.apache.catalina.valves.RemoteIpValve
        attributes:
          internalProxies: 192\.0\.2\.\d{1,3}

- name: Add a data source, and a second name for the default host
  roundrobin.tomcat.tomcat_server_xml:
    path: /var/opt/tomcat/jvm1/conf/server.xml
    global_resources:
      - name: jdbc/shop
        attributes:
          auth: Container
          type: javax.sql.DataSource
          url: jdbc:postgresql://db.example.com/shop
          maxTotal: 20
    hosts:
      - children:
          - tag: Alias
            text: www.example.com

- name: Have one thread pool, the connector with TLS that uses it, and no other connector
  roundrobin.tomcat.tomcat_server_xml:
    path: /var/opt/tomcat/jvm1/conf/server.xml
    executors:
      - name: tomcatThreadPool
        attributes:
          namePrefix: catalina-exec-
          maxThreads: 150
    connectors:
      - protocol: HTTP/1.1
        port: 8443
        attributes:
          executor: tomcatThreadPool
          SSLEnabled: true
        children:
          - tag: SSLHostConfig
            children:
              - tag: Certificate
                identify_by:
                  type: RSA
                attributes:
                  certificateFile: conf/cert.pem
                  certificateKeyFile: conf/key.pem
    purge:
      - connectors

- name: Lock users out after three wrong passwords
  roundrobin.tomcat.tomcat_server_xml:
    path: /var/opt/tomcat/jvm1/conf/server.xml
    realms:
      - class_name: org.apache.catalina.realm.LockOutRealm
        attributes:
          failureCount: 3
        children:
          - tag: Realm
            identify_by:
              className: org.apache.catalina.realm.UserDatabaseRealm
            attributes:
              resourceName: UserDatabase
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
    - action: set
      after: jvm1
      attribute: jvmRoute
      before: null
      element: Server/Service[@name="Catalina"]/Engine[@name="Catalina"]
path:
  description: The file.
  returned: success
  type: str
  sample: /var/opt/tomcat/jvm1/conf/server.xml
backup_file:
  description: Name of the backup.
  returned: when the file was changed and O(backup) is true
  type: str
  sample: /var/opt/tomcat/jvm1/conf/server.xml.4711.2026-11-23@21:00:00~
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.roundrobin.tomcat.plugins.module_utils._xml.arguments import (
    ATTRIBUTES,
    CLASS,
    ELEMENT,
    NAMED,
    PARENT,
    RESOURCE,
    XML_ARGUMENTS,
)
from ansible_collections.roundrobin.tomcat.plugins.module_utils._xml.run import edit, hiding
from ansible_collections.roundrobin.tomcat.plugins.module_utils._xml.server import ServerXml

IN_ENGINE = {"parent": {"type": "str", "choices": ["engine", "host"], "default": "engine"}, "host": {"type": "str"}}
IN_HOST = {"parent": {"type": "str", "choices": ["host", "engine"], "default": "host"}, "host": {"type": "str"}}
CONNECTOR = {
    "protocol": {"type": "str", "required": True},
    "port": {"type": "str"},
    "match": {"type": "str", "choices": ["protocol_and_port", "protocol", "port"]},
    "identify_by": {"type": "dict"},
    **PARENT,
}
CLUSTER = {
    "class_name": {"type": "str", "default": "org.apache.catalina.ha.tcp.SimpleTcpCluster"},
    **IN_ENGINE,
    **PARENT,
    "purge": {"type": "bool", "default": False},
}
KINDS: dict[str, dict[str, t.Any]] = {
    "executors": {**NAMED, **ELEMENT},
    "hosts": {"name": {"type": "str"}, **PARENT},
    "contexts": {"path": {"type": "str", "required": True}, "host": {"type": "str"}, **PARENT},
    "listeners": {**CLASS, **ELEMENT},
    "valves": {**CLASS, **IN_HOST, **ELEMENT},
    "realms": {**CLASS, **IN_ENGINE, **PARENT},
    "clusters": CLUSTER,
    "global_resources": RESOURCE,
    "connectors": CONNECTOR,
}
ARGUMENTS = {
    **XML_ARGUMENTS,
    "shutdown_port": {"type": "str"},
    "shutdown_command": {"type": "str"},
    "port_offset": {"type": "int"},
    "jvm_route": {"type": "str"},
    "service": {"type": "dict", "options": {"name": {"type": "str"}, **ATTRIBUTES}},
    "engine": {"type": "dict", "options": ATTRIBUTES},
    **{kind: {"type": "list", "elements": "dict", "options": options} for kind, options in KINDS.items()},
    "purge": {"type": "list", "elements": "str", "choices": list(KINDS), "default": []},
}


def main() -> None:
    """Run the module."""
    module = hiding(AnsibleModule)(argument_spec=ARGUMENTS, add_file_common_args=True, supports_check_mode=True)
    edit(module, ServerXml)


if __name__ == "__main__":
    main()
