# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os

import pytest

from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._chain.own_files import own_files

BASE = "/var/opt/tomcat/app3"
UNIT = "tomcat@app3.service"
UNIT_FILE = f"/etc/systemd/system/{UNIT}"
OWN = {
    "unit": UNIT,
    "base": BASE,
    "directories": [
        *(f"{BASE}{name}" for name in ("", "/conf", "/conf/Catalina", "/lib", "/webapps", "/session-store")),
        f"{UNIT_FILE}.d",
    ],
    "trees": [f"{BASE}/releases", f"{BASE}/logs", f"{BASE}/conf/roundrobin-manager"],
    "files": [f"{BASE}/conf/server.xml", f"{BASE}/lib/own-driver.jar", f"{UNIT_FILE}.d/instance.conf"],
    "last": [UNIT_FILE],
    "jars": [f"{BASE}/lib", f"{BASE}/session-store"],
    "releases": f"{BASE}/releases",
    "webapps": f"{BASE}/webapps",
    "kept": [],
    "archive": "",
}
OUR_UNIT = {"file": UNIT_FILE, "drop_ins": [], "active": True, "enabled": True, "ours": True}
THERE = {
    BASE: "directory",
    f"{BASE}/conf": "directory",
    f"{BASE}/conf/Catalina": "directory",
    f"{BASE}/conf/server.xml": "file",
    f"{BASE}/conf/roundrobin-manager": "directory",
    f"{BASE}/lib": "directory",
    f"{BASE}/lib/own-driver.jar": "file",
    f"{BASE}/lib/roundrobin-session-store.jar": "file",
    f"{BASE}/logs": "directory",
    f"{BASE}/releases": "directory",
    f"{BASE}/releases/ROOT": "directory",
    f"{BASE}/webapps": "directory",
    f"{BASE}/webapps/ROOT": "link",
    f"{BASE}/webapps/ROOT##000001": "link",
    UNIT_FILE: "file",
    "/etc/systemd/system/other.service": "file",
}


def look(*others, **more):
    """What is decided where these paths are there."""
    (there,) = others or (THERE,)
    unit, own = more.pop("unit", OUR_UNIT), more.pop("own", OWN)
    paths = {**there, **more}
    asked = [*own["directories"], own["releases"], *map(os.path.dirname, [*own["last"], *own["kept"], own["archive"]])]
    return own_files(
        {
            "entries": [{"path": path, "type": kind, "checksum": None} for path, kind in paths.items()],
            "missing": [path for path in asked if path not in paths and path != "/etc/systemd/system"],
            "units": {UNIT: unit} if unit else {},
        },
        own,
    )


def test_an_instance_goes_as_a_whole_and_its_unit_last():
    assert look() == {
        "problems": [],
        "unit": UNIT,
        "base": BASE,
        "archive": "",
        "remove": [BASE, UNIT_FILE],
        "stay": [],
    }


def test_nothing_is_there():
    assert look({"/etc/systemd/system/other.service": "file"}, unit=None) == {
        "problems": [],
        "unit": "",
        "base": BASE,
        "archive": "",
        "remove": [],
        "stay": [],
    }


@pytest.mark.parametrize(
    "path, kind",
    [
        ("conf/own.properties", "file"),
        ("conf/Catalina/jmx", "directory"),
        ("lib/driver.jar", "file"),
        ("webapps/page", "directory"),
        ("webapps/elsewhere", "link"),
        ("uploads", "directory"),
    ],
)
def test_what_somebody_else_put_there_stays_with_the_directories_above_it(path, kind):
    found = look(**{f"{BASE}/{path}": kind})
    assert found["stay"] == [f"{BASE}/{path}"]
    above = {BASE}.union(os.path.join(BASE, *path.split("/")[:depth]) for depth in range(path.count("/") + 1))
    assert not above.intersection(found["remove"])
    assert f"{BASE}/logs" in found["remove"]
    kept = f"{BASE}/{path}"
    assert not any(kept == one or kept.startswith(f"{one}/") for one in found["remove"])
    assert found["remove"][-1] == UNIT_FILE


def test_drop_ins_of_somebody_else_stay():
    drop_ins = f"{UNIT_FILE}.d"
    ours = {drop_ins: "directory", f"{drop_ins}/instance.conf": "file"}
    assert look(**ours)["remove"] == [BASE, drop_ins, UNIT_FILE]
    both = look(**ours, **{f"{drop_ins}/limits.conf": "file"})
    assert (both["remove"], both["stay"]) == (
        [f"{drop_ins}/instance.conf", BASE, UNIT_FILE],
        [f"{drop_ins}/limits.conf"],
    )


def test_what_users_have_uploaded_is_named():
    own = {**OWN, "kept": ["/srv/uploads", "/srv/gone", f"{BASE}/uploads"]}
    found = look(own=own, **{"/srv/uploads": "directory", f"{BASE}/uploads": "directory"})
    assert found["stay"] == [f"{BASE}/uploads", "/srv/uploads"]


def test_somebody_elses_instance_is_refused():
    theirs = {BASE: "directory", f"{BASE}/conf": "directory", f"{BASE}/conf/server.xml": "file"}
    assert look(theirs, unit=None)["problems"] == [f"{BASE} is an instance that somebody else has set up."]
    # A run that died had removed its releases.
    assert look(theirs)["problems"] == []
    assert look(theirs, unit={**OUR_UNIT, "ours": False})["problems"] == [
        f"{UNIT} is none of this collection's ({UNIT_FILE})."
    ]


def test_where_releases_are_archived():
    archive = {**OWN, "archive": "/srv/old/app3.tar.gz"}
    assert look(own=archive)["problems"] == [
        "/srv/old is not there: tomcat_instance_removed_archive is a directory of the host."
    ]
    found = look(own=archive, **{"/srv/old": "directory"})
    assert (found["problems"], found["archive"]) == ([], "/srv/old/app3.tar.gz")
    inside = look(own={**OWN, "archive": f"{BASE}/logs/app3.tar.gz"})
    assert inside["problems"] == [f"{BASE}/logs is below {BASE}, which goes: name another directory."]
    # Nothing to archive.
    without = look({BASE: "directory", UNIT_FILE: "file"}, own=archive)
    assert (without["problems"], without["archive"]) == ([], "")
