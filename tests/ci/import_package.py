# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Galaxy's own importer over the built package; warnings count too."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

CONFIG = """[galaxy-importer]
CHECK_REQUIRED_TAGS = True
RUN_ANSIBLE_LINT = False
RUN_ANSIBLE_TEST = False
RUN_FLAKE8 = False
"""


def main(directory: Path) -> int:
    (package,) = directory.glob("*.tar.gz")
    with tempfile.TemporaryDirectory() as scratch:
        config = Path(scratch) / "importer.cfg"
        config.write_text(CONFIG)
        done = subprocess.run(
            [sys.executable, "-m", "galaxy_importer.main", package.resolve()],
            cwd=scratch,  # it leaves its result there
            env={**os.environ, "GALAXY_IMPORTER_CONFIG": str(config)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
    print(done.stdout)
    return done.returncode or int("WARNING" in done.stdout)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
