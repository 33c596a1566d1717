# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options that the XML modules have in common, against the code that takes what they hold."""

from __future__ import annotations

import pytest

from ansible_collections.roundrobin.tomcat.plugins.module_utils._xml import wanted
from ansible_collections.roundrobin.tomcat.plugins.module_utils._xml.arguments import (
    CLASS,
    ELEMENT,
    INFO_ARGUMENTS,
    NAMED,
    PARENT,
    RESOURCE,
    XML_ARGUMENTS,
)

ENTRIES = {"XML_ARGUMENTS[elements]": XML_ARGUMENTS["elements"]["options"], "PARENT": PARENT, "RESOURCE": RESOURCE}


def test_the_states_are_those_that_an_entry_of_children_may_have():
    assert tuple(ELEMENT["state"]["choices"]) == wanted.STATES


def test_an_entry_of_elements_has_what_one_of_children_has_and_its_parent():
    assert set(ENTRIES["XML_ARGUMENTS[elements]"]) - {"parent"} == set(wanted._CHILD)


@pytest.mark.parametrize("entry", ENTRIES.values(), ids=list(ENTRIES))
def test_what_is_not_given_asks_for_an_element_and_nothing_more(entry):
    defaults = {name: option["default"] for name, option in entry.items() if "default" in option}
    defaults.pop("tag", None)
    assert defaults.pop("identify_by", {}) == {}
    assert not defaults.pop("purge_attributes", False)
    assert defaults == {"attributes": {}, "attributes_to_remove": [], "state": "present"}


def test_what_tells_one_entry_from_another_must_be_given():
    assert all(option["required"] for option in (NAMED["name"], RESOURCE["name"], CLASS["class_name"]))


def test_names_of_secret_attributes_are_no_secret():
    """Ansible would mask every option of such a name in the output."""
    for options in (INFO_ARGUMENTS, XML_ARGUMENTS):
        assert options["secret_attributes"]["no_log"] is False


def test_who_edits_takes_what_who_reads_takes():
    assert {name: XML_ARGUMENTS[name] for name in INFO_ARGUMENTS} == INFO_ARGUMENTS
