#!/usr/bin/python
# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: rollout_event
short_description: Note an event of a rollout in its journal and show it
description:
  - Appends one JSON line to the journal of a rollout, a file on the controller, and shows one line of progress, such as
    C(05:15:02  app1      drain     out of web1:tomcat, 3 requests in flight). Times are in UTC.
  - Runs on the controller only. No connection is made and no host is touched, so it never reports a change. The event
    is one of the host that the task is for, also where the task is delegated.
  - The line is on the disk when the task ends. Tasks for several hosts may run at once.
  - Where the journal cannot be written, an event with O(type=rollout) fails and any other one is a warning, so that no
    member stays out because the controller's disk is full.
  - C(docs/rollout_report.md) of this collection tells which O(data) the report reads.
author:
  - roundrobin.tomcat contributors (@roundrobin)
extends_documentation_fragment:
  - roundrobin.tomcat._attributes
attributes:
  check_mode:
    support: full
    details: Nothing is written and nothing is shown.
  diff_mode:
    support: none
  idempotent:
    support: none
    details: Each run appends an event. A journal is a record and no state of a host.
options:
  journal:
    description:
      - The journal, a file on the controller.
      - It is made with mode V(0600), and its directory, where there is none yet, with mode V(0700).
    type: path
    required: true
  type:
    description:
      - V(phase) is a step of the task's host. It lasts until the host's next one.
      - V(note) is anything else worth knowing about the host.
      - V(batch) and V(rollout) concern no single host.
    type: str
    choices: [rollout, batch, phase, note]
    default: phase
  phase:
    description:
      - Which step the host begins.
      - V(done), V(failed), V(skipped) and V(left_out) say where it has got to.
      - Required with O(type=phase), and only given with it.
    type: str
    choices: [drain, stop, activate, start, health, enable, verify, soak, retire, done, failed, skipped, left_out]
  direction:
    description: V(back) is the way back to the release before.
    type: str
    choices: [forward, back]
    default: forward
  text:
    description: What a person reads. It is shown as one line.
    type: str
    default: ""
  data:
    description:
      - Whatever belongs to the event. Not for secrets.
      - With O(type=rollout) C(by) is added, the user and the controller, unless it is given.
    type: dict
    default: {}
seealso:
  - plugin: roundrobin.tomcat.rollout_report
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Note that the member is being drained
  roundrobin.tomcat.rollout_event:
    journal: /var/tmp/rollouts/20261124T051500Z-ROOT-1.4.2/events.jsonl
    phase: drain
    text: out of web1:tomcat

- name: Note what went wrong, and where
  roundrobin.tomcat.rollout_event:
    journal: /var/tmp/rollouts/20261124T051500Z-ROOT-1.4.2/events.jsonl
    phase: failed
    text: not healthy after 60 s, status 500
    data:
      phase: health
      log_lines: "{{ ansible_failed_result.log_lines | default([]) }}"
"""

RETURN = r"""
event:
  description: The event as it stands in the journal, or would stand there in check mode.
  returned: success
  type: dict
  sample:
    at: "2026-11-24T05:15:02.114Z"
    type: phase
    host: app1
    phase: drain
    direction: forward
    text: out of web1:tomcat
    data: {}
"""
