# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What applications need of their instance: its environment, options of its JVM, jars, paths. Read, judged, and quoted for who reads it."""

# Private to this collection.

from __future__ import annotations

import re
import typing as t

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError

from .inventory import Problems, as_integer

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# What the role says itself, and by which variable it can be said.
_TAKEN_NAMES = {
    "CATALINA_HOME": "the role sets it",
    "CATALINA_BASE": "the role sets it",
    "CATALINA_TMPDIR": "the role sets it",
    "CATALINA_OPTS": "use tomcat_instance_java_opts",
    "JAVA_OPTS": "use tomcat_instance_java_opts",
    "JAVA_HOME": "use tomcat_instance_java_home",
    "LANG": "use tomcat_instance_locale",
    "LC_ALL": "use tomcat_instance_locale",
}
_LOCALE = re.compile(r"[A-Za-z0-9_.@-]+")
_COORDINATES = re.compile(r"[A-Za-z0-9_.-]+(:[A-Za-z0-9_.-]+){2}(:[A-Za-z0-9_.-]+)?")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_PATH = re.compile(r"""(/[^/\s"'\\$%:;]+)+""")
_WANTED_PATH = "a directory as /srv/uploads, without blanks and any of \"'\\$%:;"
# What the unit's own sandbox puts something else in the place of, and why.
_NOT_WRITABLE = {
    "/home": "the unit does not see it (ProtectHome)",
    "/root": "the unit does not see it (ProtectHome)",
    "/run/user": "the unit does not see it (ProtectHome)",
    "/tmp": "the unit has one of its own (PrivateTmp)",
    "/var/tmp": "the unit has one of its own (PrivateTmp)",
    "/proc": "it is the kernel's",
    "/sys": "it is the kernel's",
    "/dev": "it is the kernel's",
    "/etc": "an application that can write it can become root",
    "/usr": "an application that can write it can become root",
    "/boot": "an application that can write it can become root",
}
# These themselves, not what is below them.
_TOO_WIDE = ("/var", "/opt", "/srv", "/run", "/mnt", "/media")
_SAFE_IN_SH = re.compile(r"[^A-Za-z0-9@%+=:,./_-]+")


class _Split(CollectionError):
    """A text that cannot be split into options."""


# Reading --------------------------------------------------------------------


def java_options(given: t.Any) -> list[str]:
    """The options of the JVM: a list is taken as it is, a text is split at white space outside of quotes.

    Nothing else in a text has a meaning, neither a dollar sign nor a backslash, and the quotes go.
    """
    if isinstance(given, (list, tuple)):
        return [str(option) for option in given]
    options: list[str] = []
    word: str | None = None
    quote = ""
    for char in str(given or ""):
        if quote:
            if char == quote:
                quote = ""
            else:
                word = (word or "") + char
        elif char in "\"'":
            quote, word = char, word or ""
        elif char.isspace():
            options += [word] if word is not None else []
            word = None
        else:
            word = (word or "") + char
    if quote:
        raise _Split(f"has a {quote} without its end")
    return [*options, word] if word is not None else options


def problems_of_needs(host: str, variables: t.Mapping[str, t.Any]) -> list[str]:
    """Everything that is wrong with these variables of one instance. Values that may be secret are not shown."""
    problems = Problems()

    def wrong(variable: str, what: str) -> None:
        problems.add(f"{host}: {variable} {what}.")

    _check_environment(variables.get("tomcat_instance_environment") or {}, wrong)
    _check_options(variables.get("tomcat_instance_java_opts"), wrong)
    locale = variables.get("tomcat_instance_locale", "")
    if not isinstance(locale, str) or (locale and not _LOCALE.fullmatch(locale)):
        wrong("tomcat_instance_locale", f"is {locale!r}, it must be the name of a locale, as C.UTF-8 or de_DE.UTF-8")
    _check_jars(variables.get("tomcat_instance_jars") or [], wrong)
    _check_paths(variables.get("tomcat_instance_writable_paths") or [], wrong)
    for variable, lowest, highest in (
        ("tomcat_instance_max_header_bytes", 8192, 65536),
        ("tomcat_instance_max_form_bytes", -1, 2**31 - 1),
        ("tomcat_instance_access_log_days", 1, 36500),
    ):
        number = variables.get(variable)
        if number is not None and not lowest <= (_integer(number, lowest - 1)) <= highest:
            wrong(variable, f"is {number!r}, it must be from {lowest} to {highest}")
    return problems.lines


Complain = t.Callable[[str, str], None]


def _integer(value: t.Any, otherwise: int) -> int:
    number = value if isinstance(value, int) and not isinstance(value, bool) else as_integer(value)
    return otherwise if number is None else number


def _check_environment(given: t.Any, wrong: Complain) -> None:
    variable = "tomcat_instance_environment"
    if not isinstance(given, t.Mapping):
        wrong(variable, "must be a dictionary of names and values")
        return
    for name, value in given.items():
        if not _NAME.fullmatch(str(name)):
            wrong(variable, f"has the name {name!r}, it must be of letters, digits and '_', and not begin with a digit")
        elif str(name) in _TAKEN_NAMES:
            wrong(variable, f"has {name}, which is not accepted: {_TAKEN_NAMES[str(name)]}")
        elif isinstance(value, (t.Mapping, list, tuple)) or value is None:
            wrong(variable, f"has no text as the value of {name}")
        elif "\0" in str(value):
            wrong(variable, f"has a NUL in the value of {name}, which no environment can hold")


def _check_options(given: t.Any, wrong: Complain) -> None:
    variable = "tomcat_instance_java_opts"
    if given is not None and not isinstance(given, (str, list, tuple)):
        wrong(variable, "must be a text, or a list with one option of the JVM in each item")
        return
    try:
        options = java_options(given)
    except _Split as error:
        wrong(variable, f"{error}: give a list, with one option of the JVM in each item")
        return
    for option in options:
        name = re.split(r"[=:]", option)[0]
        if "\0" in option or "\n" in option:
            wrong(variable, f"has a NUL or the end of a line in the option {name}, which cannot be passed on")
        elif not option.startswith(("-", "@")):
            wrong(
                variable,
                f"has an option that does not begin with - (number {options.index(option) + 1}): an option with a blank in it "
                "is an item of a list, or stands in quotes",
            )


def _check_jars(given: t.Any, wrong: Complain) -> None:
    variable = "tomcat_instance_jars"
    wanted = "{coordinates: org.postgresql:postgresql:42.7.4, sha256: 64 hexadecimal digits}"
    if not isinstance(given, (list, tuple)):
        wrong(variable, f"must be a list of {wanted}")
        return
    names: list[str] = []
    for item in given:
        if (
            not isinstance(item, t.Mapping)
            or set(item) != {"coordinates", "sha256"}
            or not _COORDINATES.fullmatch(str(item["coordinates"]))
            or not _SHA256.fullmatch(str(item["sha256"]))
        ):
            wrong(variable, f"has {dict(item) if isinstance(item, t.Mapping) else item!r}, it must be {wanted}")
            continue
        names.append(jar_name(str(item["coordinates"])))
    for name in {name for name in names if names.count(name) > 1}:
        wrong(variable, f"has two jars that would be {name}")


def _check_paths(given: t.Any, wrong: Complain) -> None:
    variable = "tomcat_instance_writable_paths"
    if not isinstance(given, (list, tuple)):
        wrong(variable, "must be a list of directories, as [/srv/uploads]")
        return
    for path in given:
        if not isinstance(path, str) or not _is_path(path):
            wrong(variable, f"has {path!r}, it must be {_WANTED_PATH}")
        elif path_problem(path):
            wrong(variable, f"has {path}, which is not accepted: {path_problem(path)}")


def path_problem(path: str) -> str:
    """Say why applications may not be let write to a directory, or nothing."""
    if not _is_path(path):
        return f"it must be {_WANTED_PATH}"
    why = next((why for top, why in _NOT_WRITABLE.items() if path == top or path.startswith(top + "/")), "")
    return why or ("name the directory below it that is meant" if path in _TOO_WIDE else "")


def _is_path(path: str) -> bool:
    return bool(_PATH.fullmatch(path)) and not {".", ".."} & set(path.split("/"))


# Writing --------------------------------------------------------------------


def jar_name(coordinates: str) -> str:
    """The name of a jar in the instance's lib. By how it begins the role knows later that it has put it there."""
    parts = coordinates.split(":")
    return f"roundrobin-{parts[1]}-{parts[2]}.{parts[3] if len(parts) > 3 else 'jar'}"


def jars_in_lib(
    jars: t.Iterable[t.Mapping[str, str]], entries: t.Iterable[t.Mapping[str, t.Any]], lib: str
) -> list[dict[str, t.Any]]:
    """Each jar: how it is fetched, what it is called then, where it is to lie, and whether it is missing there.

    entries: what lies on the host, with the checksums of jars.
    """
    there = {entry["path"]: entry.get("checksum") for entry in entries}
    found = []
    for jar in jars:
        coordinates = jar["coordinates"] if jar["coordinates"].count(":") == 3 else jar["coordinates"] + ":jar"
        _group, artifact, version, kind = coordinates.split(":")
        path = f"{lib}/{jar_name(coordinates)}"
        found.append(
            {
                "artifact": {"coordinates": coordinates, "checksum": jar["sha256"]},
                "name": jar_name(coordinates),
                "fetched_as": f"{artifact}-{version}.{kind}",
                "path": path,
                "missing": there.get(path) != jar["sha256"],
            }
        )
    return found


def for_sh(options: t.Iterable[str]) -> str:
    """Options of the JVM as catalina.sh has to find them in a variable, which it gives to eval.

    The first characters stay bare, so that a script can see what kind of option it is.
    """
    return " ".join(_SAFE_IN_SH.sub(lambda found: _quoted(found[0]), option) or "''" for option in options)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def for_systemd(name: str, value: str) -> str:
    """A line of an EnvironmentFile of systemd. In double quotes it knows four characters that a backslash makes ordinary ones."""
    return f'{name}="' + re.sub(r'(["\\`$])', r"\\\1", value) + '"'


def environment_file(environment: t.Mapping[str, t.Any]) -> str:
    """The instance's variables as an EnvironmentFile."""
    return "".join(for_systemd(str(name), _text(value)) + "\n" for name, value in sorted(environment.items()))


def _text(value: t.Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def catalina_opts(given: t.Any, always: t.Iterable[str], *, utf8: bool) -> str:
    """All options of the JVM, for catalina.sh.

    utf8: whether files are read and written in UTF-8 where no option says otherwise. Java 17 goes by the locale, which knows of
    names of files only what the C library does.
    """
    options = java_options(given)
    defaults = [
        option
        for option in (["-Dfile.encoding=UTF-8"] if utf8 else [])
        if not any(other.startswith(option.partition("=")[0] + "=") for other in options)
    ]
    return for_sh([*always, *defaults, *options])
