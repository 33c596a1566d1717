# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this doc fragment is private to the collection.

from __future__ import annotations


class ModuleDocFragment:
    """What the steps of a rollout ask applications."""

    DOCUMENTATION = r"""
options:
  checks:
    description: What must answer, once all else is done, and how. All of them are asked at the same time.
    type: list
    elements: dict
    default: []
    suboptions:
      application:
        description: Name of the application.
        type: str
        required: true
      url:
        description: What to ask, as O(roundrobin.tomcat.http_health#module:url).
        type: str
        required: true
      headers:
        description: Headers to send.
        type: dict
        default: {}
      status:
        description: The statuses that count as good.
        type: list
        elements: int
        default: [200]
      pattern:
        description: A regular expression to be found in the body. C({version}) stands for the release.
        type: str
        default: ""
      version:
        description: The release that must answer.
        type: str
        default: ""
      or_else:
        description: Another way to ask, by which the release was healthy before. One good answer, to either, is enough.
        type: dict
        suboptions:
          url:
            description: What to ask.
            type: str
            required: true
          headers:
            description: Headers to send.
            type: dict
            default: {}
          status:
            description: The statuses that count as good.
            type: list
            elements: int
            default: [200]
          pattern:
            description: A regular expression to be found in the body.
            type: str
            default: ""
          version:
            description: The release that must answer.
            type: str
            default: ""
      remember:
        description: What M(roundrobin.tomcat.rollout_instance) keeps beside the release, once it is healthy by the first way.
        type: dict
        suboptions:
          base_name:
            description: Base name of the application.
            type: str
            required: true
          version:
            description: The release.
            type: str
            required: true
          health:
            description: How it was asked, as the keys of C(tomcat_applications) have it.
            type: dict
            required: true
"""
