# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this doc fragment is private to the collection.

from __future__ import annotations


class ModuleDocFragment:
    """What the modules that edit XML files have in common."""

    DOCUMENTATION = r"""
requirements:
  - lxml (4.9 or newer, C(python3-lxml) of the distribution)
options:
  elements:
    description:
      - Any other elements, in the order in which they are to be dealt with.
      - An entry can have an element as its parent that an entry before it creates.
    type: list
    elements: dict
    default: []
    suboptions:
      parent:
        description:
          - XPath expression that selects the one parent element.
          - Where it selects none, there is nothing to do for a O(elements[].state) other than V(present).
        type: str
        required: true
      tag:
        description: Name of the element.
        type: str
        required: true
      identify_by:
        description:
          - Attributes, with their values, that tell the element apart from others of this name below the parent.
          - If left out, the only element of this name is meant. It is an error if there are several.
          - A new element gets these attributes, too.
        type: dict
        default: {}
      attributes:
        description: Attributes to set. Values are strings, numbers or booleans.
        type: dict
        default: {}
      attributes_to_remove:
        description: Names of attributes to remove.
        type: list
        elements: str
        default: []
      state:
        description:
          - V(present) creates the element, or takes it out of a comment, and sets its attributes.
          - V(disabled) puts it into a comment. There is nothing to do where it is missing.
          - V(absent) deletes it. One that is commented out stays a comment.
        type: str
        choices: [present, absent, disabled]
        default: present
  secret_attributes:
    description:
      - Names of attributes whose values are secret, masked in diff and return values. This is case-insensitive.
      - Names that end in C(secret), C(password), C(pass), C(passphrase), C(pwd), C(credential) or C(token) are known
        to be secret without being listed here.
    type: list
    elements: str
    default: []
  backup:
    description: Keep a copy of the former file beside it, with the time in its name, if the file changes.
    type: bool
    default: false
  validate:
    description:
      - Command that gets the path of the new file in place of C(%s), before the file is replaced. If it fails,
        nothing is written.
      - It is not run by a shell, and not in check mode.
    type: str
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
    details:
      - Shows the text of the file with the values of secret attributes masked.
  idempotent:
    support: full
notes:
  - Booleans and numbers are accepted as values of attributes, and are written as C(true), C(false) and digits.
    A value of V(null) is refused. An empty string gives an empty attribute.
"""
