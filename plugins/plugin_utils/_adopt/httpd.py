# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a hand-made configuration of httpd says of the balancer: the site, its paths, its members, and the variables for all that."""

# Private to this collection.

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass, field

from ansible_collections.roundrobin.tomcat.plugins.module_utils._xml.mask import MASK, is_secret
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._chain.site import URL_PATH
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._chain.topology import (
    LISTEN_PORT,
    STICKY_COOKIE,
    STICKY_PATH_PARAMETER,
    TLS_PORT,
)

from .notes import Notes

Line = t.Mapping[str, t.Any]
Place = tuple[str, int]

_MEMBER_URL = re.compile(r"(ajp|https?|wss?|fcgi|scgi|h2c?|unix)://(\[[^\]]+\]|[^:/]+)(?::([0-9]+))?/?.*")
_BALANCER_URL = re.compile(r"balancer://([^/]+)(/.*)?")
_DEFAULT_PORTS = {"ajp": 8009, "http": 80}
LB_METHODS = ("byrequests", "bytraffic", "bybusyness")
# Settings of members that are one variable for all of them, as numbers.
_OF_ALL_MEMBERS = {
    "timeout": "apache_balancer_timeout",
    "connectiontimeout": "apache_balancer_connection_timeout",
    "ping": "apache_balancer_ping",
    "max": "apache_balancer_max",
    "acquire": "apache_balancer_acquire",
    "hcinterval": "apache_balancer_hcheck_interval",
    "hcfails": "apache_balancer_hcheck_fails",
    "hcpasses": "apache_balancer_hcheck_passes",
}
_HCHECK_METHODS = {"TCP", "CPING", "OPTIONS", "HEAD", "GET"}
# What is read somewhere else, or is the collection's own affair.
_QUIET_OPTIONS = {"route", "secret", "loadfactor", "lbset", "status", "upgrade", "scolonpathdelim", "stickysession"}
# What is different here on purpose.
_ON_PURPOSE = {
    "retry": "A failed member is tried again after 1 second here (apache_balancer_retry): with more, users get 503 when the others fail too.",
    "ttl": "An idle connection is used again for 1 second here (apache_balancer_ttl), which is less than Tomcat keeps it.",
    "nofailover": "Here a user whose member is out always goes to another one.",
}
_QUIET = frozenset(
    [
        "servername",
        "serveralias",
        "serveradmin",
        "serversignature",
        "proxypass",
        "proxypassmatch",
        "proxypassreverse",
        "proxyrequests",
        "proxypreservehost",
        "proxyvia",
        "proxystatus",
        "balancermember",
        "proxyset",
        "errorlog",
        "customlog",
        "transferlog",
        "loglevel",
        "include",
        "includeoptional",
        "define",
        "sslengine",
        "sslcertificatefile",
        "sslcertificatekeyfile",
        "sslprotocol",
        "sslciphersuite",
        "sslhonorcipherorder",
        "sslsessiontickets",
        "protocols",
        "rewriteengine",
        "remoteiptrustedproxy",
        "remoteipinternalproxy",
        "remoteipheader",
        "documentroot",
    ]
)
_ACCESS = frozenset(("require", "order", "allow", "deny", "satisfy"))
_TO_SITE = "If it is still needed, add it to httpd_site_directives of an application in tomcat_applications."


@dataclass(frozen=True)
class HandMadeMember:
    """A BalancerMember."""

    place: Place
    scheme: str
    host: str
    port: int
    balancer: str
    options: t.Mapping[str, str]

    @property
    def url(self) -> str:
        """How it is written."""
        return f"{self.scheme}://{self.host}:{self.port}"

    @property
    def route(self) -> str:
        """The route, or nothing."""
        return self.options.get("route", "")


@dataclass
class Site:
    """The site that an httpd has for the applications."""

    machine: str
    #: the variables of the balancer's host
    variables: dict[str, t.Any] = field(default_factory=dict)
    members: list[HandMadeMember] = field(default_factory=list)
    #: the balancer that each path goes to
    paths: dict[str, str] = field(default_factory=dict)
    #: what does not go to a balancer, with the directory that it comes from, or none
    excluded: dict[str, str] = field(default_factory=dict)
    #: the balancers whose members take WebSockets
    websockets: set[str] = field(default_factory=set)
    #: the cookie that holds the route
    sticky_cookie: str = STICKY_COOKIE


def read_site(machine: str, httpd: t.Mapping[str, t.Any], notes: Notes) -> Site | None:
    """Return what httpd has of a chain, or None where it has no balancer."""
    return _SiteReader(machine, httpd, notes).read()


@dataclass
class _SiteReader:
    machine: str
    httpd: t.Mapping[str, t.Any]
    notes: Notes

    def read(self) -> Site | None:
        """Read it in httpd's order."""
        lines: list[Line] = list(self.httpd["lines"])
        site = Site(self.machine, members=list(self._members(lines)))
        passes = [line for line in lines if line["name"] in ("proxypass", "proxypassmatch")]
        to_balancers = [line for line in passes if _BALANCER_URL.match(_target(line)[1])]
        for line in lines:
            self._other_ways(line)
        if not site.members or not to_balancers:
            return None
        scopes = self._scopes(to_balancers)
        own = [line for line in lines if line["host"] in scopes]
        self._paths([line for line in passes if line["host"] in scopes], own, site)
        site.members = [member for member in site.members if member.balancer in site.paths.values()]
        self._names(scopes, site)
        self._tls([line for line in own if line["host"] is not None], scopes, site)
        self._settings(lines, passes, site)
        proxies = [
            word
            for line in lines
            if line["name"] in ("remoteiptrustedproxy", "remoteipinternalproxy") and line["host"] in {None, *scopes}
            for word in line["words"]
        ]
        if proxies:
            site.variables["apache_balancer_trusted_proxies"] = proxies
        self._rest(own, site)
        return site

    def _add(self, line: Line, then: str) -> None:
        around = "".join(f"<{name} {what}> " for name, what in line["sections"])
        text = line["text"]
        for number, word in enumerate(line["words"][:-1]):
            # The value of a header or a variable with such a name.
            if is_secret(word) or word.lower() == "authorization":
                text = " ".join([text.split()[0], *line["words"][: number + 1], MASK])
                break
        self.notes.add(self.machine, _place(line), around + text, then)

    def _other_ways(self, line: Line) -> None:
        """What leads to Tomcats without a ProxyPass to a balancer."""
        if line["name"].startswith("jk"):
            self._add(line, "mod_jk is not read. Add what it serves by hand.")
        elif line["name"] == "rewriterule" and any("balancer://" in word for word in line["words"]):
            self._add(line, "A path that RewriteRule sends to a balancer is not read. Add it to tomcat_applications.")
        elif line["name"] in ("proxypass", "proxypassmatch"):
            target = _target(line)[1]
            if re.match(r"(ajp|http)://", target):
                self._add(
                    line,
                    "This path goes to one server without a balancer, and is not carried over. "
                    "Make it a BalancerMember and run this again, or add it by hand.",
                )

    def _members(self, lines: t.Iterable[Line]) -> t.Iterator[HandMadeMember]:
        for line in lines:
            if line["name"] != "balancermember":
                continue
            words = list(line["words"])
            balancer = words.pop(0) if words and words[0].startswith("balancer://") else _section(line, "proxy")
            found = _BALANCER_URL.match(balancer)
            url = _MEMBER_URL.fullmatch(words[0]) if words else None
            if not found or not url:
                self._add(line, "This member is not understood, and is left out.")
                continue
            if url[1] not in _DEFAULT_PORTS:
                self._add(
                    line, f"A member by {url[1]} is not supported, and is left out. Give it an AJP or HTTP connector."
                )
                continue
            yield HandMadeMember(
                _place(line),
                url[1],
                url[2].strip("[]").lower(),
                int(url[3] or _DEFAULT_PORTS[url[1]]),
                found[1].lower(),
                _options(words[1:]),
            )

    def _scopes(self, to_balancers: t.Sequence[Line]) -> list[int | None]:
        """The virtual hosts of the one site, or the main server: those with the name of the first that has a balancer."""
        wanted = self._name_of(to_balancers[0]["host"])
        scopes = list(dict.fromkeys(line["host"] for line in to_balancers if self._name_of(line["host"]) == wanted))
        for line in to_balancers:
            if line["host"] not in scopes:
                self._add(
                    line,
                    f"The site {self._name_of(line['host']) or 'without a name'} is another one. There is one site for each httpd here, "
                    f"{wanted or 'that without a name'}. Leave it as it is, or name it in apache_balancer_server_aliases.",
                )
        # A virtual host of the same name may only redirect.
        for number, host in enumerate(self.httpd["virtual_hosts"]):
            if wanted and number not in scopes and host["names"][:1] == [wanted]:
                scopes.append(number)
        return scopes

    def _name_of(self, host: int | None) -> str:
        if host is None:
            return ""
        names = self.httpd["virtual_hosts"][host]["names"]
        return str(names[0]) if names else ""

    # -- the site ------------------------------------------------------------

    def _paths(self, passes: t.Iterable[Line], own: t.Sequence[Line], site: Site) -> None:
        aliases = {
            _trimmed(line["words"][0]): line["words"][1]
            for line in own
            if line["name"] == "alias" and len(line["words"]) > 1
        }
        managers = {
            _trimmed(_section(line, "location"))
            for line in self.httpd["lines"]
            if line["name"] == "sethandler" and line["words"][:1] in (["balancer-manager"], ["server-status"])
        }
        for line in passes:
            path, target = _target(line)
            found = _BALANCER_URL.match(target)
            if target == "!" and line["name"] == "proxypass":
                path = _trimmed(path)
                if path in managers:
                    continue
                if URL_PATH.fullmatch(path):
                    site.excluded[path] = aliases.get(path, "").rstrip("/")
                else:
                    self._add(
                        line, "Not carried over. Add it to excluded_paths of the application, if it can be said there."
                    )
            elif found is None:
                continue
            elif line["name"] == "proxypassmatch" or _trimmed(path) != _trimmed(found[2] or "/"):
                self._add(
                    line,
                    "Here an application has the same path in httpd as in Tomcat. Add it to tomcat_applications by its path in Tomcat.",
                )
            elif "interpolate" in line["words"]:
                self._add(line, "A path that is interpolated is not understood. Add it to tomcat_applications.")
            else:
                site.paths.setdefault(_trimmed(path) or "/", found[1].lower())

    def _names(self, scopes: t.Sequence[int | None], site: Site) -> None:
        hosts = [self.httpd["virtual_hosts"][number] for number in scopes if number is not None]
        names = list(dict.fromkeys(name for host in hosts for name in host["names"]))
        if not hosts and self.httpd["server_name"]:
            names = [self.httpd["server_name"]]
        if names:
            site.variables["apache_balancer_server_name"] = names[0]
        if names[1:]:
            site.variables["apache_balancer_server_aliases"] = names[1:]

    def _tls(self, own: t.Sequence[Line], scopes: t.Sequence[int | None], site: Site) -> None:
        """Ports of the site, and its certificate where it is served by TLS."""
        by_tls = {line["host"] for line in own if line["name"] == "sslengine" and line["words"][0].lower() == "on"}
        for secure, variable, default in (
            (False, "apache_balancer_listen_port", LISTEN_PORT),
            (True, "apache_balancer_tls_port", TLS_PORT),
        ):
            ports = [self._port(number) for number in scopes if (number in by_tls) == secure]
            if ports and ports[0] != default:
                site.variables[variable] = ports[0]
        if not by_tls:
            return
        for name, variable in (
            ("sslcertificatefile", "apache_balancer_tls_certificate"),
            ("sslcertificatekeyfile", "apache_balancer_tls_key"),
        ):
            files = [line["words"][0] for line in own if line["name"] == name]
            if files:
                site.variables[variable] = files[0]
        # Browsers keep it: it must not begin because of a move.
        said = " ".join(line["text"] for line in own if "strict-transport-security" in line["text"].lower())
        age = re.search(r"max-age=([0-9]+)", said)
        site.variables["apache_balancer_tls_hsts_max_age"] = int(age[1]) if age else 0

    def _port(self, number: int | None) -> int:
        listens = [listen["port"] for listen in self.httpd["listens"] if listen["port"]] or [LISTEN_PORT]
        places = self.httpd["virtual_hosts"][number]["addresses"] if number is not None else []
        return int(next((place["port"] for place in places if place["port"]), listens[0]))

    # -- balancers and members ------------------------------------------------

    def _settings(self, lines: t.Sequence[Line], passes: t.Sequence[Line], site: Site) -> None:
        balancers = set(site.paths.values())
        for line in lines:
            if line["name"] == "proxyset":
                named = bool(line["words"]) and line["words"][0].startswith("balancer://")
                balancer = line["words"][0] if named else _section(line, "proxy")
                found = _BALANCER_URL.match(balancer)
                words = line["words"][named:]
            elif line in passes:
                found = _BALANCER_URL.match(_target(line)[1])
                words = line["words"]
            else:
                continue
            if found and found[1].lower() in balancers:
                for name, value in _options(words).items():
                    self._of_balancer(line, name, value, site)
        self._of_members(site)

    def _of_balancer(self, line: Line, name: str, value: str, site: Site) -> None:
        lower = value.lower()
        if name == "stickysession":
            cookie, _bar, parameter = value.partition("|")
            site.sticky_cookie = cookie
            if cookie != STICKY_COOKIE:
                site.variables["apache_balancer_sticky_cookie"] = cookie
            # httpd takes one name for both.
            parameter = parameter or cookie
            if parameter not in (STICKY_PATH_PARAMETER, STICKY_COOKIE):
                site.variables["apache_balancer_sticky_path_parameter"] = parameter
        elif name == "lbmethod" and lower in LB_METHODS:
            if lower != LB_METHODS[0]:
                site.variables["apache_balancer_lbmethod"] = lower
        elif name == "failontimeout" and lower in ("on", "off"):
            if lower == "on":
                site.variables["apache_balancer_failontimeout"] = True
        elif name not in _QUIET_OPTIONS and not (name == "nofailover" and lower == "off"):
            self.notes.add(
                self.machine,
                _place(line),
                f"{name}={value}",
                _ON_PURPOSE.get(name, "This setting is not carried over."),
            )

    def _of_members(self, site: Site) -> None:
        values: dict[str, set[str]] = {}
        for member in site.members:
            if member.options.get("upgrade", "").lower() == "websocket":
                site.websockets.add(member.balancer)
            for name, value in member.options.items():
                if name in _OF_ALL_MEMBERS and value.isdigit():
                    values.setdefault(name, set()).add(value)
                elif name == "hcmethod" and value.upper() in _HCHECK_METHODS:
                    site.variables["apache_balancer_hcheck_method"] = value.upper()
                elif name == "hcuri":
                    site.variables["apache_balancer_hcheck_uri"] = value
                elif name not in _QUIET_OPTIONS:
                    then = _ON_PURPOSE.get(name, "This setting is not carried over.")
                    self.notes.add(self.machine, member.place, f"{member.url} {name}={value}", then)
        for name, found in values.items():
            everywhere = all(name in member.options for member in site.members)
            if len(found) == 1 and everywhere:
                site.variables[_OF_ALL_MEMBERS[name]] = int(next(iter(found)))
            else:
                self.notes.add(
                    self.machine,
                    site.members[0].place,
                    f"{name} is not the same for all members",
                    f"Here it is one value for all. Set {_OF_ALL_MEMBERS[name]}.",
                )

    # -- what is left ----------------------------------------------------------

    def _rest(self, own: t.Iterable[Line], site: Site) -> None:
        tls = "apache_balancer_tls_certificate" in site.variables
        preserves = False
        for line in own:
            name, text = line["name"], line["text"].lower()
            preserves = preserves or (name == "proxypreservehost" and line["words"][:1] in (["On"], ["on"]))
            in_proxy = bool(_section(line, "proxy"))
            managed = any(other["sections"] == line["sections"] and other["name"] == "sethandler" for other in own)
            if line["host"] is None and not _section(line, "location"):
                # What stands for all of httpd goes on to hold.
                continue
            if (
                name in _QUIET
                or "strict-transport-security" in text
                or (name in _ACCESS and (in_proxy or managed))
                or (tls and name in ("rewritecond", "rewriterule", "redirect") and "https" in text)
                or (name == "alias" and _trimmed(line["words"][0]) in site.excluded)
            ):
                continue
            if name == "sethandler" and line["words"][:1] == ["balancer-manager"]:
                self._add(
                    line,
                    "Here balancer-manager is on a port of its own, for the machine itself (apache_balancer_manager_port).",
                )
            else:
                self._add(line, _TO_SITE)
        if not preserves and any(member.scheme == "http" for member in site.members):
            self.notes.add(
                self.machine,
                (self.httpd["config"], 0),
                "ProxyPreserveHost is off",
                "Here the applications see the Host that the user asked for.",
            )


def _place(line: Line) -> Place:
    return str(line["file"]), int(line["line"])


def _section(line: Line, name: str) -> str:
    """The argument of the innermost section of this name, or nothing."""
    return next((str(what) for section, what in reversed(line["sections"]) if section == name), "")


def _target(line: Line) -> tuple[str, str]:
    """The path and the URL of a ProxyPass, which has no path of its own in a Location."""
    words = [word for word in line["words"] if word not in ("nocanon", "noquery")]
    location = _section(line, "location")
    if location and (not words or not words[0].startswith("/")):
        return location, words[0] if words else ""
    return (words[0], words[1]) if len(words) > 1 else (words[0] if words else "", "")


def _options(words: t.Iterable[str]) -> dict[str, str]:
    pairs = (word.partition("=") for word in words if "=" in word and "://" not in word.partition("=")[0])
    return {name.lower(): value for name, _equals, value in pairs}


def _trimmed(path: str) -> str:
    return path.rstrip("/")
