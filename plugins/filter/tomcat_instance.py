# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters of the role tomcat_instance; the logic is in plugin_utils/_chain and plugin_utils/_session_jars.py."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._chain.clusters import member_elements
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._chain.instance import problems_of
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._chain.instance_needs import (
    catalina_opts,
    environment_file,
    jars_in_lib,
)
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._chain.instance_xml import settings
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._plain import plain
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._session_jars import compare


def instance_problems(variables: t.Any, name: str) -> list[str]:
    """List everything that is wrong with the variables of one instance."""
    if not isinstance(variables, t.Mapping):
        raise AnsibleFilterError(
            "roundrobin.tomcat.instance_problems is called as: {VARIABLE: value, ...} | roundrobin.tomcat.instance_problems(NAME)"
        )
    return problems_of(str(name), plain(variables))


def cluster_elements(members: t.Any, address: str, port: t.Any) -> list[dict[str, t.Any]]:
    """Name the members of a cluster as server.xml does."""
    return member_elements(plain(members), str(address), int(port))


def session_jars(entries: t.Any, wanted: t.Any, lib: str, made: str, others: t.Any = ()) -> dict[str, list[str]]:
    """Compare the jars of a session store that are there with those that are wanted."""
    return compare(plain(entries), plain(wanted), lib=str(lib), made=str(made), others=plain(others))


def extra_jars(jars: t.Any, entries: t.Any, lib: str) -> list[dict[str, t.Any]]:
    """Say of the jars that applications need how each is fetched, where it is to lie, and whether it is missing."""
    return jars_in_lib(plain(jars), plain(entries), str(lib))


def options_for_catalina(given: t.Any, always: t.Any = (), locale: str = "") -> str:
    """Quote the options of the JVM for catalina.sh."""
    return catalina_opts(plain(given), plain(always), utf8=str(locale).lower().endswith(("utf-8", "utf8")))


def systemd_environment(environment: t.Any) -> str:
    """Write environment variables as systemd reads them from a file."""
    return environment_file(plain(environment))


def instance_xml(variables: t.Any, applied: t.Any) -> dict[str, t.Any]:
    """Say what of server.xml and context.xml is there for the applications' sake."""
    return settings(plain(variables), plain(applied))


class FilterModule:
    """Ansible's entry point."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Name the filters."""
        return {
            "catalina_opts": options_for_catalina,
            "cluster_elements": cluster_elements,
            "environment_file": systemd_environment,
            "extra_jars": extra_jars,
            "instance_problems": instance_problems,
            "instance_xml": instance_xml,
            "session_jars": session_jars,
        }
