# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this doc fragment is private to the collection.

from __future__ import annotations


class ModuleDocFragment:
    """What the modules that read XML files have in common."""

    DOCUMENTATION = r"""
requirements:
  - lxml (4.9 or newer, C(python3-lxml) of the distribution)
options:
  path:
    description: The file. It must exist, and is at most 10 MiB large.
    type: path
    required: true
  secret_attributes:
    description:
      - Names of attributes whose values are secret and are not returned. This is case-insensitive.
      - Names that end in C(secret), C(password), C(pass), C(passphrase), C(pwd), C(credential) or C(token) are known
        to be secret without being listed here.
    type: list
    elements: str
    default: []
"""
