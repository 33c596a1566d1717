# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What unsign_jars.py of the role tomcat_instance makes of a directory of jars."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[3] / "roles/tomcat_instance/files/unsign_jars.py"
CONTENT = {
    "META-INF/MANIFEST.MF": b"Manifest-Version: 1.0\n",
    "META-INF/services/a.RSA": b"not a signature",
    "org/A.class": b"a class" * 100,
}
SIGNATURES = {"META-INF/ECLIPSE_.SF": b"sums", "META-INF/ECLIPSE_.RSA": b"signature", "META-INF/other.dsa": b"another"}


def jar(path: Path, content: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in content.items():
            archive.writestr(name, data)
    return path


def run(directory: Path) -> list[str]:
    command = [sys.executable, SCRIPT, str(directory)]
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.split()


def test_the_signatures_go_and_all_else_stays(tmp_path):
    signed = jar(tmp_path / "ecj.jar", {**CONTENT, **SIGNATURES})
    signed.chmod(0o640)
    assert run(tmp_path) == [str(signed)]
    with zipfile.ZipFile(signed) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == CONTENT
        assert archive.getinfo("org/A.class").compress_type == zipfile.ZIP_DEFLATED
    assert signed.stat().st_mode & 0o777 == 0o640
    assert list(tmp_path.iterdir()) == [signed]
    assert run(tmp_path) == []


def as_it_is(path):
    """What a file is, but for the time when it was read last."""
    found = path.stat()
    return found.st_ino, found.st_mode, found.st_mtime_ns, path.read_bytes()


def test_a_jar_without_a_signature_is_not_touched(tmp_path):
    plain = jar(tmp_path / "catalina.jar", CONTENT)
    (tmp_path / "note.txt").write_text("not a jar")
    before = as_it_is(plain)
    assert run(tmp_path) == []
    assert as_it_is(plain) == before
