# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What memcached_info and redis_info do alike, with a store that is made up."""

from __future__ import annotations

import pytest

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError
from ansible_collections.roundrobin.tomcat.plugins.module_utils._stores.conversation import Login
from ansible_collections.roundrobin.tomcat.plugins.module_utils._stores.run import STORE_ARGUMENTS, tell


class Ended(Exception):
    """The module has said its last word."""


class Module:
    """As much of AnsibleModule as is used."""

    def __init__(self, **params):
        defaults = {name: option.get("default") for name, option in STORE_ARGUMENTS.items()}
        self.params = {**defaults, **params}
        self.warned = []

    def warn(self, warning):
        self.warned.append(warning)

    def exit_json(self, **answer):
        raise Ended(answer)

    def fail_json(self, **answer):
        raise Ended({"failed": True, **answer})


def parse(given):
    if given == "bad":
        raise CollectionError("nodes has 'bad': accepted are names")
    return given.upper()


def told(module):
    """What the module answers, and who was asked how; a server whose name begins with D is down."""
    asked = []

    def ask(address, login, timeout):
        asked.append((address, login, timeout))
        return {"node": address, "up": not address.startswith("D")}

    def down_message(servers):
        return "; ".join(server["node"] for server in servers if not server["up"]) or None

    with pytest.raises(Ended) as ended:
        tell(
            module,
            "nodes",
            parse=parse,
            ask=ask,
            warnings=lambda servers: [f"{server['node']} is full" for server in servers],
            down_message=down_message,
        )
    return ended.value.args[0], asked


def test_each_is_asked_once_and_told_in_order():
    module = Module(nodes=["b", "d", "a"], username="ann", password="hush", timeout=2)
    answer, asked = told(module)
    up = [("B", True), ("D", False), ("A", True)]
    assert answer == {"changed": False, "nodes": [{"node": name, "up": is_up} for name, is_up in up]}
    assert asked == [(name, Login("ann", "hush"), 2) for name, _is_up in up]
    assert module.warned == ["B is full", "D is full", "A is full"]


def test_who_is_down_is_a_failure_only_where_it_must_be_up():
    answer, _asked = told(Module(nodes=["a", "d1", "d2"], require_up=True))
    assert (answer["failed"], answer["msg"]) == (True, "D1; D2")
    assert [node["node"] for node in answer["nodes"]] == ["A", "D1", "D2"]
    assert "failed" not in told(Module(nodes=["a"], require_up=True))[0]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"nodes": ["a", "bad"]}, "nodes has 'bad': accepted are names"),
        ({"nodes": ["a"], "timeout": 0.009}, "timeout 0.009 is not accepted: give 0.01 to 3600"),
        ({"nodes": ["a"], "timeout": 3601}, "timeout 3601 is not accepted: give 0.01 to 3600"),
    ],
)
def test_nobody_is_asked_when_an_option_is_not_accepted(options, message):
    assert told(Module(**options)) == ({"failed": True, "msg": message}, [])


def test_a_password_is_kept_out_of_the_log():
    assert STORE_ARGUMENTS["password"]["no_log"] is True
