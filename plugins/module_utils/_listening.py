# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who listens on this host: address, port, process and systemd unit, as the kernel has them."""

# Private to this collection.

from __future__ import annotations

import ipaddress
import os
import re
import struct
import typing as t
from urllib.parse import urlsplit, urlunsplit

from ansible_collections.roundrobin.tomcat.plugins.module_utils._net import in_url

LOCAL_MACHINE = "127.0.0.1"
# From the kernel's tcp_states.h.
LISTEN = "0A"
# What UDP has where TCP would listen: a socket without a peer.
UNCONNECTED = "07"
_SOCKET = re.compile(r"socket:\[(\d+)\]")
_UNIT = re.compile(r"([^/]+\.(?:service|scope))(?:/|$)")


def listening(proc: str = "/proc") -> list[dict[str, t.Any]]:
    """Return each listening TCP socket with the process that has it; of a process that cannot be seen, the names are empty."""
    sockets = [*_sockets(f"{proc}/net/tcp"), *_sockets(f"{proc}/net/tcp6")]
    owners = _owners(proc, {inode for _address, _port, inode in sockets}) if sockets else {}
    found: dict[tuple[str, int, str, str], dict[str, t.Any]] = {}
    for address, port, inode in sockets:
        pid = owners.get(inode)
        entry: dict[str, t.Any] = {
            "address": address,
            "port": port,
            "pid": pid,
            "process": _line(f"{proc}/{pid}/comm") if pid else "",
            "unit": unit_of(text_or_nothing(f"{proc}/{pid}/cgroup")) if pid else "",
        }
        # Several processes may share a port: one line for each unit of them.
        found.setdefault((address, port, entry["process"], entry["unit"]), entry)
    return sorted(found.values(), key=lambda entry: (entry["port"], entry["address"], entry["unit"]))


def udp_ports(proc: str = "/proc") -> list[int]:
    """Return the UDP ports that take packets from anybody."""
    sockets = [*_sockets(f"{proc}/net/udp", UNCONNECTED), *_sockets(f"{proc}/net/udp6", UNCONNECTED)]
    return sorted({port for _address, port, _inode in sockets})


def unit_of(cgroup: str) -> str:
    """Return the systemd unit in what /proc/PID/cgroup says, the innermost one, or an empty text."""
    for line in cgroup.splitlines():
        units = _UNIT.findall(line.rpartition(":")[2])
        if units:
            return str(units[-1])
    return ""


def near_url(url: str, proc: str = "/proc") -> str:
    """Return the URL of 127.0.0.1 with the address that is listened to on its port; any other URL stays as it is."""
    if urlsplit(url).hostname != LOCAL_MACHINE:
        return url
    sockets = [*_sockets(f"{proc}/net/tcp"), *_sockets(f"{proc}/net/tcp6")]
    return with_near_address(url, [(address, port) for address, port, _inode in sockets])


def with_near_address(url: str, listened_to: t.Iterable[tuple[str, int]]) -> str:
    """Return the URL of 127.0.0.1 with the address of these, each with its port, at which the machine itself reaches its port."""
    parts = urlsplit(url)
    if parts.hostname != LOCAL_MACHINE or parts.port is None:
        return url
    address = near_address([address for address, port in listened_to if port == parts.port]) or LOCAL_MACHINE
    return urlunsplit(parts._replace(netloc=f"{in_url(address)}:{parts.port}"))


def near_address(listened_to: t.Iterable[str]) -> str | None:
    """Return where this machine itself reaches a port: on a loopback address where one is listened to, else on the first other one."""
    addresses = [ipaddress.ip_address(address) for address in listened_to]
    if not addresses:
        return None
    # One socket for both families, as far as anybody can see from here.
    if any(address.is_unspecified or str(address) == LOCAL_MACHINE for address in addresses):
        return LOCAL_MACHINE
    return str(sorted(addresses, key=lambda address: (not address.is_loopback, address.version))[0])


def _sockets(path: str, state: str = LISTEN) -> t.Iterator[tuple[str, int, str]]:
    for line in text_or_nothing(path).splitlines()[1:]:
        fields = line.split()
        if len(fields) > 9 and fields[3] == state:
            address, _colon, port = fields[1].partition(":")
            yield _address(address), int(port, 16), fields[9]


def _address(text: str) -> str:
    """The kernel writes it in words of 32 bits, each in the byte order of the machine."""
    words = [int(text[start : start + 8], 16) for start in range(0, len(text), 8)]
    address = ipaddress.ip_address(struct.pack(f"={len(words)}I", *words))
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)


def _owners(proc: str, inodes: set[str]) -> dict[str, int]:
    owners: dict[str, int] = {}
    for pid in process_ids(proc):
        try:
            names = os.listdir(f"{proc}/{pid}/fd")
        except OSError:  # it is gone, or not ours to look at
            continue
        for name in names:
            try:
                match = _SOCKET.fullmatch(os.readlink(f"{proc}/{pid}/fd/{name}"))
            except OSError:
                continue
            if match and match.group(1) in inodes:
                owners.setdefault(match.group(1), pid)
    return owners


def process_ids(proc: str = "/proc") -> list[int]:
    """Return the numbers of all processes, the smallest first."""
    return sorted(int(name) for name in os.listdir(proc) if name.isdigit())


def text_or_nothing(path: str) -> str:
    """Return what a file says, or an empty text where it cannot be read, as when its process is gone."""
    try:
        with open(path, encoding="utf-8", errors="replace") as source:
            return source.read()
    except OSError:
        return ""


def _line(path: str) -> str:
    return text_or_nothing(path).strip()
