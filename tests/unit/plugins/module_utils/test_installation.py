# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import zipfile

import pytest

from ansible_collections.roundrobin.tomcat.plugins.module_utils import _installation
from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A directory that stands for the machine's, with two Tomcats in it; systemd did not boot it."""
    monkeypatch.setattr(_installation, "UNIT_DIRECTORIES", (str(tmp_path / "units"),))
    monkeypatch.setattr(_installation, "units", lambda names, run: {})
    (tmp_path / "proc").mkdir()
    for name in ("t1", "t2"):
        for path in ("conf/server.xml", "conf/context.xml"):
            write(tmp_path / name / path, f"<{name}/>")
    return tmp_path


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def process(machine, pid, arguments, unit="user.slice/session-1.scope"):
    write(machine / f"proc/{pid}/cmdline", "\0".join(arguments) + "\0")
    write(machine / f"proc/{pid}/cgroup", f"0::/{unit}\n")


def jar(path, **entries):
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as file:
        for name, text in entries.items():
            file.writestr(name, text)


def look(machine, bases=()):
    return _installation.installations([str(base) for base in bases], None, proc=str(machine / "proc"))


def test_by_its_process(machine):
    process(machine, 1, ["/sbin/init"])
    process(
        machine,
        7,
        ["java", f"-Dcatalina.base={machine}/t1", f"-Dcatalina.home={machine}/home", "Bootstrap"],
        "system.slice/t1.service",
    )
    found = look(machine)
    (tomcat,) = found["tomcats"]
    assert (tomcat["base"], tomcat["home"], tomcat["running"]) == (f"{machine}/t1", f"{machine}/home", True)
    assert tomcat["unit"] == "t1.service"
    assert tomcat["user"] == _installation._user(os.getuid())
    assert found["files"] == {f"{machine}/t1/conf/server.xml": "<t1/>", f"{machine}/t1/conf/context.xml": "<t1/>"}


def test_by_its_unit_and_once(machine):
    for number, unit in (
        (
            1,
            "[Service]\nEnvironment=CATALINA_BASE={0}/t1\nEnvironment=CATALINA_HOME={0}/home\nEnvironmentFile=-{0}/env\n",
        ),
        (2, "[Service]\nExecStart={0}/t2/bin/catalina.sh run\n"),
    ):
        write(machine / f"units/t{number}.service", unit.format(machine))
    write(machine / "units/ssh.service", "[Service]\nExecStart=/usr/sbin/sshd\n")
    write(machine / "units/t@.service", "[Service]\nExecStart=/opt/%i/bin/catalina.sh run\n")
    write(machine / "env", "A=b\n")
    process(machine, 7, ["java", f"-Dcatalina.base={machine}/t2"])
    found = look(machine, [machine / "t1"])
    assert [(one["base"], one["unit"], one["running"]) for one in found["tomcats"]] == [
        (f"{machine}/t1", "t1.service", False),
        (f"{machine}/t2", "t2.service", True),
    ]
    assert found["tomcats"][0]["home"] == f"{machine}/home"
    assert found["tomcats"][0]["environment_files"] == [f"{machine}/env"]
    assert found["files"][f"{machine}/env"] == "A=b\n"


def test_what_lies_in_it(machine):
    base = machine / "t1"
    info = {
        "org/apache/catalina/util/ServerInfo.properties": "server.info=Apache Tomcat/9.0.117\nserver.number=9.0.117.0\n"
    }
    jar(base / "lib/catalina.jar", **info)
    jar(base / "lib/tomcat-i18n-de.jar")
    jar(base / "lib/driver.jar", **{"META-INF/maven/g/a/pom.properties": "version=1.0\ngroupId=g\nartifactId=a\n"})
    (base / "lib/broken.jar").write_text("no zip")
    for page in ("index.jsp", "tomcat.css"):
        write(base / "webapps/ROOT" / page, "")
    write(base / "webapps/shop##2.war", "")
    write(base / "webapps/shop/META-INF/context.xml", "<Context/>")
    write(base / "conf/Catalina/localhost/old.xml", "<Context/>")
    (tomcat,) = look(machine, [base])["tomcats"]
    assert tomcat["version"] == "9.0.117"
    assert [(one["path"].rpartition("/")[2], one["coordinates"], len(one["sha256"])) for one in tomcat["jars"]] == [
        ("broken.jar", "", 0),
        ("driver.jar", "g:a:1.0", 64),
    ]
    assert tomcat["webapps"] == [
        {"name": "ROOT", "stock": True},
        {"name": "shop", "stock": False},
        {"name": "shop##2", "stock": False},
    ]
    assert [path[len(str(base)) :] for path in tomcat["contexts"]] == [
        "/conf/Catalina/localhost/old.xml",
        "/webapps/shop/META-INF/context.xml",
    ]


def test_what_cannot_be_read_is_an_answer(machine, monkeypatch):
    (machine / "t1/conf/context.xml").unlink()
    (machine / "t1/conf/context.xml").mkdir()

    def fails(names, run):
        raise CollectionError("systemctl show ended with 1")

    monkeypatch.setattr(_installation, "units", fails)
    found = look(machine, [machine / "t1", machine / "none"])
    assert [one["path"] for one in found["unreadable"]] == [
        f"{machine}/none",
        "systemd",
        f"{machine}/t1/conf/context.xml",
    ]
    assert [one["base"] for one in found["tomcats"]] == [f"{machine}/t1"]


def test_ones_of_this_collection_are_left_out(machine, monkeypatch):
    monkeypatch.setattr(_installation, "is_ours", lambda unit: unit == "tomcat@jvm1.service")
    process(
        machine, 7, ["java", f"-Dcatalina.base={machine}/t1"], "system.slice/system-tomcat.slice/tomcat@jvm1.service"
    )
    assert look(machine)["tomcats"] == []


def test_one_in_a_container_is_told(machine):
    process(machine, 7, ["java", "-Dcatalina.base=/usr/local/tomcat"])
    (machine / "proc/7/root").symlink_to(machine / "t1")
    process(machine, 8, ["java", f"-Dcatalina.base={machine}/t2"])
    (machine / "proc/8/root").symlink_to("/")
    found = look(machine)
    assert [one["base"] for one in found["tomcats"]] == [f"{machine}/t2"]
    assert [one["path"] for one in found["unreadable"]] == ["/usr/local/tomcat"]


def test_the_users_of_processes(machine):
    assert _installation._user(0) == "root"
    assert _installation._user(2**31 - 7) == str(2**31 - 7)
    assert _installation._group(2**31 - 7) == str(2**31 - 7)
