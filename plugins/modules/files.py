#!/usr/bin/python
# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: files
short_description: Have several files, directories and links as wanted, in one call
description:
  - Writes contents and copies, makes directories and links, removes what is not wanted, and sets owners and modes.
  - It is for many small files that would take a task each, with a round trip or several for each of them.
  - All paths are looked at before the first of them is changed. What cannot be done changes nothing.
  - The system's log gets the paths alone, no contents.
  - A file is replaced in one step. A symbolic link to a file stays, and the file that it points to is replaced.
author:
  - roundrobin.tomcat contributors (@roundrobin)
extends_documentation_fragment:
  - roundrobin.tomcat._attributes
attributes:
  check_mode:
    support: full
    details:
      - A directory, user, group or O(files[].source) that is missing is taken for one that an earlier task makes in a real run.
      - The commands of O(files[].validate) do not run.
  diff_mode:
    support: full
    details:
      - Not of O(files[].secret_content), and of O(files[].source) the name only.
  idempotent:
    support: full
options:
  files:
    description: What is wanted, in the order in which it is made.
    type: list
    elements: dict
    required: true
    suboptions:
      path:
        description: The absolute path.
        type: str
        required: true
      state:
        description: What the path is to be. A directory that is to be V(absent) is removed with all that lies in it.
        type: str
        choices: [file, directory, link, absent]
        default: file
      content:
        description:
          - The content of a file. A template is rendered with P(ansible.builtin.template#lookup).
          - A file needs this, O(files[].secret_content) or O(files[].source).
        type: str
      secret_content:
        description: The same as O(files[].content), for what is not to be shown or logged.
        type: str
      source:
        description: The file of the host that a file is to be a copy of.
        type: str
      target:
        description: What a link points to. It need not exist.
        type: str
      owner:
        description: Name of the user that is to own it. Without it, the owner stays as it is.
        type: str
      group:
        description: Name of its group. Without it, the group stays as it is.
        type: str
      mode:
        description: Its mode in octal digits, such as V("0640"). A file and a directory need one.
        type: str
      validate:
        description: A command that judges a new content before anything is changed. C(%s) stands for a file with it.
        type: str
"""

EXAMPLES = r"""
- name: Have the settings of an instance
  roundrobin.tomcat.files:
    files:
      - path: /var/opt/tomcat/jvm1/conf
        state: directory
        owner: root
        group: tomcat
        mode: "0750"
      - path: /var/opt/tomcat/jvm1/conf/tomcat.env
        content: "{{ lookup('ansible.builtin.template', 'tomcat.env.j2') }}"
        owner: root
        group: tomcat
        mode: "0640"
  notify: Restart Tomcat
"""

RETURN = r"""
changed_paths:
  description: The paths that were changed, or would be in check mode.
  returned: success
  type: list
  elements: str
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError
from ansible_collections.roundrobin.tomcat.plugins.module_utils._wanted_files import (
    STATES,
    WantedFile,
    apply,
    plan,
    validate,
)

FILE = {
    "path": {"type": "str", "required": True},
    "state": {"type": "str", "choices": list(STATES), "default": "file"},
    "content": {"type": "str"},
    "secret_content": {"type": "str", "no_log": True},
    "source": {"type": "str"},
    "target": {"type": "str"},
    "owner": {"type": "str"},
    "group": {"type": "str"},
    "mode": {"type": "str"},
    "validate": {"type": "str"},
}


class FilesModule(AnsibleModule):
    """Logs the paths, as contents do not belong into the log of the system."""

    def _log_invocation(self) -> None:
        self.log(f"Invoked with {', '.join(wanted['path'] for wanted in self.params['files'])}")


def main() -> None:
    """Read the options, look at all paths, change those that differ, answer."""
    module = FilesModule(
        argument_spec={
            "files": {
                "type": "list",
                "elements": "dict",
                "required": True,
                "options": FILE,
                "mutually_exclusive": [("content", "secret_content", "source")],
            }
        },
        supports_check_mode=True,
    )
    wanted = []
    for given in module.params["files"]:
        secret = given.pop("secret_content")
        content = given.pop("content")
        wanted.append(WantedFile(content=content if secret is None else secret, secret=secret is not None, **given))
    try:
        changes = plan(wanted, module.check_mode)
        if not module.check_mode:
            validate(changes, module.run_command)
            apply(changes, lambda path: module.set_default_selinux_context(path, False))
    except CollectionError as error:
        module.fail_json(msg=error.message, **error.details)
    module.exit_json(
        changed=bool(changes),
        changed_paths=[change.wanted.path for change in changes],
        diff=[change.diff for change in changes],
    )


if __name__ == "__main__":
    main()
