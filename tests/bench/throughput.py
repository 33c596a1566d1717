# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Throughput of httpd, Tomcat and memcached with the roles' settings, against the article's six lines, and what each setting costs.

Everything is on one machine, so that no network is between the parts: what is compared is the work that a request makes.
"""

from __future__ import annotations

import contextlib
import math
import re
import statistics
import subprocess
import tempfile
import time
import typing as t
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

import lab
from lab import Chain
from make_war import make_war

HERE = Path(__file__).parent
USERS = 8
PROTOCOLS = ("ajp", "http")
# Asked with a session or without.
KINDS = {"no session": ("whoami", False), "session read": ("whoami", True), "session written": ("counter", True)}
MEMBERS = {"ajp": ("ajp1", "ajp2"), "http": ("http1", "http2")}
# The same for both sides.
JAVA_OPTS = "-Xmx512m -XX:+ExitOnOutOfMemoryError"
# What the roles' configuration of httpd has and the article's has not: a name, and the sed script that takes it out.
SETTINGS = {
    "`ping=2`": "s/ ping=2//",
    "`SetEnvIfExpr` with a file test": "/^SetEnvIfExpr/d",
    "the longer access log": 's/ %D route=[^"]*"/"/',
    "`X-Forwarded-Proto`, `-Port`": "/^RequestHeader/d",
    "`<Location>` of manager, page and status": "/^<Location/,/^<\\/Location/d",
    "health checks": "s/ hcmethod=[^ ]* hcinterval=[^ ]* hcfails=[^ ]* hcpasses=[^ ]*//",
    "`ttl=1`": "s/ ttl=1//",
}
FIRST_PORT = 9102
START_SECONDS = 120
# For ab, of each user: so many requests, or some time on a machine that is too busy for them. A JVM that has just started takes several
# times the processor time for a request, and seconds are no measure of how much of it is compiled.
WARM_UP = "-t 60 -n 1500"
# The short form fails above this: processor time of a request as a multiple of the article's, all pairs together. It was 1.33 for AJP
# without a session (14 rounds), and 1.36 for all pairs on a machine so busy that the throughput of single pairs gave 0.3 to 1.2: time on
# a processor is what a busy machine changes least. Twice the work is neither noise nor a setting that costs a little.
FAR_OUTSIDE = 2.0

MACHINE: dict[str, t.Any] = {"image": "debian12", "machine": "server"}
PLATFORMS: list[dict[str, t.Any]] = [
    {**MACHINE, "name": "web", "groups": ["balancer"]},
    {**MACHINE, "name": "cache", "groups": ["memcached"]},
]
for offset, member in enumerate(name for names in MEMBERS.values() for name in names):
    variables = {"tomcat_instance_port_offset": 100 * offset, "tomcat_instance_protocol": member[:-1]}
    PLATFORMS.append({**MACHINE, "name": member, "groups": ["tomcat"], "vars": variables})
VARIABLES = {
    "tomcat_instance_version": "10.1.59",
    "tomcat_instance_java_opts": JAVA_OPTS,
    "tomcat_instance_ajp_secret": "not-a-secret-in-a-test",
    "tomcat_instance_address": "127.0.0.1",
    "memcached_address": "127.0.0.1",
    "tomcat_applications": [{"path": f"/{protocol}", "instances": list(MEMBERS[protocol])} for protocol in PROTOCOLS],
}


@dataclass
class Side:
    """One of two that are compared: where it is asked, and the units that do its work."""

    name: str
    port: int
    protocol: str
    httpd: str
    tomcat: str
    #: a cookie for each user
    sessions: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/{self.protocol}/"

    @property
    def units(self) -> list[str]:
        return [self.httpd, *(self.tomcat.format(name) for name in MEMBERS[self.protocol]), "memcached-node@11211"]


def article(protocol: str) -> Side:
    return Side("the article's", 81, protocol, "apache2@article", "article-{}")


def roles(protocol: str) -> Side:
    return Side("the roles'", 80, protocol, "apache2", "tomcat@{}")


@dataclass
class Figures:
    """What each round gave, in order."""

    requests_per_s: list[float] = field(default_factory=list)
    #: processor time of httpd, Tomcat and memcached for a request
    microseconds: list[float] = field(default_factory=list)


class Machine:
    """The machine with both set-ups on it."""

    def __init__(self, chain: Chain, seconds: int) -> None:
        self.chain = chain
        self.seconds = seconds

    def run(self, command: str) -> str:
        return self.chain.command("web", command)

    def set_up(self, directory: Path) -> None:
        play = self.chain.play("site")
        if play.returncode:
            raise RuntimeError(play.stdout)
        war = directory / "sample.war"
        make_war(war, "1.0", "none")
        for path in (war, HERE / "article.sh", HERE / "without.sh"):
            copy = ["scp", "-q", "-F", str(self.chain.ssh_config), str(path), f"{self.chain.addresses['web']}:"]
            subprocess.run(copy, check=True)
        self.run("mv /home/admin/sample.war /home/admin/*.sh /root/")
        for protocol in PROTOCOLS:
            for name in MEMBERS[protocol]:
                self.run(
                    f"install -g tomcat -m 640 /root/sample.war /var/opt/tomcat/{name}/webapps/{protocol}.war"
                    f" && systemctl restart tomcat@{name}"
                )
        self.run(f"sh /root/article.sh '{JAVA_OPTS}'")
        self.await_article()

    def await_article(self) -> None:
        """Until each of its members has the application."""
        deadline = time.monotonic() + START_SECONDS
        for protocol, names in MEMBERS.items():
            for name in names:
                answer = ""
                while f"instance={name}" not in answer.split():
                    if time.monotonic() > deadline:
                        raise RuntimeError(f"The article's {name} does not serve: {answer}")
                    time.sleep(0.1)
                    with contextlib.suppress(urllib.error.HTTPError):  # 404 and 503 while it starts
                        answer, _cookie = self.ask(article(protocol), "version", name)

    def ask(self, side: Side, path: str, route: str) -> tuple[str, str]:
        """The answer of this member, and its cookie; without the route one member may get them all (uneven counters of httpd)."""
        url = f"http://{self.chain.addresses['web']}:{side.port}/{side.protocol}/{path}"
        request = urllib.request.Request(url, headers={"Cookie": f"JSESSIONID=none.{route}"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            text: bytes = answer.read()
            return text.decode(), str(answer.headers["Set-Cookie"]).partition(";")[0]

    def synchronous_article(self) -> None:
        """The article's session manager with our promise: the answer goes out when memcached has the session."""
        names = " ".join(name for protocol in PROTOCOLS for name in MEMBERS[protocol])
        self.run(
            f"for name in {names}; do sed -i 's/<Manager /<Manager sessionBackupAsync=\"false\" /' /opt/article/$name/conf/context.xml"
            " && systemctl restart article-$name; done"
        )
        self.await_article()

    def log_in(self, side: Side) -> None:
        """Half of the users on each member."""
        names = MEMBERS[side.protocol]
        side.sessions = [self.ask(side, "counter", names[user % len(names)])[1] for user in range(USERS)]

    def load(self, side: Side, kind: str, limits: str) -> tuple[float, float]:
        """Requests per second and the processor time of each, with every user at work for so long."""
        path, with_session = KINDS[kind]
        ab = f"ab -q -l -k -c 1 {limits}"
        users = [f"{ab} {f'-C {cookie}' if with_session else ''} {side.url}{path} &" for cookie in side.sessions]
        used = f"systemctl show --value --property=CPUUsageNSec {' '.join(side.units)}"
        printed = self.run(f"{used}; {' '.join(users)} wait; {used}")
        rates = [float(rate) for rate in re.findall(r"Requests per second: +([\d.]+)", printed)]
        done = sum(int(count) for count in re.findall(r"Complete requests: +(\d+)", printed))
        failed = sum(int(count) for count in re.findall(r"(?:Failed requests|Non-2xx responses): +(\d+)", printed))
        if len(rates) != USERS or failed:
            raise RuntimeError(printed)
        nanoseconds = [int(line) for line in printed.splitlines() if line.isdigit()]
        before, after = nanoseconds[: len(side.units)], nanoseconds[len(side.units) :]
        return sum(rates), (sum(after) - sum(before)) / done / 1000

    def compare(self, sides: t.Sequence[Side], kinds: t.Iterable[str], rounds: int) -> dict[tuple[str, str], Figures]:
        """Every side and kind in each round; every second round in the other order."""
        figures = {(side.name, kind): Figures() for side in sides for kind in kinds}
        for side in sides:
            self.log_in(side)
            for kind in kinds:
                self.load(side, kind, WARM_UP)
        for number in range(rounds):
            for kind in kinds:
                for side in sides[:: -1 if number % 2 else 1]:
                    rate, microseconds = self.load(side, kind, f"-t {self.seconds} -n 1000000")
                    figures[side.name, kind].requests_per_s.append(rate)
                    figures[side.name, kind].microseconds.append(microseconds)
        return figures


def ratio(ours: list[float], theirs: list[float]) -> tuple[float, float, float]:
    """The mean of the rounds' ratios, and two standard errors below and above it."""
    logarithms = [math.log(one / other) for one, other in zip(ours, theirs)]
    middle = statistics.mean(logarithms)
    error = statistics.stdev(logarithms) / math.sqrt(len(logarithms)) if len(logarithms) > 1 else math.inf
    return math.exp(middle), math.exp(middle - 2 * error), math.exp(middle + 2 * error)


def cell(found: tuple[float, float, float]) -> str:
    middle, low, high = found
    return f"{middle:.2f} ({low:.2f} to {high:.2f})" if math.isfinite(high) else f"{middle:.2f}"


def table(header: t.Sequence[str], rows: t.Iterable[t.Sequence[object]]) -> str:
    lines = [header, ["---", *["--:"] * (len(header) - 1)], *rows]
    return "".join(f"| {' | '.join(map(str, line))} |\n" for line in lines) + "\n"


def against_the_article(machine: Machine, rounds: int, kinds: t.Sequence[str], title: str) -> tuple[str, list[float]]:
    rows, work = [], []
    for protocol in PROTOCOLS:
        theirs, ours = article(protocol), roles(protocol)
        found = machine.compare([theirs, ours], kinds, rounds)
        for kind in kinds:
            one, other = found[ours.name, kind], found[theirs.name, kind]
            rate = ratio(one.requests_per_s, other.requests_per_s)
            microseconds = ratio(one.microseconds, other.microseconds)
            work.append(microseconds[0])
            rows.append(
                [
                    *(f"{protocol.upper()}, {kind}", f"{statistics.median(other.requests_per_s):.0f}"),
                    *(f"{statistics.median(one.requests_per_s):.0f}", cell(rate)),
                    cell(ratio(one.microseconds, other.microseconds)),
                ]
            )
    header = [
        title,
        "the article's, requests/s",
        "the roles', requests/s",
        "ratio",
        "processor time of a request, ratio",
    ]
    return table(header, rows), work


def costs(machine: Machine, rounds: int, protocol: str) -> str:
    """The roles' httpd without one setting, and with it; the same Tomcats."""
    sides = []
    settings = {name: script for name, script in SETTINGS.items() if protocol == "ajp" or "ping" not in name}
    names = ["", *settings, "all of these"]
    scripts = ["", *settings.values(), ";".join(settings.values())]
    for number, (name, script) in enumerate(zip(names, scripts)):
        port = FIRST_PORT + 100 * PROTOCOLS.index(protocol) + 2 * number
        sides.append(Side(name, port, protocol, f"apache2@{protocol}{number}", "tomcat@{}"))
        machine.run(f"sh /root/without.sh {protocol}{number} {port} '{script}'")
    (kind,) = list(KINDS)[:1]
    found = machine.compare(sides, [kind], rounds)
    base, rows = found["", kind], []
    for name in names[1:]:
        other = found[name, kind]
        rows.append(
            [
                *(name, cell(ratio(base.requests_per_s, other.requests_per_s))),
                cell(ratio(base.microseconds, other.microseconds)),
            ]
        )
    title = f"{protocol.upper()}, no session"
    return table([title, "requests/s with it, of those without", "processor time, the same"], rows)


def measure(directory: Path, quick: bool) -> str:
    rounds, seconds = (2, 1) if quick else (10, 2)
    with lab.hosts("throughput", directory, PLATFORMS, VARIABLES) as chain:
        machine = Machine(chain, seconds)
        machine.set_up(directory)
        whole, work = against_the_article(machine, rounds, list(KINDS), "as the article says")
        together = statistics.geometric_mean(work)
        if quick and together > FAR_OUTSIDE:
            raise RuntimeError(
                f"A request of the roles' chain takes {together:.2f} times the article's processor time:\n{whole}"
            )
        text = whole + "".join(costs(machine, 2 if quick else 12, protocol) for protocol in PROTOCOLS)
        machine.synchronous_article()
        same, _work = against_the_article(machine, rounds, list(KINDS)[2:], "the article's, synchronous")
        return text + same


if __name__ == "__main__":
    import sys

    with tempfile.TemporaryDirectory(prefix="throughput-") as scratch:
        print(measure(Path(scratch), "--quick" in sys.argv))
