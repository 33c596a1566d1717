# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The container engine of this machine: podman, else docker, called the way this machine needs it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import resource
import shutil
import subprocess
import typing as t
from pathlib import Path

CGROUP = "/sys/fs/cgroup"


class HostsError(Exception):
    """Something the user has to know; the message says it all."""


def at_most(limit: int, wanted: int) -> int:
    hard = resource.getrlimit(limit)[1]
    return wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)


def runtime_directory() -> Path:
    """A private directory for locks, sockets and the mount namespace, gone or stale after a reboot."""
    parent = os.environ.get("XDG_RUNTIME_DIR") or ("/run" if os.geteuid() == 0 else f"/tmp/user-{os.geteuid()}")
    directory = Path(parent) / "roundrobin.tomcat"
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    if directory.stat().st_uid != os.geteuid():
        raise HostsError(f"{directory} belongs to another user: remove it or set XDG_RUNTIME_DIR.")
    return directory


@contextlib.contextmanager
def locked(name: str) -> t.Iterator[None]:
    """One process at a time; released by the kernel even when the holder is killed."""
    with (runtime_directory() / f"{name}.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def cgroup2_namespace() -> Path:
    """A mount namespace in which /sys/fs/cgroup is cgroup2, made once and shared by every call.

    systemd in a container needs that. The namespace is held by a file, so it outlives this process.
    """
    directory = runtime_directory() / "cgroup2"
    namespace = directory / "mnt"
    entered = ["nsenter", f"--mount={namespace}", "findmnt", "--noheadings", "--types", "cgroup2", CGROUP]
    with locked("cgroup2"):
        if subprocess.run(entered, capture_output=True, check=False).returncode:
            directory.mkdir(exist_ok=True)
            if subprocess.run(["mountpoint", "--quiet", directory], check=False).returncode:
                # A namespace file can only be bound below a private mount.
                subprocess.run(["mount", "--bind", directory, directory], check=True)
                subprocess.run(["mount", "--make-private", directory], check=True)
            subprocess.run(["umount", "--quiet", namespace], capture_output=True, check=False)
            namespace.unlink(missing_ok=True)
            namespace.touch()
            create = ["unshare", f"--mount={namespace}", "mount", "-t", "cgroup2", "none", CGROUP]
            subprocess.run(create, check=True)
    return namespace


class Engine:
    """Runs engine commands; `run_options` are what a systemd host needs on this machine."""

    def __init__(self) -> None:
        self.name, self._command = self._find()
        self._environment = dict(os.environ)
        odd_cgroups = self.name == "podman" and not os.path.exists(f"{CGROUP}/cgroup.controllers")
        if odd_cgroups:
            self._command = ["nsenter", f"--mount={cgroup2_namespace()}", *self._command]
            # The default isolation raises limits that such a machine does not grant.
            self._environment["BUILDAH_ISOLATION"] = "chroot"

    @staticmethod
    def _find() -> tuple[str, list[str]]:
        root = os.geteuid() == 0
        if shutil.which("podman") and (root or shutil.which("sudo")):
            # A rootless bridge cannot be reached from this machine.
            return "podman", ["podman"] if root else ["sudo", "-n", "podman"]
        if shutil.which("docker"):
            return "docker", ["docker"]
        raise HostsError("Neither podman nor docker is installed; ./run test installs podman on Debian and Ubuntu.")

    @property
    def run_options(self) -> list[str]:
        # Explicit limits: the engine's own may exceed what this machine grants. A server's are about these.
        files, processes = at_most(resource.RLIMIT_NOFILE, 65536), at_most(resource.RLIMIT_NPROC, 32768)
        options = ["--privileged", f"--ulimit=nofile={files}:{files}", f"--ulimit=nproc={processes}:{processes}"]
        if self.name == "podman":
            return [*options, "--systemd=always", "--pids-limit=0"]
        return [*options, "--cgroupns=private", "--tmpfs=/run", "--tmpfs=/run/lock", "--tmpfs=/tmp"]

    def argv(self, *arguments: str) -> list[str]:
        return [*self._command, *arguments]

    def execute(self, *arguments: str) -> t.NoReturn:
        os.execvpe(self._command[0], self.argv(*arguments), self._environment)

    def run(self, *arguments: str, stdin: t.IO[bytes] | None = None, timeout: float | None = None) -> str:
        """Returns what it printed; raises HostsError with what it complained about."""
        try:
            done = subprocess.run(
                self.argv(*arguments),
                stdin=stdin if stdin else subprocess.DEVNULL,
                capture_output=True,
                check=False,
                env=self._environment,
                timeout=timeout,
            )
        except subprocess.TimeoutExpired:
            raise HostsError(f"{self.name} {' '.join(arguments[:2])} did not end within {timeout} s.") from None
        if done.returncode:
            complaint = done.stderr.decode(errors="replace").strip() or done.stdout.decode(errors="replace").strip()
            raise HostsError(f"{self.name} {' '.join(arguments[:2])} failed: {complaint[-2000:]}")
        return done.stdout.decode(errors="replace").strip()
