# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a release comes from: a file of the controller, a URL, or Maven coordinates."""

# Private to this collection.

from __future__ import annotations

import hashlib
import os.path
import re
import typing as t
from urllib.parse import urlsplit

_PART = r"[A-Za-z0-9_.-]+"
_COORDINATES = re.compile(rf"({_PART}):({_PART}):({_PART})(?::({_PART}))?(?::({_PART}))?")
_SHA256 = re.compile(r"(sha256:)?[0-9a-fA-F]{64}")


def release_source(war: str, sha256: str, directory: str, repository: str = "") -> dict[str, t.Any]:
    """Return how to get the WAR, and its path on the controller once it is there.

    sha256: what it must have, or nothing.
    directory: where on the controller what was fetched is kept.
    repository: base URL of a repository in Maven layout; without one mvn looks where its settings say.

    A file has the kind "file" and is there. Else there is a url to fetch, or an artifact for mvn. Where it cannot be fetched,
    problem says why.
    """
    problem = ""
    if sha256 and not _SHA256.fullmatch(sha256):
        problem = f"release_sha256 is {sha256!r}, it must be 64 hexadecimal digits."
    if re.match(r"https?://", war):
        if not sha256:
            problem = "release_war is a URL: give the checksum of the file that is meant, too, as release_sha256."
        name = os.path.basename(urlsplit(war).path) or "release.war"
        return {**_fetched(directory, war, name, sha256), "kind": "url", "url": war, "problem": problem}
    coordinates = _COORDINATES.fullmatch(war)
    if not coordinates:
        return {"kind": "file", "path": os.path.realpath(os.path.expanduser(war)), "problem": problem}
    group, artifact, version, packaging, classifier = coordinates.groups()
    packaging = packaging or "war"
    name = f"{artifact}-{version}{'-' + classifier if classifier else ''}.{packaging}"
    found = _fetched(directory, f"{repository} {war}", name, sha256)
    if repository:
        if version.endswith("-SNAPSHOT"):
            problem = f"release_war is {war}: by tomcat_instance_maven_repository a snapshot has no name that is known. Leave that empty, for mvn."
        url = f"{repository.rstrip('/')}/{group.replace('.', '/')}/{artifact}/{version}/{name}"
        return {**found, "kind": "url", "url": url, "problem": problem}
    wanted = ":".join(part for part in (group, artifact, version, packaging, classifier) if part)
    return {**found, "kind": "maven", "artifact": wanted, "problem": problem}


def _fetched(directory: str, source: str, name: str, sha256: str) -> dict[str, str]:
    """A directory for each source, so that files of one name from two sources never stand for each other."""
    own = os.path.join(directory, hashlib.sha256(source.encode()).hexdigest()[:16])
    checksum = sha256.lower().replace("sha256:", "")
    return {"directory": own, "path": os.path.join(own, name), "sha256": checksum}
