# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host is and has: its distribution, packages, users, units that run, small files."""

# Private to this collection.

from __future__ import annotations

import grp
import importlib.util
import ipaddress
import os
import pwd
import shlex
import socket
import sys
import typing as t

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError
from ansible_collections.roundrobin.tomcat.plugins.module_utils._file import reason

OS_RELEASE = ("/etc/os-release", "/usr/lib/os-release")
# As Ansible's own facts call them.
NAMES = {
    "almalinux": "AlmaLinux",
    "centos": "CentOS",
    "debian": "Debian",
    "fedora": "Fedora",
    "rhel": "RedHat",
    "rocky": "Rocky",
    "ubuntu": "Ubuntu",
}
# The families that have packages this module can ask for, by what os-release calls them.
FAMILIES = {"debian": "Debian", "rhel": "RedHat", "fedora": "RedHat"}
# What prints "installed NAME" of each package that is there.
QUERIES = {
    "Debian": ("dpkg-query", "--show", "--showformat", "${db:Status-Status} ${Package}\\n"),
    "RedHat": ("rpm", "--query", "--queryformat", "installed %{NAME}\\n"),
}
CONTENT_MAX_BYTES = 256 * 1024

Run = t.Callable[[list[str]], tuple[int, str, str]]


def os_release(paths: t.Sequence[str] = OS_RELEASE) -> str:
    """Return what the distribution says of itself."""
    for path in paths:
        try:
            with open(path, encoding="utf-8") as source:
                return source.read()
        except FileNotFoundError:
            continue
        except (OSError, UnicodeDecodeError) as error:
            raise CollectionError(f"{path}: {error}; a file that can be read is expected") from error
    raise CollectionError(f"{' and '.join(paths)} are missing: a distribution with one of them is expected")


def distribution(text: str) -> dict[str, t.Any]:
    """Return name, version, major version and family of the distribution with this os-release, and the names to look it up by."""
    fields = dict(part.split("=", 1) for part in shlex.split(text, comments=True) if "=" in part)
    identity = fields.get("ID", "linux")
    name, version = NAMES.get(identity, identity), fields.get("VERSION_ID", "")
    family = next((FAMILIES[like] for like in (identity, *fields.get("ID_LIKE", "").split()) if like in FAMILIES), "")
    major = version.partition(".")[0]
    known = [name, family] if family else [name]
    return {
        "name": name,
        "version": version,
        "major_version": major,
        "family": family,
        # The closest first.
        "names": list(dict.fromkeys([*(f"{one} {major}" for one in known), *known])),
    }


def closest(platforms: t.Sequence[str], host: t.Mapping[str, t.Any]) -> str:
    """Return which of the platforms is the closest to the host's distribution."""
    for name in host["names"]:
        if name in platforms:
            return str(name)
    raise CollectionError(
        f"{host['name']} {host['version']} is not supported: known are {', '.join(platforms)}, and what derives from them. "
        "Use a host with one of these."
    )


def missing(packages: t.Sequence[str], family: str, run: Run) -> list[str]:
    """Return those of the packages that are not installed."""
    if not packages:
        return []
    if family not in QUERIES:
        raise CollectionError(
            f"of a distribution without {' or '.join(QUERIES)} among its relatives no package is known"
        )
    code, out, err = run([*QUERIES[family], *packages])
    # dpkg-query ends with 1 where any is missing, rpm with how many are.
    if code not in range(len(packages) + 1):
        raise CollectionError(f"{QUERIES[family][0]} ended with {code}: {err.strip() or out.strip()}")
    return [name for name in packages if f"installed {name}" not in out.splitlines()]


def users(names: t.Iterable[str]) -> dict[str, dict[str, t.Any]]:
    """Return home, shell, group and further groups of those of the users that exist."""
    found = {}
    for name in names:
        try:
            user = pwd.getpwnam(name)
            group = grp.getgrgid(user.pw_gid).gr_name
        except KeyError:  # no such user, or a user without a group
            continue
        further = sorted(one.gr_name for one in grp.getgrall() if name in one.gr_mem and one.gr_name != group)
        found[name] = {"home": user.pw_dir, "shell": user.pw_shell, "group": group, "groups": further}
    return found


def groups(names: t.Iterable[str]) -> list[str]:
    """Return those of the groups that exist."""
    found = []
    for name in names:
        try:
            found.append(grp.getgrnam(name).gr_name)
        except KeyError:
            continue
    return found


def resolved(names: t.Iterable[str]) -> dict[str, list[str]]:
    """Return the addresses of the names, as this host knows them; an IP address is none, and an unknown name has none."""
    found: dict[str, list[str]] = {}
    for name in names:
        try:
            ipaddress.ip_address(name)
            continue
        except ValueError:
            pass
        try:
            answers = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            answers = []
        found[name] = sorted({str(answer[4][0]).partition("%")[0] for answer in answers})
    return found


def python(modules: t.Iterable[str], distributions: str = "/usr/bin/python3") -> dict[str, t.Any]:
    """Return which Python this is, whether it is the one that packages of the distribution are for, and what it cannot import."""
    same = sys.prefix == sys.base_prefix and os.path.realpath(sys.executable) == os.path.realpath(distributions)
    return {
        "executable": sys.executable,
        "distribution": same,
        "missing": [name for name in modules if not _can_import(name)],
    }


def _can_import(name: str) -> bool:
    try:
        return all(map(str.isidentifier, name.split("."))) and importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:  # of the package that it would be in
        return False


def content(path: str) -> str | None:
    """Return the text of a small file, or None where there is no such file."""
    try:
        with open(path, "rb") as source:
            data = source.read(CONTENT_MAX_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise CollectionError(f"{path}: cannot be read: {reason(error)}; a file is expected") from error
    if len(data) > CONTENT_MAX_BYTES:
        raise CollectionError(f"{path}: has more than {CONTENT_MAX_BYTES} bytes; a small file is expected")
    return data.decode("utf-8", "replace")
