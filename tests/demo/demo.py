# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The product, shown: a cluster of systemd hosts in containers, set up by site.yml from the example inventory,
users logged in, and a release rolled through it while they work. The last line says what they noticed.

The exit status is 0 when nobody noticed anything and the rollout ended as it should.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import shutil
import subprocess
import sys
import time
from pathlib import Path

from page import page

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "molecule/shared"))

from chain import Chain, Load  # noqa: E402

HOSTS = ROOT / "molecule/shared/hosts.py"
INVENTORY = ROOT / "playbooks/inventory/cluster.yml"
MACHINES = {"web1": "debian13", "app1": "debian12", "app2": "debian13", "cache1": "debian12", "cache2": "debian13"}
OLD, NEW = "1.0", "1.1"


class DemoError(Exception):
    """The demo could not be carried out; the message says which part and where its log is."""


class Demo:
    """One run, in a directory of its own."""

    def __init__(self, directory: Path, options: argparse.Namespace) -> None:
        self.directory = directory
        self.options = options
        self.inventory = directory / "hosts.json"
        self.chain = Chain(
            directory, [INVENTORY, self.inventory], addresses={}, ssh_config=directory / "state/ssh_config"
        )
        self.started = time.monotonic()

    def say(self, text: str) -> None:
        print(f"[{time.monotonic() - self.started:5.0f} s] {text}", flush=True)

    def create_hosts(self) -> None:
        self.say(f"making {len(MACHINES)} hosts: {', '.join(f'{name} ({image})' for name, image in MACHINES.items())}")
        # The secret is this run's own; the example inventory's would be kept beside the inventory.
        variables = {"tomcat_instance_ajp_secret": secrets.token_hex(16)}
        platforms = [{"name": name, "image": image, "vars": variables} for name, image in MACHINES.items()]
        command = [sys.executable, HOSTS, "create", "--name=demo", f"--state={self.directory}/state"]
        made = subprocess.run(
            [*command, f"--inventory={self.inventory}", "-"],
            input=json.dumps(platforms),
            stdout=subprocess.PIPE,
            text=True,
            check=False,
        )
        if made.returncode:
            raise DemoError("the hosts cannot be made, the line above says why")
        self.chain.addresses = {host["instance"]: host["address"] for host in json.loads(made.stdout)}

    def destroy_hosts(self) -> None:
        subprocess.run([sys.executable, HOSTS, "destroy", f"--state={self.directory}/state"], check=True)

    def play(self, playbook: str, *arguments: str) -> tuple[int, float]:
        """Run a playbook as a user would; return its exit status and how long it took."""
        log = self.directory / f"{playbook}.log"
        reports = ["-e", f"rolling_deploy_report_directory={self.directory}/rollouts"]
        command = self.chain.argv("ansible-playbook", str(ROOT / f"playbooks/{playbook}.yml"), *reports, *arguments)
        began = time.monotonic()
        with log.open("a") as output:
            status = subprocess.run(command, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT, check=False).returncode
        return status, time.monotonic() - began

    def must_play(self, playbook: str, *arguments: str) -> float:
        status, seconds = self.play(playbook, *arguments)
        if status:
            raise DemoError(f"{playbook}.yml ended with {status}, see {self.directory}/{playbook}.log")
        return seconds

    def kill(self) -> None:
        """kill -9 the first instance; systemd is kept from starting it again before the users have moved."""
        self.say("kill -9 of the Tomcat on app1")
        kill = "systemctl kill --signal=SIGKILL tomcat@app1 && sleep 10 && systemctl start tomcat@app1"
        self.chain.command("app1", kill)
        time.sleep(5)

    def run(self) -> int:
        self.create_hosts()
        self.say("site.yml")
        self.must_play("site")
        self.say(f"first release, {OLD}")
        self.must_play("rolling_deploy", *self.chain.release(OLD))
        release = self.chain.release(NEW, self.options.sick or "none")
        status, seconds = 0, 0.0
        self.say(f"starting {self.options.users} users")
        with self.chain.load("web1", users=self.options.users, min_requests=self.options.requests) as load:
            if self.options.kill:
                self.kill()
            else:
                self.say(f"rolling release {NEW}{' (sick: ' + self.options.sick + ')' if self.options.sick else ''}")
                status, seconds = self.play("rolling_deploy", *release)
                self.say(f"rolling_deploy.yml ended with {status}")
        return self.judge(load, status, seconds)

    def judge(self, load: Load, status: int, seconds: float) -> int:
        versions = self.chain.versions("web1", ["app1", "app2"])
        release_failed = bool(self.options.sick)
        wanted = OLD if release_failed or self.options.kill else NEW
        as_wanted = bool(status) == release_failed and versions == {"app1": wanted, "app2": wanted}
        (self.directory / "users.html").write_text(page(load.report))
        self.say(f"instances: {', '.join(f'{name} runs {version}' for name, version in versions.items())}")
        self.say(f"what the users saw, for a browser: {self.directory}/users.html")
        if not self.options.kill:
            # Their names begin with the time.
            newest = max((self.directory / "rollouts").glob("*/report.html"))
            self.say(f"what the rollout did, for a browser: {newest}")
        figures = {
            name: load.report["totals"][name] for name in ("requests", "failed", "sessions", "lost", "regressed")
        }
        line = " ".join(f"{name}={figure}" for name, figure in figures.items())
        print(f"demo: {line} rollout_s={seconds:.1f}", flush=True)
        if not as_wanted:
            print(
                f"demo: the rollout did not end as it should, see {self.directory}/rolling_deploy.log", file=sys.stderr
            )
        return 0 if as_wanted and not load.noticed else 1


def main() -> int:
    parser = argparse.ArgumentParser(prog="run demo", description=__doc__.splitlines()[0])
    parser.add_argument("--users", type=int, default=30)
    parser.add_argument("--requests", type=int, default=3000, help="the users make at least so many (%(default)s)")
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument("--sick", choices=["unhealthy", "broken"], help="release a version that never gets healthy")
    kind.add_argument("--kill", action="store_true", help="no release: kill -9 one Tomcat under load")
    parser.add_argument("--keep", action="store_true", help="leave the hosts running")
    parser.add_argument("--directory", type=Path, default=ROOT / "build/demo", help="logs and reports (%(default)s)")
    options = parser.parse_args()
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    shutil.rmtree(options.directory, ignore_errors=True)
    options.directory.mkdir(parents=True)
    demo = Demo(options.directory, options)
    try:
        return demo.run()
    except DemoError as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    finally:
        if not options.keep:
            demo.destroy_hosts()


if __name__ == "__main__":
    sys.exit(main())
