#!/usr/bin/python
# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: httpd_balancer_member
short_description: Enable, drain, disable or stop a member of an Apache httpd balancer
description:
  - Brings one member of one balancer (mod_proxy_balancer) to the wanted state through httpd's C(balancer-manager)
    page, and waits until it is idle or usable.
  - Only the flags that must change are sent, and nothing at all when the member is in the state already. A hot
    standby stays one.
  - httpd answers 200 to changes that it ignores. So the page is read again after each change, and the task fails
    with the reason unless it shows what was asked.
author:
  - roundrobin.tomcat contributors (@roundrobin)
extends_documentation_fragment:
  - roundrobin.tomcat._attributes
  - roundrobin.tomcat._balancer_manager
attributes:
  check_mode:
    support: full
    details: Nothing is waited for.
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  balancer:
    description:
      - Name of the balancer, with or without C(balancer://).
      - Needed only when the worker or route occurs in several balancers.
    type: str
  worker:
    description:
      - URL of the member, for example V(ajp://198.18.0.3:8009). It is compared exactly, but the scheme's own port
        (8009 for C(ajp), 80 for C(http)) may be left out, as httpd does.
      - One of O(worker) and O(route) is required.
    type: str
  route:
    description: Route of the member, compared exactly.
    type: str
  state:
    description:
      - V(enabled) gives it requests.
      - V(draining) (flag N) gives it no new sessions, but still every request of sessions that carry its route. It
        never becomes idle while those users go on.
      - V(disabled) (flag D) gives it nothing more. Users of its sessions move to other members at once, which is
        right when the sessions are in a shared store.
      - V(stopped) (flag S) is like V(disabled), and httpd does not even retry it.
      - Without it, the task only waits.
    type: str
    choices: [enabled, draining, disabled, stopped]
  keep_usable:
    description:
      - Refuse to take the member out when fewer than this number of usable members would remain in its balancer.
      - A hot standby counts when no other member is left.
    type: int
    default: 0
  wait:
    description:
      - V(idle) waits until nothing is in flight and no request was handed out during O(stable_reads) readings.
      - V(ok) waits until the member is usable. A member in error leaves that state only when httpd tries it with a
        user's request.
      - A change of state that somebody undoes meanwhile, like a reload of httpd, is made again.
    type: str
    choices: [idle, ok]
  timeout:
    description: Seconds to wait at most.
    type: float
    default: 30.0
  interval:
    description: Seconds between two readings.
    type: float
    default: 0.2
  stable_reads:
    description: How many readings in a row must show an idle member.
    type: int
    default: 3
  on_timeout:
    description:
      - V(fail) ends the task in failure when the wait is over; the member stays in its new state.
      - V(proceed) goes on, and RV(idle) and RV(in_flight) tell that and how many requests were left. httpd counts
        requests in flight without a lock, so the number may stay above 0 on an idle member. Choose V(proceed) where
        the next step lets open requests end anyway, as Tomcat's graceful stop does.
    type: str
    choices: [fail, proceed]
    default: fail
seealso:
  - module: roundrobin.tomcat.httpd_balancer_info
"""

EXAMPLES = r"""
- name: Take a member out and wait for its last request
  roundrobin.tomcat.httpd_balancer_member:
    manager_url: http://127.0.0.1:9080/balancer-manager
    balancer: tomcat
    route: jvm1
    state: disabled
    keep_usable: 1
    wait: idle
    timeout: 30
    on_timeout: proceed

- name: Put it back
  roundrobin.tomcat.httpd_balancer_member:
    manager_url: http://127.0.0.1:9080/balancer-manager
    worker: ajp://198.18.0.3:8009
    state: enabled
    wait: ok
"""

RETURN = r"""
balancer:
  description: Name of the member's balancer.
  returned: success
  type: str
  sample: tomcat
worker:
  description: URL of the member, always with its port.
  returned: success
  type: str
  sample: ajp://198.18.0.3:8009
route:
  description: Route of the member.
  returned: success
  type: str
  sample: jvm1
state_before:
  description: State that the member was found in.
  returned: when the member was found
  type: str
  sample: enabled
state_after:
  description: State that httpd shows at the end, or would show in check mode.
  returned: when the member was found
  type: str
  sample: disabled
member:
  description: The member as read last, with the keys that M(roundrobin.tomcat.httpd_balancer_info) documents.
  returned: success
  type: dict
idle:
  description: Whether the member was seen idle.
  returned: with O(wait=idle), not in check mode
  type: bool
in_flight:
  description: Requests in flight at the last reading, by httpd's own counter.
  returned: with O(wait=idle), not in check mode
  type: int
waited:
  description: Seconds that were waited.
  returned: with O(wait), not in check mode
  type: float
"""

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

from ansible_collections.roundrobin.tomcat.plugins.module_utils._balancer_http import (
    CONNECTION_ARGUMENTS,
    requests_fetch,
)
from ansible_collections.roundrobin.tomcat.plugins.module_utils._balancer_manager import (
    STATES,
    BalancerManager,
    Wanted,
    apply,
    result,
)
from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError
from ansible_collections.roundrobin.tomcat.plugins.module_utils._wait import SystemClock

try:
    import requests
except ImportError:
    requests = None

ARGUMENTS = {
    "balancer": {"type": "str"},
    "worker": {"type": "str"},
    "route": {"type": "str"},
    "state": {"type": "str", "choices": list(STATES)},
    "keep_usable": {"type": "int", "default": 0},
    "wait": {"type": "str", "choices": ["idle", "ok"]},
    "timeout": {"type": "float", "default": 30.0},
    "interval": {"type": "float", "default": 0.2},
    "stable_reads": {"type": "int", "default": 3},
    "on_timeout": {"type": "str", "choices": ["fail", "proceed"], "default": "fail"},
}


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={**CONNECTION_ARGUMENTS, **ARGUMENTS},
        required_one_of=[("worker", "route"), ("state", "wait")],
        supports_check_mode=True,
    )
    if requests is None:
        module.fail_json(msg=missing_required_lib("requests"))
    try:
        manager = BalancerManager(requests_fetch(requests, module.params), module.params["manager_url"])
        wanted = Wanted(**{name: module.params[name] for name in ARGUMENTS})
        change = apply(manager, wanted, check_mode=module.check_mode, clock=SystemClock())
    except CollectionError as error:
        module.fail_json(msg=error.message, **error.details)
    module.exit_json(**result(change, wanted, check_mode=module.check_mode))


if __name__ == "__main__":
    main()
