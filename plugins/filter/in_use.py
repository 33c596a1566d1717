# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters over what is on a host already; the logic is in plugin_utils/_chain."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.roundrobin.tomcat.plugins.module_utils._listening import with_near_address
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._chain import beside
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._chain import beside_httpd as sites
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._chain import own_connectors as connectors
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._chain import own_files as files
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._chain import removed_members as removed
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._chain.unreleased import unreleased
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._plain import plain


def beside_instance(found: t.Any, wanted: t.Any, host: str) -> list[str]:
    """List what on a host is in the way of an instance."""
    return beside.instance_problems(str(host), _mapping(found, "beside_instance"), plain(wanted))


def beside_httpd(found: t.Any, wanted: t.Any, host: str) -> dict[str, t.Any]:
    """Decide how the balancer's site comes beside what httpd has."""
    return sites.beside_httpd(str(host), _mapping(found, "beside_httpd"), plain(wanted))


def beside_service(found: t.Any, wanted: t.Any, host: str) -> list[str]:
    """List what on a host is in the way of a service's address and ports."""
    return beside.service_problems(str(host), _mapping(found, "beside_service"), plain(wanted))


def near_url(url: t.Any, listening: t.Any) -> str:
    """Say where a host itself reaches the port of a URL of its own."""
    return with_near_address(str(url), [(str(one["address"]), int(one["port"])) for one in plain(listening)])


def own_connectors(wanted: t.Any, found: t.Any) -> list[dict[str, t.Any]]:
    """Say which connectors of a server.xml are meant."""
    return connectors.own_connectors(plain(wanted), plain(found))


def own_files(found: t.Any, own: t.Any) -> dict[str, t.Any]:
    """Say which files go with an instance, and which stay."""
    return files.own_files(_mapping(found, "own_files"), plain(own))


def removed_members(found: t.Any, wanted: t.Any, at_most: t.Any, host: str) -> list[str]:
    """List the balancers that would lose too many members."""
    return removed.removed_members(str(host), plain(found), plain(wanted), int(at_most))


def unreleased_members(hostvars: t.Any, topology: t.Any) -> dict[str, list[str]]:
    """List the members that have nothing to serve yet, by balancer."""
    known = plain(topology)
    plans = {
        instance["inventory_host"]: hostvars[instance["inventory_host"]].get("__tomcat_instance_plan")
        for instance in _mapping(known, "unreleased_members")["instances"]
    }
    return unreleased(known, {host: plain(found["webapps"]) for host, found in plans.items() if found})


def _mapping(found: t.Any, name: str) -> dict[str, t.Any]:
    if not isinstance(found, t.Mapping):
        raise AnsibleFilterError(f"roundrobin.tomcat.{name} is given what host_info returned")
    return dict(plain(found))


class FilterModule:
    """Ansible's entry point."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Name the filters."""
        return {
            "beside_httpd": beside_httpd,
            "beside_instance": beside_instance,
            "beside_service": beside_service,
            "near_url": near_url,
            "own_connectors": own_connectors,
            "own_files": own_files,
            "removed_members": removed_members,
            "unreleased_members": unreleased_members,
        }
