# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real memcached on loopback, a test's own."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import time

import pytest
from loopback import free_port

MEMCACHED = shutil.which("memcached")
needs_memcached = pytest.mark.skipif(not MEMCACHED, reason="there is no memcached on this machine")


class Memcached:
    """A memcached of the test's own."""

    def __init__(self, *options, **environment):
        self.port = free_port()
        user = ["-u", "nobody"] if os.geteuid() == 0 else []
        command = [MEMCACHED, *user, "-l", "127.0.0.1", "-p", str(self.port), *options]
        self.process = subprocess.Popen(command, env={**os.environ, **environment})
        for _attempt in range(200):
            with contextlib.suppress(OSError):
                self.connect().close()
                return
            time.sleep(0.02)
        raise AssertionError("memcached did not start")

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), timeout=10)

    def store(self, sizes):
        """Store items of these sizes, return the answers."""
        answers = []
        with self.connect() as connection, connection.makefile("rwb") as stream:
            for number, size in enumerate(sizes):
                stream.write(b"set item%d 0 0 %d\r\n%b\r\n" % (number, size, b"x" * size))
                stream.flush()
                answers.append(stream.readline().strip().decode())
        return answers

    def commands(self):
        """How many it has answered that are about items."""
        with self.connect() as connection, connection.makefile("rwb") as stream:
            stream.write(b"stats\r\n")
            stream.flush()
            stats = iter(stream.readline, b"END\r\n")
            counters = (b"cmd_get", b"cmd_set", b"cmd_touch", b"incr_hits", b"decr_hits", b"delete_hits")
            return sum(int(value) for _stat, name, value in map(bytes.split, stats) if name in counters)

    def forget(self):
        """As after a restart: it has nothing any more."""
        with self.connect() as connection, connection.makefile("rwb") as stream:
            stream.write(b"flush_all\r\n")
            stream.flush()
            assert stream.readline() == b"OK\r\n"

    def stop(self):
        self.process.terminate()
        self.process.wait(10)
