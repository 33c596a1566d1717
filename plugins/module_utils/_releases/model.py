# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is known of one application's releases on one instance: pure data, and what follows from it."""

# Private to this collection.

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass, field, replace

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError

VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,63}")
CONTEXT_VERSION = re.compile(r"[0-9]{6}")
HISTORY_LENGTH = 200


@dataclass(frozen=True)
class Release:
    """One staged release, as release.json has it; problem says why it cannot be used."""

    version: str
    sha256: str
    war_bytes: int | None = None
    files: int | None = None
    unpacked_bytes: int | None = None
    staged_at: str = ""
    staged_by: str = ""
    problem: str | None = field(default=None, compare=False)
    # How it was asked when it proved healthy; None until then.
    health: t.Mapping[str, t.Any] | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Activation:
    """One line of history: version None means that the application was taken out."""

    at: str
    by: str
    version: str | None
    sha256: str | None
    replaced: str | None


@dataclass(frozen=True)
class Context:
    """A link below webapps: what Tomcat calls the version of a context ("" for the plain name), and the release it is for."""

    context_version: str
    version: str


@dataclass(frozen=True)
class State:
    """All that is known of one application on one instance.

    Active is the release of the newest context, that of new users. Older contexts are
    there from a parallel activation until they are retired.
    """

    active: str | None = None
    releases: dict[str, Release] = field(default_factory=dict)
    history: tuple[Activation, ...] = ()
    context_version: str = ""
    older: tuple[Context, ...] = ()

    @property
    def previous(self) -> str | None:
        """The release that a rollback goes to, or None."""
        return previous_version(self.history, self.active, self.releases)

    @property
    def active_sha256(self) -> str | None:
        """The sha256 of the WAR of the active release, or None."""
        release = self.releases.get(self.active) if self.active is not None else None
        return release.sha256 if release else None

    @property
    def contexts(self) -> tuple[Context, ...]:
        """All contexts, the newest last."""
        return self.older if self.active is None else (*self.older, Context(self.context_version, self.active))

    def with_contexts(self, contexts: t.Iterable[Context]) -> State:
        """Return this state with these contexts, in any order."""
        # Tomcat orders them as strings, the plain name first.
        ordered = sorted(contexts, key=lambda context: context.context_version)
        if not ordered:
            return replace(self, active=None, context_version="", older=())
        newest = ordered[-1]
        return replace(self, active=newest.version, context_version=newest.context_version, older=tuple(ordered[:-1]))

    def noted(self, activation: Activation) -> State:
        """Return this state with one more line of history."""
        history = (*settled_history(self.history, self.active), activation)
        return replace(self, history=history[-HISTORY_LENGTH:])

    def with_release(self, release: Release) -> State:
        """Return this state with one more release."""
        return replace(self, releases={**self.releases, release.version: release})

    def without(self, versions: t.Collection[str]) -> State:
        """Return this state with fewer releases."""
        return replace(self, releases={v: r for v, r in self.releases.items() if v not in versions})


@dataclass(frozen=True)
class WarSource:
    """A WAR to stage. path is None where it is not on this machine yet and only its figures are known."""

    label: str
    path: str | None
    sha256: str
    war_bytes: int
    disk_bytes: int


@dataclass(frozen=True)
class ReleaseChange:
    """What ensure() found and what it left (or, in check mode, would leave)."""

    before: State
    after: State
    pruned: tuple[str, ...] = ()
    needs_source: bool = False

    @property
    def changed(self) -> bool:
        """Whether anything differs."""
        return self.before != self.after


def check_version(version: str) -> str:
    """Return a version that can be the name of a directory, or say what one looks like."""
    if not VERSION.fullmatch(version):
        raise CollectionError(
            f"version {version!r} is not accepted: 1 to 64 letters, digits and . _ + -, beginning with a letter or digit"
        )
    return version


def check_context_version(context_version: str) -> str:
    """Return a version of a context that sorts as a string as it does as a number."""
    if context_version and not CONTEXT_VERSION.fullmatch(context_version):
        raise CollectionError(
            f"context_version {context_version!r} is not accepted: 6 digits as 000002, or empty for the plain name"
        )
    return context_version


def next_context_version(contexts: t.Iterable[Context]) -> str:
    """Return the version of a context that Tomcat takes for newer than all these."""
    return f"{max([0, *(int(context.context_version or 0) for context in contexts)]) + 1:06d}"


def settled_history(history: t.Sequence[Activation], active: str | None) -> tuple[Activation, ...]:
    """Drop a last line that was written ahead of a switch that never came."""
    if history and history[-1].version != active and history[-1].replaced == active:
        return tuple(history[:-1])
    return tuple(history)


def previous_version(history: t.Sequence[Activation], active: str | None, available: t.Container[str]) -> str | None:
    """Return the release that was in use before the active one came.

    Going back is not a new release: after 1.0, 2.0 and back to 1.0 nothing is before 1.0,
    so that a rollback run twice does not bring the bad release again.
    """
    stack: list[str] = []
    versions = [line.version for line in settled_history(history, active)]
    # The link outranks the history: it may have been switched by hand.
    for version in versions if active is None else [*versions, active]:
        if version is None:
            del stack[-1:]
        elif version in stack:
            del stack[stack.index(version) + 1 :]
        else:
            stack.append(version)
    candidates = [version for version in stack if version != active and version in available]
    return candidates[-1] if candidates else None


def newest_first(releases: t.Mapping[str, Release]) -> list[Release]:
    """Return releases by the time they were staged, the last one first."""
    return sorted(releases.values(), key=lambda release: (release.staged_at, release.version), reverse=True)


def releases_to_prune(state: State, keep: int | None, named: str | None) -> tuple[str, ...]:
    """Return the versions beyond the newest `keep`; never one that is linked, the one before it, or the one just named."""
    if keep is None:
        return ()
    guarded = {state.previous, named, *(context.version for context in state.contexts)}
    return tuple(release.version for release in newest_first(state.releases)[keep:] if release.version not in guarded)
