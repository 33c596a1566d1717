#!/usr/bin/python
# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: redis_info
short_description: Ask Redis and Valkey servers how they do
description:
  - Asks each server with C(INFO), from the host that the task runs on.
  - Run it on the Tomcat hosts to learn whether the session store can be reached from where it is needed.
  - It warns of keys that a server had to throw away (each of them may be a session), and of one that is nearly full.
options:
  servers:
    description:
      - The servers, each as C(redis://HOST:PORT) or, with TLS, C(rediss://HOST:PORT).
      - C(redis_addresses) of the result of P(roundrobin.tomcat.topology#filter) can be given as it is.
    type: list
    elements: str
    required: true
  username:
    description: Who to be on the servers, their default user if it is not given.
    type: str
  password:
    description: What to prove it with.
    type: str
  ca_path:
    description: File on the host with the certificates that TLS trusts, those of the system if it is not given.
    type: path
  timeout:
    description: How long one server may take to answer, in seconds.
    type: float
    default: 3.0
  require_up:
    description: Whether the task fails, with a message that names all of them, if a server does not answer.
    type: bool
    default: false
author:
  - roundrobin.tomcat contributors (@roundrobin)
extends_documentation_fragment:
  - roundrobin.tomcat._attributes
  - roundrobin.tomcat._attributes.info_module
seealso:
  - module: roundrobin.tomcat.memcached_info
  - plugin: roundrobin.tomcat.topology
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Ask the session store as the instances see it
  roundrobin.tomcat.redis_info:
    servers: "{{ tomcat_topology.redis_addresses }}"
    password: "{{ redis_password }}"
    require_up: true
"""

RETURN = r"""
servers:
  description: The servers in the order given. The numbers are V(null) for a server that does not answer.
  returned: always, unless an option is not accepted
  type: list
  elements: dict
  contains:
    server:
      description: Its address.
      type: str
      sample: redis://198.18.0.5:6379
    up:
      description: Whether it answered as Redis does, and has loaded its data.
      type: bool
    reason:
      description: Why it is not up, V(null) if it is.
      type: str
      sample: "refuses: WRONGPASS invalid username-password pair or user is disabled."
    software:
      description: V(redis) or V(valkey).
      type: str
    version:
      description: Its version.
      type: str
      sample: 7.0.15
    mode:
      description: V(standalone), V(sentinel) or V(cluster).
      type: str
    role:
      description: V(master) or V(slave), as it calls itself.
      type: str
    db_keys:
      description: How many keys it holds. Each session is one.
      type: int
    uptime:
      description: For how many seconds it has been running.
      type: int
    evictions:
      description: How many keys it has thrown away for want of memory.
      type: int
    bytes:
      description: How much memory it uses.
      type: int
    limit_bytes:
      description: How much it may use, V(0) for no limit.
      type: int
    connections:
      description: How many connections are open.
      type: int
    max_connections:
      description: How many it accepts.
      type: int
"""

import functools

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.roundrobin.tomcat.plugins.module_utils._stores.redis import (
    ask,
    down_message,
    parse_server,
    warnings,
)
from ansible_collections.roundrobin.tomcat.plugins.module_utils._stores.run import STORE_ARGUMENTS, tell

ARGUMENTS = {
    "servers": {"type": "list", "elements": "str", "required": True},
    "ca_path": {"type": "path"},
    **STORE_ARGUMENTS,
}


def main() -> None:
    """Read the options, ask, answer."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    ask_server = functools.partial(ask, ca_path=module.params["ca_path"])
    tell(module, "servers", parse=parse_server, ask=ask_server, warnings=warnings, down_message=down_message)


if __name__ == "__main__":
    main()
