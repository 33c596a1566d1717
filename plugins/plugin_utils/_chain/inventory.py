# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The variables of one inventory host, read with their types checked, and what was found wrong with them."""

# Private to this collection.

from __future__ import annotations

import ipaddress
import re
import typing as t
from dataclasses import dataclass, field

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError

LOCAL_MACHINE = "127.0.0.1"

HOST_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?")
ABSOLUTE_PATH = re.compile(r"(/[A-Za-z0-9_.-]+)+")
TRUE_WORDS = frozenset(("true", "yes", "on", "1"))
FALSE_WORDS = frozenset(("false", "no", "off", "0"))

HostVariables = t.Mapping[str, t.Any]


class TopologyError(CollectionError):
    """The inventory contradicts itself; the message lists every problem."""


@dataclass
class Problems:
    """What is wrong with the inventory, in the order in which it was found."""

    lines: list[str] = field(default_factory=list)

    def add(self, line: str) -> None:
        """Remember a problem, once."""
        if line not in self.lines:
            self.lines.append(line)

    def raise_if_any(self) -> None:
        """Report everything at once."""
        if len(self.lines) == 1:
            raise TopologyError(f"The inventory cannot be used: {self.lines[0]}")
        if self.lines:
            listed = "".join(f"\n  {number}. {line}" for number, line in enumerate(self.lines, 1))
            raise TopologyError(f"The inventory cannot be used, {len(self.lines)} problems:{listed}")


@dataclass
class Host:
    """The variables of one inventory host, read with their types checked."""

    name: str
    variables: HostVariables
    problems: Problems

    def given(self, variable: str) -> bool:
        """Whether the inventory says anything; an empty value says nothing."""
        value = self.variables.get(variable)
        return value is not None and value != ""

    def complain(self, variable: str, wanted: str) -> None:
        """Remember that a variable's value is not what is accepted."""
        self.problems.add(f"{self.name}: {variable} is {self.variables.get(variable)!r}, it must be {wanted}.")

    def text(self, variable: str, default: str, pattern: re.Pattern[str], wanted: str) -> str:
        """Read a string that must match a pattern as a whole."""
        if not self.given(variable):
            return default
        value = self.variables[variable]
        if not isinstance(value, str) or not pattern.fullmatch(value):
            self.complain(variable, wanted)
            return default
        return str(value)

    def choice(self, variable: str, default: str, choices: t.Sequence[str]) -> str:
        """Read one of a few words."""
        if not self.given(variable):
            return default
        value = self.variables[variable]
        if value not in choices:
            self.complain(variable, f"one of {', '.join(choices)}")
            return default
        return str(value)

    def integer(self, variable: str, default: int, wanted: str, valid: t.Callable[[int], bool]) -> int:
        """Read an integer; a string of digits will do, as -e VARIABLE=1 gives one."""
        if not self.given(variable):
            return default
        number = as_integer(self.variables[variable])
        if number is None or not valid(number):
            self.complain(variable, wanted)
            return default
        return number

    def number(self, variable: str, default: float, wanted: str, lowest: float, highest: float) -> float:
        """Read a number with at most two decimals, as many as httpd keeps."""
        if not self.given(variable):
            return default
        value = str(self.variables[variable])
        if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,2})?", value) or not lowest <= float(value) <= highest:
            self.complain(variable, wanted)
            return default
        return float(value)

    def port(self, variable: str, default: int, *, may_be_off: bool = False) -> int:
        """Read a port number."""
        wanted = "a port from 1 to 65535" + (" or -1 (off)" if may_be_off else "")
        return self.integer(variable, default, wanted, lambda number: is_port(number) or (may_be_off and number == -1))

    def boolean(self, variable: str, default: bool) -> bool:
        """Read a truth value; the words that -e VARIABLE=yes gives will do."""
        if not self.given(variable):
            return default
        value = self.variables[variable]
        if isinstance(value, bool):
            return value
        word = str(value).lower()
        if word in TRUE_WORDS:
            return True
        if word in FALSE_WORDS:
            return False
        self.complain(variable, "true or false")
        return default

    @property
    def is_local(self) -> bool:
        """Whether Ansible works on its own machine for this host."""
        return self.variables.get("ansible_connection") in ("local", "ansible.builtin.local")

    @property
    def machine(self) -> str:
        """Name the machine: inventory hosts with the same one share it."""
        if self.is_local:
            return LOCAL_MACHINE
        machine = str(self.variables["ansible_host"]) if self.given("ansible_host") else self.name
        return LOCAL_MACHINE if machine == "localhost" else machine

    def address(self, variable: str) -> str:
        """Read where a service listens and is reached."""
        source = self.source_of_address(variable)
        if not self.given(source):
            return LOCAL_MACHINE if self.is_local else self.name
        value = self.variables[source]
        if not isinstance(value, str) or not (ip_address(value) or HOST_NAME.fullmatch(value)):
            self.complain(source, "one IP address or host name")
        elif _is_wildcard(value):
            self.complain(source, "the one address that the other hosts connect to, not all of them")
        return str(value)

    def source_of_address(self, variable: str) -> str:
        """The variable that the address comes from."""
        return variable if self.given(variable) else "ansible_host"


def as_integer(value: t.Any) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return int(value)
    if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,9}", value):
        return int(value)
    return None


def is_port(number: int) -> bool:
    return 1 <= number <= 65535


def ip_address(value: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(value)
    except ValueError:
        return None


def _is_wildcard(value: str) -> bool:
    address = ip_address(value)
    return address is not None and address.is_unspecified


def is_loopback(value: str) -> bool:
    address = ip_address(value)
    return value == "localhost" or (address is not None and address.is_loopback)


def duplicates(values: t.Iterable[t.Any]) -> list[t.Any]:
    seen: list[t.Any] = []
    twice: list[t.Any] = []
    for value in values:
        if value in seen and value not in twice:
            twice.append(value)
        seen.append(value)
    return twice
