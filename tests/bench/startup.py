# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long Tomcat takes from its start to the first good answer: stock, and as the role tomcat_instance starts it.

With each Java of this machine, on the loopback, in turns. Pages are compiled anew each time, as after a deploy.
And what the first users wait for on an instance that is healthy, without and with rolling_deploy_warm_up.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import time
import typing as t
import zipfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/ci"), str(ROOT / "tests/sample_app"), str(ROOT / ".collections")]

import archives  # noqa: E402
import requests  # noqa: E402
from make_war import make_war  # noqa: E402

from ansible_collections.roundrobin.tomcat.plugins.module_utils._tomcat.warm_up import (  # noqa: E402
    read_page,
    warm_up,
)

FILES = ROOT / "roles/tomcat_instance/files"
START = FILES / "start-tomcat"
SPRING_BOOT = Path(__file__).resolve().parent / "spring_boot"
# What Spring Boot 3 runs on.
BRANCH = "10.1"
OLDEST_JAVA = 17
OPTIONS = "-Xmx512m -XX:+ExitOnOutOfMemoryError"
DEADLINE_SECONDS = 120
ROUNDS, QUICK_ROUNDS = 5, 2
# The sample application compiles its own pages when it starts. These it does not know.
COLD_PAGES = {
    f"/cold{number}.jsp": f"<% for (int i = 0; i < {number}; i++) {{ %><p><%= i %> <%= request.getMethod() %></p><% }} %>"
    for number in range(1, 9)
}


class Seconds(t.NamedTuple):
    """From the start to the first good answer."""

    clock: float
    processor: float


class Server:
    """One CATALINA_BASE with one application."""

    def __init__(self, base: Path, home: Path, java: Path, war: Path) -> None:
        self.base = base
        for name in ("logs", "temp", "webapps", "work"):
            (base / name).mkdir(parents=True)
        shutil.copytree(home / "conf", base / "conf")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        server_xml = base / "conf/server.xml"
        text = (
            server_xml.read_text()
            .replace('port="8005"', 'port="-1"')
            .replace('autoDeploy="true"', 'autoDeploy="false"')
        )
        server_xml.write_text(text.replace('port="8080"', f'port="{self.port}" address="127.0.0.1"'))
        release = base / "releases/ROOT/1/exploded"
        with zipfile.ZipFile(war) as archive:
            archive.extractall(release)
        (base / "webapps/ROOT").symlink_to("../releases/ROOT/1/exploded")
        self.environment = {
            "PATH": os.environ["PATH"],
            "JAVA_HOME": str(java),
            "CATALINA_OPTS": OPTIONS,
            "CATALINA_HOME": str(home),
            "CATALINA_BASE": str(base),
            "CATALINA_TMPDIR": str(base / "temp"),
        }

    def run(
        self, *command: t.Union[str, Path], meanwhile: t.Callable[[], object] = lambda: None
    ) -> tuple[Seconds, float]:
        """Start it, wait for a good answer and stop it; return the time of the start and the seconds of the stop."""
        shutil.rmtree(self.base / "work/Catalina", ignore_errors=True)
        with (self.base / "logs/out").open("ab") as output:
            began = time.monotonic()
            process = subprocess.Popen(command, env=self.environment, stdout=output, stderr=subprocess.STDOUT)
        try:
            self._await(process, began)
            seconds = Seconds(time.monotonic() - began, processor_seconds(process.pid))
            meanwhile()
        finally:
            stopping = time.monotonic()
            process.terminate()
            process.wait()
        return seconds, time.monotonic() - stopping

    def _await(self, process: subprocess.Popen[bytes], began: float) -> None:
        while time.monotonic() - began < DEADLINE_SECONDS:
            with contextlib.suppress(OSError, http.client.HTTPException):
                connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=DEADLINE_SECONDS)
                connection.request("GET", "/health")
                if connection.getresponse().status == 200:
                    return
            if process.poll() is not None:
                break
            time.sleep(0.01)
        raise SystemExit(f"{self.base} did not start: see {self.base}/logs/out")

    def stock(self) -> Seconds:
        return self.run(f"{self.environment['CATALINA_HOME']}/bin/catalina.sh", "run")[0]

    def ours(self, meanwhile: t.Callable[[], object] = lambda: None) -> tuple[Seconds, float]:
        """As the unit of the role does it."""
        done = self.run("bash", START, meanwhile=meanwhile)
        for word in ("started", "stopped"):
            environment = {**self.environment, "SERVICE_RESULT": "success"}
            subprocess.run(["bash", START, word], env=environment, check=True)
        return done


def processor_seconds(pid: int) -> float:
    """Of a running process, so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def javas() -> dict[int, Path]:
    """The Java of each major version on this machine."""
    found = {}
    for release in sorted(Path("/usr/lib/jvm").glob("*/release")):
        version = re.search(r'^JAVA_VERSION="([0-9]+)', release.read_text(), re.MULTILINE)
        if version and int(version[1]) >= OLDEST_JAVA and (release.parent / "bin/java").exists():
            found[int(version[1])] = release.parent
    return dict(sorted(found.items()))


def spring_boot_war(directory: Path) -> Path:
    target = directory / "spring_boot"
    build = ["mvn", "--batch-mode", "--quiet", f"--file={SPRING_BOOT}", f"-Dbench.target={target}", "package"]
    subprocess.run(build, check=True)
    return target / "application.war"


@dataclass(frozen=True)
class Found:
    """Of one Java and application."""

    stock: t.Sequence[Seconds]
    ours: t.Sequence[Seconds]
    making: Seconds
    making_stop: float
    megabytes: float

    def row(self) -> list[str]:
        clock, processor = (
            [statistics.median(one[part] for one in runs) for runs in (self.stock, self.ours)] for part in (0, 1)
        )
        return [
            *(
                f"{clock[0]:.2f}",
                f"{clock[1]:.2f}",
                f"**{clock[1] / clock[0]:.2f}**",
                f"{processor[1] / processor[0]:.2f}",
            ),
            *(f"{self.making.clock / clock[0]:.2f}", f"{self.making_stop:.1f}", f"{self.megabytes:.0f}"),
        ]


def compare(directory: Path, homes: t.Mapping[str, Path], java: Path, war: Path, rounds: int) -> Found:
    stock, ours = (Server(directory / name, homes[name], java, war) for name in ("stock", "ours"))
    making, making_stop = ours.ours()
    (file,) = (ours.base / "work/class-cache").glob("*.classes")
    runs = [(stock.stock(), ours.ours()[0]) for _round in range(rounds)]
    return Found(
        [one for one, _ours in runs], [one for _stock, one in runs], making, making_stop, file.stat().st_size / 2**20
    )


def first_requests(server: Server, rounds: int) -> str:
    """How long the first user of each page waits on an instance that has just become healthy, in turns without and with a warm-up."""
    waits: dict[str, list[float]] = {"cold": [], "warm": []}
    warming: list[float] = []
    for path, text in COLD_PAGES.items():
        (server.base / f"webapps/ROOT{path}").write_text(text)
    pages = [read_page(requests, f"http://127.0.0.1:{server.port}{path}", None) for path in COLD_PAGES]

    def users(how: str) -> None:
        answers = [page.ask() for page in pages]
        assert {answer.status for answer in answers} == {200}
        waits[how] += [answer.latency for answer in answers]

    def warmed() -> None:
        began = time.monotonic()
        warm_up(pages)
        warming.append(time.monotonic() - began)
        users("warm")

    for _round in range(rounds):
        server.ours(lambda: users("cold"))
        server.ours(warmed)
    cells = [f"{1000 * judge(waits[how]):.0f}" for judge in (statistics.median, max) for how in ("cold", "warm")]
    header = ["pages", "median cold, ms", "median warmed up, ms", "slowest cold, ms", "slowest warmed up, ms"]
    lines = [
        [*header, "the warm-up, s"],
        ["--:"] * 6,
        [str(len(COLD_PAGES)), *cells, f"{statistics.median(warming):.1f}"],
    ]
    return "The first request for each page of a healthy instance:\n\n" + table(lines)


def table(lines: t.Iterable[t.Iterable[str]]) -> str:
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def measure(directory: Path, quick: bool) -> str:
    """Measure it and return two tables. quick: the sample application alone, two rounds."""
    (version,) = [name for name in archives.releases() if name.startswith(f"{BRANCH}.")]
    homes = {name: archives.unpack(version, directory / f"home-{name}") for name in ("stock", "ours")}
    subprocess.run(
        [sys.executable, FILES / "unsign_jars.py", homes["ours"] / "lib"], check=True, stdout=subprocess.DEVNULL
    )
    shop = directory / "shop.war"
    make_war(shop, "1.0")
    wars = (
        {"sample application": shop}
        if quick
        else {"sample application": shop, "Spring Boot 3.5": spring_boot_war(directory)}
    )
    rounds = QUICK_ROUNDS if quick else ROUNDS
    header = [
        "Java",
        "application",
        "stock, s",
        "ours, s",
        "ratio",
        "processor time",
        "the start before its file is made",
        "the stop that makes it, s",
        "MB",
    ]
    lines = [header, ["---", "---", *["--:"] * 7]]
    for major, java in javas().items():
        for name, war in wars.items():
            found = compare(directory / f"{major}-{war.stem}", homes, java, war, rounds)
            lines.append([str(major), name, *found.row()])
    newest = list(javas().values())[-1]
    first = first_requests(Server(directory / "first", homes["ours"], newest, shop), rounds)
    return f"Start to the first good answer, Tomcat {version}, medians of {rounds}:\n\n{table(lines)}\n{first}"


if __name__ == "__main__":
    place = ROOT / "build/bench/startup"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    print(measure(place, "--quick" in sys.argv))
