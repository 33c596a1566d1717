# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What reloads of httpd by hand explain. Unlike those of the role they close connections that wait for their next request.

A browser that uses one of them in that moment finds it closed, and sends the request again on a new one.
"""

from __future__ import annotations

import collections
import datetime as dt
import typing as t

from chain import Chain

# httpd ends its idle connections within that many seconds of the signal.
SECONDS = 1.5
# An answer that is cut counts as any failure.
CAUSE = "closed_reused"


def reloads(chain: Chain, balancer: str, log: str = "/var/log/apache2/error.log") -> list[float]:
    """When httpd reloaded, by its own log (AH00493), in seconds since 1970."""
    lines = chain.command(balancer, f"grep AH00493 {log}").splitlines()
    return [_moment(line) for line in lines]


def _moment(line: str) -> float:
    """[Tue Dec 01 10:15:30.123456 2026] [mpm_event:notice] ..."""
    written = line.partition("[")[2].partition("]")[0]
    moment = dt.datetime.strptime(written, "%a %b %d %H:%M:%S.%f %Y")
    return moment.replace(tzinfo=dt.timezone.utc).timestamp()


def unexplained(report: t.Mapping[str, t.Any], moments: t.Sequence[float], users: int) -> list[dict[str, t.Any]]:
    """What users noticed that no reload explains: all but one closed connection for each user and reload."""
    began = dt.datetime.fromisoformat(report["started"].replace("Z", "+00:00")).timestamp()
    left: collections.Counter[float] = collections.Counter(dict.fromkeys(moments, users))
    found = []
    for event in report["events"]:
        ends = began + event["at"]
        # The request may have waited for a new connection meanwhile.
        by = next((one for one in moments if -0.1 <= ends - one <= SECONDS and left[one]), None)
        if event["cause"] != CAUSE or by is None:
            found.append(event)
        else:
            left[by] -= 1
    return found
