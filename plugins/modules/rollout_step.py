#!/usr/bin/python
# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: rollout_step
short_description: Run a module, and fail where its host cannot be reached
description:
  - Runs another module as a task of its own would, with the same result.
  - A host that cannot be reached is a failure of the task, which C(rescue) sees. Ansible itself skips every C(rescue) and C(always) then.
  - The steps of a rollout are run by it, so that no member stays out of service without a word.
author:
  - roundrobin.tomcat contributors (@roundrobin)
extends_documentation_fragment:
  - roundrobin.tomcat._attributes
attributes:
  check_mode:
    support: full
    details: As far as O(module) supports it.
  diff_mode:
    support: full
    details: As far as O(module) supports it.
  idempotent:
    support: full
    details: As far as O(module) is.
options:
  module:
    description: The full name of the module.
    type: str
    required: true
  options:
    description: The options of the module.
    type: dict
    default: {}
"""

EXAMPLES = r"""
- name: Stop the instance
  block:
    - name: Stop it
      roundrobin.tomcat.rollout_step:
        module: ansible.builtin.systemd_service
        options:
          name: tomcat@app1.service
          state: stopped
  rescue:
    - name: Say that it did not stop, or that its host could not be reached
      ansible.builtin.debug:
        msg: "{{ ansible_failed_result.msg }}"
"""

RETURN = r""" # """
