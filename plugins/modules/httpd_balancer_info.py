#!/usr/bin/python
# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: httpd_balancer_info
short_description: Read the balancers and members of an Apache httpd
description:
  - Returns what httpd's C(balancer-manager) page reports (mod_proxy_balancer), as data.
  - The page shows the balancers of the virtual host that it is served by, and no others.
author:
  - roundrobin.tomcat contributors (@roundrobin)
extends_documentation_fragment:
  - roundrobin.tomcat._attributes
  - roundrobin.tomcat._attributes.info_module
  - roundrobin.tomcat._balancer_manager
options:
  try_out:
    description:
      - Whether to ask httpd, too, if it would follow a change. It ignores changes of a client that it does not trust.
      - The page of one member of each balancer is asked for. Nothing is changed.
    type: bool
    default: false
seealso:
  - module: roundrobin.tomcat.httpd_balancer_member
"""

EXAMPLES = r"""
- name: Read the pool
  roundrobin.tomcat.httpd_balancer_info:
    manager_url: http://127.0.0.1:9080/balancer-manager
  register: pool

- name: Insist on two members that take requests
  ansible.builtin.assert:
    that: pool.balancers[0].members | selectattr('usable') | length >= 2
"""

RETURN = r"""
refusals:
  description: By balancer, why httpd would not follow a change; empty where it would.
  returned: success, empty without O(try_out)
  type: dict
balancers:
  description: The balancers in the order of httpd's configuration.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name without C(balancer://).
      type: str
      sample: tomcat
    lbmethod:
      description: How httpd chooses a member for a new session.
      type: str
      sample: byrequests
    sticky_session:
      description: Cookie and path parameter that carry the route, as in the configuration; empty without stickiness.
      type: str
      sample: JSESSIONID|jsessionid
    nofailover:
      description: Whether a request of a session whose member is out fails instead of going to another member.
      type: bool
    timeout:
      description: Seconds that a request waits for a member to become free; 0 is not at all.
      type: int
    max_attempts:
      description: How many more members a request is given to when one fails.
      type: int
    usable:
      description: How many of its members are usable.
      type: int
    members:
      description: The balancer's members in the order of httpd's configuration.
      type: list
      elements: dict
      contains:
        balancer:
          description: Name of the balancer that the member belongs to.
          type: str
          sample: tomcat
        worker:
          description: URL of the member, always with its port.
          type: str
          sample: ajp://198.18.0.3:8009
        route:
          description: Route of the member, empty if it has none.
          type: str
          sample: jvm1
        state:
          description: One of V(enabled), V(draining), V(disabled), V(stopped).
          type: str
          sample: enabled
        status:
          description: The status as httpd writes it.
          type: str
          sample: Init Ok
        usable:
          description: Whether httpd gives the member new sessions (a standby, when no other member is left).
          type: bool
        standby:
          description: Whether it is a hot standby (flag H).
          type: bool
        spare:
          description: Whether it is a hot spare (flag R).
          type: bool
        ignore_errors:
          description: Whether httpd ignores its errors (flag I).
          type: bool
        health_check_failed:
          description: Whether mod_proxy_hcheck has taken it out (flag C).
          type: bool
        in_error:
          description: Whether the last connection to it failed and C(retry) seconds are not over (flag E).
          type: bool
        elected:
          description: How many requests it was given.
          type: int
        busy:
          description: How many requests are in flight, by a counter that may err by a few.
          type: int
        load_factor:
          description: Its share of the load.
          type: float
        lbset:
          description: The set it belongs to; lower sets are used first.
          type: int
        retries:
          description: How often httpd tried to reach it again; V(null) where the manager offers no XML view.
          type: int
        health_check:
          description: What mod_proxy_hcheck does with the member; V(null) when it does nothing.
          type: dict
          contains:
            method:
              description: How it asks.
              type: str
              sample: GET
            interval:
              description: Seconds between two checks.
              type: float
            passes:
              description: How many good checks in a row bring the member back.
              type: int
            fails:
              description: How many bad checks in a row take it out.
              type: int
            passed:
              description: How many good checks in a row there were so far while it is out.
              type: int
            failed:
              description: How many bad checks in a row there were so far while it is in.
              type: int
            uri:
              description: The path that is asked for.
              type: str
              sample: /health
            expression:
              description: Name of the C(ProxyHCExpr) that judges the answer.
              type: str
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.roundrobin.tomcat.plugins.module_utils._balancer.manager import BalancerManager
from ansible_collections.roundrobin.tomcat.plugins.module_utils._balancer.model import Balancer, ManagerError
from ansible_collections.roundrobin.tomcat.plugins.module_utils._balancer.transport import (
    CONNECTION_ARGUMENTS,
    make_fetch,
)
from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError


def refusal(manager: BalancerManager, balancer: Balancer) -> str:
    """Return why httpd would not change a member of the balancer; empty if it would, and where it has none."""
    try:
        for member in balancer.members[:1]:
            manager.try_out(balancer, member)
    except ManagerError as error:
        return error.message
    return ""


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={**CONNECTION_ARGUMENTS, "try_out": {"type": "bool", "default": False}}, supports_check_mode=True
    )
    try:
        manager = BalancerManager(make_fetch(module.params), module.params["manager_url"])
        balancers = manager.read_details()
        tried = {one.name: refusal(manager, one) for one in balancers} if module.params["try_out"] else {}
    except CollectionError as error:
        module.fail_json(msg=error.message, **error.details)
    module.exit_json(changed=False, balancers=[balancer.as_dict() for balancer in balancers], refusals=tried)


if __name__ == "__main__":
    main()
