# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values that people give by a slip: of another type, at and beyond the bounds, with signs that mean something elsewhere."""

from __future__ import annotations

import os
import typing as t

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

# In CI the same examples each time; `./run test --full tools` draws others, and more.
FULL = bool(os.environ.get("RUN_FULL"))
EXAMPLES = settings(
    max_examples=200 if FULL else 15,
    derandomize=not FULL,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

TEXTS = (
    *(
        "",
        " ",
        "\n",
        "a\nb",
        "\t",
        "0",
        "-1",
        "true",
        "null",
        "[]",
        "{}",
        "a b",
        "'",
        '"',
        "\\",
        "$(id)",
        "${x}",
        "%n",
        "%{x}",
    ),
    *(
        "..",
        ".",
        "/",
        "//",
        "/a/../b",
        "relative/path",
        "/no/such/place",
        "~",
        "*",
        "ä",
        "\N{PILE OF POO}",
        "\u202e",
        "x" * 5000,
    ),
    *(
        "http://",
        "http://x y/",
        "http://[::1",
        "ajp://127.0.0.1:0",
        "127.0.0.1:99999",
        "198.18.0.300",
        "::1",
        "<a>&b;",
        "]]>",
        "-->",
    ),
)
# ansible-core itself fails at a list of integers that C has no type for, where it looks for one integer.
FAR = 2**62
NUMBERS = (-FAR, -1, 0, 1, 2, 63, 64, 65, 1023, 65535, 65536, 2**31, FAR, 0.0, -0.5, 0.5, 1e308)
SCALARS: st.SearchStrategy[t.Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from(NUMBERS),
    st.sampled_from(TEXTS),
    st.integers(-FAR, FAR),
    st.text(max_size=20),
)


def values(keys: t.Sequence[str] = ()) -> st.SearchStrategy[t.Any]:
    """Anything that YAML can say, with these keys in dictionaries now and then."""
    names = st.one_of(st.sampled_from(tuple(keys) or ("name",)), st.text(max_size=5))
    return st.recursive(
        SCALARS,
        lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(names, inner, max_size=3)),
        max_leaves=5,
    )
