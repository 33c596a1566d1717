# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What httpd's configuration opens and serves: its Listen directives and virtual hosts, read as httpd reads them.

The files are walked in httpd's order, with their Include, IfModule, IfDefine, Define and ${NAME}. What is in a Macro is not seen.
"""

# Private to this collection.

from __future__ import annotations

import fnmatch
import glob
import os
import re
import typing as t
from dataclasses import dataclass, field

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError
from ansible_collections.roundrobin.tomcat.plugins.module_utils._file import reason

# What is built into every httpd.
BUILT_IN = frozenset(
    form
    for name in ("core", "http_core", "log_config", "logio", "so", "unixd", "version", "watchdog")
    for form in (f"{name}_module", f"{name}.c", f"mod_{name}.c")
)
# As deep as files include one another, and sections stand in one another.
DEEPEST = 50
_VARIABLE = re.compile(r"\$\{([^}:]+)\}")
_WORD = re.compile(r'"((?:[^"\\]|\\.)*)"|\'((?:[^\'\\]|\\.)*)\'|(\S+)')
_EXPORT = re.compile(r"^\s*export\s+([A-Za-z0-9_]+)=(.*)$", re.MULTILINE)
_URL_HOST = re.compile(r"(?:ajp|https?)://(\[[^\]]+\]|[^\s:/]+)")
_CONDITIONS = ("ifmodule", "ifdefine", "iffile")


@dataclass
class _Walk:
    """What is known while the files are read, one line after another."""

    root: str
    ours: t.Sequence[str]
    variables: dict[str, str]
    modules: set[str] = field(default_factory=lambda: set(BUILT_IN))
    listens: list[dict[str, t.Any]] = field(default_factory=list)
    hosts: list[dict[str, t.Any]] = field(default_factory=list)
    server_name: str = ""
    document_root: str = ""
    #: the open sections, innermost last: whether what stands in them counts, and what they are for
    sections: list[tuple[str, bool, str]] = field(default_factory=list)
    #: the virtual host that is being read
    host: dict[str, t.Any] | None = None
    #: the names of the directives outside of virtual hosts
    main: set[str] = field(default_factory=set)
    #: where these send all paths on, which virtual hosts inherit
    forwards: list[dict[str, t.Any]] = field(default_factory=list)
    #: every directive that counts, as it is written and where
    lines: list[dict[str, t.Any]] = field(default_factory=list)


def read(path: str, ours: t.Sequence[str] = ()) -> dict[str, t.Any] | None:
    """Return what httpd opens and serves by the configuration that begins with this file, or None where there is no such file.

    ours: patterns of the paths that are left out.
    """
    walk = _walked(path, ours)
    if walk is None:
        return None
    return {
        "config": path,
        "server_name": walk.server_name,
        "listens": walk.listens,
        "virtual_hosts": [
            {**host, "directives": sorted(host["directives"]), "documents": documents(host["document_root"])}
            for host in walk.hosts
        ],
        "document_root": walk.document_root,
        "documents": documents(walk.document_root),
        "directives": sorted(walk.main),
        "forwards": walk.forwards,
    }


def read_lines(path: str, ours: t.Sequence[str] = ()) -> dict[str, t.Any] | None:
    """Return every directive of the configuration that begins with this file, as it is written, or None where there is no such file.

    Each has the number of its virtual host, or None outside of them, and the sections that it stands in.
    """
    walk = _walked(path, ours)
    if walk is None:
        return None
    hosts = [{key: host[key] for key in ("addresses", "names", "file", "line")} for host in walk.hosts]
    return {
        "config": path,
        "server_name": walk.server_name,
        "listens": walk.listens,
        "virtual_hosts": hosts,
        "lines": walk.lines,
    }


def member_hosts(lines: t.Iterable[t.Mapping[str, t.Any]]) -> list[str]:
    """Return the names of the hosts that balancers' members are on."""
    found = [_URL_HOST.match(word) for line in lines if line["name"] == "balancermember" for word in line["words"]]
    return list(dict.fromkeys(match[1].strip("[]") for match in found if match))


def _walked(path: str, ours: t.Sequence[str]) -> _Walk | None:
    if not os.path.exists(path):
        return None
    directory = os.path.dirname(path)
    # Red Hat's httpd.conf lies in conf below the root, Debian's apache2.conf in it.
    root = os.path.dirname(directory) if os.path.basename(directory) == "conf" else directory
    walk = _Walk(root, ours, _environment(os.path.join(directory, "envvars")))
    _read_file(walk, path, 0)
    return walk


def documents(directory: str) -> list[str]:
    """Return what lies in a DocumentRoot, at most 20 names, without the page that the distribution puts there."""
    try:
        names = sorted(os.listdir(directory)) if directory else []
    except OSError:  # a site without files may name a directory that is not there
        return []
    return [name for name in names if not _is_the_distributions(os.path.join(directory, name))][:20]


def _is_the_distributions(path: str) -> bool:
    if os.path.basename(path) != "index.html" or not os.path.isfile(path):
        return False
    return bool(re.search(r"<title>Apache2? (Debian |Ubuntu )?Default Page", _text(path)))


def _environment(path: str) -> dict[str, str]:
    """What Debian's envvars gives httpd, as far as it is plain."""
    text = _text(path) if os.path.exists(path) else ""
    return {name: value.split("#")[0].strip().strip("\"'") for name, value in _EXPORT.findall(text)}


def _read_file(walk: _Walk, path: str, depth: int) -> None:
    if depth > DEEPEST:
        raise CollectionError(f"{path}: files that include one another more than {DEEPEST} deep are not accepted")
    if any(fnmatch.fnmatchcase(path, pattern) for pattern in walk.ours):
        return
    for number, line in _lines(_text(path)):
        name, _space, rest = line.partition(" ")
        lower = name.lower()
        if lower.startswith("</"):
            _close(walk, lower[2:].rstrip(">"))
        elif lower.startswith("<"):
            _open(walk, lower[1:].rstrip(">"), rest.rstrip().rstrip(">"), path, number)
        elif all(counts for _section, counts, _what in walk.sections):
            words = _words(walk, rest)
            _note(walk, line, lower, words, path, number)
            _directive(walk, lower, words, path, number, depth)


def _note(walk: _Walk, line: str, name: str, words: list[str], path: str, number: int) -> None:
    if walk.host is None:
        walk.main.add(name)
        if name == "proxypass" and words[:1] == ["/"] and words[1:2] != ["!"]:
            walk.forwards.append({"text": line, "file": path, "line": number})
    walk.lines.append(
        {
            "name": name,
            "words": words,
            "text": line,
            "file": path,
            "line": number,
            "host": None if walk.host is None else len(walk.hosts) - 1,
            "sections": [
                [section, what]
                for section, _counting, what in walk.sections
                if section not in (*_CONDITIONS, "virtualhost")
            ],
        }
    )


def _lines(text: str) -> t.Iterator[tuple[int, str]]:
    """Directives with the number of their first line: without comments, and lines that end with a backslash joined."""
    first, whole = 0, ""
    for number, line in enumerate(text.splitlines(), 1):
        first = first or number
        if line.endswith("\\"):
            whole += line[:-1]
            continue
        whole = " ".join((whole + line).split())
        if whole and not whole.startswith("#"):
            yield first, whole
        first, whole = 0, ""


def _words(walk: _Walk, text: str) -> list[str]:
    def value(match: re.Match[str]) -> str:
        return walk.variables.get(match.group(1), match.group(0))

    words = ("".join(groups) for groups in _WORD.findall(text))
    return [_VARIABLE.sub(value, word) for word in words]


def _open(walk: _Walk, name: str, rest: str, path: str, number: int) -> None:
    if len(walk.sections) > DEEPEST:
        raise CollectionError(f"{path}: sections that stand in one another more than {DEEPEST} deep are not accepted")
    outer = all(counts for _section, counts, _what in walk.sections)
    words = _words(walk, rest)
    walk.sections.append((name, _counts(walk, name, words), " ".join(words)))
    if name == "virtualhost" and outer:
        walk.host = {
            "addresses": [{"address": address, "port": port} for address, port, _scheme in map(_place, words)],
            "names": [],
            "document_root": "",
            "directives": set(),
            "file": path,
            "line": number,
        }
        walk.hosts.append(walk.host)


def _counts(walk: _Walk, name: str, words: list[str]) -> bool:
    if name == "macro":
        return False
    if name not in _CONDITIONS or not words:
        return True
    negated = words[0].startswith("!")
    what = words[0].lstrip("!")
    if name == "ifmodule":
        holds = what in walk.modules
    elif name == "ifdefine":
        holds = what in walk.variables
    else:
        holds = os.path.exists(os.path.join(walk.root, what))
    return holds != negated


def _close(walk: _Walk, name: str) -> None:
    if walk.sections and walk.sections[-1][0] == name:
        walk.sections.pop()
    if name == "virtualhost":
        walk.host = None


def _directive(walk: _Walk, name: str, words: list[str], path: str, number: int, depth: int) -> None:
    if not words:
        return
    if walk.host is not None:
        walk.host["directives"].add(name)
    if name in ("include", "includeoptional"):
        for included in _included(walk, words[0]):
            _read_file(walk, included, depth + 1)
    elif name == "define":
        walk.variables[words[0]] = words[1] if len(words) > 1 else ""
    elif name == "undefine":
        walk.variables.pop(words[0], None)
    elif name == "loadmodule" and len(words) > 1:
        walk.modules.update((words[0], os.path.splitext(os.path.basename(words[1]))[0] + ".c"))
    elif name == "serverroot":
        walk.root = words[0]
    elif name == "listen":
        address, port, _scheme = _place(words[0])
        protocol = words[1] if len(words) > 1 else ""
        walk.listens.append({"address": address, "port": port, "protocol": protocol, "file": path, "line": number})
    elif name in ("servername", "serveralias"):
        names = [_without_port(word).lower() for word in words]
        if walk.host is not None:
            walk.host["names"] += names
        else:
            walk.server_name = names[0]
    elif name == "documentroot":
        place = os.path.join(walk.root, words[0])
        if walk.host is not None:
            walk.host["document_root"] = place
        else:
            walk.document_root = place


def _included(walk: _Walk, pattern: str) -> list[str]:
    """Files of a pattern in httpd's order, by name; those of a directory with all below it."""
    found: list[str] = []
    for path in sorted(glob.glob(os.path.join(walk.root, pattern))):
        if os.path.isdir(path):
            for directory, directories, names in os.walk(path):
                directories.sort()
                found += [os.path.join(directory, name) for name in sorted(names)]
        else:
            found.append(path)
    return found


def _place(text: str) -> tuple[str, int, str]:
    """Split ADDRESS:PORT, PORT, [ADDRESS]:PORT or ADDRESS; * is all addresses, and port 0 is every port."""
    scheme, _colons, rest = text.rpartition("://")
    if rest.startswith("["):
        address, _bracket, port = rest[1:].partition("]")
        return address.lower(), _number(port.lstrip(":")), scheme
    if rest.isdigit():
        return "*", int(rest), scheme
    address, _colon, port = rest.partition(":")
    return "*" if address in ("", "_default_") else address.lower(), _number(port), scheme


def _number(text: str) -> int:
    return int(text) if text.isdigit() else 0


def _without_port(name: str) -> str:
    return re.sub(r":\d+$", "", name.rpartition("://")[2])


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as source:
            return source.read()
    except OSError as error:
        raise CollectionError(
            f"{path}: cannot be read: {reason(error)}; a file that httpd can read is expected"
        ) from error
