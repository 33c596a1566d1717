# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Batches as Ansible forms them. Beside the filters, whose tests may use what only the controller has."""

from __future__ import annotations

from types import SimpleNamespace

from ansible.executor.playbook_executor import PlaybookExecutor
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._rollout.batches import form_batches

steps = st.one_of(st.integers(-1, 12), st.integers(0, 12).map(str), st.integers(0, 120).map("{}%".format))


def batches_of_ansible(hosts, serial):
    """What Ansible's own executor makes of a play's hosts."""
    executor = SimpleNamespace(_inventory=SimpleNamespace(get_hosts=lambda pattern, order: list(hosts)))
    play = SimpleNamespace(hosts="all", order=None, serial=serial)
    return PlaybookExecutor._get_serialized_batches(executor, play)


@given(number=st.integers(1, 20), serial=st.lists(steps, max_size=4))
def test_serial_is_read_as_ansible_reads_it(number, serial):
    hosts = [f"app{position}" for position in range(number)]
    formed = form_batches(hosts, dict(zip(hosts, hosts)), serial, number, allow_same_machine=False)
    assert formed == batches_of_ansible(hosts, serial)
