# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a hand-made Tomcat is started: its unit, the files of its environment, and setenv.sh, as variables of this collection."""

# Private to this collection.

from __future__ import annotations

import re
import shlex
import typing as t
from dataclasses import dataclass, field

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError
from ansible_collections.roundrobin.tomcat.plugins.module_utils._xml.mask import is_secret
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._chain.instance_needs import java_options, path_problem

from .notes import Notes, Secrets

# Without them Java takes a quarter of the memory for its heap, as it did; the role's own default is smaller.
NO_OPTIONS = ["-XX:+ExitOnOutOfMemoryError"]
_ASSIGNMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=(.*)", re.DOTALL)
_REFERENCE = re.compile(r"\$(?:([A-Za-z_][A-Za-z0-9_]*)|\{([A-Za-z_][A-Za-z0-9_]*)(?::-)?\})")
_SINGLE_QUOTED = re.compile(r"'[^']*'")
_OPENS = ("if", "case", "for", "while", "until")
_CLOSES = ("fi", "esac", "done")
# A port that two Tomcats cannot have at once.
_LISTENS = re.compile(r"jmxremote(\.rmi)?\.port=|jdwp|-javaagent:.*[=:][0-9]{2,5}\b")
_OPTIONS = ("JAVA_OPTS", "CATALINA_OPTS")
# What the role sets, or what is of no use to it.
_QUIET_NAMES = frozenset(("CATALINA_HOME", "CATALINA_BASE", "CATALINA_PID", "CATALINA_TMPDIR", "PATH", "HOME", "PWD"))
_NOT_CARRIED = frozenset(
    (
        "CATALINA_OUT",
        "CLASSPATH",
        "JAVA_ENDORSED_DIRS",
        "JPDA_ADDRESS",
        "JPDA_OPTS",
        "JSSE_OPTS",
        "LOGGING_CONFIG",
        "LOGGING_MANAGER",
        "UMASK",
    )
)
# Of a unit: read, or the affair of the instance's own unit.
_QUIET_KEYS = frozenset(
    [
        "type",
        "user",
        "group",
        "environment",
        "environmentfile",
        "execstart",
        "execstop",
        "execreload",
        "pidfile",
        "restart",
        "restartsec",
        "successexitstatus",
        "killmode",
        "killsignal",
        "timeoutsec",
        "timeoutstartsec",
        "timeoutstopsec",
        "workingdirectory",
        "remainafterexit",
        "syslogidentifier",
        "readwritepaths",
        "readwritedirectories",
        "nonewprivileges",
        "privatetmp",
        "privatedevices",
        "protectsystem",
        "protecthome",
        "logsdirectory",
        "logsdirectorymode",
        "cachedirectory",
        "cachedirectorymode",
        "sendsigkill",
        "standardoutput",
        "standarderror",
        "umask",
        "guessmainpid",
    ]
)
_KNOWN_START = re.compile(r"/bin/(catalina\.sh\s+(run|start)|startup\.sh|daemon\.sh\s+run)")


@dataclass
class Start:
    """How a Tomcat is started."""

    #: the variables of the instance
    variables: dict[str, t.Any] = field(default_factory=dict)
    #: what its server.xml may refer to, the JVM's own properties
    properties: dict[str, str] = field(default_factory=dict)


def read_start(
    machine: str, found: t.Mapping[str, t.Any], files: t.Mapping[str, str], notes: Notes, secrets: Secrets
) -> Start:
    """Read all that says how this Tomcat is started."""
    return _StartReader(machine, found, files, notes, secrets).read()


@dataclass
class _Value:
    """A value of the environment, where it was said last, and whether Java sees it."""

    text: str
    place: tuple[str, int]
    exported: bool = True


@dataclass
class _StartReader:
    machine: str
    found: t.Mapping[str, t.Any]
    files: t.Mapping[str, str]
    notes: Notes
    secrets: Secrets
    environment: dict[str, _Value] = field(default_factory=dict)
    start: Start = field(default_factory=Start)
    user: str = ""
    group: str = ""

    def read(self) -> Start:
        """Read unit, files of the environment and setenv.sh in the order in which they come to bear."""
        self.user, self.group = self.found["user"], self.found["group"]
        for path in self.found["unit_files"]:
            self._unit(path)
        for path in self.found["environment_files"]:
            self._environment_file(path)
        # catalina.sh reads one of them.
        places = [f"{self.found[place]}/bin/setenv.sh" for place in ("base", "home")]
        for path in [path for path in dict.fromkeys(places) if path in self.files][:1]:
            self._script(path)
        self._user()
        self._options()
        self._names()
        return self.start

    # -- units -----------------------------------------------------------------

    def _unit(self, path: str) -> None:
        section = ""
        for number, line in _logical_lines(self.files.get(path, "")):
            if line.startswith("["):
                section = line.strip("[]")
                continue
            if line.startswith((";", "#")) or "=" not in line or section != "Service":
                continue
            key, _equals, value = (part.strip() for part in line.partition("="))
            value = self._specifiers(value)
            name = key.lower()
            if name == "environment":
                self._assignments(value, (path, number))
            elif name == "user":
                self.user = value
            elif name == "group":
                self.group = value
            elif name in ("readwritepaths", "readwritedirectories"):
                self._writable(value, (path, number))
            elif name == "execstart" and not _KNOWN_START.search(value):
                self.notes.add(
                    self.machine,
                    (path, number),
                    line,
                    "What this starts Tomcat with is not read. Set tomcat_instance_java_opts and tomcat_instance_environment.",
                )
            elif name not in _QUIET_KEYS:
                self.notes.add(
                    self.machine,
                    (path, number),
                    line,
                    "Not carried over. If it is needed, add it to a drop-in of the instance's unit, /etc/systemd/system/tomcat@NAME.service.d.",
                )

    def _specifiers(self, value: str) -> str:
        instance = self.found["unit"].partition("@")[2].rpartition(".")[0]
        known = {"%i": instance, "%I": instance, "%%": "%"}
        return re.sub(r"%.", lambda match: known.get(match[0], match[0]), value)

    def _assignments(self, text: str, place: tuple[str, int]) -> None:
        try:
            words = shlex.split(text)
        except ValueError:
            words = [text]
        for word in words:
            found = _ASSIGNMENT.fullmatch(word)
            if found:
                self.environment[found[1]] = _Value(found[2], place)
            else:
                self.notes.add(
                    self.machine, place, word.partition("=")[0], "This is not understood, and not carried over."
                )

    def _writable(self, value: str, place: tuple[str, int]) -> None:
        for path in value.split():
            path = path.lstrip("-+").rstrip("/")
            if any(f"{path}/".startswith(f"{self.found[known]}/") for known in ("base", "home")):
                continue
            why = path_problem(path)
            if why:
                self.notes.add(self.machine, place, path, f"Not accepted in tomcat_instance_writable_paths: {why}.")
            elif path not in self.start.variables.setdefault("tomcat_instance_writable_paths", []):
                self.start.variables["tomcat_instance_writable_paths"].append(path)

    def _environment_file(self, path: str) -> None:
        for number, line in _logical_lines(self.files.get(path, "")):
            if not line.startswith(("#", ";")):
                self._assignments(line, (path, number))

    # -- setenv.sh -------------------------------------------------------------

    def _script(self, path: str) -> None:
        depth = 0
        for number, line in _shell_lines(self.files[path]):
            words = line.split()
            if depth == 0 and words[0] not in _OPENS:
                self._command(line, (path, number))
                continue
            if depth == 0:
                self.notes.add(
                    self.machine,
                    (path, number),
                    line,
                    "A condition is not understood, and what is in it is not carried over.",
                )
            depth += (words[0] in _OPENS) - (words[0].rstrip(";") in _CLOSES or words[-1] in _CLOSES)

    def _command(self, line: str, place: tuple[str, int]) -> None:
        known = {name: value.text for name, value in self.environment.items()}
        known.update(CATALINA_BASE=self.found["base"], CATALINA_HOME=self.found["home"])

        def value_of(match: re.Match[str]) -> str:
            name = match[1] or match[2]
            # Nothing is what the shell makes of options that nobody has set.
            return known.get(name, "" if name in _OPTIONS else match[0])

        expanded = _REFERENCE.sub(value_of, line)
        plain = not re.search(r"[$`]", _SINGLE_QUOTED.sub("", expanded))
        words = (_shell_words(expanded) or []) if plain else []
        exported = words[:1] == ["export"]
        words = words[exported:]
        assignments = [_ASSIGNMENT.fullmatch(word) for word in words]
        if not words or not all(
            found or (exported and word in self.environment) for found, word in zip(assignments, words)
        ):
            shown = (
                line if not any(is_secret(word.partition("=")[0]) for word in line.split()) else line.partition("=")[0]
            )
            self.notes.add(self.machine, place, shown, "This is not understood, and not carried over.")
            return
        for found, word in zip(assignments, words):
            if found:
                before = self.environment.get(found[1])
                shown_to_java = exported or (before is not None and before.exported)
                self.environment[found[1]] = _Value(found[2], place, shown_to_java)
            else:
                self.environment[word].exported = True

    # -- what follows from them ------------------------------------------------

    def _user(self) -> None:
        if self.user in ("root", "0"):
            self.notes.add(
                self.machine,
                (self.found["base"], 0),
                "runs as root",
                "Here it runs as the user tomcat. Files that applications write outside of it must belong to that user.",
            )
            return
        for value, variable in (
            (self.user, "tomcat_instance_user"),
            (self.group or self.user, "tomcat_instance_group"),
        ):
            if value and value != "tomcat":
                self.start.variables[variable] = value

    def _options(self) -> None:
        options: list[str] = []
        for name in _OPTIONS:
            value = self.environment.pop(name, None)
            if value is None:
                continue
            try:
                found = java_options(value.text)
            except CollectionError as error:
                self.notes.add(
                    self.machine,
                    value.place,
                    f"{name} {error.message}",
                    "Not carried over. Set tomcat_instance_java_opts.",
                )
                continue
            for option in found:
                if _LISTENS.search(option):
                    self.notes.add(
                        self.machine,
                        value.place,
                        option,
                        "Left out: two Tomcats cannot listen on one port. Add it to tomcat_instance_java_opts when the old one is gone.",
                    )
                    continue
                key, _equals, text = option.partition("=")
                if key.startswith("-D"):
                    self.start.properties[key[2:]] = text
                self._old_paths(option, value.place)
                shown = self.secrets.unless_plain(f"option {key[2:]}", key, text) if text else text
                options.append(option if shown == text else type(shown)(f"{key}={shown}"))
        self.start.variables["tomcat_instance_java_opts"] = options or list(NO_OPTIONS)

    def _old_paths(self, text: str, place: tuple[str, int]) -> None:
        if any(str(self.found[known]) + "/" in text + "/" for known in ("base", "home")):
            self.notes.add(
                self.machine,
                place,
                text,
                "It is carried over, and names a path of the old Tomcat. Move what is there before you remove that.",
            )

    def _names(self) -> None:
        of_java = self.environment.pop("JAVA_HOME", None) or self.environment.pop("JRE_HOME", None)
        self.environment.pop("JRE_HOME", None)
        if of_java and of_java.text:
            self.start.variables["tomcat_instance_java_home"] = of_java.text.rstrip("/")
            self.start.variables["tomcat_instance_java_package"] = ""
        locale = self.environment.pop("LC_ALL", None) or self.environment.pop("LANG", None)
        self.environment.pop("LANG", None)
        if locale and locale.text:
            self.start.variables["tomcat_instance_locale"] = locale.text
        environment: dict[str, str] = {}
        for name, value in sorted(self.environment.items()):
            if name in _QUIET_NAMES or not value.exported:
                continue
            if name in _NOT_CARRIED:
                self.notes.add(
                    self.machine,
                    value.place,
                    f"{name}={value.text}",
                    "Not carried over: catalina.sh of the new instance has its own.",
                )
                continue
            self._old_paths(value.text, value.place)
            environment[name] = self.secrets.unless_plain(f"environment {name}", name, value.text)
        if environment:
            self.start.variables["tomcat_instance_environment"] = environment


def _logical_lines(text: str) -> t.Iterator[tuple[int, str]]:
    """Lines that are not empty, with the number of the first of those that a backslash joins."""
    first, whole = 0, ""
    for number, line in enumerate(text.splitlines(), 1):
        first = first or number
        if line.endswith("\\"):
            whole += line[:-1] + " "
            continue
        if (whole + line).strip():
            yield first, (whole + line).strip()
        first, whole = 0, ""


def _shell_lines(text: str) -> t.Iterator[tuple[int, str]]:
    """Commands of a script, each until its quotes end; without comments."""
    first, whole = 0, ""
    for number, line in _logical_lines(text):
        if not whole and line.startswith("#"):
            continue
        first = first or number
        whole = f"{whole}\n{line}" if whole else line
        if _shell_words(whole) is not None or number - first > 100:
            yield first, whole
            first, whole = 0, ""
    if whole:
        yield first, whole


def _shell_words(text: str) -> list[str] | None:
    """The words of a plain command, an empty list for what is no plain one, or None where a quote does not end."""
    lexer = shlex.shlex(text, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    try:
        words = list(lexer)
    except ValueError:
        return None
    return [] if any(set(word) <= set("();<>|&") for word in words) else words
