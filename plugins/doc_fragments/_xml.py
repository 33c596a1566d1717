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
  path:
    description:
      - The file. It must exist, and is at most 10 MiB large.
      - A symbolic link stays one, the file it points to is edited.
    type: path
    required: true
  elements:
    description:
      - Any other elements, in the order in which they are to be dealt with.
      - An entry can have an element as its parent that an entry before it creates.
      - It is an error if two entries, here or in other options, mean the same element.
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
          - If left out, the element with this O(elements[].text) is meant, or without a text the only one of this name.
          - It is an error if several match. A new element gets these attributes, too.
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
      purge_attributes:
        description: Whether to remove all attributes but those in O(elements[].identify_by) and O(elements[].attributes).
        type: bool
        default: false
      text:
        description:
          - Text of an element that has no elements inside, such as C(Alias) or C(WatchedResource). White space around it
            says nothing to Tomcat, and is not compared.
          - With O(elements[].identify_by) the text is set, without it is what the element is known by.
        type: raw
      children:
        description:
          - Elements inside this one. Each is a dictionary with C(tag), and if needed C(identify_by), C(attributes),
            C(attributes_to_remove), C(purge_attributes), C(text), C(state) and C(children), which mean what they mean in O(elements).
          - Others that are inside stay. Where O(elements[].state) is not V(present) there is nothing to do.
        type: list
        elements: dict
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
  - An attribute that Tomcat 9, 10.1 and 11 do not know is set, with a warning that names the nearest one they know. Nothing
    is said of classes that are not Tomcat's own.
  - It is an error if the options contradict each other, so that each run would change the file again.
  - C(********), which stands for a secret in output, is refused as a value. So output that is fed back overwrites no secret.
"""
