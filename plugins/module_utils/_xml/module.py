# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What main() of the modules that edit XML files does once it has its AnsibleModule."""

from __future__ import annotations

import os
from typing import Any

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError

from .plan import XmlPlan
from .run import edit_file, secret_values


def edit(module: Any, plan: type[XmlPlan]) -> None:
    """Edit the file, set its owner and mode, and end the module."""
    module.no_log_values.update(secret_values(module.params, module.params["secret_attributes"]))
    try:
        result, warnings = edit_file(
            module.params,
            plan,
            check_mode=module.check_mode,
            diff_mode=module._diff,
            run_command=module.run_command,
            atomic_move=module.atomic_move,
            backup=module.backup_local,
        )
    except CollectionError as exc:
        module.fail_json(msg=exc.message)
    for warning in warnings:
        module.warn(warning)
    file_arguments = module.load_file_common_arguments(module.params, path=os.path.realpath(module.params["path"]))
    attribute_diff: dict[str, object] = {}
    result["changed"] = module.set_fs_attributes_if_different(file_arguments, result["changed"], attribute_diff)
    if module._diff:
        result["diff"] = [*result["diff"], attribute_diff]
    module.exit_json(**result)
