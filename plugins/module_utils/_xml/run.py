# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the modules for XML files have in common: read and tell, or edit and write at once, and report without secrets."""

# Private to this collection.

from __future__ import annotations

import contextlib
import os
import shlex
import typing as t

from ansible.module_utils.basic import missing_required_lib

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError
from ansible_collections.roundrobin.tomcat.plugins.module_utils._file import read_file, replace_file, write_lock

from .document import MAX_BYTES, XmlDocument
from .lxml_dep import LXML_IMPORT_ERROR
from .mask import is_secret, mask_text, names_secret, secrets_in, secrets_inside
from .plan import XmlPlan
from .reader import Reader


class XmlInfo(t.Protocol):
    """What one file says, as the options of the module that edits it."""

    reader: Reader

    def read(self) -> dict[str, t.Any]:
        """Return the options."""


def hiding(module_class: type) -> type:
    """Return the AnsibleModule that hides the secrets among its options from its first message on: also that one of them is wrong."""

    class Hiding(module_class):
        def _load_params(self) -> None:
            super()._load_params()
            also = self.params.get("secret_attributes")
            also = also if isinstance(also, list) else str(also or "").split(",")
            self.no_log_values.update(secret_values(self.params, [str(name).strip() for name in also if name]))

    return Hiding


def tell(module: t.Any, option: str, info_of: t.Callable[[XmlDocument], XmlInfo]) -> None:
    """Do all that main() does once it has its AnsibleModule: read the file, end the module with what it says."""
    need_lxml(module)
    path = module.params["path"]
    try:
        info = info_of(XmlDocument(read_file(path, MAX_BYTES), path))
        said = info.read()
    except CollectionError as error:
        module.fail_json(msg=error.message)
    module.exit_json(changed=False, path=path, **{option: said}, **info.reader.findings())


def edit(module: t.Any, plan: type[XmlPlan]) -> None:
    """Do all that main() does once it has its AnsibleModule: edit the file, set its owner and mode, end the module."""
    need_lxml(module)
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


def need_lxml(module: t.Any) -> None:
    if LXML_IMPORT_ERROR:
        module.fail_json(msg=missing_required_lib("lxml"), exception=LXML_IMPORT_ERROR)


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


def secret_values(options: t.Any, also: t.Any = (), named: bool = False) -> t.Iterator[str]:
    """Yield the secrets among the options, so that Ansible can hide them wherever they appear.

    They may be as they were given, not checked yet. named: what is called `value` is one.
    """
    if isinstance(options, t.Mapping):
        entries = [
            options,
            *(options[key] for key in ("identify_by", "attributes") if isinstance(options.get(key), t.Mapping)),
        ]
        named = named or any(names_secret(entry, also) for entry in entries)
        for name, value in options.items():
            # The text of an element is as secret as an attribute of the element's name would be.
            kept = options.get("tag") if name == "text" else name
            secret = is_secret(str(kept), also) or (named and name == "value")
            if isinstance(value, (str, int)) and not isinstance(value, bool) and secret:
                # Hiding the empty string would hide everything.
                if str(value):
                    yield str(value)
            else:
                yield from secret_values(value, also, named and name != "children")
    elif isinstance(options, (list, tuple)):
        for item in options:
            yield from secret_values(item, also)
    elif isinstance(options, str):
        yield from secrets_inside(options)
