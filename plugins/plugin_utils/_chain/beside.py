# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An instance beside what is on its host already: what is used as it is, and what is in the way.

Pure: what was found is the answer of host_info, what is wanted comes from the role.
All problems are listed, each with what is there and the variable that helps.
"""

# Private to this collection.

from __future__ import annotations

import fnmatch
import ipaddress
import os
import typing as t

Found = t.Mapping[str, t.Any]

ALL_ADDRESSES = ("*", "0.0.0.0", "::")


def instance_problems(host: str, found: Found, wanted: t.Mapping[str, t.Any]) -> list[str]:
    """List what on a host is in the way of an instance."""
    problems = [
        *_python(found["python"]),
        *_unit(found["units"].get(wanted["unit"]), wanted["unit"]),
        *_directories(found, wanted),
        *_address(found["resolved"], wanted),
        *_ports(found, wanted),
    ]
    return [f"{host}: {problem}" for problem in problems]


def service_problems(host: str, found: Found, wanted: t.Mapping[str, t.Any]) -> list[str]:
    """List what on a host is in the way of a service: what its address is there, and who has its ports."""
    variable, address, port_variable = wanted["variable"], wanted["address"], wanted["port_variable"]
    problems = [address_problem(variable, address, found["resolved"], wanted["far"])]
    addresses = found["resolved"].get(address) or [address]
    for port in wanted["ports"]:
        socket = in_the_way(found["listening"], addresses, int(port), wanted["units"])
        if socket:
            problems.append(
                f"port {port} of {socket['address']} is taken by {taken_by(socket)}. Stop that, or set {port_variable}."
            )
    return [f"{host}: {problem}" for problem in problems if problem]


def taken_by(socket: Found) -> str:
    """Name who has a socket, for people."""
    of_unit = f" ({socket['unit']})" if socket["unit"] else ""
    return f"{socket['process'] or 'a process that cannot be seen'}{of_unit}"


def in_the_way(
    sockets: t.Iterable[Found], addresses: t.Iterable[str], port: int, units: t.Sequence[str] = ()
) -> Found | None:
    """Return the first socket of somebody else with which no other can listen on a port of these addresses.

    units: patterns of the units whose sockets are in nobody's way; those of other units that this collection wrote are not either.
    """
    wanted = list(addresses)
    for socket in sockets:
        if socket["port"] != port or socket["ours"] or any(fnmatch.fnmatchcase(socket["unit"], unit) for unit in units):
            continue
        if any(meet(socket["address"], address) for address in wanted):
            return socket
    return None


def meet(one: str, other: str) -> bool:
    """Whether two sockets with the same port exclude each other."""
    # :: is for IPv4 too, unless its owner says otherwise, and nobody can see that.
    if "*" in (one, other) or "::" in (one, other):
        return True
    if "0.0.0.0" in (one, other):
        return ":" not in (other if one == "0.0.0.0" else one)
    return one == other


def _python(python: Found) -> t.Iterator[str]:
    if python["missing"] and not python["distribution"]:
        yield (
            f"{python['executable']} has no {' and no '.join(python['missing'])}, and the packages of the distribution bring it to "
            "/usr/bin/python3 alone. Set ansible_python_interpreter to /usr/bin/python3."
        )


def _unit(unit: Found | None, name: str) -> t.Iterator[str]:
    if unit is None:
        return
    its_own = os.path.basename(unit["file"]) == name
    if not unit["ours"]:
        if its_own or not unit["file"]:
            yield f"{name} is there already ({unit['file'] or 'without a file'}), and it is none of this collection's. Set tomcat_instance_name."
        elif unit["active"] or unit["enabled"]:
            yield f"{name} {'runs' if unit['active'] else 'is enabled'} already, from {unit['file']}. Set tomcat_instance_name."
    for path in unit["drop_ins"]:
        if os.path.basename(os.path.dirname(path)) == "tomcat@.service.d":
            yield (
                f"{path} changes every unit tomcat@, this one too. Move it to the directory of the unit that it is for, "
                "such as tomcat@NAME.service.d."
            )


def _directories(found: Found, wanted: t.Mapping[str, t.Any]) -> t.Iterator[str]:
    entries = {entry["path"]: entry for entry in found["entries"]}
    for variable in ("home_root", "base_root"):
        path = wanted[variable]
        entry = entries.get(path)
        if entry is None:
            continue
        if entry["type"] == "link" and f"{path}/bin" in entries:
            yield (
                f"{path} is a link to another Tomcat, and what is put there is gone when the link leads to the next one. "
                f"Set tomcat_instance_{variable}."
            )
        elif entry["type"] in ("file", "other"):
            yield f"{path} is no directory. Set tomcat_instance_{variable}."
        elif entry["type"] == "directory" and not _may_enter(entry, found["users"], wanted):
            yield (
                f"{path} belongs to {entry['owner']}:{entry['group']} with mode {entry['mode']} and is left so, but the user "
                f"{wanted['user']} cannot enter it. Set tomcat_instance_{variable}, tomcat_instance_user or tomcat_instance_group."
            )
    if f"{wanted['home']}/webapps" in entries:
        yield f"{wanted['home']} is a Tomcat that somebody else unpacked. Set tomcat_instance_home_root."
    base = wanted["base"]
    # The role makes releases before any file; what lies beside it, such as a page in webapps, does no harm.
    if f"{base}/conf/server.xml" in entries and f"{base}/releases" not in entries:
        yield f"{base} is an instance that somebody else has set up. Set tomcat_instance_name or tomcat_instance_base_root."


def _may_enter(entry: Found, users: t.Mapping[str, t.Any], wanted: t.Mapping[str, t.Any]) -> bool:
    """Whether the unit's process, with its user, its group and the user's other groups, may enter a directory."""
    user = wanted["user"]
    mode = int(entry["mode"], 8)
    if entry["owner"] == user:
        return bool(mode & 0o100)
    groups = [wanted["group"], *users.get(user, {}).get("groups", ())]
    return bool(mode & (0o010 if entry["group"] in groups else 0o001))


def _address(resolved: t.Mapping[str, t.Sequence[str]], wanted: t.Mapping[str, t.Any]) -> t.Iterator[str]:
    problem = address_problem("tomcat_instance_address", wanted["address"], resolved, wanted["far"])
    if problem:
        yield problem


def address_problem(
    variable: str, name: str, resolved: t.Mapping[str, t.Sequence[str]], far: t.Sequence[str]
) -> str | None:
    """Say what is wrong with the name of an address, as the host itself understands it.

    far: the hosts on other machines that connect to it.
    """
    addresses = resolved.get(name)
    if addresses is None:
        return None
    if not addresses:
        return f"{variable} is {name!r}, which is no name that the host itself knows. Set it to an IP address."
    if far and all(ipaddress.ip_address(address).is_loopback for address in addresses):
        return (
            f"{variable} is {name!r}, which is {' and '.join(addresses)} on the host itself (see its /etc/hosts), where "
            f"{', '.join(far)} on another machine cannot reach it. Set {variable} or ansible_host to its IP address."
        )
    return None


def _ports(found: Found, wanted: t.Mapping[str, t.Any]) -> t.Iterator[str]:
    addresses = found["resolved"].get(wanted["address"]) or [wanted["address"]]
    for variable, port in wanted["ports"].items():
        # Tomcat takes its shutdown port on the machine itself.
        places = ["127.0.0.1"] if variable == "tomcat_instance_shutdown_port" else addresses
        socket = in_the_way(found["listening"], places, port)
        if socket:
            yield (
                f"port {port} of {socket['address']} is taken by {taken_by(socket)}. Stop that, or set tomcat_instance_port_offset or "
                f"{variable}."
            )
