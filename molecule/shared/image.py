# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The test hosts' images: built once per recipe, from the registry's Debian or from debootstrap."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from engine import Engine, HostsError, locked

RECIPE = Path(__file__).parent / "image"
REPOSITORY = "localhost/roundrobin-tomcat-host"
KEPT_PER_DISTRIBUTION = 2


@dataclasses.dataclass(frozen=True)
class Distribution:
    codename: str
    base: str  # what the registry calls it
    own_packages: str  # offered on top of packages-to-offer: what the other one does not have, by this name


DISTRIBUTIONS = {
    "debian12": Distribution("bookworm", "debian:12", "openjdk-17-jre-headless"),
    "debian13": Distribution("trixie", "debian:13", "openjdk-21-jre-headless openjdk-25-jre-headless valkey-server"),
}


def image_tag(name: str) -> str:
    """Changes with the recipe, so that an image is built again exactly when it has to be."""
    digest = hashlib.sha256(repr(DISTRIBUTIONS[name]).encode())
    for path in sorted(RECIPE.iterdir()):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return f"{REPOSITORY}:{name}-{digest.hexdigest()[:12]}"


def ensure_image(engine: Engine, name: str) -> str:
    """The tag of an image that exists."""
    if name not in DISTRIBUTIONS:
        raise HostsError(f"There is no image {name!r}; there are {', '.join(DISTRIBUTIONS)}.")
    tag = image_tag(name)
    with locked(f"image-{name}"):
        if not engine.run("images", "--quiet", tag):
            print(f"Building the {name} test host, once (a minute or two) ...", file=sys.stderr, flush=True)
            build(engine, DISTRIBUTIONS[name], tag)
            prune(engine, name)
    return tag


def build(engine: Engine, distribution: Distribution, tag: str) -> None:
    with tempfile.TemporaryDirectory(prefix="roundrobin-image-") as scratch:
        context = Path(scratch) / "context"
        shutil.copytree(RECIPE, context)
        (context / "machine").mkdir()
        (context / "machine" / "apt.conf").write_text("".join(apt_settings()))
        (context / "machine" / "mirror").write_text(debian_mirror())
        base = ensure_base(engine, distribution, Path(scratch) / "root")
        arguments = {"BASE": base, "OWN_PACKAGES": distribution.own_packages}
        engine.run(
            "build",
            "--network=host",
            f"--tag={tag}",
            *(f"--build-arg={key}={value}" for key, value in arguments.items()),
            str(context),
        )


def ensure_base(engine: Engine, distribution: Distribution, root: Path) -> str:
    bootstrapped = f"{REPOSITORY}-base:{distribution.codename}"
    if engine.run("images", "--quiet", bootstrapped):
        return bootstrapped
    try:
        engine.run("pull", "--quiet", distribution.base, timeout=300)
    except HostsError as no_registry:
        if not shutil.which("debootstrap"):
            raise HostsError(f"{no_registry} Without a registry, debootstrap is needed and is not installed.") from None
        debootstrap(engine, distribution.codename, root, bootstrapped)
        return bootstrapped
    return distribution.base


def debootstrap(engine: Engine, codename: str, root: Path, tag: str) -> None:
    sudo = [] if os.geteuid() == 0 else ["sudo", "-n"]
    mirror = debian_mirror()
    command = [*sudo, "debootstrap", "--variant=minbase", codename, str(root), *([mirror] if mirror else [])]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, **proxies()})
    if done.returncode:
        raise HostsError(f"debootstrap {codename} failed: {(done.stdout + done.stderr)[-2000:]}")
    with subprocess.Popen([*sudo, "tar", "-C", str(root), "-c", "."], stdout=subprocess.PIPE) as archive:
        engine.run("import", "-", tag, stdin=archive.stdout)
    subprocess.run([*sudo, "rm", "-rf", "--one-file-system", str(root)], check=True)


def apt(*command: str) -> list[str]:
    """What this machine's apt is set to, line by line; nothing where there is no apt."""
    if not shutil.which(command[0]):
        return []
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()


def apt_settings() -> list[str]:
    """How this machine's apt reaches its mirror: proxies and the like."""
    wanted = ("Acquire::http", "Acquire::https", "Acquire::Check-", "Acquire::Retries")
    return [f"{line}\n" for line in apt("apt-config", "dump") if line.startswith(wanted)]


def proxies() -> dict[str, str]:
    found = dict(line.split(" ", 1) for line in apt_settings())
    names = {"Acquire::http::Proxy": "http_proxy", "Acquire::https::Proxy": "https_proxy"}
    return {variable: found[key].strip('";') for key, variable in names.items() if key in found}


def debian_mirror() -> str:
    """The Debian mirror that this machine uses, or nothing: then the tools' own."""
    about = ("Created-By: Packages", "Origin: Debian", "Label: Debian")
    lines = apt("apt-get", "indextargets", "--format", "$(REPO_URI)", *about)
    return lines[0].rstrip("/") if lines else ""


def prune(engine: Engine, name: str) -> None:
    """Images come newest first; older recipes' go, unless a host still runs from one."""
    used = set(engine.run("ps", "--all", "--format", "{{.Image}}").split())
    tags = engine.run("images", "--format", "{{.Repository}}:{{.Tag}}", REPOSITORY).split()
    ours = [tag for tag in tags if tag.startswith(f"{REPOSITORY}:{name}-")]
    for tag in ours[KEPT_PER_DISTRIBUTION:]:
        if tag not in used:
            engine.run("rmi", tag)
