# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter; what it shows is tested with plugin_utils/_rollout/status.py."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.roundrobin.tomcat.plugins.filter.chain_status import chain_status
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._rollout.status import status


@pytest.mark.parametrize("arguments", [("text", {}), ({}, ["list"])])
def test_what_is_no_chain_is_refused(arguments):
    with pytest.raises(AnsibleFilterError, match=r"roundrobin.tomcat.chain_status is called as"):
        chain_status(*arguments)


def test_what_ansible_hands_over_is_shown_as_plain_data_would_be(read_chain):
    class Tagged(str):
        """As a string that Ansible knows more of."""

    chain = read_chain(2)
    tagged = {Tagged(kind): results for kind, results in chain.readings.items()}
    found = chain_status(chain.topology, tagged)
    assert found == status(chain.topology, chain.readings)
    assert "No problem found" in found["text"]
