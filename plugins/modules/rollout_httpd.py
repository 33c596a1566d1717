#!/usr/bin/python
# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: rollout_httpd
short_description: Take a member out of the httpds of a rollout, or put it back and check it, in one call for each machine
description:
  - Brings a member to the wanted state in several balancers, waits, and asks applications through httpd.
    Each part can be left out.
  - All machines are called at the same time. On a machine all balancers are changed before the first one is waited for.
  - The role C(rolling_deploy) calls it. Use M(roundrobin.tomcat.httpd_balancer_member) and M(roundrobin.tomcat.http_health) in
    playbooks of your own.
author:
  - roundrobin.tomcat contributors (@roundrobin)
extends_documentation_fragment:
  - roundrobin.tomcat._attributes
  - roundrobin.tomcat._checks
attributes:
  check_mode:
    support: full
    details: Nothing is sent that changes a member, and nothing is waited for or asked.
  diff_mode:
    support: none
  idempotent:
    support: full
    details: A renewal of O(lock) sets the time of a file and does not count as a change.
options:
  at:
    description:
      - The machines, and what is to be done at each. For the module's action plugin, which calls the module once for each of them.
    type: list
    elements: dict
    default: []
    suboptions:
      host:
        description: The inventory host that stands for the machine.
        type: str
        required: true
      members:
        description: As O(members).
        type: list
        elements: dict
        default: []
      checks:
        description: As O(checks).
        type: list
        elements: dict
        default: []
  members:
    description: The member in each balancer. Options that are missing here are as in M(roundrobin.tomcat.httpd_balancer_member).
    type: list
    elements: dict
    default: []
    suboptions:
      httpd:
        description: The inventory host of the httpd, for messages.
        type: str
        required: true
      manager_url:
        description: The balancer-manager.
        type: str
        required: true
      balancer:
        description: Name of the balancer.
        type: str
        required: true
      worker:
        description: URL of the member.
        type: str
        required: true
      state:
        description: The state that it is to have.
        type: str
        required: true
      keep_usable:
        description: How many usable members must remain.
        type: int
        default: 0
      wait:
        description: What to wait for.
        type: str
        choices: [idle, ok]
  timeout:
    description: Seconds to wait for a member at most.
    type: float
    default: 30.0
  on_timeout:
    description: What happens then.
    type: str
    choices: [fail, proceed]
    default: fail
  progress:
    description: A wait in slices, as in M(roundrobin.tomcat.httpd_balancer_member). Filled in by the module's action plugin.
    type: dict
    suboptions:
      every:
        description: Seconds until the module ends, to be called again.
        type: float
        required: true
      waited:
        description: Seconds since the first call, if this is a later one.
        type: float
  lock:
    description:
      - The rollout's lock on this machine. It is renewed before a member is taken out, and again in each slice of the wait for it. Without the
        lock nothing is taken out.
      - At the end of a call that has succeeded it is renewed again.
        A lock that cannot be renewed then is no failure of the call, as the member is where it should be.
      - In check mode it is not renewed.
    type: dict
    suboptions:
      id:
        description: As in M(roundrobin.tomcat.rollout_lock).
        type: str
        required: true
      lease:
        description: As in M(roundrobin.tomcat.rollout_lock).
        type: int
        required: true
      required:
        description: Whether without it nothing is taken out. A member that does not serve is better out, whoever has the lock.
        type: bool
        default: true
      holder:
        description: As in M(roundrobin.tomcat.rollout_lock). Filled in by the module's action plugin.
        type: dict
  journal:
    description: The journal of the rollout, on the controller. Without one no event is written.
    type: path
  direction:
    description: Whether the member gets the release or goes back.
    type: str
    choices: [forward, back]
    default: forward
  phase:
    description: What the event of O(members) is called.
    type: str
    choices: [drain, enable]
    default: drain
"""

EXAMPLES = r"""
- name: Take a member out of two httpds and wait for its last request
  roundrobin.tomcat.rollout_httpd:
    timeout: 60
    on_timeout: proceed
    at:
      - host: web1
        members: &members
          - httpd: web1
            manager_url: http://127.0.0.1:9080/balancer-manager
            balancer: tomcat
            worker: ajp://198.18.0.3:8009
            state: disabled
            keep_usable: 1
            wait: idle
      - host: web2
        members: *members
"""

RETURN = r"""
results:
  description: What each machine answered, with its C(item).
  returned: by the action plugin
  type: list
  elements: dict
members:
  description: What became of the member in each balancer, as M(roundrobin.tomcat.httpd_balancer_member) returns it, with its C(httpd).
  returned: when all of them were changed
  type: list
  elements: dict
health:
  description: What each application answered, as M(roundrobin.tomcat.http_health) returns it, with its name.
  returned: when they were asked
  type: list
  elements: dict
left:
  description: Seconds until the time-out, if the wait goes on in another call.
  returned: when a slice is over
  type: float
httpd:
  description: The httpd in whose balancer the member could not be changed or waited for.
  returned: when that failed
  type: str
step:
  description: What was being done when it failed, in words.
  returned: when an application did not answer as it should
  type: str
lock_lost:
  description:
    - Why the rollout does not have its lock any more. By the action plugin, of all machines together.
  returned: when O(lock) could not be renewed at the end
  type: str
asked:
  description: How many seconds before the end of the call the applications were asked first.
  returned: when they were asked
  type: float
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.roundrobin.tomcat.plugins.module_utils._balancer.change import WantedMember, result
from ansible_collections.roundrobin.tomcat.plugins.module_utils._balancer.manager import BalancerManager
from ansible_collections.roundrobin.tomcat.plugins.module_utils._balancer.model import STATES
from ansible_collections.roundrobin.tomcat.plugins.module_utils._balancer.several import Task, apply_all
from ansible_collections.roundrobin.tomcat.plugins.module_utils._balancer.transport import make_fetch
from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError
from ansible_collections.roundrobin.tomcat.plugins.module_utils._listening import near_url
from ansible_collections.roundrobin.tomcat.plugins.module_utils._rollout_record import DEFAULT_DIRECTORY, RolloutStore
from ansible_collections.roundrobin.tomcat.plugins.module_utils._tomcat.proof import (
    CHECK,
    Terms,
    complaints,
    prove,
    read_check,
    results,
)
from ansible_collections.roundrobin.tomcat.plugins.module_utils._wait import SystemClock

MEMBER = {
    "httpd": {"type": "str", "required": True},
    "manager_url": {"type": "str", "required": True},
    "balancer": {"type": "str", "required": True},
    "worker": {"type": "str", "required": True},
    "state": {"type": "str", "required": True},
    "keep_usable": {"type": "int", "default": 0},
    "wait": {"type": "str", "choices": ["idle", "ok"]},
}
MACHINE = {
    "host": {"type": "str", "required": True},
    "members": {"type": "list", "elements": "dict", "default": []},
    "checks": {"type": "list", "elements": "dict", "default": []},
}
LOCK = {
    "id": {"type": "str", "required": True},
    "lease": {"type": "int", "required": True},
    "required": {"type": "bool", "default": True},
    "holder": {"type": "dict"},
}
PROGRESS = {"every": {"type": "float", "required": True}, "waited": {"type": "float"}}
ARGUMENTS = {
    "at": {"type": "list", "elements": "dict", "options": MACHINE, "default": []},
    "members": {"type": "list", "elements": "dict", "options": MEMBER, "default": []},
    "timeout": {"type": "float", "default": 30.0},
    "on_timeout": {"type": "str", "choices": ["fail", "proceed"], "default": "fail"},
    "checks": {"type": "list", "elements": "dict", "options": CHECK, "default": []},
    "progress": {"type": "dict", "options": PROGRESS},
    "lock": {"type": "dict", "options": LOCK},
    "journal": {"type": "path"},
    "direction": {"type": "str", "choices": ["forward", "back"], "default": "forward"},
    "phase": {"type": "str", "choices": ["drain", "enable"], "default": "drain"},
}
# As httpd_balancer_member has them by default, but for a manager that is near.
CONNECTION = {
    "unix_socket": None,
    "url_username": None,
    "url_password": None,
    "validate_certs": True,
    "ca_path": None,
    "request_timeout": 5.0,
}
NOT_ASKED_FOR = {
    "route": None,
    "standby": None,
    "spare": None,
    "ignore_errors": None,
    "load_factor": None,
    "lbset": None,
    "new_route": None,
}
# Three readings 50 ms apart: long enough to see a request that is handed out meanwhile, and no longer.
INTERVAL = 0.05
STABLE_READS = 3
TERMS = Terms(successes=1, timeout=30.0, interval=0.1)


def task_of(params: dict[str, t.Any], member: dict[str, t.Any]) -> Task:
    """What is asked of a member; raise for what cannot work, before anything is sent."""
    if member["state"] not in STATES:
        raise CollectionError(f"state {member['state']!r} is not accepted: give one of {', '.join(STATES)}")
    fetch = make_fetch({**CONNECTION, "manager_url": member["manager_url"]})
    wanted = WantedMember(
        balancer=member["balancer"],
        worker=member["worker"],
        state=member["state"],
        keep_usable=member["keep_usable"],
        wait=member["wait"],
        timeout=params["timeout"],
        interval=INTERVAL,
        stable_reads=STABLE_READS,
        on_timeout=params["on_timeout"],
        count_connections=True,
        **NOT_ASKED_FOR,
        **(params["progress"] or {}),
    )
    return Task(member["httpd"], BalancerManager(fetch, member["manager_url"]), wanted)


def renew(lock: dict[str, t.Any]) -> dict[str, str]:
    """Give a sign of life, or answer why that is not possible."""
    try:
        RolloutStore(DEFAULT_DIRECTORY).hold(lock["id"], lock["holder"] or {}, lease=lock["lease"], record=None)
    except CollectionError as error:
        return {"lock_lost": error.message}
    return {}


def main() -> None:
    """Read the options, do it, answer what became of it."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    params = module.params
    clock = SystemClock()
    answer: dict[str, t.Any] = {"changed": False}
    try:
        tasks = [task_of(params, member) for member in params["members"]]
        # httpd may listen on one address of the machine alone.
        checks = [read_check({**check, "url": near_url(check["url"])}, None) for check in params["checks"]]
        locked = params["lock"] and not module.check_mode
        if locked and any(task.wanted.takes_out for task in tasks):
            lost = renew(params["lock"]).get("lock_lost")
            if lost and params["lock"]["required"]:
                raise CollectionError(f"nothing is taken out without the lock: {lost}")
        changes = apply_all(tasks, check_mode=module.check_mode, clock=clock)
        answer["members"] = [
            {"httpd": task.httpd, **result(change, task.wanted)} for task, change in zip(tasks, changes)
        ]
        answer["changed"] = any(change.changed_from for change in changes)
        left = [change.left for change in changes if change.left is not None]
        if left:
            module.exit_json(left=max(left), **answer)
        if checks and not module.check_mode:
            asked = clock.monotonic()
            healths = prove(checks, TERMS, clock)
            answer.update(health=results(checks, healths), asked=clock.monotonic() - asked)
            message = complaints(checks, healths, TERMS)
            if message:
                module.fail_json(msg=message, step="Check through httpd, by the member's own route", **answer)
        if locked:
            answer.update(renew(params["lock"]))
    except CollectionError as error:
        module.fail_json(msg=error.message, **{**answer, **error.details})
    module.exit_json(**answer)


if __name__ == "__main__":
    main()
