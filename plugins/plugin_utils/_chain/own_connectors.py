# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which connectors of a server.xml are the role's own: an administrator's beside them stay as they are."""

# Private to this collection.

from __future__ import annotations

import typing as t

Connector = t.Mapping[str, t.Any]

# The role gives it to its connectors. Tomcat's own have none, and hardly anybody else sets it.
OF_THE_ROLE = ("bindOnInit", "false")


def own_connectors(wanted: t.Sequence[Connector], found: t.Sequence[Connector] | None) -> list[dict[str, t.Any]]:
    """Return the wanted connectors with what says which one is meant, as tomcat_server_xml takes them.

    wanted: the role's connector of each protocol, with port and state, present or disabled.
    found: the connectors of the server.xml that is there, or None where there is none yet: then it is Tomcat's own.
    """
    if found is None:
        return [{**connector, "match": "protocol"} for connector in wanted]
    entries = [(connector, _which(connector, found)) for connector in wanted]
    return [{**connector, **which} for connector, which in entries if which is not None]


def _which(connector: Connector, found: t.Sequence[Connector]) -> dict[str, t.Any] | None:
    """Which one is meant, or None where there is nothing to do."""
    present = connector["state"] == "present"
    same = [one for one in found if _is_active(one) and _kind(one) == _kind(connector)]
    if any(str(one.get("port")) == str(connector["port"]) for one in same):
        return {"match": "protocol_and_port"}
    ours = [one for one in same if _is_of_the_role(one)]
    if len(ours) == 1:
        # Its port was another one before.
        return {"identify_by": {"port": str(ours[0]["port"])}}
    if not present:
        return None
    # The one that Tomcat's own file has in a comment, unless others are there.
    return {"match": "protocol_and_port" if same else "protocol"}


def _is_active(connector: Connector) -> bool:
    tls = str((connector.get("attributes") or {}).get("SSLEnabled", "")).lower() == "true"
    return connector.get("state", "present") == "present" and not tls


def _is_of_the_role(connector: Connector) -> bool:
    name, value = OF_THE_ROLE
    return str((connector.get("attributes") or {}).get(name, "")).lower() == value


def _kind(connector: Connector) -> str:
    protocol = str(connector.get("protocol") or "HTTP/1.1").lower()
    if protocol in ("ajp", "ajp/1.3") or protocol.startswith("org.apache.coyote.ajp."):
        return "ajp"
    return "http" if protocol in ("http", "http/1.1") or protocol.startswith("org.apache.coyote.http11.") else protocol
