# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation of modules, filters and roles as HTML, as it would stand on a docs site."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import ansible_test
import venvs

SITE = ansible_test.ROOT / "build" / "docs"
COPY = ansible_test.ROOT / "build" / "docs-copy"
NEEDED = ("ansible-core~=2.19.0", "ansible-pygments", "antsibull-docs", "sphinx", "sphinx-ansible-theme")


def main() -> None:
    ansible_test.copy_collection(COPY)
    venv = venvs.ensure(sys.executable, *NEEDED)
    path = f"{venv / 'bin'}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "ANSIBLE_COLLECTIONS_PATH": str(COPY)}
    shutil.rmtree(SITE, ignore_errors=True)
    SITE.mkdir(mode=0o755)
    rst = f"{SITE}/rst"
    common = ["--use-current", "--squash-hierarchy", "--fail-on-error", "roundrobin.tomcat", "--dest-dir"]
    for command in (
        ["antsibull-docs", "sphinx-init", "--title", "roundrobin.tomcat", *common, str(SITE)],
        ["antsibull-docs", "--config-file", f"{SITE}/antsibull-docs.cfg", "collection", *common, rst],
        # Silent: links to the docs of Ansible and Python cannot be resolved without internet. The linter checks ours.
        ["sphinx-build", "-Q", "-b", "html", "-c", str(SITE), rst, f"{SITE}/html"],
    ):
        subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
    print(SITE / "html" / "index.html")


if __name__ == "__main__":
    main()
