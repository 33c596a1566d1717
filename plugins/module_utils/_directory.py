# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What lies in a directory: names, owners, modes, checksums."""

# Private to this collection.

from __future__ import annotations

import fnmatch
import grp
import os
import pwd
import stat
import typing as t

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError
from ansible_collections.roundrobin.tomcat.plugins.module_utils._file import digest


def entries(path: str, checksum_of: t.Sequence[str] = ()) -> list[dict[str, t.Any]] | None:
    """Return what lies in a directory, by name, or None where there is no such directory.

    checksum_of: patterns of the names of the files whose checksum is wanted.
    """
    try:
        names = sorted(os.listdir(path))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise CollectionError(f"{path}: {error.strerror}; a directory that can be read is expected") from error
    found = []
    for name in names:
        full = os.path.join(path, name)
        try:
            info = os.lstat(full)
            hashed = stat.S_ISREG(info.st_mode) and any(fnmatch.fnmatchcase(name, pattern) for pattern in checksum_of)
            checksum = digest(full) if hashed else None
        except FileNotFoundError:  # it was taken away just now
            continue
        except OSError as error:
            raise CollectionError(f"{full}: {error.strerror}; an entry that can be read is expected") from error
        found.append(
            {
                "path": full,
                "type": _type(info.st_mode),
                "mode": f"{stat.S_IMODE(info.st_mode):04o}",
                "owner": _name_of(pwd.getpwuid, info.st_uid),
                "group": _name_of(grp.getgrgid, info.st_gid),
                "checksum": checksum,
            }
        )
    return found


def _type(mode: int) -> str:
    for is_a, word in ((stat.S_ISDIR, "directory"), (stat.S_ISREG, "file"), (stat.S_ISLNK, "link")):
        if is_a(mode):
            return word
    return "other"


def _name_of(look_up: t.Callable[[int], t.Sequence[t.Any]], number: int) -> str:
    """The name of a user or group; one that was deleted has its number alone."""
    try:
        return str(look_up(number)[0])
    except KeyError:
        return str(number)
