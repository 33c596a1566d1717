# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""systemctl is a program that a test makes; a real one is in the molecule scenarios."""

from __future__ import annotations

import subprocess

import pytest

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError
from ansible_collections.roundrobin.tomcat.plugins.module_utils._tomcat.service import Service

UNIT = "tomcat@app1.service"


class Systemctl:
    """Notes how it is called, and answers."""

    def __init__(self, code=0, stdout="", stderr="", error=None):
        self.answer, self.error = subprocess.CompletedProcess([], code, stdout, stderr), error
        self.called = []

    def __call__(self, command, **given):
        self.called.append((command, given))
        if self.error:
            raise self.error
        return self.answer


@pytest.mark.parametrize(
    ("state", "runs"),
    [
        ("active", True),
        ("activating", True),
        ("reloading", True),
        ("inactive", False),
        ("failed", False),
        ("deactivating", False),
        ("", False),
    ],
)
def test_whether_it_runs(state, runs):
    systemctl = Systemctl(stdout=f"{state}\n")
    assert Service(UNIT, systemctl).runs is runs
    assert systemctl.called[0][0] == ["systemctl", "show", "--property=ActiveState", "--value", UNIT]


def test_it_is_stopped_however_long_that_takes():
    systemctl = Systemctl()
    Service(UNIT, systemctl).stop()
    ((command, given),) = systemctl.called
    assert (command, given["timeout"]) == (["systemctl", "stop", UNIT], None)
    # systemctl may ask for a password, and nobody would answer.
    assert given["stdin"] == subprocess.DEVNULL


@pytest.mark.parametrize("patience", [None, 5.0])
def test_it_is_started(patience):
    systemctl = Systemctl()
    assert Service(UNIT, systemctl).start(patience) is True
    ((command, given),) = systemctl.called
    assert (command, given["timeout"]) == (["systemctl", "start", UNIT], patience)


def test_a_start_that_takes_longer_goes_on():
    systemctl = Systemctl(error=subprocess.TimeoutExpired("systemctl", 5.0))
    assert Service(UNIT, systemctl).start(5.0) is False


@pytest.mark.parametrize("verb", ["stop", "start"])
def test_what_systemd_refuses_is_told_in_its_words(verb):
    service = Service(UNIT, Systemctl(5, stderr=f"Unit {UNIT} not found.\n"))
    with pytest.raises(CollectionError) as caught:
        service.stop() if verb == "stop" else service.start(None)
    assert caught.value.message == f"systemctl {verb} {UNIT} ended with 5: Unit {UNIT} not found."


def test_a_host_without_systemd():
    service = Service(UNIT, Systemctl(error=FileNotFoundError(2, "No such file or directory")))
    with pytest.raises(CollectionError, match="^systemctl stop .* cannot be run: No such file or directory$"):
        service.stop()


@pytest.fixture
def systemctl(tmp_path, monkeypatch):
    """A program of that name, found first."""

    def _systemctl(script):
        program = tmp_path / "systemctl"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    return _systemctl


def test_a_real_program_is_called(systemctl):
    systemctl('case $1 in show) echo active ;; stop) echo "no $2" >&2; exit 3 ;; start) sleep 60 ;; esac')
    service = Service(UNIT)
    assert service.runs is True
    with pytest.raises(CollectionError, match=f"ended with 3: no {UNIT}"):
        service.stop()
    assert service.start(0.2) is False
