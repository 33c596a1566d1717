# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The edits, as each tool is told them, and the files that they are tried on."""

from __future__ import annotations

import typing as t

OURS = "tomcat_server_xml"
OTHER = "community.general.xml"
OTHER_FEWEST = "community.general.xml, fewest tasks"

Tasks = list[dict[str, t.Any]]

AJP = {"port": "8109", "address": "127.0.0.1", "secret": "not-a-secret-in-a-bench"}
AJP_REST = {name: value for name, value in AJP.items() if name != "port"}
VALVE = "org.apache.catalina.valves.RemoteIpValve"
PROXIES = {"internalProxies": r"192\.0\.2\.\d{1,3}"}

# Shutdown port, jvmRoute, AJP connector in, HTTP connector out, a valve, an attribute of the Host.
SIX_OPTIONS: dict[str, t.Any] = {
    "shutdown_port": "8105",
    "jvm_route": "jvm1",
    "connectors": [
        {"protocol": "AJP/1.3", "match": "protocol", "port": "8109", "state": "present", "attributes": AJP_REST},
        {"protocol": "HTTP/1.1", "match": "protocol_and_port", "port": "8080", "state": "disabled"},
    ],
    "valves": [{"class_name": VALVE, "attributes": PROXIES}],
    "hosts": [{"attributes": {"autoDeploy": False}}],
}

SERVICE = "/Server/Service"
ENGINE = f"{SERVICE}/Engine"
HOST = f"{ENGINE}/Host"


def ours(options: dict[str, t.Any]) -> Tasks:
    return [{"roundrobin.tomcat.tomcat_server_xml": {"path": "{{ file }}", **options}}]


def other(*tasks: dict[str, t.Any]) -> Tasks:
    return [{"community.general.xml": {"path": "{{ file }}", **task}} for task in tasks]


def attributes(xpath: str, values: t.Mapping[str, str]) -> list[dict[str, t.Any]]:
    """One task each; an element that the last step names by an attribute is made where it is missing."""
    return [{"xpath": xpath, "attribute": name, "value": value} for name, value in values.items()]


def child(xpath: str, tag: str, values: t.Mapping[str, str]) -> dict[str, t.Any]:
    return {"xpath": xpath, "add_children": [{tag: dict(values)}]}


# It cannot put an element into a comment, so the connector is deleted.
DELETE_HTTP = {"xpath": f"{SERVICE}/Connector[@port='8080']", "state": "absent"}
SIX = {
    OURS: ours(SIX_OPTIONS),
    OTHER: other(
        *attributes("/Server", {"port": "8105"}),
        *attributes(ENGINE, {"jvmRoute": "jvm1"}),
        *attributes(f"{SERVICE}/Connector[@protocol='AJP/1.3']", AJP),
        DELETE_HTTP,
        *attributes(f"{HOST}/Valve[@className='{VALVE}']", PROXIES),
        *attributes(HOST, {"autoDeploy": "false"}),
    ),
    OTHER_FEWEST: other(
        *attributes("/Server", {"port": "8105"}),
        *attributes(ENGINE, {"jvmRoute": "jvm1"}),
        child(SERVICE, "Connector", {"protocol": "AJP/1.3", **AJP}),
        DELETE_HTTP,
        child(HOST, "Valve", {"className": VALVE, **PROXIES}),
        *attributes(HOST, {"autoDeploy": "false"}),
    ),
}

# Not the one of Tomcat's own example in a comment.
ROUTE = ' jvmRoute="bench1"'
ONE = {
    OURS: ours({"jvm_route": "bench1"}),
    OTHER: other(*attributes(ENGINE, {"jvmRoute": "bench1"})),
}


def variants(stock: bytes) -> dict[str, tuple[bytes, str]]:
    """The stock file, and as it looks elsewhere; each with its encoding."""
    text = stock.decode()
    declaration, rest = text.split("\n", 1)
    doctype = '<!DOCTYPE Server [\n  <!ENTITY alias "<Alias>www.example.com</Alias>">\n]>\n'
    with_entity = f"{declaration}\n{doctype}{rest.replace('</Host>', '  &alias;</Host>')}"
    latin = text.replace('encoding="UTF-8"', 'encoding="ISO-8859-1"').replace(
        "<Server", "<!-- für Köln -->\n<Server", 1
    )
    wide = text.replace('encoding="UTF-8"', 'encoding="UTF-16"')
    return {
        "as Tomcat ships it": (stock, "utf-8"),
        "CRLF": (text.replace("\n", "\r\n").encode(), "utf-8"),
        "no final newline": (text.rstrip("\n").encode(), "utf-8"),
        "an entity declared and used": (with_entity.encode(), "utf-8"),
        "ISO-8859-1, an umlaut": (latin.encode("latin-1"), "latin-1"),
        "UTF-16 with BOM": (wide.encode("utf-16"), "utf-16"),
    }


def large(stock: bytes, size: int) -> bytes:
    """A file of about this size: the stock one with many more virtual hosts."""
    host = """
      <Host name="www%d.example.com" appBase="webapps%d" autoDeploy="false">
        <!-- one of many -->
        <Alias>www%d.example.net</Alias>
        <Context path="/shop" docBase="shop" reloadable="false" />
        <Valve className="org.apache.catalina.valves.AccessLogValve" directory="logs"
               prefix="www" suffix=".txt" pattern="%%h %%l %%u %%t &quot;%%r&quot; %%s %%b" />
      </Host>
"""
    count = max(0, size - len(stock)) // len(host % (1000, 1000, 1000))
    hosts = "".join(host % (number, number, number) for number in range(count))
    return stock.replace(b"    </Engine>", hosts.encode() + b"    </Engine>")
