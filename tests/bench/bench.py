# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The figures of the documentation, measured on this machine: part by part, each into build/bench/PART.md.

docs/performance.md has those of all parts but xml_edits, which are in docs/xml_modules.md.
"""

from __future__ import annotations

import argparse
import importlib
import os
import shutil
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
#: Each is a module beside this one with measure(directory, quick), which returns Markdown.
PARTS = ("rollout", "httpds", "controller", "setup", "startup", "throughput", "xml_edits")


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="run bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="the short form of each part")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"{', '.join(PARTS)}; default: all")
    options = parser.parse_args()
    unknown = [part for part in options.parts if part not in PARTS]
    if unknown:
        parser.error(f"no part {', '.join(unknown)}; there are {', '.join(PARTS)}")
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    for part in options.parts or PARTS:
        directory = ROOT / "build/bench" / part
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(parents=True)
        began = time.monotonic()
        text = importlib.import_module(part).measure(directory, options.quick)
        directory.with_suffix(".md").write_text(text)
        print(f"{part}, measured in {time.monotonic() - began:.0f} s\n\n{text}", flush=True)


if __name__ == "__main__":
    main()
