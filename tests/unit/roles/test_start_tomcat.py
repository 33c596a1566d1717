# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What start-tomcat of the role tomcat_instance starts Tomcat with, run with a Java and a Tomcat that only look so."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[3] / "roles/tomcat_instance/files/start-tomcat"
OWN = "-Xmx512m"
MADE = "-Xlog:cds*=error -XX:ArchiveClassesAtExit="
TAKEN = "-XX:SharedArchiveFile="


class Instance:
    """An instance on disk. What its last start was given is in ``options``."""

    def __init__(self, directory: Path) -> None:
        self.base, self.home, self.java = (directory / name for name in ("base", "apache-tomcat-10.1.59", "jdk"))
        for place in (self.base / "webapps", self.base / "work", self.home / "bin", self.java / "bin"):
            place.mkdir(parents=True)
        (self.java / "lib/server").mkdir(parents=True)
        (self.java / "lib/server/libjvm.so").write_text("a JVM")
        self.java_version("17.0.15")
        for program, text in (
            (self.java / "bin/java", ""),
            (self.home / "bin/catalina.sh", 'echo "$1:$CATALINA_OPTS"'),
        ):
            program.write_text(f"#!/bin/sh\n{text}\n")
            program.chmod(0o755)
        self.more: dict[str, str] = {}
        self.said = ""
        self.release("1.0")

    @property
    def cache(self) -> Path:
        return self.base / "work/class-cache"

    @property
    def files(self) -> list[Path]:
        return sorted(self.cache.glob("*.classes"))

    def java_version(self, version: str) -> None:
        (self.java / "release").write_text(f'IMPLEMENTOR="Debian"\nJAVA_VERSION="{version}"\n')

    def release(self, version: str) -> None:
        link = self.base / "webapps/ROOT"
        link.unlink(missing_ok=True)
        link.symlink_to(f"../releases/ROOT/{version}/exploded")

    def run(self, *words: str, **more: str) -> str:
        environment = {
            "PATH": os.environ["PATH"],
            "CATALINA_OPTS": OWN,
            "JAVA_HOME": str(self.java),
            "CATALINA_HOME": str(self.home),
            "CATALINA_BASE": str(self.base),
            **self.more,
            **more,
        }
        done = subprocess.run(
            ["bash", SCRIPT, *words],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        self.said = done.stderr.strip()
        return done.stdout.strip()

    def start(self, **more: str) -> str:
        """What Tomcat is given beside its own options."""
        answer = self.run(**more)
        assert answer.startswith(f"run:{OWN}")
        said = self.said
        self.run("started")
        self.said = said
        return answer[len(f"run:{OWN}") :].strip()

    def stop(self, made: bytes = b"", result: str = "success") -> None:
        if made:
            (self.cache / "new").write_bytes(made)
        self.run("stopped", SERVICE_RESULT=result)

    def have_file(self) -> Path:
        assert self.start().startswith(MADE)
        self.stop(b"classes")
        (file,) = self.files
        return file


@pytest.fixture
def instance(tmp_path: Path) -> Instance:
    return Instance(tmp_path)


def test_the_first_run_makes_the_file_and_the_next_takes_it(instance):
    assert (instance.start(), instance.said) == (f"{MADE}{instance.cache}/new", "")
    instance.stop(b"classes")
    assert instance.said == ""
    (file,) = instance.files
    assert re.fullmatch(r"apache-tomcat-10\.1\.59-java-17-[0-9]+-5\.7\.classes", file.name)
    assert file.read_bytes() == b"classes"
    assert instance.start() == f"{TAKEN}{file}"
    instance.stop()
    assert instance.files == [file]


@pytest.mark.parametrize("version", ["25", "25.0.3", "26-ea"])
def test_java_25_has_a_cache_of_its_own_kind(instance, version):
    instance.java_version(version)
    assert instance.start() == f"-Xlog:aot*=error,cds*=error -XX:AOTCacheOutput={instance.cache}/new"
    instance.stop(b"classes")
    (file,) = instance.files
    assert instance.start() == f"-XX:AOTCache={file}"


@pytest.mark.parametrize("version", ["17.0.15", "18.0.1", "19", "21.0.13", "24.0.2"])
def test_before_java_25_it_is_an_archive(instance, version):
    instance.java_version(version)
    assert instance.start() == f"{MADE}{instance.cache}/new"


def test_without_an_application_no_file_is_made(instance):
    (instance.base / "webapps/ROOT").unlink()
    assert instance.start() == ""
    instance.stop()
    assert instance.files == []


def test_a_run_that_ended_badly_leaves_no_file(instance):
    instance.start()
    instance.stop(b"half of it", result="timeout")
    assert instance.files == []
    assert instance.start() == f"{MADE}{instance.cache}/new"
    assert not (instance.cache / "new").exists()


@pytest.mark.parametrize("content", [b"", b"class", b"classes and more"])
def test_a_file_of_another_length_is_not_taken(instance, content):
    instance.have_file().write_bytes(content)
    assert instance.start().startswith(MADE)


def test_a_file_that_cannot_be_read_is_not_taken(instance):
    file = instance.have_file()
    file.unlink()
    file.symlink_to("nowhere")
    assert instance.start().startswith(MADE)


def test_after_a_start_that_failed_the_file_goes(instance):
    file = instance.have_file()
    assert instance.run() == f"run:{OWN} {TAKEN}{file}"
    # Nobody said that it had started.
    instance.run("stopped", SERVICE_RESULT="exit-code")
    assert instance.start().startswith(MADE)
    assert instance.files == []


def test_another_java_has_its_own_file_and_the_former_goes(instance):
    file = instance.have_file()
    (instance.java / "lib/server/libjvm.so").write_text("another JVM")
    assert instance.start().startswith(MADE)
    assert not file.exists()


def test_another_tomcat_has_its_own_file_and_the_former_goes(instance):
    file = instance.have_file()
    instance.home = instance.home.rename(instance.home.with_name("apache-tomcat-10.1.60"))
    assert instance.start().startswith(MADE)
    assert not file.exists()


def test_a_new_release_takes_the_file_and_its_restart_renews_it(instance):
    file = instance.have_file()
    instance.release("1.1")
    assert instance.start() == f"{TAKEN}{file}"
    instance.stop()
    assert instance.start().startswith(MADE)
    instance.stop(b"other classes")
    (renewed,) = instance.files
    assert instance.start() == f"{TAKEN}{renewed}"
    instance.stop()
    assert instance.start() == f"{TAKEN}{renewed}"


@pytest.mark.parametrize("variable", ["CATALINA_OPTS", "JAVA_OPTS", "JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS"])
@pytest.mark.parametrize(
    "option",
    [
        "-javaagent:apm.jar",
        "-agentlib:jdwp=x",
        "-agentpath:/x.so",
        "-XX:SharedArchiveFile=x",
        "-Xshare:off",
        "-XX:AOTCache=x",
    ],
)
def test_java_would_not_start_beside_these_options(instance, variable, option):
    instance.have_file()
    assert (
        instance.run(**{variable: f"{OWN} {option}"})
        == f"run:{OWN} {option if variable == 'CATALINA_OPTS' else ''}".strip()
    )


@pytest.mark.parametrize("place", ["base", "home"])
def test_what_setenv_adds_is_not_known(instance, place):
    script = getattr(instance, place) / "bin/setenv.sh"
    script.parent.mkdir(exist_ok=True)
    script.touch()
    assert instance.start() == ""
    assert instance.said == (
        "start-tomcat: no class cache, since an agent, a cache of your own or a setenv.sh does not go with it"
    )


@pytest.mark.parametrize("version", ["1.8.0_412", "11.0.23", ""])
def test_an_older_java_starts_without(instance, version):
    instance.java_version(version)
    assert instance.start() == ""


def test_a_java_that_says_nothing_of_itself_starts_without(instance):
    (instance.java / "release").unlink()
    assert instance.start() == ""


def test_the_java_in_path_is_found(instance):
    instance.more = {"JAVA_HOME": "", "PATH": f"{instance.java}/bin:{os.environ['PATH']}"}
    assert instance.start().startswith(MADE)


def test_a_cache_that_cannot_be_written_costs_nothing_but_the_file(instance):
    instance.cache.write_text("in the way")
    assert instance.start() == ""
    assert instance.said == f"start-tomcat: no class cache, since {instance.cache} cannot be written"
    instance.stop()
    assert instance.cache.read_text() == "in the way"
