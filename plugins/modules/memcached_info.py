#!/usr/bin/python
# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: memcached_info
short_description: Ask memcached nodes how they do
description:
  - Asks each node for its C(stats) from the host that the task runs on, over the text protocol, or over the binary one if it is given a name.
  - Run it on the Tomcat hosts to learn whether the session store can be reached from where it is needed.
  - It warns of items that a node had to throw away while they were valid (evictions) and of those that were too large
    to be stored. Each of them is a session that is lost when its Tomcat stops.
options:
  nodes:
    description:
      - The nodes, each as C(HOST:PORT) or as a dictionary with C(host) and C(port), and C(id) if it is to be named in messages.
      - C(memcached_nodes) of the result of P(roundrobin.tomcat.topology#filter) can be given as it is.
    type: list
    elements: raw
    required: true
  username:
    description: Who to be on nodes that ask for it (SASL, mechanism C(PLAIN)). Such nodes speak the binary protocol only.
    type: str
  password:
    description: What to prove it with.
    type: str
  timeout:
    description: How long one node may take to answer, in seconds.
    type: float
    default: 3.0
  require_up:
    description: Whether the task fails, with a message that names all of them, if a node does not answer.
    type: bool
    default: false
author:
  - roundrobin.tomcat contributors (@roundrobin)
extends_documentation_fragment:
  - roundrobin.tomcat._attributes
  - roundrobin.tomcat._attributes.info_module
seealso:
  - plugin: roundrobin.tomcat.topology
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Ask the session store as the instances see it
  roundrobin.tomcat.memcached_info:
    nodes: "{{ tomcat_topology.memcached_nodes }}"
    require_up: true

- name: Ask one node
  roundrobin.tomcat.memcached_info:
    nodes: [198.18.0.5:11211]
  register: store

- name: Ask nodes that want to know who asks
  roundrobin.tomcat.memcached_info:
    nodes: [198.18.0.5:11211, 198.18.0.6:11211]
    username: tomcat
    password: "{{ vault_memcached_password }}"
"""

RETURN = r"""
nodes:
  description: The nodes in the order given. The numbers are V(null) for a node that is not up.
  returned: always, unless an option is not accepted
  type: list
  elements: dict
  contains:
    node:
      description: Host and port.
      type: str
      sample: 198.18.0.5:11211
    host:
      description: The host.
      type: str
    port:
      description: The port.
      type: int
    id:
      description: The name that was given, or V(null).
      type: str
      sample: n1
    up:
      description: Whether it answered as memcached does.
      type: bool
    reason:
      description: Why it is not up, V(null) if it is.
      type: str
      sample: Connection refused
    version:
      description: The version of memcached.
      type: str
      sample: 1.6.18
    uptime:
      description: For how many seconds it has been running. Items that are older are lost.
      type: int
    curr_items:
      description: How many items it holds.
      type: int
    evictions:
      description: How many valid items it has thrown away for want of memory.
      type: int
    too_large:
      description: How many items it has refused as too large.
      type: int
    bytes:
      description: How much memory its items take.
      type: int
    limit_bytes:
      description: How much memory they may take.
      type: int
    connections:
      description: How many connections are open.
      type: int
    max_connections:
      description: How many it accepts.
      type: int
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.roundrobin.tomcat.plugins.module_utils._stores.memcached import (
    ask,
    down_message,
    parse_node,
    warnings,
)
from ansible_collections.roundrobin.tomcat.plugins.module_utils._stores.run import STORE_ARGUMENTS, tell

ARGUMENTS = {
    "nodes": {"type": "list", "elements": "raw", "required": True},
    **STORE_ARGUMENTS,
}


def main() -> None:
    """Read the options, ask, answer."""
    module = AnsibleModule(
        argument_spec=ARGUMENTS,
        supports_check_mode=True,
        required_together=[("username", "password")],
    )
    tell(module, "nodes", parse=parse_node, ask=ask, warnings=warnings, down_message=down_message)


if __name__ == "__main__":
    main()
