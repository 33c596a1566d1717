# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What memcached_info and redis_info have in common: ask each server that is given, warn, answer or fail."""

# Private to this collection.

from __future__ import annotations

import typing as t

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError

from .conversation import Login

Address = t.TypeVar("Address")

STORE_ARGUMENTS: dict[str, t.Any] = {
    "username": {"type": "str"},
    "password": {"type": "str", "no_log": True},
    "timeout": {"type": "float", "default": 3.0},
    "require_up": {"type": "bool", "default": False},
}


def tell(
    module: t.Any,
    option: str,
    *,
    parse: t.Callable[[t.Any], Address],
    ask: t.Callable[[Address, Login, float], dict[str, t.Any]],
    warnings: t.Callable[[list[dict[str, t.Any]]], list[str]],
    down_message: t.Callable[[list[dict[str, t.Any]]], str | None],
) -> None:
    """Do all that main() does once it has its AnsibleModule: the option names the servers, and what is told of them."""
    timeout = module.params["timeout"]
    if not 0.01 <= timeout <= 3600:
        module.fail_json(msg=f"timeout {timeout:g} is not accepted: give 0.01 to 3600")
    try:
        addresses = [parse(given) for given in module.params[option]]
    except CollectionError as error:
        module.fail_json(msg=error.message)
    login = Login(module.params["username"], module.params["password"])
    told = [ask(address, login, timeout) for address in addresses]
    for warning in warnings(told):
        module.warn(warning)
    down = down_message(told) if module.params["require_up"] else None
    if down:
        module.fail_json(msg=down, **{option: told})
    module.exit_json(changed=False, **{option: told})
