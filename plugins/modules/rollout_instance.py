#!/usr/bin/python
# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: rollout_instance
short_description: Replace the release of an instance that is out of service, in one call
description:
  - Stops a Tomcat instance, switches its release, starts it and waits until every application is healthy. Each part can be left out.
  - The role C(rolling_deploy) calls it. Use M(ansible.builtin.systemd_service), M(roundrobin.tomcat.tomcat_webapp) and
    M(roundrobin.tomcat.http_health) in playbooks of your own.
  - Each phase becomes an event of the journal, with the time at which it began.
author:
  - roundrobin.tomcat contributors (@roundrobin)
extends_documentation_fragment:
  - roundrobin.tomcat._attributes
  - roundrobin.tomcat._checks
attributes:
  check_mode:
    support: full
    details: Nothing is stopped, started or asked.
  diff_mode:
    support: none
  idempotent:
    support: full
options:
  base:
    description: Base directory of the instance.
    type: path
    required: true
  service:
    description: The systemd unit of the instance, as C(tomcat@app1.service).
    type: str
    required: true
  stop:
    description: Whether to stop it.
    type: bool
    default: false
  webapps:
    description: The releases to switch, as M(roundrobin.tomcat.tomcat_webapp) does it.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Base name of the application.
        type: str
        required: true
      version:
        description: The release.
        type: str
      state:
        description: What becomes of it.
        type: str
        choices: [active, inactive, retired]
        default: active
      keep:
        description: How many releases to keep.
        type: int
  start:
    description: Whether to start it.
    type: bool
    default: false
  sessions:
    description:
      - What proves, when all O(checks) are good, that the sessions of applications are in their store.
      - Tomcat is asked which Manager each of them has. A session is looked for in the store, and its cookie is looked at, where the answer of
        one of the O(checks), or with O(sessions.entry_page) of the entry page, makes one.
      - Another Manager, a session that is not there, or a cookie that would not bring its user back to this instance is a failure.
    type: dict
    suboptions:
      store:
        description: Where sessions are kept.
        type: str
        required: true
        choices: [backup, delta, memcached, redis]
      applications:
        description: The applications.
        type: list
        elements: dict
        required: true
        suboptions:
          name:
            description: Its name, as in O(checks).
            type: str
            required: true
          base_name:
            description: Its base name.
            type: str
            required: true
      url:
        description: Where the applications are, without their paths.
        type: str
        required: true
      route:
        description: What stands behind the dot of a session id.
        type: str
        required: true
      cookies:
        description: The names that httpd knows the session cookie by.
        type: list
        elements: str
        required: true
      any_cookie:
        description: Whether the cookie is accepted as it is.
        type: bool
        default: false
      entry_page:
        description: Whether the entry page, which is the context path and a slash, is asked for once where no check made a session.
        type: bool
        default: false
      servers:
        description:
          - The servers of the store, as O(roundrobin.tomcat.memcached_info#module:nodes) or O(roundrobin.tomcat.redis_info#module:servers).
          - Without them no session is looked for.
        type: list
        elements: raw
        default: []
      username:
        description: A user of the servers.
        type: str
      password:
        description: The password.
        type: str
  warm_up:
    description:
      - URLs to ask once, when all O(checks) are good. What is slow the first time, such as a JSP, is not slow for a user.
      - An answer of 400 or more, or none, is told and is no failure.
    type: list
    elements: str
    default: []
  ajp_secret:
    description: The C(secret) of the AJP connector.
    type: str
  successes:
    description: How many good answers in a row are wanted of each.
    type: int
    default: 3
  timeout:
    description:
      - Seconds until all must be healthy, once the instance has started.
      - They begin when the action plugin calls again, so the whole wait is some seconds longer.
    type: float
    default: 120.0
  interval:
    description: Seconds between two answers at most. After a good answer it is as long as that took.
    type: float
    default: 0.1
  hold:
    description: Seconds for which all must stay healthy after that.
    type: float
    default: 0.0
  log_files:
    description: Logs to look into on failure, as O(roundrobin.tomcat.http_health#module:log_files).
    type: list
    elements: str
    default: []
  actor:
    description: The person who does it, for the list of releases. Filled in by the module's action plugin.
    type: str
  patience:
    description:
      - Seconds after which the module returns what it has, to be called again for the rest.
      - Filled in by the module's action plugin.
    type: float
  journal:
    description: The journal of the rollout, on the controller. Without one no event is written.
    type: path
  direction:
    description: Whether the member gets the release or goes back.
    type: str
    choices: [forward, back]
    default: forward
  phase:
    description: What the event of O(checks) is called.
    type: str
    choices: [health, soak]
    default: health
  shown:
    description: The release in words, for the event of the switch.
    type: str
    default: ""
"""

EXAMPLES = r"""
- name: Replace the release of a member that is out of service
  roundrobin.tomcat.rollout_instance:
    base: /var/opt/tomcat/app1
    service: tomcat@app1.service
    stop: true
    webapps:
      - name: shop
        version: 1.4.2
    start: true
    checks:
      - application: shop
        url: http://198.18.0.3:8080/shop/health
"""

RETURN = r"""
phases:
  description: Each phase that was begun, in order.
  returned: always
  type: list
  elements: dict
  contains:
    phase:
      description: C(stop), C(activate), C(start) or C(health).
      type: str
    seconds:
      description: When it began, in seconds since the call did.
      type: float
seconds:
  description: How long the call took.
  returned: always
  type: float
done:
  description: Whether nothing is left to do.
  returned: success
  type: bool
step:
  description: What was being done when it failed, in words.
  returned: failure
  type: str
health:
  description: What each application answered, as M(roundrobin.tomcat.http_health) returns it, with its name.
  returned: always
  type: list
  elements: dict
sessions:
  description: What was found out of the sessions of each application.
  returned: always
  type: list
  elements: dict
  contains:
    application:
      description: Base name of the application.
      type: str
    manager:
      description: The class of its Manager, or null.
      type: str
    session:
      description: C(stored) where a page made a session that is in the store, C(made) where that is not known, or null where no page made one.
      type: str
    problem:
      description: Why its Manager is not known, or null.
      type: str
warm_up:
  description: What each URL of O(warm_up) answered.
  returned: always
  type: list
  elements: dict
  contains:
    url:
      description: The URL.
      type: str
    status:
      description: The status of the answer, or null.
      type: int
    latency_ms:
      description: How long it took, in milliseconds.
      type: float
    problem:
      description: What a person should look at, or null.
      type: str
log_lines:
  description: What the logs had as SEVERE, with the heads of stack traces.
  returned: on failure, if O(log_files) are given
  type: list
  elements: str
"""

import functools
import typing as t
from datetime import datetime, timedelta, timezone

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError
from ansible_collections.roundrobin.tomcat.plugins.module_utils._limits import OF_A_QUESTION, OF_A_WAIT, check_limits
from ansible_collections.roundrobin.tomcat.plugins.module_utils._releases.store import AppReleases
from ansible_collections.roundrobin.tomcat.plugins.module_utils._tomcat.log import read_logs
from ansible_collections.roundrobin.tomcat.plugins.module_utils._tomcat.proof import (
    CHECK,
    Terms,
    read_check,
    results,
)
from ansible_collections.roundrobin.tomcat.plugins.module_utils._tomcat.replace import Progress, Work, carry_out
from ansible_collections.roundrobin.tomcat.plugins.module_utils._tomcat.service import Service
from ansible_collections.roundrobin.tomcat.plugins.module_utils._tomcat.session_proof import ARGUMENTS as SESSIONS
from ansible_collections.roundrobin.tomcat.plugins.module_utils._tomcat.session_proof import (
    prove_sessions,
    read_session_proof,
)
from ansible_collections.roundrobin.tomcat.plugins.module_utils._tomcat.warm_up import read_page
from ansible_collections.roundrobin.tomcat.plugins.module_utils._wait import SystemClock

WEBAPP = {
    "name": {"type": "str", "required": True},
    "version": {"type": "str"},
    "state": {"type": "str", "choices": ["active", "inactive", "retired"], "default": "active"},
    "keep": {"type": "int"},
}
ARGUMENTS = {
    "base": {"type": "path", "required": True},
    "service": {"type": "str", "required": True},
    "stop": {"type": "bool", "default": False},
    "webapps": {"type": "list", "elements": "dict", "options": WEBAPP, "default": []},
    "start": {"type": "bool", "default": False},
    "checks": {"type": "list", "elements": "dict", "options": CHECK, "default": []},
    "sessions": {"type": "dict", "options": SESSIONS},
    "warm_up": {"type": "list", "elements": "str", "default": []},
    "ajp_secret": {"type": "str", "no_log": True},
    "successes": {"type": "int", "default": 3},
    "timeout": {"type": "float", "default": 120.0},
    "interval": {"type": "float", "default": 0.1},
    "hold": {"type": "float", "default": 0.0},
    "log_files": {"type": "list", "elements": "str", "default": []},
    "actor": {"type": "str"},
    "patience": {"type": "float"},
    "journal": {"type": "path"},
    "direction": {"type": "str", "choices": ["forward", "back"], "default": "forward"},
    "phase": {"type": "str", "choices": ["health", "soak"], "default": "health"},
    "shown": {"type": "str", "default": ""},
}
LIMITS = {"timeout": OF_A_WAIT, "interval": OF_A_QUESTION, "hold": OF_A_WAIT, "patience": OF_A_WAIT}
LOOK_BACK = timedelta(seconds=60)


def switch(params: dict[str, t.Any], webapp: dict[str, t.Any], check_mode: bool) -> bool:
    """Make one application serve its release; return whether that changed something."""
    store = AppReleases(
        params["base"], webapp["name"], now=lambda: datetime.now(timezone.utc), actor=params["actor"] or ""
    )
    # Nothing is unpacked: the release is staged.
    change = store.ensure(
        webapp["state"], webapp["version"], None, keep=webapp["keep"], check_mode=check_mode, max_unpacked_bytes=0
    )
    return change.changed


def keep_in_mind(params: dict[str, t.Any], work: Work, progress: Progress) -> None:
    """Remember beside each release how it was asked: whoever goes back to it asks in the same way."""
    if not progress.done or params["phase"] != "health":
        return
    for check, health in zip(work.checks, progress.healths):
        if check.remember and health.last.way == 0:
            store = AppReleases(params["base"], check.remember["base_name"], now=lambda: datetime.now(timezone.utc))
            store.remember(check.remember["version"], check.remember["health"])


def work_of(params: dict[str, t.Any], check_mode: bool) -> Work:
    """Read the options; raise for what cannot work, before anything is touched."""
    check_limits(params, LIMITS)
    checks = [read_check(check, params["ajp_secret"]) for check in params["checks"]]
    proof = None
    if params["sessions"]:
        given = read_session_proof(params["base"], params["sessions"], params["ajp_secret"])
        proof = functools.partial(prove_sessions, given, checks, clock=SystemClock())
    return Work(
        unit=Service(params["service"]),
        stop=params["stop"],
        switches=[functools.partial(switch, params, webapp, check_mode) for webapp in params["webapps"]],
        start=params["start"],
        checks=checks,
        terms=Terms(params["successes"], params["timeout"], params["interval"], params["hold"]),
        prove_sessions=proof,
        pages=[read_page(url, params["ajp_secret"]) for url in params["warm_up"]],
        patience=params["patience"],
    )


def would_change(work: Work) -> bool:
    """What check mode answers."""
    if work.stop and work.unit.runs:
        return True
    return any(one() for one in work.switches) or (work.start and not work.unit.runs)


def main() -> None:
    """Read the options, do it, answer how far it came."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    began = datetime.now()
    progress = Progress()
    work: Work | None = None
    failure: dict[str, t.Any] = {}
    try:
        work = work_of(module.params, module.check_mode)
        if module.check_mode:
            progress.changed, progress.done = would_change(work), True
        else:
            carry_out(work, progress, SystemClock())
            keep_in_mind(module.params, work, progress)
    except CollectionError as error:
        failure = {"msg": error.message, "step": progress.step, **error.details}
    answer = {
        "changed": progress.changed,
        "phases": [{"phase": phase, "seconds": seconds} for phase, seconds in progress.phases],
        "seconds": progress.seconds,
        "health": results(work.checks, progress.healths) if work else [],
        "sessions": progress.sessions,
        "warm_up": progress.warmed,
    }
    if not failure:
        module.exit_json(done=progress.done, **answer)
    if module.params["log_files"] and progress.phases:
        answer["log_lines"] = read_logs(module.params["log_files"], began - LOOK_BACK)
    module.fail_json(**{**failure, **answer})


if __name__ == "__main__":
    main()
