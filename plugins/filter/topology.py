# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters over the inventory; the logic is in plugin_utils/_chain/topology.py."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleError, AnsibleFilterError
from jinja2 import UndefinedError

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._chain.instance import port
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._chain.names import check_names, of_interest
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._chain.site import HEADER_BYTES, httpd_site
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._chain.topology import (
    HOST_VARIABLES,
    Problems,
    derive,
)
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._plain import plain


def _read(hostvars: t.Mapping[str, t.Any], name: str, problems: Problems) -> dict[str, t.Any]:
    variables: dict[str, t.Any] = {}
    if name not in hostvars:
        problems.add(f"{name}: is in a group but its variables were not handed over.")
        return variables
    of_host = hostvars[name]
    for variable in HOST_VARIABLES:
        if variable not in of_host:
            continue
        try:
            variables[variable] = plain(of_host[variable])
        # What an undefined variable inside a template raises depends on where the filter stands.
        except (AnsibleError, UndefinedError) as error:
            problems.add(f"{name}: {variable} cannot be evaluated: {error}")
    return variables


def topology(
    hostvars: t.Mapping[str, t.Any],
    groups: t.Mapping[str, t.Sequence[str]],
    tomcat_group: str = "tomcat",
    memcached_group: str = "memcached",
    redis_group: str = "redis",
    balancer_group: str = "balancer",
    without: str = "",
) -> dict[str, t.Any]:
    """Derive the whole chain from the inventory, or fail with everything that is wrong with it."""
    if not isinstance(hostvars, t.Mapping) or not isinstance(groups, t.Mapping):
        raise AnsibleFilterError(
            "roundrobin.tomcat.topology is called as: hostvars | roundrobin.tomcat.topology(groups)"
        )
    members = {
        group: [str(name) for name in groups.get(group, ())]
        for group in (tomcat_group, memcached_group, redis_group, balancer_group)
    }
    problems = Problems()
    hosts = {
        name: _read(hostvars, name, problems)
        for name in dict.fromkeys(name for names in members.values() for name in names)
    }
    check_names({name: of_interest(hostvars[name]) for name in hosts if name in hostvars}, HOST_VARIABLES, problems)
    try:
        return derive(
            hosts,
            members,
            tomcat_group=tomcat_group,
            memcached_group=memcached_group,
            redis_group=redis_group,
            balancer_group=balancer_group,
            without=str(without),
            problems=problems,
        )
    except CollectionError as error:
        raise AnsibleFilterError(error.message) from error


def site(applications: t.Any, **given: t.Any) -> dict[str, t.Any]:
    """Say what of httpd's configuration follows from what the applications need."""
    options = plain(given)
    return httpd_site(
        plain(applications),
        aliases=options.get("aliases", ()),
        trusted_proxies=options.get("trusted_proxies", ()),
        header_bytes=options.get("header_bytes", HEADER_BYTES),
        scheme=str(options.get("scheme", "http")),
        port=int(options.get("port", 80)),
        forwarded=bool(options.get("forwarded", False)),
    )


def tomcat_port(offset: t.Any, kind: str) -> int:
    """Return the port of a connector for an instance with this port offset."""
    try:
        return port(int(offset), kind)
    except (TypeError, ValueError) as error:
        raise AnsibleFilterError(
            f"roundrobin.tomcat.tomcat_port: the port offset is {offset!r}, it must be an integer."
        ) from error
    except CollectionError as error:
        raise AnsibleFilterError(f"roundrobin.tomcat.tomcat_port: {error.message}.") from error


class FilterModule:
    """Ansible's entry point."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Name the filters."""
        return {"httpd_site": site, "topology": topology, "tomcat_port": tomcat_port}
