#!/usr/bin/python
# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: rollout_info
short_description: Read which rollout is going on, and which went before
description:
  - Returns what M(roundrobin.tomcat.rollout_lock) keeps on the host that the task runs on.
  - Whether the C(ansible-playbook) of a rollout still runs is not looked at.
options:
  directory:
    description: Where the record and the history lie.
    type: path
    default: /var/lib/roundrobin.tomcat
  limit:
    description: How many rollouts that ended to return, 0 to 500.
    type: int
    default: 20
author:
  - roundrobin.tomcat contributors (@roundrobin)
extends_documentation_fragment:
  - roundrobin.tomcat._attributes
  - roundrobin.tomcat._attributes.info_module
seealso:
  - module: roundrobin.tomcat.rollout_lock
"""

EXAMPLES = r"""
- name: Read it
  roundrobin.tomcat.rollout_info:
  become: true
  register: rollouts

- name: Do nothing while a rollout is going on
  ansible.builtin.fail:
    msg: "{{ rollouts.lock.id }} by {{ rollouts.lock.holder.by }} is running, last sign of life {{ rollouts.lock.idle }} s ago"
  when:
    - rollouts.lock is not none
    - rollouts.lock.status == "running"
    - not rollouts.lock.expired
"""

RETURN = r"""
lock:
  description: The rollout that has the lock, or null.
  returned: success
  type: dict
  contains:
    id:
      description: Its name.
      type: str
      sample: 20261124T051500Z-ROOT-1.4.2
    status:
      description: V(running), or V(left) where it ended and did not put everything back.
      type: str
      sample: running
    holder:
      description: Who rolls out. C(by) has user and host name, C(controller) the host name.
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
    age:
      description: Seconds since it took the lock.
      type: int
    idle:
      description: Seconds since its last sign of life.
      type: int
    expired:
      description: Whether it counts as dead, because RV(lock.idle) is more than RV(lock.lease).
      type: bool
history:
  description: The rollouts that ended, the newest first.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: Its name.
      type: str
    kind:
      description: As in its record, or null.
      type: str
      sample: deploy
    application:
      description: As in its record, or null.
      type: str
      sample: ROOT
    version:
      description: As in its record, or null.
      type: str
      sample: 1.4.2
    by:
      description: User and host name of who rolled out.
      type: str
    started_at:
      description: When it took the lock, UTC.
      type: str
    ended_at:
      description: When it ended, UTC. Of one that was interrupted, its last sign of life.
      type: str
    outcome:
      description: How it ended. Null where it was interrupted.
      type: dict
    taken_over_by:
      description: The rollout that took its lock, or null where it gave it back.
      type: str
"""

import time
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError
from ansible_collections.roundrobin.tomcat.plugins.module_utils._rollout_record import (
    DEFAULT_DIRECTORY,
    HISTORY_LENGTH,
    Lock,
    RolloutStore,
)

ARGUMENTS = {
    "directory": {"type": "path", "default": DEFAULT_DIRECTORY},
    "limit": {"type": "int", "default": 20},
}


def describe(lock: Lock, now: float) -> dict[str, t.Any]:
    """Return the lock with its ages."""
    return {**lock.to_dict(), "age": lock.age(now), "idle": lock.idle(now), "expired": lock.expired(now)}


def main() -> None:
    """Read the files, answer."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    limit = module.params["limit"]
    try:
        if not 0 <= limit <= HISTORY_LENGTH:
            raise CollectionError(f"limit {limit} is not accepted: give 0 to {HISTORY_LENGTH}")
        store = RolloutStore(module.params["directory"])
        lock, history = store.read(), store.read_history()
    except CollectionError as error:
        module.fail_json(msg=error.message, **error.details)
    module.exit_json(
        changed=False,
        lock=lock and describe(lock, time.time()),
        history=history[::-1][:limit],
    )


if __name__ == "__main__":
    main()
