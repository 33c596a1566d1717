# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The floor of a rollout: its steps and nothing else, by a process that is kept open on each host.

Out of every httpd, three idle readings 50 ms apart, stop, switch the link, start, back in, one answer of each application by route.
"""

from __future__ import annotations

import json
import shlex
import subprocess
import threading
import time
import typing as t
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

# Runs on a host as root: one call for each line of its input, one line of JSON as the answer.
AGENT = r"""
import json, os, re, subprocess, sys, time, urllib.parse, urllib.request

MANAGER = "http://127.0.0.1:9080/balancer-manager"

def ask(url, data=None, **headers):
    # Without it httpd answers a page to everything, and changes nothing.
    headers = {"Referer": "http://127.0.0.1:9080/", **headers}
    with urllib.request.urlopen(urllib.request.Request(url, data, headers), timeout=10) as answer:
        return answer.read().decode()

def members():
    page = ask(MANAGER + "?xml=1")
    found = {}
    for balancer in re.split("<httpd:balancer>", page)[1:]:
        name = re.search("<httpd:name>balancer://(.*?)</httpd:name>", balancer)[1]
        for worker in re.split("<httpd:worker>", balancer)[1:]:
            one = dict(re.findall("<httpd:(route|name|busy|elected|status)>(.*?)</httpd:", worker))
            found[name, one["route"]] = one
    assert found, page
    return found

def set_disabled(route, disabled):
    page = ask(MANAGER)
    for (name, of_route), one in members().items():
        if of_route == route:
            nonce = re.search(re.escape("b=" + name) + "&amp;w=.*?&amp;nonce=([-0-9a-f]+)", page)[1]
            form = {"b": name, "w": one["name"], "nonce": nonce, "w_status_D": str(int(disabled))}
            ask(MANAGER, urllib.parse.urlencode(form).encode())
    states = {("Dis" in one["status"]) for (_name, of_route), one in members().items() if of_route == route}
    assert states == {disabled}, states

def await_idle(route):
    seen = []
    end = time.monotonic() + 30
    while len(seen) < 3 or any(one != (0, seen[-1][1]) for one in seen[-3:]):
        if seen:
            time.sleep(0.05)
        mine = [one for (_name, of_route), one in members().items() if of_route == route]
        assert mine and time.monotonic() < end, mine
        seen.append((sum(int(one["busy"]) for one in mine), sum(int(one["elected"]) for one in mine)))

def systemctl(verb, unit):
    subprocess.run(["systemctl", verb, unit], check=True)

def link(path, target):
    os.symlink(target, path + ".new")
    os.replace(path + ".new", path)

def see(path, route, wanted):
    end = time.monotonic() + 30
    while wanted not in ask("http://127.0.0.1:9080" + path, Cookie="JSESSIONID=bench." + route):
        assert time.monotonic() < end
        time.sleep(0.02)

for line in sys.stdin:
    name, arguments = json.loads(line)
    globals()[name](*arguments)
    print("done", flush=True)
"""


class Agent:
    """A host whose connection is kept open."""

    def __init__(self, ssh_config: Path, address: str) -> None:
        remote = f"sudo python3 -c {shlex.quote(AGENT)}"
        command = ["ssh", "-F", str(ssh_config), address, remote]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._lock = threading.Lock()

    def __call__(self, name: str, *arguments: t.Any) -> None:
        assert self._process.stdin and self._process.stdout
        with self._lock:
            self._process.stdin.write(json.dumps([name, arguments]) + "\n")
            self._process.stdin.flush()
            if self._process.stdout.readline() != "done\n":
                raise SystemExit(f"{name} {arguments} failed")

    def close(self) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(timeout=30)


@dataclass
class Member:
    """An instance: the link of the application that is rolled, and the pages that prove each of its applications."""

    name: str
    agent: Agent
    link: str
    releases: str
    pages: t.Sequence[str]


def roll(members: t.Sequence[Member], httpds: t.Sequence[Agent], version: str) -> float:
    """Bring all members to a release that is staged, one after another; return the seconds that it took."""
    began = time.monotonic()
    with ThreadPoolExecutor() as pool:

        def at_all(name: str, *arguments: t.Any) -> None:
            list(pool.map(lambda httpd: httpd(name, *arguments), httpds))

        for member in members:
            at_all("set_disabled", member.name, True)
            at_all("await_idle", member.name)
            member.agent("systemctl", "stop", f"tomcat@{member.name}.service")
            member.agent("link", member.link, f"{member.releases}/{version}/exploded")
            member.agent("systemctl", "start", f"tomcat@{member.name}.service")
            at_all("set_disabled", member.name, False)
            # The first page is that of the application that is rolled.
            for page in member.pages:
                at_all("see", page, member.name, f"version={version}" if page == member.pages[0] else "version=")
    return time.monotonic() - began
