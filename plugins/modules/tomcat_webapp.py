#!/usr/bin/python
# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: tomcat_webapp
short_description: Stage, activate and remove the releases of a Tomcat application
description:
  - Keeps the releases of one application beside each other below one C(CATALINA_BASE), unpacked and verified,
    and switches between them by one atomic rename of a symbolic link.
  - A release lies in C(releases/NAME/VERSION/), the active one is what C(webapps/NAME) links to.
    No WAR lies in C(webapps), so there is never a stale unpacked directory.
  - Does not start, stop or reload Tomcat. Switch while the instance is stopped, or have M(roundrobin.tomcat.tomcat_context)
    tell a running one.
  - The instance must have C(autoDeploy="false") on its C(Host), or Tomcat would act on the switch by itself.
options:
  base:
    description: The instance's C(CATALINA_BASE). It must have a C(webapps) directory.
    type: path
    required: true
  name:
    description:
      - Tomcat's base name of the application, V(ROOT) for context path C(/), V(app) for C(/app), V(a#b) for C(/a/b).
    type: str
    required: true
  version:
    description:
      - Name of the release, 1 to 64 letters, digits and C(. _ + -), beginning with a letter or digit.
      - Required for O(state=staged) and O(state=active).
      - For O(state=absent), the release to remove. Without it the whole application goes, with all its releases.
    type: str
  state:
    description:
      - V(staged), the release is there, verified and unpacked, and nothing else changes.
      - V(active), it is also what C(webapps/NAME) links to, and nothing else is, unless with O(parallel=true). The application's work
        directory is emptied when the link changes, but for stored sessions (C(SESSIONS.ser), C(*.session)).
      - V(retired), what a parallel activation left beside the active release is removed from C(webapps), the releases stay.
        With O(context_version) only that one, which may be the newest, so that the one before it is active again.
      - V(inactive), C(webapps/NAME) is removed, the releases stay.
      - V(absent), the release O(version) is removed, which must not be active or wait to be retired,
        or without O(version) the application and all its releases.
    type: str
    choices: [staged, active, retired, inactive, absent]
    default: active
  parallel:
    description:
      - With O(state=active), add the release beside the active one as C(webapps/NAME##000001) instead of replacing it.
        Tomcat gives it to new users, and lets those who have a session finish on the release they began with.
      - Where nothing is active yet it makes no difference, and where O(version) is active already nothing changes.
      - Without it, what waits to be retired goes too, and O(version) keeps the name that it has beside the active release. A release
        that is not there yet gets the name of the active one, as a session store may keep the sessions under that name.
    type: bool
    default: false
  context_version:
    description:
      - What stands behind C(##), 6 digits, or V("") for C(webapps/NAME) itself.
      - With O(parallel=true), the one to add. It must be higher than the present one. By default the next one.
      - With O(state=retired), the one to remove.
      - Else where the release goes if nothing is active yet, as on an instance that joins others that are at V(000002).
    type: str
  src:
    description:
      - The WAR, a path on the controller, or on the managed host with O(remote_src=true).
      - From the controller it is copied only where the release is not staged yet.
      - Not needed where the release is staged already.
    type: path
  remote_src:
    description: Whether O(src) is a path on the managed host.
    type: bool
    default: false
  checksum:
    description: The sha256 that the WAR must have, 64 hexadecimal digits, with or without C(sha256:) before them.
    type: str
  keep:
    description:
      - How many releases to keep. All but the newest (by time of staging) are removed at the end.
      - The active release, the one before it and O(version) are kept in any case.
      - Without it nothing is removed.
    type: int
  owner:
    description: Owner of what is created. By default that of C(webapps).
    type: str
  group:
    description: Group of what is created. By default that of C(webapps).
    type: str
  max_unpacked_mb:
    description: The most that a WAR may unpack to, in MiB.
    type: int
    default: 4096
  actor:
    description:
      - Who to name in C(release.json) and C(history.json).
      - By default the user and host name of the controller.
    type: str
  src_info:
    description:
      - What the controller knows of O(src) before it is copied.
      - Filled in by the module's action plugin, not meant for playbooks.
    type: dict
    suboptions:
      label:
        description: Path of the WAR on the controller.
        type: str
        required: true
      sha256:
        description: Its sha256.
        type: str
        required: true
      war_bytes:
        description: Its size in bytes.
        type: int
        required: true
      disk_bytes:
        description: What its unpacked files take on disk, in bytes.
        type: int
        required: true
attributes:
  check_mode:
    support: full
    details:
      - A WAR on the controller is not copied in check mode, so a member with a wrong CRC is found by a real run only.
  diff_mode:
    support: full
  idempotent:
    support: full
    details:
      - A release is known by its version and the sha256 of its WAR. The same version with another sha256 is refused.
notes:
  - Files of a release are no more readable than C(webapps) itself is, and only their owner may write them.
  - A release that was changed or cut after it was staged (number or total size of its files) is refused.
author:
  - roundrobin.tomcat contributors (@roundrobin)
extends_documentation_fragment:
  - roundrobin.tomcat._attributes
seealso:
  - module: roundrobin.tomcat.tomcat_context
  - module: roundrobin.tomcat.tomcat_webapp_info
  - module: roundrobin.tomcat.http_health
"""

EXAMPLES = r"""
- name: Stage release 1.4.2 of the application at /
  roundrobin.tomcat.tomcat_webapp:
    base: /var/opt/tomcat/jvm1
    name: ROOT
    version: 1.4.2
    src: shop-1.4.2.war
    checksum: sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
    state: staged

- name: Activate it while the instance is stopped, and keep three releases
  roundrobin.tomcat.tomcat_webapp:
    base: /var/opt/tomcat/jvm1
    name: ROOT
    version: 1.4.2
    state: active
    keep: 3
  register: release

- name: Go back to the release that was active before
  roundrobin.tomcat.tomcat_webapp:
    base: /var/opt/tomcat/jvm1
    name: ROOT
    version: "{{ release.version_before }}"
    state: active
  when: release.version_before is not none

- name: Add release 1.5.0 beside it for new users
  roundrobin.tomcat.tomcat_webapp:
    base: /var/opt/tomcat/jvm1
    name: ROOT
    version: 1.5.0
    parallel: true

- name: Take the older one away when its users have gone
  roundrobin.tomcat.tomcat_webapp:
    base: /var/opt/tomcat/jvm1
    name: ROOT
    state: retired

- name: Remove the application at /a/b with all its releases
  roundrobin.tomcat.tomcat_webapp:
    base: /var/opt/tomcat/jvm1
    name: a#b
    state: absent
"""

RETURN = r"""
version_before:
  description: The release that was active before this task, or null.
  returned: success
  type: str
  sample: 1.4.1
version_after:
  description: The release that is active now (in check mode, that would be), or null.
  returned: success
  type: str
  sample: 1.4.2
previous_version:
  description: The release that a rollback would go to from here, or null.
  returned: success
  type: str
  sample: 1.4.1
sha256_before:
  description: The sha256 of the WAR that was active before this task, or null.
  returned: success
  type: str
sha256_after:
  description: The sha256 of the WAR that is active now, or null.
  returned: success
  type: str
context_version_before:
  description: What stood behind C(##) in the name of the active context before this task, V("") for the plain name or if there was none.
  returned: success
  type: str
  sample: ""
context_version_after:
  description: What stands there now (in check mode, that would).
  returned: success
  type: str
  sample: "000001"
older_before:
  description: The contexts beside the active one before this task, the oldest first.
  returned: success
  type: list
  elements: dict
  contains: &context
    context_version:
      description: What stands behind C(##), V("") for the plain name.
      type: str
    version:
      description: The release.
      type: str
older_after:
  description: The contexts beside the active one now (in check mode, that would be). They wait to be retired.
  returned: success
  type: list
  elements: dict
  contains: *context
descriptors:
  description:
    - What C(META-INF/context.xml) and C(WEB-INF/web.xml) of the WAR say of sessions, by their names. Empty for a file that it does not have.
    - C(unread) has why nothing is known of a file. Without it C(META-INF/context.xml) has C(manager) (the class of its Manager, or null),
      C(override), C(cookies), C(cookie_name) and C(cookie_path), and C(WEB-INF/web.xml) has C(cookie_name), C(cookie_path),
      C(tracking_modes) and C(timeout).
  returned: success, when O(src) is on the controller
  type: dict
releases:
  description: The versions that are staged, the newest first.
  returned: success
  type: list
  elements: str
  sample: [1.4.2, 1.4.1]
pruned:
  description: The versions that O(keep) removed.
  returned: success
  type: list
  elements: str
  sample: []
release_directory:
  description: The directory of the release O(version).
  returned: when O(version) is given
  type: str
  sample: /var/opt/tomcat/jvm1/releases/ROOT/1.4.2
"""

import grp
import os
import pwd
import typing as t
from dataclasses import asdict
from datetime import datetime, timezone

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError
from ansible_collections.roundrobin.tomcat.plugins.module_utils._releases.model import (
    ReleaseChange,
    State,
    WarSource,
    newest_first,
)
from ansible_collections.roundrobin.tomcat.plugins.module_utils._releases.store import AppReleases
from ansible_collections.roundrobin.tomcat.plugins.module_utils._releases.war import (
    check_sha256,
    inspect_war,
    sha256_of,
)

SRC_INFO = {
    "label": {"type": "str", "required": True},
    "sha256": {"type": "str", "required": True},
    "war_bytes": {"type": "int", "required": True},
    "disk_bytes": {"type": "int", "required": True},
}

ARGUMENTS = {
    "base": {"type": "path", "required": True},
    "name": {"type": "str", "required": True},
    "version": {"type": "str"},
    "state": {"type": "str", "choices": ["staged", "active", "retired", "inactive", "absent"], "default": "active"},
    "parallel": {"type": "bool", "default": False},
    "context_version": {"type": "str"},
    "src": {"type": "path"},
    "remote_src": {"type": "bool", "default": False},
    "checksum": {"type": "str"},
    "keep": {"type": "int"},
    "owner": {"type": "str"},
    "group": {"type": "str"},
    "max_unpacked_mb": {"type": "int", "default": 4096},
    "actor": {"type": "str"},
    "src_info": {"type": "dict", "options": SRC_INFO},
}


def war_source(params: dict[str, t.Any]) -> WarSource | None:
    """Make out which WAR is meant and what it costs; the file itself need not be here yet."""
    info = params["src_info"]
    path = params["src"]
    if path is None:
        return None if info is None else WarSource(path=None, **info)
    label = info["label"] if info else path
    report = inspect_war(path, max_unpacked_bytes=params["max_unpacked_mb"] * 2**20)
    sha256 = sha256_of(path)
    check_sha256(label, sha256, params["checksum"])
    return WarSource(
        label=label, path=path, sha256=sha256, war_bytes=os.path.getsize(path), disk_bytes=report.disk_bytes
    )


def account_id(kind: str, name: str | None, look_up: t.Callable[[str], int]) -> int | None:
    """Return the number of a user or group."""
    try:
        return None if name is None else look_up(name)
    except KeyError as error:
        raise CollectionError(f"{kind} {name!r} does not exist on this host") from error


def describe(state: State) -> str:
    """Return what a diff compares."""
    lines = [f"active: {state.active or ''}", f"previous: {state.previous or ''}"]
    if state.older or state.context_version:
        lines += ["contexts:"] + [f"  '{context.context_version}': {context.version}" for context in state.contexts]
    lines.append("releases:")
    lines += [f"  {release.version}: {release.sha256}" for release in newest_first(state.releases)]
    return "\n".join(lines) + "\n"


def result(store: AppReleases, version: str | None, outcome: ReleaseChange) -> dict[str, t.Any]:
    """Return what the module answers."""
    before, after = outcome.before, outcome.after
    answer = {
        "changed": outcome.changed,
        "version_before": before.active,
        "version_after": after.active,
        "previous_version": after.previous,
        "sha256_before": before.active_sha256,
        "sha256_after": after.active_sha256,
        "context_version_before": before.context_version,
        "context_version_after": after.context_version,
        "older_before": [asdict(context) for context in before.older],
        "older_after": [asdict(context) for context in after.older],
        "releases": [release.version for release in newest_first(after.releases)],
        "pruned": list(outcome.pruned),
        "diff": {
            "before_header": store.disk.directory,
            "after_header": store.disk.directory,
            "before": describe(before),
            "after": describe(after),
        },
    }
    if version is not None:
        answer["release_directory"] = store.disk.release_directory(version)
    if outcome.needs_source:
        answer["needs_source"] = True
    return answer


def main() -> None:
    """Read the options, hand them to the store, answer."""
    module = AnsibleModule(
        argument_spec=ARGUMENTS,
        required_if=[("state", "staged", ["version"]), ("state", "active", ["version"])],
        supports_check_mode=True,
    )
    params = module.params
    try:
        if params["parallel"] and params["state"] != "active":
            raise CollectionError(f"parallel goes with state active, not with {params['state']}")
        if params["keep"] is not None and params["keep"] < 1:
            raise CollectionError(f"keep {params['keep']} is not accepted: give 1 or more, or leave it out")
        store = AppReleases(
            params["base"],
            params["name"],
            now=lambda: datetime.now(timezone.utc),
            actor=params["actor"] or "",
            owner=account_id("owner", params["owner"], lambda name: pwd.getpwnam(name).pw_uid),
            group=account_id("group", params["group"], lambda name: grp.getgrnam(name).gr_gid),
        )
        outcome = store.ensure(
            params["state"],
            params["version"],
            war_source(params),
            keep=params["keep"],
            check_mode=module.check_mode,
            max_unpacked_bytes=params["max_unpacked_mb"] * 2**20,
            parallel=params["parallel"],
            context_version=params["context_version"],
        )
    except CollectionError as error:
        module.fail_json(msg=error.message, **error.details)
    module.exit_json(**result(store, params["version"], outcome))


if __name__ == "__main__":
    main()
