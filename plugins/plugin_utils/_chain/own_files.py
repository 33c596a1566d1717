# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes with an instance that is removed: the files of this collection and of Tomcat. What somebody else put beside them stays.

Pure: what was found is the answer of host_info, what is the instance's own comes from the role.
"""

# Private to this collection.

from __future__ import annotations

import os.path
import typing as t

from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._session_jars import OURS

Found = t.Mapping[str, t.Any]


def own_files(found: Found, own: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Say what is to be removed, what stays, and why it cannot be.

    own: see plugins/filter/own_files.yml.
    """
    there = {str(entry["path"]): entry for entry in found["entries"]}
    directories = list(own["directories"])
    applications = {os.path.basename(path) for path in there if os.path.dirname(path) == own["releases"]}

    def is_own(path: str) -> bool:
        directory, name = os.path.split(path)
        if path in own["files"] or path in own["trees"]:
            return True
        if directory in own["jars"]:
            return bool(OURS.fullmatch(name))
        # A link that a rollout made, to a release.
        is_link = there[path]["type"] == "link"
        return directory == own["webapps"] and is_link and name.partition("##")[0] in applications

    inside = [path for path in there if os.path.dirname(path) in directories and path not in directories]
    foreign = [path for path in inside if not is_own(path)]
    present = [path for path in directories if path not in found["missing"]]
    empty = [path for path in present if not any(one.startswith(f"{path}/") for one in foreign)]
    gone = [*(path for path in inside if path not in foreign), *empty]
    # The unit says whose the instance is, so its file goes last.
    gone += [path for path in own["last"] if path in there]
    unit = found["units"].get(own["unit"])
    # The role makes releases before any file.
    theirs = f"{own['base']}/conf/server.xml" in there and own["releases"] not in there
    problems = []
    if unit and not unit["ours"]:
        problems.append(f"{own['unit']} is none of this collection's ({unit['file'] or 'without a file'}).")
    elif unit is None and theirs:
        problems.append(f"{own['base']} is an instance that somebody else has set up.")
    archive = str(own["archive"]) if applications else ""
    if archive and archive.startswith(f"{own['base']}/"):
        problems.append(f"{os.path.dirname(archive)} is below {own['base']}, which goes: name another directory.")
    elif archive and os.path.dirname(archive) in found["missing"]:
        problems.append(
            f"{os.path.dirname(archive)} is not there: tomcat_instance_removed_archive is a directory of the host."
        )
    return {
        "problems": problems,
        "unit": own["unit"] if unit else "",
        "base": own["base"],
        "archive": archive,
        "remove": [path for path in gone if not any(path.startswith(f"{one}/") for one in empty)],
        "stay": list(dict.fromkeys([*foreign, *(path for path in own["kept"] if path in there)])),
    }
