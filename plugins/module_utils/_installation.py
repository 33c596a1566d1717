# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Tomcats that somebody set up on this host by hand: where they are, how they are started, and what their files say.

A Tomcat is found by its process, by its unit, or because somebody names its CATALINA_BASE. What cannot be read is an answer, too.
"""

# Private to this collection.

from __future__ import annotations

import fnmatch
import glob
import grp
import os
import pwd
import re
import typing as t
import zipfile
from dataclasses import dataclass, field

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError
from ansible_collections.roundrobin.tomcat.plugins.module_utils._file import digest
from ansible_collections.roundrobin.tomcat.plugins.module_utils._host import content
from ansible_collections.roundrobin.tomcat.plugins.module_utils._listening import process_ids, text_or_nothing, unit_of
from ansible_collections.roundrobin.tomcat.plugins.module_utils._units import is_ours, units

UNIT_DIRECTORIES = ("/etc/systemd/system", "/usr/local/lib/systemd/system", "/usr/lib/systemd/system")
# What a CATALINA_BASE may have to say, beside its contexts.
FILES = ("conf/server.xml", "conf/context.xml", "conf/tomcat-users.xml", "bin/setenv.sh")
CONTEXTS = ("conf/*/*/*.xml", "webapps/*/META-INF/context.xml")
# The jars that a Tomcat comes with, from 6 to 11.
STOCK_JARS = (
    "annotations-api.jar",
    "catalina*.jar",
    "ecj-*.jar",
    "el-api.jar",
    "jakartaee-migration-*.jar",
    "jasper*.jar",
    "jaspic-api.jar",
    "jsp-api.jar",
    "servlet-api.jar",
    "tomcat-*.jar",
    "tomcat10-*.jar",
    "tomcat9-*.jar",
    "tomcat7-websocket.jar",
    "websocket-api.jar",
    "websocket-client-api.jar",
)
# What shows that webapps/ROOT is Tomcat's own page.
STOCK_ROOT = ("index.jsp", "tomcat.css")
_OF_UNIT = re.compile(r"\b(CATALINA_BASE|CATALINA_HOME)=([^\s\"']+)")
_SCRIPT = re.compile(r"(/[^\s\"']*)/bin/(?:catalina|startup|daemon)\.sh")
_ENVIRONMENT_FILE = re.compile(r"^\s*EnvironmentFile\s*=\s*-?\s*(\S+)", re.MULTILINE)

Run = t.Callable[[list[str]], tuple[int, str, str]]


@dataclass
class _Place:
    """A Tomcat, as far as it is known before its files are read."""

    base: str
    home: str = ""
    unit: str = ""
    user: str = ""
    group: str = ""
    running: bool = False
    #: where its unit was found; systemd knows more of it, where it runs
    unit_file: str = ""


@dataclass
class _FileReader:
    """Reads files, and remembers what they said and which of them could not be read."""

    files: dict[str, str] = field(default_factory=dict)
    unreadable: list[dict[str, str]] = field(default_factory=list)

    def read(self, path: str) -> str | None:
        """Return a text, or None where there is none."""
        if path not in self.files:
            try:
                text = content(path)
            except CollectionError as error:
                self.unreadable.append({"path": path, "reason": error.message})
                return None
            if text is None:
                return None
            self.files[path] = text
        return self.files[path]


def installations(bases: t.Sequence[str], run: Run, proc: str = "/proc") -> dict[str, t.Any]:
    """Return all Tomcats of this host that are none of this collection's, with the texts of their files."""
    reader = _FileReader()
    places: dict[str, _Place] = {}
    for place in (*_processes(proc, reader), *_in_units(), *_named(bases, reader)):
        known = places.setdefault(os.path.realpath(place.base), place)
        known.unit, known.home = known.unit or place.unit, known.home or place.home
        known.unit_file = known.unit_file or place.unit_file
    try:
        known_units = units([place.unit for place in places.values() if place.unit], run)
    except CollectionError as error:
        known_units = {}
        reader.unreadable.append({"path": "systemd", "reason": error.message})
    tomcats = [_describe(place, known_units.get(place.unit), reader) for place in places.values()]
    return {
        "tomcats": sorted(tomcats, key=lambda tomcat: str(tomcat["base"])),
        "files": reader.files,
        "unreadable": reader.unreadable,
    }


# Finding ---------------------------------------------------------------------


def _processes(proc: str, reader: _FileReader) -> t.Iterator[_Place]:
    for pid in process_ids(proc):
        try:
            with open(f"{proc}/{pid}/cmdline", "rb") as source:
                arguments = source.read().decode("utf-8", "replace").split("\0")
            with open(f"{proc}/{pid}/cgroup", encoding="utf-8") as source:
                unit = unit_of(source.read())
            owner = os.stat(f"{proc}/{pid}")
        except OSError:  # it is gone
            continue
        base = _property(arguments, "catalina.base")
        if not base or is_ours(unit):
            continue
        if _has_another_root(f"{proc}/{pid}/root/"):
            reader.unreadable.append(
                {"path": base, "reason": "this Tomcat runs in a container, whose files are not read"}
            )
            continue
        yield _Place(
            base,
            _property(arguments, "catalina.home"),
            unit if unit.endswith(".service") and not unit.startswith("user@") else "",
            _user(owner.st_uid),
            _group(owner.st_gid),
            running=True,
        )


def _has_another_root(path: str) -> bool:
    """Whether a process sees other files than this one, by its link in /proc. A sandbox of systemd's has the same root."""
    try:
        return not os.path.samefile(path, "/")
    except OSError:  # it is gone, or not ours to look at
        return False


def _property(arguments: t.Iterable[str], name: str) -> str:
    start = f"-D{name}="
    return next((argument[len(start) :] for argument in arguments if argument.startswith(start)), "")


def _user(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def _group(number: int) -> str:
    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return str(number)


def _in_units() -> t.Iterator[_Place]:
    """Those of units that say where their Tomcat is; of a template only its instances' processes know."""
    for directory in UNIT_DIRECTORIES:
        for path in sorted(glob.glob(f"{directory}/*.service")):
            name = os.path.basename(path)
            if name.endswith("@.service") or os.path.islink(path) or is_ours(name):
                continue
            text = text_or_nothing(path)
            if "catalina" not in text.lower():
                continue
            said = dict(_OF_UNIT.findall(text))
            script = _SCRIPT.search(text)
            home = said.get("CATALINA_HOME") or (script.group(1) if script else "")
            base = said.get("CATALINA_BASE") or home
            if base and "%" not in base and os.path.isdir(base):
                yield _Place(base, home, name, unit_file=path)


def _named(bases: t.Sequence[str], reader: _FileReader) -> t.Iterator[_Place]:
    for base in bases:
        if os.path.isfile(f"{base}/conf/server.xml"):
            yield _Place(base)
        else:
            reason = "has no conf/server.xml; the CATALINA_BASE of a Tomcat is expected"
            reader.unreadable.append({"path": base, "reason": reason})


# Reading ---------------------------------------------------------------------


def _describe(place: _Place, unit: t.Mapping[str, t.Any] | None, reader: _FileReader) -> dict[str, t.Any]:
    home = place.home or place.base
    paths = [f"{place.base}/{name}" for name in FILES]
    if home != place.base:
        paths.append(f"{home}/bin/setenv.sh")
    contexts = [path for pattern in CONTEXTS for path in sorted(glob.glob(f"{place.base}/{pattern}"))]
    of_unit = (unit["file"], *unit["drop_ins"]) if unit else (place.unit_file,)
    unit_files = [path for path in of_unit if path]
    for path in (*paths, *contexts, *unit_files):
        reader.read(path)
    environment_files = [
        path for name in unit_files for path in _ENVIRONMENT_FILE.findall(reader.files.get(name, "")) if "%" not in path
    ]
    for path in environment_files:
        reader.read(path)
    return {
        "base": place.base,
        "home": home,
        "version": _version(home),
        "running": place.running,
        "user": place.user,
        "group": place.group,
        "unit": place.unit,
        "unit_files": unit_files,
        "environment_files": environment_files,
        "contexts": [path for path in contexts if path in reader.files],
        "webapps": webapps(f"{place.base}/webapps"),
        "jars": [jar for lib in dict.fromkeys((f"{home}/lib", f"{place.base}/lib")) for jar in _jars(lib)],
    }


def _version(home: str) -> str:
    """The version that catalina.jar says, or nothing."""
    try:
        with zipfile.ZipFile(f"{home}/lib/catalina.jar") as jar:
            said = jar.read("org/apache/catalina/util/ServerInfo.properties").decode("utf-8", "replace")
    except (OSError, KeyError, zipfile.BadZipFile):
        return ""
    found = re.search(r"^server\.info=.*/([0-9][^\s]*)", said, re.MULTILINE)
    return found.group(1) if found else ""


def webapps(directory: str) -> list[dict[str, t.Any]]:
    """The applications by the names that Tomcat goes by, and whether one is Tomcat's own page."""
    try:
        entries = sorted(os.listdir(directory))
    except OSError:
        return []
    names = {
        entry[: -len(".war")] if entry.endswith(".war") else entry
        for entry in entries
        if entry.endswith(".war") or os.path.isdir(os.path.join(directory, entry))
    }
    return [
        {"name": name, "stock": all(os.path.exists(os.path.join(directory, name, page)) for page in STOCK_ROOT)}
        for name in sorted(names)
    ]


def _jars(lib: str) -> list[dict[str, str]]:
    """The jars that somebody put there, with what Maven calls them where they say so."""
    names = [
        name
        for name in (os.path.basename(path) for path in sorted(glob.glob(f"{lib}/*.jar")))
        if not any(fnmatch.fnmatchcase(name, stock) for stock in STOCK_JARS)
    ]
    return [{"path": f"{lib}/{name}", **_coordinates(f"{lib}/{name}")} for name in names]


def _coordinates(path: str) -> dict[str, str]:
    try:
        with zipfile.ZipFile(path) as jar:
            found = [name for name in jar.namelist() if fnmatch.fnmatchcase(name, "META-INF/maven/*/*/pom.properties")]
            # A jar with others in it has theirs, too.
            text = jar.read(found[0]).decode("utf-8", "replace") if len(found) == 1 else ""
        checksum = digest(path)
    except (OSError, zipfile.BadZipFile):
        return {"coordinates": "", "sha256": ""}
    said = dict(re.findall(r"^(groupId|artifactId|version)=(\S+)\s*$", text, re.MULTILINE))
    coordinates = ":".join(said[name] for name in ("groupId", "artifactId", "version")) if len(said) == 3 else ""
    return {"coordinates": coordinates, "sha256": checksum}
