# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a server that keeps sessions is asked, whatever it speaks: what memcached_info and redis_info do alike.

Private to the collection.
"""

from __future__ import annotations

import socket
import typing as t

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError


def learn(fetch: t.Callable[[], dict[str, str]], timeout: float) -> tuple[dict[str, str], str | None]:
    """Return what a server tells of itself, or nothing and the reason why it cannot be told."""
    try:
        return fetch(), None
    except CollectionError as exc:
        return {}, exc.message
    # Before 3.10 the time-out of a socket is not yet TimeoutError.
    except (TimeoutError, socket.timeout):
        return {}, f"no connection within {timeout:g} s"
    except OSError as exc:
        return {}, exc.strerror or str(exc)


def numbers(told: t.Mapping[str, str], names: t.Mapping[str, str]) -> dict[str, int | None]:
    """Return the numbers of a server by our names for them, None for what it does not tell."""
    return {name: int(told[theirs]) if theirs in told else None for name, theirs in names.items()}
