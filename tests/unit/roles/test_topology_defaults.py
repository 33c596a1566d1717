# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role defaults are not seen from other hosts, so the topology has its own; here they are held equal."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._chain import instance as _instance
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._chain import session_stores as _session_stores
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._chain import topology as _topology

ROLES = Path(__file__).resolve().parents[3] / "roles"


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("tomcat_instance_base_root", _instance.BASE_ROOT),
        ("tomcat_instance_manager_enabled", False),
        ("tomcat_instance_protocol", _instance.PROTOCOLS[0]),
        ("tomcat_instance_session_store", _session_stores.SESSION_STORES[0]),
        ("tomcat_instance_shutdown_port", _instance.PORT_OFF),
        ("redis_port", _session_stores.REDIS_PORT),
        ("apache_balancer_name", _topology.BALANCER_NAME),
        ("apache_balancer_listen_port", _topology.LISTEN_PORT),
        ("apache_balancer_manager_address", _topology.LOCAL_MACHINE),
        ("apache_balancer_manager_port", _topology.MANAGER_PORT),
        ("apache_balancer_manager_path", _topology.MANAGER_PATH),
        ("apache_balancer_tls_port", _topology.TLS_PORT),
        ("apache_balancer_tls_certificate", ""),
        ("apache_balancer_sticky_cookie", _topology.STICKY_COOKIE),
    ],
)
def test_the_role_has_the_same_default(variable, value):
    role = next(path for path in ROLES.iterdir() if variable.startswith(f"{path.name}_"))
    assert yaml.safe_load((role / "defaults/main.yml").read_text())[variable] == value
