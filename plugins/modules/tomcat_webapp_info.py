#!/usr/bin/python
# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: tomcat_webapp_info
short_description: Read which releases of which applications a Tomcat instance has
description:
  - Returns, for the applications that M(roundrobin.tomcat.tomcat_webapp) keeps below one C(CATALINA_BASE),
    the active release, the one before it, all staged ones, and the history of activations.
options:
  base:
    description: The instance's C(CATALINA_BASE). It must have a C(webapps) directory.
    type: path
    required: true
  name:
    description:
      - Tomcat's base name of one application, as V(ROOT), V(app) or V(a#b). It is in the answer even if nothing of it is staged.
      - Without it all applications that have releases are returned.
    type: str
author:
  - roundrobin.tomcat contributors (@roundrobin)
extends_documentation_fragment:
  - roundrobin.tomcat._attributes
  - roundrobin.tomcat._attributes.info_module
seealso:
  - module: roundrobin.tomcat.tomcat_webapp
"""

EXAMPLES = r"""
- name: See what is active
  roundrobin.tomcat.tomcat_webapp_info:
    base: /var/opt/tomcat/jvm1
    name: ROOT
  register: webapp

- name: Show it
  ansible.builtin.debug:
    msg: "{{ webapp.applications.ROOT.active_version }}, before it {{ webapp.applications.ROOT.previous_version }}"
"""

RETURN = r"""
applications:
  description: One entry per application, by its base name.
  returned: success
  type: dict
  contains:
    active_version:
      description: The active release, or null.
      type: str
      sample: 1.4.2
    active_sha256:
      description: The sha256 of its WAR, or null.
      type: str
    previous_version:
      description: The release that a rollback goes to, or null.
      type: str
      sample: 1.4.1
    contexts:
      description: The contexts that it has in C(webapps), the oldest first. More than one after a parallel activation, until it is retired.
      type: list
      elements: dict
      contains:
        context_version:
          description: What stands behind C(##), V("") for the plain name.
          type: str
        version:
          description: The release.
          type: str
    releases:
      description: All staged releases, the newest first.
      type: list
      elements: dict
      contains:
        version:
          description: Its name.
          type: str
        sha256:
          description: The sha256 of its WAR.
          type: str
        war_bytes:
          description: Size of the WAR in bytes.
          type: int
        files:
          description: Number of files in it.
          type: int
        unpacked_bytes:
          description: Their total size in bytes.
          type: int
        staged_at:
          description: When it was staged, UTC.
          type: str
          sample: "2026-11-23T21:45:54.123456Z"
        staged_by:
          description: Who staged it.
          type: str
        problem:
          description: Why it cannot be used, or null.
          type: str
        health:
          description: How a rollout asked it when it last proved healthy, by the names that P(roundrobin.tomcat.topology#filter) has. Null until then.
          type: dict
    descriptors:
      description: >-
        What C(META-INF/context.xml) and C(WEB-INF/web.xml) of the active release say of sessions, by these names, as
        RV(roundrobin.tomcat.tomcat_webapp#module:descriptors). Empty without an active release.
      type: dict
    history:
      description: The activations, the oldest first (at most 200).
      type: list
      elements: dict
      contains:
        at:
          description: When, UTC.
          type: str
        by:
          description: Who.
          type: str
        version:
          description: What was activated, or null where the application was taken out.
          type: str
        sha256:
          description: The sha256 of its WAR.
          type: str
        replaced:
          description: What was active before, or null.
          type: str
descriptors:
  description:
    - The same of the instance's own files, C(conf/context.xml), C(conf/Catalina/localhost/context.xml.default) and the
      C(conf/Catalina/localhost/NAME.xml) that are there.
  returned: success
  type: dict
"""

import typing as t
from dataclasses import asdict
from datetime import datetime, timezone

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError
from ansible_collections.roundrobin.tomcat.plugins.module_utils._releases.descriptors import (
    IN_A_RELEASE,
    Says,
    of_instance,
    says_below,
)
from ansible_collections.roundrobin.tomcat.plugins.module_utils._releases.disk import ReleasesDisk, applications_below
from ansible_collections.roundrobin.tomcat.plugins.module_utils._releases.model import (
    State,
    newest_first,
    settled_history,
)
from ansible_collections.roundrobin.tomcat.plugins.module_utils._releases.store import AppReleases


def describe(base: str, name: str, state: State) -> dict[str, t.Any]:
    """Return one application's entry."""
    return {
        "active_version": state.active,
        "active_sha256": state.active_sha256,
        "previous_version": state.previous,
        "contexts": [asdict(context) for context in state.contexts],
        "releases": [asdict(release) for release in newest_first(state.releases)],
        "descriptors": descriptors(base, name, state.active),
        "history": [asdict(line) for line in settled_history(state.history, state.active)],
    }


def descriptors(base: str, name: str, active: str | None) -> dict[str, Says]:
    """Return what the active release says of its sessions."""
    exploded = ReleasesDisk(base, name).exploded(active) if active else None
    return {path: says_below(exploded, path) for path in IN_A_RELEASE} if exploded else {}


def main() -> None:
    """Read the options, read the disk, answer."""
    module = AnsibleModule(
        argument_spec={"base": {"type": "path", "required": True}, "name": {"type": "str"}},
        supports_check_mode=True,
    )
    base, name = module.params["base"], module.params["name"]
    try:
        applications = {
            each: describe(base, each, AppReleases(base, each, now=lambda: datetime.now(timezone.utc)).read())
            for each in ([name] if name is not None else applications_below(base))
        }
    except CollectionError as error:
        module.fail_json(msg=error.message, **error.details)
    module.exit_json(changed=False, applications=applications, descriptors=of_instance(base))


if __name__ == "__main__":
    main()
