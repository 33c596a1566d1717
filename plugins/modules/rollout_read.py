#!/usr/bin/python
# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: rollout_read
short_description: Ask one instance everything that a rollout wants to know, in one task
description:
  - Runs several modules that read, one after another, and returns all of their answers. An answer may be a failure, the task is none then.
  - A task for each question would take the controller a worker process for each of them and each host. With hundreds of instances that is
    most of the time of a preflight.
  - Nothing is changed. The modules run with the check mode of the task.
author:
  - roundrobin.tomcat contributors (@roundrobin)
extends_documentation_fragment:
  - roundrobin.tomcat._attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
    details: Nothing is changed.
  idempotent:
    support: full
options:
  calls:
    description: What is asked, by a name of your own. Each call has C(module), the full name of a module, and its C(options).
    type: dict
    required: true
  applications:
    description:
      - The applications that are asked for their health with M(roundrobin.tomcat.http_health), as the filter
        P(roundrobin.tomcat.topology#filter) describes them.
      - Asked are those with an active release in the answer of the call that is named C(releases), of M(roundrobin.tomcat.tomcat_webapp_info).
    type: list
    elements: dict
    default: []
  url:
    description: Where the applications are, without their paths.
    type: str
    default: ''
  ajp_secret:
    description: The secret of an AJP connector.
    type: str
"""

EXAMPLES = r"""
- name: Ask an instance for its releases, its memcached node and the health of its application
  roundrobin.tomcat.rollout_read:
    calls:
      releases:
        module: roundrobin.tomcat.tomcat_webapp_info
        options:
          base: /var/opt/tomcat/app1
      stores:
        module: roundrobin.tomcat.memcached_info
        options:
          nodes:
            - {host: 198.18.0.5, port: 11211}
    url: http://127.0.0.1:8080
    applications:
      - {name: shop, base_name: shop, context_path: /shop, health_path: /health, health_status: 200, health_pattern: '', health_headers: {}}
  register: read
"""

RETURN = r"""
answers:
  description:
    - What was answered, by the name of the call.
    - C(health) has C(results), one for each of O(applications) with it as C(item). One without a release is C(skipped).
  returned: unless the host cannot be reached
  type: dict
"""
