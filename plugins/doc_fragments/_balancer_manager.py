# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this doc fragment is private to the collection.

from __future__ import annotations


class ModuleDocFragment:
    """How the balancer modules reach a balancer-manager."""

    DOCUMENTATION = r"""
options:
  manager_url:
    description:
      - Address of the balancer-manager page, without a query. It may be at any path of any virtual host.
      - The module speaks to it from the managed host, so a manager that listens on loopback only is
        reached by running the task on (or delegating it to) the balancer's host.
    type: str
    required: true
  unix_socket:
    description:
      - Socket file on which the manager is reached, instead of the host and port of O(manager_url).
      - httpd itself listens on addresses only. This is for a manager behind something that forwards from a socket,
        as C(systemd-socket-proxyd) does.
    type: path
  url_username:
    description: User name for basic authentication.
    type: str
  url_password:
    description: Password for basic authentication.
    type: str
  validate_certs:
    description: Whether the certificate of an C(https) manager must be valid.
    type: bool
    default: true
  ca_path:
    description: File or directory of the certificates to trust. By default those that the system trusts.
    type: path
  request_timeout:
    description: Seconds that one request may take, from connecting to the end of the answer.
    type: float
    default: 5.0
"""
