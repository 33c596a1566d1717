# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Take the signatures from the jars of a directory.

Java checks each class of a signed jar when it loads it, and keeps none of them in its class cache. Tomcat's archive has
one such jar, the compiler for JSPs. Who made it is known from the archive's own sum, which was verified before.
"""

from __future__ import annotations

import glob
import os
import re
import shutil
import sys
import zipfile

SIGNATURE = re.compile(r"META-INF/[^/]+\.(SF|RSA|DSA|EC)", re.IGNORECASE)


def unsign(path: str) -> bool:
    """Write the jar anew without its signatures; return whether it had any."""
    with zipfile.ZipFile(path) as jar:
        kept = [entry for entry in jar.infolist() if not SIGNATURE.fullmatch(entry.filename)]
        if len(kept) == len(jar.infolist()):
            return False
        fresh = path + ".unsigned"
        with zipfile.ZipFile(fresh, "w") as copy:
            for entry in kept:
                copy.writestr(entry, jar.read(entry))
    before = os.stat(path)
    shutil.copystat(path, fresh)
    os.chown(fresh, before.st_uid, before.st_gid)
    os.replace(fresh, path)
    return True


if __name__ == "__main__":
    for name in sorted(glob.glob(os.path.join(sys.argv[1], "*.jar"))):
        if unsign(name):
            print(name)
