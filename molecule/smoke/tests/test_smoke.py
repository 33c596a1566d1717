from __future__ import annotations


def test_running(host):
    assert host.check_output("systemctl is-system-running") == "running"
    assert host.user().name == "root"
