# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the modules that edit XML files have in common: read, edit, write at once, report without secrets."""

# Private to this collection.

from __future__ import annotations

import contextlib
import os
import shlex
import typing as t

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError
from ansible_collections.roundrobin.tomcat.plugins.module_utils._file import read_file, replace_file, write_lock

from .document import MAX_BYTES, XmlDocument
from .mask import is_secret, mask_text, secrets_in
from .plan import XmlPlan

XML_ARGUMENTS: dict[str, t.Any] = {
    "path": {"type": "path", "required": True},
    "elements": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "parent": {"type": "str", "required": True},
            "tag": {"type": "str", "required": True},
            "identify_by": {"type": "dict", "default": {}},
            "attributes": {"type": "dict", "default": {}},
            "attributes_to_remove": {"type": "list", "elements": "str", "default": []},
            "text": {"type": "raw"},
            "children": {"type": "list", "elements": "dict"},
            "state": {"type": "str", "choices": ["present", "absent", "disabled"], "default": "present"},
        },
    },
    # The names of attributes are no secret, only their values are.
    "secret_attributes": {"type": "list", "elements": "str", "default": [], "no_log": False},
    "backup": {"type": "bool", "default": False},
    "validate": {"type": "str"},
}


def edit(module: t.Any, plan: type[XmlPlan]) -> None:
    """Do all that main() does once it has its AnsibleModule: edit the file, set its owner and mode, end the module."""
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
    except CollectionError as error:
        module.fail_json(msg=error.message)
    for warning in warnings:
        module.warn(warning)
    file_arguments = module.load_file_common_arguments(module.params, path=os.path.realpath(module.params["path"]))
    attribute_diff: dict[str, object] = {}
    result["changed"] = module.set_fs_attributes_if_different(file_arguments, result["changed"], attribute_diff)
    if module._diff:
        result["diff"] = [*result["diff"], attribute_diff]
    module.exit_json(**result)


def edit_file(
    options: t.Mapping[str, t.Any],
    plan: type[XmlPlan],
    *,
    check_mode: bool,
    diff_mode: bool,
    run_command: t.Callable[[str], tuple[int, str, str]],
    atomic_move: t.Callable[[str, str], None],
    backup: t.Callable[[str], str],
) -> tuple[dict[str, t.Any], list[str]]:
    """Edit the file named by the options; return what a module returns, and warnings."""
    path = options["path"]
    also = options.get("secret_attributes") or ()
    if options.get("validate") and "%s" not in options["validate"]:
        raise CollectionError(f"validate: {options['validate']!r} holds no %s, where the path of the new file is put")
    with contextlib.nullcontext() if check_mode else write_lock(path):
        before = read_file(path, MAX_BYTES)
        document = XmlDocument(before, path)
        editor = plan(document, options).apply()
        document.prove()
        after = document.to_bytes()
        result: dict[str, t.Any] = {"changed": after != before, "changes": editor.changes, "path": path}
        if diff_mode:
            result["diff"] = []
            if after != before:
                shown = {
                    "before_header": path,
                    "after_header": path,
                    "before": mask_text(document.original, also),
                    "after": mask_text(document.text, also, secrets_in(document.original, also)),
                }
                result["diff"].append(shown)
        if after == before or check_mode:
            return result, editor.warnings

        def _check(candidate: str) -> None:
            _validate(options["validate"], candidate, path, run_command, also)

        backup_file = replace_file(
            path,
            before,
            after,
            atomic_move,
            check=_check if options.get("validate") else None,
            backup=backup if options.get("backup") else None,
        )
        if backup_file:
            result["backup_file"] = backup_file
        return result, editor.warnings


def _validate(
    command: str, candidate: str, path: str, run_command: t.Callable[[str], tuple[int, str, str]], also: t.Any
) -> None:
    code, out, err = run_command(command.replace("%s", shlex.quote(candidate)))
    if code != 0:
        said = mask_text((err or out).strip(), also)
        raise CollectionError(
            f"{path}: validate refused the new file (exit status {code}); nothing was written: {said}"
        )


def secret_values(options: t.Any, also: t.Any = ()) -> t.Iterator[str]:
    """Yield the secrets among the options, so that Ansible can hide them wherever they appear."""
    if isinstance(options, t.Mapping):
        for name, value in options.items():
            # The text of an element is as secret as an attribute of the element's name would be.
            kept = options.get("tag") if name == "text" else name
            if isinstance(value, (str, int)) and not isinstance(value, bool) and is_secret(str(kept), also):
                # Hiding the empty string would hide everything.
                if str(value):
                    yield str(value)
            else:
                yield from secret_values(value, also)
    elif isinstance(options, (list, tuple)):
        for item in options:
            yield from secret_values(item, also)
