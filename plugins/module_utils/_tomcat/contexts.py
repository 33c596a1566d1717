# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What webapps links to, against what Tomcat serves, and how the one is made to follow the other."""

# Private to this collection.

from __future__ import annotations

import os
import typing as t
from dataclasses import dataclass, replace

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError
from ansible_collections.roundrobin.tomcat.plugins.module_utils._file import sync_directory
from ansible_collections.roundrobin.tomcat.plugins.module_utils._releases.disk import ReleasesDisk
from ansible_collections.roundrobin.tomcat.plugins.module_utils._releases.model import Context

from .manager import (
    Listed,
    TomcatManager,
    context_path,
)


@dataclass(frozen=True)
class Reading:
    """One link below webapps, and what Tomcat makes of it."""

    name: str
    path: str
    context_version: str
    version: str
    newest: bool
    running: bool
    sessions: int
    problem: str | None


@dataclass(frozen=True)
class Application:
    """All contexts of one application: those that are linked, and what Tomcat serves although no link leads to it."""

    readings: tuple[Reading, ...]
    stray: tuple[str, ...]

    def reading(self, context_version: str) -> Reading | None:
        """Return the context of this version, if it is linked."""
        return next((reading for reading in self.readings if reading.context_version == context_version), None)

    def expected(self, context_version: str | None) -> Application:
        """Return what it will be when Tomcat has looked again at this context, or at what is no longer linked."""
        readings = tuple(
            replace(reading, problem=None) if reading.context_version == context_version else reading
            for reading in self.readings
        )
        return Application(readings, ())

    @property
    def older_sessions(self) -> int:
        """How many sessions are on contexts that wait to be retired."""
        return sum(reading.sessions for reading in self.readings if not reading.newest)


def read_application(manager: TomcatManager, disk: ReleasesDisk, listed: t.Sequence[Listed]) -> Application:
    """Compare the links of one application with the contexts that the manager listed."""
    path = context_path(disk.name)
    serving = [context for context in listed if context.path == path]
    linked = disk.read().contexts
    readings = []
    # Two contexts may serve the same release, as after a way back: each takes one of the list.
    for context in linked:
        directory = os.path.realpath(disk.exploded(context.version))
        found = next((one for one in serving if one.served == directory), None)
        problem = None
        if found is not None:
            serving.remove(found)
            if not found.running:
                problem = f"release {context.version} is deployed but does not run: it failed to start, or was stopped"
        else:
            problem = (
                f"Tomcat does not serve release {context.version}, which {disk.link(context.context_version)} links to"
            )
        running = found is not None and found.running
        readings.append(
            Reading(
                name=disk.name,
                path=path,
                context_version=context.context_version,
                version=context.version,
                newest=context == linked[-1],
                running=running,
                sessions=manager.sessions(path, context.context_version) if running else 0,
                problem=problem,
            )
        )
    return Application(tuple(readings), tuple(one.served for one in serving))


class ContextChanger:
    """Makes Tomcat follow the links of one application."""

    def __init__(self, manager: TomcatManager, disk: ReleasesDisk) -> None:
        """Take the manager and the place of the links."""
        self._manager = manager
        self._disk = disk
        self._path = context_path(disk.name)

    def read(self) -> Application:
        """Ask for the present state."""
        return read_application(self._manager, self._disk, self._manager.listed())

    def newest(self) -> Context:
        """Return the context that new users get."""
        contexts = self._disk.read().contexts
        if not contexts:
            raise CollectionError(
                f"{self._disk.name} has no active release in {self._disk.webapps}: activate one first"
            )
        return contexts[-1]

    def serve(self, context_version: str) -> str:
        """Have Tomcat serve what a link leads to now, with the META-INF/context.xml of that, and return its answer."""
        link = self._disk.link(context_version)
        aside = os.path.join(self._disk.directory, ".link-aside")
        with self._disk.lock():
            # Tomcat resolved the link when it deployed the context: it has to miss it once.
            os.rename(link, aside)
            try:
                self._manager.look_again(self._path, context_version)
            finally:
                os.rename(aside, link)
                sync_directory(self._disk.webapps)
            return self._manager.look_again(self._path, context_version)

    def forget(self) -> None:
        """Have Tomcat undeploy what no link leads to any more."""
        with self._disk.lock():
            for context_version in self._names_of(self.read()):
                self._manager.look_again(self._path, context_version)

    def _names_of(self, application: Application) -> t.Iterator[str]:
        """Find what Tomcat calls the contexts that are not linked, which its list does not tell: they are asked for, the newest first."""
        linked = {reading.context_version for reading in application.readings}
        missing = len(application.stray)
        # One that was withdrawn was newer than those that are linked.
        newest = max([0, *(int(context_version or 0) for context_version in linked)]) + missing
        for number in range(newest, -1, -1):
            context_version = f"{number:06d}" if number else ""
            if missing and context_version not in linked and self._manager.has(self._path, context_version):
                missing -= 1
                yield context_version
