# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What follows from the releases, the links and the history of one application."""

from __future__ import annotations

import pytest

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError
from ansible_collections.roundrobin.tomcat.plugins.module_utils._releases.model import (
    HISTORY_LENGTH,
    Activation,
    Context,
    Release,
    ReleaseChange,
    State,
    check_context_version,
    check_version,
    newest_first,
    next_context_version,
    previous_version,
    releases_to_prune,
    settled_history,
)


def history(*lines):
    return tuple(Activation(at="", by="", version=new, sha256=None, replaced=old) for old, new in lines)


@pytest.mark.parametrize(
    ("lines", "active", "expected"),
    [
        ([], None, None),
        ([(None, "1")], "1", None),
        ([(None, "1"), ("1", "2")], "2", "1"),
        # A rollback is not a new release: nothing is before 1.
        ([(None, "1"), ("1", "2"), ("2", "1")], "1", None),
        ([(None, "1"), ("1", "2"), ("2", "1"), ("1", "2")], "2", "1"),
        ([(None, "1"), ("1", "2"), ("2", "1"), ("1", "3")], "3", "1"),
        ([(None, "1"), ("1", "2"), ("2", "3"), ("3", "1")], "1", None),
        # Taken out: what was before the one that was taken out.
        ([(None, "1"), ("1", None)], None, None),
        ([(None, "1"), ("1", "2"), ("2", None)], None, "1"),
        # Written ahead of a switch that never came.
        ([(None, "1"), ("1", "2")], "1", None),
        ([(None, "1"), ("1", "2"), ("2", "3")], "2", "1"),
        ([(None, "1")], None, None),
        # Switched by hand.
        ([(None, "1"), ("1", "2")], "3", "2"),
        ([], "1", None),
        # The release before is no longer there: the one before that.
        ([(None, "1"), ("1", "gone"), ("gone", "3")], "3", "1"),
    ],
)
def test_previous_version(lines, active, expected):
    assert previous_version(history(*lines), active, {"1", "2", "3"}) == expected


def test_settled_history_keeps_what_the_link_confirms():
    lines = history((None, "1"), ("1", "2"))
    assert settled_history(lines, "2") == lines
    assert settled_history(lines, "1") == lines[:1]
    assert settled_history(lines, "9") == lines


def state_with(active, *versions, lines=()):
    return State(
        active=active,
        releases={v: Release(version=v, sha256=v, staged_at=f"2026-{index:02}") for index, v in enumerate(versions, 1)},
        history=history(*lines),
    )


@pytest.mark.parametrize(
    ("state", "keep", "named", "expected"),
    [
        (state_with("3", "1", "2", "3"), None, "3", ()),
        (state_with("3", "1", "2", "3"), 3, "3", ()),
        (state_with("3", "1", "2", "3"), 2, "3", ("1",)),
        (state_with("3", "1", "2", "3"), 1, "3", ("2", "1")),
        (state_with("1", "1", "2", "3"), 1, "3", ("2",)),
        (state_with("3", "1", "2", "3", lines=[(None, "1"), ("1", "3")]), 1, "3", ("2",)),
        (state_with("3", "1", "2", "3"), 1, "2", ("1",)),
    ],
)
def test_releases_to_prune(state, keep, named, expected):
    assert releases_to_prune(state, keep, named) == expected


def test_the_newest_context_is_the_active_one():
    contexts = [Context("000010", "3"), Context("", "1"), Context("000002", "2")]
    state = State().with_contexts(contexts)
    assert (state.active, state.context_version) == ("3", "000010")
    assert state.older == (Context("", "1"), Context("000002", "2"))
    assert state.contexts == (*state.older, Context("000010", "3"))
    nothing = state.with_contexts([])
    assert (nothing.active, nothing.context_version, nothing.contexts) == (None, "", ())


def test_the_active_sha256_is_known_where_its_release_is():
    state = state_with("2", "1", "2")
    assert state.active_sha256 == "2"
    assert state.without(["2"]).active_sha256 is None
    assert state_with(None, "1").active_sha256 is None


def test_releases_come_and_go_without_the_state_that_was():
    state = state_with("1", "1")
    more = state.with_release(Release(version="2", sha256="2"))
    assert (list(state.releases), list(more.releases), list(more.without({"1", "3"}).releases)) == (
        ["1"],
        ["1", "2"],
        ["2"],
    )


def test_the_history_forgets_the_oldest_line():
    state = state_with("1")
    for number in range(HISTORY_LENGTH + 2):
        state = state.noted(Activation(at=str(number), by="", version="1", sha256=None, replaced="1"))
    assert [line.at for line in (state.history[0], state.history[-1])] == ["2", str(HISTORY_LENGTH + 1)]


def test_a_line_of_a_switch_that_never_came_is_replaced_by_the_next():
    state = state_with("1", lines=[(None, "1"), ("1", "2")]).noted(*history(("1", "3")))
    assert [line.version for line in state.history] == ["1", "3"]


def test_why_a_release_cannot_be_used_makes_no_change():
    sound = State(releases={"1": Release("1", "abc")})
    damaged = State(releases={"1": Release("1", "abc", problem="it is cut")})
    assert ReleaseChange(sound, damaged).changed is False
    assert ReleaseChange(sound, sound.with_release(Release("1", "def"))).changed is True


def test_releases_staged_at_one_moment_are_in_order_too():
    releases = {v: Release(version=v, sha256="", staged_at=at) for v, at in (("a", "1"), ("c", "1"), ("b", "2"))}
    assert [release.version for release in newest_first(releases)] == ["b", "c", "a"]


@pytest.mark.parametrize("version", ["1", "1.0", "2026-11-23_1+build.5", "A" * 64])
def test_versions(version):
    assert check_version(version) == version


@pytest.mark.parametrize("version", ["", ".", "..", "a/b", "-1", "_1", "1 0", "1\n", "a" * 65, "\u0661"])
def test_what_is_no_version(version):
    with pytest.raises(CollectionError) as caught:
        check_version(version)
    assert caught.value.message.startswith(f"version {version!r} is not accepted: 1 to 64 letters, digits and . _ + -")


@pytest.mark.parametrize("context_version", ["", "000000", "000002", "999999"])
def test_context_versions(context_version):
    assert check_context_version(context_version) == context_version


@pytest.mark.parametrize("context_version", ["2", "0000002", "00000a", "000002\n", " 00002"])
def test_what_is_no_context_version(context_version):
    with pytest.raises(CollectionError) as caught:
        check_context_version(context_version)
    assert caught.value.message == (
        f"context_version {context_version!r} is not accepted: 6 digits as 000002, or empty for the plain name"
    )


@pytest.mark.parametrize(
    ("there", "following"), [([], "000001"), ([""], "000001"), (["", "000002", "000009"], "000010")]
)
def test_the_next_context_is_newer_to_tomcat(there, following):
    assert next_context_version(Context(name, "1") for name in there) == following
    assert all(name < following for name in there)
