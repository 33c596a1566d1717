#!/usr/bin/python
# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: tomcat_session_info
short_description: Read how many sessions each application of a running Tomcat instance has
description:
  - Asks Tomcat's own manager which contexts run and how many sessions each has in memory, and compares them with the
    releases that M(roundrobin.tomcat.tomcat_webapp) links to.
  - Sessions that went to another instance stay in memory until they time out, and count. With
    C(sticky="false") memcached-session-manager keeps sessions in memory during a request only, so that they do not count.
options:
  name:
    description: Tomcat's base name of one application, as V(ROOT) or V(a#b). By default all that have releases.
    type: str
  wait_older:
    description:
      - How long to wait, in seconds, until no older context (of a parallel activation) has a session any more.
        The end of this time is no failure, RV(older_sessions) tells.
    type: float
    default: 0
  interval:
    description: Time between two looks of O(wait_older), in seconds.
    type: float
    default: 5
  request_timeout:
    description: How long one request to the manager may take, in seconds.
    type: float
    default: 10
author:
  - roundrobin.tomcat contributors (@roundrobin)
extends_documentation_fragment:
  - roundrobin.tomcat._attributes
  - roundrobin.tomcat._attributes.info_module
  - roundrobin.tomcat._tomcat_manager
seealso:
  - module: roundrobin.tomcat.tomcat_context
  - module: roundrobin.tomcat.tomcat_webapp_info
"""

EXAMPLES = r"""
- name: Count the sessions
  roundrobin.tomcat.tomcat_session_info:
    base: /var/opt/tomcat/jvm1
    manager_url: http://198.18.0.3:8080/roundrobin-manager
    url_password: "{{ tomcat_instance_manager_password }}"
  register: tomcat

- name: Show them
  ansible.builtin.debug:
    msg: "{{ tomcat.sessions }} sessions; {{ tomcat.problems | join('; ') | default('all contexts run', true) }}"

- name: Give the users of the older release half an hour
  roundrobin.tomcat.tomcat_session_info:
    base: /var/opt/tomcat/jvm1
    name: ROOT
    manager_url: http://198.18.0.3:8080/roundrobin-manager
    url_password: "{{ tomcat_instance_manager_password }}"
    wait_older: 1800
"""

RETURN = r"""
contexts:
  description: What C(webapps) links to, by application, the oldest context of each first.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Base name of the application.
      type: str
      sample: ROOT
    path:
      description: Path of the context as the manager writes it.
      type: str
      sample: /
    context_version:
      description: What stands behind C(##), V("") for the plain name.
      type: str
      sample: ""
    version:
      description: The release.
      type: str
      sample: 1.4.2
    newest:
      description: Whether new users get this one.
      type: bool
    running:
      description: Whether Tomcat serves this release and the context runs.
      type: bool
    sessions:
      description: Sessions in memory.
      type: int
      sample: 12
    problem:
      description: What is wrong with it, or null.
      type: str
sessions:
  description: All of them together.
  returned: success
  type: int
  sample: 12
older_sessions:
  description: Those on contexts that wait to be retired.
  returned: success
  type: int
  sample: 0
healthy:
  description: Whether Tomcat serves just what C(webapps) links to, and all of it runs. It does not ask the applications.
  returned: success
  type: bool
problems:
  description: Why it is not healthy.
  returned: success
  type: list
  elements: str
  sample: []
seconds:
  description: How long O(wait_older) took, in seconds.
  returned: success
  type: float
"""

import typing as t
from dataclasses import asdict

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError
from ansible_collections.roundrobin.tomcat.plugins.module_utils._limits import (
    OF_A_QUESTION,
    OF_A_WAIT,
    check_limits,
)
from ansible_collections.roundrobin.tomcat.plugins.module_utils._releases.disk import ReleasesDisk, applications_below
from ansible_collections.roundrobin.tomcat.plugins.module_utils._tomcat.contexts import Application, read_application
from ansible_collections.roundrobin.tomcat.plugins.module_utils._tomcat.manager import (
    MANAGER_ARGUMENTS,
    TomcatManager,
    connect,
)
from ansible_collections.roundrobin.tomcat.plugins.module_utils._wait import SystemClock, wait_until

ARGUMENTS = {
    **MANAGER_ARGUMENTS,
    "name": {"type": "str"},
    "wait_older": {"type": "float", "default": 0},
    "interval": {"type": "float", "default": 5},
    "request_timeout": {"type": "float", "default": 10},
}


def read(manager: TomcatManager, base: str, name: str | None) -> list[Application]:
    """Ask the manager once, and look at the links of each application."""
    listed = manager.listed()
    names = [name] if name is not None else applications_below(base)
    return [read_application(manager, ReleasesDisk(base, each), listed) for each in names]


def older_sessions(applications: list[Application]) -> int:
    """Return how many sessions wait for their contexts to be retired."""
    return sum(application.older_sessions for application in applications)


def result(applications: list[Application]) -> dict[str, t.Any]:
    """Return what the module answers."""
    readings = [reading for application in applications for reading in application.readings]
    problems = [reading.problem for reading in readings if reading.problem]
    problems += [
        f"Tomcat serves {served}, which no link leads to any more"
        for application in applications
        for served in application.stray
    ]
    return {
        "contexts": [asdict(reading) for reading in readings],
        "sessions": sum(reading.sessions for reading in readings),
        "older_sessions": older_sessions(applications),
        "healthy": not problems,
        "problems": problems,
    }


def main() -> None:
    """Read the options, ask, answer."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    params = module.params
    try:
        check_limits(params, {"wait_older": OF_A_WAIT, "interval": OF_A_QUESTION, "request_timeout": OF_A_QUESTION})
        manager = connect(params)
        outcome = wait_until(
            lambda: read(manager, params["base"], params["name"]),
            lambda applications: older_sessions(applications) == 0,
            timeout=params["wait_older"],
            interval=params["interval"],
            clock=SystemClock(),
        )
    except CollectionError as error:
        module.fail_json(msg=error.message, **error.details)
    module.exit_json(changed=False, seconds=round(outcome.seconds, 2), **result(outcome.last))


if __name__ == "__main__":
    main()
