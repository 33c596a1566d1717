# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The figures of docs/xml_modules.md: six edits of Tomcat's own server.xml with tomcat_server_xml and with community.general.xml."""

from __future__ import annotations

import contextlib
import os
import platform
import statistics
import subprocess
import sys
import typing as t
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/ci"))

import archives  # noqa: E402
import edits  # noqa: E402
import end_to_end  # noqa: E402
import in_process  # noqa: E402
import venvs  # noqa: E402
from lxml import etree  # noqa: E402

# community.general comes with it; nothing else here needs it.
OTHERS = ("ansible>=12,<13", "lxml>=4.9,<7")
TOMCAT = "9.0"
MEGABYTE = 10**6
ROUNDS = 7

Rows = t.Iterable[t.Iterable[object]]


def table(header: list[str], rows: Rows) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "".join(f"| {' | '.join(map(str, line))} |\n" for line in lines) + "\n"


def machine(venv: Path) -> str:
    """What the figures were measured on."""
    listing = subprocess.run(
        [venv / "bin/ansible-galaxy", "collection", "list", "community.general"], check=True, **OUTPUT
    )
    general = listing.stdout.split("community.general", 1)[1].split()[0]
    core = subprocess.run([venv / "bin/ansible", "--version"], check=True, **OUTPUT).stdout.split("]")[0].split()[-1]
    models = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    processor = models[0].split(":")[1].strip() if models else platform.machine()
    return (
        f"{os.cpu_count()} processors ({processor}), Python {platform.python_version()}, lxml {etree.__version__},"
        f" ansible-core {core}, community.general {general}\n\n"
    )


OUTPUT: dict[str, t.Any] = {"stdout": subprocess.PIPE, "text": True}


def what_happens_to_the_file(playbooks: end_to_end.Playbooks, local: end_to_end.Local, stock: bytes) -> str:
    rows = []
    for name, tasks in edits.SIX.items():
        found = end_to_end.outcome(playbooks, tasks, local, stock, "utf-8")
        rows.append([name, len(tasks), f"-{found.removed} +{found.added}", found.changed_again])
    return table(["six edits", "tasks", "lines", "tasks that change it again"], rows)


def one_attribute(playbooks: end_to_end.Playbooks, local: end_to_end.Local, stock: bytes) -> str:
    """jvmRoute, on files of several looks: what differs beside the attribute."""
    rows = []
    for title, (data, encoding) in edits.variants(stock).items():
        row = [title]
        for tasks in edits.ONE.values():
            found = end_to_end.outcome(playbooks, tasks, local, data, encoding)
            row.append(f"-{found.removed} +{found.added}{judgement(data.decode(encoding), found)}")
        rows.append(row)
    return table(["setting jvmRoute", *edits.ONE], rows)


def judgement(before: str, found: end_to_end.Outcome) -> str:
    """What is to be said of the new file, beside the number of lines."""
    if found.after.replace(edits.ROUTE, "") == before:
        return ""
    entity = ", entity expanded" if "&alias;" in before and "&alias;" not in found.after else ""
    return f", reformatted{entity}{', now UTF-8' if found.recoded else ''}"


def end_to_end_times(
    playbooks: end_to_end.Playbooks, targets: list[end_to_end.Target], stock: bytes, rounds: int
) -> str:
    rows = []
    for target in targets:
        found = end_to_end.times(playbooks, target, stock, rounds)
        for name, runs in found.items():
            elapsed, processor = zip(*runs)
            seconds = f"{statistics.median(elapsed):.1f} ({min(elapsed):.1f} to {max(elapsed):.1f})"
            factor = f"{end_to_end.ratio(found, name, edits.OURS):.1f}"
            rows.append([target.title, name, seconds, factor, f"{statistics.median(processor):.1f}"])
    header = ["where", "six edits", "whole run, s", f"times {edits.OURS}", "processor time here, s"]
    return table(header, rows)


def in_process_times(stock: bytes, sizes: list[int], repetitions: int) -> str:
    rows = []
    for size in [0, *sizes]:
        data = edits.large(stock, size)
        found = in_process.measure(data, repetitions if size < MEGABYTE else 3)
        cells = [f"{1000 * seconds:.1f}" for seconds in found.values()]
        rows.append([f"{len(data) / MEGABYTE:.3f}", *cells, f"{1000 * found['check'] / (len(data) / MEGABYTE):.0f}"])
    header = [
        *("processor time: file, MB", "lxml parses it, ms", "six edits in check mode, ms"),
        *("six edits, ms", "second run, ms", "six edits in check mode, ms per MB"),
    ]
    return table(header, rows)


def measure(directory: Path, quick: bool) -> str:
    """The tables; quick: one run of each, on this machine, small files."""
    (version,) = [name for name in archives.releases() if name.startswith(TOMCAT)]
    stock = archives.read(version, "conf/server.xml")
    venv = venvs.ensure(sys.executable, *OTHERS)
    playbooks = end_to_end.Playbooks(venv, directory)
    local = end_to_end.Local(directory)
    with contextlib.nullcontext([]) if quick else end_to_end.ssh_host(directory) as remote:
        targets: list[end_to_end.Target] = [local, *remote]
        return "".join(
            (
                f"server.xml of Tomcat {version}; {machine(venv)}",
                in_process_times(stock, SMALL if quick else LARGE, 5 if quick else 50),
                what_happens_to_the_file(playbooks, local, stock),
                one_attribute(playbooks, local, stock),
                end_to_end_times(playbooks, targets, stock, 1 if quick else ROUNDS),
            )
        )


SMALL = [MEGABYTE // 10]
LARGE = [MEGABYTE // 10, MEGABYTE, 5 * MEGABYTE, 10 * MEGABYTE]
