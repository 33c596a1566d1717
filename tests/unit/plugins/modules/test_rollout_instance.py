# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import os
from datetime import datetime

import pytest
import yaml

from ansible_collections.roundrobin.tomcat.plugins.doc_fragments import _checks
from ansible_collections.roundrobin.tomcat.plugins.modules import rollout_instance, tomcat_webapp

UNIT = "tomcat@app1.service"
SYSTEMCTL = """#!/bin/sh
case $1 in
  show) cat "$0.state"; exit ;;
  stop) echo inactive > "$0.state" ;;
  start) test ! -e "$0.slow" || exec sleep 60; echo active > "$0.state" ;;
esac
echo "$*" >> "$0.log"
"""


class Unit:
    """A systemctl that keeps the state of one unit in a file, and notes what it is told."""

    def __init__(self, path):
        self.path = path
        path.write_text(SYSTEMCTL)
        path.chmod(0o755)
        self.state = "active"

    @property
    def told(self):
        log = self.path.with_suffix(".log")
        return log.read_text().splitlines() if log.exists() else []

    @property
    def state(self):
        return self.path.with_suffix(".state").read_text().strip()

    @state.setter
    def state(self, state):
        self.path.with_suffix(".state").write_text(f"{state}\n")

    def takes_long(self, does=True):
        slow = self.path.with_suffix(".slow")
        slow.touch() if does else slow.unlink()


@pytest.fixture
def unit(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    return Unit(tmp_path / "systemctl")


@pytest.fixture
def staged(run_on_base, war):
    """Releases 1.0, which is served, and 2.0 of app."""
    for version in ("1.0", "2.0"):
        run_on_base(tomcat_webapp, name="app", version=version, src=war(version), state="staged")
    run_on_base(tomcat_webapp, name="app", version="1.0", state="active")


@pytest.fixture
def run(run_on_base, unit):
    def call(check=False, **options):
        return run_on_base(rollout_instance, check, **{"service": UNIT, **options})

    return call


def served(base):
    return os.readlink(base / "webapps" / "app").split("/")[-2]


def check(url, **more):
    return {"application": "app", "url": url, **more}


def phases(answer):
    return [phase["phase"] for phase in answer["phases"]]


def test_all_of_it_in_one_call(run, staged, unit, base, web):
    answer = run(
        stop=True,
        webapps=[{"name": "app", "version": "2.0"}],
        start=True,
        checks=[check(web + "/health")],
        actor="ann@ctl",
        patience=30.0,
    )
    assert (answer["changed"], answer["done"], phases(answer)) == (True, True, ["stop", "activate", "start", "health"])
    assert unit.told == [f"stop {UNIT}", f"start {UNIT}"]
    assert (unit.state, served(base)) == ("active", "2.0")
    moments = [phase["seconds"] for phase in answer["phases"]]
    assert moments == sorted(moments) and moments[-1] <= answer["seconds"]
    (health,) = answer["health"]
    assert (health["application"], health["status"], health["tries"]) == ("app", 200, 3)
    assert "log_lines" not in answer and "step" not in answer


def test_check_mode_run_check_mode_run(run, staged, unit, base):
    """Nothing is stopped, switched, started or asked in check mode; that it would be is foretold."""
    options = {"stop": True, "webapps": [{"name": "app", "version": "2.0"}], "start": True}
    asked = {"checks": [check("http://127.0.0.1:1/")]}
    for parts, state, changed in (
        (options, "active", True),
        # A stop and a start change an instance that runs, also where the release is the same.
        ({**options, "webapps": []}, "active", True),
        ({"webapps": options["webapps"]}, "active", False),
        ({"start": True}, "active", False),
        ({"start": True}, "inactive", True),
        ({"stop": True}, "inactive", False),
        ({"stop": True, "webapps": [{"name": "app", "version": "1.0"}]}, "inactive", True),
    ):
        unit.state = state
        before, told = served(base), list(unit.told)
        predicted = run(check=True, **parts, **asked)
        assert (predicted["changed"], predicted["done"]) == (changed, True), parts
        assert (served(base), unit.told, unit.state) == (before, told, state)
        assert run(**parts)["changed"] is changed, parts


def test_nothing_is_touched_by_what_cannot_work(run, staged, unit, base, web):
    answer = run(stop=True, webapps=[{"name": "app", "version": "2.0"}], checks=[check(web + "/health", pattern="(")])
    assert "not a regular expression" in answer["msg"]
    assert (answer["changed"], answer["step"], answer["phases"], answer["health"]) == (False, "", [], [])
    assert (served(base), unit.told) == ("1.0", [])


def test_a_release_that_is_not_there_stops_it_before_the_start(run, staged, unit, base, web):
    answer = run(stop=True, webapps=[{"name": "app", "version": "3.0"}], start=True, checks=[check(web + "/health")])
    assert (answer["failed"], answer["step"], phases(answer)) == (True, "Switch to the release", ["stop", "activate"])
    assert "3.0" in answer["msg"]
    assert (served(base), unit.told, answer["changed"]) == ("1.0", [f"stop {UNIT}"], True)


def test_a_sick_application_fails_with_its_logs(run, unit, web, tmp_path):
    now = datetime.now().strftime("%d-%b-%Y %H:%M:%S.000")
    (tmp_path / "catalina.log").write_text(f"01-Jan-2020 00:00:00.0 SEVERE [main] old\n{now} SEVERE [main] new\n")
    answer = run(
        stop=True,
        start=True,
        checks=[check(web + "/health"), {**check(web + "/sick"), "application": "shop"}],
        timeout=0.05,
        successes=1,
        log_files=[str(tmp_path / "cat*.log")],
    )
    assert answer["failed"]
    assert answer["msg"].startswith(f"{web}/sick was not healthy within")
    assert answer["step"] == "Prove every application healthy on the member itself"
    assert answer["log_lines"] == [f"{tmp_path}/catalina.log:", f"{now} SEVERE [main] new"]
    assert [(one["application"], one["status"]) for one in answer["health"]] == [("app", 200), ("shop", 503)]
    assert "done" not in answer


def test_with_patience_a_sick_application_is_for_the_next_call(run, unit, web, tmp_path):
    answer = run(start=True, checks=[check(web + "/sick")], patience=0.2, log_files=[str(tmp_path / "*.log")])
    assert (answer["done"], phases(answer)) == (False, ["start", "health"])
    assert not answer.get("failed") and "log_lines" not in answer


def test_with_patience_a_slow_start_is_for_the_next_call(run, unit, web):
    unit.state = "inactive"
    unit.takes_long()
    answer = run(start=True, checks=[check(web + "/health")], patience=0.2)
    assert (answer["done"], answer["changed"], phases(answer)) == (False, True, ["start"])
    unit.takes_long(False)
    again = run(start=True, checks=[check(web + "/health")], patience=30)
    assert (again["done"], phases(again)) == (True, ["start", "health"])


def test_the_secret_is_used_and_not_told(run, unit, ajp, ajp_secret, run_module, base):
    options = {"base": str(base), "service": UNIT, "checks": [check(ajp + "/health")]}
    good = run_module(rollout_instance, ajp_secret=ajp_secret, **options)
    assert (good["done"], good["health"][0]["status"]) == (True, 200)
    bad = run_module(rollout_instance, ajp_secret="no-good", timeout=0.05, **options)
    assert "missing ajp_secret" in bad["msg"]
    assert ajp_secret not in json.dumps(good) and "no-good" not in json.dumps(bad)


def test_a_host_without_systemd_is_told(run, unit, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    answer = run(stop=True)
    assert answer["msg"] == f"systemctl show {UNIT} cannot be run: No such file or directory"
    assert (answer["step"], answer["changed"]) == ("Stop the instance", False)


def test_documentation_is_of_these_options():
    documented = [
        yaml.safe_load(one)["options"]
        for one in (rollout_instance.DOCUMENTATION, _checks.ModuleDocFragment.DOCUMENTATION)
    ]
    assert of_code({**documented[0], **documented[1]}, "suboptions") == of_code(rollout_instance.ARGUMENTS, "options")


def of_code(options, inside):
    told = ("type", "elements", "required", "choices", "default")
    return {
        name: {
            **{key: option[key] for key in told if key in option},
            **({"options": of_code(option[inside], inside)} if inside in option else {}),
        }
        for name, option in options.items()
    }


HEALTH = {"health_path": "/health", "health_status": 200, "health_pattern": "", "health_headers": {}}


def kept(base, version):
    path = base / "releases/app" / version / "health.json"
    return json.loads(path.read_text()) if path.exists() else None


def test_how_it_was_asked_stays_beside_the_release_that_is_healthy(run, staged, base, web):
    remember = {"base_name": "app", "version": "1.0", "health": HEALTH}
    # Not while it is watched in service, nor in check mode, nor where it is not healthy.
    run(checks=[check(web + "/health", remember=remember)], phase="soak")
    run(check=True, checks=[check(web + "/health", remember=remember)])
    run(checks=[check(web + "/gone", remember=remember)], timeout=0)
    assert kept(base, "1.0") is None
    # Nor where it is healthy by what is kept already.
    run(checks=[check(web + "/gone", remember=remember, or_else={"url": web + "/health"})])
    assert kept(base, "1.0") is None
    run(checks=[check(web + "/health", remember=remember)])
    assert kept(base, "1.0") == HEALTH
    assert kept(base, "2.0") is None
