#!/usr/bin/python
# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: rollout_step
short_description: Run a module, also on several hosts at once, and fail where a host cannot be reached
description:
  - Runs another module as a task of its own would, with the same result.
  - With O(at) it runs the module on all these hosts at the same time, as many as Ansible has forks. The result has the shape of a loop's.
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
  at:
    description:
      - The hosts, each an item with the key C(inventory_host). The items are those of the result.
    type: list
    elements: dict
  of_item:
    description: The keys of an item of O(at) that are options of the module too.
    type: list
    elements: str
    default: []
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

- name: Read two balancers at the same time
  roundrobin.tomcat.rollout_step:
    module: roundrobin.tomcat.httpd_balancer_info
    at:
      - inventory_host: web1
        manager_url: http://127.0.0.1:9080/balancer-manager
      - inventory_host: web2
        manager_url: http://127.0.0.1:9080/balancer-manager
    of_item: [manager_url]
"""

RETURN = r"""
results:
  description: What the module answered on each host, with its C(item). Without O(at) the result is the module's own.
  returned: with O(at)
  type: list
  elements: dict
"""
