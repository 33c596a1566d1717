#!/usr/bin/python
# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: rollout_lock
short_description: Let one rollout at a time work on a balancer, and keep its record
description:
  - Takes, renews and gives back the lock of a rollout. It lies on the host that the task runs on, in C(rollout.json),
    and holds the rollout's record, so that a later run finds what an interrupted one was about.
  - A lock is taken from a rollout that left it with O(state=left), from one that gave no sign of life for its O(lease),
    and from one whose C(ansible-playbook) ran in this place and is gone.
    In all other cases it is refused, with the name of the one who holds it.
  - The rollouts that ended are in C(history.jsonl), the last 500 of them.
options:
  state:
    description:
      - V(held), this rollout has the lock. Where it has it already, the lock is renewed.
      - V(left), this rollout ends, but not all is as it should be. Its record stays, and the next rollout may take the lock.
      - V(released), this rollout ends, its record is removed, and the history gets a line.
        Where it does not have the lock, nothing is done.
    type: str
    choices: [held, left, released]
    default: held
  id:
    description: Name of the rollout, without spaces.
    type: str
    required: true
  directory:
    description: Where the record and the history lie. It is created if needed, for its owner only.
    type: path
    default: /var/lib/roundrobin.tomcat
  lease:
    description:
      - After how many seconds without renewal this rollout counts as dead. It must be longer than any of its steps may take.
      - It is kept with the lock, another run goes by this one, not by its own.
    type: int
    default: 300
  record:
    description:
      - What to keep about the rollout. C(kind), C(application) and C(version) are shown to others and go into the history.
      - Required to take the lock. On renewal it replaces the record, and without it the record stays.
    type: dict
  outcome:
    description:
      - How the rollout ended, for O(state=left) and O(state=released).
      - A rollout that is released without it did not take place, and has no line in the history.
    type: dict
  take_over:
    description: Name of the rollout to take the lock from, though it seems alive.
    type: str
  seen:
    description:
      - RV(seen) of an earlier answer, as of the one that a plan was made by.
      - Where another rollout took the lock or ended since, the lock is refused, and what is there stays.
    type: str
  holder:
    description:
      - Who takes the lock.
      - Filled in by the module's action plugin, not meant for playbooks.
    type: dict
    suboptions:
      by:
        description: User and host name.
        type: str
        required: true
      controller:
        description: Host name of the controller.
        type: str
        required: true
      boot_id:
        description: The boot id of the controller's kernel, where it tells.
        type: str
      pid_namespace:
        description: The namespace that the process id is from, where there is one.
        type: str
      pid:
        description: Process id of C(ansible-playbook).
        type: int
        required: true
      pid_started:
        description: When that process was started, in clock ticks since the kernel was.
        type: int
attributes:
  check_mode:
    support: full
    details:
      - A lock that a real run would not get is refused in check mode as well.
  diff_mode:
    support: none
  idempotent:
    support: partial
    details:
      - Each O(state=held) renews the lock, which is a change.
notes:
  - A process can be seen to be gone only from where it ran, the same kernel since the same start and the same container.
    Elsewhere, and after the controller was started anew, O(lease) or O(take_over) decide.
  - When C(ansible-playbook) is killed, the task that it was at goes on until it ends.
  - A rollout that took over another's lock and ends before it has put things right must end with O(state=left),
    or the record of how things were is lost.
author:
  - roundrobin.tomcat contributors (@roundrobin)
extends_documentation_fragment:
  - roundrobin.tomcat._attributes
seealso:
  - module: roundrobin.tomcat.rollout_info
"""

EXAMPLES = r"""
- name: Take the lock
  roundrobin.tomcat.rollout_lock:
    id: 20261124T051500Z-ROOT-1.4.2
    record:
      kind: deploy
      application: ROOT
      version: 1.4.2
  become: true
  register: rollout

- name: Show what was interrupted
  ansible.builtin.debug:
    var: rollout.taken_over

- name: Give a sign of life
  roundrobin.tomcat.rollout_lock:
    id: 20261124T051500Z-ROOT-1.4.2
  become: true

- name: Give it back
  roundrobin.tomcat.rollout_lock:
    id: 20261124T051500Z-ROOT-1.4.2
    state: released
    outcome:
      result: done
  become: true
"""

RETURN = r"""
lock:
  description: The rollout that has the lock now (in check mode, that would have it), or null.
  returned: success
  type: dict
  contains: &lock
    id:
      description: Its name.
      type: str
      sample: 20261124T051500Z-ROOT-1.4.2
    status:
      description: V(running), or V(left) where it ended and did not put everything back.
      type: str
      sample: running
    holder:
      description: Who rolls out, as in O(holder).
      type: dict
    lease:
      description: After how many seconds without renewal it counts as dead.
      type: int
    started_at:
      description: When it took the lock, UTC, by this host's clock.
      type: str
      sample: "2026-11-24T05:15:00Z"
    renewed_at:
      description: Its last sign of life, UTC, by this host's clock.
      type: str
      sample: "2026-11-24T05:16:10Z"
    record:
      description: What it keeps.
      type: dict
    outcome:
      description: How it ended, or null.
      type: dict
taken_over:
  description: The rollout that the lock was taken from, or null.
  returned: success
  type: dict
  contains: *lock
ended:
  description: The last 50 rollouts that came to their end by this host's history, the newest first. Those that were taken over are not among them.
  returned: success
  type: list
  elements: str
seen:
  description: What was found before the lock was taken, for O(seen) of a later call. Empty where it was renewed or given back.
  returned: success
  type: str
refused_by:
  description: The rollout that has the lock.
  returned: when the lock is refused
  type: dict
  contains:
    id:
      description: Its name.
      type: str
    holder:
      description: Who rolls out, as in O(holder).
      type: dict
"""

import re
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError
from ansible_collections.roundrobin.tomcat.plugins.module_utils._rollout_record import (
    DEFAULT_DIRECTORY,
    LockChange,
    RolloutStore,
)

HOLDER = {
    "by": {"type": "str", "required": True},
    "controller": {"type": "str", "required": True},
    "boot_id": {"type": "str"},
    "pid_namespace": {"type": "str"},
    "pid": {"type": "int", "required": True},
    "pid_started": {"type": "int"},
}

ARGUMENTS = {
    "state": {"type": "str", "choices": ["held", "left", "released"], "default": "held"},
    "id": {"type": "str", "required": True},
    "directory": {"type": "path", "default": DEFAULT_DIRECTORY},
    "lease": {"type": "int", "default": 300},
    "record": {"type": "dict"},
    "outcome": {"type": "dict"},
    "take_over": {"type": "str"},
    "seen": {"type": "str"},
    "holder": {"type": "dict", "options": HOLDER},
}


def apply(params: dict[str, t.Any], check_mode: bool) -> LockChange:
    """Do what is asked for."""
    rollout, holder = params["id"], params["holder"] or {}
    if not re.fullmatch(r"\S+", rollout):
        raise CollectionError(f"id {rollout!r} is not accepted: give a name without spaces")
    if params["lease"] < 1:
        raise CollectionError(f"lease {params['lease']} is not accepted: give a number of seconds, 1 or more")
    store = RolloutStore(params["directory"], check_mode=check_mode)
    if params["state"] == "held":
        return store.hold(
            rollout,
            holder,
            lease=params["lease"],
            record=params["record"],
            take_over=params["take_over"],
            seen=params["seen"],
        )
    end = store.leave if params["state"] == "left" else store.release
    return end(rollout, holder, params["outcome"])


def main() -> None:
    """Read the options, change the lock, answer."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    try:
        change = apply(module.params, module.check_mode)
    except CollectionError as error:
        module.fail_json(msg=error.message, **error.details)
    module.exit_json(
        changed=change.changed,
        lock=change.lock and change.lock.to_dict(),
        taken_over=change.taken_over and change.taken_over.to_dict(),
        ended=list(change.ended),
        seen=change.seen,
    )


if __name__ == "__main__":
    main()
