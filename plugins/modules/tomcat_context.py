#!/usr/bin/python
# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: tomcat_context
short_description: Make a running Tomcat serve the release that webapps links to
description:
  - Tomcat goes on with the directory that C(webapps/NAME) led to when the context was deployed, also after a reload by
    its manager. This module has it look again, by its own manager application.
  - The context is undeployed and deployed in the running JVM, with the C(META-INF/context.xml) of the release. Meanwhile, for
    half a second and as long as the application takes to start, it answers 404, so take the member out of its balancers first.
    With O(context_version) of a release beside the active one nothing is interrupted.
  - Never touches a release. What Tomcat serves then is read back, and a context that does not run is a failure.
  - Sessions that only this instance has are lost with the context. Those of a session store stay.
options:
  name:
    description: Tomcat's base name of the application, V(ROOT), V(app) or V(a#b).
    type: str
    required: true
  context_version:
    description:
      - What stands behind C(##) in the name of the context, V("") for the plain name.
      - By default the newest one. Not for O(state=absent).
    type: str
  state:
    description:
      - V(present), Tomcat serves what C(webapps) links to, and the context runs. Nothing is done where this is so.
      - V(reloaded), the context is deployed anew in any case.
      - V(absent), Tomcat no longer serves contexts of O(name) whose links were removed, as by M(roundrobin.tomcat.tomcat_webapp) with
        O(roundrobin.tomcat.tomcat_webapp#module:state=retired). What is linked is left alone.
    type: str
    choices: [present, reloaded, absent]
    default: present
  request_timeout:
    description: How long a request to the manager may take, in seconds. The application starts within such a request.
    type: float
    default: 120
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: partial
    details:
      - Not with O(state=reloaded), which is a change each time.
author:
  - roundrobin.tomcat contributors (@roundrobin)
extends_documentation_fragment:
  - roundrobin.tomcat._attributes
  - roundrobin.tomcat._tomcat_manager
seealso:
  - module: roundrobin.tomcat.tomcat_webapp
  - module: roundrobin.tomcat.tomcat_session_info
"""

EXAMPLES = r"""
- name: Activate a release
  roundrobin.tomcat.tomcat_webapp:
    base: /var/opt/tomcat/jvm1
    name: ROOT
    version: 1.4.2

- name: Have the running Tomcat serve it
  roundrobin.tomcat.tomcat_context:
    base: /var/opt/tomcat/jvm1
    name: ROOT
    manager_url: http://198.18.0.3:8080/roundrobin-manager
    url_password: "{{ tomcat_instance_manager_password }}"

- name: Remove the link of an older release
  roundrobin.tomcat.tomcat_webapp:
    base: /var/opt/tomcat/jvm1
    name: ROOT
    state: retired

- name: Have Tomcat let go of it
  roundrobin.tomcat.tomcat_context:
    base: /var/opt/tomcat/jvm1
    name: ROOT
    state: absent
    manager_url: http://198.18.0.3:8080/roundrobin-manager
    url_password: "{{ tomcat_instance_manager_password }}"
"""

RETURN = r"""
context_version:
  description: The context that was meant, null with O(state=absent).
  returned: success
  type: str
  sample: ""
version:
  description: The release that it serves now (in check mode, that it would), null with O(state=absent).
  returned: success
  type: str
  sample: 1.4.2
log_lines:
  description: What Tomcat's logs had as SEVERE, with the heads of stack traces.
  returned: if the context does not run
  type: list
  elements: str
"""

import os
import typing as t
from datetime import datetime

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError
from ansible_collections.roundrobin.tomcat.plugins.module_utils._releases.disk import ReleasesDisk
from ansible_collections.roundrobin.tomcat.plugins.module_utils._releases.model import check_context_version
from ansible_collections.roundrobin.tomcat.plugins.module_utils._tomcat.contexts import Application, ContextChanger
from ansible_collections.roundrobin.tomcat.plugins.module_utils._tomcat.log import read_log
from ansible_collections.roundrobin.tomcat.plugins.module_utils._tomcat.manager import MANAGER_ARGUMENTS, connect

ARGUMENTS = {
    **MANAGER_ARGUMENTS,
    "name": {"type": "str", "required": True},
    "context_version": {"type": "str"},
    "state": {"type": "str", "choices": ["present", "reloaded", "absent"], "default": "present"},
    "request_timeout": {"type": "float", "default": 120},
}


def describe(application: Application) -> str:
    """Return what a diff compares."""
    lines = [
        f"'{reading.context_version}': {reading.version if reading.problem is None else reading.problem}"
        for reading in application.readings
    ]
    return "\n".join([*lines, *(f"not linked: {served}" for served in application.stray)]) + "\n"


def read_logs(base: str, since: datetime) -> list[str]:
    """Return the telling lines of Tomcat's logs."""
    patterns = (os.path.join(base, "logs", name) for name in ("catalina.*.log", "localhost.*.log"))
    return [line for pattern in patterns for line in read_log(pattern, since)[1]]


def serve(changer: ContextChanger, params: dict[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
    """Make Tomcat serve what is linked, or fail with what its logs say."""
    began = datetime.now().replace(microsecond=0)
    newest = changer.newest()
    context_version = newest.context_version if params["context_version"] is None else params["context_version"]
    before = changer.read()
    reading = before.reading(context_version)
    if reading is None:
        raise CollectionError(
            f"{params['name']} has no context {context_version!r}: webapps links to none of this name"
        )
    changed = params["state"] == "reloaded" or reading.problem is not None
    after = before.expected(context_version) if changed else before
    if changed and not check_mode:
        said = changer.serve(context_version)
        after = changer.read()
        now = after.reading(context_version)
        if now is None or now.problem is not None:
            raise CollectionError(
                f"release {reading.version} of {params['name']} was deployed, but does not run: the manager says {said!r}",
                log_lines=read_logs(params["base"], began),
            )
    return answer(changed, context_version, reading.version, before, after)


def forget(changer: ContextChanger, params: dict[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
    """Make Tomcat let go of what is no longer linked."""
    before = changer.read()
    after = before.expected(None)
    if before.stray and not check_mode:
        changer.forget()
        after = changer.read()
        if after.stray:
            raise CollectionError(f"Tomcat still serves {', '.join(after.stray)} as {params['name']}")
    return answer(bool(before.stray), None, None, before, after)


def answer(
    changed: bool, context_version: str | None, version: str | None, before: Application, after: Application
) -> dict[str, t.Any]:
    """Return what the module answers."""
    return {
        "changed": changed,
        "context_version": context_version,
        "version": version,
        "diff": {"before": describe(before), "after": describe(after)},
    }


def main() -> None:
    """Read the options, have Tomcat look again, answer."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    params = module.params
    try:
        if params["state"] == "absent" and params["context_version"] is not None:
            raise CollectionError(
                "context_version does not go with state absent, which is about all that is no longer linked"
            )
        if params["context_version"] is not None:
            check_context_version(params["context_version"])
        manager = connect(params)
        changer = ContextChanger(manager, ReleasesDisk(params["base"], params["name"]))
        work = forget if params["state"] == "absent" else serve
        done = work(changer, params, module.check_mode)
    except CollectionError as error:
        module.fail_json(msg=error.message, **error.details)
    module.exit_json(**done)


if __name__ == "__main__":
    main()
