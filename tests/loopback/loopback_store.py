# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The session manager of a store in a Tomcat on loopback, made and brought as the role does; and a Redis, a test's own."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
from xml.sax.saxutils import quoteattr

import archives
import pytest
import yaml
from loopback import ROOT, free_port, wait_until

FILES = ROOT / "roles/tomcat_instance/files"
COMPILER = "org.eclipse.jdt.internal.compiler.batch.Main"
MIGRATION = "org.apache.tomcat.jakartaee.MigrationCLI"
LISTENER = "org.roundrobin.tomcat.SessionStore"
MANAGERS = {
    "memcached": "org.roundrobin.tomcat.MemcachedSessionManager",
    "redis": "org.roundrobin.tomcat.RedisSessionManager",
}
# Debian's package redis-tools has the server by the name of a tool, and no service; what it is called as says what it does.
REDIS = shutil.which("redis-server") or shutil.which("redis-check-rdb")
needs_redis = pytest.mark.skipif(not REDIS, reason="there is no redis-server on this machine")
# As templates/redisson.yaml.j2 makes it.
REDISSON = """singleServerConfig: {{address: "redis://127.0.0.1:{port}", connectionMinimumIdleSize: 2, retryAttempts: 6}}
codec: !<org.redisson.codec.SerializationCodec> {{}}
useThreadClassLoader: false
lazyInitialization: true
threads: 4
nettyThreads: 4
"""


def compiled(home, sources, directory, class_path=()):
    """Classes, made with the compiler that Tomcat has for JSPs."""
    run_java(
        home, COMPILER, "-source", "8", "-target", "8", "-encoding", "UTF-8", "-d", directory, *sources, also=class_path
    )
    return directory


def run_java(home, *arguments, also=()):
    """What a program says that needs Tomcat's classes, or others too."""
    classes = ":".join([f"{home}/lib/*", f"{home}/bin/tomcat-juli.jar", *also])
    program = ["java", "-XX:TieredStopAtLevel=1", "-cp", classes, *map(str, arguments)]
    return subprocess.run(program, check=True, stdout=subprocess.PIPE, text=True).stdout


def unpack(version, store, directory):
    """A Tomcat, and beside it what it needs for a store."""
    home = archives.unpack(version, directory)
    make(version, home, store, made_for(home))
    return home


def make(version, home, store, made):
    """The directories lib and session-store of tasks/session_manager.yml."""
    for place in ("lib", "session-store"):
        (made / place).mkdir(parents=True)
    for jar in yaml.safe_load(archives.ARTIFACTS.read_text())["__tomcat_instance_session_jars"][store]:
        source = archives.cached(jar["coordinates"])
        if jar.get("javax") and not version.startswith("9.0."):
            run_java(home, MIGRATION, "-profile=TOMCAT", source, made / "session-store" / source.name)
        else:
            shutil.copy(source, made / "session-store")
    for name, place, sources in (
        ("session-store", "lib", [FILES / "SessionStore.java"]),
        (
            "session-manager",
            "session-store",
            [FILES / "ApplicationObjects.java", *sorted((FILES / store).glob("*.java"))],
        ),
    ):
        also = [] if place == "lib" else [f"{made}/session-store/*"]
        classes = compiled(home, sources, made / f"classes-{name}", also)
        archive = [sys.executable, "-m", "zipfile", "--create", made / place / f"roundrobin-{name}.jar", "org"]
        subprocess.run(archive, cwd=classes, check=True)
    return made


def made_for(home):
    return home.parent / "made"


def bring(instance, store, **settings):
    """The jars and context.xml of an instance: tasks/instance.yml."""
    for place in ("lib", "session-store"):
        shutil.copytree(made_for(instance.home) / place, instance.base / place, dirs_exist_ok=True)
    (instance.base / "conf/context.xml").write_text(
        f"<Context><Listener {attributes(className=LISTENER, manager=MANAGERS[store], **settings)}/></Context>"
    )


def start_quickly(instance):
    """No jar has a page or a listener, and looking for them takes longer than all else; nobody asks the manager."""
    with (instance.base / "conf/catalina.properties").open("a") as properties:
        properties.write("\ntomcat.util.scan.StandardJarScanFilter.jarsToSkip=*.jar\n")
    (instance.base / "conf/Catalina/localhost/roundrobin-manager.xml").unlink()


def bring_as_before(instance, store, **settings):
    """All of it in lib, where every application sees it, as it was before there was a session-store."""
    shutil.copytree(made_for(instance.home) / "session-store", instance.base / "lib", dirs_exist_ok=True)
    (instance.base / "conf/context.xml").write_text(
        f"<Context><Manager {attributes(className=MANAGERS[store], **settings)}/></Context>"
    )


def attributes(**given):
    return " ".join(f"{name}={quoteattr(str(value))}" for name, value in given.items())


def settings_of_memcached(*nodes, **more):
    """What the role sets, for these addresses."""
    return {
        "memcachedNodes": ",".join(f"n{number}:{address}" for number, address in enumerate(nodes, 1)),
        "sticky": "true",
        "sessionBackupAsync": "false",
        "sessionBackupTimeout": "5000",
        "operationTimeout": "5000",
        **more,
    }


def settings_of_redis(port, directory):
    path = directory / "redisson.yaml"
    path.write_text(REDISSON.format(port=port))
    return {"configPath": str(path)}


@contextlib.contextmanager
def redis_running():
    """A Redis that keeps nothing on disk; its port."""
    port = free_port()
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    environment = {**os.environ, "LC_ALL": "C.UTF-8"}
    process = subprocess.Popen(command, executable=REDIS, env=environment, stdout=subprocess.DEVNULL)

    def answers():
        try:
            socket.create_connection(("127.0.0.1", port), timeout=10).close()
        except OSError:
            return False
        return True

    try:
        wait_until(answers, 20)
        yield port
    finally:
        process.terminate()
        process.wait(10)
