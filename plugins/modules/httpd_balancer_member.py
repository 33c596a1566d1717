#!/usr/bin/python
# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: httpd_balancer_member
short_description: Enable, drain, disable, stop or set up a member of an Apache httpd balancer
description:
  - Brings one member of one balancer (mod_proxy_balancer) to the wanted state and settings through httpd's
    C(balancer-manager) page, and waits until it is idle or usable.
  - Only what must change is sent, and nothing at all when the member is as wanted already. Options that are not given
    leave the member's setting alone, so a hot standby stays one.
  - httpd answers 200 to changes that it ignores. So the page is read again after each change, and the task fails
    with the reason unless it shows what was asked. A change is never sent twice unseen.
  - Changes last until httpd is restarted or reloaded, and longer with C(BalancerPersist On).
author:
  - roundrobin.tomcat contributors (@roundrobin)
extends_documentation_fragment:
  - roundrobin.tomcat._attributes
  - roundrobin.tomcat._balancer_manager
attributes:
  check_mode:
    support: full
    details: Nothing is sent and nothing is waited for. Where something would change, the member's own page is asked for as
      well, so that a manager that ignores this client makes the task fail as the change would.
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  balancer:
    description:
      - Name of the balancer, with or without C(balancer://). httpd knows it in lower case, so case does not matter.
      - Needed only when the worker or route occurs in several balancers.
    type: str
  worker:
    description:
      - URL of the member, for example V(ajp://198.18.0.3:8009). It is compared exactly, but the scheme's own port
        (8009 for C(ajp), 80 for C(http)) may be left out, as httpd does.
      - A member on a unix socket is written as httpd shows it, for example V(unix:/run/shop.sock|http://shop).
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
      - One of O(state), O(standby), O(spare), O(ignore_errors), O(load_factor), O(lbset), O(new_route) and O(wait)
        is required.
    type: str
    choices: [enabled, draining, disabled, stopped]
  standby:
    description: Whether it is a hot standby (flag H), used when no other member is left.
    type: bool
  spare:
    description: Whether it is a hot spare (flag R), which takes the place of a member that is out.
    type: bool
  ignore_errors:
    description: Whether httpd goes on using it after errors (flag I).
    type: bool
  load_factor:
    description:
      - Its share of the load beside the other members, from 1 to 100, with two decimals.
      - httpd keeps that of an only member at 1.
    type: float
  lbset:
    description: The set it belongs to, from 0 to 99. httpd uses the lowest set that has a usable member.
    type: int
  new_route:
    description:
      - The route it shall have, in place of O(route). Sessions with the old one go to any member.
      - Refused when another member of the balancer has it.
    type: str
  keep_usable:
    description:
      - Refuse to take the member out when fewer than this number of usable members would remain in its balancer.
      - A hot standby counts when no other member is left, a hot spare always.
      - When two tasks take out different members at the same moment and too few would remain, the member is put back.
    type: int
    default: 0
  wait:
    description:
      - V(idle) waits until nothing is in flight and no request was handed out during O(stable_reads) readings. httpd's
        counter shows that, and with O(count_connections) also the kernel. Every few seconds a line shows what is still
        in flight, and how long it will still wait.
      - V(ok) waits until the member is usable. A member in error leaves that state only when httpd tries it with a
        user's request.
      - A change that somebody undoes meanwhile, like a reload of httpd, is made again.
      - A reading that fails or is cut, as while httpd restarts, is made again until O(timeout).
    type: str
    choices: [idle, ok]
  timeout:
    description: Seconds to wait at most, also for the manager to be readable again after a change.
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
  count_connections:
    description:
      - Whether httpd runs on the host that the task runs on, in the same network namespace. Then O(wait=idle) asks the
        kernel, too, for the TCP connections from this host to the member.
      - The member is idle when either httpd's counter or the kernel proves it. httpd's counter is wrong at times, and
        then stays so; a member to which no connection is established answers no request. That takes as long as the
        member keeps idle connections open, which for Tomcat is its C(keepAliveTimeout).
      - The counter is not believed while a connection has bytes under way, or a request that nothing was answered to.
      - For a member on a unix socket, or with a name that has no address on this host, and where the kernel has no
        C(sock_diag), the counter decides alone.
    type: bool
    default: false
  on_timeout:
    description:
      - V(fail) ends the task in failure when the wait is over; the member stays in its new state.
      - V(proceed) goes on, and RV(idle), RV(in_flight) and RV(connections) show what was left. httpd counts requests in
        flight without a lock, so its number may stay above 0 on an idle member. Choose V(proceed) where the next step
        lets open requests end anyway, as Tomcat's graceful stop does.
    type: str
    choices: [fail, proceed]
    default: fail
  progress:
    description:
      - A wait in slices, so that the requests in flight can be shown meanwhile.
      - Filled in by the module's action plugin, not meant for playbooks.
    type: dict
    suboptions:
      every:
        description: Seconds until the module ends, to be called again.
        type: float
        required: true
      waited:
        description: Seconds since the first call, if this is a later one.
        type: float
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
    count_connections: true
    timeout: 30
    on_timeout: proceed

- name: Put it back
  roundrobin.tomcat.httpd_balancer_member:
    manager_url: http://127.0.0.1:9080/balancer-manager
    worker: ajp://198.18.0.3:8009
    state: enabled
    wait: ok

- name: Keep a member in reserve, and give it half the load of the others when it is used
  roundrobin.tomcat.httpd_balancer_member:
    manager_url: https://balancer.example.org/balancer-manager
    url_username: operator
    url_password: "{{ balancer_manager_password }}"
    ca_path: /etc/ssl/private-ca.pem
    balancer: tomcat
    route: jvm3
    standby: true
    load_factor: 1
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
  description: Route of the member, the new one if there is one.
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
before:
  description: The settings that were changed (C(state), C(standby), C(spare), C(ignore_errors), C(load_factor), C(lbset),
    C(route)), as they were found.
  returned: success
  type: dict
  sample: {state: enabled, load_factor: 1.0}
after:
  description: The same settings as httpd shows them at the end, or would show in check mode.
  returned: success
  type: dict
  sample: {state: disabled, load_factor: 2.5}
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
connections:
  description: Connections to the member that were established at the last reading, none where the kernel does not know.
  returned: with O(wait=idle) and O(count_connections), not in check mode
  type: int
waited:
  description: Seconds that were waited.
  returned: with O(wait), not in check mode
  type: float
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.roundrobin.tomcat.plugins.module_utils._balancer.change import WantedMember, apply, result
from ansible_collections.roundrobin.tomcat.plugins.module_utils._balancer.manager import BalancerManager
from ansible_collections.roundrobin.tomcat.plugins.module_utils._balancer.model import STATES
from ansible_collections.roundrobin.tomcat.plugins.module_utils._balancer.transport import (
    CONNECTION_ARGUMENTS,
    make_fetch,
)
from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError
from ansible_collections.roundrobin.tomcat.plugins.module_utils._wait import SystemClock

ARGUMENTS = {
    "balancer": {"type": "str"},
    "worker": {"type": "str"},
    "route": {"type": "str"},
    "state": {"type": "str", "choices": list(STATES)},
    "standby": {"type": "bool"},
    "spare": {"type": "bool"},
    "ignore_errors": {"type": "bool"},
    "load_factor": {"type": "float"},
    "lbset": {"type": "int"},
    "new_route": {"type": "str"},
    "keep_usable": {"type": "int", "default": 0},
    "wait": {"type": "str", "choices": ["idle", "ok"]},
    "timeout": {"type": "float", "default": 30.0},
    "interval": {"type": "float", "default": 0.2},
    "stable_reads": {"type": "int", "default": 3},
    "count_connections": {"type": "bool", "default": False},
    "on_timeout": {"type": "str", "choices": ["fail", "proceed"], "default": "fail"},
}
PROGRESS = {"every": {"type": "float", "required": True}, "waited": {"type": "float"}}

SETTINGS = ("state", "standby", "spare", "ignore_errors", "load_factor", "lbset", "new_route")


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={**CONNECTION_ARGUMENTS, **ARGUMENTS, "progress": {"type": "dict", "options": PROGRESS}},
        required_one_of=[("worker", "route"), (*SETTINGS, "wait")],
        supports_check_mode=True,
    )
    try:
        manager = BalancerManager(make_fetch(module.params), module.params["manager_url"])
        wanted = WantedMember(**{name: module.params[name] for name in ARGUMENTS}, **(module.params["progress"] or {}))
        change = apply(manager, wanted, check_mode=module.check_mode, clock=SystemClock())
    except CollectionError as error:
        module.fail_json(msg=error.message, **error.details)
    module.exit_json(**result(change, wanted))


if __name__ == "__main__":
    main()
