#!/usr/bin/python
# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: tomcat_store_info
short_description: Read how many sessions of a running Tomcat instance could not be stored
description:
  - Asks the session manager of each application that has releases how many of its sessions are in the memory of this instance alone. A restart
    loses them. Tomcat's log names them.
  - Only the session managers for memcached and Redis say so, to the instance's own machine, where the role
    P(roundrobin.tomcat.tomcat_instance#role) has set them up.
options:
  base:
    description: C(CATALINA_BASE) of the instance.
    type: path
    required: true
  url:
    description: Where the instance is, as V(http://198.18.0.3:8080) or V(ajp://198.18.0.3:8009).
    type: str
    required: true
  ajp_secret:
    description: The secret of an AJP connector.
    type: str
  request_timeout:
    description: How long one request may take, in seconds.
    type: float
    default: 5
author:
  - roundrobin.tomcat contributors (@roundrobin)
extends_documentation_fragment:
  - roundrobin.tomcat._attributes
  - roundrobin.tomcat._attributes.info_module
seealso:
  - module: roundrobin.tomcat.tomcat_session_info
"""

EXAMPLES = r"""
- name: See which sessions a restart would lose
  roundrobin.tomcat.tomcat_store_info:
    base: /var/opt/tomcat/jvm1
    url: http://198.18.0.3:8080
  register: tomcat

- name: Show them
  ansible.builtin.debug:
    msg: "{{ tomcat.contexts }}"
"""

RETURN = r"""
contexts:
  description: What C(webapps) links to, by application, the oldest context of each first. Those that do not say are not in it.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Base name of the application.
      type: str
      sample: ROOT
    context_version:
      description: What stands behind C(##), V("") for the plain name.
      type: str
      sample: ""
    sessions:
      description: Sessions of which the store has nothing, or no more what they are now.
      type: int
      sample: 2
    largest_bytes:
      description: Size of the largest of those that are too large for the store, or 0.
      type: int
      sample: 1536211
    incomplete:
      description: Sessions that the store has without some of their attributes, as these cannot be serialized.
      type: int
      sample: 0
    refused:
      description:
        - How often something of a session was not read since the application's start, because the filter of serialized objects refuses it
          (C(jdk.serialFilter)). Whoever put it into the store may have meant to run code in Tomcat.
      type: int
      sample: 0
"""

import typing as t
from dataclasses import asdict

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError
from ansible_collections.roundrobin.tomcat.plugins.module_utils._limits import OF_A_QUESTION, check_limits
from ansible_collections.roundrobin.tomcat.plugins.module_utils._releases.disk import ReleasesDisk, applications_below
from ansible_collections.roundrobin.tomcat.plugins.module_utils._tomcat.ask import make_ask
from ansible_collections.roundrobin.tomcat.plugins.module_utils._tomcat.health import Answer, parse_url
from ansible_collections.roundrobin.tomcat.plugins.module_utils._tomcat.teller import read_not_stored

ARGUMENTS: dict[str, t.Any] = {
    "base": {"type": "path", "required": True},
    "url": {"type": "str", "required": True},
    "ajp_secret": {"type": "str", "no_log": True},
    "request_timeout": {"type": "float", "default": 5},
}


def read(base: str, ask: t.Callable[[str], Answer]) -> list[dict[str, t.Any]]:
    """Ask for each context that is linked."""
    found = []
    for name in applications_below(base):
        for one in ReleasesDisk(base, name).read().contexts:
            figures = read_not_stored(ask, name, one.context_version)
            if figures:
                found.append({"name": name, "context_version": one.context_version, **asdict(figures)})
    return found


def main() -> None:
    """Read the options, ask, answer."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    params = module.params

    def ask(path: str) -> Answer:
        target = parse_url(params["url"] + path)
        return make_ask(target, headers={}, secret=params["ajp_secret"], timeout=params["request_timeout"])()

    try:
        check_limits(params, {"request_timeout": OF_A_QUESTION})
        contexts = read(params["base"], ask)
    except CollectionError as error:
        module.fail_json(msg=error.message, **error.details)
    module.exit_json(changed=False, contexts=contexts)


if __name__ == "__main__":
    main()
