# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this doc fragment is private to the collection.

from __future__ import annotations


class ModuleDocFragment:
    """How modules reach Tomcat's own manager."""

    DOCUMENTATION = r"""
options:
  base:
    description: The instance's C(CATALINA_BASE).
    type: path
    required: true
  manager_url:
    description:
      - Address of Tomcat's manager application, as C(http://198.18.0.3:8080/roundrobin-manager) or C(ajp://198.18.0.3:8009/roundrobin-manager).
        The role P(roundrobin.tomcat.tomcat_instance#role) puts it there with O(roundrobin.tomcat.tomcat_instance#role:main:tomcat_instance_manager_enabled).
      - It is asked from the managed host, as it answers only its own machine.
    type: str
    required: true
  url_username:
    description: A user with the role C(manager-script).
    type: str
    default: roundrobin
  url_password:
    description: That user's password.
    type: str
    required: true
  ajp_secret:
    description: The C(secret) of the AJP connector, for a manager over AJP.
    type: str
"""
