# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a hand-made Tomcat keeps its sessions, as variables of this collection."""

# Private to this collection.

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass, field

from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._chain.session_stores import NODE

from .notes import Notes, Secrets
from .tomcat import Tomcat
from .xml import Element

MSM = "de.javakaffee.web.msm.MemcachedBackupSessionManager"
IGNORE_PATTERN = r".*\.(ico|png|gif|jpg|css|js)$"
JAVA_TRANSCODER = "de.javakaffee.web.msm.JavaSerializationTranscoderFactory"
# What makes our session manager look for what MSM's own has stored.
TAKE_OVER = "takesOverFromMsm"
ABOUT_SESSIONS = "sessions in memcached"
_TOMCATS_OWN = ("", "org.apache.catalina.session.StandardManager")
# By variables of their own, or the collection's own affair.
_QUIET = frozenset(
    (
        "className",
        "memcachedNodes",
        "failoverNodes",
        "sticky",
        "requestUriIgnorePattern",
        "transcoderFactoryClass",
        "lockingMode",
    )
)
_ON_PURPOSE = {
    "sessionBackupAsync": "Here a session is always stored before the answer goes out.",
    "sessionBackupTimeout": "Here it is tomcat_instance_memcached_timeout_ms, 5000 by default.",
    "operationTimeout": "Here it is tomcat_instance_memcached_timeout_ms, 5000 by default.",
    "copyCollectionsForSerialization": "It is for another serialization than that of Java.",
    "customConverter": "It is for another serialization than that of Java.",
    "enableStatistics": "Not carried over.",
    "backupThreadCount": "It is for storing sessions after the answer, which is not done here.",
    "maxActiveSessions": "Not carried over.",
}
NO_STORE = "Sessions would be kept on each instance alone. Choose a store: tomcat_instance_session_store, see docs/sessions.md."


@dataclass
class Sessions:
    """Where one Tomcat keeps its sessions."""

    store: str
    variables: dict[str, t.Any] = field(default_factory=dict)
    #: id, host and port of each memcached node, as this Tomcat names it
    nodes: list[tuple[str, str, int]] = field(default_factory=list)


def read_sessions(tomcat: Tomcat, notes: Notes, secrets: Secrets) -> Sessions:
    """Return the store of a Tomcat."""
    manager = next(iter(tomcat.context.all("Manager") if tomcat.context else []), None)
    for cluster in tomcat.clusters[:1]:
        return _cluster(tomcat, cluster, notes)
    if manager is None or manager.get("className") in _TOMCATS_OWN:
        return Sessions("none")
    if manager.get("className") == MSM:
        return _memcached(tomcat, manager, notes, secrets)
    notes.add(tomcat.machine, manager.place, manager.shown(), f"This session manager is not understood. {NO_STORE}")
    return Sessions("none")


def _cluster(tomcat: Tomcat, cluster: Element, notes: Notes) -> Sessions:
    managers = cluster.all("Manager")
    backup = bool(managers) and managers[0].get("className").endswith(".BackupManager")
    notes.add(
        tomcat.machine,
        cluster.place,
        cluster.shown("className"),
        "The new instances are a cluster of their own, with encryption: the old ones do not join it. Sessions stay on the old ones.",
    )
    return Sessions("backup" if backup else "delta")


def _memcached(tomcat: Tomcat, manager: Element, notes: Notes, secrets: Secrets) -> Sessions:
    nodes = _nodes(manager.get("memcachedNodes"))
    if not nodes:
        notes.add(
            tomcat.machine,
            manager.place,
            manager.shown("memcachedNodes"),
            f"These nodes are not understood, n1:HOST:PORT,n2:HOST:PORT is. {NO_STORE}",
        )
        return Sessions("none")
    found = Sessions("memcached", nodes=nodes)
    sticky = manager.get("sticky", "true").lower() == "true"
    if not sticky:
        found.variables["tomcat_instance_memcached_sticky"] = False
    failover = [name for name in re.split(r"[\s,]+", manager.get("failoverNodes")) if name]
    if failover and set(failover) < {name for name, _host, _port in nodes}:
        found.variables["tomcat_instance_memcached_failover_nodes"] = ",".join(failover)
    pattern = manager.get("requestUriIgnorePattern")
    if pattern != IGNORE_PATTERN:
        found.variables["tomcat_instance_request_uri_ignore_pattern"] = pattern
    options = _options(tomcat, manager, sticky, notes, secrets)
    if sticky and manager.get("transcoderFactoryClass", JAVA_TRANSCODER) == JAVA_TRANSCODER:
        options[TAKE_OVER] = True
        then = f"The new instances take over the sessions of the old ones, by {TAKE_OVER} in tomcat_instance_memcached_options. "
        then += "Take that out when the old ones are gone."
        notes.add(tomcat.machine, manager.place, ABOUT_SESSIONS, then)
    else:
        notes.add(
            tomcat.machine, manager.place, ABOUT_SESSIONS, "The new instances do not find the sessions of the old ones."
        )
    if options:
        found.variables["tomcat_instance_memcached_options"] = options
    return found


def _nodes(text: str) -> list[tuple[str, str, int]]:
    """The nodes, or none where one is not understood; a single one needs no id."""
    parts = [part for part in re.split(r"[\s,]+", text.strip()) if part]
    if len(parts) == 1 and re.fullmatch(r"[^:]+:[0-9]+", parts[0]):
        parts = [f"n1:{parts[0]}"]
    found = [NODE.fullmatch(part) for part in parts]
    return [(match[1], match[2], int(match[3])) for match in found if match] if all(found) and "/" not in text else []


def _options(tomcat: Tomcat, manager: Element, sticky: bool, notes: Notes, secrets: Secrets) -> dict[str, t.Any]:
    options: dict[str, t.Any] = {}
    if manager.get("transcoderFactoryClass", JAVA_TRANSCODER) != JAVA_TRANSCODER:
        notes.add(
            tomcat.machine,
            manager.place,
            manager.shown("transcoderFactoryClass"),
            "Here sessions go through Java serialization. What lies in memcached in another one is not read.",
        )
    locking = manager.get("lockingMode")
    if locking and not sticky and locking.lower() not in ("none", "auto"):
        options["lockingMode"] = locking
    elif locking and locking.lower() == "none" and not sticky:
        notes.add(
            tomcat.machine,
            manager.place,
            manager.shown("lockingMode"),
            "Parallel requests would lose updates. Here it is auto.",
        )
    for name, value in manager.attributes.items():
        if name in _QUIET or (name == "sessionBackupAsync" and value.lower() == "false"):
            continue
        if name in _ON_PURPOSE:
            notes.add(tomcat.machine, manager.place, manager.shown(name), _ON_PURPOSE[name])
        else:
            options[name] = secrets.unless_plain(f"memcached {name}", name, value)
    if "sessionBackupAsync" not in manager.attributes:
        notes.add(tomcat.machine, manager.place, "sessionBackupAsync is not set", _ON_PURPOSE["sessionBackupAsync"])
    return options
